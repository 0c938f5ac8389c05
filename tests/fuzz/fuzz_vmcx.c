/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* A container, by each of its readers; every key is walked through. */
#include "base/cleanup.h"
#include "vm/vm.h"
#include "vm/vmcx.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int visit(void *user, const char *path, const char *value, const struct tree_node *node)
{
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(io_unref) io_source *source = io_memory_new(data, size);
    struct notes notes = {0};
    struct vm_config config;
    struct vm_registry registry;
    struct vmcx vmcx;
    bool saved;

    vm_config_read(&config, source, &notes);
    vm_config_free(&config);
    vm_registry_read(&registry, source, &notes);
    vm_registry_free(&registry);
    vm_runtime_read(&saved, source, &notes);
    if (vmcx_read(&vmcx, source, VMCX_ALL_VALUES, &notes) == 0)
        tree_walk(vmcx.root, visit, NULL);
    vmcx_free(&vmcx);
    notes_free(&notes);
    return 0;
}

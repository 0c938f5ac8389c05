/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* An XML configuration. */
#include "base/cleanup.h"
#include "vm/vm.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(io_unref) io_source *source = io_memory_new(data, size);
    struct notes notes = {0};
    struct vm_config config;

    vm_probe(source);
    vm_config_read(&config, source, &notes);
    vm_config_free(&config);
    notes_free(&notes);
    return 0;
}

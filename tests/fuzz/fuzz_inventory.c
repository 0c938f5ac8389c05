/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* An inventory of drives. */
#include "base/cleanup.h"
#include "vm/vm.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(io_unref) io_source *source = io_memory_new(data, size);
    struct notes notes = {0};
    struct vm_inventory inventory;

    vm_inventory_read(&inventory, source, &notes);
    vm_inventory_free(&inventory);
    notes_free(&notes);
    return 0;
}

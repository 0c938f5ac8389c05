/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* A disk with or without a partition table. */
#include "base/cleanup.h"
#include "volume/partition.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(io_unref) io_source *source = io_memory_new(data, size);
    struct partition_list list;
    struct notes notes = {0};

    partitions_read(&list, source, &notes);
    partitions_free(&list);
    notes_free(&notes);
    return 0;
}

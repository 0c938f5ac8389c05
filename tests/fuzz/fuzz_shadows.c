/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* The catalog of a volume's shadow copies. */
#include "base/cleanup.h"
#include "volume/image_shadows.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(io_unref) io_source *source = io_memory_new(data, size);
    struct notes notes = {0};
    size_t count;

    image_shadows_count(source, &count, &notes);
    notes_free(&notes);
    return 0;
}

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* What stands in the clear on a BitLocker volume; and a text with recovery keys. */
#include "base/cleanup.h"
#include "volume/bitlocker.h"
#include "volume/bitlocker_keys.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_volume(io_source *source)
{
    CLEANUP(bitlocker) struct bitlocker volume = {0};
    CLEANUP(notes) struct notes notes = {0};
    CLEANUP(io_unref) io_source *view = NULL;
    uint8_t start[512];

    if (bitlocker_read(&volume, source, &notes) < 0)
        return;
    for (size_t i = 0; i < volume.protectors.count; i++)
        if (volume.protectors.items[i].master_key.size > BITLOCKER_SEALED_MAX)
            abort();
    if (bitlocker_view(&volume, source, &view) == 0)
        io_read_some(view, volume.copies[0], start, sizeof(start));
}

static void read_keys(const void *text, size_t size)
{
    CLEANUP(bitlocker_keys) struct bitlocker_keys keys = {0};
    size_t line;

    bitlocker_keys_add_recovery(&keys, text, size, &line);
    bitlocker_keys_add_passwords(&keys, text, size, &line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(io_unref) io_source *source = io_memory_new(data, size);

    read_volume(source);
    read_keys(data, size);
    return 0;
}

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Writes the seeds of fuzz_vhdx into the folder named: made files, cut down to their slots. */
#include "vhdx_slots.h"
#include "vhdx_writer.h"

#include "base/checked.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const struct vhdx_blocks full[] = {{.first = 0, .count = 2, .state = BLOCK_FULLY_PRESENT}};
static const struct vhdx_blocks partial[] = {
    {.first = 0, .count = 1, .state = BLOCK_PARTIALLY_PRESENT},
    {.first = 1, .count = 1, .state = BLOCK_ZERO},
    {.first = 3, .count = 1, .state = BLOCK_UNMAPPED},
};

#define CHILD                                                                                      \
    .kind = DISK_DIFFERENCING, .virtual_size = 4 * MIB, .blocks = partial, .blocks_count = 3,      \
    .parent_linkage = {{1, 2, 3}}, .relative_path = ".\\b.vhdx", .absolute_path = "C:\\b.vhdx",    \
    .volume_path = "\\\\?\\Volume{9cdf8dfa-0000-0000-0000-501f00000000}\\b.vhdx"

static const struct seed {
    const char *name;
    struct vhdx_recipe recipe;
} seeds[] = {
    {"dynamic", {.kind = DISK_DYNAMIC, .virtual_size = 4 * MIB, .blocks = full, .blocks_count = 1}},
    {"fixed", {.kind = DISK_FIXED, .virtual_size = 3 * MIB}},
    {"child", {CHILD}},
    {"child-4096", {CHILD, .logical_sector_size = 4096, .damage = VHDX_OPTIONAL_ITEM}},
    {"regions", {.kind = DISK_DYNAMIC, .damage = VHDX_OPTIONAL_REGION | VHDX_DAMAGE_INCOMPLETE}},
    {"large-blocks",
     {.kind = DISK_DYNAMIC, .virtual_size = 5 * GIB, .block_size = 256 * MIB}},
    {"dirty", {CHILD, .dirty = VHDX_DIRTY_BAT}},
    {"dirty-wrapped", {CHILD, .dirty = VHDX_DIRTY_BAT, .log_start = 253 * 4096}},
    {"dirty-empty", {.kind = DISK_DYNAMIC, .dirty = VHDX_DIRTY_EMPTY}},
};

static size_t cut_down(int fd, uint8_t *out)
{
    size_t length = SLOTS_PREFIX;

    memset(out, 0, SLOTS_PREFIX);
    for (size_t i = 0; i < SLOTS; i++) {
        memset(out + length, 0, slots[i].length);
        if (pread(fd, out + length, slots[i].length, (off_t)slots[i].offset) < 0)
            return 0;
        length += slots[i].length;
    }
    while (length > SLOTS_PREFIX && out[length - 1] == 0)
        length--;
    return length;
}

static int write_seed(const char *folder, const struct seed *seed)
{
    static uint8_t bytes[0x10000];
    char path[4096];
    int fd = memfd_create("seed", 0);

    if (fd < 0 || vhdx_writer_write_fd(fd, &seed->recipe) < 0)
        return -1;
    size_t length = cut_down(fd, bytes);
    close(fd);
    snprintf(path, sizeof(path), "%s/%s", folder, seed->name);
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(bytes, 1, length, file) != length)
        return -1;
    return fclose(file);
}

int main(int argc, char **argv)
{
    for (size_t i = 0; i < ARRAY_SIZE(seeds); i++)
        if (argc != 2 || write_seed(argv[1], &seeds[i]) < 0) {
            fprintf(stderr, "usage: vhdx-seeds FOLDER\n");
            return 1;
        }
    return 0;
}

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * mkshadow IMAGE OFFSET SECONDS=THEN...: puts shadow copies onto the NTFS volume at OFFSET of a
 * disk image. Each shows what the image THEN, of the same size, has at the same place; the oldest
 * comes first, SECONDS since 1970. They go behind the last byte that any of these volumes uses.
 */
#include "shadow_writer.h"

#include "base/checked.h"
#include "base/when.h"
#include "volume/ntfs_format.h"
#include "volume/shadow_format.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COPIES_MAX 8
#define SECTOR     512

_Noreturn static void give_up(const char *what)
{
    fprintf(stderr, "mkshadow: %s: %s\n", what, errno ? strerror(errno) : "it does not fit");
    exit(1);
}

static FILE *open_image(const char *path, const char *mode, long offset)
{
    FILE *file = fopen(path, mode);

    if (!file || fseek(file, offset, SEEK_SET) < 0)
        give_up(path);
    return file;
}

static uint8_t *read_image(const char *path, long offset, size_t size)
{
    FILE *file = open_image(path, "rb", offset);
    uint8_t *bytes = malloc(size);

    if (!bytes || fread(bytes, 1, size, file) != size)
        give_up(path);
    fclose(file);
    return bytes;
}

/* With the copy of the boot sector behind it. */
static size_t volume_size(const char *path, long offset)
{
    uint8_t *sector = read_image(path, offset, SECTOR);
    size_t size =
        ((size_t)get_le64(((struct ntfs_boot_sector *)sector)->sector_count) + 1) * SECTOR;

    free(sector);
    return size;
}

/* Where nothing follows any more but the copy of the boot sector. */
static uint64_t end_of_use(const uint8_t *bytes, size_t size)
{
    size -= SECTOR;
    while (size > 0 && bytes[size - 1] == 0)
        size--;
    return div_round_up(size, SHADOW_BLOCK) * SHADOW_BLOCK;
}

int main(int argc, char **argv)
{
    struct shadow_writer_copy copies[COPIES_MAX] = {0};
    uint8_t *then[COPIES_MAX];
    size_t count = argc < 4 ? 0 : (size_t)argc - 3;

    if (count == 0 || count > COPIES_MAX) {
        fprintf(stderr, "usage: mkshadow IMAGE OFFSET SECONDS=THEN...\n");
        return 2;
    }
    long offset = strtol(argv[2], NULL, 10);
    struct shadow_writer vss = {.size = volume_size(argv[1], offset)};
    vss.bytes = read_image(argv[1], offset, vss.size);
    vss.area = end_of_use(vss.bytes, vss.size);
    for (size_t i = 0; i < count; i++) {
        char *path;
        struct timespec created = {.tv_sec = strtol(argv[3 + i], &path, 10)};
        then[i] = read_image(path + 1, offset, vss.size);
        copies[i].bytes = then[i];
        copies[i].created = when_from_timespec(created);
        vss.area = max_u64(vss.area, end_of_use(then[i], vss.size));
    }
    errno = 0;
    if (!shadow_writer_put(&vss, copies, count))
        give_up("the shadow copies");
    FILE *image = open_image(argv[1], "r+b", offset);
    if (fwrite(vss.bytes, 1, vss.size, image) != vss.size || fclose(image) != 0)
        give_up(argv[1]);
    for (size_t i = 0; i < count; i++)
        free(then[i]);
    free(vss.bytes);
    return 0;
}

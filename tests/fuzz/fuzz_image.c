/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * A disk image from the outside in: container, partition table, volumes, files. There are no
 * workers: what they unpack is refused.
 */
#include "base/cleanup.h"
#include "volume/image.h"
#include "volume/volume.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define FILES_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct files {
    struct volume *volume;
    unsigned count;
};

static int visit(void *user, const struct volume_entry *entry)
{
    CLEANUP(io_unref) io_source *source = NULL;
    struct files *files = user;
    char bytes[4096];

    if (files->count++ < FILES_MAX && entry->type == VOLUME_FILE &&
        volume_open(files->volume, entry->path, entry->id, &source) == 0)
        io_read_some(source, 0, bytes, sizeof(bytes));
    return 0;
}

static void complain(void *user, const char *path, const char *reason)
{
}

static void open_image(const char *path)
{
    struct notes notes = {0};
    struct image image;

    if (image_open(&image, path, NULL, &notes) == 0) {
        for (size_t i = 0; i < image.volumes.count; i++) {
            struct files files = {image.volumes.items[i].volume, 0};
            if (files.volume)
                volume_walk(files.volume, visit, complain, &files);
        }
        image_close(&image);
    }
    notes_free(&notes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int fd = memfd_create("image", MFD_CLOEXEC);
    char path[64];

    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    open_image(path);
    close(fd);
    return 0;
}

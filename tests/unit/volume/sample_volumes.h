/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* The NTFS volumes inside samples and other images, one after the other. */
#ifndef TESTS_SAMPLE_VOLUMES_H
#define TESTS_SAMPLE_VOLUMES_H

#include "io/source.h"

#include <stdbool.h>

struct sample_volume {
    const char *name;  /* of the image */
    io_source *source; /* the volume's bytes, borrowed */
    const char *raw;   /* a file that holds the whole disk as it is, for other programs */
    uint64_t sector;   /* of 512 bytes: where the volume starts in it */
};

typedef void sample_volume_check(void *user, const struct sample_volume *);

/* Calls `check` for each NTFS volume of an image, of which a raw copy is made in the present folder
 * unless it is raw itself. The number of volumes; fails the test where the image cannot be read. */
size_t each_volume_of(const char *path, const char *name, sample_volume_check *, void *user);
/* … of every sample that is there. Skips the test when there is none. */
void each_sample_volume(sample_volume_check *, void *user);
/* Makes an image in the present folder and has fill_ntfs fill it; `options` are those of mkntfs.
 * False where that is not possible. */
bool make_ntfs(const char *path, const char *options);

#endif

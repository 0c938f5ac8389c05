/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Paths that lead into an image, as reports print them: "host.E01!p2!/VMs/web/a.avhdx". */
#ifndef VOLUME_IMAGE_PATH_H
#define VOLUME_IMAGE_PATH_H

#include <stdbool.h>
#include <stddef.h>

struct image_path {
    char *image;  /* a file or device that is there; NULL: the path leads into none */
    char *volume; /* what follows in the names of the volume's files: "!", "!p2!", "!p2!vss3!" */
    char *inner;  /* below the volume's root, '/' between; "" the root itself */
};

/* Takes the path apart at the first of its beginnings that is no folder. 0; -ENOENT: there is none,
 * or what follows names no volume; -ENOMEM. Nothing to free unless it is 0. */
int image_path_parse(struct image_path *, const char *path);
/* 0 or -ENOMEM. */
int image_path_copy(struct image_path *, const struct image_path *from);
void image_path_free(struct image_path *);

/* The number of the shadow copy at the end of `volume`, 0 for none. *length is that of the name of
 * the volume itself. */
unsigned image_path_shadow(const struct image_path *, size_t *length);

/* How many elements `inner` has, and how many of them, from the first on, are those of a path of the
 * volume; NTFS compares without case. */
size_t image_path_depth(const struct image_path *);
size_t image_path_common(const struct image_path *, const char *path);
/* Whether a path of the volume is the one meant, or lies below it. */
bool image_path_holds(const struct image_path *, const char *path);

#endif

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * Shadow copies on an NTFS volume. How many there are is read from the volume itself with a few
 * reads; what was in them is libvshadow's matter, in a worker.
 */
#ifndef VOLUME_IMAGE_SHADOWS_H
#define VOLUME_IMAGE_SHADOWS_H

#include "base/guid.h"
#include "base/notes.h"
#include "base/vector.h"
#include "base/when.h"
#include "io/source.h"

#include <stddef.h>
#include <stdint.h>

struct workers; /* os/worker.h */

struct image_shadow {
    unsigned number;    /* K of IMAGE!vssK!, from 1 on */
    struct guid id;     /* of the copy; zero: not known, as below */
    struct guid set_id; /* shared by the copies of several volumes that were made at once */
    filetime created;
    uint64_t size; /* of the volume then, bytes */
};
typedef VECTOR(struct image_shadow) image_shadows;

/*
 * How many copies the catalog names; 0 on a volume without one. `volume` begins with the boot
 * sector. 0; -EBADMSG and a note when the catalog is damaged: then *count is what could be read.
 */
int image_shadows_count(io_source *volume, size_t *count, struct notes *);
/*
 * All copies, as libvshadow numbers them. Free with vector_free(). 0; -ENOTSUP without the
 * worker program; -EBADMSG, -EPIPE, -ETIMEDOUT …, and a note that says why.
 */
int image_shadows_list(io_source *volume, struct workers *, image_shadows *, struct notes *);
/* The volume as it was in that copy. To be closed before the workers are stopped. As above;
 * -EXDEV when its data lie on another volume. */
int image_shadow_open(io_source *volume, struct workers *, unsigned number, io_source **,
                      struct notes *);

#endif

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Images that lie in several files. */
#ifndef VOLUME_IMAGE_PARTS_H
#define VOLUME_IMAGE_PARTS_H

#include "base/vector.h"
#include "io/source.h"

#include <stdbool.h>

#define IMAGE_PARTS_MAX 1024

typedef VECTOR(io_source *) image_parts;

/* The name of part `number` (from 0 on) of the image whose first part is `path`; the caller frees.
 * NULL when the name does not count parts, all are counted, or memory is short. */
typedef char *image_part_name(const char *path, unsigned number);
image_part_name image_split_name; /* x.001, x.002 … or x.000, x.001 … */
image_part_name image_ewf_name;   /* x.E01 … x.E99, x.EAA … x.EZZ, x.FAA … */

/* Adds the parts behind the first one as long as they are there. 0 or negative errno. */
int image_parts_open(image_parts *, const char *path, image_part_name *);
void image_parts_free(image_parts *);
#define image_parts_cleanup image_parts_free

/* The parts one behind the other; takes references. NULL when memory is short. */
io_source *image_parts_join(const image_parts *);

#endif

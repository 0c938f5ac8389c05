/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * The names of a folder in the order of the walk. The walk goes by byte order of whole paths, and
 * '/' sorts behind blank, '-' and '.': after the folder "a" come "a-b" and "a.vhdx", and only then
 * "a/x". So a folder stands in the list twice, as the step "a" (it is there) and as the step "a/"
 * (go in), and plain sorting of the steps gives the order.
 */
#ifndef VOLUME_LISTING_H
#define VOLUME_LISTING_H

#include "base/vector.h"
#include "os/os_file.h"

/* A folder with more names is read again for each further batch of so many steps, so that no
 * folder, however large, takes more memory than two batches. */
#define LISTING_BATCH 32768

struct listing {
    VECTOR(char *) steps;
    size_t next;
    char *last; /* the last step given out before this batch, or NULL */
    bool more;  /* the folder had further steps behind this batch */
};

/* Reads the (next) batch. 0; -ENOMEM; another errno of the listing, with the names that could be
 * read. */
int listing_read(struct listing *, const struct os_folder *);
/* The next step or NULL at the end of the batch; valid until the next call of listing_read(). */
const char *listing_next(struct listing *);
void listing_free(struct listing *);

#endif

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * libvhdi as second reader of content. It is wrong in known places (the head of the .c file): a
 * difference there says nothing, any other one is a contradiction.
 */
#ifndef DISK_WITNESS_CONTENT_H
#define DISK_WITNESS_CONTENT_H

#include "disk/disk.h"

struct workers; /* os/worker.h */

/* What the comparison of content came to, in bytes (whole sectors). */
struct witness_tally {
    uint64_t read;         /* compared at all */
    uint64_t known;        /* differs where libvhdi is known to be wrong */
    uint64_t contradicted; /* differs elsewhere */
    uint64_t first;        /* offset of the first of these; valid when there are any */
};

/* The content of a chain, leaf first, by libvhdi in a worker process. The disks must outlive the
 * source. 0 or as workers_open_source(). */
int witness_content_open(struct workers *, struct disk *const *layers, size_t count, io_source **);

/* Adds to the tally what two readings of [offset, offset + length), both multiples of the sector
 * size, differ in. 0, or what reading the layers' tables gave. */
int witness_content_tally(struct disk *const *layers, size_t count, uint64_t offset,
                          const uint8_t *ours, const uint8_t *theirs, size_t length,
                          struct witness_tally *);

#endif

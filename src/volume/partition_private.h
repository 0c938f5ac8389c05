/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Between the files that read partition tables. */
#ifndef VOLUME_PARTITION_PRIVATE_H
#define VOLUME_PARTITION_PRIVATE_H

#include "volume/partition.h"
#include "volume/partition_format.h"

/* Where the table is read from and what is said about it. */
struct partition_reader {
    struct partition_list *list;
    io_source *disk;
    struct notes *notes;
};

/* Adds `count` sectors from `start` on. NULL with *r = 0 when it was refused with a note, with
 * -ENOMEM when memory is short. */
struct partition *partition_add(struct partition_reader *, unsigned index, uint64_t start,
                                uint64_t count, int *r);

bool mbr_is_table(const struct mbr *);
bool mbr_is_protective(const struct mbr *);
int mbr_read(struct partition_reader *, const struct mbr *);

/* 0, -ENOENT when no copy of a GPT is whole, -ENOMEM. */
int gpt_read(struct partition_reader *);

#endif

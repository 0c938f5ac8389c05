/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Between the files that make up an NTFS volume. */
#ifndef VOLUME_NTFS_VOLUME_PRIVATE_H
#define VOLUME_NTFS_VOLUME_PRIVATE_H

#include "volume/ntfs_mft.h"
#include "volume/ntfs_tree.h"
#include "volume/ntfs_volume.h"

/* A descriptor of $Secure that lets a machine in. */
struct ntfs_security {
    uint32_t id;
    struct guid machine;
};

struct ntfs_volume {
    struct volume volume; /* first: the one is cast to the other */
    struct ntfs ntfs;
    struct workers *workers; /* may be NULL */
    struct ntfs_tree tree;
    bool built;
    VECTOR(struct ntfs_security) securities;
    bool securities_read;
    ntfs_volume_wanted *wanted;
    void *wanted_user;
};

/* The pass over $MFT, once. 0 or -ENOMEM. */
int ntfs_volume_build(struct ntfs_volume *);
/* Whether a file of that name is worth knowing of when it is gone. */
bool ntfs_leaves_trace(const char *name);
/* Reads the base record of a file in use; -ESTALE when it is another file's by now. */
int ntfs_volume_record(const struct ntfs_volume *, uint64_t id, void *record);

#endif

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Between the files that make up an NTFS volume. */
#ifndef VOLUME_NTFS_VOLUME_PRIVATE_H
#define VOLUME_NTFS_VOLUME_PRIVATE_H

#include "volume/ntfs_mft.h"
#include "volume/ntfs_tree.h"
#include "volume/ntfs_volume.h"

struct ntfs_volume {
    struct volume volume; /* first: the one is cast to the other */
    struct ntfs ntfs;
    struct ntfs_tree tree;
    bool built;
    ntfs_volume_wanted *wanted;
    void *wanted_user;
};

/* Reads the base record of a file in use; -ESTALE when it is another file's by now. */
int ntfs_volume_record(const struct ntfs_volume *, uint64_t id, void *record);

#endif

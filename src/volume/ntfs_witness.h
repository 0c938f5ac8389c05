/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* libfsntfs as second witness of what we read of an NTFS volume. */
#ifndef VOLUME_NTFS_WITNESS_H
#define VOLUME_NTFS_WITNESS_H

#include "volume/ntfs_volume.h"

/*
 * Compares the list of the files that were kept, deleted ones too, with that of libfsntfs: names
 * with their folders, sizes, times. Each difference is a complaint with the path as far as known.
 * Call after the walk.
 * 0, also where they differ; -ENOTSUP no worker program; -EBADMSG libfsntfs refuses the volume, its
 * reason in `error`; else as workers_run().
 */
int ntfs_witness_list(struct volume *, struct workers *, volume_complaint *, void *user,
                      char error[256]);

/*
 * A source that reads `ours` and compares what it gives with libfsntfs' reading of the same file.
 * The offset of a piece that differs goes into *differs_at, which the caller sets to UINT64_MAX
 * before and which must live longer. 0; -ENOTSUP …, as above.
 */
int ntfs_witness_content(struct volume *, struct workers *, uint64_t id, io_source *ours,
                         _Atomic uint64_t *differs_at, io_source **);

#endif

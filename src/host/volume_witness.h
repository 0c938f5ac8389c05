/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* With --witness=always libfsntfs is asked what it reads of the NTFS volumes among the evidence. */
#ifndef HOST_VOLUME_WITNESS_H
#define HOST_VOLUME_WITNESS_H

#include "host/gather.h"

/* Compares the lists; what differs is in the evidence's errors. After the walk. 0 or -ENOMEM. */
int volume_witness_lists(struct host *, const struct host_options *);

/*
 * While one file is read: volume_witness_start() puts a comparing source on top of *source where
 * the witness is wanted and can be asked; volume_witness_end() says what differed, of a disk as a
 * note, of another file as its error.
 */
struct volume_witness {
    _Atomic uint64_t differs_at; /* UINT64_MAX: nothing did */
};
void volume_witness_start(struct volume_witness *, const struct host_evidence *,
                          const struct host_options *, uint64_t id, io_source **source);
void volume_witness_end(struct volume_witness *, struct found_file *);

#endif

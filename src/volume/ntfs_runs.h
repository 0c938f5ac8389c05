/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Runs: where the clusters of a stream lie on the volume. */
#ifndef VOLUME_NTFS_RUNS_H
#define VOLUME_NTFS_RUNS_H

#include "base/vector.h"
#include "io/source.h"

#include <stdbool.h>
#include <stdint.h>

#define NTFS_SPARSE_RUN UINT64_MAX

struct ntfs_run {
    uint64_t vcn, count; /* clusters of the stream */
    uint64_t lcn;        /* cluster of the volume, or NTFS_SPARSE_RUN */
};

typedef VECTOR(struct ntfs_run) ntfs_runs;

/*
 * Adds the runs that mapping pairs describe, from first_vcn on. Runs that do not follow one
 * another, or lie outside a volume of cluster_count clusters, are refused: -EBADMSG, with the runs
 * before them added. -ENOMEM.
 */
int ntfs_runs_add(ntfs_runs *, const uint8_t *pairs, size_t length, uint64_t first_vcn,
                  uint64_t cluster_count);
/* The clusters that the runs describe without a gap, from 0 on. */
uint64_t ntfs_runs_clusters(const ntfs_runs *);
/* Runs with clusters of their own, neighbours counted as one. */
uint64_t ntfs_runs_extents(const ntfs_runs *);
/* The number of extents that mapping pairs describe, without keeping them. */
uint64_t ntfs_pairs_extents(const uint8_t *pairs, size_t length);

/* Whether a run, sparse or not, holds this cluster of the stream. */
bool ntfs_runs_known(const ntfs_runs *, uint64_t vcn);

/*
 * Where the run, or the gap between runs, around `offset` ends (bytes of the stream; UINT64_MAX
 * behind all runs). *volume_offset is where offset's byte lies on the volume, UINT64_MAX for a gap
 * or a sparse run.
 */
uint64_t ntfs_runs_span(const ntfs_runs *, uint32_t cluster_size, uint64_t offset,
                        uint64_t *volume_offset);

/*
 * Reads up to `length` bytes at `offset`, from one run only: the number read, or -EBADMSG where no
 * run is known, or what the volume said. Sparse runs read as zeros.
 */
int64_t ntfs_runs_read(const ntfs_runs *, io_source *volume, uint32_t cluster_size,
                       uint64_t offset, void *buffer, size_t length);

#endif

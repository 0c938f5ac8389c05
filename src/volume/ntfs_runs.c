/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * Mapping pairs: a byte whose halves say how many bytes the length (low) and the step from the
 * last run's cluster (high, signed) take; no step = a sparse run; a zero byte ends them.
 */
#include "volume/ntfs_runs.h"

#include "base/checked.h"

#include <errno.h>
#include <string.h>

struct pairs {
    const uint8_t *at, *end;
    uint64_t lcn;
};

static uint64_t load_bytes(const uint8_t *p, unsigned count)
{
    uint64_t v = 0;

    for (unsigned i = count; i > 0; i--)
        v = v << 8 | p[i - 1];
    return v;
}

/* The bytes as a signed number, in two's complement. */
static uint64_t load_step(const uint8_t *p, unsigned count)
{
    uint64_t v = load_bytes(p, count);

    if (count < 8 && p[count - 1] & 0x80)
        v |= UINT64_MAX << (8 * count);
    return v;
}

/* 1 and a run (its vcn is not set), 0 at the end, -EBADMSG. */
static int next_pair(struct pairs *pairs, struct ntfs_run *run)
{
    if (pairs->at == pairs->end || *pairs->at == 0)
        return 0;
    unsigned count_bytes = *pairs->at & 15, step_bytes = *pairs->at >> 4;
    pairs->at++;
    if (count_bytes == 0 || count_bytes > 8 || step_bytes > 8 ||
        (size_t)(pairs->end - pairs->at) < count_bytes + step_bytes)
        return -EBADMSG;
    run->count = load_bytes(pairs->at, count_bytes);
    if (step_bytes > 0)
        pairs->lcn += load_step(pairs->at + count_bytes, step_bytes); /* wraps for steps back */
    run->lcn = step_bytes > 0 ? pairs->lcn : NTFS_SPARSE_RUN;
    pairs->at += count_bytes + step_bytes;
    return run->count == 0 ? -EBADMSG : 1;
}

int ntfs_runs_add(ntfs_runs *runs, const uint8_t *bytes, size_t length, uint64_t first_vcn,
                  uint64_t cluster_count)
{
    struct pairs pairs = {bytes, bytes + length, 0};
    const struct ntfs_run *last = runs->count ? &runs->items[runs->count - 1] : NULL;
    struct ntfs_run run = {0};
    uint64_t vcn = first_vcn, end;
    int r;

    if (last && last->vcn + last->count > first_vcn)
        return -EBADMSG;
    while ((r = next_pair(&pairs, &run)) == 1) {
        if (ADD_OVERFLOW(vcn, run.count, &end) || end > INT64_MAX ||
            (run.lcn != NTFS_SPARSE_RUN && !range_fits(run.lcn, run.count, cluster_count)))
            return -EBADMSG;
        run.vcn = vcn;
        struct ntfs_run *added = vector_push(runs);
        if (!added)
            return -ENOMEM;
        *added = run;
        vcn = end;
    }
    return r;
}

uint64_t ntfs_runs_clusters(const ntfs_runs *runs)
{
    uint64_t vcn = 0;

    for (size_t i = 0; i < runs->count && runs->items[i].vcn == vcn; i++)
        vcn += runs->items[i].count;
    return vcn;
}

static uint64_t count_extent(const struct ntfs_run *run, uint64_t *next_lcn)
{
    if (run->lcn == NTFS_SPARSE_RUN)
        return 0;
    bool follows = run->lcn == *next_lcn;
    *next_lcn = run->lcn + run->count;
    return !follows;
}

uint64_t ntfs_runs_extents(const ntfs_runs *runs)
{
    uint64_t extents = 0, next_lcn = NTFS_SPARSE_RUN;

    for (size_t i = 0; i < runs->count; i++)
        extents += count_extent(&runs->items[i], &next_lcn);
    return extents;
}

uint64_t ntfs_pairs_extents(const uint8_t *bytes, size_t length)
{
    struct pairs pairs = {bytes, bytes + length, 0};
    struct ntfs_run run = {0};
    uint64_t extents = 0, next_lcn = NTFS_SPARSE_RUN;

    while (next_pair(&pairs, &run) == 1)
        extents += count_extent(&run, &next_lcn);
    return extents;
}

/* The first run that ends behind vcn: the one that holds it, or the next one; NULL behind all. */
static const struct ntfs_run *find_run(const ntfs_runs *runs, uint64_t vcn)
{
    size_t low = 0, high = runs->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (runs->items[middle].vcn + runs->items[middle].count > vcn)
            high = middle;
        else
            low = middle + 1;
    }
    return low < runs->count ? &runs->items[low] : NULL;
}

bool ntfs_runs_known(const ntfs_runs *runs, uint64_t vcn)
{
    const struct ntfs_run *run = find_run(runs, vcn);

    return run && run->vcn <= vcn;
}

static uint64_t bytes_or_max(uint64_t clusters, uint32_t cluster_size)
{
    uint64_t bytes;

    return MUL_OVERFLOW(clusters, (uint64_t)cluster_size, &bytes) ? UINT64_MAX : bytes;
}

uint64_t ntfs_runs_span(const ntfs_runs *runs, uint32_t cluster_size, uint64_t offset,
                        uint64_t *volume_offset)
{
    uint64_t vcn = offset / cluster_size;
    const struct ntfs_run *run = find_run(runs, vcn);

    *volume_offset = UINT64_MAX;
    if (!run)
        return UINT64_MAX;
    if (run->vcn > vcn)
        return bytes_or_max(run->vcn, cluster_size);
    if (run->lcn != NTFS_SPARSE_RUN)
        *volume_offset = run->lcn * cluster_size + (offset - run->vcn * cluster_size);
    return bytes_or_max(run->vcn + run->count, cluster_size);
}

int64_t ntfs_runs_read(const ntfs_runs *runs, io_source *volume, uint32_t cluster_size,
                       uint64_t offset, void *buffer, size_t length)
{
    uint64_t volume_offset, end = ntfs_runs_span(runs, cluster_size, offset, &volume_offset);

    if (volume_offset == UINT64_MAX && !ntfs_runs_known(runs, offset / cluster_size))
        return -EBADMSG;
    length = (size_t)min_u64(length, end - offset);
    if (volume_offset != UINT64_MAX)
        return io_read_some(volume, volume_offset, buffer, length);
    memset(buffer, 0, length);
    return (int64_t)length;
}

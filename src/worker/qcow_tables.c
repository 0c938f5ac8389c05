/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "worker/qcow_tables.h"

#include "base/checked.h"
#include "worker/protocol.h"

#include <errno.h>
#include <stdlib.h>

#define OFFSET_MASK   0x00FFFFFFFFFFFE00 /* of an L1 or L2 entry */
#define COMPRESSED    (UINT64_C(1) << 62)
#define READS_AS_ZERO UINT64_C(1)

int qcow_tables_open(struct qcow_tables *t, uint64_t file_size)
{
    const struct qcow_header *h = &t->header;

    *t = (struct qcow_tables){.file_size = file_size};
    if (worker_read(0, 0, &t->header, sizeof(t->header)) != sizeof(t->header))
        return -EBADMSG;
    if (get_be64(h->backing_file_offset) != 0)
        return -EXDEV;
    if (get_be32(h->version) < 2)
        return 0;
    if (get_be32(h->crypt_method) != 0)
        return -ENOKEY;
    t->cluster_bits = get_be32(h->cluster_bits);
    if (t->cluster_bits < 9 || t->cluster_bits > 21)
        return -EBADMSG;
    /* An L1 entry stands for a table of clusters. */
    if (get_be64(h->size) >> (2 * t->cluster_bits - 3) > get_be32(h->l1_size))
        return -EBADMSG;
    t->l2 = malloc((size_t)1 << t->cluster_bits);
    t->l2_index = UINT64_MAX;
    return t->l2 ? 0 : -ENOMEM;
}

void qcow_tables_close(struct qcow_tables *t)
{
    free(t->l2);
    t->l2 = NULL;
}

/* Reads the L2 table of that place in the L1 table, unless it is the last one that was read. */
static int load_l2(struct qcow_tables *t, uint64_t index)
{
    size_t size = (size_t)1 << t->cluster_bits;
    uint64_t at;
    be64 entry;

    if (t->l2_index == index)
        return 0;
    t->l2_index = UINT64_MAX;
    if (index >= get_be32(t->header.l1_size) ||
        ADD_OVERFLOW(get_be64(t->header.l1_table_offset), index * sizeof(entry), &at) ||
        worker_read(0, at, &entry, sizeof(entry)) != sizeof(entry))
        return -EBADMSG;
    at = get_be64(entry) & OFFSET_MASK;
    t->l2_is_there = at != 0;
    if (t->l2_is_there && worker_read(0, at, t->l2, size) != (int64_t)size)
        return -EBADMSG;
    t->l2_index = index;
    return 0;
}

/* The L2 entry of a cluster; 0 where nothing is allocated. */
static int find_entry(struct qcow_tables *t, uint64_t cluster, uint64_t *entry)
{
    unsigned bits = t->cluster_bits - 3;
    int r = load_l2(t, cluster >> bits);

    *entry = 0;
    if (r == 0 && t->l2_is_there)
        *entry = get_be64(t->l2[cluster & ((UINT64_C(1) << bits) - 1)]);
    return r;
}

int qcow_tables_look(struct qcow_tables *t, uint64_t offset, size_t *length, bool *is_zero)
{
    uint64_t cluster_size = UINT64_C(1) << t->cluster_bits, entry;
    uint64_t within = offset & (cluster_size - 1);

    *is_zero = false;
    if (t->cluster_bits == 0)
        return 0;
    *length = (size_t)min_u64(*length, cluster_size - within);
    int r = find_entry(t, offset >> t->cluster_bits, &entry);
    if (r < 0 || entry & COMPRESSED)
        return r;
    *is_zero = get_be32(t->header.version) >= 3 && (entry & READS_AS_ZERO);
    uint64_t host = entry & OFFSET_MASK;
    if (!*is_zero && host != 0 && !range_fits(host + within, *length, t->file_size))
        return -EBADMSG;
    return 0;
}

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * The tables of a qcow2 image as we read them ourselves, where libqcow is wrong
 * (docs/interop/qcow2.txt of QEMU, "L2 table entry"): it gives rubbish for the clusters that
 * version 3 marks as zeros, and zeros for what lies behind the end of a cut file.
 */
#ifndef WORKER_QCOW_TABLES_H
#define WORKER_QCOW_TABLES_H

#include "base/bytes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct qcow_header {
    uint8_t magic[4];         /* +0x00 */
    be32 version;             /* +0x04 */
    be64 backing_file_offset; /* +0x08 */
    be32 backing_file_size;   /* +0x10 */
    be32 cluster_bits;        /* +0x14 */
    be64 size;                /* +0x18 */
    be32 crypt_method;        /* +0x20 */
    be32 l1_size;             /* +0x24 */
    be64 l1_table_offset;     /* +0x28 */
};
_Static_assert(sizeof(struct qcow_header) == 0x30, "qcow2 header");

struct qcow_tables {
    struct qcow_header header;
    unsigned cluster_bits; /* 0: version 1, whose tables are libqcow's matter */
    uint64_t file_size;
    be64 *l2;          /* the table that was asked for last, one cluster */
    uint64_t l2_index; /* in the L1 table; UINT64_MAX: none */
    bool l2_is_there;
};

/* Source 0 of the job, of that many bytes, is the image. 0; -EBADMSG; -EXDEV it builds on another
 * image; -ENOKEY it is encrypted; -ENOMEM. */
int qcow_tables_open(struct qcow_tables *, uint64_t file_size);
void qcow_tables_close(struct qcow_tables *);

/*
 * What lies at `offset` of the disk: *length is cut to the end of the cluster, *is_zero set for one
 * that is marked as zeros. 0; -EBADMSG when the tables are damaged or lead out of the file.
 */
int qcow_tables_look(struct qcow_tables *, uint64_t offset, size_t *length, bool *is_zero);

#endif

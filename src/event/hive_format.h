/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* The base block of a registry hive; the rest is libregf's. */
#ifndef EVENT_HIVE_FORMAT_H
#define EVENT_HIVE_FORMAT_H

#include "base/bytes.h"

#include <assert.h>

struct __attribute__((packed)) hive_base_block {
    char signature[4];       /* +0x00 "regf" */
    le32 primary_sequence;   /* +0x04 they differ while changes wait in a log */
    le32 secondary_sequence; /* +0x08 */
    le64 written;            /* +0x0c FILETIME */
    le32 major, minor;       /* +0x14 */
    le32 type;               /* +0x1c 0: the hive itself */
    le32 format;             /* +0x20 */
    le32 root_cell;          /* +0x24 from the first bin */
    le32 bins_size;          /* +0x28 */
    le32 clustering;         /* +0x2c */
    uint8_t name[64];        /* +0x30 UTF-16, the end of the path */
    uint8_t reserved[396];   /* +0x70 */
    le32 checksum;           /* +0x1fc XOR of the words before it */
};
_Static_assert(sizeof(struct hive_base_block) == 512, "base block of a hive");

#define HIVE_BINS 4096 /* offset of the first bin */

/* The checksum has no use for 0 and -1. */
static inline uint32_t hive_checksum(const struct hive_base_block *block)
{
    const uint8_t *bytes = (const uint8_t *)block;
    uint32_t sum = 0;

    for (size_t i = 0; i < offsetof(struct hive_base_block, checksum); i += 4)
        sum ^= load_le32(bytes + i);
    return sum == UINT32_MAX ? UINT32_MAX - 1 : sum == 0 ? 1 : sum;
}

#endif

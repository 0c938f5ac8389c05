/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * A VHDX is mostly empty: an input holds only the parts that mean something, one behind the other.
 * Two bytes come first: what is not to be repaired, and the size of the file in MiB.
 */
#ifndef TESTS_FUZZ_VHDX_SLOTS_H
#define TESTS_FUZZ_VHDX_SLOTS_H

#include <stddef.h>
#include <stdint.h>

enum { KEEP_HEADER_CHECKSUMS = 1, KEEP_TABLE_CHECKSUMS = 2, KEEP_LOG_CHECKSUMS = 4 };

#define SLOTS_PREFIX 2

static const struct slot {
    uint64_t offset; /* in the file */
    size_t length;
} slots[] = {
    {0x0, 24},          /* file type identifier and the start of the creator */
    {0x10000, 84},      /* headers */
    {0x20000, 84},
    {0x30000, 112},     /* region tables, three entries */
    {0x40000, 112},
    {0x200000, 288},    /* metadata table, eight entries */
    {0x210000, 768},    /* metadata items */
    {0x300000, 128},    /* BAT */
    {0x308000, 64},     /* BAT around the first bitmap entry of blocks of 1 MiB */
    {0x400000, 64},     /* a sector bitmap or payload */
    {0x500000, 64},
    {0x1FD000, 0x3000}, /* the end of the log and its start */
    {0x100000, 0x6000},
};

#define SLOTS (sizeof(slots) / sizeof(slots[0]))

#endif

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * A VHD as it lies on disk. "VHD spec" is Microsoft's Virtual Hard Disk Image Format
 * Specification, version 1.0 (2006); all numbers are big-endian.
 *
 *   fixed:    data, footer
 *   dynamic,  copy of the footer, dynamic header, block table (and parent locators) in any order,
 *   differencing: blocks (bitmap, then data), footer
 */
#ifndef DISK_VHD_FORMAT_H
#define DISK_VHD_FORMAT_H

#include "base/bytes.h"
#include "base/checked.h"

#define VHD_SECTOR 512u

#define VHD_FOOTER_COOKIE "conectix"
#define VHD_HEADER_COOKIE "cxsparse"
#define VHD_VERSION_1     0x00010000u
#define VHD_NO_OFFSET     UINT64_MAX
#define VHD_NOT_ALLOCATED UINT32_MAX

#define VHD_FEATURE_TEMPORARY 1u
#define VHD_FEATURE_RESERVED  2u /* always set */

/* The largest disk that Windows takes: 2040 GiB. */
#define VHD_SIZE_MAX (2040 * GIB)
/* No tool makes blocks of any other size than 512 KiB and 2 MiB; more than this is absurd. */
#define VHD_BLOCK_SIZE_MAX (256 * MIB)

enum vhd_type { VHD_TYPE_FIXED = 2, VHD_TYPE_DYNAMIC = 3, VHD_TYPE_DIFFERENCING = 4 };

/* VHD spec, "Hard Disk Footer Format". */
struct vhd_footer {
    char cookie[8];        /* +0x00 */
    be32 features;         /* +0x08 */
    be32 version;          /* +0x0C */
    be64 data_offset;      /* +0x10 of the dynamic header */
    be32 timestamp;        /* +0x18 seconds since 2000-01-01 UTC */
    char creator_app[4];   /* +0x1C */
    be16 creator_major;    /* +0x20 */
    be16 creator_minor;    /* +0x22 */
    char creator_os[4];    /* +0x24 */
    be64 original_size;    /* +0x28 bytes */
    be64 current_size;     /* +0x30 bytes */
    be16 cylinders;        /* +0x38 */
    uint8_t heads;         /* +0x3A */
    uint8_t sectors;       /* +0x3B per track */
    be32 type;             /* +0x3C enum vhd_type */
    be32 checksum;         /* +0x40 */
    uint8_t unique_id[16]; /* +0x44 Windows writes a GUID in its own mixed order */
    uint8_t saved_state;   /* +0x54 */
    uint8_t reserved[427]; /* +0x55 */
} __attribute__((packed));
_Static_assert(sizeof(struct vhd_footer) == 512, "VHD footer");

/* Virtual PC before 2004 left the last byte out. */
#define VHD_OLD_FOOTER_SIZE 511u

/* VHD spec, "Parent Locator Entry". */
struct vhd_locator {
    char code[4];     /* +0x00 four zeros: unused */
    be32 data_space;  /* +0x04 bytes (Windows) or sectors (the specification) */
    be32 data_length; /* +0x08 bytes */
    be32 reserved;    /* +0x0C */
    be64 data_offset; /* +0x10 bytes */
} __attribute__((packed));
_Static_assert(sizeof(struct vhd_locator) == 24, "VHD parent locator entry");

#define VHD_LOCATORS 8

/* VHD spec, "Dynamic Disk Header Format". */
struct vhd_header {
    char cookie[8];                           /* +0x000 */
    be64 data_offset;                         /* +0x008 unused, all ones */
    be64 table_offset;                        /* +0x010 bytes */
    be32 version;                             /* +0x018 */
    be32 max_entries;                         /* +0x01C of the block table */
    be32 block_size;                          /* +0x020 bytes, without the bitmap */
    be32 checksum;                            /* +0x024 */
    uint8_t parent_id[16];                    /* +0x028 */
    be32 parent_timestamp;                    /* +0x038 */
    be32 reserved1;                           /* +0x03C */
    uint8_t parent_name[512];                 /* +0x040 UTF-16BE */
    struct vhd_locator locators[VHD_LOCATORS]; /* +0x240 */
    uint8_t reserved2[256];                   /* +0x300 */
} __attribute__((packed));
_Static_assert(sizeof(struct vhd_header) == 1024, "VHD dynamic header");

#endif

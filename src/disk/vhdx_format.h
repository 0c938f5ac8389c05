/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* VHDX as it lies on disk. Section numbers are those of MS-VHDX; all integers little-endian. */
#ifndef DISK_VHDX_FORMAT_H
#define DISK_VHDX_FORMAT_H

#include "base/bytes.h"
#include "base/checked.h"

#include <assert.h>

typedef struct { uint8_t b[16]; } vhdx_guid; /* Windows' mixed-endian form */

#define VHDX_UNIT            MIB /* regions and blocks begin at, and are, multiples of this */
#define VHDX_HEADER_AREA     MIB /* 2.2: nothing else lies below */
#define VHDX_HEADER_1        (64 * KIB)
#define VHDX_HEADER_2        (128 * KIB)
#define VHDX_REGION_TABLE_1  (192 * KIB)
#define VHDX_REGION_TABLE_2  (256 * KIB)
#define VHDX_TABLE_SIZE      (64 * KIB) /* a region table; the table of the metadata region */
#define VHDX_ENTRIES_MAX     2047       /* of either table */
#define VHDX_LOG_SECTOR      4096u
#define VHDX_BITMAP_SIZE     MIB             /* a sector bitmap block, 2.4.2 */
#define VHDX_CHUNK_SECTORS   (UINT64_C(1) << 23) /* logical sectors that one such block covers */

#define VHDX_BLOCK_SIZE_MIN   MIB
#define VHDX_BLOCK_SIZE_MAX   (256 * MIB)
#define VHDX_VIRTUAL_SIZE_MAX (64 * TIB)
#define VHDX_METADATA_MAX     (128 * MIB) /* 2.6: the region */
#define VHDX_ITEM_MAX         MIB         /* one item */
#define VHDX_USER_ITEMS_MAX   1024
#define VHDX_LOG_LENGTH_MAX   GIB /* ours: a log is 1 MiB in practice */

/* 2.2.1 File type identifier, at 0 */
struct vhdx_file_identifier {
    char signature[8];    /* +0x00 "vhdxfile" */
    uint8_t creator[512]; /* +0x08 UTF-16LE, for people only */
};
static_assert(sizeof(struct vhdx_file_identifier) == 520, "2.2.1");

/* 2.2.2 Header, 4 KiB, two copies */
struct vhdx_header {
    char signature[4];         /* +0x00 "head" */
    le32 checksum;             /* +0x04 CRC-32C of the 4096 bytes */
    le64 sequence;             /* +0x08 */
    vhdx_guid file_write_guid; /* +0x10 */
    vhdx_guid data_write_guid; /* +0x20 */
    vhdx_guid log_guid;        /* +0x30 zero: nothing to replay */
    le16 log_version;          /* +0x40 0 */
    le16 version;              /* +0x42 1 */
    le32 log_length;           /* +0x44 */
    le64 log_offset;           /* +0x48 */
    uint8_t reserved[4016];    /* +0x50 */
};
static_assert(sizeof(struct vhdx_header) == 4096, "2.2.2");

/* 2.2.3.1 Region table header, 64 KiB with its entries, two copies */
struct vhdx_region_header {
    char signature[4]; /* +0x00 "regi" */
    le32 checksum;     /* +0x04 CRC-32C of the 64 KiB */
    le32 entry_count;  /* +0x08 */
    le32 reserved;     /* +0x0C */
};
static_assert(sizeof(struct vhdx_region_header) == 16, "2.2.3.1");

/* 2.2.3.2 Region table entry */
struct vhdx_region_entry {
    vhdx_guid guid; /* +0x00 */
    le64 offset;    /* +0x10 */
    le32 length;    /* +0x18 */
    le32 flags;     /* +0x1C */
};
static_assert(sizeof(struct vhdx_region_entry) == 32, "2.2.3.2");

#define VHDX_REGION_REQUIRED 0x1u

/* 2.3.1.1 Log entry header */
struct vhdx_log_header {
    char signature[4];        /* +0x00 "loge" */
    le32 checksum;            /* +0x04 CRC-32C of the entry */
    le32 entry_length;        /* +0x08 */
    le32 tail;                /* +0x0C offset in the log of the oldest entry to replay */
    le64 sequence;            /* +0x10 */
    le32 descriptor_count;    /* +0x18 */
    le32 reserved;            /* +0x1C */
    vhdx_guid log_guid;       /* +0x20 */
    le64 flushed_file_offset; /* +0x30 */
    le64 last_file_offset;    /* +0x38 */
};
static_assert(sizeof(struct vhdx_log_header) == 64, "2.3.1.1");

/* 2.3.1.2 Zero descriptor and 2.3.1.3 data descriptor */
struct vhdx_log_descriptor {
    char signature[4];   /* +0x00 "zero" or "desc" */
    uint8_t trailing[4]; /* +0x04 data: the last 4 bytes of the page */
    union {
        le64 zero_length;   /* +0x08 zero */
        uint8_t leading[8]; /* +0x08 data: the first 8 bytes of the page */
    };
    le64 file_offset; /* +0x10 */
    le64 sequence;    /* +0x18 */
};
static_assert(sizeof(struct vhdx_log_descriptor) == 32, "2.3.1.2");

/* 2.3.1.4 Data sector: bytes 8 to 4091 of the page */
struct vhdx_log_data {
    char signature[4];  /* +0x000 "data" */
    le32 sequence_high; /* +0x004 */
    uint8_t data[4084]; /* +0x008 */
    le32 sequence_low;  /* +0xFFC */
};
static_assert(sizeof(struct vhdx_log_data) == VHDX_LOG_SECTOR, "2.3.1.4");

/* 2.6.1.1 Metadata table header */
struct vhdx_metadata_header {
    char signature[8];     /* +0x00 "metadata" */
    le16 reserved;         /* +0x08 */
    le16 entry_count;      /* +0x0A */
    uint8_t reserved2[20]; /* +0x0C */
};
static_assert(sizeof(struct vhdx_metadata_header) == 32, "2.6.1.1");

/* 2.6.1.2 Metadata table entry */
struct vhdx_metadata_entry {
    vhdx_guid item;     /* +0x00 */
    le32 offset;        /* +0x10 from the start of the region */
    le32 length;        /* +0x14 */
    le32 flags;         /* +0x18 */
    uint8_t reserved[4]; /* +0x1C */
};
static_assert(sizeof(struct vhdx_metadata_entry) == 32, "2.6.1.2");

#define VHDX_ITEM_IS_USER         0x1u
#define VHDX_ITEM_IS_VIRTUAL_DISK 0x2u
#define VHDX_ITEM_IS_REQUIRED     0x4u

/* 2.6.2.1 File parameters */
struct vhdx_file_parameters {
    le32 block_size; /* +0x00 */
    le32 flags;      /* +0x04 */
};
static_assert(sizeof(struct vhdx_file_parameters) == 8, "2.6.2.1");

#define VHDX_LEAVE_BLOCKS_ALLOCATED 0x1u
#define VHDX_HAS_PARENT             0x2u

/* 2.6.2.6.1 Parent locator header, 2.6.2.6.2 entry; offsets from the start of the item */
struct vhdx_locator_header {
    vhdx_guid type; /* +0x00 */
    le16 reserved;  /* +0x10 */
    le16 count;     /* +0x12 */
};
static_assert(sizeof(struct vhdx_locator_header) == 20, "2.6.2.6.1");

struct vhdx_locator_entry {
    le32 key_offset;   /* +0x00 */
    le32 value_offset; /* +0x04 */
    le16 key_length;   /* +0x08 bytes */
    le16 value_length; /* +0x0A bytes */
};
static_assert(sizeof(struct vhdx_locator_entry) == 12, "2.6.2.6.2");

/* 2.5 BAT entry: bits 0-2 state, 3-19 reserved, 20-63 offset in the file in MiB */
#define VHDX_BAT_STATE(entry)    ((unsigned)((entry) & 7))
#define VHDX_BAT_RESERVED(entry) ((entry) & 0xFFFF8u)
#define VHDX_BAT_OFFSET(entry)   ((entry) & ~(uint64_t)0xFFFFF)

#define VHDX_BITMAP_NOT_PRESENT 0
#define VHDX_BITMAP_PRESENT     6

/* GUIDs in the order of the text */
#define VHDX_GUID_BAT                                                                              \
    {{0x2D, 0xC2, 0x77, 0x66, 0xF6, 0x23, 0x42, 0x00, 0x9D, 0x64, 0x11, 0x5E, 0x9B, 0xFD, 0x4A,    \
      0x08}}
#define VHDX_GUID_METADATA                                                                         \
    {{0x8B, 0x7C, 0xA2, 0x06, 0x47, 0x90, 0x4B, 0x9A, 0xB8, 0xFE, 0x57, 0x5F, 0x05, 0x0F, 0x88,    \
      0x6E}}
#define VHDX_GUID_FILE_PARAMETERS                                                                  \
    {{0xCA, 0xA1, 0x67, 0x37, 0xFA, 0x36, 0x4D, 0x43, 0xB3, 0xB6, 0x33, 0xF0, 0xAA, 0x44, 0xE7,    \
      0x6B}}
#define VHDX_GUID_VIRTUAL_DISK_SIZE                                                                \
    {{0x2F, 0xA5, 0x42, 0x24, 0xCD, 0x1B, 0x48, 0x76, 0xB2, 0x11, 0x5D, 0xBE, 0xD8, 0x3B, 0xF4,    \
      0xB8}}
#define VHDX_GUID_LOGICAL_SECTOR_SIZE                                                              \
    {{0x81, 0x41, 0xBF, 0x1D, 0xA9, 0x6F, 0x47, 0x09, 0xBA, 0x47, 0xF2, 0x33, 0xA8, 0xFA, 0xAB,    \
      0x5F}}
#define VHDX_GUID_PHYSICAL_SECTOR_SIZE                                                             \
    {{0xCD, 0xA3, 0x48, 0xC7, 0x44, 0x5D, 0x44, 0x71, 0x9C, 0xC9, 0xE9, 0x88, 0x52, 0x51, 0xC5,    \
      0x56}}
#define VHDX_GUID_VIRTUAL_DISK_ID                                                                  \
    {{0xBE, 0xCA, 0x12, 0xAB, 0xB2, 0xE6, 0x45, 0x23, 0x93, 0xEF, 0xC3, 0x09, 0xE0, 0x00, 0xC7,    \
      0x46}}
#define VHDX_GUID_PARENT_LOCATOR                                                                   \
    {{0xA8, 0xD3, 0x5F, 0x2D, 0xB3, 0x0B, 0x45, 0x4D, 0xAB, 0xF7, 0xD3, 0xD8, 0x48, 0x34, 0xAB,    \
      0x0C}}
/* The type of a locator that points to a VHDX, 2.6.2.6.3 */
#define VHDX_GUID_LOCATOR_TYPE                                                                     \
    {{0xB0, 0x4A, 0xEF, 0xB7, 0xD1, 0x9E, 0x4A, 0x81, 0xB7, 0x89, 0x25, 0xB8, 0xE9, 0x44, 0x59,    \
      0x13}}
/* Not in the specification, but written by Windows: the mark of a file whose creation never ended,
 * the geometry of the disk, the label area of a persistent-memory disk */
#define VHDX_GUID_INCOMPLETE                                                                       \
    {{0x71, 0xCC, 0x85, 0xF0, 0x1B, 0x69, 0x4E, 0x28, 0x95, 0x58, 0xC3, 0xBF, 0x83, 0xAE, 0x75,    \
      0xD3}}
#define VHDX_GUID_CHS                                                                              \
    {{0xDA, 0x02, 0xD7, 0xBC, 0x3D, 0x3A, 0x42, 0x3C, 0xAC, 0x88, 0x2A, 0x36, 0xAB, 0x21, 0x47,    \
      0x9B}}
#define VHDX_GUID_PMEM_LABEL                                                                       \
    {{0x10, 0xE1, 0xAE, 0x8A, 0x4B, 0x7E, 0x41, 0x69, 0xA4, 0x0F, 0xCD, 0x70, 0xDE, 0x92, 0x83,    \
      0x93}}

#endif

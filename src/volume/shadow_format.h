/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * Shadow copies on an NTFS volume as they lie on disk, as far as we read them ourselves. There is
 * no specification by the maker; names and offsets follow the published documentation of
 * libvshadow ("Volume Shadow Snapshot (VSS) format"), checked against real volumes.
 */
#ifndef VOLUME_SHADOW_FORMAT_H
#define VOLUME_SHADOW_FORMAT_H

#include "base/bytes.h"

/* First bytes of every structure: {3808876b-c176-4e48-b7ae-04046e6cc752}. */
#define SHADOW_IDENTIFIER "\x6B\x87\x08\x38\x76\xC1\x48\x4E\xB7\xAE\x04\x04\x6E\x6C\xC7\x52"

enum {
    SHADOW_HEADER_OFFSET = 0x1E00, /* in the volume, within $Boot */
    SHADOW_BLOCK = 0x4000,         /* of the catalog and of every list */
};

enum shadow_record {
    SHADOW_VOLUME_HEADER = 1,
    SHADOW_CATALOG = 2,
    SHADOW_BLOCK_LIST = 3,
    SHADOW_STORE_HEADER = 4,
    SHADOW_RANGE_LIST = 5,
    SHADOW_BITMAP = 6,
};

/* "Volume header" */
struct shadow_volume_header {
    uint8_t identifier[16];     /* +0x00 */
    le32 version;               /* +0x10  1; 2 since Windows 8 */
    le32 record;                /* +0x14  SHADOW_VOLUME_HEADER */
    le64 here;                  /* +0x18  offset of this header in the volume */
    le64 unknown[2];            /* +0x20 */
    le64 catalog;               /* +0x30  offset in the volume; 0 none */
    le64 size_limit;            /* +0x38 */
    uint8_t volume[16];         /* +0x40 */
    uint8_t storage_volume[16]; /* +0x50 */
} __attribute__((packed));
_Static_assert(sizeof(struct shadow_volume_header) == 96, "header of shadow copies");

/* "Catalog block header", "Store block header": begins every SHADOW_BLOCK of them. */
struct shadow_block_header {
    uint8_t identifier[16];     /* +0x00 */
    le32 version;               /* +0x10 */
    le32 record;                /* +0x14  enum shadow_record */
    le64 relative;              /* +0x18  offset in the catalog or store */
    le64 here;                  /* +0x20  offset in the volume */
    le64 next;                  /* +0x28  offset in the volume; 0 the last one */
    le64 information_size;      /* +0x30  store header: bytes behind it that count */
    uint8_t unused[72];         /* +0x38 */
} __attribute__((packed));
_Static_assert(sizeof(struct shadow_block_header) == 128, "block of shadow copies");

/* "Catalog entry": a copy has one of either type, joined by its identifier. */
enum shadow_entry_type { SHADOW_ENTRY_COPY = 2, SHADOW_ENTRY_STORE = 3 };

struct shadow_copy_entry {
    le64 type;                  /* +0x00  SHADOW_ENTRY_COPY */
    le64 volume_size;           /* +0x08  bytes */
    uint8_t id[16];             /* +0x10 */
    le64 sequence;              /* +0x20 */
    le64 flags;                 /* +0x28 */
    le64 created;               /* +0x30  FILETIME */
    uint8_t unused[72];         /* +0x38 */
} __attribute__((packed));
_Static_assert(sizeof(struct shadow_copy_entry) == 128, "catalog entry");

#endif

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Partition tables as they lie on disk. */
#ifndef VOLUME_PARTITION_FORMAT_H
#define VOLUME_PARTITION_FORMAT_H

#include "base/bytes.h"

/* MBR and every record of the chain of an extended partition (UEFI 2.10, 5.2.1). */
struct mbr_entry {
    uint8_t status;       /* +0x00  0x80 = active */
    uint8_t first_chs[3]; /* +0x01 */
    uint8_t type;         /* +0x04  0 = unused */
    uint8_t last_chs[3];  /* +0x05 */
    le32 start;           /* +0x08  sectors; in the chain relative, see partition_mbr.c */
    le32 count;           /* +0x0C  sectors */
} __attribute__((packed));
_Static_assert(sizeof(struct mbr_entry) == 16, "MBR entry");

struct mbr {
    uint8_t code[440];          /* +0x000 */
    le32 disk_signature;        /* +0x1B8 */
    le16 reserved;              /* +0x1BC */
    struct mbr_entry entries[4];/* +0x1BE */
    le16 signature;             /* +0x1FE */
} __attribute__((packed));
_Static_assert(sizeof(struct mbr) == 512, "MBR");

#define MBR_SIGNATURE 0xAA55

enum mbr_type {
    MBR_UNUSED = 0x00,
    MBR_EXTENDED = 0x05,
    MBR_EXTENDED_LBA = 0x0F,
    MBR_LDM = 0x42, /* dynamic disk */
    MBR_EXTENDED_LINUX = 0x85,
    MBR_GPT_PROTECTIVE = 0xEE,
};

/* UEFI 2.10, 5.3.2. */
struct gpt_header {
    char signature[8];      /* +0x00  "EFI PART" */
    le32 revision;          /* +0x08  0x00010000 */
    le32 header_size;       /* +0x0C  92 … sector size */
    le32 header_crc;        /* +0x10  CRC-32 of header_size bytes with this field zero */
    le32 reserved;          /* +0x14 */
    le64 own_lba;           /* +0x18 */
    le64 alternate_lba;     /* +0x20 */
    le64 first_usable_lba;  /* +0x28 */
    le64 last_usable_lba;   /* +0x30 */
    uint8_t disk_id[16];    /* +0x38 */
    le64 entries_lba;       /* +0x48 */
    le32 entry_count;       /* +0x50 */
    le32 entry_size;        /* +0x54  128 x 2^n */
    le32 entries_crc;       /* +0x58 */
} __attribute__((packed));
_Static_assert(sizeof(struct gpt_header) == 92, "GPT header");

/* UEFI 2.10, 5.3.3. */
struct gpt_entry {
    uint8_t type[16];  /* +0x00  zero = unused */
    uint8_t id[16];    /* +0x10 */
    le64 first_lba;    /* +0x20 */
    le64 last_lba;     /* +0x28  inclusive */
    le64 attributes;   /* +0x30 */
    uint8_t name[72];  /* +0x38  UTF-16LE */
} __attribute__((packed));
_Static_assert(sizeof(struct gpt_entry) == 128, "GPT entry");

#endif

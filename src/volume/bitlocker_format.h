/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * BitLocker on disk, as described by the libbde project in "BitLocker Drive Encryption (BDE)
 * format" and by what dislocker and cryptsetup check. Nothing is official.
 */
#ifndef VOLUME_BITLOCKER_FORMAT_H
#define VOLUME_BITLOCKER_FORMAT_H

#include "base/bytes.h"

#define FVE_SIGNATURE "-FVE-FS-" /* of boot sectors and of metadata */

/* In the boot sector: the identifier, then the offsets of the three copies of the metadata. */
#define FVE_IDENTIFIER                  "4967d63b-2e29-4ad8-8399-f6a339e3d001"
#define FVE_IDENTIFIER_ENCRYPT_ON_WRITE "92a84d3b-dd80-4d0e-9e4e-b1e3284eaed8"
#define FVE_PLACES                      0xA0
#define FVE_TO_GO_PLACES                0x1A8

/* Version 1 (Vista, Server 2008) keeps NTFS's. */
#define FVE_VISTA_BOOT_JUMP "\xEB\x52\x90"

enum fve_state {
    FVE_DECRYPTED = 1,
    FVE_SWITCHING = 2,
    FVE_ENCRYPTED = 4,
    FVE_SWITCHING_PAUSED = 5,
};

/* The heads of block and metadata; entries follow. */
struct fve_block {
    uint8_t signature[8];      /* +0x00 */
    le16 size;                 /* +0x08 of all up to the validation, in units of 16 bytes */
    le16 version;              /* +0x0A 2: Windows 7 and later */
    le16 state;                /* +0x0C enum fve_state */
    le16 next_state;           /* +0x0E */
    le64 encrypted_size;       /* +0x10 bytes from the volume's start */
    le32 converting_size;      /* +0x18 what is being rewritten behind them */
    le32 header_sectors;       /* +0x1C of the volume's start, which is kept … */
    le64 places[3];            /* +0x20 of the three copies */
    le64 header_at;            /* +0x38 … here */
    le32 metadata_size;        /* +0x40 from here on, entries included */
    le32 metadata_version;     /* +0x44 1 */
    le32 metadata_header_size; /* +0x48 48 */
    le32 metadata_size_copy;   /* +0x4C */
    uint8_t volume_id[16];     /* +0x50 */
    le32 next_nonce;           /* +0x60 */
    le32 method;               /* +0x64 in the lower half */
    le64 created;              /* +0x68 FILETIME */
};
_Static_assert(sizeof(struct fve_block) == 0x70, "FVE metadata block");

#define FVE_BLOCK_HEADER_SIZE    0x40
#define FVE_METADATA_HEADER_SIZE 0x30

struct fve_entry {
    le16 size;       /* +0x00 this head included */
    le16 type;       /* +0x02 */
    le16 value_type; /* +0x04 */
    le16 version;    /* +0x06 1 */
};
_Static_assert(sizeof(struct fve_entry) == 8, "FVE metadata entry");

enum fve_entry_type {
    FVE_ENTRY_PROPERTY = 0x00,
    FVE_ENTRY_MASTER_KEY = 0x02,
    FVE_ENTRY_VOLUME_KEY = 0x03,
    FVE_ENTRY_LABEL = 0x07,
    FVE_ENTRY_VOLUME_HEADER = 0x0F,
};

enum fve_value_type {
    FVE_VALUE_KEY = 0x01,
    FVE_VALUE_TEXT = 0x02,
    FVE_VALUE_STRETCH_KEY = 0x03,
    FVE_VALUE_ENCRYPTED_KEY = 0x05,
    FVE_VALUE_MASTER_KEY = 0x08,
    FVE_VALUE_PLACE = 0x0F,
};

/* The value of a FVE_ENTRY_MASTER_KEY; properties follow. */
struct fve_master_key {
    uint8_t id[16];  /* +0x00 of the protector: what people look a key up by */
    le64 modified;   /* +0x10 FILETIME */
    le16 unknown;    /* +0x18 */
    le16 protection; /* +0x1A */
};
_Static_assert(sizeof(struct fve_master_key) == 28, "FVE volume master key");

/* Follows the block. */
struct fve_validation {
    le16 size;    /* +0x00 */
    le16 version; /* +0x02 */
    le32 crc;     /* +0x04 CRC-32 of the block */
};
_Static_assert(sizeof(struct fve_validation) == 8, "FVE validation");

#endif

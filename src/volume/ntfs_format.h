/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * NTFS 3.x as it lies on disk. There is no specification by its maker; names and offsets are
 * those on which all open descriptions of the format agree (the published documentation of
 * libfsntfs, of ntfs-3g and of The Sleuth Kit), checked against real volumes.
 */
#ifndef VOLUME_NTFS_FORMAT_H
#define VOLUME_NTFS_FORMAT_H

#include "base/bytes.h"

/* First sector of the volume ($Boot); its copy is the sector right behind the volume's last one. */
struct ntfs_boot_sector {
    uint8_t jump[3];            /* +0x00 */
    char oem[8];                /* +0x03  "NTFS    " */
    le16 sector_size;           /* +0x0B */
    uint8_t cluster_sectors;    /* +0x0D  up to 0x80; above: 2^(256 - n) */
    uint8_t unused1[26];        /* +0x0E */
    le64 sector_count;          /* +0x28  the copy's sector not counted */
    le64 mft_cluster;           /* +0x30 */
    le64 mirror_cluster;        /* +0x38 */
    int8_t record_clusters;     /* +0x40  negative: 2^-n bytes */
    uint8_t unused2[3];         /* +0x41 */
    int8_t index_clusters;      /* +0x44  the same */
    uint8_t unused3[3];         /* +0x45 */
    le64 serial;                /* +0x48 */
    uint8_t unused4[430];       /* +0x50 */
    le16 signature;             /* +0x1FE 0xAA55 */
} __attribute__((packed));
_Static_assert(sizeof(struct ntfs_boot_sector) == 512, "boot sector");

/* Every record of $MFT. The last two bytes of each 512 bytes hold the update sequence number. */
#define NTFS_FIXUP_STRIDE 512

struct ntfs_record_header {
    char signature[4];          /* +0x00  "FILE"; "BAAD" when a check found it torn */
    le16 fixup_offset;          /* +0x04 */
    le16 fixup_count;           /* +0x06  the number itself and one per 512 bytes */
    le64 log_sequence;          /* +0x08 */
    le16 sequence;              /* +0x10  counted up when the record is freed */
    le16 link_count;            /* +0x12 */
    le16 attributes_offset;     /* +0x14 */
    le16 flags;                 /* +0x16 */
    le32 used_size;             /* +0x18 */
    le32 allocated_size;        /* +0x1C */
    le64 base;                  /* +0x20  reference of the base record, 0 when this is one */
    le16 next_attribute_id;     /* +0x28 */
    le16 unused;                /* +0x2A */
    le32 number;                /* +0x2C  since Windows XP */
} __attribute__((packed));
_Static_assert(sizeof(struct ntfs_record_header) == 48, "record header");

enum { NTFS_RECORD_IN_USE = 1, NTFS_RECORD_DIRECTORY = 2 };

enum ntfs_attribute_type {
    NTFS_STANDARD_INFORMATION = 0x10,
    NTFS_ATTRIBUTE_LIST = 0x20,
    NTFS_FILE_NAME = 0x30,
    NTFS_SECURITY_DESCRIPTOR = 0x50,
    NTFS_DATA = 0x80,
    NTFS_REPARSE_POINT = 0xC0,
    NTFS_ATTRIBUTES_END = 0xFFFFFFFF,
};

struct ntfs_attribute_header {
    le32 type;                  /* +0x00 */
    le32 length;                /* +0x04  multiple of 8 */
    uint8_t non_resident;       /* +0x08 */
    uint8_t name_length;        /* +0x09  UTF-16 units */
    le16 name_offset;           /* +0x0A */
    le16 flags;                 /* +0x0C */
    le16 id;                    /* +0x0E */
} __attribute__((packed));
_Static_assert(sizeof(struct ntfs_attribute_header) == 16, "attribute header");

enum {
    NTFS_ATTRIBUTE_COMPRESSED = 0x00FF, /* mask of the method; 1 = LZNT1 */
    NTFS_ATTRIBUTE_ENCRYPTED = 0x4000,
    NTFS_ATTRIBUTE_SPARSE = 0x8000,
};

struct ntfs_resident {          /* behind the attribute header */
    le32 value_length;          /* +0x10 */
    le16 value_offset;          /* +0x14 */
    uint8_t indexed;            /* +0x16 */
    uint8_t unused;             /* +0x17 */
} __attribute__((packed));
_Static_assert(sizeof(struct ntfs_resident) == 8, "resident part");

struct ntfs_non_resident {      /* behind the attribute header */
    le64 first_vcn;             /* +0x10 */
    le64 last_vcn;              /* +0x18 */
    le16 runs_offset;           /* +0x20 */
    uint8_t compression_unit;   /* +0x22  2^n clusters; 0 not compressed */
    uint8_t unused[5];          /* +0x23 */
    le64 allocated_size;        /* +0x28  the sizes count where first_vcn is 0 */
    le64 size;                  /* +0x30 */
    le64 initialized_size;      /* +0x38  what lies behind reads as zeros */
} __attribute__((packed));
_Static_assert(sizeof(struct ntfs_non_resident) == 48, "non-resident part");

struct ntfs_standard_information {
    le64 created;               /* +0x00 */
    le64 modified;              /* +0x08 */
    le64 changed;               /* +0x10  the record */
    le64 accessed;              /* +0x18 */
    le32 file_attributes;       /* +0x20  FILE_ATTRIBUTE_… */
    uint8_t versions[12];       /* +0x24 */
    /* since NTFS 3.0 */
    le32 owner_id;              /* +0x30 */
    le32 security_id;           /* +0x34 */
    le64 quota;                 /* +0x38 */
    le64 usn;                   /* +0x40 */
} __attribute__((packed));
_Static_assert(sizeof(struct ntfs_standard_information) == 72, "standard information");
#define NTFS_STANDARD_INFORMATION_OLD 48

enum { /* MS-FSCC 2.6 */
    NTFS_FILE_SPARSE = 0x200,
    NTFS_FILE_REPARSE = 0x400,
    NTFS_FILE_COMPRESSED = 0x800,
    NTFS_FILE_OFFLINE = 0x1000,
    NTFS_FILE_ENCRYPTED = 0x4000,
    NTFS_FILE_RECALL_ON_OPEN = 0x40000,
    NTFS_FILE_RECALL_ON_ACCESS = 0x400000,
};

struct ntfs_file_name {
    le64 parent;                /* +0x00  reference */
    le64 created;               /* +0x08 */
    le64 modified;              /* +0x10 */
    le64 changed;               /* +0x18 */
    le64 accessed;              /* +0x20 */
    le64 allocated_size;        /* +0x28 */
    le64 size;                  /* +0x30 */
    le32 file_attributes;       /* +0x38 */
    le32 reparse_tag;           /* +0x3C  or the size of extended attributes */
    uint8_t length;             /* +0x40  UTF-16 units */
    uint8_t name_space;         /* +0x41 */
} __attribute__((packed));
_Static_assert(sizeof(struct ntfs_file_name) == 66, "file name");

enum ntfs_name_space { NTFS_POSIX, NTFS_WIN32, NTFS_DOS, NTFS_WIN32_AND_DOS };

struct ntfs_list_entry {        /* of $ATTRIBUTE_LIST */
    le32 type;                  /* +0x00 */
    le16 length;                /* +0x04 */
    uint8_t name_length;        /* +0x06 */
    uint8_t name_offset;        /* +0x07 */
    le64 first_vcn;             /* +0x08 */
    le64 record;                /* +0x10  reference of the record that holds it */
    le16 id;                    /* +0x18 */
} __attribute__((packed));
_Static_assert(sizeof(struct ntfs_list_entry) == 26, "attribute list entry");

struct ntfs_reparse {           /* MS-FSCC 2.1.2 */
    le32 tag;                   /* +0x00 */
    le16 data_length;           /* +0x04 */
    le16 reserved;              /* +0x06 */
} __attribute__((packed));
_Static_assert(sizeof(struct ntfs_reparse) == 8, "reparse data");

#define NTFS_TAG_MOUNT_POINT   0xA0000003u
#define NTFS_TAG_HSM           0xC0000004u
#define NTFS_TAG_HSM2          0x80000006u
#define NTFS_TAG_SYMLINK       0xA000000Cu
#define NTFS_TAG_DEDUP         0x80000013u
#define NTFS_TAG_WOF           0x80000017u /* compressed by the overlay filter */
#define NTFS_TAG_LX_SYMLINK    0xA000001Du
#define NTFS_TAG_CLOUD         0x9000001Au
#define NTFS_TAG_CLOUD_MASK    0xFFFF0FFFu
#define NTFS_TAG_AF_UNIX       0x80000023u
#define NTFS_TAG_LX_FIFO       0x80000024u
#define NTFS_TAG_LX_CHR        0x80000025u
#define NTFS_TAG_LX_BLK        0x80000026u
#define NTFS_TAG_IS_SURROGATE  0x20000000u /* the name stands for another place */

/* Symbolic links and mount points (MS-FSCC 2.1.2.4, 2.1.2.5): offsets count behind these fields,
 * which a symbolic link follows with four bytes of flags. */
struct ntfs_link_names {
    le16 substitute_offset;     /* +0x00 */
    le16 substitute_length;     /* +0x02  bytes */
    le16 print_offset;          /* +0x04 */
    le16 print_length;          /* +0x06 */
} __attribute__((packed));
_Static_assert(sizeof(struct ntfs_link_names) == 8, "link names");

/* $Secure:$SDS: entries at multiples of 16, in blocks of 256 KiB of which every second one is a
 * copy of the one before it. */
#define NTFS_SDS_BLOCK 0x40000

struct ntfs_sds_entry {
    le32 hash;                  /* +0x00 */
    le32 security_id;           /* +0x04 */
    le64 offset;                /* +0x08  of this entry in the stream */
    le32 length;                /* +0x10  with this header */
} __attribute__((packed));
_Static_assert(sizeof(struct ntfs_sds_entry) == 20, "security descriptor entry");

/* Change journal: records never cross a page, the rest of which is zero (MS-FSCC 2.3.62). */
#define NTFS_USN_PAGE 4096

struct ntfs_usn_v2 {
    le32 length;                /* +0x00  multiple of 8 */
    le16 major, minor;          /* +0x04 */
    le64 reference;             /* +0x08 */
    le64 parent;                /* +0x10 */
    le64 usn;                   /* +0x18  offset of this record in the stream */
    le64 time;                  /* +0x20 */
    le32 reason;                /* +0x28 */
    le32 source;                /* +0x2C */
    le32 security_id;           /* +0x30 */
    le32 file_attributes;       /* +0x34 */
    le16 name_length;           /* +0x38  bytes */
    le16 name_offset;           /* +0x3A */
} __attribute__((packed));
_Static_assert(sizeof(struct ntfs_usn_v2) == 60, "USN record v2");

struct ntfs_usn_v3 {            /* file numbers of 128 bits, of which NTFS uses 64 */
    le32 length;                /* +0x00 */
    le16 major, minor;          /* +0x04 */
    le64 reference, reference_high; /* +0x08 */
    le64 parent, parent_high;   /* +0x18 */
    le64 usn;                   /* +0x28 */
    le64 time;                  /* +0x30 */
    le32 reason;                /* +0x38 */
    le32 source;                /* +0x3C */
    le32 security_id;           /* +0x40 */
    le32 file_attributes;       /* +0x44 */
    le16 name_length;           /* +0x48 */
    le16 name_offset;           /* +0x4A */
} __attribute__((packed));
_Static_assert(sizeof(struct ntfs_usn_v3) == 76, "USN record v3");

/* Numbers of records that every volume has. */
enum {
    NTFS_MFT = 0,
    NTFS_ROOT = 5,
    NTFS_SECURE = 9,
    NTFS_EXTEND = 11,
    NTFS_FIRST_USER = 16, /* the ones before are the volume's own */
};

/* A reference is the number of a record and how often that record had been freed before. */
#define NTFS_NUMBER_MASK 0xFFFFFFFFFFFFull

static inline uint64_t ntfs_number(uint64_t reference)
{
    return reference & NTFS_NUMBER_MASK;
}

static inline uint16_t ntfs_sequence(uint64_t reference)
{
    return (uint16_t)(reference >> 48);
}

static inline uint64_t ntfs_reference(uint64_t number, uint16_t sequence)
{
    return number | (uint64_t)sequence << 48;
}

#endif

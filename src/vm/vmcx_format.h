/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * The container "HyperVStorage" (.vmcx, .vmrs, newer .vsv) as it lies on disk: two headers, a
 * chain of object tables that names everything else, key tables with the keys and small values,
 * file objects with the large ones, and a replay log.
 *
 * There is no published standard; the names are those of Microsoft's own description of the
 * format in OpenVMM (support/hvs_file/FORMAT.md), the log's entry is settled on real files
 * (docs/vmcx.md). Little-endian, packed. Every checksum is plain CRC-32 over the structure with
 * the checksum field counted as zero.
 */
#ifndef VM_VMCX_FORMAT_H
#define VM_VMCX_FORMAT_H

#include "base/bytes.h"

#define VMCX_HEADER_SIGNATURE       0x01282014u
#define VMCX_OBJECT_TABLE_SIGNATURE 0x01110001u
#define VMCX_LOG_SIGNATURE          0x01110003u
#define VMCX_KEY_TABLE_SIGNATURE    0x0002u

#define VMCX_HEADER_2_OFFSET     4096
#define VMCX_OBJECT_TABLE_OFFSET 8192

/* Format versions, (major << 8) | minor. */
#define VMCX_VERSION_OLDEST          0x0300 /* the oldest that we read */
#define VMCX_VERSION_OBJECT_CHECKSUM 0x0301 /* before this the checksum of object entries is off */
#define VMCX_VERSION_CURRENT         0x0400 /* the only one seen in real files */

struct vmcx_header_disk {
    le32 signature;       /* +0x00 */
    le32 checksum;        /* +0x04 */
    le16 sequence;        /* +0x08 the valid copy with the higher one is current */
    le32 format_version;  /* +0x0A */
    le32 data_version;    /* +0x0E the application's own */
    le32 flags;           /* +0x12 reserved */
    le32 data_alignment;  /* +0x16 4096, at most 65536 */
    le64 log_offset;      /* +0x1A */
    le64 log_size;        /* +0x22 may reach behind the end of the file */
    le32 log_header_size; /* +0x2A */
};
_Static_assert(sizeof(struct vmcx_header_disk) == 46, "header");

struct vmcx_object_table_disk {
    le32 signature;   /* +0x00 */
    le32 entry_count; /* +0x04 */
};
_Static_assert(sizeof(struct vmcx_object_table_disk) == 8, "object table");

enum vmcx_object_type {
    VMCX_OBJECT_EMPTY = 0,
    VMCX_OBJECT_TABLE = 1, /* the next object table; in the last slot */
    VMCX_OBJECT_KEY_TABLE = 2,
    VMCX_OBJECT_FILE = 3,
    VMCX_OBJECT_FREE = 4,
    VMCX_OBJECT_TYPES = 8, /* 5 to 7 are used, for what is not known: header, log, tracking */
};

struct vmcx_object_disk {
    uint8_t type;  /* +0x00 */
    le32 checksum; /* +0x01 */
    le64 offset;   /* +0x05 in the file */
    le32 size;     /* +0x0D a multiple of the data alignment */
    uint8_t flags; /* +0x11 bit 0: required */
};
_Static_assert(sizeof(struct vmcx_object_disk) == 18, "object table entry");

struct vmcx_key_table_disk {
    le16 signature; /* +0x00 */
    le16 index;     /* +0x02 from 1; parents are named by it */
    le16 sequence;  /* +0x04 of two tables with one index the higher is current */
    le32 checksum;  /* +0x06 of these 10 bytes only */
};
_Static_assert(sizeof(struct vmcx_key_table_disk) == 10, "key table");

enum vmcx_key_type {
    VMCX_KEY_FREE = 1,
    VMCX_KEY_INT = 3,    /* int64 */
    VMCX_KEY_UINT = 4,   /* uint64 */
    VMCX_KEY_DOUBLE = 5, /* IEEE 754 */
    VMCX_KEY_STRING = 6, /* uint32 bytes, UTF-16LE */
    VMCX_KEY_ARRAY = 7,  /* uint32 bytes, bytes */
    VMCX_KEY_BOOL = 8,   /* int32 */
    VMCX_KEY_NODE = 9,   /* uint64 change tracking sequence, uint32 next insertion sequence */
};

enum vmcx_key_flag {
    VMCX_KEY_IN_FILE_OBJECT = 0x01,
    VMCX_KEY_SUBCOMPONENT = 0x02, /* seen on strings; means nothing to us */
    VMCX_KEY_CHANGE_TRACKING = 0x04,
};

/* Behind it: the name, then the value, then perhaps slack. */
struct vmcx_key_disk {
    uint8_t type;            /* +0x00 */
    uint8_t flags;           /* +0x01 */
    le32 size;               /* +0x02 with name, value and slack */
    le16 parent_table;       /* +0x06 index of a key table; 0 = below the root */
    le32 parent_offset;      /* +0x08 of the parent's entry, from the start of that table */
    le32 checksum;           /* +0x0C of this, name and value, without the slack */
    le32 insertion_sequence; /* +0x10 order among its siblings */
    uint8_t name_size;       /* +0x14 bytes with the NUL, UTF-8 */
};
_Static_assert(sizeof(struct vmcx_key_disk) == 21, "key table entry");

/* A value of 2048 bytes and more lies in a file object; then this is in its place. */
struct vmcx_file_object_disk {
    le32 size;   /* +0x00 of the value */
    le64 offset; /* +0x04 in the file */
};
_Static_assert(sizeof(struct vmcx_file_object_disk) == 12, "file object");

/* The log's entries stand behind its header, their data from log_header_size on. */
struct vmcx_log_disk {
    le32 signature;            /* +0x00 */
    le32 checksum;             /* +0x04 of these 34 bytes */
    le32 current_entries;      /* +0x08 pending; 0 = clean */
    uint8_t reserved;          /* +0x0C */
    le32 max_entries;          /* +0x0D */
    uint8_t tracking_enabled;  /* +0x11 */
    le64 tracking_offset;      /* +0x12 */
    le32 tracking_size;        /* +0x1A */
    le32 tracking_used;        /* +0x1E */
};
_Static_assert(sizeof(struct vmcx_log_disk) == 34, "replay log");

struct vmcx_log_entry_disk {
    le64 offset;        /* +0x00 destination in the file */
    le32 size;          /* +0x08 */
    le64 data_offset;   /* +0x0C from the start of the log */
    le32 checksum;      /* +0x14 of this entry */
    le32 data_checksum; /* +0x18 of the data */
};
_Static_assert(sizeof(struct vmcx_log_entry_disk) == 28, "replay log entry");

#endif

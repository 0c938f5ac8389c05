/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * The .evtx format on disk (Windows XML event log 3.1 and 3.2):
 *
 *   file   = file header (in a block of 4096 bytes), then chunks of 64 KiB
 *   chunk  = chunk header (512 bytes with its tables), then event records back to back; what lies
 *            behind the free space offset is slack: older records that the log no longer lists
 *   record = header, binary XML (MS-EVEN6 2.2.12), the size once more
 *
 * Records are written once and chunks in a circle. Binary XML refers to names and template
 * definitions by their offset in the chunk: each stands in the record that used it first.
 */
#ifndef EVENT_EVTX_FORMAT_H
#define EVENT_EVTX_FORMAT_H

#include "base/bytes.h"

#define EVTX_FILE_SIGNATURE   "ElfFile" /* with its NUL: 8 bytes */
#define EVTX_CHUNK_SIGNATURE  "ElfChnk"
#define EVTX_RECORD_SIGNATURE "**\0" /* with its NUL: 4 bytes */

#define EVTX_HEADER_BLOCK  4096
#define EVTX_CHUNK_SIZE    65536
#define EVTX_CHUNK_RECORDS 512 /* offset of the first record */

enum evtx_flags {
    EVTX_DIRTY = 0x1,  /* open, or not closed in order: the header may lag behind */
    EVTX_FULL = 0x2,   /* file header only */
    EVTX_NO_CRC = 0x4, /* 3.2: checksums are not kept */
};

struct evtx_file_header {
    char signature[8];      /* +0x00 */
    le64 first_chunk;       /* +0x08 */
    le64 last_chunk;        /* +0x10 */
    le64 next_record_id;    /* +0x18 */
    le32 header_size;       /* +0x20: 128 */
    le16 minor_version;     /* +0x24: 1, 2 */
    le16 major_version;     /* +0x26: 3 */
    le16 header_block_size; /* +0x28: 4096 */
    le16 chunk_count;       /* +0x2A */
    uint8_t unknown[76];    /* +0x2C */
    le32 flags;             /* +0x78 */
    le32 checksum;          /* +0x7C: CRC-32 of [0, 0x78) */
};
_Static_assert(sizeof(struct evtx_file_header) == 128, "file header");
#define EVTX_CRC_SIZE 0x78 /* of either header: what stands before the flags */

struct evtx_chunk_header {
    char signature[8];        /* +0x000 */
    le64 first_record_number; /* +0x008 */
    le64 last_record_number;  /* +0x010 */
    le64 first_record_id;     /* +0x018 */
    le64 last_record_id;      /* +0x020 */
    le32 header_size;         /* +0x028: 128 */
    le32 last_record;         /* +0x02C: offset */
    le32 free_space;          /* +0x030: offset */
    le32 records_checksum;    /* +0x034: CRC-32 of [512, free_space) */
    uint8_t unknown[64];      /* +0x038 */
    le32 flags;               /* +0x078 */
    le32 checksum;            /* +0x07C: CRC-32 of [0, 0x78) and [0x80, 0x200) */
    le32 strings[64];         /* +0x080: offsets of names, by hash */
    le32 templates[32];       /* +0x180: offsets of template definitions, by hash */
};
_Static_assert(sizeof(struct evtx_chunk_header) == EVTX_CHUNK_RECORDS, "chunk header");

struct evtx_record_header {
    char signature[4]; /* +0x00 */
    le32 size;         /* +0x04: of the whole record */
    le64 id;           /* +0x08 */
    le64 written;      /* +0x10: FILETIME */
};
_Static_assert(sizeof(struct evtx_record_header) == 24, "record header");
#define EVTX_RECORD_MIN   (sizeof(struct evtx_record_header) + sizeof(le32))
#define EVTX_RECORD_ALIGN 8 /* of every record that Windows writes */

/* Binary XML tokens (MS-EVEN6 2.2.12.1); 0x40 is a flag: attributes, or more data, follow. */
enum binxml_token_code {
    BINXML_END = 0x00,
    BINXML_OPEN_START = 0x01,
    BINXML_CLOSE_START = 0x02,
    BINXML_CLOSE_EMPTY = 0x03,
    BINXML_END_ELEMENT = 0x04,
    BINXML_VALUE = 0x05,
    BINXML_ATTRIBUTE = 0x06,
    BINXML_CDATA = 0x07,
    BINXML_CHARACTER = 0x08,
    BINXML_ENTITY = 0x09,
    BINXML_PI_TARGET = 0x0A,
    BINXML_PI_DATA = 0x0B,
    BINXML_TEMPLATE_INSTANCE = 0x0C,
    BINXML_SUBSTITUTION = 0x0D,
    BINXML_OPTIONAL_SUBSTITUTION = 0x0E,
    BINXML_FRAGMENT_HEADER = 0x0F,
    BINXML_MORE = 0x40,
};

/* Value types (MS-EVEN6 2.2.12.2). */
enum binxml_type {
    BINXML_NULL = 0x00,
    BINXML_STRING = 0x01, /* UTF-16 */
    BINXML_ANSI = 0x02,
    BINXML_INT8 = 0x03,
    BINXML_UINT8 = 0x04,
    BINXML_INT16 = 0x05,
    BINXML_UINT16 = 0x06,
    BINXML_INT32 = 0x07,
    BINXML_UINT32 = 0x08,
    BINXML_INT64 = 0x09,
    BINXML_UINT64 = 0x0A,
    BINXML_FLOAT = 0x0B,
    BINXML_DOUBLE = 0x0C,
    BINXML_BOOL = 0x0D, /* 4 bytes */
    BINXML_BINARY = 0x0E,
    BINXML_GUID = 0x0F,
    BINXML_SIZE = 0x10, /* 4 or 8 bytes */
    BINXML_FILETIME = 0x11,
    BINXML_SYSTEMTIME = 0x12,
    BINXML_SID = 0x13,
    BINXML_HEX32 = 0x14,
    BINXML_HEX64 = 0x15,
    BINXML_EVT_HANDLE = 0x20,
    BINXML_BINXML = 0x21,
    BINXML_EVT_XML = 0x23,
    BINXML_ARRAY = 0x80, /* a flag: items of the type, back to back; strings end with a NUL */
};

/* A fragment header is its token, the major and the minor version (1.1) and flags. */
#define BINXML_FRAGMENT_HEADER_SIZE 4

/* A name, at the offset that an element or attribute gives. */
struct evtx_name {
    le32 next;  /* +0x0: offset of the next name of the same hash */
    le16 hash;  /* +0x4 */
    le16 units; /* +0x6: UTF-16 units that follow; then a NUL */
};
_Static_assert(sizeof(struct evtx_name) == 8, "name");

struct evtx_template_instance {
    uint8_t token;   /* +0x0 */
    uint8_t unknown; /* +0x1: 1 */
    le32 id;         /* +0x2: the first four bytes of the definition's GUID */
    le32 definition; /* +0x6: offset in the chunk; when it is right here, it follows inline */
    /* then: le32 number of values, as many descriptors, the values */
};
_Static_assert(sizeof(struct evtx_template_instance) == 10, "template instance");

struct evtx_template_definition {
    le32 next;        /* +0x00: offset of the next definition of the same hash */
    uint8_t guid[16]; /* +0x04 */
    le32 size;        /* +0x14: of the binary XML that follows */
};
_Static_assert(sizeof(struct evtx_template_definition) == 24, "template definition");

struct evtx_value_descriptor {
    le16 size;       /* +0x0 */
    uint8_t type;    /* +0x2 */
    uint8_t unknown; /* +0x3 */
};
_Static_assert(sizeof(struct evtx_value_descriptor) == 4, "value descriptor");

#endif

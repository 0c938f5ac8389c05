/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * One virtual disk file, VHD or VHDX, whatever it is called: its anatomy and its content, by our
 * own strict reader. Everything is read after the log has been replayed in memory, as Windows
 * would see it.
 */
#ifndef DISK_DISK_H
#define DISK_DISK_H

#include "base/guid.h"
#include "base/notes.h"
#include "base/when.h"
#include "io/source.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The field's own limit for the depth of a chain that we follow. */
#define DISK_CHAIN_MAX 256

enum disk_format { DISK_VHDX, DISK_VHD };
enum disk_kind { DISK_FIXED, DISK_DYNAMIC, DISK_DIFFERENCING };

enum disk_log {
    DISK_LOG_NONE,         /* the format has no log (VHD), or the header names no log region */
    DISK_LOG_CLEAN,        /* LogGuid is zero, or the active sequence holds nothing to apply */
    DISK_LOG_REPLAYED,     /* entries were pending and were applied in memory */
    DISK_LOG_UNREPLAYABLE, /* LogGuid is set and no valid sequence was found, or the file is cut */
};

/* One entry of the parent locator, verbatim as UTF-8. */
struct disk_locator_entry {
    char *key, *value;
};

/* What a differencing disk records of its parent. Strings are NULL when the key is absent. */
struct disk_parent {
    struct guid linkage;  /* VHDX: parent_linkage; VHD: parent unique id */
    struct guid linkage2; /* VHDX: parent_linkage2 */
    bool has_linkage, has_linkage2;
    char *relative_path, *volume_path, *absolute_path; /* VHD: W2ru, -, W2ku or the older ones */
    filetime parent_time;                              /* VHD parent time stamp; 0 = says nothing */
    struct disk_locator_entry *entries; /* every key, unknown ones too, in the order of the file */
    size_t entry_count;
};

/*
 * States of a payload block, in VHDX's words; a VHD block is NOT_PRESENT, FULLY_PRESENT or, when
 * its bitmap has holes, PARTIALLY_PRESENT.
 */
enum block_state {
    BLOCK_NOT_PRESENT = 0, /* differencing: look in the parent; else zeros */
    BLOCK_UNDEFINED = 1,
    BLOCK_ZERO = 2,
    BLOCK_UNMAPPED = 3,
    BLOCK_FULLY_PRESENT = 6,
    BLOCK_PARTIALLY_PRESENT = 7,
    BLOCK_STATES = 8,
};

/* Something that has a place of its own in the file, as the structures say; it may lie outside. */
struct disk_part {
    const char *name; /* static: "log", "block table" … */
    uint64_t offset, length;
};

#define DISK_PARTS_MAX 16

struct disk_facts {
    enum disk_format format;
    enum disk_kind kind;
    uint64_t virtual_size;         /* bytes */
    uint32_t block_size;           /* bytes; 0 for a fixed VHD */
    uint32_t logical_sector_size;  /* bytes */
    uint32_t physical_sector_size; /* bytes */
    struct guid virtual_disk_id;   /* VHDX page 83 id; has_… false for VHD */
    struct guid data_write_guid;   /* VHD: the unique id */
    struct guid file_write_guid;
    bool has_virtual_disk_id, has_file_write_guid;
    char *creator; /* UTF-8 */
    enum disk_log log;
    uint64_t log_entries;   /* entries applied */
    uint64_t header_sequence; /* VHDX: SequenceNumber of the current header */
    filetime created;       /* VHD footer's time stamp; 0 = not known */
    bool saved_state;       /* VHD footer */
    bool incomplete;        /* VHDX: the item that marks a file whose creation never ended */
    struct disk_part parts[DISK_PARTS_MAX]; /* what lies where, but for the blocks */
    size_t part_count;

    bool has_counts;                 /* false when the block table could not be read */
    uint64_t blocks[BLOCK_STATES];   /* VHDX: by state; fixed VHD: all zero */
    uint64_t allocated_blocks;       /* states 6 and 7; of a VHD the blocks with a place in the file */
    uint64_t allocated_bytes;        /* allocated_blocks x block_size; fixed VHD: virtual_size */
    bool has_partial_blocks;         /* false: not counted (a VHD with more bitmaps than we read) */
    uint64_t partial_blocks;

    struct disk_parent *parent; /* NULL unless differencing */
};

struct disk;

/* What the first and last sectors say; no more than two reads. */
enum disk_probe { DISK_PROBE_NONE, DISK_PROBE_VHDX, DISK_PROBE_VHD };
enum disk_probe disk_probe(io_source *);

/*
 * Reads anatomy and counts: a bounded few hundred kilobytes and the block table, never the data.
 * Keeps a reference to the source, no table in memory. As much as can be trusted is filled in
 * even when the file is damaged:
 *   0         the disk can be used; notes may say what is wrong all the same
 *   -EBADMSG  damaged beyond use; *disk is set when some facts could be had, else NULL
 *   -ENOTSUP  an unknown required item or version; *disk as above
 *   -ENOMEM, -EIO …
 * The caller closes *disk in every case where it is not NULL.
 */
int disk_open(struct disk **disk, io_source *source, struct notes *notes);
void disk_close(struct disk *);

static inline void disk_cleanup(struct disk **disk)
{
    disk_close(*disk);
}

/* Valid until disk_close(). */
const struct disk_facts *disk_facts(const struct disk *);
/* The file's bytes with the log applied; borrowed. */
io_source *disk_replayed_source(const struct disk *);
/* Hands the facts over to a caller who closes the disk and keeps them; free with the next one. */
struct disk_facts *disk_take_facts(struct disk *);
void disk_facts_free(struct disk_facts *);

/* Whether the parent disk is the one that the child was made on: the parent's current
 * DataWriteGuid (VHD: unique id) equals linkage or linkage2; the zero GUID never matches. */
bool disk_linkage_matches(const struct disk_facts *child, const struct disk_facts *parent);

/* Number of payload blocks; 0 for a fixed VHD. */
uint64_t disk_block_count(const struct disk *);
/* State and place in the file of one payload block. 0 or negative errno. */
int disk_block(struct disk *, uint64_t block, enum block_state *, uint64_t *file_offset);
/*
 * Which sectors of a partially or fully present block are in this file: one bit per logical
 * sector, LSB first, 1 = here; `bits` has block_size / logical_sector_size / 8 bytes (at least 1).
 */
int disk_block_sectors(struct disk *, uint64_t block, uint8_t *bits);

/*
 * The content that a guest would see, as a source of virtual_size bytes: layers[0] is the leaf,
 * layers[count - 1] the base. The disks must outlive the source. Both formats may be mixed
 * only where Windows allows it; sector sizes must agree: -EINVAL otherwise. -EXDEV when the last
 * layer is differencing (its parent is missing); -ELOOP when count > DISK_CHAIN_MAX. Reading a block of an illegal state,
 * or outside the file, gives -EBADMSG.
 */
int disk_content_new(io_source **content, struct disk *const *layers, size_t count);

const char *disk_format_name(enum disk_format); /* "vhdx", "vhd" */
const char *disk_kind_name(enum disk_kind);     /* "fixed", "dynamic", "differencing" */
const char *disk_log_name(enum disk_log);       /* "none", "clean", "replayed", "unreplayable" */

#endif

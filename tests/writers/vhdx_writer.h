/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * Makes VHDX files for tests and for the corpus. A struct vhdx_recipe describes one file; the same
 * recipe always gives the same bytes (GUIDs and content come from `seed`). In every field zero or
 * NULL is the sensible default, so that the smallest recipe is {.kind = DISK_DYNAMIC}:
 *
 *     struct vhdx_blocks base_blocks[] = {{.first = 0, .count = 3, .state = BLOCK_FULLY_PRESENT}};
 *     struct vhdx_recipe base = {.kind = DISK_DYNAMIC, .seed = 1, .virtual_size = 64 * MIB,
 *                                .blocks = base_blocks, .blocks_count = 1};
 *     struct vhdx_blocks child_blocks[] = {{.first = 1, .count = 2,
 *                                           .state = BLOCK_PARTIALLY_PRESENT}};
 *     struct vhdx_recipe child = {.kind = DISK_DIFFERENCING, .seed = 2, .virtual_size = 64 * MIB,
 *                                 .parent = &base, .relative_path = ".\\base.vhdx",
 *                                 .blocks = child_blocks, .blocks_count = 1};
 *     vhdx_writer_write("base.vhdx", &base);
 *     vhdx_writer_write("child.avhdx", &child);
 *
 * The files are sparse. What a guest must see through a chain of recipes is vhdx_writer_expected(),
 * computed from the recipes alone, never from the files.
 *
 * Where things lie (Windows' own order): log at 1 MiB, metadata behind it (1 MiB; the table at its
 * start, the items from +64 KiB), the BAT behind that, then the blocks; ask vhdx_writer_layout().
 */
#ifndef WRITERS_VHDX_WRITER_H
#define WRITERS_VHDX_WRITER_H

#include "base/guid.h"
#include "disk/disk.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Which sectors of a PARTIALLY_PRESENT block are in the file. */
enum vhdx_sectors {
    VHDX_SECTORS_HASHED,    /* each by a coin tossed from the seed */
    VHDX_SECTORS_ALTERNATE, /* every other one, the first is here */
    VHDX_SECTORS_RUNS,      /* runs of some dozens, by the seed */
    VHDX_SECTORS_NONE,
    VHDX_SECTORS_ALL,
};

/* A run of payload blocks of one state. Later runs win over earlier ones where they meet. */
struct vhdx_blocks {
    uint64_t first, count;     /* blocks behind the end of the disk are not written */
    enum block_state state;    /* any 3-bit number, the reserved ones too */
    enum vhdx_sectors sectors; /* PARTIALLY_PRESENT only */
    bool anchored;             /* gives a place in the file also to states that need none */
};

/* What the present blocks hold: never zero bytes where filled. */
enum vhdx_fill {
    VHDX_FILL_AUTO,  /* ALL for blocks up to 2 MiB, EDGES above */
    VHDX_FILL_ALL,
    VHDX_FILL_EDGES, /* the first and the last 64 KiB of each block, zeros (holes) between */
    VHDX_FILL_NONE,  /* zeros (holes): the file costs next to nothing */
};

struct vhdx_locator_pair {
    const char *key, *value; /* UTF-8, written as UTF-16LE */
};

enum vhdx_dirty {
    VHDX_CLEAN,
    VHDX_DIRTY_EMPTY, /* LogGuid set, one entry without descriptors: nothing to apply */
    VHDX_DIRTY_BAT,   /* the BAT in the file is zero; the true one is in the log */
    VHDX_DIRTY_LOST,  /* LogGuid set, the log holds nothing: can't be replayed */
};

/* One descriptor of a log entry that is given by hand. */
struct vhdx_log_descriptor {
    uint64_t file_offset; /* multiple of 4 KiB (or not, to break the rule) */
    uint64_t zero_length; /* not 0: a zero descriptor over so many bytes */
    const void *page;     /* data descriptor: 4096 bytes; NULL = 4096 times the byte `fill` */
    uint8_t fill;
};

/* What is wrong with one log entry. */
enum vhdx_log_damage {
    VHDX_LOG_STALE = 1,            /* carries another LogGuid */
    VHDX_LOG_BAD_CRC = 2,
    VHDX_LOG_TORN_DATA = 4,        /* SequenceLow of the last data sector is an older one */
    VHDX_LOG_BAD_DESCRIPTOR = 8,   /* the last descriptor carries another sequence number */
    VHDX_LOG_BAD_SIGNATURE = 16,
};

struct vhdx_log_entry {
    const struct vhdx_log_descriptor *descriptors;
    size_t descriptor_count;
    uint64_t sequence;           /* 0: one more than the entry before (the first: 1000) */
    size_t tail;                 /* Tail points to the entry of this index in the list */
    uint64_t flushed_file_offset, last_file_offset; /* 0 = the size of the file */
    unsigned damage;             /* enum vhdx_log_damage */
};

/* Common damages, to be or-ed. Everything else can be had with a patch. */
enum vhdx_damage {
    VHDX_DAMAGE_HEADER_1 = 1 << 0,         /* checksum of that copy is wrong */
    VHDX_DAMAGE_HEADER_2 = 1 << 1,
    VHDX_DAMAGE_HEADER_TORN = 1 << 2,      /* current header: new DataWriteGuid, old checksum */
    VHDX_DAMAGE_EQUAL_SEQUENCES = 1 << 3,  /* both headers, else alike, carry one number (legal) */
    VHDX_DAMAGE_AMBIGUOUS_HEADERS = 1 << 4, /* one number, but different GUIDs */
    VHDX_DAMAGE_VERSION = 1 << 5,          /* Version 2 in both headers */
    VHDX_DAMAGE_LOG_VERSION = 1 << 6,      /* LogVersion 1 in both headers */
    VHDX_DAMAGE_REGION_TABLE_1 = 1 << 7,
    VHDX_DAMAGE_REGION_TABLE_2 = 1 << 8,
    VHDX_DAMAGE_UNKNOWN_REGION = 1 << 9,   /* an unknown region that is required */
    VHDX_OPTIONAL_REGION = 1 << 10,        /* an unknown region that is not (legal) */
    VHDX_DAMAGE_UNKNOWN_ITEM = 1 << 11,    /* an unknown metadata item that is required */
    VHDX_OPTIONAL_ITEM = 1 << 12,          /* … that is not (legal) */
    VHDX_DAMAGE_INCOMPLETE = 1 << 13,      /* the item of a file whose creation never ended */
    VHDX_DAMAGE_NO_LOCATOR = 1 << 14,      /* differencing, but without parent locator */
    VHDX_DAMAGE_NO_BITMAP = 1 << 15,       /* PARTIALLY_PRESENT blocks without sector bitmaps */
    VHDX_DAMAGE_OVERLAP = 1 << 16,         /* all present blocks lie at one place */
    VHDX_DAMAGE_PAST_END = 1 << 17,        /* the last present block lies behind the end of file */
    VHDX_DAMAGE_TRUNCATED_LOG = 1 << 18,   /* the log says that the file was 64 MiB larger */
    VHDX_SHUFFLED = 1 << 19,               /* blocks lie in another order than the disk's (legal) */
    VHDX_REGIONS_SWAPPED = 1 << 20,        /* metadata entry before BAT, as disk2vhd writes (legal) */
};

/*
 * Bytes put over what the writer made. In the header section (below 1 MiB) and the metadata region
 * a patch is applied before the checksums are computed unless `raw` is set; elsewhere it is
 * applied last, like a raw one.
 */
struct vhdx_patch {
    uint64_t offset;
    const void *bytes;
    size_t length;
    bool raw;
};

struct vhdx_recipe {
    enum disk_kind kind;
    uint64_t virtual_size;         /* bytes; 0 = 8 MiB */
    uint32_t block_size;           /* bytes; 0 = 1 MiB */
    uint32_t logical_sector_size;  /* 0 = 512 */
    uint32_t physical_sector_size; /* 0 = 4096 */
    uint32_t seed;                 /* two recipes of one seed are copies: same GUIDs, same content */
    const char *creator;           /* NULL = "hvchain fixture" */
    uint64_t sequence;             /* of header 1, header 2 has one more; 0 = 10 */

    /* Zero = from the seed; virtual_disk_id = the parent's when there is one. */
    struct guid virtual_disk_id, data_write_guid, file_write_guid;

    /* Blocks not named are NOT_PRESENT; of a fixed disk FULLY_PRESENT. */
    const struct vhdx_blocks *blocks;
    size_t blocks_count;
    enum vhdx_fill fill;
    /* Instead of the pattern of the seed: the guest's bytes of present sectors; `fill` still says
     * where it is asked. */
    void (*content)(void *user, uint64_t offset, void *buffer, size_t length);
    void *content_user;

    /* Differencing: the keys of the locator, in Windows' order. A linkage of zero is the parent's
     * data_write_guid; parent_linkage2 is written as it is (zero, as Windows does); a NULL path has
     * no key. `locator` replaces all of it, verbatim. */
    const struct vhdx_recipe *parent;
    struct guid parent_linkage, parent_linkage2;
    const char *absolute_path, *relative_path, *volume_path;
    const struct vhdx_locator_pair *locator;
    size_t locator_count;

    enum vhdx_dirty dirty;
    /* A log by hand: entries one behind the other from `log_start` (wrapping at the end of the
     * log); LogGuid is set. The stale entries of real files: VHDX_LOG_STALE. */
    const struct vhdx_log_entry *log;
    size_t log_count;
    uint64_t log_start;  /* from the start of the log, multiple of 4 KiB; also of `dirty` */
    uint64_t log_length; /* 0 = 1 MiB */

    unsigned damage; /* enum vhdx_damage */
    const struct vhdx_patch *patches;
    size_t patch_count;
    uint64_t file_size; /* 0 = as it comes; smaller cuts the file, larger adds zeros behind */
};

/* Where things lie in the file of a recipe, and its identifiers. */
struct vhdx_layout {
    uint64_t log_offset, log_length;
    uint64_t metadata_offset, metadata_length;
    uint64_t bat_offset, bat_length;
    uint64_t bat_entries, block_count, chunk_ratio;
    uint64_t blocks_offset; /* where the first payload or bitmap block may lie */
    uint64_t file_size;
    struct guid virtual_disk_id, data_write_guid, file_write_guid, log_guid;
};

void vhdx_writer_layout(const struct vhdx_recipe *, struct vhdx_layout *);
/* Offset in the file of a block's entry in the BAT, and of its payload (0 = has no place). */
uint64_t vhdx_writer_bat_entry(const struct vhdx_recipe *, uint64_t block);
uint64_t vhdx_writer_payload(const struct vhdx_recipe *, uint64_t block);
enum block_state vhdx_writer_state(const struct vhdx_recipe *, uint64_t block);
/* Whether the payload of a sector is in this file. */
bool vhdx_writer_has_sector(const struct vhdx_recipe *, uint64_t sector);

/* Creates or replaces the file. 0 or negative errno. */
int vhdx_writer_write(const char *path, const struct vhdx_recipe *);
/* The same into an empty file that is open for writing. */
int vhdx_writer_write_fd(int fd, const struct vhdx_recipe *);

/* What a guest sees: chain[0] is the leaf. Where no layer has the sector, zeros. */
void vhdx_writer_expected(const struct vhdx_recipe *const *chain, size_t count, uint64_t offset,
                          void *buffer, size_t length);

#endif

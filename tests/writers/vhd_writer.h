/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * Makes VHD files for tests and for the corpus, in the manner of vhdx_writer.h: the same recipe
 * always gives the same bytes, zero or NULL is the sensible default in every field, files are
 * sparse, and what a guest must see is computed from the recipes alone.
 *
 *     struct vhd_recipe base = {.kind = DISK_FIXED, .seed = 1, .virtual_size = 4 * MIB};
 *     struct vhd_blocks blocks[] = {{.first = 0, .count = 1}, {.first = 1, .count = 1,
 *                                    .sectors = VHD_SECTORS_ALL}};
 *     struct vhd_recipe child = {.kind = DISK_DIFFERENCING, .seed = 2, .virtual_size = 4 * MIB,
 *                                .parent = &base, .relative_path = ".\\base.vhd",
 *                                .blocks = blocks, .blocks_count = 2};
 *     vhd_writer_write("base.vhd", &base);
 *     vhd_writer_write("child.avhd", &child);
 *
 * Where things lie: copy of the footer, dynamic header, locators, block table, blocks, footer; a
 * fixed disk has its data and the footer. Ask vhd_writer_layout().
 */
#ifndef WRITERS_VHD_WRITER_H
#define WRITERS_VHD_WRITER_H

#include "vhdx_writer.h" /* struct vhdx_patch, shared by both writers */

/* Which sectors of an allocated block its bitmap marks as present. */
enum vhd_sectors {
    VHD_SECTORS_PAGES, /* 4 KiB at a time, by the seed: what Windows writes */
    VHD_SECTORS_HASHED,
    VHD_SECTORS_ALTERNATE,
    VHD_SECTORS_NONE,
    VHD_SECTORS_ALL,
};

/* A run of allocated blocks. Later runs win over earlier ones where they meet. */
struct vhd_blocks {
    uint64_t first, count;    /* blocks behind the end of the disk are not written */
    enum vhd_sectors sectors; /* differencing only; the bitmaps of a dynamic disk are full */
};

struct vhd_locator_recipe {
    const char *code; /* four characters */
    const char *text; /* UTF-8; codes that begin with "W2" are written as UTF-16LE */
    uint32_t space;   /* the field's value; 0 = what the text needs, in bytes and whole sectors */
};

/* Common damages, to be or-ed. Everything else can be had with a patch. */
enum vhd_damage {
    VHD_DAMAGE_FOOTER = 1 << 0,      /* checksum of the footer is wrong */
    VHD_NO_FOOTER = 1 << 1,          /* the file ends before it */
    VHD_OLD_FOOTER = 1 << 2,         /* 511 bytes (legal once) */
    VHD_TRAILING_BYTE = 1 << 3,      /* one byte behind the footer */
    VHD_DAMAGE_COPY = 1 << 4,        /* checksum of the copy is wrong */
    VHD_NO_COPY = 1 << 5,            /* the copy is all zero */
    VHD_COPY_DIFFERS = 1 << 6,       /* the copy is of another time, and valid */
    VHD_DAMAGE_HEADER = 1 << 7,      /* checksum of the dynamic header is wrong */
    VHD_DAMAGE_TABLE_SHORT = 1 << 8, /* the table has one entry less than the disk has blocks */
    VHD_DAMAGE_OVERLAP = 1 << 9,     /* the second allocated block begins inside the first */
    VHD_DAMAGE_PAST_END = 1 << 10,   /* the last allocated block lies behind the end of file */
    VHD_DAMAGE_OVER_TABLE = 1 << 11, /* the last allocated block lies over the block table */
    VHD_SHUFFLED = 1 << 12,          /* blocks lie in reverse order (legal) */
};

struct vhd_recipe {
    enum disk_kind kind;
    uint64_t virtual_size; /* bytes; 0 = 8 MiB */
    uint32_t block_size;   /* bytes; 0 = 2 MiB */
    uint32_t seed;
    uint32_t timestamp;      /* seconds since 2000; 0 = 600000000 */
    const char *creator_app; /* four characters; NULL = "hvch" */
    struct guid unique_id;   /* zero = from the seed */
    bool saved_state;

    const struct vhd_blocks *blocks; /* not of a fixed disk, whose content is whole */
    size_t blocks_count;
    bool empty; /* what is present is zeros (holes): the file costs next to nothing */
    /* Instead of the pattern of the seed. */
    void (*content)(void *user, uint64_t offset, void *buffer, size_t length);
    void *content_user;

    /* Differencing. A zero parent_id is the parent's unique_id. parent_name NULL = the absolute
     * path, else the relative one. NULL paths have no locator; `locators` replaces both. */
    const struct vhd_recipe *parent;
    struct guid parent_id;
    uint32_t parent_timestamp;
    const char *parent_name, *absolute_path, *relative_path;
    const struct vhd_locator_recipe *locators;
    size_t locator_count;

    unsigned damage; /* enum vhd_damage */
    /* Applied before the checksums are computed where they lie in the copy, the header or the
     * footer (counted from its place in the undamaged file), unless `raw` is set. */
    const struct vhdx_patch *patches;
    size_t patch_count;
};

struct vhd_layout {
    uint64_t header_offset, table_offset, blocks_offset; /* 0 for a fixed disk */
    uint64_t block_count, chunk_size; /* bytes of a block with its bitmap */
    uint64_t footer_offset;
    struct guid unique_id;
};

void vhd_writer_layout(const struct vhd_recipe *, struct vhd_layout *);
/* Creates or replaces the file. 0 or negative errno. */
int vhd_writer_write(const char *path, const struct vhd_recipe *);
int vhd_writer_write_fd(int fd, const struct vhd_recipe *);
/* What a guest sees: chain[0] is the leaf. Where no layer has the sector, zeros. */
void vhd_writer_expected(const struct vhd_recipe *const *chain, size_t count, uint64_t offset,
                         void *buffer, size_t length);
/* Of one layer: whether a block is allocated, and which of its sectors (bit by bit) it holds. */
bool vhd_writer_is_allocated(const struct vhd_recipe *, uint64_t block);
bool vhd_writer_has_sector(const struct vhd_recipe *, uint64_t sector);

#endif

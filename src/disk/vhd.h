/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* What the files of the VHD reader share. */
#ifndef DISK_VHD_H
#define DISK_VHD_H

#include "disk/disk_format.h"
#include "disk/vhd_format.h"

/* A stretch of the file that is not there for blocks. */
struct vhd_range {
    const char *name; /* static, for notes */
    uint64_t offset, length;
};

/* Footer copy, dynamic header, block table, eight locators. */
#define VHD_RANGES_MAX (3 + VHD_LOCATORS)

/* disk->format of a VHD. */
struct vhd {
    struct vhd_footer footer;
    uint64_t end;          /* where the footer begins: everything else lies before */
    uint64_t table_offset; /* dynamic and differencing disks only, as all below */
    uint32_t bitmap_size;  /* bytes before each block's data, whole sectors */
    struct vhd_range ranges[VHD_RANGES_MAX];
    size_t range_count;
};

/* VHD spec, "Checksum": the one's complement of the sum of all bytes but the field's own. */
uint32_t vhd_checksum(const void *bytes, size_t length, size_t field);

static inline void vhd_reserve(struct vhd *vhd, const char *name, uint64_t offset, uint64_t length)
{
    if (vhd->range_count < VHD_RANGES_MAX)
        vhd->ranges[vhd->range_count++] = (struct vhd_range){name, offset, length};
}

/* vhd_footer.c: finds the footer, or its copy, and takes the facts that stand in it. Returns as
 * disk_open(). */
int vhd_read_footer(struct disk *, struct vhd *, struct notes *);
/* vhd_parent.c: what the dynamic header of a differencing disk says of its parent. */
int vhd_read_parent(struct disk *, struct vhd *, const struct vhd_header *, uint64_t header_offset,
                    struct notes *);
/* vhd_table.c: counts the blocks and looks whether their places can be. */
int vhd_count_blocks(struct disk *, const struct vhd *, struct notes *);
/* Reads an entry of the block table: the sector of the bitmap or VHD_NOT_ALLOCATED. */
int vhd_read_entry(struct disk *, const struct vhd *, uint64_t block, uint32_t *sector);
/* Whether every sector of an allocated block is in this file. */
int vhd_block_is_full(struct disk *, const struct vhd *, uint64_t block, uint32_t sector,
                      bool *full);

#endif

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * Inside of the room: what a format (VHDX, VHD) gives to the shared front in disk.c and
 * disk_content.c. A format is one struct disk_ops and one line in the table of disk.c.
 */
#ifndef DISK_DISK_FORMAT_H
#define DISK_DISK_FORMAT_H

#include "disk/disk.h"

struct disk;

struct disk_ops {
    /*
     * Reads the anatomy of disk->source into disk->facts (zeroed before, freed by the front) and
     * sets the fields of struct disk that are marked "by open". Returns as disk_open() does. After
     * an error the front keeps the disk when `has_facts` is set, else closes it.
     */
    int (*open)(struct disk *, struct notes *);
    /*
     * State of a payload block < block_count, and where its first byte of payload lies in the
     * file (0 when the state has no place). -EBADMSG when the table says what can't be; what the
     * state says is checked by the front, what the place says by reading there.
     */
    int (*block)(struct disk *, uint64_t block, enum block_state *, uint64_t *file_offset);
    /*
     * For a block that is PARTIALLY_PRESENT: bit i of `bits`, LSB first, says whether sector
     * first + i (logical sectors counted within the block) is in this file. Fills (count + 7) / 8
     * bytes; bits behind `count` are zero. The front keeps first + count within the block and
     * `first` a multiple of 8.
     */
    int (*sectors)(struct disk *, uint64_t block, uint32_t first, uint32_t count, uint8_t *bits);
    /* Frees disk->format; may be NULL. */
    void (*close)(struct disk *);
};

struct disk {
    const struct disk_ops *ops;
    io_source *source;        /* owned; by open: replaced by the one with the log applied */
    struct disk_facts *facts; /* never NULL before disk_take_facts() */
    uint64_t block_count;     /* by open; a fixed VHD has 0, then guest offset = file offset */
    bool has_facts;           /* by open: something worth keeping was read */
    bool usable;              /* by the front: open returned 0 */
    void *format;             /* by open: what the format keeps for itself */
};

/* Remembers where something lies; what has no length is not there. */
static inline void disk_add_part(struct disk_facts *facts, const char *name, uint64_t offset,
                                 uint64_t length)
{
    if (length > 0 && facts->part_count < DISK_PARTS_MAX)
        facts->parts[facts->part_count++] = (struct disk_part){name, offset, length};
}

extern const struct disk_ops vhdx_ops, vhd_ops;

/* True when a valid header, or its copy, stands where VHDX has it, whatever the first sector says. */
bool vhdx_has_header(io_source *);

#endif

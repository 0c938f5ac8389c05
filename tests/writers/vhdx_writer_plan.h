/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Inside of the writer: the recipe with its defaults filled in, and every block that has a BAT entry. */
#ifndef WRITERS_VHDX_WRITER_PLAN_H
#define WRITERS_VHDX_WRITER_PLAN_H

#include "vhdx_writer.h"

#include "base/vector.h"

/* A payload block whose BAT entry is not zero. */
struct planned_block {
    uint64_t block, offset; /* offset 0: no place in the file */
    enum block_state state;
    enum vhdx_sectors sectors;
};

struct planned_bitmap {
    uint64_t chunk, offset;
};

struct plan {
    struct vhdx_recipe r; /* a copy, defaults filled in */
    struct vhdx_layout layout;
    VECTOR(struct planned_block) blocks;   /* by block number */
    VECTOR(struct planned_bitmap) bitmaps; /* by chunk number */
};

/* 0 or -ENOMEM. */
int plan_make(struct plan *, const struct vhdx_recipe *);
void plan_free(struct plan *);
#define plan_cleanup plan_free

uint64_t plan_hash(uint64_t seed, uint64_t number);
struct guid plan_guid(uint32_t seed, uint32_t which);
uint64_t plan_bat_index(const struct plan *, uint64_t block);
/* Whether the sector (counted within the block) is in the file. */
bool plan_sector_present(const struct vhdx_recipe *, uint64_t block, uint32_t sector,
                         enum vhdx_sectors);
/* The guest's bytes of present sectors; offset and length are multiples of 512. */
void plan_content(const struct vhdx_recipe *, uint64_t offset, void *buffer, size_t length);

/* The writing end: a file and the first error. */
struct output {
    int fd;
    int error;
};

void output_put(struct output *, uint64_t offset, const void *bytes, size_t length);
/* Writes the log that the recipe asks for. `bat` is the whole BAT, for VHDX_DIRTY_BAT. */
void plan_write_log(const struct plan *, struct output *, const uint8_t *bat);

#endif

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * Who uses which MiB of a file: everything in a VHDX is placed in units of 1 MiB, so that one bit
 * per unit and kind of use finds every overlap in one pass.
 */
#ifndef DISK_USAGE_MAP_H
#define DISK_USAGE_MAP_H

#include <stdbool.h>
#include <stdint.h>

enum usage {
    USAGE_STRUCTURE, /* header section, log, regions */
    USAGE_BLOCK,     /* payload and sector bitmap blocks in use */
    USAGE_ANCHOR,    /* places that trimmed blocks keep */
    USAGE_KINDS,
};

struct usage_map {
    uint64_t units; /* those behind are not mapped */
    uint64_t end;   /* behind the last unit in use */
    uint8_t *bits[USAGE_KINDS];
};

/* Maps the first `size` bytes, at most 128 TiB (48 MiB of memory, touched where used). 0, -ENOMEM. */
int usage_map_make(struct usage_map *, uint64_t size);
/* Marks [offset, offset + length); true when a unit of it had that use before. */
bool usage_map_mark(struct usage_map *, enum usage, uint64_t offset, uint64_t length);
bool usage_map_any(const struct usage_map *, enum usage, uint64_t offset, uint64_t length);
/* Offset behind the last unit in use of any kind but ANCHOR. */
uint64_t usage_map_end(const struct usage_map *);
void usage_map_free(struct usage_map *);

#endif

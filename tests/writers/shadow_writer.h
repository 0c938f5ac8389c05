/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * Puts shadow copies onto a volume in memory: header, catalog, and for each copy a store with its
 * lists and the 16 KiB blocks that were different then (src/volume/shadow_format.h).
 */
#ifndef WRITERS_SHADOW_WRITER_H
#define WRITERS_SHADOW_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The volume at an earlier time, of the same size. */
struct shadow_writer_copy {
    const uint8_t *bytes;
    uint64_t created; /* FILETIME */
    /* Filled by shadow_writer_put(): where in the volume its parts lie. */
    uint64_t header, block_list, range_list, bitmap, data;
};

struct shadow_writer {
    uint8_t *bytes; /* the volume as it is now */
    size_t size;
    uint64_t area;    /* from here on nothing of it is in use, at any time; multiple of 16 KiB */
    uint64_t catalog; /* filled by shadow_writer_put() */
};

/* Copies in the order of their creation. False when the area does not suffice. */
bool shadow_writer_put(struct shadow_writer *, struct shadow_writer_copy *copies, size_t count);

/* Identifiers that shadow_writer_put() gives to copy `number` (from 1 on), as they lie on disk. */
void shadow_writer_copy_id(unsigned number, uint8_t id[16]);
void shadow_writer_set_id(unsigned number, uint8_t id[16]);

#endif

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * Template definitions of all chunks by their identifier, for records whose own chunk no longer
 * has them: in slack, where newer records lie over them, and beside damage.
 */
#ifndef EVENT_DEFINITIONS_H
#define EVENT_DEFINITIONS_H

#include "base/vector.h"
#include "event/binxml.h"
#include "io/source.h"

#include <stdint.h>

/* More are not kept: a log has some hundreds. */
#define DEFINITIONS_MAX 4096
/* Other chunks that one record may need at a time. */
#define DEFINITIONS_CHUNKS 4

struct definition_place {
    uint32_t id;
    uint32_t offset; /* in the chunk */
    uint64_t chunk;  /* in the file */
};

struct definition_chunk {
    struct xml_chunk chunk;
    uint8_t *buffer;
    uint64_t offset; /* in the file; 0 none */
    bool in_use;     /* by the record that is being read */
};

struct definitions {
    io_source *source;              /* borrowed */
    struct definition_place *items; /* by identifier */
    size_t count, capacity;
    struct definition_chunk chunks[DEFINITIONS_CHUNKS];
    unsigned next; /* of chunks, to be used again */
};

/* Remembers what the chunk's table of templates lists and is not known yet. 0 or -ENOMEM. */
int definitions_add_chunk(struct definitions *, const struct xml_chunk *, uint64_t offset);
/* A new record: the chunks of the last one may be given up. */
void definitions_next_record(struct definitions *);
xml_find_definition definitions_find; /* its context is the struct definitions */
void definitions_free(struct definitions *);

#endif

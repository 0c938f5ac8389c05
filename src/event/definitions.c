/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "event/definitions.h"

#include "base/checked.h"
#include "event/evtx_format.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The number of identifiers below id. */
static size_t lower_bound(const struct definitions *definitions, uint32_t id)
{
    size_t low = 0, high = definitions->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (definitions->items[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static const struct definition_place *look_up(const struct definitions *definitions, uint32_t id)
{
    size_t i = lower_bound(definitions, id);

    return i < definitions->count && definitions->items[i].id == id ? &definitions->items[i] : NULL;
}

static int add(struct definitions *definitions, struct definition_place place)
{
    size_t i = lower_bound(definitions, place.id);

    if (definitions->count == DEFINITIONS_MAX ||
        (i < definitions->count && definitions->items[i].id == place.id))
        return 0;
    if (!vector_push(definitions))
        return -ENOMEM;
    memmove(definitions->items + i + 1, definitions->items + i,
            (definitions->count - 1 - i) * sizeof(place));
    definitions->items[i] = place;
    return 0;
}

/* A chain is as long as a chunk has room for definitions, at most. */
#define CHAIN_MAX 64

static int add_chain(struct definitions *definitions, const struct xml_chunk *chunk,
                     uint64_t chunk_offset, uint32_t offset)
{
    for (int i = 0; i < CHAIN_MAX && offset >= EVTX_CHUNK_RECORDS; i++) {
        if (!range_fits(offset, sizeof(struct evtx_template_definition), chunk->size))
            return 0;
        const struct evtx_template_definition *definition = (const void *)(chunk->bytes + offset);
        int r = add(definitions,
                    (struct definition_place){load_le32(definition->guid), offset, chunk_offset});
        if (r < 0)
            return r;
        offset = get_le32(definition->next);
    }
    return 0;
}

int definitions_add_chunk(struct definitions *definitions, const struct xml_chunk *chunk,
                          uint64_t offset)
{
    const struct evtx_chunk_header *header = (const void *)chunk->bytes;
    int r = 0;

    for (size_t i = 0; i < ARRAY_SIZE(header->templates) && r == 0; i++)
        r = add_chain(definitions, chunk, offset, get_le32(header->templates[i]));
    return r;
}

void definitions_next_record(struct definitions *definitions)
{
    for (size_t i = 0; i < DEFINITIONS_CHUNKS; i++)
        definitions->chunks[i].in_use = false;
}

static struct definition_chunk *loaded_chunk(struct definitions *definitions, uint64_t offset)
{
    for (size_t i = 0; i < DEFINITIONS_CHUNKS; i++)
        if (definitions->chunks[i].offset == offset && definitions->chunks[i].chunk.size > 0)
            return &definitions->chunks[i];
    return NULL;
}

/* A place for one more chunk: not one that this record uses. */
static struct definition_chunk *free_chunk(struct definitions *definitions)
{
    for (size_t i = 0; i < DEFINITIONS_CHUNKS; i++) {
        unsigned place = definitions->next++ % DEFINITIONS_CHUNKS;
        if (!definitions->chunks[place].in_use)
            return &definitions->chunks[place];
    }
    return NULL;
}

static int load(struct definitions *definitions, struct definition_chunk *place, uint64_t offset)
{
    if (!place->buffer && !(place->buffer = malloc(EVTX_CHUNK_SIZE)))
        return -ENOMEM;
    int64_t n = io_read_some(definitions->source, offset, place->buffer, EVTX_CHUNK_SIZE);
    place->offset = offset;
    place->chunk = (struct xml_chunk){place->buffer, n > 0 ? (uint32_t)n : 0};
    return n > 0; /* what can't be read is not there */
}

int definitions_find(void *context, uint32_t id, const struct xml_chunk **chunk, uint32_t *offset)
{
    struct definitions *definitions = context;
    const struct definition_place *place = look_up(definitions, id);

    if (!place)
        return 0;
    struct definition_chunk *found = loaded_chunk(definitions, place->chunk);
    if (!found) {
        found = free_chunk(definitions);
        int r = found ? load(definitions, found, place->chunk) : 0;
        if (r <= 0)
            return r;
    }
    found->in_use = true;
    *chunk = &found->chunk;
    *offset = place->offset;
    return 1;
}

void definitions_free(struct definitions *definitions)
{
    for (size_t i = 0; i < DEFINITIONS_CHUNKS; i++)
        free(definitions->chunks[i].buffer);
    vector_free(definitions);
}

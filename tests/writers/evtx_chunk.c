/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Bytes and binary XML of a chunk: names stand where they were used first. */
#include "evtx_chunk.h"

#include "base/checked.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *evtx_must(void *p)
{
    if (!p)
        evtx_refuse("out of memory");
    return p;
}

void evtx_refuse(const char *why)
{
    fprintf(stderr, "evtx_writer: %s\n", why);
    abort();
}

/* ---- bytes ---- */

void chunk_put(struct chunk *chunk, const void *bytes, size_t size)
{
    if (size > sizeof(chunk->bytes) - chunk->used)
        evtx_refuse("a record is larger than a chunk");
    memcpy(chunk->bytes + chunk->used, bytes, size);
    chunk->used += (uint32_t)size;
}

void chunk_put_u8(struct chunk *chunk, unsigned v)
{
    chunk_put(chunk, &(uint8_t){(uint8_t)v}, 1);
}

void chunk_put_u16(struct chunk *chunk, unsigned v)
{
    uint8_t b[2];

    store_le16(b, (uint16_t)v);
    chunk_put(chunk, b, sizeof(b));
}

void chunk_put_u32(struct chunk *chunk, uint32_t v)
{
    uint8_t b[4];

    store_le32(b, v);
    chunk_put(chunk, b, sizeof(b));
}

/* A size that is known only when what follows has been written. */
uint32_t chunk_put_size(struct chunk *chunk)
{
    chunk_put_u32(chunk, 0);
    return chunk->used;
}

void chunk_set_size(struct chunk *chunk, uint32_t start)
{
    store_le32(chunk->bytes + start - 4, chunk->used - start);
}

const struct resident *residents_find(const residents *list, const char *key)
{
    for (size_t i = list->count; i-- > 0;)
        if (strcmp(list->items[i].key, key) == 0)
            return &list->items[i];
    return NULL;
}

void residents_add(residents *list, const char *key, uint32_t id, uint32_t offset)
{
    struct resident *r = evtx_must(vector_push(list));

    *r = (struct resident){evtx_must(strdup(key)), id, offset};
}

void residents_cut(residents *list, size_t count)
{
    while (list->count > count)
        free(list->items[--list->count].key);
}

void chunk_put_le(struct chunk *chunk, uint64_t v, size_t size)
{
    uint8_t b[8];

    store_le64(b, v);
    chunk_put(chunk, b, size);
}

void chunk_put_utf16(struct chunk *chunk, const char *text)
{
    size_t size;
    uint8_t *utf16 = evtx_must(text_to_utf16le(text, &size));

    chunk_put(chunk, utf16, size);
    free(utf16);
}

/* ---- binary XML ---- */

/* Windows' hash of names: base 65599, the low 16 bits kept. */
static uint16_t hash_name(const uint8_t *utf16, size_t size)
{
    uint32_t hash = 0;

    for (size_t i = 0; i < size; i += 2)
        hash = hash * 65599 + load_le16(utf16 + i);
    return (uint16_t)hash;
}

uint32_t chunk_bucket_head(const struct chunk *chunk, size_t table, unsigned bucket)
{
    return load_le32(chunk->bytes + table + 4 * bucket);
}

static void put_name(struct chunk *chunk, const char *name)
{
    const struct resident *there = residents_find(&chunk->names, name);
    size_t size;

    if (there) {
        chunk_put_u32(chunk, there->offset);
        return;
    }
    uint8_t *utf16 = evtx_must(text_to_utf16le(name, &size));
    uint16_t hash = hash_name(utf16, size);
    uint32_t offset = chunk->used + 4;
    chunk_put_u32(chunk, offset);
    chunk_put_u32(chunk, chunk_bucket_head(chunk, EVTX_STRINGS_TABLE, hash % 64));
    chunk_put_u16(chunk, hash);
    chunk_put_u16(chunk, (unsigned)(size / 2));
    chunk_put(chunk, utf16, size);
    chunk_put_u16(chunk, 0);
    free(utf16);
    store_le32(chunk->bytes + EVTX_STRINGS_TABLE + 4 * (hash % 64), offset);
    residents_add(&chunk->names, name, hash, offset);
}

struct element xml_open(struct chunk *chunk, const char *name, unsigned dependency, bool attributes)
{
    struct element e = {0};

    chunk_put_u8(chunk, BINXML_OPEN_START | (attributes ? BINXML_MORE : 0));
    chunk_put_u16(chunk, dependency);
    e.size_from = chunk_put_size(chunk);
    put_name(chunk, name);
    if (attributes)
        e.attributes_from = chunk_put_size(chunk);
    return e;
}

static void end_attributes(struct chunk *chunk, const struct element *e)
{
    if (e->attributes_from > 0)
        chunk_set_size(chunk, e->attributes_from);
}

void xml_close_empty(struct chunk *chunk, const struct element *e)
{
    end_attributes(chunk, e);
    chunk_put_u8(chunk, BINXML_CLOSE_EMPTY);
    chunk_set_size(chunk, e->size_from);
}

void xml_close_start(struct chunk *chunk, const struct element *e)
{
    end_attributes(chunk, e);
    chunk_put_u8(chunk, BINXML_CLOSE_START);
}

void xml_close(struct chunk *chunk, const struct element *e)
{
    chunk_put_u8(chunk, BINXML_END_ELEMENT);
    chunk_set_size(chunk, e->size_from);
}

void xml_put_attribute(struct chunk *chunk, const char *name, bool more)
{
    chunk_put_u8(chunk, BINXML_ATTRIBUTE | (more ? BINXML_MORE : 0));
    put_name(chunk, name);
}

void xml_put_literal(struct chunk *chunk, const char *text)
{
    size_t size;
    uint8_t *utf16 = evtx_must(text_to_utf16le(text, &size));

    chunk_put_u8(chunk, BINXML_VALUE);
    chunk_put_u8(chunk, BINXML_STRING);
    chunk_put_u16(chunk, (unsigned)(size / 2));
    chunk_put(chunk, utf16, size);
    free(utf16);
}

void xml_put_substitution(struct chunk *chunk, unsigned token, unsigned index, unsigned type)
{
    chunk_put_u8(chunk, token);
    chunk_put_u16(chunk, index);
    chunk_put_u8(chunk, type);
}

void xml_put_fragment_header(struct chunk *chunk)
{
    chunk_put(chunk, "\x0F\x01\x01\x00", BINXML_FRAGMENT_HEADER_SIZE);
}

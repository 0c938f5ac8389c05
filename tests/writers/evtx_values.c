/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Values of records from their text, each in the form of its type. */
#include "evtx_chunk.h"

#include "base/checked.h"
#include "base/guid.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put_guid(struct chunk *chunk, const char *text)
{
    struct guid guid;
    uint8_t b[16];

    if (!guid_parse_string(text, &guid))
        evtx_refuse("a value is no GUID");
    guid_to_le(&guid, b);
    chunk_put(chunk, b, sizeof(b));
}

static void put_sid(struct chunk *chunk, const char *text)
{
    uint32_t parts[15];
    size_t count = 0;
    char *p;

    if (strncmp(text, "S-1-", 4) != 0)
        evtx_refuse("a value is no SID");
    uint64_t authority = strtoull(text + 4, &p, 10);
    while (*p == '-' && count < ARRAY_SIZE(parts))
        parts[count++] = (uint32_t)strtoul(p + 1, &p, 10);
    chunk_put_u8(chunk, 1);
    chunk_put_u8(chunk, (unsigned)count);
    for (int shift = 40; shift >= 0; shift -= 8)
        chunk_put_u8(chunk, authority >> shift & 0xFF);
    for (size_t i = 0; i < count; i++)
        chunk_put_u32(chunk, parts[i]);
}

static void put_hex(struct chunk *chunk, const char *text)
{
    unsigned byte;

    for (; sscanf(text, "%2x", &byte) == 1; text += 2)
        chunk_put_u8(chunk, byte);
}

static void put_real(struct chunk *chunk, const char *text, enum binxml_type type)
{
    double real = strtod(text, NULL);
    float real32 = (float)real;

    if (type == BINXML_FLOAT)
        chunk_put(chunk, &real32, sizeof(real32));
    else
        chunk_put(chunk, &real, sizeof(real));
}

static void put_systemtime(struct chunk *chunk, const char *text)
{
    unsigned part[7] = {0};

    if (sscanf(text, "%u-%u-%uT%u:%u:%u.%3u", &part[0], &part[1], &part[2], &part[3], &part[4],
               &part[5], &part[6]) < 6)
        evtx_refuse("a value is no time");
    chunk_put_u16(chunk, part[0]);
    chunk_put_u16(chunk, part[1]);
    chunk_put_u16(chunk, 0); /* the day of the week counts for nothing */
    for (int i = 2; i < 7; i++)
        chunk_put_u16(chunk, part[i]);
}

/* Items of an array are told apart by '\n' in the text. */
static void put_array(struct chunk *chunk, const char *text, enum binxml_type type);

static void put_typed(struct chunk *chunk, const char *text, unsigned type)
{
    static const uint8_t integer_sizes[] = {
        [BINXML_INT8] = 1,  [BINXML_UINT8] = 1,  [BINXML_INT16] = 2, [BINXML_UINT16] = 2,
        [BINXML_INT32] = 4, [BINXML_UINT32] = 4, [BINXML_INT64] = 8, [BINXML_UINT64] = 8,
        [BINXML_BOOL] = 4,  [BINXML_SIZE] = 8,   [BINXML_HEX32] = 4, [BINXML_HEX64] = 8,
    };

    if (type & BINXML_ARRAY)
        put_array(chunk, text, type & ~(unsigned)BINXML_ARRAY);
    else if (type < sizeof(integer_sizes) && integer_sizes[type])
        chunk_put_le(chunk,
                     text[0] == '-' ? (uint64_t)strtoll(text, NULL, 0) : strtoull(text, NULL, 0),
                     integer_sizes[type]);
    else if (type == BINXML_STRING)
        chunk_put_utf16(chunk, text);
    else if (type == BINXML_ANSI)
        chunk_put(chunk, text, strlen(text) + 1);
    else if (type == BINXML_GUID)
        put_guid(chunk, text);
    else if (type == BINXML_FILETIME)
        chunk_put_le(chunk, when_parse(text, NULL, NULL), 8);
    else if (type == BINXML_SYSTEMTIME)
        put_systemtime(chunk, text);
    else if (type == BINXML_SID)
        put_sid(chunk, text);
    else if (type == BINXML_BINARY)
        put_hex(chunk, text);
    else if (type == BINXML_FLOAT || type == BINXML_DOUBLE)
        put_real(chunk, text, type);
    else
        evtx_refuse("a type of values that is not written");
}

static void put_array(struct chunk *chunk, const char *text, enum binxml_type type)
{
    char *copy = evtx_must(strdup(text)), *rest = copy, *item;

    while ((item = strsep(&rest, "\n"))) {
        put_typed(chunk, item, type);
        if (type == BINXML_STRING)
            chunk_put_u16(chunk, 0);
    }
    free(copy);
}

struct values values_begin(struct chunk *chunk, unsigned count)
{
    chunk_put_u32(chunk, count);
    struct values values = {.descriptors = chunk->used};
    for (unsigned i = 0; i < count; i++)
        chunk_put_u32(chunk, 0);
    return values;
}

void values_end_one(struct chunk *chunk, struct values *values, uint32_t start, unsigned type)
{
    uint8_t *descriptor = chunk->bytes + values->descriptors + 4 * values->index++;

    if (chunk->used - start > UINT16_MAX)
        evtx_refuse("a value is larger than 65535 bytes");
    store_le16(descriptor, (uint16_t)(chunk->used - start));
    descriptor[2] = (uint8_t)type;
}

void values_put(struct chunk *chunk, struct values *values, const char *text, unsigned type)
{
    uint32_t start = chunk->used;

    if (text)
        put_typed(chunk, text, type);
    values_end_one(chunk, values, start, text ? type : BINXML_NULL);
}

void values_put_integer(struct chunk *chunk, struct values *values, uint64_t v, unsigned type,
                        size_t size)
{
    uint32_t start = chunk->used;

    chunk_put_le(chunk, v, size);
    values_end_one(chunk, values, start, type);
}

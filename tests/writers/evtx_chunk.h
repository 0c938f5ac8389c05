/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * Private to the writer of .evtx files: a chunk in the making, the pieces of binary XML that go
 * into it, and values. A shortage of memory and what can't be written end the program.
 */
#ifndef WRITERS_EVTX_CHUNK_H
#define WRITERS_EVTX_CHUNK_H

#include "evtx_writer.h"

#include "base/vector.h"

void *evtx_must(void *);
void evtx_refuse(const char *why);

/* A name, or a template definition, that the chunk holds already. */
struct resident {
    char *key;
    uint32_t id; /* of a definition */
    uint32_t offset;
};

typedef VECTOR(struct resident) residents;

struct record_place {
    uint64_t id;
    uint32_t offset, end;
};

struct chunk {
    uint8_t bytes[2 * EVTX_CHUNK_SIZE]; /* a record that does not fit is written, then taken back */
    uint32_t used;
    residents names, templates;
    VECTOR(struct record_place) records;
};

#define EVTX_STRINGS_TABLE   offsetof(struct evtx_chunk_header, strings)
#define EVTX_TEMPLATES_TABLE offsetof(struct evtx_chunk_header, templates)

const struct resident *residents_find(const residents *, const char *key);
void residents_add(residents *, const char *key, uint32_t id, uint32_t offset);
/* Forgets all but the first ones. */
void residents_cut(residents *, size_t count);
/* The first offset of a list in one of the chunk's tables. */
uint32_t chunk_bucket_head(const struct chunk *, size_t table, unsigned bucket);

void chunk_put(struct chunk *, const void *bytes, size_t size);
void chunk_put_u8(struct chunk *, unsigned);
void chunk_put_u16(struct chunk *, unsigned);
void chunk_put_u32(struct chunk *, uint32_t);
void chunk_put_le(struct chunk *, uint64_t, size_t size);
void chunk_put_utf16(struct chunk *, const char *text);
/* A size that is not known yet; returns where it begins to count, for chunk_set_size(). */
uint32_t chunk_put_size(struct chunk *);
void chunk_set_size(struct chunk *, uint32_t start);
/* A whole record, with the definitions and names that the chunk does not hold yet. */
void chunk_put_record(struct chunk *, const struct evtx_event *);

/* ---- binary XML ---- */

#define XML_NO_DEPENDENCY 0xFFFF

/* An element that is open: where its size and, with attributes, their size begin to count. */
struct element {
    uint32_t size_from, attributes_from;
};

struct element xml_open(struct chunk *, const char *name, unsigned dependency, bool attributes);
void xml_close_empty(struct chunk *, const struct element *);
void xml_close_start(struct chunk *, const struct element *);
void xml_close(struct chunk *, const struct element *);
void xml_put_attribute(struct chunk *, const char *name, bool more);
void xml_put_literal(struct chunk *, const char *text);
void xml_put_substitution(struct chunk *, unsigned token, unsigned index, unsigned type);
void xml_put_fragment_header(struct chunk *);

/* ---- values ---- */

/* Descriptors stand before all values, so that each is filled in when its value was written. */
struct values {
    uint32_t descriptors;
    unsigned index;
};

struct values values_begin(struct chunk *, unsigned count);
/* The next value is what was put into the chunk from `start` on. */
void values_end_one(struct chunk *, struct values *, uint32_t start, unsigned type);
/* A value as text in the form of its type; NULL is a null value. */
void values_put(struct chunk *, struct values *, const char *text, unsigned type);
void values_put_integer(struct chunk *, struct values *, uint64_t, unsigned type, size_t size);

#endif

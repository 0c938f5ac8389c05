/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * Binary XML of one record (MS-EVEN6 2.2.12) as a flat sequence of tokens: template instances,
 * their substitutions, arrays and nested binary XML are followed, so that the caller sees elements,
 * attributes and values only. Pulled token by token: who has seen enough stops.
 */
#ifndef EVENT_BINXML_H
#define EVENT_BINXML_H

#include "base/vector.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum xml_kind {
    XML_ELEMENT,   /* an element begins: name */
    XML_ATTRIBUTE, /* of that element: name; values follow */
    XML_VALUE,     /* a piece of the attribute's value or of the element's text */
    XML_CLOSE,     /* the innermost element ends */
};

struct xml_token {
    enum xml_kind kind;
    const uint8_t *bytes; /* ELEMENT, ATTRIBUTE: the name in UTF-16; VALUE: the value as stored */
    uint32_t size;        /* of bytes */
    uint8_t type;         /* VALUE: enum binxml_type, never an array */
    bool of_attribute;    /* VALUE */
    bool next_item;       /* VALUE: an item of an array, not its first */
};

/* How deep templates and nested binary XML may lie in each other, and elements in all of them. */
#define BINXML_FRAMES   16
#define BINXML_ELEMENTS 64

/* What the offsets of names and definitions count in. */
struct xml_chunk {
    const uint8_t *bytes;
    uint32_t size; /* of what could be read */
};

/*
 * In slack, newer records have written over definitions that older ones refer to; another chunk
 * may have the same one. Sets the chunk, which must stay until the record is read, and the offset
 * of a definition whose GUID begins with `id`. 1, 0 there is none, negative errno.
 */
typedef int xml_find_definition(void *context, uint32_t id, const struct xml_chunk **,
                                uint32_t *offset);

/* One run of tokens: the record itself, a template definition, or a nested value. */
struct xml_frame {
    const struct xml_chunk *chunk;
    uint32_t position, end;
    uint32_t slots, slot_count; /* the substitution values in force */
    uint32_t slots_before;      /* slots to keep when the frame is left */
    uint32_t elements;          /* open elements when the frame was entered */
};

/* A substitution value of a template instance. */
struct xml_slot {
    const struct xml_chunk *chunk;
    uint32_t offset;
    uint16_t size;
    uint8_t type;
};

struct xml_reader {
    struct xml_chunk chunk;    /* the record's own */
    uint32_t *budget;          /* what a chunk may cost: one per token and per 16 bytes of value */
    xml_find_definition *find; /* NULL: only this chunk's */
    void *find_context;
    struct xml_frame frames[BINXML_FRAMES];
    unsigned frame_count;
    uint32_t elements; /* open */
    bool in_start;     /* in the start tag of the innermost */
    bool in_attribute;
    struct xml_slot array; /* items of an array that are still to come */
    bool array_begun;
    VECTOR(struct xml_slot) slots; /* kept from record to record; xml_reader_free() */
};

/* Begins with the binary XML at [position, end) of the chunk. */
void xml_reader_start(struct xml_reader *, uint32_t position, uint32_t end);
/* 1 a token, 0 the end, -EBADMSG a broken rule (what came before stands); -ENOMEM, and errors of
 * `find`. */
int xml_next(struct xml_reader *, struct xml_token *);
void xml_reader_free(struct xml_reader *);

#endif

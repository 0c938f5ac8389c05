/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Between the sequence of tokens and their values. Private to binxml*.c. */
#ifndef EVENT_BINXML_PRIVATE_H
#define EVENT_BINXML_PRIVATE_H

#include "event/binxml.h"

/* The innermost frame. */
static inline struct xml_frame *xml_top(struct xml_reader *reader)
{
    return &reader->frames[reader->frame_count - 1];
}

/* Takes `size` bytes at the frame's position; NULL when it ends before. */
static inline const uint8_t *xml_take(struct xml_reader *reader, uint32_t size)
{
    struct xml_frame *frame = xml_top(reader);

    if (size > frame->end - frame->position)
        return NULL;
    const uint8_t *bytes = frame->chunk->bytes + frame->position;
    frame->position += size;
    return bytes;
}

/* -EBADMSG when there are too many. */
int xml_push(struct xml_reader *, struct xml_frame);
/* False when the chunk has cost too much. */
static inline bool xml_spend(struct xml_reader *reader, uint32_t cost)
{
    if (*reader->budget < cost) {
        *reader->budget = 0;
        return false;
    }
    *reader->budget -= cost;
    return true;
}

/* A name's offset, and the name itself when this is its place: where it was used first. 0 or
 * -EBADMSG. */
int xml_take_name(struct xml_reader *, struct xml_token *);

/* What follows the token's first byte. 1 a value, 0 nothing to tell yet, or -EBADMSG. */
int xml_read_value(struct xml_reader *, struct xml_token *);
int xml_read_substitution(struct xml_reader *, struct xml_token *);
int xml_read_character(struct xml_reader *, struct xml_token *);
int xml_read_entity(struct xml_reader *, struct xml_token *);
int xml_read_cdata(struct xml_reader *, struct xml_token *);
int xml_skip_data(struct xml_reader *);
/* The next item of the array in reader->array. */
int xml_give_array_item(struct xml_reader *, struct xml_token *);

#endif

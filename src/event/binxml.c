/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "event/binxml_private.h"

#include "base/checked.h"
#include "event/evtx_format.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int xml_push(struct xml_reader *reader, struct xml_frame frame)
{
    if (reader->frame_count == BINXML_FRAMES)
        return -EBADMSG;
    frame.elements = reader->elements;
    reader->frames[reader->frame_count++] = frame;
    return 0;
}

/* ---- names ---- */

static bool name_at(const struct xml_chunk *chunk, uint32_t offset, struct xml_token *token)
{
    if (!range_fits(offset, sizeof(struct evtx_name), chunk->size))
        return false;
    const struct evtx_name *name = (const void *)(chunk->bytes + offset);
    token->bytes = (const uint8_t *)(name + 1);
    token->size = 2u * get_le16(name->units);
    return range_fits(offset + sizeof(*name), token->size + 2u, chunk->size);
}

int xml_take_name(struct xml_reader *reader, struct xml_token *token)
{
    const uint8_t *field = xml_take(reader, sizeof(le32));

    if (!field)
        return -EBADMSG;
    uint32_t offset = load_le32(field);
    if (!name_at(xml_top(reader)->chunk, offset, token))
        return -EBADMSG;
    if (offset == xml_top(reader)->position &&
        !xml_take(reader, sizeof(struct evtx_name) + token->size + 2))
        return -EBADMSG;
    return 0;
}

/* ---- elements ---- */

/* Whether a size and a name's offset stand at `skip` bytes from the frame's position. */
static bool is_element_at(struct xml_reader *reader, uint32_t skip)
{
    const struct xml_frame *frame = xml_top(reader);
    struct xml_token name;

    if (frame->end - frame->position < skip + 8)
        return false;
    const uint8_t *fields = frame->chunk->bytes + frame->position + skip;
    return load_le32(fields) <= frame->end - frame->position - skip - 4 &&
           name_at(frame->chunk, load_le32(fields + 4), &name);
}

/*
 * Definitions have a dependency identifier before the size; elements that stand in a value
 * without a definition have none. Nothing but the bytes themselves tells.
 */
static int read_element(struct xml_reader *reader, bool has_attributes, struct xml_token *token)
{
    uint32_t dependency = is_element_at(reader, 2) ? 2 : 0;
    int r;

    if (reader->elements == BINXML_ELEMENTS || !is_element_at(reader, dependency))
        return -EBADMSG;
    xml_take(reader, dependency + sizeof(le32));
    r = xml_take_name(reader, token);
    if (r < 0)
        return r;
    if (has_attributes && !xml_take(reader, sizeof(le32))) /* size of the attributes */
        return -EBADMSG;
    token->kind = XML_ELEMENT;
    reader->elements++;
    reader->in_start = true;
    return 1;
}

static int read_attribute(struct xml_reader *reader, struct xml_token *token)
{
    int r = reader->in_start ? xml_take_name(reader, token) : -EBADMSG;

    if (r < 0)
        return r;
    token->kind = XML_ATTRIBUTE;
    reader->in_attribute = true;
    return 1;
}

static int close_start(struct xml_reader *reader)
{
    if (!reader->in_start)
        return -EBADMSG;
    reader->in_start = reader->in_attribute = false;
    return 0;
}

static int close_element(struct xml_reader *reader, struct xml_token *token)
{
    if (reader->elements == xml_top(reader)->elements || reader->in_start)
        return -EBADMSG;
    reader->elements--;
    token->kind = XML_CLOSE;
    return 1;
}

static int close_empty(struct xml_reader *reader, struct xml_token *token)
{
    int r = close_start(reader);

    return r < 0 ? r : close_element(reader, token);
}

/* ---- templates ---- */

static int read_slots(struct xml_reader *reader, struct xml_frame *frame)
{
    const uint8_t *count = xml_take(reader, sizeof(le32));
    uint32_t bytes;

    if (!count)
        return -EBADMSG;
    frame->slots = frame->slots_before = (uint32_t)reader->slots.count;
    frame->slot_count = load_le32(count);
    if (MUL_OVERFLOW(frame->slot_count, sizeof(struct evtx_value_descriptor), &bytes))
        return -EBADMSG;
    const struct evtx_value_descriptor *descriptors = (const void *)xml_take(reader, bytes);
    if (!descriptors || !xml_spend(reader, frame->slot_count))
        return -EBADMSG;
    for (uint32_t i = 0; i < frame->slot_count; i++) {
        struct xml_slot *slot = vector_push(&reader->slots);
        if (!slot)
            return -ENOMEM;
        slot->chunk = xml_top(reader)->chunk;
        slot->offset = xml_top(reader)->position;
        slot->size = get_le16(descriptors[i].size);
        slot->type = descriptors[i].type;
        if (!xml_take(reader, slot->size))
            return -EBADMSG;
    }
    return 0;
}

static const struct evtx_template_definition *definition_at(const struct xml_chunk *chunk,
                                                            uint32_t offset, uint32_t id)
{
    if (!range_fits(offset, sizeof(struct evtx_template_definition), chunk->size))
        return NULL;
    const struct evtx_template_definition *definition = (const void *)(chunk->bytes + offset);
    bool fits = range_fits(offset + sizeof(*definition), get_le32(definition->size), chunk->size);
    return fits && load_le32(definition->guid) == id ? definition : NULL;
}

/* Another chunk may have to be loaded for it. */
#define FIND_COST 512

/* The definition's own GUID begins with the identifier that the instance gives: what else stands
 * at its place by now is told by that. */
static int find_definition(struct xml_reader *reader, uint32_t id, uint32_t offset,
                           struct xml_frame *inside)
{
    const struct evtx_template_definition *definition;

    inside->chunk = xml_top(reader)->chunk;
    definition = definition_at(inside->chunk, offset, id);
    if (!definition) {
        if (!xml_spend(reader, FIND_COST))
            return -EBADMSG;
        int r = reader->find ? reader->find(reader->find_context, id, &inside->chunk, &offset) : 0;
        if (r <= 0)
            return r < 0 ? r : -EBADMSG;
        definition = definition_at(inside->chunk, offset, id);
    }
    if (!definition)
        return -EBADMSG;
    inside->position = offset + (uint32_t)sizeof(*definition);
    inside->end = inside->position + get_le32(definition->size);
    return 0;
}

static int read_template(struct xml_reader *reader)
{
    struct xml_frame inside = {0};
    const uint8_t *fields = xml_take(reader, sizeof(struct evtx_template_instance) - 1);

    if (!fields || reader->in_start)
        return -EBADMSG;
    const struct evtx_template_instance *instance = (const void *)(fields - 1);
    uint32_t offset = get_le32(instance->definition);
    int r = find_definition(reader, get_le32(instance->id), offset, &inside);
    if (r < 0)
        return r;
    bool is_inline = inside.chunk == xml_top(reader)->chunk &&
                     offset == xml_top(reader)->position &&
                     inside.position == offset + sizeof(struct evtx_template_definition);
    if (is_inline && !xml_take(reader, inside.end - offset))
        return -EBADMSG;
    r = read_slots(reader, &inside);
    return r < 0 ? r : xml_push(reader, inside);
}

/* ---- the sequence ---- */

static int leave_frame(struct xml_reader *reader)
{
    const struct xml_frame *frame = xml_top(reader);

    if (reader->elements != frame->elements)
        return -EBADMSG;
    reader->slots.count = frame->slots_before;
    reader->frame_count--;
    return 0;
}

/* 1 a token was made, 0 nothing to tell yet. */
static int read_token(struct xml_reader *reader, struct xml_token *token)
{
    const uint8_t *code = xml_take(reader, 1);

    if (!code || !xml_spend(reader, 1))
        return -EBADMSG;
    switch (*code & ~BINXML_MORE) {
    case BINXML_OPEN_START:
        if (reader->in_start)
            return -EBADMSG;
        return read_element(reader, *code & BINXML_MORE, token);
    case BINXML_CLOSE_START:
        return close_start(reader);
    case BINXML_CLOSE_EMPTY:
        return close_empty(reader, token);
    case BINXML_END_ELEMENT:
        return close_element(reader, token);
    case BINXML_VALUE:
        return xml_read_value(reader, token);
    case BINXML_ATTRIBUTE:
        return read_attribute(reader, token);
    case BINXML_CDATA:
        return xml_read_cdata(reader, token);
    case BINXML_CHARACTER:
        return xml_read_character(reader, token);
    case BINXML_ENTITY:
        return xml_read_entity(reader, token);
    case BINXML_PI_TARGET:
        return xml_take_name(reader, token);
    case BINXML_PI_DATA:
        return xml_skip_data(reader);
    case BINXML_TEMPLATE_INSTANCE:
        return read_template(reader);
    case BINXML_SUBSTITUTION:
    case BINXML_OPTIONAL_SUBSTITUTION:
        return xml_read_substitution(reader, token);
    case BINXML_FRAGMENT_HEADER:
        return xml_take(reader, BINXML_FRAGMENT_HEADER_SIZE - 1) ? 0 : -EBADMSG;
    default:
        return -EBADMSG;
    }
}

void xml_reader_start(struct xml_reader *reader, uint32_t position, uint32_t end)
{
    reader->frames[0] =
        (struct xml_frame){.chunk = &reader->chunk, .position = position, .end = end};
    reader->frame_count = 1;
    reader->elements = 0;
    reader->in_start = reader->in_attribute = false;
    reader->array.size = 0;
    reader->slots.count = 0;
}

int xml_next(struct xml_reader *reader, struct xml_token *token)
{
    int r = 0;

    if (reader->array.size > 0)
        return xml_give_array_item(reader, token);
    while (r == 0 && reader->frame_count > 0) {
        const struct xml_frame *frame = xml_top(reader);
        if (frame->position == frame->end || frame->chunk->bytes[frame->position] == BINXML_END)
            r = leave_frame(reader);
        else
            r = read_token(reader, token);
    }
    return r;
}

void xml_reader_free(struct xml_reader *reader)
{
    vector_free(&reader->slots);
}

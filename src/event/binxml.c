/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "event/binxml.h"

#include "base/checked.h"
#include "event/evtx_format.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct xml_frame *top(struct xml_reader *reader)
{
    return &reader->frames[reader->frame_count - 1];
}

/* Takes `size` bytes at the frame's position; NULL when it ends before. */
static const uint8_t *take(struct xml_reader *reader, uint32_t size)
{
    struct xml_frame *frame = top(reader);

    if (size > frame->end - frame->position)
        return NULL;
    const uint8_t *bytes = frame->chunk->bytes + frame->position;
    frame->position += size;
    return bytes;
}

static int push(struct xml_reader *reader, struct xml_frame frame)
{
    if (reader->frame_count == BINXML_FRAMES)
        return -EBADMSG;
    frame.elements = reader->elements;
    reader->frames[reader->frame_count++] = frame;
    return 0;
}

static bool spend(struct xml_reader *reader, uint32_t cost)
{
    if (*reader->budget < cost) {
        *reader->budget = 0;
        return false;
    }
    *reader->budget -= cost;
    return true;
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

/* A name's offset, and the name itself when this is its place: where it was used first. */
static int take_name(struct xml_reader *reader, struct xml_token *token)
{
    const uint8_t *field = take(reader, sizeof(le32));

    if (!field)
        return -EBADMSG;
    uint32_t offset = load_le32(field);
    if (!name_at(top(reader)->chunk, offset, token))
        return -EBADMSG;
    if (offset == top(reader)->position &&
        !take(reader, sizeof(struct evtx_name) + token->size + 2))
        return -EBADMSG;
    return 0;
}

/* ---- values ---- */

static const uint8_t fixed_sizes[] = {
    [BINXML_INT8] = 1,  [BINXML_UINT8] = 1,    [BINXML_INT16] = 2,       [BINXML_UINT16] = 2,
    [BINXML_INT32] = 4, [BINXML_UINT32] = 4,   [BINXML_INT64] = 8,       [BINXML_UINT64] = 8,
    [BINXML_FLOAT] = 4, [BINXML_DOUBLE] = 8,   [BINXML_BOOL] = 4,        [BINXML_GUID] = 16,
    [BINXML_SIZE] = 8,  [BINXML_FILETIME] = 8, [BINXML_SYSTEMTIME] = 16, [BINXML_HEX32] = 4,
    [BINXML_HEX64] = 8,
};

static uint32_t fixed_size(uint8_t type)
{
    return type < sizeof(fixed_sizes) ? fixed_sizes[type] : 0;
}

static int give_value(struct xml_reader *reader, uint8_t type, const uint8_t *bytes, uint32_t size,
                      struct xml_token *token)
{
    if (!spend(reader, size / 16))
        return -EBADMSG;
    *token = (struct xml_token){.kind = XML_VALUE,
                                .bytes = bytes,
                                .size = size,
                                .type = type,
                                .of_attribute = reader->in_attribute};
    return 1;
}

/* The size of the string, with its NUL, that begins an array of strings. */
static uint32_t string_item_size(const uint8_t *bytes, uint32_t size, uint32_t unit)
{
    uint32_t used = 0;

    while (size - used >= unit) {
        bool nul = bytes[used] == 0 && (unit == 1 || bytes[used + 1] == 0);
        used += unit;
        if (nul)
            return used;
    }
    return size;
}

static uint32_t array_item_size(const uint8_t *bytes, uint32_t size, uint8_t type)
{
    uint32_t item = size;

    if (type == BINXML_STRING)
        item = string_item_size(bytes, size, 2);
    else if (type == BINXML_ANSI)
        item = string_item_size(bytes, size, 1);
    else if (type == BINXML_SID)
        item = size < 2 ? size : 8u + 4u * bytes[1];
    else if (type == BINXML_SIZE && size % 8 != 0)
        item = 4;
    else if (fixed_size(type) != 0)
        item = fixed_size(type);
    return item < size ? item : size;
}

static int give_array_item(struct xml_reader *reader, struct xml_token *token)
{
    struct xml_slot *array = &reader->array;
    const uint8_t *bytes = array->chunk->bytes + array->offset;
    uint32_t size = array_item_size(bytes, array->size, array->type);
    bool next_item = reader->array_begun;

    array->offset += size;
    array->size = (uint16_t)(array->size - size);
    reader->array_begun = true;
    int r = give_value(reader, array->type, bytes, size, token);
    token->next_item = next_item;
    return r;
}

/* A literal value: strings carry their length, the rest is as long as its type. */
static int read_value(struct xml_reader *reader, struct xml_token *token)
{
    const uint8_t *type = take(reader, 1), *bytes;
    uint32_t size;

    if (!type)
        return -EBADMSG;
    if (*type == BINXML_STRING) {
        const uint8_t *units = take(reader, 2);
        if (!units)
            return -EBADMSG;
        size = 2u * load_le16(units);
    } else {
        size = fixed_size(*type);
        if (size == 0 && *type != BINXML_NULL)
            return -EBADMSG;
    }
    bytes = take(reader, size);
    return bytes ? give_value(reader, *type, bytes, size, token) : -EBADMSG;
}

/* Nested binary XML takes part in the element that it is put in. */
static int enter_value(struct xml_reader *reader, const struct xml_slot *slot)
{
    if (reader->in_attribute)
        return -EBADMSG;
    return push(reader, (struct xml_frame){.chunk = slot->chunk,
                                           .position = slot->offset,
                                           .end = slot->offset + slot->size,
                                           .slots_before = (uint32_t)reader->slots.count});
}

static int read_substitution(struct xml_reader *reader, struct xml_token *token)
{
    struct xml_frame *frame = top(reader);
    const uint8_t *field = take(reader, 3); /* le16 index, u8 type: the value's own type counts */

    if (!field)
        return -EBADMSG;
    uint16_t index = load_le16(field);
    if (index >= frame->slot_count) /* fewer values than the template has places */
        return give_value(reader, BINXML_NULL, field, 0, token);
    struct xml_slot slot = reader->slots.items[frame->slots + index];
    if (slot.type == BINXML_BINXML)
        return enter_value(reader, &slot);
    if (slot.type & BINXML_ARRAY) {
        slot.type &= (uint8_t)~BINXML_ARRAY;
        reader->array = slot;
        reader->array_begun = false;
        if (slot.size > 0)
            return give_array_item(reader, token);
    }
    return give_value(reader, slot.size == 0 ? BINXML_NULL : slot.type,
                      slot.chunk->bytes + slot.offset, slot.size, token);
}

/* One UTF-16 unit, or one of the five entities of XML, is a string like any other. */
static int read_character(struct xml_reader *reader, struct xml_token *token)
{
    const uint8_t *unit = take(reader, 2);

    return unit ? give_value(reader, BINXML_STRING, unit, 2, token) : -EBADMSG;
}

static int read_entity(struct xml_reader *reader, struct xml_token *token)
{
    static const struct {
        const char *name; /* in UTF-16 */
        uint8_t size, character[2];
    } entities[] = {
        {"a\0m\0p", 6, {'&'}},    {"l\0t", 4, {'<'}},        {"g\0t", 4, {'>'}},
        {"q\0u\0o\0t", 8, {'"'}}, {"a\0p\0o\0s", 8, {'\''}},
    };
    int r = take_name(reader, token);

    if (r < 0)
        return r;
    for (size_t i = 0; i < ARRAY_SIZE(entities); i++)
        if (token->size == entities[i].size &&
            memcmp(token->bytes, entities[i].name, token->size) == 0)
            return give_value(reader, BINXML_STRING, entities[i].character, 2, token);
    return give_value(reader, BINXML_STRING, token->bytes, token->size, token);
}

static int read_counted_text(struct xml_reader *reader, const uint8_t **text, uint32_t *size)
{
    const uint8_t *units = take(reader, 2);

    if (!units)
        return -EBADMSG;
    *size = 2u * load_le16(units);
    *text = take(reader, *size);
    return *text ? 0 : -EBADMSG;
}

static int read_cdata(struct xml_reader *reader, struct xml_token *token)
{
    const uint8_t *text;
    uint32_t size;
    int r = read_counted_text(reader, &text, &size);

    return r < 0 ? r : give_value(reader, BINXML_STRING, text, size, token);
}

static int skip_pi_data(struct xml_reader *reader)
{
    const uint8_t *text;
    uint32_t size;

    return read_counted_text(reader, &text, &size);
}

/* ---- elements ---- */

/* Whether a size and a name's offset stand at `skip` bytes from the frame's position. */
static bool is_element_at(struct xml_reader *reader, uint32_t skip)
{
    const struct xml_frame *frame = top(reader);
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
    take(reader, dependency + sizeof(le32));
    r = take_name(reader, token);
    if (r < 0)
        return r;
    if (has_attributes && !take(reader, sizeof(le32))) /* size of the attributes */
        return -EBADMSG;
    token->kind = XML_ELEMENT;
    reader->elements++;
    reader->in_start = true;
    return 1;
}

static int read_attribute(struct xml_reader *reader, struct xml_token *token)
{
    int r = reader->in_start ? take_name(reader, token) : -EBADMSG;

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
    if (reader->elements == top(reader)->elements || reader->in_start)
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
    const uint8_t *count = take(reader, sizeof(le32));
    uint32_t bytes;

    if (!count)
        return -EBADMSG;
    frame->slots = frame->slots_before = (uint32_t)reader->slots.count;
    frame->slot_count = load_le32(count);
    if (MUL_OVERFLOW(frame->slot_count, sizeof(struct evtx_value_descriptor), &bytes))
        return -EBADMSG;
    const struct evtx_value_descriptor *descriptors = (const void *)take(reader, bytes);
    if (!descriptors || !spend(reader, frame->slot_count))
        return -EBADMSG;
    for (uint32_t i = 0; i < frame->slot_count; i++) {
        struct xml_slot *slot = vector_push(&reader->slots);
        if (!slot)
            return -ENOMEM;
        slot->chunk = top(reader)->chunk;
        slot->offset = top(reader)->position;
        slot->size = get_le16(descriptors[i].size);
        slot->type = descriptors[i].type;
        if (!take(reader, slot->size))
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

    inside->chunk = top(reader)->chunk;
    definition = definition_at(inside->chunk, offset, id);
    if (!definition) {
        if (!spend(reader, FIND_COST))
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
    const uint8_t *fields = take(reader, sizeof(struct evtx_template_instance) - 1);

    if (!fields || reader->in_start)
        return -EBADMSG;
    const struct evtx_template_instance *instance = (const void *)(fields - 1);
    uint32_t offset = get_le32(instance->definition);
    int r = find_definition(reader, get_le32(instance->id), offset, &inside);
    if (r < 0)
        return r;
    bool is_inline = inside.chunk == top(reader)->chunk && offset == top(reader)->position &&
                     inside.position == offset + sizeof(struct evtx_template_definition);
    if (is_inline && !take(reader, inside.end - offset))
        return -EBADMSG;
    r = read_slots(reader, &inside);
    return r < 0 ? r : push(reader, inside);
}

/* ---- the sequence ---- */

static int leave_frame(struct xml_reader *reader)
{
    const struct xml_frame *frame = top(reader);

    if (reader->elements != frame->elements)
        return -EBADMSG;
    reader->slots.count = frame->slots_before;
    reader->frame_count--;
    return 0;
}

/* 1 a token was made, 0 nothing to tell yet. */
static int read_token(struct xml_reader *reader, struct xml_token *token)
{
    const uint8_t *code = take(reader, 1);

    if (!code || !spend(reader, 1))
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
        return read_value(reader, token);
    case BINXML_ATTRIBUTE:
        return read_attribute(reader, token);
    case BINXML_CDATA:
        return read_cdata(reader, token);
    case BINXML_CHARACTER:
        return read_character(reader, token);
    case BINXML_ENTITY:
        return read_entity(reader, token);
    case BINXML_PI_TARGET:
        return take_name(reader, token);
    case BINXML_PI_DATA:
        return skip_pi_data(reader);
    case BINXML_TEMPLATE_INSTANCE:
        return read_template(reader);
    case BINXML_SUBSTITUTION:
    case BINXML_OPTIONAL_SUBSTITUTION:
        return read_substitution(reader, token);
    case BINXML_FRAGMENT_HEADER:
        return take(reader, BINXML_FRAGMENT_HEADER_SIZE - 1) ? 0 : -EBADMSG;
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
        return give_array_item(reader, token);
    while (r == 0 && reader->frame_count > 0) {
        const struct xml_frame *frame = top(reader);
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

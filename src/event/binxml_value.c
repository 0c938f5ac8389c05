/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Values of binary XML: literals, substitutions with their arrays, characters and entities. */
#include "event/binxml_private.h"

#include "base/checked.h"
#include "event/evtx_format.h"

#include <errno.h>
#include <string.h>

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
    if (!xml_spend(reader, size / 16))
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

int xml_give_array_item(struct xml_reader *reader, struct xml_token *token)
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
int xml_read_value(struct xml_reader *reader, struct xml_token *token)
{
    const uint8_t *type = xml_take(reader, 1), *bytes;
    uint32_t size;

    if (!type)
        return -EBADMSG;
    if (*type == BINXML_STRING) {
        const uint8_t *units = xml_take(reader, 2);
        if (!units)
            return -EBADMSG;
        size = 2u * load_le16(units);
    } else {
        size = fixed_size(*type);
        if (size == 0 && *type != BINXML_NULL)
            return -EBADMSG;
    }
    bytes = xml_take(reader, size);
    return bytes ? give_value(reader, *type, bytes, size, token) : -EBADMSG;
}

/* Nested binary XML takes part in the element that it is put in. */
static int enter_value(struct xml_reader *reader, const struct xml_slot *slot)
{
    if (reader->in_attribute)
        return -EBADMSG;
    return xml_push(reader, (struct xml_frame){.chunk = slot->chunk,
                                               .position = slot->offset,
                                               .end = slot->offset + slot->size,
                                               .slots_before = (uint32_t)reader->slots.count});
}

int xml_read_substitution(struct xml_reader *reader, struct xml_token *token)
{
    struct xml_frame *frame = xml_top(reader);
    const uint8_t *field =
        xml_take(reader, 3); /* le16 index, u8 type: the value's own type counts */

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
            return xml_give_array_item(reader, token);
    }
    return give_value(reader, slot.size == 0 ? BINXML_NULL : slot.type,
                      slot.chunk->bytes + slot.offset, slot.size, token);
}

/* One UTF-16 unit, or one of the five entities of XML, is a string like any other. */
int xml_read_character(struct xml_reader *reader, struct xml_token *token)
{
    const uint8_t *unit = xml_take(reader, 2);

    return unit ? give_value(reader, BINXML_STRING, unit, 2, token) : -EBADMSG;
}

int xml_read_entity(struct xml_reader *reader, struct xml_token *token)
{
    static const struct {
        const char *name; /* in UTF-16 */
        uint8_t size, character[2];
    } entities[] = {
        {"a\0m\0p", 6, {'&'}},    {"l\0t", 4, {'<'}},        {"g\0t", 4, {'>'}},
        {"q\0u\0o\0t", 8, {'"'}}, {"a\0p\0o\0s", 8, {'\''}},
    };
    int r = xml_take_name(reader, token);

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
    const uint8_t *units = xml_take(reader, 2);

    if (!units)
        return -EBADMSG;
    *size = 2u * load_le16(units);
    *text = xml_take(reader, *size);
    return *text ? 0 : -EBADMSG;
}

int xml_read_cdata(struct xml_reader *reader, struct xml_token *token)
{
    const uint8_t *text;
    uint32_t size;
    int r = read_counted_text(reader, &text, &size);

    return r < 0 ? r : give_value(reader, BINXML_STRING, text, size, token);
}

int xml_skip_data(struct xml_reader *reader)
{
    const uint8_t *text;
    uint32_t size;

    return read_counted_text(reader, &text, &size);
}

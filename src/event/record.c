/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "event/record.h"

#include "base/checked.h"
#include "event/evtx_format.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A chunk holds 64 KiB: twice as much for text in hexadecimal, and room for shared templates. */
#define POOL_SIZE  ((size_t)512 << 10)
#define VALUES_MAX 32768 /* items of the longest array that fits into a chunk */

int record_reader_init(struct record_reader *reader)
{
    *reader = (struct record_reader){.names = malloc(EVTX_CHUNK_SIZE)};
    int r = text_pool_init(&reader->pool, POOL_SIZE);
    return reader->names ? r : -ENOMEM;
}

void record_reader_free(struct record_reader *reader)
{
    xml_reader_free(&reader->xml);
    text_pool_free(&reader->pool);
    vector_free(&reader->values);
    free(reader->names);
}

void record_reader_set_chunk(struct record_reader *reader, const uint8_t *chunk,
                             uint32_t chunk_size, uint32_t *budget)
{
    reader->xml.chunk = (struct xml_chunk){chunk, chunk_size};
    reader->xml.budget = budget;
    memset(reader->names, NAME_UNKNOWN, EVTX_CHUNK_SIZE);
}

/* ---- names ---- */

static const char *const known_names[] = {
    [NAME_SYSTEM] = "System",
    [NAME_EVENT_DATA] = "EventData",
    [NAME_USER_DATA] = "UserData",
    [NAME_RENDERING_INFO] = "RenderingInfo",
    [NAME_DATA] = "Data",
    [NAME_NAME] = "Name",
    [NAME_PROVIDER] = "Provider",
    [NAME_GUID] = "Guid",
    [NAME_EVENT_SOURCE_NAME] = "EventSourceName",
    [NAME_EVENT_ID] = "EventID",
    [NAME_QUALIFIERS] = "Qualifiers",
    [NAME_VERSION] = "Version",
    [NAME_LEVEL] = "Level",
    [NAME_TASK] = "Task",
    [NAME_OPCODE] = "Opcode",
    [NAME_KEYWORDS] = "Keywords",
    [NAME_TIME_CREATED] = "TimeCreated",
    [NAME_SYSTEM_TIME] = "SystemTime",
    [NAME_EVENT_RECORD_ID] = "EventRecordID",
    [NAME_EXECUTION] = "Execution",
    [NAME_PROCESS_ID] = "ProcessID",
    [NAME_THREAD_ID] = "ThreadID",
    [NAME_CHANNEL] = "Channel",
    [NAME_COMPUTER] = "Computer",
    [NAME_SECURITY] = "Security",
    [NAME_USER_ID] = "UserID",
};

static bool begins_with(const uint8_t *utf16, uint32_t size, const char *ascii, size_t length)
{
    if (size < 2 * length)
        return false;
    for (size_t i = 0; i < length; i++)
        if (utf16[2 * i] != (uint8_t)ascii[i] || utf16[2 * i + 1] != 0)
            return false;
    return true;
}

static enum record_name look_up_name(const struct xml_token *token)
{
    /* "xmlns" and "xmlns:prefix" alike: declarations are no data */
    if (begins_with(token->bytes, token->size, "xmlns", 5))
        return NAME_XMLNS;
    for (size_t i = 0; i < ARRAY_SIZE(known_names); i++) {
        size_t length = known_names[i] ? strlen(known_names[i]) : 0;
        if (length > 0 && token->size == 2 * length &&
            begins_with(token->bytes, token->size, known_names[i], length))
            return (enum record_name)i;
    }
    return NAME_OTHER;
}

/* A name stands once in a chunk and is used over and over: it is compared once. */
static enum record_name name_of(struct record_reader *reader, const struct xml_token *token)
{
    uintptr_t place = (uintptr_t)token->bytes - (uintptr_t)reader->xml.chunk.bytes;

    if (place >= EVTX_CHUNK_SIZE) /* in another chunk */
        return look_up_name(token);
    uint8_t *name = &reader->names[place];
    if (*name == NAME_UNKNOWN)
        *name = (uint8_t)look_up_name(token);
    return *name;
}

/* ---- System ---- */

enum field_kind {
    FIELD_TEXT,
    FIELD_U8,
    FIELD_U16,
    FIELD_U32,
    FIELD_U64,
    FIELD_TIME,
    FIELD_GUID,
    FIELD_ID
};

#define FIELD(element, attribute, kind, member)                                                    \
    {                                                                                              \
        NAME_##element, NAME_##attribute, FIELD_##kind, offsetof(struct event_record, member)      \
    }
#define NAME_TEXT NAME_UNKNOWN /* no attribute: the element's text */

static const struct field {
    uint8_t element, attribute, kind;
    size_t place;
} fields[] = {
    FIELD(PROVIDER, NAME, TEXT, provider),
    FIELD(PROVIDER, GUID, GUID, provider_guid),
    FIELD(PROVIDER, EVENT_SOURCE_NAME, TEXT, source_name),
    FIELD(EVENT_ID, TEXT, ID, event_id),
    FIELD(EVENT_ID, QUALIFIERS, U16, qualifiers),
    FIELD(VERSION, TEXT, U8, version),
    FIELD(LEVEL, TEXT, U8, level),
    FIELD(TASK, TEXT, U16, task),
    FIELD(OPCODE, TEXT, U8, opcode),
    FIELD(KEYWORDS, TEXT, U64, keywords),
    FIELD(TIME_CREATED, SYSTEM_TIME, TIME, time),
    FIELD(EVENT_RECORD_ID, TEXT, U64, record_id),
    FIELD(EXECUTION, PROCESS_ID, U32, process_id),
    FIELD(EXECUTION, THREAD_ID, U32, thread_id),
    FIELD(CHANNEL, TEXT, TEXT, channel),
    FIELD(COMPUTER, TEXT, TEXT, computer),
    FIELD(SECURITY, USER_ID, TEXT, user_sid),
};

static const struct field *find_field(enum record_name element, enum record_name attribute)
{
    for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
        if (fields[i].element == element && fields[i].attribute == attribute)
            return &fields[i];
    return NULL;
}

static void set_number(struct event_record *record, const struct field *field, uint64_t number)
{
    char *place = (char *)record + field->place;

    switch (field->kind) {
    case FIELD_U8:
        *(uint8_t *)place = (uint8_t)number;
        break;
    case FIELD_ID: /* a classic id may stand whole */
        if (number > UINT16_MAX)
            record->qualifiers = (uint16_t)(number >> 16);
        *(uint16_t *)place = (uint16_t)number;
        break;
    case FIELD_U16:
        *(uint16_t *)place = (uint16_t)number;
        break;
    case FIELD_U32:
        *(uint32_t *)place = (uint32_t)number;
        break;
    default:
        *(uint64_t *)place = number;
    }
}

static void set_field(struct record_reader *reader, const struct field *field,
                      const struct xml_token *value)
{
    struct event_record *record = &reader->record;
    filetime time;
    uint64_t number;

    switch (field->kind) {
    case FIELD_TEXT:
        value_append(&reader->pool, value);
        break;
    case FIELD_GUID:
        record->has_provider_guid = value_guid(value, &record->provider_guid);
        break;
    case FIELD_TIME:
        if (value_time(value, &time))
            record->time = time;
        break;
    default:
        if (value_number(value, &number))
            set_number(record, field, number);
    }
}

/* A text field gets its string now, to which its values are then appended. */
static const struct field *begin_field(struct record_reader *reader, enum record_name element,
                                       enum record_name attribute)
{
    const struct field *field = find_field(element, attribute);

    if (field && field->kind == FIELD_TEXT) {
        char *place = (char *)&reader->record + field->place;
        *(const char **)place = text_pool_begin(&reader->pool);
    }
    return field;
}

static bool open_element(struct record_reader *reader, const struct xml_token *token)
{
    if (reader->depth == BINXML_ELEMENTS)
        return false;
    if (reader->depth > 0)
        reader->elements[reader->depth - 1].has_children = true;
    reader->elements[reader->depth++] = (struct record_element){
        .text = token->bytes, .text_size = token->size, .name = name_of(reader, token)};
    return true;
}

/* The name of the open element at that depth, Event being at 1. */
static enum record_name name_at_depth(const struct record_reader *reader, unsigned depth)
{
    return reader->depth >= depth ? reader->elements[depth - 1].name : NAME_OTHER;
}

/* System is at depth 2, its fields at 3. */
static int read_fields(struct record_reader *reader)
{
    enum record_name element = NAME_OTHER;
    const struct field *field = NULL;
    bool in_text = false;
    struct xml_token token;
    int r;

    while ((r = xml_next(&reader->xml, &token)) > 0) {
        switch (token.kind) {
        case XML_ELEMENT:
            if (!open_element(reader, &token))
                return -EBADMSG;
            element = reader->depth == 3 && name_at_depth(reader, 2) == NAME_SYSTEM
                          ? name_at_depth(reader, 3)
                          : NAME_OTHER;
            in_text = false;
            break;
        case XML_ATTRIBUTE:
            field = begin_field(reader, element, name_of(reader, &token));
            break;
        case XML_VALUE:
            if (!token.of_attribute && !in_text) {
                field = begin_field(reader, element, NAME_TEXT);
                in_text = true;
            }
            if (field)
                set_field(reader, field, &token);
            break;
        case XML_CLOSE:
            element = NAME_OTHER;
            if (reader->depth-- == 2 && reader->elements[1].name == NAME_SYSTEM)
                return 0;
            break;
        }
    }
    return r < 0 ? r : -EBADMSG;
}

int record_read_system(struct record_reader *reader, uint32_t offset)
{
    const struct evtx_record_header *header = (const void *)(reader->xml.chunk.bytes + offset);
    uint32_t end = offset + get_le32(header->size) - (uint32_t)sizeof(le32);

    text_pool_reset(&reader->pool);
    reader->values.count = 0;
    reader->depth = 0;
    reader->record = (struct event_record){
        .time = get_le64(header->written),
        .written = get_le64(header->written),
        .record_id = get_le64(header->id),
        .provider = "",
        .source_name = "",
        .channel = "",
        .computer = "",
        .user_sid = "",
    };
    xml_reader_start(&reader->xml, offset + (uint32_t)sizeof(*header), end);
    int r = read_fields(reader);
    reader->record.damaged = r == -EBADMSG;
    return r;
}

/* ---- values ---- */

/* What is known of the value that is being read. */
struct pending {
    const char *name; /* NULL none */
    const char *text; /* NULL: nothing yet */
    enum { PART_NONE, PART_NAME, PART_OTHER } attribute;
};

static int add_value(struct record_reader *reader, const char *name, const char *text)
{
    if (reader->values.count == VALUES_MAX) {
        reader->pool.full = true;
        return 0;
    }
    struct event_value *value = vector_push(&reader->values);
    if (!value)
        return -ENOMEM;
    *value = (struct event_value){name, text ? text : ""};
    return 0;
}

static const char *name_text(struct record_reader *reader, const uint8_t *name, uint32_t size)
{
    const char *text = text_pool_begin(&reader->pool);

    text_pool_append_utf16(&reader->pool, name, size);
    return text;
}

/* The name of a leaf: its Name; else the element's own, unless that is EventData's plain Data. */
static const char *leaf_name(struct record_reader *reader, const struct pending *pending)
{
    const struct record_element *leaf = &reader->elements[reader->depth - 1];

    if (pending->name)
        return pending->name;
    return leaf->name == NAME_DATA ? NULL : name_text(reader, leaf->text, leaf->text_size);
}

static bool is_leaf(const struct record_reader *reader, const struct pending *pending)
{
    enum record_name section = name_at_depth(reader, 2);

    if (reader->depth < 3 || reader->elements[reader->depth - 1].has_children ||
        section == NAME_RENDERING_INFO)
        return false;
    /* An empty payload is an element of its own below UserData. */
    return reader->depth > 3 || section != NAME_USER_DATA || pending->text;
}

static int end_leaf(struct record_reader *reader, struct pending *pending)
{
    if (!is_leaf(reader, pending))
        return 0;
    const char *name = leaf_name(reader, pending);
    return add_value(reader, name, pending->text);
}

static int take_attribute(struct record_reader *reader, struct pending *pending,
                          const struct xml_token *token)
{
    enum record_name name = name_of(reader, token), section = name_at_depth(reader, 2);

    pending->attribute = PART_NONE;
    if (name == NAME_XMLNS || section == NAME_RENDERING_INFO)
        return 0;
    if (name == NAME_NAME) {
        pending->attribute = PART_NAME;
        pending->name = text_pool_begin(&reader->pool);
        return 0;
    }
    if (section == NAME_EVENT_DATA) /* Type: no data */
        return 0;
    const char *text = name_text(reader, token->bytes, token->size);
    pending->attribute = PART_OTHER;
    return add_value(reader, text, text_pool_begin(&reader->pool));
}

static int take_text(struct record_reader *reader, struct pending *pending,
                     const struct xml_token *value)
{
    int r = 0;

    if (value->of_attribute) {
        if (pending->attribute != PART_NONE)
            value_append(&reader->pool, value);
        return 0;
    }
    if (value->next_item) { /* each item of an array stands in an element of its own */
        r = end_leaf(reader, pending);
        pending->text = NULL;
    }
    if (!pending->text)
        pending->text = text_pool_begin(&reader->pool);
    value_append(&reader->pool, value);
    return r;
}

static int read_values(struct record_reader *reader)
{
    struct pending pending = {0};
    struct xml_token token;
    int r;

    while ((r = xml_next(&reader->xml, &token)) > 0) {
        switch (token.kind) {
        case XML_ELEMENT:
            if (!open_element(reader, &token))
                return -EBADMSG;
            pending = (struct pending){0};
            break;
        case XML_ATTRIBUTE:
            r = take_attribute(reader, &pending, &token);
            break;
        case XML_VALUE:
            r = take_text(reader, &pending, &token);
            break;
        case XML_CLOSE:
            r = end_leaf(reader, &pending);
            pending = (struct pending){0};
            reader->depth--;
            break;
        }
        if (r < 0)
            return r;
    }
    return r;
}

int record_read_values(struct record_reader *reader)
{
    int r = read_values(reader);

    reader->record.damaged |= r == -EBADMSG || reader->pool.full;
    reader->record.values = reader->values.items;
    reader->record.value_count = reader->values.count;
    return r == -EBADMSG ? 0 : r;
}

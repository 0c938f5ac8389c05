/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "evtx_writer.h"

#include "base/checked.h"
#include "base/crc.h"
#include "base/guid.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "base/vector.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EVENT_NAMESPACE "http://schemas.microsoft.com/win/2004/08/events/event"
#define VML_NAMESPACE   "http://www.microsoft.com/Windows/Virtualization/Events"
#define NO_DEPENDENCY   0xFFFF

static void *must(void *p)
{
    if (!p) {
        fprintf(stderr, "evtx_writer: out of memory\n");
        abort();
    }
    return p;
}

static void refuse(const char *why)
{
    fprintf(stderr, "evtx_writer: %s\n", why);
    abort();
}

/* ---- a chunk in the making ---- */

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

struct evtx_writer {
    struct evtx_recipe recipe;
    struct chunk chunk;
    uint8_t before[EVTX_CHUNK_SIZE]; /* the chunk; zeros behind the header unless slack is kept */
    uint8_t *file;
    size_t size, capacity;
    uint64_t chunk_count; /* ever flushed: some were overwritten since */
    uint64_t next_id;
    filetime last_time;
    bool finished;
};

static void put(struct chunk *chunk, const void *bytes, size_t size)
{
    if (size > sizeof(chunk->bytes) - chunk->used)
        refuse("a record is larger than a chunk");
    memcpy(chunk->bytes + chunk->used, bytes, size);
    chunk->used += (uint32_t)size;
}

static void put_u8(struct chunk *chunk, unsigned v)
{
    put(chunk, &(uint8_t){(uint8_t)v}, 1);
}

static void put_u16(struct chunk *chunk, unsigned v)
{
    uint8_t b[2];

    store_le16(b, (uint16_t)v);
    put(chunk, b, sizeof(b));
}

static void put_u32(struct chunk *chunk, uint32_t v)
{
    uint8_t b[4];

    store_le32(b, v);
    put(chunk, b, sizeof(b));
}

/* A size that is known only when what follows has been written. */
static uint32_t put_size(struct chunk *chunk)
{
    put_u32(chunk, 0);
    return chunk->used;
}

static void set_size(struct chunk *chunk, uint32_t start)
{
    store_le32(chunk->bytes + start - 4, chunk->used - start);
}

static const struct resident *find_resident(const residents *list, const char *key)
{
    for (size_t i = list->count; i-- > 0;)
        if (strcmp(list->items[i].key, key) == 0)
            return &list->items[i];
    return NULL;
}

static void add_resident(residents *list, const char *key, uint32_t id, uint32_t offset)
{
    struct resident *r = must(vector_push(list));

    *r = (struct resident){must(strdup(key)), id, offset};
}

static void cut_residents(residents *list, size_t count)
{
    while (list->count > count)
        free(list->items[--list->count].key);
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

static uint32_t bucket_head(const struct chunk *chunk, size_t table, unsigned bucket)
{
    return load_le32(chunk->bytes + table + 4 * bucket);
}

#define STRINGS_TABLE   offsetof(struct evtx_chunk_header, strings)
#define TEMPLATES_TABLE offsetof(struct evtx_chunk_header, templates)

static void put_name(struct chunk *chunk, const char *name)
{
    const struct resident *there = find_resident(&chunk->names, name);
    size_t size;

    if (there) {
        put_u32(chunk, there->offset);
        return;
    }
    uint8_t *utf16 = must(text_to_utf16le(name, &size));
    uint16_t hash = hash_name(utf16, size);
    uint32_t offset = chunk->used + 4;
    put_u32(chunk, offset);
    put_u32(chunk, bucket_head(chunk, STRINGS_TABLE, hash % 64));
    put_u16(chunk, hash);
    put_u16(chunk, (unsigned)(size / 2));
    put(chunk, utf16, size);
    put_u16(chunk, 0);
    free(utf16);
    store_le32(chunk->bytes + STRINGS_TABLE + 4 * (hash % 64), offset);
    add_resident(&chunk->names, name, hash, offset);
}

/* An element that is open: where its size and, with attributes, their size begin to count. */
struct element {
    uint32_t size_from, attributes_from;
};

static struct element open_element(struct chunk *chunk, const char *name, unsigned dependency,
                                   bool attributes)
{
    struct element e = {0};

    put_u8(chunk, BINXML_OPEN_START | (attributes ? BINXML_MORE : 0));
    put_u16(chunk, dependency);
    e.size_from = put_size(chunk);
    put_name(chunk, name);
    if (attributes)
        e.attributes_from = put_size(chunk);
    return e;
}

static void end_attributes(struct chunk *chunk, const struct element *e)
{
    if (e->attributes_from > 0)
        set_size(chunk, e->attributes_from);
}

static void close_empty(struct chunk *chunk, const struct element *e)
{
    end_attributes(chunk, e);
    put_u8(chunk, BINXML_CLOSE_EMPTY);
    set_size(chunk, e->size_from);
}

static void close_start(struct chunk *chunk, const struct element *e)
{
    end_attributes(chunk, e);
    put_u8(chunk, BINXML_CLOSE_START);
}

static void close_element(struct chunk *chunk, const struct element *e)
{
    put_u8(chunk, BINXML_END_ELEMENT);
    set_size(chunk, e->size_from);
}

static void put_attribute(struct chunk *chunk, const char *name, bool more)
{
    put_u8(chunk, BINXML_ATTRIBUTE | (more ? BINXML_MORE : 0));
    put_name(chunk, name);
}

static void put_literal(struct chunk *chunk, const char *text)
{
    size_t size;
    uint8_t *utf16 = must(text_to_utf16le(text, &size));

    put_u8(chunk, BINXML_VALUE);
    put_u8(chunk, BINXML_STRING);
    put_u16(chunk, (unsigned)(size / 2));
    put(chunk, utf16, size);
    free(utf16);
}

static void put_substitution(struct chunk *chunk, unsigned token, unsigned index, unsigned type)
{
    put_u8(chunk, token);
    put_u16(chunk, index);
    put_u8(chunk, type);
}

static void put_fragment_header(struct chunk *chunk)
{
    put(chunk, "\x0F\x01\x01\x00", BINXML_FRAGMENT_HEADER_SIZE);
}

/* ---- definitions ---- */

/* The substitution values of the outer template; Windows has an order much like it. */
enum slot {
    SLOT_LEVEL,
    SLOT_OPCODE,
    SLOT_TASK,
    SLOT_ID,
    SLOT_QUALIFIERS,
    SLOT_KEYWORDS,
    SLOT_TIME,
    SLOT_ACTIVITY,
    SLOT_PROCESS,
    SLOT_THREAD,
    SLOT_RECORD,
    SLOT_VERSION,
    SLOT_USER,
    SLOT_RELATED,
    SLOT_PROVIDER,
    SLOT_GUID,
    SLOT_CHANNEL,
    SLOT_SOURCE,
    SLOT_PAYLOAD,
    SLOTS
};

static void put_slot(struct chunk *chunk, enum slot slot, unsigned type)
{
    put_substitution(chunk, BINXML_OPTIONAL_SUBSTITUTION, slot, type);
}

static void put_slot_attribute(struct chunk *chunk, const char *name, enum slot slot, unsigned type,
                               bool more)
{
    put_attribute(chunk, name, more);
    put_slot(chunk, slot, type);
}

static void put_slot_element(struct chunk *chunk, const char *name, enum slot slot, unsigned type)
{
    struct element e = open_element(chunk, name, slot, false);

    close_start(chunk, &e);
    put_slot(chunk, slot, type);
    close_element(chunk, &e);
}

static void put_system_definition(struct chunk *chunk, const struct evtx_event *event)
{
    bool payload = event->payload != EVTX_NONE;
    struct element root =
        open_element(chunk, "Event", payload ? SLOT_PAYLOAD : NO_DEPENDENCY, true);
    struct element system, e;

    put_attribute(chunk, "xmlns", false);
    put_literal(chunk, EVENT_NAMESPACE);
    close_start(chunk, &root);
    system = open_element(chunk, "System", NO_DEPENDENCY, false);
    close_start(chunk, &system);

    e = open_element(chunk, "Provider", NO_DEPENDENCY, true);
    put_slot_attribute(chunk, "Name", SLOT_PROVIDER, BINXML_STRING, true);
    put_slot_attribute(chunk, "Guid", SLOT_GUID, BINXML_GUID, true);
    put_slot_attribute(chunk, "EventSourceName", SLOT_SOURCE, BINXML_STRING, false);
    close_empty(chunk, &e);
    e = open_element(chunk, "EventID", SLOT_ID, true);
    put_slot_attribute(chunk, "Qualifiers", SLOT_QUALIFIERS, BINXML_UINT16, false);
    close_start(chunk, &e);
    put_slot(chunk, SLOT_ID, BINXML_UINT16);
    close_element(chunk, &e);
    put_slot_element(chunk, "Version", SLOT_VERSION, BINXML_UINT8);
    put_slot_element(chunk, "Level", SLOT_LEVEL, BINXML_UINT8);
    put_slot_element(chunk, "Task", SLOT_TASK, BINXML_UINT16);
    put_slot_element(chunk, "Opcode", SLOT_OPCODE, BINXML_UINT8);
    put_slot_element(chunk, "Keywords", SLOT_KEYWORDS, BINXML_HEX64);
    e = open_element(chunk, "TimeCreated", NO_DEPENDENCY, true);
    put_slot_attribute(chunk, "SystemTime", SLOT_TIME, BINXML_FILETIME, false);
    close_empty(chunk, &e);
    put_slot_element(chunk, "EventRecordID", SLOT_RECORD, BINXML_UINT64);
    e = open_element(chunk, "Correlation", NO_DEPENDENCY, true);
    put_slot_attribute(chunk, "ActivityID", SLOT_ACTIVITY, BINXML_GUID, true);
    put_slot_attribute(chunk, "RelatedActivityID", SLOT_RELATED, BINXML_GUID, false);
    close_empty(chunk, &e);
    e = open_element(chunk, "Execution", NO_DEPENDENCY, true);
    put_slot_attribute(chunk, "ProcessID", SLOT_PROCESS, BINXML_UINT32, true);
    put_slot_attribute(chunk, "ThreadID", SLOT_THREAD, BINXML_UINT32, false);
    close_empty(chunk, &e);
    put_slot_element(chunk, "Channel", SLOT_CHANNEL, BINXML_STRING);
    e = open_element(chunk, "Computer", NO_DEPENDENCY, false);
    close_start(chunk, &e);
    put_literal(chunk, event->computer);
    close_element(chunk, &e);
    e = open_element(chunk, "Security", NO_DEPENDENCY, true);
    put_slot_attribute(chunk, "UserID", SLOT_USER, BINXML_SID, false);
    close_empty(chunk, &e);

    close_element(chunk, &system);
    if (payload)
        put_slot(chunk, SLOT_PAYLOAD, BINXML_BINXML);
    close_element(chunk, &root);
}

static unsigned field_type(const struct evtx_field *field)
{
    return field->type == BINXML_NULL ? BINXML_STRING : field->type;
}

static void put_value_element(struct chunk *chunk, const char *element, const char *name,
                              unsigned index, unsigned type)
{
    struct element e = open_element(chunk, element, NO_DEPENDENCY, name != NULL);

    if (name) {
        put_attribute(chunk, "Name", false);
        put_literal(chunk, name);
    }
    close_start(chunk, &e);
    put_substitution(chunk, BINXML_SUBSTITUTION, index, type);
    close_element(chunk, &e);
}

/* An element whose whole content is one value, left out when that is null. */
static void put_optional_element(struct chunk *chunk, const char *element, unsigned index,
                                 unsigned type)
{
    struct element e = open_element(chunk, element, index, false);

    close_start(chunk, &e);
    put_substitution(chunk, BINXML_OPTIONAL_SUBSTITUTION, index, type);
    close_element(chunk, &e);
}

/* What ReportEvent() leaves: the inserts, the size of the data, the data. */
enum { CLASSIC_INSERTS, CLASSIC_SIZE, CLASSIC_DATA, CLASSIC_VALUES };

static void put_event_data_definition(struct chunk *chunk, const struct evtx_event *event)
{
    struct element data = open_element(chunk, "EventData", NO_DEPENDENCY, false);
    unsigned index = 0;

    close_start(chunk, &data);
    if (event->payload == EVTX_CLASSIC) {
        put_value_element(chunk, "Data", NULL, CLASSIC_INSERTS, BINXML_STRING | BINXML_ARRAY);
        put_optional_element(chunk, "Binary", CLASSIC_DATA, BINXML_BINARY);
    } else {
        for (; index < event->field_count; index++)
            put_value_element(chunk, "Data", event->fields[index].name, index,
                              field_type(&event->fields[index]));
        if (event->binary)
            put_optional_element(chunk, "Binary", index, BINXML_BINARY);
    }
    close_element(chunk, &data);
}

static void put_user_data_definition(struct chunk *chunk, const struct evtx_event *event)
{
    struct element user = open_element(chunk, "UserData", NO_DEPENDENCY, false);
    close_start(chunk, &user);
    struct element payload = open_element(
        chunk, event->user_element ? event->user_element : "VmlEventLog", NO_DEPENDENCY, true);

    put_attribute(chunk, "xmlns:auto-ns2", true);
    put_literal(chunk, "http://schemas.microsoft.com/win/2004/08/events");
    put_attribute(chunk, "xmlns", false);
    put_literal(chunk, event->user_namespace ? event->user_namespace : VML_NAMESPACE);
    close_start(chunk, &payload);
    for (unsigned i = 0; i < event->field_count; i++)
        put_value_element(chunk, event->fields[i].name, NULL, i, field_type(&event->fields[i]));
    close_element(chunk, &payload);
    close_element(chunk, &user);
}

/* All that makes one payload's definition differ from another's. */
static void payload_key(struct strbuf *key, const struct evtx_event *event)
{
    strbuf_printf(key, "%d %s %s %d", event->payload,
                  event->user_element ? event->user_element : "",
                  event->user_namespace ? event->user_namespace : "", event->binary != NULL);
    if (event->payload != EVTX_CLASSIC)
        for (size_t i = 0; i < event->field_count; i++)
            strbuf_printf(key, "\n%s %u", event->fields[i].name ? event->fields[i].name : "",
                          field_type(&event->fields[i]));
}

typedef void put_definition(struct chunk *, const struct evtx_event *);

/* An instance up to its values; the definition stands in the first one of the chunk. */
static void put_instance(struct chunk *chunk, const char *key, put_definition *definition,
                         const struct evtx_event *event)
{
    static const uint8_t rest_of_guid[12] = {0x6d, 0xfd, 0x5f, 0x41, 0xf4, 0xaa,
                                             0xa2, 0x06, 0x34, 0xc5, 0x96, 0x04};
    const struct resident *there = find_resident(&chunk->templates, key);
    uint32_t id = crc32_zeroed(key, strlen(key), strlen(key));

    put_u8(chunk, BINXML_TEMPLATE_INSTANCE);
    put_u8(chunk, 1);
    put_u32(chunk, id);
    if (there) {
        put_u32(chunk, there->offset);
        return;
    }
    uint32_t offset = chunk->used + 4;
    put_u32(chunk, offset);
    put_u32(chunk, bucket_head(chunk, TEMPLATES_TABLE, id % 32));
    put_u32(chunk, id);
    put(chunk, rest_of_guid, sizeof(rest_of_guid));
    uint32_t from = put_size(chunk);
    put_fragment_header(chunk);
    definition(chunk, event);
    put_u8(chunk, BINXML_END);
    set_size(chunk, from);
    store_le32(chunk->bytes + TEMPLATES_TABLE + 4 * (id % 32), offset);
    add_resident(&chunk->templates, key, id, offset);
}

/* ---- values ---- */

static void put_le(struct chunk *chunk, uint64_t v, size_t size)
{
    uint8_t b[8];

    store_le64(b, v);
    put(chunk, b, size);
}

static void put_utf16(struct chunk *chunk, const char *text)
{
    size_t size;
    uint8_t *utf16 = must(text_to_utf16le(text, &size));

    put(chunk, utf16, size);
    free(utf16);
}

static void put_guid(struct chunk *chunk, const char *text)
{
    struct guid guid;
    uint8_t b[16];

    if (!guid_parse_string(text, &guid))
        refuse("a value is no GUID");
    guid_to_le(&guid, b);
    put(chunk, b, sizeof(b));
}

static void put_sid(struct chunk *chunk, const char *text)
{
    uint32_t parts[15];
    size_t count = 0;
    char *p;

    if (strncmp(text, "S-1-", 4) != 0)
        refuse("a value is no SID");
    uint64_t authority = strtoull(text + 4, &p, 10);
    while (*p == '-' && count < ARRAY_SIZE(parts))
        parts[count++] = (uint32_t)strtoul(p + 1, &p, 10);
    put_u8(chunk, 1);
    put_u8(chunk, (unsigned)count);
    for (int shift = 40; shift >= 0; shift -= 8)
        put_u8(chunk, authority >> shift & 0xFF);
    for (size_t i = 0; i < count; i++)
        put_u32(chunk, parts[i]);
}

static void put_hex(struct chunk *chunk, const char *text)
{
    unsigned byte;

    for (; sscanf(text, "%2x", &byte) == 1; text += 2)
        put_u8(chunk, byte);
}

static void put_real(struct chunk *chunk, const char *text, enum binxml_type type)
{
    double real = strtod(text, NULL);
    float real32 = (float)real;

    if (type == BINXML_FLOAT)
        put(chunk, &real32, sizeof(real32));
    else
        put(chunk, &real, sizeof(real));
}

static void put_systemtime(struct chunk *chunk, const char *text)
{
    unsigned part[7] = {0};

    if (sscanf(text, "%u-%u-%uT%u:%u:%u.%3u", &part[0], &part[1], &part[2], &part[3], &part[4],
               &part[5], &part[6]) < 6)
        refuse("a value is no time");
    put_u16(chunk, part[0]);
    put_u16(chunk, part[1]);
    put_u16(chunk, 0); /* the day of the week counts for nothing */
    for (int i = 2; i < 7; i++)
        put_u16(chunk, part[i]);
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
        put_le(chunk, text[0] == '-' ? (uint64_t)strtoll(text, NULL, 0) : strtoull(text, NULL, 0),
               integer_sizes[type]);
    else if (type == BINXML_STRING)
        put_utf16(chunk, text);
    else if (type == BINXML_ANSI)
        put(chunk, text, strlen(text) + 1);
    else if (type == BINXML_GUID)
        put_guid(chunk, text);
    else if (type == BINXML_FILETIME)
        put_le(chunk, when_parse(text, NULL, NULL), 8);
    else if (type == BINXML_SYSTEMTIME)
        put_systemtime(chunk, text);
    else if (type == BINXML_SID)
        put_sid(chunk, text);
    else if (type == BINXML_BINARY)
        put_hex(chunk, text);
    else if (type == BINXML_FLOAT || type == BINXML_DOUBLE)
        put_real(chunk, text, type);
    else
        refuse("a type of values that is not written");
}

static void put_array(struct chunk *chunk, const char *text, enum binxml_type type)
{
    char *copy = must(strdup(text)), *rest = copy, *item;

    while ((item = strsep(&rest, "\n"))) {
        put_typed(chunk, item, type);
        if (type == BINXML_STRING)
            put_u16(chunk, 0);
    }
    free(copy);
}

/* Descriptors stand before all values, so that each is filled in when its value was written. */
struct values {
    uint32_t descriptors;
    unsigned index;
};

static struct values begin_values(struct chunk *chunk, unsigned count)
{
    put_u32(chunk, count);
    struct values values = {.descriptors = chunk->used};
    for (unsigned i = 0; i < count; i++)
        put_u32(chunk, 0);
    return values;
}

static void end_value(struct chunk *chunk, struct values *values, uint32_t start, unsigned type)
{
    uint8_t *descriptor = chunk->bytes + values->descriptors + 4 * values->index++;

    if (chunk->used - start > UINT16_MAX)
        refuse("a value is larger than 65535 bytes");
    store_le16(descriptor, (uint16_t)(chunk->used - start));
    descriptor[2] = (uint8_t)type;
}

static void put_value(struct chunk *chunk, struct values *values, const char *text, unsigned type)
{
    uint32_t start = chunk->used;

    if (text)
        put_typed(chunk, text, type);
    end_value(chunk, values, start, text ? type : BINXML_NULL);
}

static void put_integer(struct chunk *chunk, struct values *values, uint64_t v, unsigned type,
                        size_t size)
{
    uint32_t start = chunk->used;

    put_le(chunk, v, size);
    end_value(chunk, values, start, type);
}

static void put_binary(struct chunk *chunk, struct values *values, const struct evtx_event *event)
{
    uint32_t start = chunk->used;

    put(chunk, event->binary ? event->binary : "", event->binary_size);
    end_value(chunk, values, start, event->binary ? BINXML_BINARY : BINXML_NULL);
}

static void put_inserts(struct chunk *chunk, struct values *values, const struct evtx_event *event)
{
    uint32_t start = chunk->used;

    for (size_t i = 0; i < event->field_count; i++) {
        put_utf16(chunk, event->fields[i].value ? event->fields[i].value : "");
        put_u16(chunk, 0);
    }
    end_value(chunk, values, start, BINXML_STRING | BINXML_ARRAY);
}

static void put_payload(struct chunk *chunk, const struct evtx_event *event)
{
    struct strbuf key = {0};
    bool classic = event->payload == EVTX_CLASSIC;
    unsigned count =
        classic ? CLASSIC_VALUES : (unsigned)event->field_count + (event->binary != NULL);

    payload_key(&key, event);
    put_instance(chunk, strbuf_text(&key),
                 event->payload == EVTX_USER_DATA ? put_user_data_definition
                                                  : put_event_data_definition,
                 event);
    strbuf_free(&key);
    struct values values = begin_values(chunk, count);
    if (classic) {
        put_inserts(chunk, &values, event);
        put_integer(chunk, &values, event->binary_size, BINXML_UINT32, 4);
    } else {
        for (size_t i = 0; i < event->field_count; i++)
            put_value(chunk, &values, event->fields[i].value, field_type(&event->fields[i]));
    }
    if (classic || event->binary)
        put_binary(chunk, &values, event);
}

static void put_system_values(struct chunk *chunk, const struct evtx_event *event)
{
    struct values v = begin_values(chunk, SLOTS);
    bool classic = event->payload == EVTX_CLASSIC;
    bool qualifiers = classic || event->qualifiers != 0;

    put_integer(chunk, &v, event->level, BINXML_UINT8, 1);
    put_integer(chunk, &v, event->opcode, BINXML_UINT8, 1);
    put_integer(chunk, &v, event->task, BINXML_UINT16, 2);
    put_integer(chunk, &v, event->event_id, BINXML_UINT16, 2);
    put_integer(chunk, &v, event->qualifiers, qualifiers ? BINXML_UINT16 : BINXML_NULL,
                qualifiers ? 2 : 0);
    put_integer(chunk, &v, event->keywords, BINXML_HEX64, 8);
    put_integer(chunk, &v, event->time, BINXML_FILETIME, 8);
    put_value(chunk, &v, NULL, BINXML_GUID);
    put_integer(chunk, &v, event->process_id, BINXML_UINT32, 4);
    put_integer(chunk, &v, event->thread_id, BINXML_UINT32, 4);
    put_integer(chunk, &v, event->record_id, BINXML_UINT64, 8);
    put_integer(chunk, &v, event->version, classic ? BINXML_NULL : BINXML_UINT8, classic ? 0 : 1);
    put_value(chunk, &v, event->user_sid, BINXML_SID);
    put_value(chunk, &v, NULL, BINXML_GUID);
    put_value(chunk, &v, event->provider, BINXML_STRING);
    put_value(chunk, &v, event->provider_guid, BINXML_GUID);
    put_value(chunk, &v, event->channel, BINXML_STRING);
    put_value(chunk, &v, event->source_name, BINXML_STRING);
    uint32_t start = chunk->used;
    if (event->payload != EVTX_NONE)
        put_payload(chunk, event);
    end_value(chunk, &v, start, event->payload == EVTX_NONE ? BINXML_NULL : BINXML_BINXML);
}

/* ---- records and chunks ---- */

static void put_record(struct chunk *chunk, const struct evtx_event *event)
{
    struct record_place place = {.id = event->record_id, .offset = chunk->used};
    char key[300];

    put(chunk, EVTX_RECORD_SIGNATURE, sizeof(EVTX_RECORD_SIGNATURE));
    put_u32(chunk, 0);
    put_le(chunk, event->record_id, 8);
    put_le(chunk, event->time, 8);
    put_fragment_header(chunk);
    snprintf(key, sizeof(key), "system %d %s", event->payload != EVTX_NONE, event->computer);
    put_instance(chunk, key, put_system_definition, event);
    put_system_values(chunk, event);
    put_u8(chunk, BINXML_END);
    while ((chunk->used + 4) % EVTX_RECORD_ALIGN != 0)
        put_u8(chunk, 0);
    place.end = chunk->used + 4;
    store_le32(chunk->bytes + place.offset + 4, place.end - place.offset);
    put_u32(chunk, place.end - place.offset);
    *(struct record_place *)must(vector_push(&chunk->records)) = place;
}

static void begin_chunk(struct evtx_writer *w)
{
    struct chunk *chunk = &w->chunk;

    if (!w->recipe.keep_slack)
        memset(chunk->bytes, 0, EVTX_CHUNK_SIZE);
    memset(chunk->bytes, 0, EVTX_CHUNK_RECORDS);
    chunk->used = EVTX_CHUNK_RECORDS;
    chunk->records.count = 0;
    cut_residents(&chunk->names, 0);
    cut_residents(&chunk->templates, 0);
}

/* The records that the headers tell of: all but the last ones when the log is to lag. */
static size_t told_records(const struct evtx_writer *w, bool last_chunk)
{
    size_t count = w->chunk.records.count;

    return last_chunk && w->recipe.lag < count ? count - w->recipe.lag : count;
}

static void put_chunk_header(struct evtx_writer *w, bool last_chunk)
{
    struct chunk *chunk = &w->chunk;
    struct evtx_chunk_header *h = (void *)chunk->bytes;
    const struct record_place *first = &chunk->records.items[0];
    const struct record_place *last = &chunk->records.items[told_records(w, last_chunk) - 1];
    uint32_t flags =
        (w->recipe.dirty ? EVTX_DIRTY : 0) | (w->recipe.no_checksums ? EVTX_NO_CRC : 0);

    memcpy(h->signature, EVTX_CHUNK_SIGNATURE, sizeof(h->signature));
    store_le64(&h->first_record_number, first->id);
    store_le64(&h->last_record_number, last->id);
    store_le64(&h->first_record_id, first->id);
    store_le64(&h->last_record_id, last->id);
    store_le32(&h->header_size, 128);
    store_le32(&h->last_record, last->offset);
    store_le32(&h->free_space, last->end);
    store_le32(&h->flags, flags);
    if (!w->recipe.no_checksums)
        evtx_seal_chunk(chunk->bytes, 0);
}

static void reserve_file(struct evtx_writer *w, size_t size)
{
    if (size > w->capacity) {
        w->capacity = size + size / 2;
        w->file = must(realloc(w->file, w->capacity));
    }
    if (size > w->size) {
        memset(w->file + w->size, 0, size - w->size);
        w->size = size;
    }
}

static void flush_chunk(struct evtx_writer *w, bool last_chunk)
{
    uint64_t place = w->chunk_count;

    if (w->chunk.records.count == 0)
        return;
    if (w->recipe.max_chunks > 0)
        place %= w->recipe.max_chunks;
    size_t offset = EVTX_HEADER_BLOCK + (size_t)place * EVTX_CHUNK_SIZE;
    put_chunk_header(w, last_chunk);
    reserve_file(w, offset + EVTX_CHUNK_SIZE);
    memcpy(w->file + offset, w->chunk.bytes, EVTX_CHUNK_SIZE);
    w->chunk_count++;
    begin_chunk(w);
}

static bool try_record(struct evtx_writer *w, const struct evtx_event *event)
{
    struct chunk *chunk = &w->chunk;
    size_t names = chunk->names.count, templates = chunk->templates.count;
    uint32_t used = chunk->used;

    /* What a record that does not fit writes over: the tables, and slack if there is any. */
    memcpy(w->before, chunk->bytes, EVTX_CHUNK_RECORDS);
    if (w->recipe.keep_slack)
        memcpy(w->before, chunk->bytes, EVTX_CHUNK_SIZE);
    put_record(chunk, event);
    if (chunk->used <= EVTX_CHUNK_SIZE)
        return true;
    memcpy(chunk->bytes, w->before, EVTX_CHUNK_RECORDS);
    memcpy(chunk->bytes + used, w->before + used, EVTX_CHUNK_SIZE - used);
    chunk->used = used;
    chunk->records.count--;
    cut_residents(&chunk->names, names);
    cut_residents(&chunk->templates, templates);
    return false;
}

void evtx_write(struct evtx_writer *w, const struct evtx_event *given)
{
    struct evtx_event event = *given;
    uint32_t limit = w->recipe.chunk_records;

    if (w->finished)
        refuse("the log is finished");
    if (event.record_id == 0)
        event.record_id = w->next_id;
    if (event.time == 0)
        event.time = w->last_time + 10000000;
    if (!event.computer)
        event.computer = w->recipe.computer;
    w->next_id = event.record_id + 1;
    w->last_time = event.time;
    if (limit > 0 && w->chunk.records.count == limit)
        flush_chunk(w, false);
    if (!try_record(w, &event)) {
        flush_chunk(w, false);
        if (!try_record(w, &event))
            refuse("a record is larger than a chunk");
    }
}

/* ---- the file ---- */

struct evtx_writer *evtx_writer_new(const struct evtx_recipe *recipe)
{
    struct evtx_writer *w = must(calloc(1, sizeof(*w)));

    w->recipe = *recipe;
    if (w->recipe.minor_version == 0)
        w->recipe.minor_version = 1;
    if (!w->recipe.computer)
        w->recipe.computer = "HOST01.example.test";
    w->next_id = recipe->first_record_id ? recipe->first_record_id : 1;
    w->last_time = when_from_date(2026, 3, 2, 1, 0, 0, 0);
    begin_chunk(w);
    reserve_file(w, EVTX_HEADER_BLOCK);
    return w;
}

void evtx_writer_free(struct evtx_writer *w)
{
    cut_residents(&w->chunk.names, 0);
    cut_residents(&w->chunk.templates, 0);
    vector_free(&w->chunk.names);
    vector_free(&w->chunk.templates);
    vector_free(&w->chunk.records);
    free(w->file);
    free(w);
}

static void put_file_header(struct evtx_writer *w, uint64_t last_id)
{
    struct evtx_file_header *h = (void *)w->file;
    uint64_t chunks = w->chunk_count, kept = chunks;

    if (w->recipe.max_chunks > 0 && chunks > w->recipe.max_chunks)
        kept = w->recipe.max_chunks;
    memcpy(h->signature, EVTX_FILE_SIGNATURE, sizeof(h->signature));
    store_le64(&h->first_chunk, kept < chunks ? chunks % kept : 0);
    store_le64(&h->last_chunk, chunks == 0 ? 0 : (chunks - 1) % kept);
    store_le64(&h->next_record_id, last_id + 1);
    store_le32(&h->header_size, 128);
    store_le16(&h->minor_version, (uint16_t)w->recipe.minor_version);
    store_le16(&h->major_version, 3);
    store_le16(&h->header_block_size, EVTX_HEADER_BLOCK);
    store_le16(&h->chunk_count, (uint16_t)kept);
    store_le32(&h->flags, (w->recipe.dirty ? EVTX_DIRTY : 0) | (kept < chunks ? EVTX_FULL : 0) |
                              (w->recipe.no_checksums ? EVTX_NO_CRC : 0));
    if (!w->recipe.no_checksums)
        evtx_seal_file_header(w->file);
}

const uint8_t *evtx_writer_finish(struct evtx_writer *w, size_t *size)
{
    if (!w->finished) {
        uint64_t untold = w->chunk.records.count - told_records(w, true);
        flush_chunk(w, true);
        put_file_header(w, w->next_id - 1 - untold);
        reserve_file(w, w->size + (size_t)w->recipe.unused_chunks * EVTX_CHUNK_SIZE);
        w->finished = true;
    }
    *size = w->size;
    return w->file;
}

void evtx_writer_save(struct evtx_writer *w, const char *path)
{
    size_t size;
    const uint8_t *bytes = evtx_writer_finish(w, &size);
    FILE *file = fopen(path, "wb");

    if (!file || fwrite(bytes, 1, size, file) != size || fclose(file) != 0)
        refuse(path);
}

void evtx_seal_chunk(uint8_t *file, size_t offset)
{
    struct evtx_chunk_header *h = (void *)(file + offset);
    uint8_t covered[EVTX_CHUNK_RECORDS - 8];
    uint32_t end = get_le32(h->free_space);

    if (end < EVTX_CHUNK_RECORDS || end > EVTX_CHUNK_SIZE)
        end = EVTX_CHUNK_RECORDS;
    uint32_t size = end - EVTX_CHUNK_RECORDS;
    store_le32(&h->records_checksum, crc32_zeroed(file + offset + EVTX_CHUNK_RECORDS, size, size));
    memcpy(covered, h, EVTX_CRC_SIZE);
    memcpy(covered + EVTX_CRC_SIZE, h->strings, sizeof(covered) - EVTX_CRC_SIZE);
    store_le32(&h->checksum, crc32_zeroed(covered, sizeof(covered), sizeof(covered)));
}

void evtx_seal_file_header(uint8_t *file)
{
    struct evtx_file_header *h = (void *)file;

    store_le32(&h->checksum, crc32_zeroed(file, EVTX_CRC_SIZE, EVTX_CRC_SIZE));
}

size_t evtx_find_record(const uint8_t *file, size_t size, uint64_t record_id)
{
    for (size_t chunk = EVTX_HEADER_BLOCK; chunk + EVTX_CHUNK_SIZE <= size;
         chunk += EVTX_CHUNK_SIZE) {
        const struct evtx_chunk_header *h = (const void *)(file + chunk);
        size_t at = chunk + EVTX_CHUNK_RECORDS, end = chunk + get_le32(h->free_space);
        while (at < end) {
            const struct evtx_record_header *record = (const void *)(file + at);
            if (get_le64(record->id) == record_id)
                return at;
            at += get_le32(record->size);
        }
    }
    return SIZE_MAX;
}

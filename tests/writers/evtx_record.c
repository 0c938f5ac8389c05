/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Records as Windows' templates lay them out: the definitions, and what each instance adds. */
#include "evtx_chunk.h"

#include "base/checked.h"
#include "base/crc.h"
#include "base/strbuf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EVENT_NAMESPACE "http://schemas.microsoft.com/win/2004/08/events/event"
#define VML_NAMESPACE   "http://www.microsoft.com/Windows/Virtualization/Events"

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
    xml_put_substitution(chunk, BINXML_OPTIONAL_SUBSTITUTION, slot, type);
}

static void put_slot_attribute(struct chunk *chunk, const char *name, enum slot slot, unsigned type,
                               bool more)
{
    xml_put_attribute(chunk, name, more);
    put_slot(chunk, slot, type);
}

static void put_slot_element(struct chunk *chunk, const char *name, enum slot slot, unsigned type)
{
    struct element e = xml_open(chunk, name, slot, false);

    xml_close_start(chunk, &e);
    put_slot(chunk, slot, type);
    xml_close(chunk, &e);
}

static void put_system_definition(struct chunk *chunk, const struct evtx_event *event)
{
    bool payload = event->payload != EVTX_NONE;
    struct element root =
        xml_open(chunk, "Event", payload ? SLOT_PAYLOAD : XML_NO_DEPENDENCY, true);
    struct element system, e;

    xml_put_attribute(chunk, "xmlns", false);
    xml_put_literal(chunk, EVENT_NAMESPACE);
    xml_close_start(chunk, &root);
    system = xml_open(chunk, "System", XML_NO_DEPENDENCY, false);
    xml_close_start(chunk, &system);

    e = xml_open(chunk, "Provider", XML_NO_DEPENDENCY, true);
    put_slot_attribute(chunk, "Name", SLOT_PROVIDER, BINXML_STRING, true);
    put_slot_attribute(chunk, "Guid", SLOT_GUID, BINXML_GUID, true);
    put_slot_attribute(chunk, "EventSourceName", SLOT_SOURCE, BINXML_STRING, false);
    xml_close_empty(chunk, &e);
    e = xml_open(chunk, "EventID", SLOT_ID, true);
    put_slot_attribute(chunk, "Qualifiers", SLOT_QUALIFIERS, BINXML_UINT16, false);
    xml_close_start(chunk, &e);
    put_slot(chunk, SLOT_ID, BINXML_UINT16);
    xml_close(chunk, &e);
    put_slot_element(chunk, "Version", SLOT_VERSION, BINXML_UINT8);
    put_slot_element(chunk, "Level", SLOT_LEVEL, BINXML_UINT8);
    put_slot_element(chunk, "Task", SLOT_TASK, BINXML_UINT16);
    put_slot_element(chunk, "Opcode", SLOT_OPCODE, BINXML_UINT8);
    put_slot_element(chunk, "Keywords", SLOT_KEYWORDS, BINXML_HEX64);
    e = xml_open(chunk, "TimeCreated", XML_NO_DEPENDENCY, true);
    put_slot_attribute(chunk, "SystemTime", SLOT_TIME, BINXML_FILETIME, false);
    xml_close_empty(chunk, &e);
    put_slot_element(chunk, "EventRecordID", SLOT_RECORD, BINXML_UINT64);
    e = xml_open(chunk, "Correlation", XML_NO_DEPENDENCY, true);
    put_slot_attribute(chunk, "ActivityID", SLOT_ACTIVITY, BINXML_GUID, true);
    put_slot_attribute(chunk, "RelatedActivityID", SLOT_RELATED, BINXML_GUID, false);
    xml_close_empty(chunk, &e);
    e = xml_open(chunk, "Execution", XML_NO_DEPENDENCY, true);
    put_slot_attribute(chunk, "ProcessID", SLOT_PROCESS, BINXML_UINT32, true);
    put_slot_attribute(chunk, "ThreadID", SLOT_THREAD, BINXML_UINT32, false);
    xml_close_empty(chunk, &e);
    put_slot_element(chunk, "Channel", SLOT_CHANNEL, BINXML_STRING);
    e = xml_open(chunk, "Computer", XML_NO_DEPENDENCY, false);
    xml_close_start(chunk, &e);
    xml_put_literal(chunk, event->computer);
    xml_close(chunk, &e);
    e = xml_open(chunk, "Security", XML_NO_DEPENDENCY, true);
    put_slot_attribute(chunk, "UserID", SLOT_USER, BINXML_SID, false);
    xml_close_empty(chunk, &e);

    xml_close(chunk, &system);
    if (payload)
        put_slot(chunk, SLOT_PAYLOAD, BINXML_BINXML);
    xml_close(chunk, &root);
}

static unsigned field_type(const struct evtx_field *field)
{
    return field->type == BINXML_NULL ? BINXML_STRING : field->type;
}

static void put_value_element(struct chunk *chunk, const char *element, const char *name,
                              unsigned index, unsigned type)
{
    struct element e = xml_open(chunk, element, XML_NO_DEPENDENCY, name != NULL);

    if (name) {
        xml_put_attribute(chunk, "Name", false);
        xml_put_literal(chunk, name);
    }
    xml_close_start(chunk, &e);
    xml_put_substitution(chunk, BINXML_SUBSTITUTION, index, type);
    xml_close(chunk, &e);
}

/* An element whose whole content is one value, left out when that is null. */
static void put_optional_element(struct chunk *chunk, const char *element, unsigned index,
                                 unsigned type)
{
    struct element e = xml_open(chunk, element, index, false);

    xml_close_start(chunk, &e);
    xml_put_substitution(chunk, BINXML_OPTIONAL_SUBSTITUTION, index, type);
    xml_close(chunk, &e);
}

/* What ReportEvent() leaves: the inserts, the size of the data, the data. */
enum { CLASSIC_INSERTS, CLASSIC_SIZE, CLASSIC_DATA, CLASSIC_VALUES };

static void put_event_data_definition(struct chunk *chunk, const struct evtx_event *event)
{
    struct element data = xml_open(chunk, "EventData", XML_NO_DEPENDENCY, false);
    unsigned index = 0;

    xml_close_start(chunk, &data);
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
    xml_close(chunk, &data);
}

static void put_user_data_definition(struct chunk *chunk, const struct evtx_event *event)
{
    struct element user = xml_open(chunk, "UserData", XML_NO_DEPENDENCY, false);
    xml_close_start(chunk, &user);
    struct element payload = xml_open(
        chunk, event->user_element ? event->user_element : "VmlEventLog", XML_NO_DEPENDENCY, true);

    xml_put_attribute(chunk, "xmlns:auto-ns2", true);
    xml_put_literal(chunk, "http://schemas.microsoft.com/win/2004/08/events");
    xml_put_attribute(chunk, "xmlns", false);
    xml_put_literal(chunk, event->user_namespace ? event->user_namespace : VML_NAMESPACE);
    xml_close_start(chunk, &payload);
    for (unsigned i = 0; i < event->field_count; i++)
        put_value_element(chunk, event->fields[i].name, NULL, i, field_type(&event->fields[i]));
    xml_close(chunk, &payload);
    xml_close(chunk, &user);
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
    const struct resident *there = residents_find(&chunk->templates, key);
    uint32_t id = crc32_zeroed(key, strlen(key), strlen(key));

    chunk_put_u8(chunk, BINXML_TEMPLATE_INSTANCE);
    chunk_put_u8(chunk, 1);
    chunk_put_u32(chunk, id);
    if (there) {
        chunk_put_u32(chunk, there->offset);
        return;
    }
    uint32_t offset = chunk->used + 4;
    chunk_put_u32(chunk, offset);
    chunk_put_u32(chunk, chunk_bucket_head(chunk, EVTX_TEMPLATES_TABLE, id % 32));
    chunk_put_u32(chunk, id);
    chunk_put(chunk, rest_of_guid, sizeof(rest_of_guid));
    uint32_t from = chunk_put_size(chunk);
    xml_put_fragment_header(chunk);
    definition(chunk, event);
    chunk_put_u8(chunk, BINXML_END);
    chunk_set_size(chunk, from);
    store_le32(chunk->bytes + EVTX_TEMPLATES_TABLE + 4 * (id % 32), offset);
    residents_add(&chunk->templates, key, id, offset);
}

/* ---- instances ---- */

static void put_binary(struct chunk *chunk, struct values *values, const struct evtx_event *event)
{
    uint32_t start = chunk->used;

    chunk_put(chunk, event->binary ? event->binary : "", event->binary_size);
    values_end_one(chunk, values, start, event->binary ? BINXML_BINARY : BINXML_NULL);
}

static void put_inserts(struct chunk *chunk, struct values *values, const struct evtx_event *event)
{
    uint32_t start = chunk->used;

    for (size_t i = 0; i < event->field_count; i++) {
        chunk_put_utf16(chunk, event->fields[i].value ? event->fields[i].value : "");
        chunk_put_u16(chunk, 0);
    }
    values_end_one(chunk, values, start, BINXML_STRING | BINXML_ARRAY);
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
    struct values values = values_begin(chunk, count);
    if (classic) {
        put_inserts(chunk, &values, event);
        values_put_integer(chunk, &values, event->binary_size, BINXML_UINT32, 4);
    } else {
        for (size_t i = 0; i < event->field_count; i++)
            values_put(chunk, &values, event->fields[i].value, field_type(&event->fields[i]));
    }
    if (classic || event->binary)
        put_binary(chunk, &values, event);
}

static void put_system_values(struct chunk *chunk, const struct evtx_event *event)
{
    struct values v = values_begin(chunk, SLOTS);
    bool classic = event->payload == EVTX_CLASSIC;
    bool qualifiers = classic || event->qualifiers != 0;

    values_put_integer(chunk, &v, event->level, BINXML_UINT8, 1);
    values_put_integer(chunk, &v, event->opcode, BINXML_UINT8, 1);
    values_put_integer(chunk, &v, event->task, BINXML_UINT16, 2);
    values_put_integer(chunk, &v, event->event_id, BINXML_UINT16, 2);
    values_put_integer(chunk, &v, event->qualifiers, qualifiers ? BINXML_UINT16 : BINXML_NULL,
                       qualifiers ? 2 : 0);
    values_put_integer(chunk, &v, event->keywords, BINXML_HEX64, 8);
    values_put_integer(chunk, &v, event->time, BINXML_FILETIME, 8);
    values_put(chunk, &v, NULL, BINXML_GUID);
    values_put_integer(chunk, &v, event->process_id, BINXML_UINT32, 4);
    values_put_integer(chunk, &v, event->thread_id, BINXML_UINT32, 4);
    values_put_integer(chunk, &v, event->record_id, BINXML_UINT64, 8);
    values_put_integer(chunk, &v, event->version, classic ? BINXML_NULL : BINXML_UINT8,
                       classic ? 0 : 1);
    values_put(chunk, &v, event->user_sid, BINXML_SID);
    values_put(chunk, &v, NULL, BINXML_GUID);
    values_put(chunk, &v, event->provider, BINXML_STRING);
    values_put(chunk, &v, event->provider_guid, BINXML_GUID);
    values_put(chunk, &v, event->channel, BINXML_STRING);
    values_put(chunk, &v, event->source_name, BINXML_STRING);
    uint32_t start = chunk->used;
    if (event->payload != EVTX_NONE)
        put_payload(chunk, event);
    values_end_one(chunk, &v, start, event->payload == EVTX_NONE ? BINXML_NULL : BINXML_BINXML);
}

void chunk_put_record(struct chunk *chunk, const struct evtx_event *event)
{
    struct record_place place = {.id = event->record_id, .offset = chunk->used};
    char key[300];

    chunk_put(chunk, EVTX_RECORD_SIGNATURE, sizeof(EVTX_RECORD_SIGNATURE));
    chunk_put_u32(chunk, 0);
    chunk_put_le(chunk, event->record_id, 8);
    chunk_put_le(chunk, event->time, 8);
    xml_put_fragment_header(chunk);
    snprintf(key, sizeof(key), "system %d %s", event->payload != EVTX_NONE, event->computer);
    put_instance(chunk, key, put_system_definition, event);
    put_system_values(chunk, event);
    chunk_put_u8(chunk, BINXML_END);
    while ((chunk->used + 4) % EVTX_RECORD_ALIGN != 0)
        chunk_put_u8(chunk, 0);
    place.end = chunk->used + 4;
    store_le32(chunk->bytes + place.offset + 4, place.end - place.offset);
    chunk_put_u32(chunk, place.end - place.offset);
    *(struct record_place *)evtx_must(vector_push(&chunk->records)) = place;
}

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* One record of a chunk as struct event_record: System first, its values only when asked for. */
#ifndef EVENT_RECORD_H
#define EVENT_RECORD_H

#include "base/vector.h"
#include "event/binxml.h"
#include "event/event.h"
#include "event/value.h"

/* The names that mean something here; any other is NAME_OTHER. */
enum record_name {
    NAME_UNKNOWN, /* not yet looked at */
    NAME_OTHER,
    NAME_SYSTEM,
    NAME_EVENT_DATA,
    NAME_USER_DATA,
    NAME_RENDERING_INFO,
    NAME_DATA,
    NAME_XMLNS,
    NAME_NAME,
    NAME_PROVIDER,
    NAME_GUID,
    NAME_EVENT_SOURCE_NAME,
    NAME_EVENT_ID,
    NAME_QUALIFIERS,
    NAME_VERSION,
    NAME_LEVEL,
    NAME_TASK,
    NAME_OPCODE,
    NAME_KEYWORDS,
    NAME_TIME_CREATED,
    NAME_SYSTEM_TIME,
    NAME_EVENT_RECORD_ID,
    NAME_EXECUTION,
    NAME_PROCESS_ID,
    NAME_THREAD_ID,
    NAME_CHANNEL,
    NAME_COMPUTER,
    NAME_SECURITY,
    NAME_USER_ID,
};

/* An element that is open. */
struct record_element {
    const uint8_t *text; /* of its name, UTF-16 */
    uint32_t text_size;
    enum record_name name;
    bool has_children;
};

struct record_reader {
    struct event_record record;
    struct xml_reader xml;
    struct text_pool pool;
    struct record_element elements[BINXML_ELEMENTS];
    unsigned depth;
    VECTOR(struct event_value) values;
    uint8_t *names; /* enum record_name of what stands at each offset of the chunk */
};

int record_reader_init(struct record_reader *); /* 0 or -ENOMEM */
void record_reader_free(struct record_reader *);
/* What to read from: chunk_size bytes that stay where they are, and what reading may cost. */
void record_reader_set_chunk(struct record_reader *, const uint8_t *chunk, uint32_t chunk_size,
                             uint32_t *budget);
/*
 * Reads up to the end of System. `offset` is that of a record in the chunk whose header was
 * checked. 0; -EBADMSG when there is no readable System: the fields of the record header stand;
 * -ENOMEM.
 */
int record_read_system(struct record_reader *, uint32_t offset);
/* Goes on with the values; sets record.damaged when they break off. 0 or -ENOMEM. */
int record_read_values(struct record_reader *);

#endif

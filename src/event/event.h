/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * Records of Windows event logs (.evtx), by our own strict reader: one record at a time, in memory
 * that does not grow with the log. Parsers only: what a record means is said elsewhere.
 */
#ifndef EVENT_EVENT_H
#define EVENT_EVENT_H

#include "base/guid.h"
#include "base/notes.h"
#include "base/when.h"
#include "io/source.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum event_origin {
    EVENT_LIVE,
    EVENT_RECOVERED, /* left over in the slack of a chunk: the log no longer lists it */
};

/*
 * One value of a record outside System, in the order of the record: a Data of EventData (its Name,
 * or NULL), a leaf of UserData (the element's name), or "Binary" in hexadecimal. An insert that is
 * an array gives one value per item. Text is UTF-8 as Windows prints it; numbers of hexadecimal
 * types without leading zeros ("0x80070020"); "" for a null value.
 */
struct event_value {
    const char *name;
    const char *value;
};

/* Strings are "" when the record does not say; all are valid until the next call on the log. */
struct event_record {
    filetime time;    /* TimeCreated; the record header's time when that is missing */
    filetime written; /* the record header's */
    const char *provider;
    const char *source_name; /* EventSourceName: the classic name of a provider with a GUID */
    struct guid provider_guid;
    bool has_provider_guid;
    uint16_t event_id;   /* the low 16 bits of a classic id */
    uint16_t qualifiers; /* the high 16 bits */
    uint8_t version, level, opcode;
    uint16_t task;
    uint64_t keywords;
    uint64_t record_id;
    uint32_t process_id, thread_id;
    const char *channel;
    const char *computer;
    const char *user_sid; /* S-1-… */

    enum event_origin origin;
    uint64_t offset; /* of the record in the log file */
    bool damaged;    /* it breaks off: the fields and values before the break are here */
    const struct event_value *values;
    size_t value_count;
};

/*
 * Called with the System fields, the values still unread: false passes the record over. A record
 * of no interest costs little that way.
 */
typedef bool event_filter(const struct event_record *, void *context);

struct event_log;

/*
 * Reads the file header, keeps a reference to the source; `notes` (may be NULL) must outlive the
 * log and gets one note per broken rule as reading goes on. A lost file header is noted and the
 * chunks are found all the same.
 * 0; -ENOMSG when this is no event log; -ENOTSUP a version other than 3.x; -ENOMEM, -EIO …
 */
int event_log_open(struct event_log **, io_source *, struct notes *);
void event_log_close(struct event_log *); /* NULL is fine */

static inline void event_log_cleanup(struct event_log **log)
{
    event_log_close(*log);
}

/* NULL: every record. */
void event_log_set_filter(struct event_log *, event_filter *, void *context);

/*
 * The next record that passes the filter: live ones first in the order of the file, then those
 * recovered from slack. No record id comes twice. 1, 0 at the end, or -ENOMEM, -EIO … from the
 * source (the chunk concerned is passed over; the caller may go on).
 */
int event_log_next(struct event_log *, const struct event_record **);

/* Records seen so far, whether they passed the filter or not. */
struct event_log_counts {
    uint64_t live, recovered;
    uint64_t damaged; /* of both: broken off, or not even System could be read */
};
struct event_log_counts event_log_counts(const struct event_log *);

/* By content: a file header or, where that is lost, a chunk at its usual place. Two reads. */
bool event_log_probe(io_source *);

#endif

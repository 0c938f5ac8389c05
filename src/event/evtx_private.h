/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* What opening a log and walking through it share. */
#ifndef EVENT_EVTX_PRIVATE_H
#define EVENT_EVTX_PRIVATE_H

#include "base/vector.h"
#include "event/definitions.h"
#include "event/event.h"
#include "event/id_ranges.h"
#include "event/record.h"

enum pass { PASS_LIVE, PASS_SLACK, PASS_DONE };

struct slack {
    uint64_t chunk;  /* offset in the file */
    uint32_t offset; /* where it begins in the chunk */
};

struct event_log {
    io_source *source;
    struct notes *notes;
    event_filter *filter;
    void *filter_context;

    uint64_t first_chunk; /* offset in the file; the others follow every EVTX_CHUNK_SIZE */
    bool dirty, no_crc;
    enum pass pass;
    uint64_t next_chunk; /* offset of the chunk to read next; in the second pass: index in slacks */
    uint64_t unused;     /* empty chunks in a row, just before next_chunk */

    uint8_t *chunk;
    uint64_t chunk_offset;
    uint32_t chunk_size; /* 0: none loaded */
    uint32_t position;   /* of the record to look at next */
    uint32_t live_end;   /* records before it are live */
    uint32_t header_end; /* the same as the chunk header says it; 0 when it can't be trusted */
    uint64_t last_id;    /* of the record before; 0 none */
    bool hole;           /* something in the live part was no record */
    bool bad_checksum;
    uint32_t budget;

    struct id_ranges seen;
    struct definitions definitions;
    VECTOR(struct slack) slacks;
    struct record_reader reader;
    struct event_log_counts counts;
};

bool evtx_is_chunk_signature(const void *bytes);

#endif

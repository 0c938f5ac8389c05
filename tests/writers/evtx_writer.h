/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * Makes .evtx files for tests, benchmarks and the corpus, as Windows writes them: every record is
 * an instance of a template, the definitions and names stand once in each chunk, where they were
 * used first, chunks of 64 KiB in a circle, all checksums. Zero or NULL is the sensible default in
 * every field:
 *
 *     struct evtx_writer *w = evtx_writer_new(&(struct evtx_recipe){0});
 *     struct evtx_field fields[] = {{"VmName", .value = "web01"}, {"VmId", .value = "…"}};
 *     evtx_write(w, &(struct evtx_event){.time = t, .provider = "…", .event_id = 19070,
 *                                        .payload = EVTX_USER_DATA, .fields = fields,
 *                                        .field_count = 2});
 *     evtx_writer_save(w, "Microsoft-Windows-Hyper-V-VMMS-Admin.evtx");
 *     evtx_writer_free(w);
 *
 * The same calls give the same bytes. Records of the usual providers: evtx_events.h.
 */
#ifndef WRITERS_EVTX_WRITER_H
#define WRITERS_EVTX_WRITER_H

#include "base/when.h"
#include "event/evtx_format.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How the values of a record are laid out. */
enum evtx_payload {
    EVTX_EVENT_DATA, /* <Data Name="…">: the name NULL gives a Data without one */
    EVTX_CLASSIC,    /* one array of strings, no names: what ReportEvent() writes */
    EVTX_USER_DATA,  /* <VmlEventLog> with one element per field */
    EVTX_NONE,       /* no payload at all */
};

struct evtx_field {
    const char *name;
    const char *value;     /* as text, in the form of the type; NULL: a null value */
    enum binxml_type type; /* BINXML_NULL: a string */
};

struct evtx_event {
    filetime time;      /* 0: one second after the record before */
    uint64_t record_id; /* 0: one more than the record before */
    const char *provider;
    const char *provider_guid;     /* "{…}" or NULL */
    const char *source_name;       /* EventSourceName */
    uint16_t event_id, qualifiers; /* Qualifiers is written for EVTX_CLASSIC or when not 0 */
    uint8_t level;                 /* 1 critical, 2 error, 3 warning, 4 information */
    uint8_t version, opcode;
    uint16_t task;
    uint64_t keywords;
    uint32_t process_id, thread_id;
    const char *channel;
    const char *computer; /* NULL: the recipe's */
    const char *user_sid; /* "S-1-5-18" or NULL */
    enum evtx_payload payload;
    const char *user_element, *user_namespace; /* EVTX_USER_DATA; NULL: VmlEventLog and its own */
    const struct evtx_field *fields;
    size_t field_count;
    const void *binary; /* <Binary> of EVTX_EVENT_DATA and EVTX_CLASSIC */
    size_t binary_size;
};

struct evtx_recipe {
    unsigned minor_version;   /* 0: 1 */
    const char *computer;     /* NULL: "HOST01.example.test" */
    uint64_t first_record_id; /* 0: 1 */
    uint32_t chunk_records;   /* at most so many records in a chunk; 0: as many as fit */
    uint32_t max_chunks;      /* then the oldest chunk is overwritten; 0: the file grows */
    uint32_t unused_chunks;   /* empty ones at the end, as a log of fixed size has them */
    bool keep_slack;   /* chunks begin as copies of the one before: old records stay behind */
    bool dirty;        /* the flag, in the file header and in the chunks */
    uint32_t lag;      /* headers don't know of the last so many records (of one chunk) */
    bool no_checksums; /* 3.2: flagged, and all zero */
};

struct evtx_writer;

/* Functions end the program when memory is short or the recipe can't be followed. */
struct evtx_writer *evtx_writer_new(const struct evtx_recipe *);
void evtx_writer_free(struct evtx_writer *);
void evtx_write(struct evtx_writer *, const struct evtx_event *);
/* Nothing more can be written then. The bytes live as long as the writer. */
const uint8_t *evtx_writer_finish(struct evtx_writer *, size_t *size);
void evtx_writer_save(struct evtx_writer *, const char *path);

/* Computes the checksums of the chunk at `offset` anew, after it was changed by hand. */
void evtx_seal_chunk(uint8_t *file, size_t offset);
void evtx_seal_file_header(uint8_t *file);
/* Where the record stands in the file, SIZE_MAX when it is not live. */
size_t evtx_find_record(const uint8_t *file, size_t size, uint64_t record_id);

#endif

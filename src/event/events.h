/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * Events, wherever they were written: a record of an event log, an object of exported JSON or a
 * line of a product's log, with its kind, machine, codes and files (REPORT.md, EVENT). And the two
 * command outputs that say how a host was: the lists of VSS writers and of services.
 */
#ifndef EVENT_EVENTS_H
#define EVENT_EVENTS_H

#include "base/guid.h"
#include "base/notes.h"
#include "base/vector.h"
#include "base/when.h"
#include "event/event.h"
#include "io/source.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event_item {
    char *name, *value; /* UTF-8 */
};

/* All strings are the event's own; NULL where the source does not say. */
struct event {
    filetime time; /* 0 unknown */
    enum when_precision precision;
    bool local_time; /* no zone was written: `time` is what the clock of that host showed */
    char *provider, *channel, *computer;
    char *user;          /* S-1-…: whose process wrote the record */
    uint32_t process_id; /* 0 unknown */
    uint32_t event_id;
    uint64_t record; /* EventRecordID; 0 in text logs, and where an export left it out */
    bool has_record; /* it was a record, of an event log or exported from one */
    bool recovered;  /* found in the slack of its log */
    bool damaged;    /* it breaks off */
    uint8_t level;   /* 1 critical, 2 error, 3 warning, 4 information; 0 unknown */
    uint64_t place;  /* offset in its file; of text logs the line */

    const char *kind; /* static: "merge-failed" …, "other" */
    struct guid vm_id;
    bool has_vm_id;
    char *vm_name;
    uint32_t code, inner_code; /* inner: a second, other one that the message carries */
    bool has_code, has_inner_code;
    char *message; /* our own short text, or the product's */
    VECTOR(struct event_item) data;
    VECTOR(char *) paths; /* files of virtual machines that it names, as written */
};

void event_free(struct event *);
/* The first value of that name (any case), or NULL. */
const char *event_value(const struct event *, const char *name);

/* What a record says. 1; 0 when it turns out to be of no interest (a service that is not ours);
 * -ENOMEM. The event is the caller's only after 1. */
int event_from_record(struct event *, const struct event_record *);

/* ---- lists that commands print ---- */

struct vss_writer {
    char *name;
    struct guid id;
    bool has_id;
    int state;        /* the number in brackets: 1 stable … 12; -1 unknown */
    char *last_error; /* as printed, any language; NULL unknown */
};

struct service_process {
    char *image; /* "svchost.exe" */
    uint32_t pid;
    VECTOR(char *) services; /* their keys; empty for N/A */
};

/* ---- files ---- */

enum event_format {
    EVENT_FORMAT_NONE,
    EVENT_FORMAT_EVTX,
    EVENT_FORMAT_POWERSHELL,  /* Get-WinEvent | ConvertTo-Json */
    EVENT_FORMAT_AVAMAR,      /* avhypervvss, avtar */
    EVENT_FORMAT_WINCLUSTER,  /* winclustersvc */
    EVENT_FORMAT_VMWARE,      /* vmware.log */
    EVENT_FORMAT_VPXA,        /* vpxa.log */
    EVENT_FORMAT_VSS_WRITERS, /* vssadmin list writers */
    EVENT_FORMAT_SERVICES,    /* tasklist /svc */
};

/* Loads what reading text in CP932 needs; call once before sandbox_enter(). */
void events_prepare(void);

/* "evtx", "powershell-json", "avamar" …; "none". */
const char *event_format_name(enum event_format);
/* By content, never by name; reads the first 64 KiB at most. */
enum event_format event_probe(io_source *);

/* Everything that one file says. */
struct event_file {
    enum event_format format;
    VECTOR(struct event) events; /* in the order of the file */
    VECTOR(struct vss_writer) writers;
    VECTOR(struct service_process) services;
    /* EVTX: also of records that were passed over. */
    struct event_log_counts counts;
    char *channel;        /* of the first record; NULL unknown */
    filetime first, last; /* times of live records: how far back the log reaches; 0 unknown */
};

/* `filter` (NULL: event_is_relevant) chooses among the records of event logs. */
struct event_options {
    event_filter *filter;
    void *filter_context;
};

/*
 * Reads a file of any of the formats; `options` may be NULL. Damage is noted, what is readable is
 * read.
 * 0; -ENOMSG none of the formats; -EFBIG a text too long to be what it seems; -ENOMEM, -EIO …
 * What was read before an error stands: call event_file_free() in every case.
 */
int event_file_read(struct event_file *, io_source *, const struct event_options *, struct notes *);
void event_file_free(struct event_file *);

#endif

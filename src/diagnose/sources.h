/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * The logs and lists that rules ask for, how to come by each, and whether it is on the evidence.
 * Private to this room.
 */
#ifndef DIAGNOSE_SOURCES_H
#define DIAGNOSE_SOURCES_H

#include "host/host.h"

struct log_source {
    const char *name;         /* as rules call it: "Application.evtx" */
    const char *channel;      /* of an event log; NULL: a text */
    enum event_format format; /* of a text */
    const char *how;          /* to get it, as the end of a sentence */
};

enum source_state {
    SOURCE_ABSENT,
    SOURCE_TOO_YOUNG, /* it begins after the time that is asked for */
    SOURCE_THERE,
};

/* The source whose name begins a list like "Application.evtx|vpxa.log"; NULL unknown. */
const struct log_source *source_of(const char *names);
/* Behind the first name of such a list; NULL when it was the last one. */
const char *source_next(const char *names);
/* For the logs of one host; `from` 0: any time will do. *begins is set when it is too young. */
enum source_state source_state(const struct host *, size_t node, const struct log_source *,
                               filetime from, filetime *begins);

/* Of the logs that a sentence like "Application.evtx and System.evtx" names. */
enum source_presence {
    SOURCES_UNKNOWN, /* it names none of ours, or a guest's */
    SOURCES_NONE,
    SOURCES_SOME,
    SOURCES_ALL,
};
/* `node` HOST_NONE: of any host. */
enum source_presence source_presence(const struct host *, size_t node, const char *sentence);

#endif

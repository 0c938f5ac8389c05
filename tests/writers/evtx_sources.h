/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * The providers whose records matter to us, by a short word: what their records have in common
 * (name, GUID, channel, the shape of the values), and the <Binary> that some of them add.
 */
#ifndef WRITERS_EVTX_SOURCES_H
#define WRITERS_EVTX_SOURCES_H

#include "evtx_writer.h"

/* What stands in <Binary>. */
enum evtx_binary {
    EVTX_BINARY_NONE,
    EVTX_BINARY_PROCESS,  /* VSS: the process that wrote the record */
    EVTX_BINARY_IO_ERROR, /* drivers: an IO_ERROR_LOG_PACKET */
    EVTX_BINARY_SERVICE,  /* the service control manager: a service and its state */
};

struct evtx_source {
    const char *word;        /* "vmms", "vss" …, also of recipes (corpus/README.md) */
    struct evtx_event event; /* all but time, identifier, level and values */
    bool numbers_values;     /* Parameter0, Parameter1 … instead of names */
    enum evtx_binary binary;
};

/* NULL when no source has that word. */
const struct evtx_source *evtx_source_find(const char *word);
/* A record of it without values. */
struct evtx_event evtx_source_event(const struct evtx_source *, filetime, uint16_t event_id,
                                    uint8_t level);

#define EVTX_BINARY_MAX 600
/* Fill the <Binary>; the number of bytes. */
size_t evtx_process_binary(uint8_t[EVTX_BINARY_MAX], const char *command_line);
size_t evtx_io_error_binary(uint8_t[EVTX_BINARY_MAX], const struct evtx_event *, uint32_t status);
/* State 1 stopped, 4 running. */
size_t evtx_service_binary(uint8_t[EVTX_BINARY_MAX], const char *key, int state);

#endif

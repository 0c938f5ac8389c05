/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* The readers of text, one file each; events_file.c has the table of them. */
#ifndef EVENT_TEXT_SOURCES_H
#define EVENT_TEXT_SOURCES_H

#include "event/events.h"

#include <stdbool.h>

/* Whether the line can only be one of that format's. */
bool avamar_is_line(const char *line);
bool wincluster_is_line(const char *line);
bool vmware_is_line(const char *line);
bool vpxa_is_line(const char *line);

/*
 * Append what they find to the file's lists. 0; -ENOMSG when it is something else after all;
 * -EFBIG; -ENOMEM, -EIO …
 */
int avamar_read(struct event_file *, io_source *, struct notes *);
int wincluster_read(struct event_file *, io_source *, struct notes *);
int vmware_read(struct event_file *, io_source *, struct notes *); /* vpxa.log too */
int vss_writers_read(struct event_file *, io_source *, struct notes *);
int services_read(struct event_file *, io_source *, struct notes *);
int powershell_read(struct event_file *, io_source *, struct notes *);

/* An event of a product's log, pushed to the file's list; NULL when memory is short. `kind` must
 * live for ever. */
struct event *event_file_add(struct event_file *, const char *provider, const char *kind,
                             const char *message, uint64_t line);
/* Moves the event to the end of the list; frees it when memory is short: -ENOMEM. */
int event_file_push(struct event_file *, struct event *);

#endif

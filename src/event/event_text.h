/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* What the sources of events share: taking values, codes and files out of text into an event. */
#ifndef EVENT_EVENT_TEXT_H
#define EVENT_EVENT_TEXT_H

#include "event/events.h"

/* Copies both. 0 or -ENOMEM. */
int event_add_value(struct event *, const char *name, const char *value, size_t value_length);
/* The first code counts, then the first other one; 0 is none. */
void event_add_code(struct event *, uint32_t code);
/* Every file of a virtual machine (.vhdx, .avhdx, .vmcx …) whose path stands in the text. */
int event_add_paths(struct event *, const char *text);
/* Sets *place to a copy, freeing what was there. NULL is fine. 0 or -ENOMEM. */
int event_set_text(char **place, const char *text);
/* The first GUID in a text, with or without braces. */
bool event_find_guid(const char *text, struct guid *);

#endif

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * The same log as another program reads it: evtxexport of libevtx. Both readings are brought into
 * one plain text per record, so that a difference shows as a difference of two texts.
 */
#ifndef TESTS_EVENT_WITNESS_H
#define TESTS_EVENT_WITNESS_H

#include "base/vector.h"
#include "event/event.h"

#include <stdbool.h>
#include <stddef.h>

struct reading {
    VECTOR(char *) records;
};

void reading_free(struct reading *);

bool witness_is_installed(void);
/* What evtxexport says of the file: its live records, or those that it recovers from slack. */
void witness_read(struct reading *, const char *path, enum event_origin);
/* What we say of the same bytes; only records of that origin. */
void own_read(struct reading *, const void *bytes, size_t size, enum event_origin);

/* How many records of `theirs` are, in their order, also in `ours`, word by word; prints the first
 * that are not. */
size_t reading_common(const struct reading *theirs, const struct reading *ours);
bool reading_has(const struct reading *, const char *record);

#endif

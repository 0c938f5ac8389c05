/* SPDX-License-Identifier: LGPL-3.0-or-later */
#ifndef EVENT_KINDS_TABLE_H
#define EVENT_KINDS_TABLE_H

#include "event/kinds.h"

/* In the order of provider and identifier. */
extern const struct event_kind kind_table[];
extern const size_t kind_table_count;

/* Kinds that only text logs have, and "other". */
extern const char *const text_kinds[];
extern const size_t text_kind_count;

#endif

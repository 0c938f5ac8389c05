/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Which record identifiers were seen: they come in long runs, so that a few ranges hold millions.
 */
#ifndef EVENT_ID_RANGES_H
#define EVENT_ID_RANGES_H

#include "base/vector.h"

#include <stdbool.h>
#include <stdint.h>

/* More ranges than this are not kept: beyond, an identifier may be taken for new twice. */
#define ID_RANGES_MAX 8192

struct id_range {
    uint64_t first, last;
};

struct id_ranges {
    struct id_range *items; /* sorted, neither overlapping nor adjacent */
    size_t count, capacity;
};

bool id_ranges_has(const struct id_ranges *, uint64_t id);
/* 1 it is new and was added (or there is no more room), 0 it was there, -ENOMEM. */
int id_ranges_add(struct id_ranges *, uint64_t id);
void id_ranges_free(struct id_ranges *);

#endif

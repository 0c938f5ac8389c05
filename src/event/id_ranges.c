/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "event/id_ranges.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The number of ranges that begin at or before id. */
static size_t ranges_up_to(const struct id_ranges *ranges, uint64_t id)
{
    size_t low = 0, high = ranges->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (ranges->items[middle].first <= id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool id_ranges_has(const struct id_ranges *ranges, uint64_t id)
{
    size_t n = ranges_up_to(ranges, id);

    return n > 0 && id <= ranges->items[n - 1].last;
}

static void remove_at(struct id_ranges *ranges, size_t i)
{
    memmove(ranges->items + i, ranges->items + i + 1,
            (--ranges->count - i) * sizeof(*ranges->items));
}

static int insert_at(struct id_ranges *ranges, size_t i, uint64_t id)
{
    if (ranges->count == ID_RANGES_MAX)
        return 1;
    if (!vector_push(ranges))
        return -ENOMEM;
    memmove(ranges->items + i + 1, ranges->items + i,
            (ranges->count - 1 - i) * sizeof(*ranges->items));
    ranges->items[i] = (struct id_range){id, id};
    return 1;
}

int id_ranges_add(struct id_ranges *ranges, uint64_t id)
{
    size_t n = ranges_up_to(ranges, id);
    struct id_range *before = n > 0 ? &ranges->items[n - 1] : NULL;
    struct id_range *after = n < ranges->count ? &ranges->items[n] : NULL;

    if (before && id <= before->last)
        return 0;
    bool follows = before && id == before->last + 1;
    bool precedes = after && id + 1 == after->first;
    if (follows && precedes) {
        before->last = after->last;
        remove_at(ranges, n);
    } else if (follows) {
        before->last = id;
    } else if (precedes) {
        after->first = id;
    } else {
        return insert_at(ranges, n, id);
    }
    return 1;
}

void id_ranges_free(struct id_ranges *ranges)
{
    vector_free(ranges);
}

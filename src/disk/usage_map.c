/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "disk/usage_map.h"

#include "base/checked.h"

#include <errno.h>
#include <stdlib.h>

int usage_map_make(struct usage_map *map, uint64_t size)
{
    *map = (struct usage_map){.units = div_round_up(min_u64(size, 128 * TIB), MIB)};
    for (int kind = 0; kind < USAGE_KINDS; kind++) {
        map->bits[kind] = calloc(1, (size_t)(map->units / 8 + 1));
        if (!map->bits[kind]) {
            usage_map_free(map);
            return -ENOMEM;
        }
    }
    return 0;
}

void usage_map_free(struct usage_map *map)
{
    for (int kind = 0; kind < USAGE_KINDS; kind++) {
        free(map->bits[kind]);
        map->bits[kind] = NULL;
    }
}

/* The mapped units that [offset, offset + length) touches: [first, end). */
static void units_of(const struct usage_map *map, uint64_t offset, uint64_t length, uint64_t *first,
                     uint64_t *end)
{
    uint64_t last;

    if (ADD_OVERFLOW(offset, length, &last))
        last = UINT64_MAX;
    *first = offset / MIB;
    *end = min_u64(div_round_up(last, MIB), map->units);
}

bool usage_map_any(const struct usage_map *map, enum usage kind, uint64_t offset, uint64_t length)
{
    uint64_t unit, end;

    for (units_of(map, offset, length, &unit, &end); unit < end; unit++)
        if (map->bits[kind][unit / 8] & 1u << unit % 8)
            return true;
    return false;
}

bool usage_map_mark(struct usage_map *map, enum usage kind, uint64_t offset, uint64_t length)
{
    bool before = usage_map_any(map, kind, offset, length);
    uint64_t unit, end;

    units_of(map, offset, length, &unit, &end);
    if (kind != USAGE_ANCHOR && unit < end)
        map->end = max_u64(map->end, end);
    for (; unit < end; unit++)
        map->bits[kind][unit / 8] |= (uint8_t)(1u << unit % 8);
    return before;
}

uint64_t usage_map_end(const struct usage_map *map)
{
    return map->end * MIB;
}

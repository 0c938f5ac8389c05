/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "volume/seen.h"

#include <errno.h>
#include <stdlib.h>

/* Fibonacci hashing: inode numbers stand close together. */
static size_t first_slot(const struct seen *seen, struct seen_file file)
{
    uint64_t hash = (file.number ^ file.device << 40) * 0x9E3779B97F4A7C15u;

    return (size_t)(hash >> 32) & (seen->capacity - 1);
}

static struct seen_file *find(const struct seen *seen, struct seen_file file)
{
    size_t at = first_slot(seen, file);

    while (seen->slots[at].number != 0 &&
           (seen->slots[at].number != file.number || seen->slots[at].device != file.device))
        at = (at + 1) & (seen->capacity - 1);
    return &seen->slots[at];
}

static int grow(struct seen *seen)
{
    struct seen wider = {.capacity = seen->capacity ? seen->capacity * 2 : 64,
                         .count = seen->count};

    wider.slots = calloc(wider.capacity, sizeof(*wider.slots));
    if (!wider.slots)
        return -ENOMEM;
    for (size_t i = 0; i < seen->capacity; i++)
        if (seen->slots[i].number != 0)
            *find(&wider, seen->slots[i]) = seen->slots[i];
    free(seen->slots);
    *seen = wider;
    return 0;
}

int seen_before(struct seen *seen, uint64_t device, uint64_t number)
{
    struct seen_file file = {device, number};

    if (number == 0) /* not a number that a file system gives to a file */
        return 0;
    if (seen->count * 2 >= seen->capacity && !seen_is_full(seen) && grow(seen) < 0)
        return -ENOMEM;
    struct seen_file *slot = find(seen, file);
    if (slot->number != 0)
        return 1;
    if (!seen_is_full(seen)) {
        *slot = file;
        seen->count++;
    }
    return 0;
}

void seen_free(struct seen *seen)
{
    free(seen->slots);
    *seen = (struct seen){0};
}

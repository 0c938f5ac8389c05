/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* The files and folders that a walk has met, as far as they could be met twice. */
#ifndef VOLUME_SEEN_H
#define VOLUME_SEEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* More is not kept: the table never takes more than 256 MiB. */
#define SEEN_MAX ((size_t)1 << 23)

struct seen_file {
    uint64_t device, number;
};

struct seen {
    struct seen_file *slots; /* number 0 = free */
    size_t count, capacity;  /* capacity: 0 or a power of two, at least 2 × count */
};

/* Remembers the file: 1 when it was there already, 0 when not (or when the table is full),
 * -ENOMEM. */
int seen_before(struct seen *, uint64_t device, uint64_t number);
static inline bool seen_is_full(const struct seen *seen)
{
    return seen->count >= SEEN_MAX;
}
void seen_free(struct seen *);

#endif

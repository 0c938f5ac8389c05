/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * A growable array: VECTOR(type) is a struct with items, count and capacity plain to see.
 * vector_push() returns a pointer to a new zeroed last element, or NULL when memory is short;
 * elements may move when the vector grows.
 */
#ifndef BASE_VECTOR_H
#define BASE_VECTOR_H

#include <stddef.h>

#define VECTOR(type)                                                                               \
    struct {                                                                                       \
        type *items;                                                                               \
        size_t count, capacity;                                                                    \
    }

/* Makes room for one more element and zeroes it. 0 or -ENOMEM. */
int vector_grow_(void **items, size_t *count, size_t *capacity, size_t item_size);

#define vector_push(v)                                                                             \
    __extension__({                                                                                \
        void *items_ = (v)->items;                                                                 \
        int r_ = vector_grow_(&items_, &(v)->count, &(v)->capacity, sizeof(*(v)->items));          \
        (v)->items = items_;                                                                       \
        r_ < 0 ? NULL : &(v)->items[(v)->count - 1];                                               \
    })

/* Frees the array itself; what its elements own is the caller's to free first. */
#define vector_free(v)                                                                             \
    do {                                                                                           \
        free((v)->items);                                                                          \
        (v)->items = NULL;                                                                         \
        (v)->count = (v)->capacity = 0;                                                            \
    } while (0)

#endif

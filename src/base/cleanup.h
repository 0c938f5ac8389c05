/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Scope-bound ownership. CLEANUP(thing) calls thing_cleanup(&variable) when the scope ends. */
#ifndef BASE_CLEANUP_H
#define BASE_CLEANUP_H

#include <stdlib.h>

#define CLEANUP(name) __attribute__((cleanup(name##_cleanup)))
#define CLEANUP_FREE __attribute__((cleanup(cleanup_free)))

static inline void cleanup_free(void *p)
{
    free(*(void **)p);
}

/* Hands the pointer on: returns its value and leaves NULL behind, so that cleanup does nothing. */
#define STEAL(p)                                                                                   \
    __extension__({                                                                                \
        __typeof__(p) stolen_ = (p);                                                               \
        (p) = NULL;                                                                                \
        stolen_;                                                                                   \
    })

#endif

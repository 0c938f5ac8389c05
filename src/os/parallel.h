/* SPDX-License-Identifier: LGPL-3.0-or-later */
#ifndef OS_PARALLEL_H
#define OS_PARALLEL_H

#include <stddef.h>

/* Processors that this process may use; at least 1. */
unsigned os_cpu_count(void);

/*
 * Calls fn(user, i) once for each i below `count`, spread over so many threads, and returns when
 * all calls have. With one thread (or 0) everything happens in the caller, in order. When fewer
 * threads can be had, fewer do the work. 0.
 */
int parallel_for(size_t count, unsigned threads, void (*fn)(void *user, size_t index), void *user);

#endif

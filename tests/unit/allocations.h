/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * Memory that runs out at a chosen allocation. The linker puts the functions below in the place of
 * the real ones (link_args: wrap_args), in everything that is linked statically; what shared
 * libraries allocate does not fail. To be included by one file of a program, after testing.h.
 */
#ifndef TESTS_ALLOCATIONS_H
#define TESTS_ALLOCATIONS_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

void *__real_malloc(size_t);
void *__real_calloc(size_t, size_t);
void *__real_realloc(void *, size_t);
char *__real_strdup(const char *);
char *__real_strndup(const char *, size_t);
void *__wrap_malloc(size_t);
void *__wrap_calloc(size_t, size_t);
void *__wrap_realloc(void *, size_t);
char *__wrap_strdup(const char *);
char *__wrap_strndup(const char *, size_t);

static struct {
    bool counting;
    size_t count, fail_at;
} allocations;

/* From now on allocations are counted, and number `fail_at` (1 the next one, 0 none) fails. */
static inline void allocations_start(size_t fail_at)
{
    allocations.counting = true;
    allocations.count = 0;
    allocations.fail_at = fail_at;
}

/* How many there were. */
static inline size_t allocations_stop(void)
{
    allocations.counting = false;
    return allocations.count;
}

static bool allocation_fails(void)
{
    return allocations.counting && ++allocations.count == allocations.fail_at;
}

void *__wrap_malloc(size_t size)
{
    return allocation_fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return allocation_fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    return allocation_fails() ? NULL : __real_realloc(memory, size);
}

char *__wrap_strdup(const char *text)
{
    return allocation_fails() ? NULL : __real_strdup(text);
}

char *__wrap_strndup(const char *text, size_t length)
{
    return allocation_fails() ? NULL : __real_strndup(text, length);
}

/* What is tried: 0 or negative errno, with everything freed again. */
typedef int allocations_try(void *user);

/*
 * Tries once with each allocation failing, and each time -ENOMEM is the answer; or 0, where the
 * failure changes nothing (a block that could not shrink, a note that was not made), but not for
 * half of them. Leaks are the sanitizer's to see. The number of allocations.
 */
static inline size_t fail_each_allocation(allocations_try *try, void *user)
{
    size_t total, failed = 0;

    allocations_start(0);
    int r = try(user);
    total = allocations_stop();
    assert_int_equal(r, 0);
    for (size_t n = 1; n <= total; n++) {
        allocations_start(n);
        r = try(user);
        allocations_stop();
        if (r != 0 && r != -ENOMEM)
            fail_msg("allocation %zu of %zu: %d", n, total, r);
        failed += r != 0;
    }
    assert_true(failed > total / 2);
    return total;
}

#endif

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * Memory that runs out at every single allocation of a printing: the printer says -ENOMEM, never
 * prints a report that looks whole, and leaks nothing (which the sanitizer sees).
 */
#include "model.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool counting;
static size_t allocations, fail_at;

/* The linker leads the library's calls here (-Wl,--wrap). */
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

static bool is_over(void)
{
    return counting && ++allocations == fail_at;
}

void *__wrap_malloc(size_t size)
{
    return is_over() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return is_over() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return is_over() ? NULL : __real_realloc(old, size);
}

char *__wrap_strdup(const char *text)
{
    return is_over() ? NULL : __real_strdup(text);
}

char *__wrap_strndup(const char *text, size_t length)
{
    return is_over() ? NULL : __real_strndup(text, length);
}

static int count_bytes(void *user, const void *bytes, size_t length)
{
    *(size_t *)user += length;
    return 0;
}

static void test_every_allocation(void **state)
{
    struct report_style style = {80, true, true};
    struct report r;

    model_full(&r);
    for (size_t i = 0; report_formats()[i]; i++) {
        size_t whole = 0, total;
        counting = true;
        allocations = fail_at = 0;
        assert_int_equal(report_print(&r, report_formats()[i], &style, count_bytes, &whole), 0);
        total = allocations;
        for (size_t n = 1; n <= total; n++) {
            size_t printed = 0;
            allocations = 0;
            fail_at = n;
            int status = report_print(&r, report_formats()[i], &style, count_bytes, &printed);
            if (status != -ENOMEM)
                print_error("%s: allocation %zu of %zu\n", report_formats()[i], n, total);
            if (status != -ENOMEM || printed >= whole)
                fail_msg("%s, allocation %zu of %zu: status %d", report_formats()[i], n, total,
                         status);
        }
        counting = false;
        if (strcmp(report_formats()[i], "text") == 0)
            assert_true(total > 100); /* else nothing was led here */
        if (strstr(report_formats()[i], "json"))
            assert_int_equal(total, 0); /* no memory, whatever the report's length */
    }
    report_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_allocation)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}

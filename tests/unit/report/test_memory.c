/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * Memory that runs out at every single allocation of a printing: the printer says -ENOMEM, never
 * prints a report that looks whole, and leaks nothing (which the sanitizer sees).
 */
#include "model.h"

#include "../allocations.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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
        allocations_start(0);
        assert_int_equal(report_print(&r, report_formats()[i], &style, count_bytes, &whole), 0);
        total = allocations_stop();
        for (size_t n = 1; n <= total; n++) {
            size_t printed = 0;
            allocations_start(n);
            int status = report_print(&r, report_formats()[i], &style, count_bytes, &printed);
            allocations_stop();
            if (status != -ENOMEM)
                print_error("%s: allocation %zu of %zu\n", report_formats()[i], n, total);
            if (status != -ENOMEM || printed >= whole)
                fail_msg("%s, allocation %zu of %zu: status %d", report_formats()[i], n, total,
                         status);
        }
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

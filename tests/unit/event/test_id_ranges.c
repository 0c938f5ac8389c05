/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "../testing.h"

#include "event/id_ranges.h"

#include <string.h>

static void test_runs_grow_together(void **state)
{
    struct id_ranges ranges = {0};

    assert_int_equal(id_ranges_add(&ranges, 5), 1);
    assert_int_equal(id_ranges_add(&ranges, 5), 0);
    assert_int_equal(id_ranges_add(&ranges, 7), 1);
    assert_int_equal(ranges.count, 2);
    assert_int_equal(id_ranges_add(&ranges, 6), 1);
    assert_int_equal(ranges.count, 1);
    assert_int_equal(id_ranges_add(&ranges, 4), 1);
    assert_int_equal(id_ranges_add(&ranges, UINT64_MAX), 1);
    assert_int_equal(id_ranges_add(&ranges, 0), 1);
    assert_int_equal(ranges.count, 3);
    assert_true(id_ranges_has(&ranges, 0));
    assert_true(id_ranges_has(&ranges, UINT64_MAX));
    assert_true(id_ranges_has(&ranges, 4));
    assert_true(id_ranges_has(&ranges, 7));
    assert_false(id_ranges_has(&ranges, 8));
    assert_false(id_ranges_has(&ranges, 3));
    assert_int_equal(id_ranges_add(&ranges, UINT64_MAX), 0);
    id_ranges_free(&ranges);
}

/* The same answers as a plain table of what was added, whatever the order. */
static void test_any_order(void **state)
{
    struct id_ranges ranges = {0};
    char seen[997] = {0};
    unsigned id = 1;

    for (int i = 0; i < 5000; i++) {
        id = id * 75 % 65537;
        unsigned n = id % sizeof(seen);
        assert_int_equal(id_ranges_has(&ranges, n), seen[n]);
        assert_int_equal(id_ranges_add(&ranges, n), !seen[n]);
        seen[n] = 1;
    }
    for (size_t i = 0; i + 1 < ranges.count; i++)
        assert_true(ranges.items[i].last + 1 < ranges.items[i + 1].first);
    id_ranges_free(&ranges);
}

static void test_memory_is_bounded(void **state)
{
    struct id_ranges ranges = {0};

    for (uint64_t id = 0; id < 4 * ID_RANGES_MAX; id += 2)
        assert_int_equal(id_ranges_add(&ranges, id), 1);
    assert_int_equal(ranges.count, ID_RANGES_MAX);
    assert_int_equal(id_ranges_add(&ranges, 0), 0);
    assert_int_equal(id_ranges_add(&ranges, 1), 1); /* joining two makes room */
    assert_int_equal(ranges.count, ID_RANGES_MAX - 1);
    id_ranges_free(&ranges);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_runs_grow_together),
        cmocka_unit_test(test_any_order),
        cmocka_unit_test(test_memory_is_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

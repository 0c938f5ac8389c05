/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "../testing.h"

#include "volume/seen.h"

static void test_each_pair_once(void **state)
{
    struct seen seen = {0};

    for (int round = 0; round < 2; round++)
        for (uint64_t device = 1; device <= 3; device++)
            for (uint64_t number = 1; number <= 5000; number++)
                assert_int_equal(seen_before(&seen, device, number), round);
    assert_int_equal(seen.count, 15000);
    seen_free(&seen);
    assert_int_equal(seen_before(&seen, 1, 1), 0);
    seen_free(&seen);
}

static void test_awkward_numbers(void **state)
{
    struct seen seen = {0};

    assert_int_equal(seen_before(&seen, 0, 0), 0); /* no file has it: never remembered */
    assert_int_equal(seen_before(&seen, 0, 0), 0);
    assert_int_equal(seen_before(&seen, 0, UINT64_MAX), 0);
    assert_int_equal(seen_before(&seen, UINT64_MAX, UINT64_MAX), 0);
    assert_int_equal(seen_before(&seen, 0, UINT64_MAX), 1);
    for (uint64_t i = 1; i < 64; i++) /* steps of powers of two */
        assert_int_equal(seen_before(&seen, 7, (uint64_t)1 << i), 0);
    for (uint64_t i = 1; i < 64; i++)
        assert_int_equal(seen_before(&seen, 7, (uint64_t)1 << i), 1);
    seen_free(&seen);
}

static void test_full(void **state)
{
    struct seen seen = {0};

    assert_int_equal(seen_before(&seen, 1, 1), 0);
    seen.count = SEEN_MAX; /* as if */
    assert_true(seen_is_full(&seen));
    assert_int_equal(seen_before(&seen, 1, 2), 0);
    assert_int_equal(seen_before(&seen, 1, 2), 0); /* not kept */
    assert_int_equal(seen_before(&seen, 1, 1), 1); /* still known */
    seen_free(&seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_pair_once),
        cmocka_unit_test(test_awkward_numbers),
        cmocka_unit_test(test_full),
    };

    return cmocka_run_group_tests_name("volume-seen", tests, NULL, NULL);
}

/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "../testing.h"

#include "os/parallel.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#define COUNT 100000

static atomic_uchar visited[COUNT];

static void visit(void *user, size_t index)
{
    atomic_fetch_add(&visited[index], 1);
    atomic_fetch_add((atomic_size_t *)user, index);
}

static void test_each_index_once(void **state)
{
    static const unsigned threads[] = {0, 1, 2, 3, 16};

    for (size_t t = 0; t < sizeof(threads) / sizeof(*threads); t++) {
        atomic_size_t sum = 0;

        memset(visited, 0, sizeof(visited));
        assert_int_equal(parallel_for(COUNT, threads[t], visit, &sum), 0);
        for (size_t i = 0; i < COUNT; i++)
            assert_int_equal(visited[i], 1);
        assert_int_equal(sum, (size_t)COUNT * (COUNT - 1) / 2);
    }
}

static void test_few_or_none(void **state)
{
    atomic_size_t sum = 0;

    memset(visited, 0, sizeof(visited));
    assert_int_equal(parallel_for(0, 4, visit, &sum), 0);
    assert_int_equal(visited[0], 0);
    assert_int_equal(parallel_for(2, 64, visit, &sum), 0);
    assert_int_equal(visited[0], 1);
    assert_int_equal(visited[1], 1);
    assert_int_equal(visited[2], 0);
}

struct order {
    pthread_t caller;
    size_t next;
};

static void follow(void *user, size_t index)
{
    struct order *order = user;

    assert_true(pthread_equal(order->caller, pthread_self()));
    assert_int_equal(index, order->next++);
}

static void test_one_thread_is_the_caller(void **state)
{
    struct order order = {pthread_self(), 0};

    assert_int_equal(parallel_for(100, 1, follow, &order), 0);
    assert_int_equal(order.next, 100);
}

/* Nobody goes on before all four have come: that takes four threads. */
static void meet(void *user, size_t index)
{
    pthread_barrier_wait(user);
}

static void test_threads_work_at_the_same_time(void **state)
{
    pthread_barrier_t barrier;

    assert_int_equal(pthread_barrier_init(&barrier, NULL, 4), 0);
    assert_int_equal(parallel_for(8, 4, meet, &barrier), 0);
    pthread_barrier_destroy(&barrier);
}

static void test_cpu_count(void **state)
{
    assert_true(os_cpu_count() >= 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_index_once),
        cmocka_unit_test(test_few_or_none),
        cmocka_unit_test(test_one_thread_is_the_caller),
        cmocka_unit_test(test_threads_work_at_the_same_time),
        cmocka_unit_test(test_cpu_count),
    };

    return cmocka_run_group_tests_name("os-parallel", tests, NULL, NULL);
}

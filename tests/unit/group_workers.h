/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * Worker programs for a whole group of tests: cmocka_run_group_tests(tests, start_workers,
 * stop_workers). Each test is handed them as *state; what has no state takes group_workers.
 */
#ifndef TESTS_GROUP_WORKERS_H
#define TESTS_GROUP_WORKERS_H

#include "os/worker.h"

static struct workers *group_workers;

static inline int start_workers(void **state)
{
    int r = workers_start(&group_workers);

    *state = group_workers;
    return r;
}

static inline int stop_workers(void **state)
{
    workers_stop(group_workers);
    return 0;
}

#endif

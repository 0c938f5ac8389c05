/* SPDX-License-Identifier: LGPL-3.0-or-later */
#ifndef TESTS_KEEP_REPORT_H
#define TESTS_KEEP_REPORT_H

#include "testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Whoever wants to hold every JSON report that a test makes to the schema names a folder. */
static inline void keep_report(const char *json)
{
    static unsigned number;
    const char *folder = getenv("HVCHAIN_KEEP_REPORTS");
    char path[512];

    if (!folder)
        return;
    snprintf(path, sizeof(path), "%s/%d-%u.json", folder, (int)getpid(), number++);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(json, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

#endif

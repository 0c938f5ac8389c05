/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "report/report.h"

#include <stdlib.h>

void report_free(struct report *r)
{
    for (size_t i = 0; i < r->arguments.count; i++)
        free(r->arguments.items[i]);
    vector_free(&r->arguments);
    free(r->started);
    free(r->finished);
    plan_free(&r->plans);
    verdict_free(&r->verdict);
    host_free(&r->host);
    *r = (struct report){0};
}

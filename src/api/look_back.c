/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "api/look_back.h"

#include "host/shadows.h"

/* Only what comparisons need is kept of it: a volume can have hundreds of copies. */
static int look_at(struct report *report, const struct host_moment *moment,
                   const struct host_options *options)
{
    struct verdict verdict = {0};
    struct host then;
    int r = host_scan_moment(&then, &report->host, moment, options);

    if (r == 0)
        r = verdict_make(&verdict, &then);
    if (r == 0)
        r = history_add(&report->history, &report->host, &then, &verdict, moment->copies.items);
    verdict_free(&verdict);
    host_free(&then);
    return r;
}

int look_back(struct report *report, const struct host_options *options)
{
    struct host_moments moments;
    int r = host_find_shadows(&report->host, options->workers, &moments);

    for (size_t i = 0; i < moments.count && r == 0; i++)
        r = look_at(report, &moments.items[i], options);
    if (r == 0)
        r = history_end(&report->history, &report->host, &report->verdict);
    host_moments_free(&moments);
    return r;
}

/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "report/report.h"

#include "base/strbuf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *reason(const struct notes *notes)
{
    for (size_t i = 0; i < notes->count; i++)
        if (strcmp(notes->items[i].rule, WITNESS_UNAVAILABLE_RULE) == 0 && notes->items[i].text)
            return notes->items[i].text;
    return "libvhdi could not be asked";
}

char *report_absent_witness(const struct report *r, int *status)
{
    const struct host_disk *first = NULL;
    size_t count = 0;

    *status = 0;
    for (size_t i = 0; i < r->host.disks.count; i++) {
        const struct host_disk *d = &r->host.disks.items[i];
        if (!d->witness_asked || d->witness != WITNESS_UNAVAILABLE)
            continue;
        first = first ? first : d;
        count++;
    }
    if (!first)
        return NULL;
    char *text = string_printf("%s (%zu disk%s)", reason(&first->notes), count,
                               count == 1 ? "" : "s");
    *status = text ? 0 : -ENOMEM;
    return text;
}

void report_free(struct report *r)
{
    for (size_t i = 0; i < r->arguments.count; i++)
        free(r->arguments.items[i]);
    vector_free(&r->arguments);
    free(r->started);
    free(r->finished);
    for (size_t i = 0; i < r->subjects.count; i++)
        free(r->subjects.items[i]);
    vector_free(&r->subjects);
    free(r->shown.disks);
    free(r->shown.chains);
    free(r->shown.machines);
    free(r->compared_with);
    change_list_free(&r->changes);
    history_free(&r->history);
    inspection_list_free(&r->inspections);
    plan_free(&r->plans);
    diagnosis_list_free(&r->diagnoses);
    verdict_free(&r->verdict);
    host_free(&r->host);
    *r = (struct report){0};
}

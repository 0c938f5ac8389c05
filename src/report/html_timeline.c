/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Events, and when files were written and made and checkpoints taken: a strip to see, a table to
 * search. */
#include "report/html.h"

#include "base/cleanup.h"
#include "base/strbuf.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define STRIP_WIDTH  1000
#define STRIP_HEIGHT 84
#define STRIP_MARGIN 132  /* at the left, for the names of the rows */
#define STRIP_DOTS   2000 /* more can't be told apart */

enum moment_kind {
    MOMENT_MODIFIED,
    MOMENT_CREATED,
    MOMENT_CHECKPOINT,
    MOMENT_EVENT,
    MOMENT_KINDS,
};

struct moment {
    filetime when;
    enum moment_kind kind;
    size_t order; /* as found */
    const char *subject, *of;
    enum severity severity;
};

typedef VECTOR(struct moment) moment_list;

static const char *const kind_names[MOMENT_KINDS] = {
    [MOMENT_MODIFIED] = "file written",
    [MOMENT_CREATED] = "file made",
    [MOMENT_CHECKPOINT] = "checkpoint taken",
    [MOMENT_EVENT] = "event",
};

static bool add(moment_list *list, struct moment moment)
{
    if (moment.when == 0)
        return true;
    struct moment *slot = vector_push(list);
    if (!slot)
        return false;
    moment.order = list->count;
    *slot = moment;
    return true;
}

static bool add_disk(moment_list *list, const struct report *r, size_t index)
{
    const struct host_disk *d = &r->host.disks.items[index];
    enum severity severity = r->verdict.disks[index].severity;
    const char *class = class_name(r->verdict.disks[index].class);

    return add(list, (struct moment){d->modified, MOMENT_MODIFIED, 0, d->path, class, severity}) &&
           add(list, (struct moment){d->created, MOMENT_CREATED, 0, d->path, class, severity});
}

static bool add_checkpoints(moment_list *list, const struct host_machine *m)
{
    bool ok = true;

    for (size_t i = 0; ok && i < m->checkpoints.count; i++)
        ok = add(list, (struct moment){m->checkpoints.items[i].created, MOMENT_CHECKPOINT, 0,
                                       m->checkpoints.items[i].name, m->name, SEVERITY_INFO});
    return ok;
}

static enum severity event_severity(const struct event *event)
{
    return event->level == 1 || event->level == 2 ? SEVERITY_PROBLEM
           : event->level == 3                    ? SEVERITY_WARNING
                                                  : SEVERITY_INFO;
}

static bool add_event(moment_list *list, const struct event *event)
{
    const char *of = event->vm_name ? event->vm_name : event->computer;

    return add(list, (struct moment){event->time, MOMENT_EVENT, 0,
                                     event->message ? event->message : event->kind, of,
                                     event_severity(event)});
}

static int compare_moments(const void *a, const void *b)
{
    const struct moment *x = a, *y = b;

    if (x->when != y->when)
        return x->when < y->when ? -1 : 1;
    return (x->order > y->order) - (x->order < y->order);
}

static int row_of(enum moment_kind kind)
{
    return 54 - 15 * (int)kind;
}

static void put_strip(struct output *out, const moment_list *list)
{
    filetime first = list->items[0].when, last = list->items[list->count - 1].when;
    filetime span = last > first ? last - first : 1;
    char from[WHEN_TEXT_SIZE], to[WHEN_TEXT_SIZE];

    output_printf(out,
                  "<svg class=\"strip\" role=\"img\" aria-label=\"Timeline\" viewBox=\"%d 0 %d "
                  "%d\"><path class=\"e\" d=\"M0,64H%d\"/>",
                  -STRIP_MARGIN, STRIP_MARGIN + STRIP_WIDTH + 10, STRIP_HEIGHT, STRIP_WIDTH);
    for (enum moment_kind k = 0; k < MOMENT_KINDS; k++)
        output_printf(out, "<text class=\"c\" x=\"-10\" y=\"%d\" text-anchor=\"end\">%s</text>",
                      row_of(k) + 4, kind_names[k]);
    for (size_t i = 0; i < list->count && i < STRIP_DOTS; i++) {
        const struct moment *m = &list->items[i];
        unsigned x = (unsigned)((double)(m->when - first) / (double)span * STRIP_WIDTH);
        output_printf(out, "<circle class=\"f%d\" cx=\"%u\" cy=\"%d\" r=\"4\"><title>",
                      (int)m->severity, x, row_of(m->kind));
        html_text(out, m->subject ? m->subject : "?");
        output_text(out, "</title></circle>");
    }
    output_printf(out, "<text x=\"0\" y=\"80\">%s</text>", when_format(first, WHEN_SECONDS, from));
    output_printf(out, "<text x=\"%d\" y=\"80\" text-anchor=\"end\">%s</text></svg>\n", STRIP_WIDTH,
                  when_format(last, WHEN_SECONDS, to));
}

static void put_table(struct output *out, const moment_list *list)
{
    static const char *const heads[] = {"Time (UTC)", "What", "Of", "Subject", NULL};

    html_open_table(out, true, heads);
    for (size_t i = 0; i < list->count; i++) {
        const struct moment *m = &list->items[i];
        output_text(out, "<tr>");
        html_time_cell(out, m->when);
        html_cell(out, kind_names[m->kind]);
        html_severity_cell(out, m->severity, m->of ? m->of : "");
        html_path_cell(out, m->subject);
        output_text(out, "</tr>\n");
    }
    html_close_table(out);
}

void html_timeline(struct output *out, const struct report *r)
{
    moment_list list = {0};
    bool ok = true;

    for (size_t i = 0; ok && i < r->host.disks.count; i++)
        ok = add_disk(&list, r, i);
    for (size_t i = 0; ok && i < r->host.machines.count; i++)
        ok = add_checkpoints(&list, &r->host.machines.items[i]);
    for (size_t i = 0; ok && i < r->host.events.count; i++)
        ok = add_event(&list, &r->host.events.items[i].event);
    if (!ok)
        output_fail(out, -ENOMEM);
    if (ok && list.count > 0) {
        qsort(list.items, list.count, sizeof(*list.items), compare_moments);
        output_text(out, "<h2 id=\"timeline\">Timeline</h2>\n");
        put_strip(out, &list);
        put_table(out, &list);
    }
    vector_free(&list);
}

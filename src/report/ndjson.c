/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* One record per line, each with its kind in "record": for tools that read line by line. */
#include "report/printers.h"
#include "report/records.h"

static struct json_writer begin_line(struct output *out, const char *record)
{
    struct json_writer w = {.out = out, .indent = 0};

    json_open_object(&w, NULL);
    json_write_string(&w, "record", record);
    return w;
}

static void end_line(struct json_writer *w)
{
    json_close_object(w);
    output_char(w->out, '\n');
}

void report_print_ndjson(struct output *out, const struct report *r,
                         const struct report_style *style)
{
    struct json_writer w = begin_line(out, "run");

    json_write_string(&w, "schema", REPORT_SCHEMA);
    report_run_members(&w, r);
    end_line(&w);
    for (const struct report_list *list = report_lists; list->list; list++) {
        size_t count = report_has_list(r, list) ? list->count(r) : 0;
        for (size_t i = 0; i < count; i++) {
            if (!report_shows(r, list, i))
                continue;
            w = begin_line(out, list->record);
            list->members(&w, r, i);
            end_line(&w);
        }
    }
    if (!report_has_summary(r))
        return;
    w = begin_line(out, "summary");
    report_summary_members(&w, r);
    end_line(&w);
}

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* The reference printing: one JSON object, members in the documented order. */
#include "report/printers.h"
#include "report/records.h"

static void print_list(struct json_writer *w, const struct report *r,
                       const struct report_list *list)
{
    size_t count = list->count(r);

    json_open_array(w, list->list);
    for (size_t i = 0; i < count; i++) {
        if (!report_shows(r, list, i))
            continue;
        json_open_object(w, NULL);
        list->members(w, r, i);
        json_close_object(w);
    }
    json_close_array(w);
}

void report_print_json(struct output *out, const struct report *r, const struct report_style *style)
{
    struct json_writer w = {.out = out, .indent = 2};

    json_open_object(&w, NULL);
    json_write_string(&w, "schema", REPORT_SCHEMA);
    json_open_object(&w, "run");
    report_run_members(&w, r);
    json_close_object(&w);
    for (const struct report_list *list = report_lists; list->list; list++)
        if (report_has_list(r, list))
            print_list(&w, r, list);
    if (report_has_summary(r)) {
        json_open_object(&w, "summary");
        report_summary_members(&w, r);
        json_close_object(&w);
    }
    json_close_object(&w);
    output_char(out, '\n');
}

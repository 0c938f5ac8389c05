/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "report/printers.h"
#include "report/report.h"

#include "base/checked.h"

#include <errno.h>
#include <string.h>

/* The formats; the first is the default. */
#define FORMATS(X)                                                                                 \
    X("text", report_print_text)                                                                   \
    X("json", report_print_json)                                                                   \
    X("ndjson", report_print_ndjson)                                                               \
    X("csv", report_print_csv)                                                                     \
    X("csv-findings", report_print_csv_findings)                                                   \
    X("csv-changes", report_print_csv_changes)                                                     \
    X("html", report_print_html)                                                                   \
    X("dot", report_print_dot)                                                                     \
    X("bodyfile", report_print_bodyfile)                                                           \
    X("prometheus", report_print_prometheus)

#define FORMAT_NAME(name, printer)    name,
#define FORMAT_PRINTER(name, printer) printer,

static const char *const names[] = {FORMATS(FORMAT_NAME) NULL};
static report_printer *const printers[] = {FORMATS(FORMAT_PRINTER)};

int report_print(const struct report *r, const char *format, const struct report_style *style,
                 report_sink *sink, void *user)
{
    struct output out = {.sink = sink, .user = user};

    for (size_t i = 0; i < ARRAY_SIZE(printers); i++) {
        if (strcmp(names[i], format) == 0) {
            printers[i](&out, r, style);
            return output_finish(&out);
        }
    }
    return -EINVAL;
}

const char *const *report_formats(void)
{
    return names;
}

/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "report/printers.h"
#include "report/report.h"

#include "base/checked.h"

#include <errno.h>
#include <string.h>

/* The formats: a printer is called report_print_NAME(). The first is the default. */
#define FORMATS(X) X(text) X(json) X(ndjson)

#define FORMAT_NAME(name)    #name,
#define FORMAT_PRINTER(name) report_print_##name,

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

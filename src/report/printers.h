/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* The printers, each in a file of its own; print.c lists them. Failures stay in the output. */
#ifndef REPORT_PRINTERS_H
#define REPORT_PRINTERS_H

#include "report/output.h"
#include "report/report.h"

typedef void report_printer(struct output *, const struct report *, const struct report_style *);

report_printer report_print_text, report_print_json, report_print_ndjson, report_print_csv,
    report_print_csv_findings, report_print_csv_changes, report_print_html, report_print_dot,
    report_print_bodyfile, report_print_prometheus;

#endif

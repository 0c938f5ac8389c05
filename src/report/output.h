/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * Bytes on their way to a report's sink, gathered into larger pieces. The first failure is kept,
 * and every later call does nothing: ask output_finish() once, at the end.
 */
#ifndef REPORT_OUTPUT_H
#define REPORT_OUTPUT_H

#include "report/report.h"

#include <stddef.h>

struct output {
    report_sink *sink;
    void *user;
    int status; /* 0 or what the sink, or memory, said first */
    size_t used;
    char buffer[16384];
};

void output_bytes(struct output *, const void *bytes, size_t length);
void output_text(struct output *, const char *text);
void output_char(struct output *, char);
/* The character so many times. */
void output_repeat(struct output *, char, size_t times);
/* Short text only: what does not fit in 256 bytes is an error of the caller (-EOVERFLOW). */
void output_printf(struct output *, const char *format, ...) __attribute__((format(printf, 2, 3)));
void output_fail(struct output *, int status);
/* Hands the last bytes over. 0 or the first failure. */
int output_finish(struct output *);

#endif

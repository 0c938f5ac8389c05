/* SPDX-License-Identifier: LGPL-3.0-or-later */
#ifndef WORKER_CAUSE_H
#define WORKER_CAUSE_H

#include <stdio.h>
#include <string.h>

#define CAUSE_SIZE 256
#define TRACE_SIZE 8192

/* The first line of a libyal backtrace is the cause, "function: what happened.": what happened.
 * `trace` is cut. */
static inline void cause_of(char *trace, char text[CAUSE_SIZE])
{
    trace[strcspn(trace, "\n")] = '\0';
    size_t length = strlen(trace);
    if (length > 0 && trace[length - 1] == '.')
        trace[length - 1] = '\0';
    const char *cause = strstr(trace, ": ");
    snprintf(text, CAUSE_SIZE, "%.255s", cause ? cause + 2 : trace);
}

#endif

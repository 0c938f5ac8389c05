/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "cli/progress.h"

#include "os/terminal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define INTERVAL_MS 100

void progress_start(struct progress *p, bool quiet)
{
    struct terminal terminal;

    terminal_look(&terminal, STDERR_FILENO);
    *p = (struct progress){.wanted = terminal.interactive && !quiet, .columns = terminal.columns};
}

/* True when the last line is old enough for another. */
static bool is_due(struct progress *p)
{
    struct timespec now;

    if (clock_gettime(CLOCK_MONOTONIC, &now) < 0)
        return false;
    int64_t ms = (int64_t)(now.tv_sec - p->last.tv_sec) * 1000 +
                 (now.tv_nsec - p->last.tv_nsec) / 1000000;
    if (p->shown && ms < INTERVAL_MS)
        return false;
    p->last = now;
    return true;
}

void progress_show(void *user, const char *stage, uint64_t done, uint64_t total)
{
    struct progress *p = user;
    char line[128];

    if (!p->wanted || !is_due(p))
        return;
    if (total > 0)
        snprintf(line, sizeof(line), "%s: %" PRIu64 " of %" PRIu64, stage, done, total);
    else
        snprintf(line, sizeof(line), "%s: %" PRIu64, stage, done);
    if (strlen(line) >= p->columns)
        line[p->columns - 1] = '\0';
    fprintf(stderr, "\r%s\033[K", line);
    fflush(stderr);
    p->shown = true;
}

void progress_end(struct progress *p)
{
    if (p->shown)
        fputs("\r\033[K", stderr);
    p->shown = false;
}

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

static int64_t milliseconds_since(const struct timespec *then, const struct timespec *now)
{
    return (int64_t)(now->tv_sec - then->tv_sec) * 1000 + (now->tv_nsec - then->tv_nsec) / 1000000;
}

/* True when the last line is old enough for another. */
static bool is_due(struct progress *p)
{
    struct timespec now;

    if (clock_gettime(CLOCK_MONOTONIC, &now) < 0)
        return false;
    int64_t ms = milliseconds_since(&p->last, &now);
    if (p->shown && ms < INTERVAL_MS)
        return false;
    p->last = now;
    return true;
}

#define ESTIMATE_AFTER_MS 3000
#define COUNTABLE         1000000 /* larger totals are bytes: a share says more than a number */

/* "about 4 min left", once enough was done to say so. */
static void append_estimate(char *line, size_t size, const struct progress *p, uint64_t total)
{
    int64_t ms = milliseconds_since(&p->began, &p->last);

    if (ms < ESTIMATE_AFTER_MS || p->done == 0 || p->done >= total)
        return;
    double left = (double)ms / 1000 * ((double)(total - p->done) / (double)p->done);
    size_t used = strlen(line);
    if (left < 90)
        snprintf(line + used, size - used, ", about %.0f s left", left + 1);
    else
        snprintf(line + used, size - used, ", about %.0f min left", left / 60 + 1);
}

/* A stage of another name, or one that begins again, has its own clock. */
static void note_stage(struct progress *p, const char *stage, uint64_t done)
{
    if (p->stage && strcmp(p->stage, stage) == 0 && done >= p->done) {
        p->done = done;
        return;
    }
    p->stage = stage;
    p->done = done;
    clock_gettime(CLOCK_MONOTONIC, &p->began);
}

void progress_show(void *user, const char *stage, uint64_t done, uint64_t total)
{
    struct progress *p = user;
    char line[128];

    if (!p->wanted)
        return;
    note_stage(p, stage, done);
    if (!is_due(p))
        return;
    if (total > COUNTABLE)
        snprintf(line, sizeof(line), "%s: %u%%", stage,
                 (unsigned)((double)done / (double)total * 100));
    else if (total > 0)
        snprintf(line, sizeof(line), "%s: %" PRIu64 " of %" PRIu64, stage, done, total);
    else
        snprintf(line, sizeof(line), "%s: %" PRIu64, stage, done);
    append_estimate(line, sizeof(line), p, total);
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

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* hvchain plan: the cleanup report before a merge. It never does any of it. */
#include "cli/run.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const char *const *plan_formats(void)
{
    static const char *const words[] = {"text", "json", "ndjson", "html", NULL};

    return words;
}

static const struct option plan_options[] = {
    {"vm", 0, OPTION_TEXT, RUN_AT(subject), "NAME",
     "Plan only for the VM of this name or identifier.", NULL},
    {"compare", 0, OPTION_FLAG, RUN_AT(deep), NULL,
     "Read the data of parent and child, by libvhdi as well, and tell how much is really "
     "different. This takes as long as reading the disks.",
     NULL},
    {"free", 0, OPTION_LIST, RUN_AT(extra), "VOLUME=BYTES",
     "So much is free on VOLUME: 'D:', a mount point, a volume's GUID path, a share, or a folder "
     "of the evidence; K, M, G, T for binary multiples. Default: what the file system says. "
     "Repeatable.",
     NULL},
    RUN_HOST_OPTIONS
    RUN_WITNESS_OPTIONS
    RUN_FORMAT_OPTION("text (default), json, ndjson (one record per line), or html (to be printed, "
                      "ticked off and signed).",
                      plan_formats),
    RUN_OUTPUT_OPTIONS
    {0},
};

/* "100", "100G" */
static bool read_bytes(const char *text, uint64_t *bytes)
{
    static const char units[] = "KMGT";
    char *end;

    errno = 0;
    unsigned long long number = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || errno != 0)
        return false;
    const char *unit = *end ? strchr(units, *end) : NULL;
    unsigned shift = unit ? 10 * (unsigned)(unit - units + 1) : 0;
    *bytes = (uint64_t)number << shift;
    return end[unit != NULL] == '\0' && *bytes >> shift == number;
}

/* Volumes may hold "=", numbers don't. */
static bool add_free_space(hvchain_scan *scan, const char *word)
{
    const char *equals = strrchr(word, '=');
    uint64_t bytes;

    if (!equals || equals == word || !read_bytes(equals + 1, &bytes)) {
        message("--free: '%s' has not the form VOLUME=BYTES", word);
        return false;
    }
    char *volume = strndup(word, (size_t)(equals - word));
    int r = volume ? hvchain_scan_add_free_space(scan, volume, bytes) : -ENOMEM;
    free(volume);
    return r == 0 || run_failed(word, r);
}

static bool prepare(hvchain_scan *scan, const struct run_settings *s)
{
    bool ok = true;

    for (size_t i = 0; ok && i < s->extra.count; i++)
        ok = add_free_space(scan, s->extra.items[i]);
    int r = ok ? hvchain_scan_set_plan(scan, s->subject, s->deep) : 0;
    return ok && (r == 0 || run_failed("plan", r));
}

static enum exit_status run(const struct command *command, int argc, char **argv)
{
    struct run_settings s = {.formats = plan_formats, .prepare = prepare,
                             .no_subject = "no machine of this name or identifier is on the evidence"};

    return run_report(command, &s, argc, argv);
}

const struct command plan_command = {
    .name = "plan",
    .operands = "[OPTION]... DIR...",
    .summary = "Prints what to clean up, in which order, what it costs and what forbids it; does "
               "nothing of it.",
    .notes = "Exit status: 0 nothing above info; 1 could not run; 2 findings of warning or worse "
             "(--fail-on moves the line).",
    .options = plan_options,
    .run = run,
};

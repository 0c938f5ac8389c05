/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* hvchain events. */
#include "cli/run.h"

static const char *const *events_formats(void)
{
    static const char *const words[] = {"text", "json", "ndjson", NULL};

    return words;
}

static const struct option events_options[] = {
    RUN_HOST_OPTIONS
    RUN_WITNESS_OPTIONS
    RUN_FORMAT_OPTION("text (default), json, or ndjson (one record per line).", events_formats),
    RUN_OUTPUT_OPTIONS
    {0},
};

static bool prepare(hvchain_scan *scan, const struct run_settings *s)
{
    hvchain_scan_set_subject(scan, HVCHAIN_EVENTS);
    return true;
}

static enum exit_status run(const struct command *command, int argc, char **argv)
{
    struct run_settings s = {
        .formats = events_formats, .prepare = prepare, .operand = "a log or a folder"};

    return run_report(command, &s, argc, argv);
}

const struct command events_command = {
    .name = "events",
    .operands = "[OPTION]... PATH...",
    .summary = "Prints what event logs and product logs say of checkpoints, merges and backups, in "
               "the order of time.",
    .notes = "Exit status: 0 nothing above info; 1 could not run; 2 findings of warning or worse "
             "(--fail-on moves the line).",
    .options = events_options,
    .run = run,
};

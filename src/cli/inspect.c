/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* hvchain inspect: everything known about a file. */
#include "cli/run.h"

static const struct option inspect_options[] = {
    RUN_KEY_OPTIONS
    RUN_FORMAT_OPTION("text (default), json, or ndjson (one record per line).",
                      run_record_formats),
    RUN_OUTPUT_OPTIONS
    {0},
};

static bool prepare(hvchain_scan *scan, const struct run_settings *s)
{
    hvchain_scan_set_inspect(scan);
    return true;
}

static enum exit_status run(const struct command *command, int argc, char **argv)
{
    struct run_settings s = {.formats = run_record_formats, .operand = "a file",
                             .prepare = prepare, .witness = HVCHAIN_WITNESS_NEVER};

    return run_report(command, &s, argc, argv);
}

const struct command inspect_command = {
    .name = "inspect",
    .operands = "[OPTION]... FILE...",
    .summary = "Prints everything known about a virtual disk, a configuration or a log.",
    .notes = "Exit status: 0 nothing above info; 1 could not run; 2 the file breaks rules of its "
             "format (--fail-on moves the line).",
    .options = inspect_options,
    .run = run,
};

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* hvchain scan: the main job. */
#include "cli/run.h"

static const struct option scan_options[] = {
    RUN_HOST_OPTIONS
    RUN_WITNESS_OPTIONS
    RUN_FORMAT_OPTION("text (default), json, ndjson (one record per line), csv (disks), "
                      "csv-findings, html, dot (Graphviz), bodyfile (mactime), prometheus.",
                      hvchain_report_formats),
    RUN_OUTPUT_OPTIONS
    {0},
};

static enum exit_status run(const struct command *command, int argc, char **argv)
{
    struct run_settings s = {0};

    return run_report(command, &s, argc, argv);
}

const struct command scan_command = {
    .name = "scan",
    .operands = "[OPTION]... DIR...",
    .summary = "Reads VM folders, rebuilds the chains of their disks and reports what Hyper-V no "
               "longer tracks.",
    .notes = "Exit status: 0 nothing above info; 1 could not run; 2 findings of warning or worse "
             "(--fail-on moves the line).",
    .options = scan_options,
    .run = run,
};

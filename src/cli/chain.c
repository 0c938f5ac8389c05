/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* hvchain chain: the chains that a file is part of, leaf to base. */
#include "cli/run.h"

static const struct option chain_options[] = {
    {"in", 0, OPTION_LIST, RUN_AT(extra), "DIR",
     "Look for layers in DIR, too, not only in the folder of FILE. Repeatable.", NULL},
    RUN_HOST_OPTIONS
    RUN_WITNESS_OPTIONS
    RUN_FORMAT_OPTION("text (default), json, or ndjson (one record per line).",
                      run_record_formats),
    RUN_OUTPUT_OPTIONS
    {0},
};

static bool add_folders(hvchain_scan *scan, const struct run_settings *s)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < s->extra.count; i++) {
        r = hvchain_scan_add_path(scan, NULL, s->extra.items[i]);
        if (r < 0)
            return run_failed(s->extra.items[i], r);
    }
    return true;
}

static enum exit_status run(const struct command *command, int argc, char **argv)
{
    struct run_settings s = {.formats = run_record_formats, .operand = "a file",
                             .no_subject = "is no virtual disk: name a .vhdx, .avhdx, .vhd or .avhd",
                             .add_operand = hvchain_scan_add_chain_of, .prepare = add_folders};

    return run_report(command, &s, argc, argv);
}

const struct command chain_command = {
    .name = "chain",
    .operands = "[OPTION]... FILE...",
    .summary = "Prints the chains that contain a virtual disk, leaf to base.",
    .notes = "Exit status: 0 nothing above info; 1 could not run; 2 a disk of the chain is of "
             "warning or worse (--fail-on moves the line).",
    .options = chain_options,
    .run = run,
};

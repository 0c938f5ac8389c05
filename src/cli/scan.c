/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* hvchain scan: the main job. */
#include "cli/run.h"

#include <errno.h>
#include <string.h>

static const struct option scan_options[] = {
    {"compare-with", 0, OPTION_TEXT, RUN_AT(subject), "OLD.json",
     "Tell what changed since an earlier report of the same evidence.", NULL},
    {"timeline", 0, OPTION_FLAG, RUN_AT(deep), NULL,
     "Print what the change journal of a volume tells of disks and configurations, in the order "
     "of time.",
     NULL},
    {"shadow-copies", 0, OPTION_FLAG, RUN_AT(shadow_copies), NULL,
     "Scan the shadow copies of NTFS volumes in images, too, and tell what changed between them.",
     NULL},
    RUN_HOST_OPTIONS
    RUN_WITNESS_OPTIONS
    RUN_FORMAT_OPTION("text (default), json, ndjson (one record per line), csv (disks), "
                      "csv-findings, csv-changes (with --compare-with), html, dot (Graphviz), "
                      "bodyfile (mactime), prometheus.",
                      hvchain_report_formats),
    RUN_OUTPUT_OPTIONS
    {0},
};

/* Whoever asks what changed must not get a report that keeps it back. */
static const struct {
    const char *format;
    bool changes, shadows; /* since a report; between shadow copies */
} telling[] = {
    {"text", true, true}, {"json", true, true},         {"ndjson", true, true},
    {"html", true, true}, {"csv-changes", true, false}, {"prometheus", true, false},
};

static bool formats_agree(const struct run_settings *s)
{
    const char *format = s->formats()[s->format];
    bool changes = false, shadows = false;

    for (size_t i = 0; i < sizeof(telling) / sizeof(*telling); i++)
        if (strcmp(telling[i].format, format) == 0) {
            changes = telling[i].changes;
            shadows = telling[i].shadows;
        }
    if (s->subject && !changes)
        message("--compare-with: --format=%s does not tell of changes", format);
    else if (s->shadow_copies && !shadows)
        message("--shadow-copies: --format=%s does not tell of them", format);
    else if (!s->subject && strcmp(format, "csv-changes") == 0)
        message("--format=csv-changes: --compare-with is missing");
    else
        return true;
    return false;
}

static bool prepare(hvchain_scan *scan, const struct run_settings *s)
{
    if (!formats_agree(s))
        return false;
    int r = s->subject ? hvchain_scan_set_compare_with(scan, s->subject) : 0;

    hvchain_scan_set_timeline(scan, s->deep);
    hvchain_scan_set_shadow_copies(scan, s->shadow_copies);
    if (r == -EBADMSG)
        message("--compare-with: %s is no report of hvchain scan --format=json", s->subject);
    return r == 0 || (r != -EBADMSG && run_failed(s->subject, r));
}

static enum exit_status run(const struct command *command, int argc, char **argv)
{
    struct run_settings s = {.prepare = prepare};

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

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * One report, several printings. JSON is the reference (docs/report.md); text, NDJSON and the
 * others print the same data. A printer is one file and one line in the table of print.c.
 */
#ifndef REPORT_REPORT_H
#define REPORT_REPORT_H

#include "chain/verdict.h"
#include "compare/history.h"
#include "diagnose/diagnose.h"
#include "host/host.h"
#include "inspect/inspect.h"
#include "os/sandbox.h"
#include "plan/plan.h"

#include <stdbool.h>
#include <stddef.h>

#define REPORT_SCHEMA "hvchain/1"

/* What the report is about: all that was found, or what one command asked for. */
enum report_view {
    REPORT_SCAN,
    REPORT_PLAN,
    REPORT_CHAIN,
    REPORT_INSPECT,
    REPORT_EVENTS,
    REPORT_DIAGNOSES,
};

struct report {
    enum report_view view;
    bool timeline; /* text shows the change journal */
    char *started, *finished; /* RFC 3339 */
    string_list arguments;
    struct sandbox_state sandbox;
    struct host host;
    struct verdict verdict;
    struct diagnosis_list diagnoses;
    struct plan_list plans;
    bool compared; /* with an earlier report, finished then; NULL: not known */
    char *compared_with;
    struct change_list changes;
    bool shadow_copies; /* were looked at */
    struct history history;
    struct inspection_list inspections; /* REPORT_INSPECT */
    string_list subjects; /* REPORT_CHAIN: paths of the files that it is about */
    struct {
        bool *disks, *chains, *machines; /* REPORT_CHAIN: what belongs to them; else NULL */
    } shown;
};

/* "libvhdi could not be asked: … (3 disks)", which the caller frees; NULL when it always could be,
 * or (and *status is -ENOMEM) memory is short. */
char *report_absent_witness(const struct report *, int *status);

/* How it looks where it is printed; only the text printer cares. */
struct report_style {
    unsigned width; /* columns, at least 40; 80 when not on a terminal */
    bool colour, unicode;
};

/* Takes the next bytes of the printing; 0 or negative errno, which ends the printing. */
typedef int report_sink(void *user, const void *bytes, size_t length);

/* -EINVAL: no such format; else 0 or what the sink or memory said. */
int report_print(const struct report *, const char *format, const struct report_style *,
                 report_sink *, void *user);
/* NULL-terminated names: "json", "ndjson", "text" … */
const char *const *report_formats(void);
/*
 * REPORT_CHAIN: chooses the chains that contain a subject; the worst severity becomes that of what
 * is shown. 0; -ENOENT when a subject is no disk of this host; -ENOMEM.
 */
int report_choose_chains(struct report *);
/* Whether a finding belongs to what the report is about. */
bool report_shows_finding(const struct report *, size_t index);
void report_free(struct report *);

#endif

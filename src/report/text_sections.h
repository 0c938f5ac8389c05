/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* The parts of the text report, in the order in which they are printed. */
#ifndef REPORT_TEXT_SECTIONS_H
#define REPORT_TEXT_SECTIONS_H

#include "report/page.h"

#include <stddef.h>

/* Findings in the order of reading: worst first, else as in the report. Indexes; the caller frees.
 * NULL when there are none, or (and the output failed) memory is short. */
size_t *text_finding_order(struct page *);

/* The verdict in a few lines. */
void text_overview(struct page *, const size_t *finding_order);
/* Which hosts it is about, as far as a registry says. */
void text_hosts(struct page *);
/* Each VM with the tree of its chains, the worst first, then the disks of no VM. */
void text_machines(struct page *);
/* Each finding with its evidence and the next step. */
void text_findings(struct page *, const size_t *finding_order);
/* What changed since an earlier report, if one was given. */
void text_changes(struct page *);
/* What changed between shadow copies, if they were looked at. */
void text_shadows(struct page *);
/* Each plan, to be held against the host. */
void text_plans(struct page *);
/* Each chosen chain, leaf to base. */
void text_chains(struct page *);
/* Each file, and everything known about it. */
void text_inspections(struct page *);
/* Events in the order of time. */
void text_events(struct page *);
/* What failed and why, the surest first. */
void text_diagnoses(struct page *);
/* What $MFT still knows of deleted files, and what the change journal tells. */
void text_traces(struct page *);
void text_timeline(struct page *);
/* What could not be read. */
void text_errors(struct page *);

/* "web01", or its identifier, or "(unnamed)". `buffer` may be what is returned. */
const char *text_machine_name(const struct host_machine *, char buffer[GUID_TEXT_SIZE]);

/* A point in time: "vss2 (2024-05-02T08:00:00Z)" of a shadow copy, "now" of what is none. */
#define TEXT_SHADOW_SIZE 64
const char *text_shadow_name(const struct host_evidence *, char buffer[TEXT_SHADOW_SIZE]);

#endif

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * What each record of the report consists of: the one place that knows the members of a disk, a
 * chain, a finding. json.c and ndjson.c put them into their frames.
 */
#ifndef REPORT_RECORDS_H
#define REPORT_RECORDS_H

#include "report/json_writer.h"
#include "report/report.h"

#include <stddef.h>

#define IN_SCAN    (1u << REPORT_SCAN)
#define IN_PLAN    (1u << REPORT_PLAN)
#define IN_CHAIN   (1u << REPORT_CHAIN)
#define IN_INSPECT (1u << REPORT_INSPECT)
#define IN_COMPARED (1u << 30) /* and only after a comparison */
#define IN_SHADOWED (1u << 29) /* and only when shadow copies were looked at */
#define IN_HOSTS   (IN_SCAN | IN_PLAN)
#define IN_DIAGNOSES (IN_HOSTS | 1u << REPORT_DIAGNOSES)
#define IN_EVENTS    (IN_DIAGNOSES | 1u << REPORT_EVENTS)

/* A list of the report. `members` writes the members of one record into an open object. */
struct report_list {
    const char *list, *record; /* "disks", "disk" */
    size_t (*count)(const struct report *);
    void (*members)(struct json_writer *, const struct report *, size_t index);
    unsigned views; /* the reports that have it */
    bool (*shown)(const struct report *, size_t index); /* NULL: all are */
};

/* In the order of the report; ends with an entry whose `list` is NULL. */
extern const struct report_list report_lists[];

bool report_has_list(const struct report *, const struct report_list *);
bool report_shows(const struct report *, const struct report_list *, size_t index);
bool report_has_summary(const struct report *);

size_t report_count_events(const struct report *);
void report_event_members(struct json_writer *, const struct report *, size_t index);
size_t report_count_hives(const struct report *);
void report_hive_members(struct json_writer *, const struct report *, size_t index);
void report_put_volume(struct json_writer *, const struct report *, size_t evidence);
void report_put_links(struct json_writer *, const struct report *, size_t evidence);
void report_put_shadows(struct json_writer *, const struct report *, size_t evidence);
size_t report_count_traces(const struct report *);
void report_trace_members(struct json_writer *, const struct report *, size_t index);
size_t report_count_lives(const struct report *);
void report_life_members(struct json_writer *, const struct report *, size_t index);
size_t report_count_diagnoses(const struct report *);
void report_diagnosis_members(struct json_writer *, const struct report *, size_t index);

void report_run_members(struct json_writer *, const struct report *);
void report_summary_members(struct json_writer *, const struct report *);

/* Lists with a file of their own. */
size_t report_count_plans(const struct report *);
void report_plan_members(struct json_writer *, const struct report *, size_t index);
size_t report_count_changes(const struct report *);
void report_change_members(struct json_writer *, const struct report *, size_t index);
size_t report_count_shadow_disks(const struct report *);
void report_shadow_disk_members(struct json_writer *, const struct report *, size_t index);
size_t report_count_shadow_changes(const struct report *);
void report_shadow_change_members(struct json_writer *, const struct report *, size_t index);
size_t report_count_files(const struct report *);
void report_file_members(struct json_writer *, const struct report *, size_t index);

/* What a disk's reader found, member by member; all null unless `known`. */
void report_put_facts(struct json_writer *, const struct disk_facts *, bool known);

/* Members that name another object; null for HOST_NONE. */
void report_put_disk(struct json_writer *, const char *name, const struct report *, size_t disk);
void report_put_vm(struct json_writer *, const struct report *, size_t machine);
/* "host": as named on the command line; null for plain paths. */
void report_put_host(struct json_writer *, const struct report *, size_t node);

void report_put_overlays(struct json_writer *, unsigned overlays);

/* "directory" …; "standard", "recovery", "unknown" */
const char *report_evidence_kind(enum host_evidence_kind);
const char *report_checkpoint_kind(enum host_checkpoint_kind);

#endif

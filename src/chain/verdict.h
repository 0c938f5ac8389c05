/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * What follows from the model: parents resolved, chains rebuilt, every disk classified, findings
 * worded. Pure functions over struct host, no input or output.
 */
#ifndef CHAIN_VERDICT_H
#define CHAIN_VERDICT_H

#include "base/guid.h"
#include "base/notes.h"
#include "base/vector.h"
#include "host/host.h"

#include <stdbool.h>
#include <stddef.h>

/* Classes C1-C21; the numbers are those of the decision table (docs/verdicts.md). */
enum disk_class {
    CLASS_CORRUPT = 1,
    CLASS_FOREIGN_CONTAINER,
    CLASS_FOREIGN_PROFILE,
    CLASS_ACTIVE,
    CLASS_ACTIVE_UNTRACKED,
    CLASS_BACKUP_CHECKPOINT, /* never a disk's: a finding on a checkpoint */
    CLASS_CHECKPOINT_LAYER,
    CLASS_PENDING_MERGE,
    CLASS_BASE,
    CLASS_AUTORECOVERY_LEFTOVER,
    CLASS_AUTORECOVERY_IN_USE,
    CLASS_UNREGISTERED_VM_DISK,
    CLASS_BROKEN_CHAIN_PARENT,
    CLASS_ORPHAN_WITH_DATA,
    CLASS_ORPHAN_SIDE_BRANCH,
    CLASS_ORPHAN_EMPTY,
    CLASS_ABANDONED_CHAIN,
    CLASS_ORPHAN_NO_PARENT,
    CLASS_ORPHAN_MISMATCH,
    CLASS_VHDSET_BACKING,
    CLASS_UNATTACHED_DISK,
    CLASS_COUNT,
};

/* Overlays O1-O13, as bits: 1u << OVERLAY_X. */
enum disk_overlay {
    OVERLAY_HOLD,
    OVERLAY_BROKEN_CHAIN,
    OVERLAY_MERGE_IN_PROGRESS,
    OVERLAY_MERGE_FAILED,
    OVERLAY_BACKUP_ACTIVE,
    OVERLAY_REPLICA,
    OVERLAY_CLUSTER_UNKNOWN,
    OVERLAY_SAVED_STATE,
    OVERLAY_LOW_CONFIDENCE,
    OVERLAY_NTFS_LIMITATION,
    OVERLAY_CLONED_DISK,
    OVERLAY_DIRTY_LOG,
    OVERLAY_TIME_ANOMALY,
    OVERLAY_COUNT,
};

const char *class_name(enum disk_class);        /* "pending-merge" … */
enum severity class_severity(enum disk_class);
enum severity overlay_severity(enum disk_overlay);
bool class_is_orphan(enum disk_class);          /* 5, 8, 10, 14-19 */
const char *overlay_name(enum disk_overlay);    /* "broken-chain" … */

enum parent_state { PARENT_NONE, PARENT_MATCHED, PARENT_MISMATCHED, PARENT_MISSING };
enum parent_key {
    PARENT_BY_NOTHING,
    PARENT_BY_RELATIVE_PATH,
    PARENT_BY_VOLUME_PATH,
    PARENT_BY_ABSOLUTE_PATH,
    PARENT_BY_IDENTIFIER,
};
const char *parent_state_name(enum parent_state); /* "matched", "mismatched", "missing"; NULL */
const char *parent_key_name(enum parent_key);     /* "relative_path" …; NULL for NOTHING */

struct disk_verdict {
    enum parent_state parent_state;
    enum parent_key parent_key;
    enum host_match parent_match; /* how the path of parent_key was found */
    size_t parent_tail;
    size_t parent;       /* the file found: also the wrong one of PARENT_MISMATCHED; HOST_NONE */
    /* PARENT_MISSING: the deleted file that may be it, as $MFT still has it, or as only the change
     * journal tells; indexes into the host's traces and lives, or HOST_NONE. */
    size_t lost_trace, lost_life;
    size_t parent_copies; /* how many disks carry the identifier, when none could be chosen */
    VECTOR(size_t) children; /* matched children, in order of path */
    size_t machine;      /* owner, or HOST_NONE */
    /* OVERLAY_LOW_CONFIDENCE: what a VM's chain needs, is lost and may stand on this disk, as
     * recorded or as the path of the layer that misses it; NULL: it is not that. Borrowed. */
    const char *lost_above;
    enum disk_class class;
    unsigned overlays;   /* bits */
    enum severity severity; /* of class and overlays */
    bool referenced;     /* by a VM or checkpoint that counts as tracked (I1, I2) */
    bool tracked;        /* referenced, or an ancestor of a referenced disk (I4) */
    bool in_cycle;
};

struct chain {
    size_t leaf;
    size_t machine;      /* HOST_NONE: nobody's */
    size_t checkpoint;   /* index in the machine, or HOST_NONE */
    VECTOR(size_t) layers; /* leaf … base; ends where a parent is not matched or a cycle closes */
    bool complete;
    size_t untracked_layers;
};

enum episode_end { EPISODE_OPEN, EPISODE_FINISHED, EPISODE_INTERRUPTED, EPISODE_FAILED };

/* One merge as the events tell it: from its start to its end, in order of start per machine. */
struct episode {
    size_t machine;
    size_t first, last; /* indexes of events: start and end, or the same one */
    enum episode_end end;
    bool service_restarted; /* open, and the service was started anew since */
    uint32_t code;          /* of a failure */
    bool has_code;
    bool is_settled;        /* a later episode of the machine finished */
};
const char *episode_end_name(enum episode_end); /* "never ended", "finished" … */

enum confidence { CONFIDENCE_POSSIBLE, CONFIDENCE_LIKELY, CONFIDENCE_CONFIRMED };
const char *confidence_name(enum confidence);

struct finding {
    const char *code; /* static */
    enum severity severity;
    char *subject;    /* path, or VM id */
    size_t machine;   /* HOST_NONE: nobody's */
    size_t disk;      /* HOST_NONE when it is not about a disk */
    char *summary;    /* one sentence */
    string_list evidence;
    const char *explanation, *next_step; /* static */
    string_list commands;
    string_list blocked_by;
    enum confidence confidence;
};

struct verdict_summary {
    size_t machines, checkpoints, disks;
    size_t by_class[CLASS_COUNT];
    size_t by_severity[SEVERITY_DATA_LOSS_RISK + 1]; /* of findings */
    size_t orphans;        /* checkpoint disks of the classes of class_is_orphan() */
    uint64_t orphan_bytes; /* their files' sizes */
    enum severity worst; /* of findings and disks */
};

struct verdict {
    struct disk_verdict *disks; /* as many as the host has, same index */
    size_t disk_count;
    VECTOR(struct chain) chains;     /* by leaf, then checkpoint */
    VECTOR(struct episode) episodes; /* by machine, then time */
    VECTOR(struct finding) findings; /* by subject, then code */
    struct verdict_summary summary;
};

/* 0 or -ENOMEM. */
int verdict_make(struct verdict *, const struct host *);
void verdict_free(struct verdict *);

/* The last merge of a machine that its events tell of; NULL when they tell of none. */
const struct episode *episode_last(const struct verdict *, size_t machine);
/* Whether the event says that somebody opened the disk writable, mounted or changed it. */
bool event_is_opening(const struct host *, size_t event, size_t disk);
/* Who it was, in one line; of such an event only. The caller frees. */
char *opening_line(const struct host *, size_t event);
/* Why the linkage between the two does not match, as far as the files show it: a sentence. Static. */
const char *mismatch_reason(const struct host *, size_t child, size_t parent);
/* When the change journal saw the file of a trace go; 0 unknown. */
filetime judge_deleted_when(const struct host *, const struct host_trace *);
/* One line about an event: time, log, identifier, message. The caller frees. */
char *event_line(const struct host *, size_t event);

#endif

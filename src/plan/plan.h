/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * The cleanup report before a merge: for each chain or orphan with something to clean up, what to
 * do, in which order, what it costs and what forbids it. Nothing of it is ever done here.
 */
#ifndef PLAN_PLAN_H
#define PLAN_PLAN_H

#include "chain/verdict.h"
#include "host/host.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum plan_kind {
    PLAN_HYPER_V_MERGES,         /* remove the cause, let Hyper-V merge what it still owes */
    PLAN_MANUAL_MERGE_ON_COPIES, /* an orphan that may be merged, on copies only */
    PLAN_QUARANTINE,             /* move away, keep, delete much later */
    PLAN_KEEP,                   /* leave it where it is until something is settled */
    PLAN_NOTHING_TO_DO,
};
const char *plan_kind_name(enum plan_kind); /* "hyper-v-merges" … */
/* What to sign before anything is changed; NULL-terminated. */
const char *const *plan_checks_before(enum plan_kind);

/* What a person may choose; the first four are kinds of plans, too. */
enum plan_choice {
    CHOICE_HYPER_V = PLAN_HYPER_V_MERGES,
    CHOICE_COPIES = PLAN_MANUAL_MERGE_ON_COPIES,
    CHOICE_QUARANTINE = PLAN_QUARANTINE,
    CHOICE_KEEP = PLAN_KEEP,
    CHOICE_DELETE,
    CHOICE_COUNT,
};
const char *plan_choice_name(enum plan_choice); /* "hyper-v-merges" … "delete" */

struct plan_offer {
    bool offered;
    const char *why; /* or why not; static */
};

/* One merge of a child into its own parent. Bytes. */
struct plan_step {
    size_t child, parent;
    uint64_t copy_bytes;  /* sectors that the merge writes to the parent */
    uint64_t grow_bytes;  /* blocks that the parent must allocate for them */
    uint64_t free_bytes;  /* the child's file */
    uint64_t equal_bytes; /* of copy_bytes, those that the parent's content equals already */
};

struct plan_layer {
    size_t disk;
    uint64_t present_bytes; /* sectors that the layer holds */
    uint64_t unique_bytes;  /* … that no layer below holds */
};

struct plan_blocker {
    const char *code; /* static */
    const char *text; /* static */
    char *detail;     /* what it is about, or NULL */
    enum severity severity;
};

/* How it is known since when a machine has lived on the other side of a fork. */
enum plan_since { SINCE_UNKNOWN, SINCE_CHECKPOINT, SINCE_ANCESTOR_WRITTEN };
const char *plan_since_name(enum plan_since); /* "checkpoint", "ancestor-written"; NULL */

/* Where an orphan left the chain that is in use. */
struct plan_fork {
    size_t ancestor; /* the youngest layer that both have; HOST_NONE: no chain in use has one */
    size_t living;   /* the leaf of the chain in use */
    size_t machine;  /* whose that is, or HOST_NONE */
    size_t living_layers; /* of that chain above the ancestor; 0: it is the leaf */
    size_t other_chains;  /* further chains in use that stand on the ancestor */
    filetime since;       /* the machine has lived on its own side; 0 unknown */
    enum plan_since since_by;
};

/* What is at stake with layers that nothing tracks. */
struct plan_stake {
    bool is_orphan;                       /* else nothing of this is set */
    size_t layers;                        /* that nothing tracks, from the leaf down */
    uint64_t allocated_bytes, file_bytes; /* of these layers */
    filetime oldest, newest;              /* times of their files; 0 unknown */
    struct plan_fork fork;
    size_t against; /* what it is compared with: the ancestor, or its own base; HOST_NONE */
    bool compared;  /* differing_bytes is known: both were read */
    uint64_t differing_bytes;
    string_list lines; /* the same in sentences */
};

/* Whether Set-VHD may be told to ignore that the identifiers differ. */
enum plan_sanity { SANITY_NOT_NEEDED, SANITY_YES, SANITY_NO, SANITY_UNKNOWN };
const char *plan_sanity_name(enum plan_sanity); /* "not-needed", "yes", "no", "unknown" */

/* A disk that may be the parent that a layer has lost. */
struct plan_candidate {
    size_t disk;
    unsigned points;              /* more is better */
    VECTOR(const char *) reasons; /* static */
    enum plan_sanity ignore_mismatch;
    const char *why; /* static */
};

/* Space on one volume. */
struct plan_volume {
    char *name;
    uint64_t peak_extra_bytes; /* most that is needed at any moment */
    bool has_free, is_stated;  /* stated: with --free, else as the file system says now */
    uint64_t free_bytes;
};

/* What libvhdi reads of the same content. */
struct plan_second {
    bool asked;
    enum witness_verdict verdict;
    uint64_t read_bytes, known_bytes, contradicted_bytes; /* known: where libvhdi is known wrong */
    uint64_t first_contradiction; /* offset in the disk; valid when contradicted_bytes > 0 */
};

struct plan {
    size_t machine, leaf;
    enum plan_kind kind;
    const char *choice; /* what is at stake and what to choose; static */
    struct plan_offer offers[CHOICE_COUNT];
    bool measured; /* the figures below are known; false when a layer could not be read */
    bool compared; /* equal_bytes are known */
    VECTOR(struct plan_layer) layers; /* leaf … base */
    VECTOR(struct plan_step) steps;   /* in order */
    uint64_t peak_extra_bytes;        /* on the volume of the base */
    VECTOR(struct plan_volume) volumes;
    struct plan_stake stake;
    struct plan_second second;
    VECTOR(struct plan_candidate) candidates; /* for the parent that the last layer has lost */
    string_list link_evidence;                /* why the linkage does not match */
    VECTOR(struct plan_blocker) blockers;
    string_list commands, checks_after;
};

struct plan_list {
    struct plan *items; /* in order of the leaf's path */
    size_t count, capacity;
};

/* Free space that the user states with --free. */
struct plan_free {
    const char *volume; /* "D:", a volume's GUID path, a mount point, a share; or a folder as
                           printed: files below it lie on that volume */
    uint64_t bytes;
};

struct workers;

struct plan_options {
    const char *machine;     /* name or id of the only VM to plan for; NULL = all */
    bool compare;            /* read the data, say how much is really different */
    struct workers *workers; /* for the second reader of compared data; NULL: none */
    const struct plan_free *free;
    size_t free_count;
    void (*progress)(void *user, const char *stage, uint64_t done, uint64_t total);
    void *progress_user;
};

/* 0, -ENOENT when no VM has that name, -ENOMEM. Layers that can't be read are said in blockers. */
int plan_make(struct plan_list *, const struct host *, const struct verdict *,
              const struct plan_options *);
void plan_free(struct plan_list *);

#endif

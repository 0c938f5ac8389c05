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

struct plan {
    size_t machine, leaf;
    enum plan_kind kind;
    const char *choice; /* what is at stake and what to choose; static */
    bool measured;      /* the figures below are known; false when a layer could not be read */
    bool compared;      /* equal_bytes are known */
    VECTOR(struct plan_layer) layers; /* leaf … base */
    VECTOR(struct plan_step) steps;   /* in order */
    uint64_t peak_extra_bytes;
    VECTOR(struct plan_blocker) blockers;
    string_list commands, checks_after;
};

struct plan_list {
    struct plan *items; /* in order of the leaf's path */
    size_t count, capacity;
};

/* Free space that the user states with --free. */
struct plan_free {
    const char *folder; /* as printed: files below it lie on that volume */
    uint64_t bytes;
};

struct plan_options {
    const char *machine; /* name or id of the only VM to plan for; NULL = all */
    bool compare;        /* read the data, say how much is really different */
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

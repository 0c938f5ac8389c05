/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* What changed since an earlier report of the same evidence. Disks are the same by their path. */
#ifndef COMPARE_COMPARE_H
#define COMPARE_COMPARE_H

#include "chain/verdict.h"
#include "compare/earlier.h"
#include "host/host.h"

enum change_kind {
    CHANGE_NEW_DISK,
    CHANGE_VANISHED_DISK,
    CHANGE_NEW_ORPHAN,    /* a disk, new or known, is an orphan now and was none */
    CHANGE_ORPHAN_GONE,   /* a known disk is no orphan any more */
    CHANGE_CLASS_CHANGED, /* neither of these */
    CHANGE_CHAIN_GROWN,
    CHANGE_CHAIN_SHRUNK,
    CHANGE_MERGE_DONE,     /* a layer vanished, and chain or events say that it was merged */
    CHANGE_LAYER_VANISHED, /* … and nothing says so */
    CHANGE_NEW_FINDING,
    CHANGE_FINDING_SETTLED,
    CHANGE_KINDS,
    /* Between shadow copies only (history.h). */
    CHANGE_DISK_GROWN = CHANGE_KINDS,
    CHANGE_DISK_SHRUNK,
};
const char *change_kind_name(enum change_kind); /* "new-disk" … */

struct change {
    enum change_kind kind;
    char *subject;        /* path of a disk; of chains the base; of findings their subject */
    size_t machine;       /* or HOST_NONE */
    char *before, *after; /* class, depth, or code of a finding; NULL: there was nothing */
    const char *summary;  /* static */
    string_list evidence; /* what the change is read from, where that is not the files themselves */
    enum confidence confidence;
};

struct change_list {
    struct change *items; /* by subject, then kind */
    size_t count, capacity;
};

/* 0 or -ENOMEM. */
int compare_reports(struct change_list *, const struct earlier *, const struct host *,
                    const struct verdict *);
void change_free(struct change *);
void change_list_free(struct change_list *);

#endif

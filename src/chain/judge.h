/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* What the steps of judging share: one record per disk, filled from left to right. Private. */
#ifndef CHAIN_JUDGE_H
#define CHAIN_JUDGE_H

#include "chain/verdict.h"
#include "chain/windows_paths.h"

/* How an unreferenced disk stands to the chains in use. */
enum relation {
    RELATION_NONE,         /* in use, or no differencing disk's business */
    RELATION_ON_LEAF,      /* grows on a tracked disk that nothing else in use grows on */
    RELATION_SIDE_BRANCH,  /* its parent has another child in use */
    RELATION_UNREGISTERED, /* grows on the chain of a machine that is not registered here */
    RELATION_VHDSET,       /* grows on the backing file of a VHD set */
    RELATION_NO_PARENT,
    RELATION_MISMATCH,
    RELATION_ABANDONED, /* nothing of its chain is in use */
    RELATION_ALONE,     /* not differencing, no children */
};

struct disk_use {
    bool by_vm;           /* I1: a registered VM's drive */
    bool by_checkpoint;   /* I2: a checkpoint of such a VM */
    bool by_unregistered; /* I3: only a configuration that no list names */
    bool is_ancestor;     /* I4: below one of the first two, linkage matched */
    bool is_unregistered_ancestor;
    bool is_broken_ancestor; /* I5: a tracked disk points at it by path, linkage mismatched */
    bool is_shared;          /* on storage that other nodes reach */
    size_t path_children;    /* children that only point at it by path */
    enum relation relation;
    size_t lowest; /* the lowest unreferenced layer below, itself included */
};

struct judge {
    const struct host *host;
    struct verdict *verdict;
    struct disk_use *uses;
    bool *sure; /* per node: judge_paths_are_facts() */
    struct windows_paths windows_paths; /* for the findings' commands */
};

static inline const struct host_disk *judge_disk(const struct judge *judge, size_t disk)
{
    return &judge->host->disks.items[disk];
}

bool judge_is_differencing(const struct judge *, size_t disk);
/* A VM or planned VM that no list names does not track anything. */
bool machine_is_tracking(const struct host_machine *);
/* A recorded path with the extension of a disk: no ISO, no physical disk. */
bool judge_is_disk_path(const char *);
/* For a disk that nothing tracks: what is not on the evidence and may stand on it. That is a drive
 * of a VM or checkpoint, or the parent of a tracked layer (then the layer's path). Else NULL. */
const char *judge_lost_above(const struct judge *, size_t disk);
/* Whether it is known of every recorded path that could reach a node where it leads: by --map or by
 * the host's registry, and to a file. */
bool judge_paths_are_facts(const struct host *, size_t node);
/* How a recorded path was found to mean a disk, in words; the caller frees it. */
char *match_line(const struct host *, enum host_match, size_t tail, size_t disk);
/* The machine's name or id in words; borrowed, or written to `text`. */
const char *machine_label(const struct host_machine *, char text[GUID_TEXT_SIZE]);

int judge_parents(struct judge *);    /* parents.c */
void judge_deleted(struct judge *);   /* deleted.c */
int judge_uses(struct judge *);       /* uses.c */
void judge_classes(struct judge *);   /* classes.c */
int judge_episodes(struct judge *);   /* episodes.c */
int judge_overlays(struct judge *);   /* overlays.c */
int judge_chains(struct judge *);     /* chains.c */
int judge_findings(struct judge *);   /* findings.c */

/* Whether a disk is what a merge of its machine is about: a layer that is owed a merge or, where
 * the machine has none, an orphan of it. */
bool episode_concerns(const struct judge *, size_t disk);

#endif

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* What the files that make a plan share. Private. */
#ifndef PLAN_PLANNER_H
#define PLAN_PLANNER_H

#include "chain/windows_paths.h"
#include "plan/plan.h"

struct planner {
    const struct host *host;
    const struct verdict *verdict;
    const struct plan_options *options;
    struct windows_paths windows_paths;
};

static inline const struct host_disk *planner_disk(const struct planner *planner, size_t disk)
{
    return &planner->host->disks.items[disk];
}

/* The number of the layer in the plan that is this disk. */
size_t plan_layer_of(const struct plan *, size_t disk);
/* The layer that ends the chain: its base, or the one whose parent is lost. */
size_t plan_last_layer(const struct plan *);
bool plan_has_class(const struct planner *, const struct plan *, enum disk_class);
/* The overlays of a plan's layers, all or those from the leaf down that nothing tracks, and what
 * is going on with its machine. */
unsigned plan_overlays(const struct planner *, const struct plan *);

/* When a machine's checkpoint was made that names this disk, so that the layer above it began;
 * 0 unknown. */
filetime plan_checkpoint_time(const struct planner *, size_t machine, size_t disk);

/* Each fills its part of a plan. 0 or -ENOMEM. */
void plan_choose(const struct planner *, struct plan *, enum plan_kind wanted); /* offers.c */
int plan_weigh(const struct planner *, struct plan *);            /* stake.c: before the figures */
int plan_word_stake(const struct planner *, struct plan *);       /* stake.c: after them */
int plan_seek_parent(const struct planner *, struct plan *);      /* candidates.c */
int plan_prove_candidates(const struct planner *, struct plan *); /* equality.c */
int plan_measure(const struct planner *, struct plan *);          /* cost.c */
int plan_find_peaks(const struct planner *, struct plan *);       /* space.c */
int plan_block(const struct planner *, struct plan *);            /* blockers.c */
int plan_write_script(const struct planner *, struct plan *);     /* script.c */

#endif

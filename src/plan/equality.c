/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * The one proof that a mismatch may be ignored: the candidate shows, byte for byte, what a disk
 * with the recorded identifier shows.
 */
#include "base/checked.h"
#include "base/cleanup.h"
#include "plan/cost.h"
#include "plan/planner.h"
#include "plan/texts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PIECE (1 * MIB)

/* What one disk shows through its own chain. */
struct shown {
    VECTOR(struct disk *) layers;
    io_source *content;
};

static void shown_cleanup(struct shown *shown)
{
    io_unref(shown->content);
    for (size_t i = 0; i < shown->layers.count; i++)
        disk_close(shown->layers.items[i]);
    vector_free(&shown->layers);
}

/* 0; -ENOMEM; anything else: it can't be shown. */
static int show(const struct planner *planner, size_t disk, struct shown *shown)
{
    const struct disk_verdict *disks = planner->verdict->disks;
    int r = 0;

    for (bool more = true; more && r == 0; disk = disks[disk].parent) {
        struct disk **layer = vector_push(&shown->layers);
        r = layer ? plan_open_layer(planner, disk, layer) : -ENOMEM;
        more = disks[disk].parent_state == PARENT_MATCHED;
        if (more && (disks[disk].in_cycle || shown->layers.count == DISK_CHAIN_MAX))
            r = -ELOOP;
    }
    return r < 0 ? r : disk_content_new(&shown->content, shown->layers.items, shown->layers.count);
}

static int compare(const struct planner *planner, const struct shown *x, const struct shown *y,
                   bool *equal)
{
    const struct plan_options *options = planner->options;
    uint64_t size = io_size(x->content);
    CLEANUP_FREE uint8_t *a = malloc(PIECE);
    CLEANUP_FREE uint8_t *b = malloc(PIECE);
    int r = a && b ? 0 : -ENOMEM;

    *equal = size == io_size(y->content);
    for (uint64_t at = 0; at < size && *equal && r == 0; at += PIECE) {
        size_t length = (size_t)min_u64(PIECE, size - at);
        r = io_read(x->content, at, a, length);
        if (r == 0)
            r = io_read(y->content, at, b, length);
        *equal = r == 0 && memcmp(a, b, length) == 0;
        if (options->progress)
            options->progress(options->progress_user, stage_candidates, at + length, size);
    }
    return r;
}

static int prove(const struct planner *planner, size_t exact, struct plan_candidate *candidate)
{
    CLEANUP(shown) struct shown x = {0};
    CLEANUP(shown) struct shown y = {0};
    bool equal = false;
    int r = show(planner, exact, &x);

    if (r == 0)
        r = show(planner, candidate->disk, &y);
    if (r == 0)
        r = compare(planner, &x, &y, &equal);
    if (r == 0) {
        candidate->ignore_mismatch = equal ? SANITY_YES : SANITY_NO;
        candidate->why = equal ? sanity_equal : sanity_differs;
    }
    return r == -ENOMEM ? r : 0;
}

int plan_prove_candidates(const struct planner *planner, struct plan *plan)
{
    const struct plan_candidate *exact = NULL;
    int r = 0;

    for (size_t i = 0; i < plan->candidates.count && !exact; i++)
        if (plan->candidates.items[i].ignore_mismatch == SANITY_NOT_NEEDED)
            exact = &plan->candidates.items[i];
    for (size_t i = 0; exact && planner->options->compare && i < plan->candidates.count; i++)
        if (r == 0 && plan->candidates.items[i].ignore_mismatch != SANITY_NOT_NEEDED)
            r = prove(planner, exact->disk, &plan->candidates.items[i]);
    return r;
}

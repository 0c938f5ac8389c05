/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Which chains get a plan, and of what kind; the other files of this room fill it. */
#include "plan/plan.h"

#include "base/text.h"
#include "plan/planner.h"
#include "plan/texts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

size_t plan_layer_of(const struct plan *plan, size_t disk)
{
    size_t i = 0;

    while (plan->layers.items[i].disk != disk)
        i++;
    return i;
}

size_t plan_last_layer(const struct plan *plan)
{
    return plan->layers.items[plan->layers.count - 1].disk;
}

bool plan_has_class(const struct planner *planner, const struct plan *plan, enum disk_class class)
{
    for (size_t i = 0; i < plan->layers.count; i++)
        if (planner->verdict->disks[plan->layers.items[i].disk].class == class)
            return true;
    return false;
}

/* What is going on with one disk of a machine forbids to touch the others, too: the machine would
 * have to be shut down. */
#define MACHINE_WIDE                                                                               \
    (1u << OVERLAY_HOLD | 1u << OVERLAY_MERGE_IN_PROGRESS | 1u << OVERLAY_BACKUP_ACTIVE)

static unsigned overlays_of_machine(const struct planner *planner, size_t machine)
{
    unsigned overlays = 0;

    for (size_t i = 0; i < planner->verdict->disk_count && machine != HOST_NONE; i++)
        if (planner->verdict->disks[i].machine == machine)
            overlays |= planner->verdict->disks[i].overlays;
    return overlays & MACHINE_WIDE;
}

unsigned plan_overlays(const struct planner *planner, const struct plan *plan)
{
    unsigned overlays = overlays_of_machine(planner, plan->machine);

    for (size_t i = 0; i < plan->layers.count; i++) {
        const struct disk_verdict *verdict = &planner->verdict->disks[plan->layers.items[i].disk];
        if (plan->stake.is_orphan && i > 0 && verdict->tracked)
            break;
        overlays |= verdict->overlays;
    }
    return overlays;
}

/* Which merges are due. */

static bool is_checkpoint_disk(const struct planner *planner, size_t machine, size_t disk)
{
    const struct host_machine *owner = &planner->host->machines.items[machine];

    for (size_t c = 0; c < owner->checkpoints.count; c++)
        for (size_t d = 0; d < owner->checkpoints.items[c].drives.count; d++)
            if (owner->checkpoints.items[c].drives.items[d].disk == disk)
                return true;
    return false;
}

/*
 * A checkpoint's configuration names the layer that was current before it; the layer above was
 * made for it. Where no checkpoint names the parent, the layer above is owed to it.
 */
static bool merge_is_due(const struct planner *planner, const struct plan *plan, size_t child,
                         size_t parent)
{
    if (plan->stake.is_orphan)
        return !planner->verdict->disks[child].tracked;
    return planner_disk(planner, child)->is_avhd &&
           !is_checkpoint_disk(planner, plan->machine, parent);
}

static int add_steps(const struct planner *planner, struct plan *plan)
{
    for (size_t i = 0; i + 1 < plan->layers.count; i++) {
        size_t child = plan->layers.items[i].disk, parent = plan->layers.items[i + 1].disk;
        if (!merge_is_due(planner, plan, child, parent))
            continue;
        struct plan_step *step = vector_push(&plan->steps);
        if (!step)
            return -ENOMEM;
        step->child = child;
        step->parent = parent;
        step->free_bytes = planner_disk(planner, child)->file_size;
    }
    return 0;
}

static int add_layers(struct plan *plan, const struct chain *chain)
{
    for (size_t i = 0; i < chain->layers.count; i++) {
        struct plan_layer *layer = vector_push(&plan->layers);
        if (!layer)
            return -ENOMEM;
        layer->disk = chain->layers.items[i];
    }
    return 0;
}

/* What nothing tracks. */

static const enum plan_kind orphan_kinds[CLASS_COUNT] = {
    [CLASS_AUTORECOVERY_LEFTOVER] = PLAN_QUARANTINE,
    [CLASS_AUTORECOVERY_IN_USE] = PLAN_KEEP,
    [CLASS_UNREGISTERED_VM_DISK] = PLAN_KEEP,
    [CLASS_BROKEN_CHAIN_PARENT] = PLAN_KEEP,
    [CLASS_ORPHAN_WITH_DATA] = PLAN_MANUAL_MERGE_ON_COPIES,
    [CLASS_ORPHAN_SIDE_BRANCH] = PLAN_QUARANTINE,
    [CLASS_ORPHAN_EMPTY] = PLAN_QUARANTINE,
    [CLASS_ABANDONED_CHAIN] = PLAN_QUARANTINE,
    [CLASS_ORPHAN_NO_PARENT] = PLAN_KEEP,
    [CLASS_ORPHAN_MISMATCH] = PLAN_KEEP,
};

static int begin_orphan(const struct planner *planner, struct plan *plan)
{
    enum disk_class class = planner->verdict->disks[plan->leaf].class;

    plan->stake.is_orphan = true;
    plan->choice = choice_of_class(class);
    plan_choose(planner, plan, orphan_kinds[class]);
    int r = plan->kind == PLAN_MANUAL_MERGE_ON_COPIES ? add_steps(planner, plan) : 0;
    return r == 0 ? plan_weigh(planner, plan) : r;
}

static bool is_broken(const struct planner *planner, const struct plan *plan)
{
    const struct disk_verdict *last = &planner->verdict->disks[plan_last_layer(plan)];

    return last->in_cycle || last->parent_state == PARENT_MISSING ||
           last->parent_state == PARENT_MISMATCHED;
}

static void keep_whole(struct plan *plan, const char *choice, const struct plan_offer *offers)
{
    plan->kind = PLAN_KEEP;
    plan->choice = choice;
    memcpy(plan->offers, offers, CHOICE_COUNT * sizeof(*offers));
}

static int begin_owed(const struct planner *planner, struct plan *plan)
{
    if (is_broken(planner, plan)) { /* no merge before that, whatever is owed */
        keep_whole(plan, choice_broken, offers_of_broken_chain);
        return 0;
    }
    if (plan_has_class(planner, plan, CLASS_AUTORECOVERY_IN_USE)) {
        keep_whole(plan, choice_of_class(CLASS_AUTORECOVERY_IN_USE),
                   offers_of_class(CLASS_AUTORECOVERY_IN_USE));
        return 0;
    }
    plan->choice = choice_hyper_v;
    plan->kind = PLAN_HYPER_V_MERGES;
    int r = add_steps(planner, plan);
    if (r < 0)
        return r;
    if (plan->steps.count == 0) {
        plan->kind = PLAN_NOTHING_TO_DO;
        plan->choice = choice_nothing;
        return 0;
    }
    plan_choose(planner, plan, PLAN_HYPER_V_MERGES);
    if (plan->kind == PLAN_KEEP) {
        plan->choice = choice_hold;
        plan->steps.count = 0; /* no order is good as long as the hold lasts */
    }
    return 0;
}

static int finish_plan(const struct planner *planner, struct plan *plan)
{
    static int (*const parts[])(const struct planner *, struct plan *) = {
        plan_seek_parent, plan_prove_candidates, plan_measure, plan_find_peaks,
        plan_block,       plan_write_script,
    };
    int r = 0;

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]) && r == 0; i++)
        r = parts[i](planner, plan);
    return r == 0 && plan->stake.is_orphan ? plan_word_stake(planner, plan) : r;
}

static void plan_free_one(struct plan *plan)
{
    for (size_t i = 0; i < plan->blockers.count; i++)
        free(plan->blockers.items[i].detail);
    for (size_t i = 0; i < plan->candidates.count; i++)
        vector_free(&plan->candidates.items[i].reasons);
    for (size_t i = 0; i < plan->volumes.count; i++)
        free(plan->volumes.items[i].name);
    vector_free(&plan->layers);
    vector_free(&plan->steps);
    vector_free(&plan->volumes);
    vector_free(&plan->candidates);
    vector_free(&plan->blockers);
    string_list_free(&plan->stake.lines);
    string_list_free(&plan->link_evidence);
    string_list_free(&plan->commands);
    string_list_free(&plan->checks_after);
}

static int add_plan(struct plan_list *list, const struct planner *planner,
                    const struct chain *chain)
{
    struct plan *plan = vector_push(list);

    if (!plan)
        return -ENOMEM;
    plan->machine = chain->machine;
    plan->leaf = chain->leaf;
    plan->stake.against = HOST_NONE;
    plan->stake.fork = (struct plan_fork){HOST_NONE, HOST_NONE, HOST_NONE, 0, 0, 0, SINCE_UNKNOWN};
    int r = add_layers(plan, chain);
    if (r == 0)
        r = planner->verdict->disks[chain->leaf].referenced ? begin_owed(planner, plan)
                                                            : begin_orphan(planner, plan);
    if (r == 0 && plan->kind == PLAN_NOTHING_TO_DO && !planner->options->machine) {
        plan_free_one(plan);
        list->count--;
        return 0;
    }
    return r < 0 ? r : finish_plan(planner, plan);
}

static bool machine_is_wanted(const struct planner *planner, size_t machine)
{
    const char *wanted = planner->options->machine;
    char id[GUID_TEXT_SIZE];

    if (!wanted)
        return true;
    if (machine == HOST_NONE)
        return false;
    const struct host_machine *owner = &planner->host->machines.items[machine];
    return (owner->name && text_compare_folded(owner->name, wanted) == 0) ||
           (owner->has_id && text_compare_folded(guid_format(&owner->id, id), wanted) == 0);
}

/* A checkpoint's chain is part of its machine's; of a class without a choice there is no plan. */
static bool is_wanted(const struct planner *planner, const struct chain *chain)
{
    const struct disk_verdict *leaf = &planner->verdict->disks[chain->leaf];

    return chain->checkpoint == HOST_NONE && machine_is_wanted(planner, chain->machine) &&
           (leaf->referenced || choice_of_class(leaf->class));
}

static bool machine_is_known(const struct planner *planner)
{
    bool known = !planner->options->machine;

    for (size_t i = 0; i < planner->host->machines.count && !known; i++)
        known = machine_is_wanted(planner, i);
    return known;
}

int plan_make(struct plan_list *list, const struct host *host, const struct verdict *verdict,
              const struct plan_options *options)
{
    struct planner planner = {.host = host, .verdict = verdict, .options = options};

    *list = (struct plan_list){0};
    if (!machine_is_known(&planner))
        return -ENOENT;
    int r = windows_paths_make(&planner.windows_paths, host, verdict);
    for (size_t i = 0; i < verdict->chains.count && r == 0; i++)
        if (is_wanted(&planner, &verdict->chains.items[i]))
            r = add_plan(list, &planner, &verdict->chains.items[i]);
    windows_paths_free(&planner.windows_paths);
    return r;
}

void plan_free(struct plan_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        plan_free_one(&list->items[i]);
    vector_free(list);
}

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* What is at stake with an orphan: how much, how old, where it left the chain in use, and whether
 * anything in it differs from that. */
#include "plan/planner.h"
#include "plan/texts.h"

#include "base/checked.h"
#include "base/strbuf.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *plan_since_name(enum plan_since since)
{
    static const char *const names[] = {NULL, "checkpoint", "ancestor-written"};

    return names[since];
}

static void add_time(struct plan_stake *stake, filetime time)
{
    if (time != 0 && (stake->oldest == 0 || time < stake->oldest))
        stake->oldest = time;
}

/* The layers from the leaf down that nothing tracks. */
static void sum_layers(const struct planner *planner, struct plan *plan)
{
    struct plan_stake *stake = &plan->stake;

    for (size_t i = 0; i < plan->layers.count; i++) {
        size_t disk = plan->layers.items[i].disk;
        const struct host_disk *file = planner_disk(planner, disk);
        if (planner->verdict->disks[disk].tracked)
            return;
        stake->layers++;
        stake->file_bytes += file->file_size;
        add_time(stake, file->created);
        add_time(stake, file->modified);
        stake->newest = max_u64(stake->newest, file->modified);
        if (!file->facts)
            continue;
        add_time(stake, file->facts->created);
        stake->allocated_bytes += file->facts->allocated_bytes;
    }
}

/* The chain of a machine, as it runs now. */
static bool is_living(const struct planner *planner, const struct chain *chain)
{
    return chain->machine != HOST_NONE && chain->checkpoint == HOST_NONE &&
           planner->verdict->disks[chain->leaf].referenced;
}

static size_t depth_in(const struct chain *chain, size_t disk)
{
    size_t i = 0;

    while (i < chain->layers.count && chain->layers.items[i] != disk)
        i++;
    return i;
}

/* The first layer of the plan that the chain has, too; layers.count when there is none. */
static size_t first_shared(const struct plan *plan, const struct chain *chain)
{
    size_t i = plan->stake.layers;

    while (i < plan->layers.count &&
           depth_in(chain, plan->layers.items[i].disk) == chain->layers.count)
        i++;
    return i;
}

/* A checkpoint that names the ancestor was made when the layer above it began. */
filetime plan_checkpoint_time(const struct planner *planner, size_t machine, size_t ancestor)
{
    const struct host_machine *owner = &planner->host->machines.items[machine];

    for (size_t c = 0; c < owner->checkpoints.count; c++)
        for (size_t d = 0; d < owner->checkpoints.items[c].drives.count; d++)
            if (owner->checkpoints.items[c].drives.items[d].disk == ancestor &&
                owner->checkpoints.items[c].created)
                return owner->checkpoints.items[c].created;
    return 0;
}

static void date_fork(const struct planner *planner, struct plan_fork *fork)
{
    if (fork->living_layers == 0)
        return;
    fork->since = plan_checkpoint_time(planner, fork->machine, fork->ancestor);
    fork->since_by = SINCE_CHECKPOINT;
    if (fork->since != 0)
        return;
    fork->since = planner_disk(planner, fork->ancestor)->modified;
    fork->since_by = fork->since ? SINCE_ANCESTOR_WRITTEN : SINCE_UNKNOWN;
}

/* Of all living chains the one that shares most, of the plan's own machine if there are several. */
static void find_fork(const struct planner *planner, struct plan *plan)
{
    struct plan_fork *fork = &plan->stake.fork;
    size_t best = plan->layers.count;

    for (size_t i = 0; i < planner->verdict->chains.count; i++) {
        const struct chain *chain = &planner->verdict->chains.items[i];
        size_t shared = is_living(planner, chain) ? first_shared(plan, chain) : plan->layers.count;
        if (shared == plan->layers.count)
            continue;
        bool better = shared < best || (shared == best && fork->machine != plan->machine &&
                                        chain->machine == plan->machine);
        fork->other_chains = shared < best ? 0 : fork->other_chains + (shared == best);
        if (!better)
            continue;
        best = shared;
        fork->ancestor = plan->layers.items[shared].disk;
        fork->living = chain->leaf;
        fork->machine = chain->machine;
        fork->living_layers = depth_in(chain, fork->ancestor);
    }
    if (fork->ancestor != HOST_NONE)
        date_fork(planner, fork);
}

/* With what its content is compared: what it forked from, else the base of its own chain. */
static size_t to_compare_with(const struct planner *planner, const struct plan *plan)
{
    size_t last = plan_last_layer(plan);
    bool complete = planner->verdict->disks[last].parent_state == PARENT_NONE &&
                    planner_disk(planner, last)->status == 0;

    if (!complete || plan->layers.count < 2)
        return HOST_NONE;
    return plan->stake.fork.ancestor != HOST_NONE ? plan->stake.fork.ancestor : last;
}

int plan_weigh(const struct planner *planner, struct plan *plan)
{
    sum_layers(planner, plan);
    find_fork(planner, plan);
    plan->stake.against = to_compare_with(planner, plan);
    return 0;
}

/* In sentences. */

#define NUMBER_SIZE 24

struct words {
    char when[WHEN_TEXT_SIZE], oldest[WHEN_TEXT_SIZE], newest[WHEN_TEXT_SIZE],
        living_time[WHEN_TEXT_SIZE];
    char layers[NUMBER_SIZE], living_layers[NUMBER_SIZE], others[NUMBER_SIZE], bytes[NUMBER_SIZE],
        differing[NUMBER_SIZE], id[GUID_TEXT_SIZE];
};

static const char *path_of(const struct planner *planner, size_t disk)
{
    return disk == HOST_NONE ? "" : planner_disk(planner, disk)->path;
}

static const char *machine_words(const struct planner *planner, size_t machine, char *id)
{
    if (machine == HOST_NONE)
        return text_no_machine;
    const struct host_machine *owner = &planner->host->machines.items[machine];
    return owner->name     ? owner->name
           : owner->has_id ? guid_format(&owner->id, id)
                           : text_no_machine;
}

static const char *number(char text[NUMBER_SIZE], uint64_t value)
{
    snprintf(text, NUMBER_SIZE, "%" PRIu64, value);
    return text;
}

static const char *fork_sentence(const struct plan_fork *fork)
{
    if (fork->ancestor == HOST_NONE)
        return stake_no_fork;
    if (fork->living_layers == 0)
        return stake_on_leaf;
    return fork->since_by == SINCE_CHECKPOINT         ? stake_fork_since
           : fork->since_by == SINCE_ANCESTOR_WRITTEN ? stake_fork_not_before
                                                      : stake_fork;
}

/* Which side was written last says which of the two may be the one that people miss. */
static const char *age_sentence(const struct plan_stake *stake, filetime living)
{
    if (stake->fork.living == HOST_NONE || stake->newest == 0 || living == 0)
        return NULL;
    return stake->newest > living   ? stake_newer
           : stake->newest < living ? stake_older
                                    : stake_same_age;
}

static const char *difference_sentence(const struct planner *planner, const struct plan *plan)
{
    const struct plan_stake *stake = &plan->stake;

    if (stake->against == HOST_NONE)
        return stake_not_comparable;
    if (stake->compared)
        return stake->differing_bytes ? stake_differs : stake_equal;
    return planner->verdict->disks[plan->leaf].class == CLASS_ORPHAN_EMPTY ? stake_empty
                                                                           : stake_not_compared;
}

int plan_word_stake(const struct planner *planner, struct plan *plan)
{
    const struct plan_stake *stake = &plan->stake;
    const struct plan_fork *fork = &stake->fork;
    filetime living = fork->living == HOST_NONE ? 0 : planner_disk(planner, fork->living)->modified;
    struct words w;
    const struct text_value values[] = {
        {"vm", machine_words(planner, fork->machine, w.id)},
        {"ancestor", path_of(planner, fork->ancestor)},
        {"living", path_of(planner, fork->living)},
        {"against", path_of(planner, stake->against)},
        {"when", when_format(fork->since, WHEN_SECONDS, w.when)},
        {"oldest", when_format(stake->oldest, WHEN_SECONDS, w.oldest)},
        {"newest", when_format(stake->newest, WHEN_SECONDS, w.newest)},
        {"living-time", when_format(living, WHEN_SECONDS, w.living_time)},
        {"layers", number(w.layers, stake->layers)},
        {"living-layers", number(w.living_layers, fork->living_layers)},
        {"others", number(w.others, fork->other_chains)},
        {"allocated", number(w.bytes, stake->allocated_bytes)},
        {"differing", number(w.differing, stake->differing_bytes)},
        {NULL, NULL},
    };
    const char *const sentences[] = {
        stake->oldest ? stake_amount : stake_amount_undated,
        fork_sentence(fork),
        fork->ancestor != HOST_NONE && fork->living_layers > 0 ? stake_sides : NULL,
        fork->other_chains > 0 ? stake_others : NULL,
        age_sentence(stake, living),
        difference_sentence(planner, plan),
    };
    int r = 0;

    for (size_t i = 0; i < ARRAY_SIZE(sentences) && r == 0; i++)
        if (sentences[i])
            r = string_list_add(&plan->stake.lines, string_fill(sentences[i], values, false));
    return r;
}

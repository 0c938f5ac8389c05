/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* The figures of a plan: its layers are opened, measured and, if wanted, compared. */
#include "plan/cost.h"

#include "base/cleanup.h"
#include "plan/blockers.h"
#include "plan/measure.h"
#include "plan/second.h"
#include "plan/texts.h"
#include "volume/volume.h"

#include <errno.h>
#include <stdlib.h>

int plan_open_layer(const struct planner *planner, size_t index, struct disk **disk)
{
    const struct host_disk *file = planner_disk(planner, index);
    struct volume *volume = planner->host->evidence.items[file->evidence].volume;
    CLEANUP(io_unref) io_source *source = NULL;
    int r = volume ? volume_open(volume, file->inner, file->file_id, &source) : -ENOENT;

    return r < 0 ? r : disk_open(disk, source, NULL);
}

static void report_progress(void *user, uint64_t done, uint64_t total)
{
    const struct plan_options *options = user;

    if (options->progress)
        options->progress(options->progress_user,
                          options->compare ? stage_comparing : stage_measuring, done, total);
}

/*
 * An orphan that nobody will merge is measured as if its layers were merged down to what it is
 * compared with: what differs then is what is lost without it.
 */
static size_t count_steps(const struct plan *plan)
{
    if (plan->steps.count > 0 || plan->stake.against == HOST_NONE)
        return plan->steps.count;
    return plan_layer_of(plan, plan->stake.against);
}

static size_t child_of_step(const struct plan *plan, size_t step)
{
    return plan->steps.count > 0 ? plan_layer_of(plan, plan->steps.items[step].child) : step;
}

static void take_figures(struct plan *plan, const struct measure_layer *layers,
                         const struct measure_step *steps, size_t step_count)
{
    for (size_t i = 0; i < plan->layers.count; i++) {
        plan->layers.items[i].present_bytes = layers[i].present_bytes;
        plan->layers.items[i].unique_bytes = layers[i].unique_bytes;
    }
    for (size_t i = 0; i < plan->steps.count; i++) {
        plan->steps.items[i].copy_bytes = steps[i].copy_bytes;
        plan->steps.items[i].grow_bytes = steps[i].grow_bytes;
        plan->steps.items[i].equal_bytes = steps[i].equal_bytes;
    }
    struct plan_stake *stake = &plan->stake;
    bool reaches = stake->is_orphan && stake->against != HOST_NONE && step_count > 0 &&
                   plan_layer_of(plan, stake->against) == steps[step_count - 1].child + 1;
    stake->compared = plan->compared && reaches;
    if (stake->compared)
        stake->differing_bytes = steps[step_count - 1].differing_bytes;
}

static int run_measure(const struct planner *planner, struct plan *plan,
                       struct measure_layer *layers)
{
    size_t count = count_steps(plan), base = plan_last_layer(plan);
    CLEANUP_FREE struct measure_step *steps = calloc(count + 1, sizeof(*steps));
    bool complete = planner->verdict->disks[base].parent_state == PARENT_NONE;
    bool compare = planner->options->compare && complete;

    if (!steps)
        return -ENOMEM;
    for (size_t i = 0; i < count; i++)
        steps[i].child = child_of_step(plan, i);
    int r = measure(layers, plan->layers.count, steps, count, compare, report_progress,
                    (void *)(uintptr_t)planner->options);
    if (r < 0)
        return r;
    plan->measured = true;
    plan->compared = compare;
    take_figures(plan, layers, steps, count);
    return compare ? plan_read_again(planner, plan, layers) : 0;
}

static int open_layers(const struct planner *planner, struct plan *plan,
                       struct measure_layer *layers)
{
    for (size_t i = 0; i < plan->layers.count; i++) {
        size_t disk = plan->layers.items[i].disk;
        int r = plan_open_layer(planner, disk, &layers[i].disk);
        if (r < 0)
            return r == -ENOMEM ? r
                   : blocker_add(plan, &blocker_unreadable, planner_disk(planner, disk)->path) < 0
                       ? -ENOMEM
                       : -ECANCELED;
    }
    return 0;
}

int plan_measure(const struct planner *planner, struct plan *plan)
{
    CLEANUP_FREE struct measure_layer *layers = calloc(plan->layers.count, sizeof(*layers));
    int r = layers ? open_layers(planner, plan, layers) : -ENOMEM;

    if (r == 0)
        r = run_measure(planner, plan, layers);
    if (r == -EINVAL)
        r = blocker_add(plan, &blocker_sector_size, NULL);
    else if (r < 0 && r != -ENOMEM && r != -ECANCELED)
        r = blocker_add(plan, &blocker_unreadable, NULL);
    for (size_t i = 0; layers && i < plan->layers.count; i++)
        disk_close(layers[i].disk);
    return r == -ENOMEM ? r : 0;
}

/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "plan/plan.h"

#include "base/checked.h"
#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "event/codes.h"
#include "os/os_file.h"
#include "plan/measure.h"
#include "plan/script.h"
#include "plan/texts.h"
#include "volume/volume.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct planner {
    const struct host *host;
    const struct verdict *verdict;
    const struct plan_options *options;
    struct plan_list *list;
};

static int add_blocker(struct plan *plan, const struct blocker_text *text, const char *detail)
{
    for (size_t i = 0; i < plan->blockers.count; i++) {
        const struct plan_blocker *known = &plan->blockers.items[i];
        if (known->code == text->code && !known->detail == !detail &&
            (!detail || strcmp(known->detail, detail) == 0))
            return 0;
    }
    struct plan_blocker *blocker = vector_push(&plan->blockers);
    if (!blocker)
        return -ENOMEM;
    blocker->code = text->code;
    blocker->text = text->text;
    blocker->severity = text->severity;
    blocker->detail = detail ? strdup(detail) : NULL;
    return detail && !blocker->detail ? -ENOMEM : 0;
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
    const struct host_disk *layer = &planner->host->disks.items[child];

    if (plan->kind == PLAN_MANUAL_MERGE_ON_COPIES)
        return !planner->verdict->disks[child].tracked;
    return layer->is_avhd && !is_checkpoint_disk(planner, plan->machine, parent);
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
        step->free_bytes = planner->host->disks.items[child].file_size;
    }
    return 0;
}

/* What forbids it. */

/* Half of what NTFS can hold to describe a file's pieces (256 KiB, then 0x80070299). */
#define FRAGMENTED_LIST (128u * 1024)

static int block_by_overlays(const struct planner *planner, struct plan *plan)
{
    for (size_t i = 0; i < plan->layers.count; i++)
        for (enum disk_overlay o = 0; o < OVERLAY_COUNT; o++) {
            unsigned overlays = planner->verdict->disks[plan->layers.items[i].disk].overlays;
            const struct blocker_text *text = blocker_of_overlay(o);
            if (text && (overlays & 1u << o) && add_blocker(plan, text, NULL) < 0)
                return -ENOMEM;
        }
    return 0;
}

/* Several files may carry the identifier that the child asks for: all of them are candidates. */
static int add_candidates(const struct planner *planner, struct plan *plan, size_t child,
                          const struct blocker_text *text)
{
    const struct host *host = planner->host;
    const struct disk_facts *facts = host->disks.items[child].facts;
    size_t found = 0, count = 0;
    const size_t *exact = facts->parent && facts->parent->has_linkage
                              ? host_find_identifier(host, &facts->parent->linkage, &count)
                              : NULL;

    for (size_t i = 0; i < count && i < 8; i++, found++) {
        char *line = string_printf("candidate with the recorded identifier: %s",
                                   host->disks.items[exact[i]].path);
        int r = line ? add_blocker(plan, text, line) : -ENOMEM;
        free(line);
        if (r < 0)
            return r;
    }
    for (size_t i = 0; i < host->disks.count && found < 8 && facts->has_virtual_disk_id; i++) {
        const struct disk_facts *other = host->disks.items[i].facts;
        if (i == child || !other || !other->has_virtual_disk_id || host->disks.items[i].status < 0 ||
            planner->verdict->disks[i].parent == child ||
            !guid_equal(&other->virtual_disk_id, &facts->virtual_disk_id))
            continue;
        char *line = string_printf("candidate of the same virtual disk, in another state: %s",
                                   host->disks.items[i].path);
        int r = line ? add_blocker(plan, text, line) : -ENOMEM;
        free(line);
        if (r < 0)
            return r;
        found++;
    }
    return found ? 0 : add_blocker(plan, text, NULL);
}

static int block_by_links(const struct planner *planner, struct plan *plan)
{
    size_t last = plan->layers.items[plan->layers.count - 1].disk;
    const struct disk_verdict *verdict = &planner->verdict->disks[last];
    int r = 0;

    if (verdict->in_cycle)
        r = add_blocker(plan, &blocker_cycle, NULL);
    else if (verdict->parent_state == PARENT_MISSING)
        r = add_candidates(planner, plan, last, &blocker_missing_parent);
    else if (verdict->parent_state == PARENT_MISMATCHED)
        r = add_candidates(planner, plan, last, &blocker_mismatch);
    if (r == 0 && plan->steps.count > 50)
        r = add_blocker(plan, &blocker_many_layers, NULL);
    return r;
}

/* A golden image has hundreds of children: one is named, the others are counted. */
static int block_by_siblings(const struct planner *planner, struct plan *plan,
                             const struct plan_step *step)
{
    const struct disk_verdict *parent = &planner->verdict->disks[step->parent];
    size_t others = 0, first = HOST_NONE;

    for (size_t c = 0; c < parent->children.count; c++) {
        if (parent->children.items[c] == step->child)
            continue;
        first = first == HOST_NONE ? parent->children.items[c] : first;
        others++;
    }
    if (others == 0)
        return 0;
    const char *name = planner->host->disks.items[first].path;
    char *detail = others == 1 ? strdup(name) : string_printf("%s and %zu more", name, others - 1);
    int r = detail ? add_blocker(plan, &blocker_other_child, detail) : -ENOMEM;
    free(detail);
    return r;
}

static int block_by_steps(const struct planner *planner, struct plan *plan)
{
    int r = 0;

    for (size_t i = 0; i < plan->steps.count && r == 0; i++) {
        const struct plan_step *step = &plan->steps.items[i];
        const struct host_disk *child = &planner->host->disks.items[step->child];
        const struct host_disk *parent = &planner->host->disks.items[step->parent];
        r = block_by_siblings(planner, plan, step);
        if (r == 0 && child->facts->virtual_size > parent->facts->virtual_size)
            r = add_blocker(plan, &blocker_bigger_child, child->path);
        if (r == 0 && parent->attribute_list_size >= FRAGMENTED_LIST)
            r = add_blocker(plan, &blocker_fragmented, parent->path);
    }
    return r;
}

/* The merge that failed, in the words of its event, with the error's own first remedy. */
static int block_by_last_merge(const struct planner *planner, struct plan *plan)
{
    const struct episode *episode =
        plan->machine == HOST_NONE ? NULL : episode_last(planner->verdict, plan->machine);

    if (!episode || plan->steps.count == 0 || episode->end != EPISODE_FAILED)
        return 0;
    char *event = event_line(planner->host, episode->last);
    char *code = episode->has_code ? code_explain(episode->code) : strdup("no code");
    char *detail = event && code ? string_printf("%s; %s", event, code) : NULL;
    int r = detail ? add_blocker(plan, blocker_of_overlay(OVERLAY_MERGE_FAILED), detail) : -ENOMEM;
    free(detail);
    free(code);
    free(event);
    return r;
}

/* What it costs. */

static int open_layer(const struct planner *planner, size_t index, struct disk **disk)
{
    const struct host_disk *file = &planner->host->disks.items[index];
    struct volume *volume = planner->host->evidence.items[file->evidence].volume;
    CLEANUP(io_unref) io_source *source = NULL;
    int r = volume_open(volume, file->inner, file->file_id, &source);

    return r < 0 ? r : disk_open(disk, source, NULL);
}

static void report_progress(void *user, uint64_t done, uint64_t total)
{
    const struct plan_options *options = user;

    if (options->progress)
        options->progress(options->progress_user,
                          options->compare ? "comparing data" : "measuring merges", done, total);
}

static size_t layer_of(const struct plan *plan, size_t disk)
{
    size_t i = 0;

    while (plan->layers.items[i].disk != disk)
        i++;
    return i;
}

static int run_measure(const struct planner *planner, struct plan *plan,
                       struct measure_layer *layers)
{
    CLEANUP_FREE struct measure_step *steps = calloc(plan->steps.count + 1, sizeof(*steps));
    size_t base = plan->layers.items[plan->layers.count - 1].disk;
    bool complete = planner->verdict->disks[base].parent_state == PARENT_NONE;

    if (!steps)
        return -ENOMEM;
    for (size_t i = 0; i < plan->steps.count; i++)
        steps[i].child = layer_of(plan, plan->steps.items[i].child);
    bool compare = planner->options->compare && complete;
    int r = measure(layers, plan->layers.count, steps, plan->steps.count, compare, report_progress,
                    (void *)(uintptr_t)planner->options);
    if (r < 0)
        return r;
    plan->measured = true;
    plan->compared = compare;
    for (size_t i = 0; i < plan->layers.count; i++) {
        plan->layers.items[i].present_bytes = layers[i].present_bytes;
        plan->layers.items[i].unique_bytes = layers[i].unique_bytes;
    }
    for (size_t i = 0; i < plan->steps.count; i++) {
        plan->steps.items[i].copy_bytes = steps[i].copy_bytes;
        plan->steps.items[i].grow_bytes = steps[i].grow_bytes;
        plan->steps.items[i].equal_bytes = steps[i].equal_bytes;
    }
    return 0;
}

static int measure_plan(const struct planner *planner, struct plan *plan)
{
    CLEANUP_FREE struct measure_layer *layers = calloc(plan->layers.count, sizeof(*layers));
    int r = layers ? 0 : -ENOMEM;

    for (size_t i = 0; i < plan->layers.count && r == 0; i++) {
        r = open_layer(planner, plan->layers.items[i].disk, &layers[i].disk);
        if (r < 0 && r != -ENOMEM)
            add_blocker(plan, &blocker_unreadable,
                        planner->host->disks.items[plan->layers.items[i].disk].path);
    }
    if (r == 0)
        r = run_measure(planner, plan, layers);
    if (r == -EINVAL)
        add_blocker(plan, &blocker_sector_size, NULL);
    else if (r < 0 && r != -ENOMEM)
        add_blocker(plan, &blocker_unreadable, NULL);
    for (size_t i = 0; layers && i < plan->layers.count; i++)
        disk_close(layers[i].disk);
    return r == -ENOMEM ? r : 0;
}

static bool is_below(const char *path, const char *folder)
{
    size_t length = strlen(folder);

    return strncmp(path, folder, length) == 0 && (path[length] == '/' || folder[length - 1] == '/');
}

/* Whether two files lie on one volume, as far as can be told. */
static bool same_volume(const struct planner *planner, size_t a, size_t b)
{
    const struct host_disk *x = &planner->host->disks.items[a], *y = &planner->host->disks.items[b];

    for (size_t i = 0; i < planner->options->free_count; i++) {
        const char *folder = planner->options->free[i].folder;
        if (is_below(x->path, folder) != is_below(y->path, folder))
            return false;
    }
    return x->evidence == y->evidence && os_same_device(x->path, y->path);
}

/* A parent grows while its child still exists; the child's file goes when the step is done. */
static void find_peak(const struct planner *planner, struct plan *plan)
{
    size_t base = plan->layers.items[plan->layers.count - 1].disk;
    int64_t extra = 0, peak = 0;
    CLEANUP_FREE uint64_t *grown = calloc(plan->layers.count, sizeof(*grown));

    for (size_t i = 0; i < plan->steps.count && grown; i++) {
        const struct plan_step *step = &plan->steps.items[i];
        if (same_volume(planner, step->parent, base))
            extra += (int64_t)step->grow_bytes;
        peak = extra > peak ? extra : peak;
        grown[layer_of(plan, step->parent)] += step->grow_bytes;
        if (same_volume(planner, step->child, base))
            extra -= (int64_t)(step->free_bytes + grown[layer_of(plan, step->child)]);
    }
    plan->peak_extra_bytes = (uint64_t)peak;
}

static int block_by_space(const struct planner *planner, struct plan *plan)
{
    const char *path =
        planner->host->disks.items[plan->layers.items[plan->layers.count - 1].disk].path;
    const struct plan_options *options = planner->options;
    uint64_t free_bytes = 0;
    bool known = false;

    for (size_t i = 0; i < options->free_count; i++)
        if (is_below(path, options->free[i].folder)) {
            free_bytes = options->free[i].bytes;
            known = true;
        }
    if (!known)
        known = os_free_space(path, &free_bytes) == 0;
    if (!known)
        return plan->peak_extra_bytes ? add_blocker(plan, &blocker_space_unknown, NULL) : 0;
    if (free_bytes >= plan->peak_extra_bytes)
        return 0;
    char *detail = string_printf("%llu bytes needed, %llu free",
                                 (unsigned long long)plan->peak_extra_bytes,
                                 (unsigned long long)free_bytes);
    int r = detail ? add_blocker(plan, &blocker_space, detail) : -ENOMEM;
    free(detail);
    return r;
}

/* Which chains get a plan, and of what kind. */

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

/* Where evidence is missing or the VM holds state, nothing is offered that removes a file. */
#define FORBIDS_REMOVAL (1u << OVERLAY_HOLD | 1u << OVERLAY_CLUSTER_UNKNOWN |                      \
                         1u << OVERLAY_SAVED_STATE | 1u << OVERLAY_LOW_CONFIDENCE)

static enum plan_kind kind_of_orphan(const struct disk_verdict *verdict)
{
    enum plan_kind kind = orphan_kinds[verdict->class];

    return kind != PLAN_KEEP && (verdict->overlays & FORBIDS_REMOVAL) ? PLAN_KEEP : kind;
}

static int fill_plan(const struct planner *planner, struct plan *plan, const struct chain *chain)
{
    int r = 0;

    for (size_t i = 0; i < chain->layers.count; i++) {
        struct plan_layer *layer = vector_push(&plan->layers);
        if (!layer)
            return -ENOMEM;
        layer->disk = chain->layers.items[i];
    }
    if (plan->kind == PLAN_HYPER_V_MERGES || plan->kind == PLAN_MANUAL_MERGE_ON_COPIES)
        r = add_steps(planner, plan);
    if (r == 0 && plan->kind == PLAN_HYPER_V_MERGES && plan->steps.count == 0) {
        plan->kind = PLAN_NOTHING_TO_DO;
        plan->choice = choice_nothing;
    }
    return r;
}

static int finish_plan(const struct planner *planner, struct plan *plan)
{
    int r = plan->kind == PLAN_NOTHING_TO_DO ? 0 : block_by_overlays(planner, plan);

    if (r == 0)
        r = block_by_links(planner, plan);
    if (r == 0)
        r = block_by_steps(planner, plan);
    if (r == 0)
        r = block_by_last_merge(planner, plan);
    if (r == 0)
        r = measure_plan(planner, plan);
    if (r == 0) {
        find_peak(planner, plan);
        r = block_by_space(planner, plan);
    }
    return r < 0 ? r : script_write(plan, planner->host, planner->verdict);
}

static void plan_free_one(struct plan *plan)
{
    for (size_t i = 0; i < plan->blockers.count; i++)
        free(plan->blockers.items[i].detail);
    vector_free(&plan->layers);
    vector_free(&plan->steps);
    vector_free(&plan->blockers);
    string_list_free(&plan->commands);
    string_list_free(&plan->checks_after);
}

static int add_plan(const struct planner *planner, const struct chain *chain, enum plan_kind kind,
                    const char *choice)
{
    struct plan *plan = vector_push(planner->list);

    if (!plan)
        return -ENOMEM;
    plan->machine = chain->machine;
    plan->leaf = chain->leaf;
    plan->kind = kind;
    plan->choice = choice;
    int r = fill_plan(planner, plan, chain);
    if (r == 0 && plan->kind == PLAN_NOTHING_TO_DO && !planner->options->machine) {
        plan_free_one(plan);
        planner->list->count--;
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

static int consider(const struct planner *planner, const struct chain *chain)
{
    const struct disk_verdict *leaf = &planner->verdict->disks[chain->leaf];

    if (chain->checkpoint != HOST_NONE || !machine_is_wanted(planner, chain->machine))
        return 0;
    if (leaf->referenced)
        return add_plan(planner, chain, PLAN_HYPER_V_MERGES, choice_hyper_v);
    if (!choice_of_class(leaf->class))
        return 0;
    return add_plan(planner, chain, kind_of_orphan(leaf), choice_of_class(leaf->class));
}

int plan_make(struct plan_list *list, const struct host *host, const struct verdict *verdict,
              const struct plan_options *options)
{
    struct planner planner = {host, verdict, options, list};
    bool known = !options->machine;
    int r = 0;

    *list = (struct plan_list){0};
    for (size_t i = 0; i < host->machines.count && !known; i++)
        known = machine_is_wanted(&planner, i);
    if (!known)
        return -ENOENT;
    for (size_t i = 0; i < verdict->chains.count && r == 0; i++)
        r = consider(&planner, &verdict->chains.items[i]);
    return r;
}

void plan_free(struct plan_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        plan_free_one(&list->items[i]);
    vector_free(list);
}

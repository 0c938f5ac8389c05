/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "plan/blockers.h"

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "event/codes.h"
#include "plan/planner.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int blocker_add(struct plan *plan, const struct blocker_text *text, const char *detail)
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

/* Adds one whose detail is a text to be filled. */
static int add_filled(struct plan *plan, const struct blocker_text *text, const char *detail,
                      const struct text_value *values)
{
    CLEANUP_FREE char *filled = string_fill(detail, values, false);

    return filled ? blocker_add(plan, text, filled) : -ENOMEM;
}

static bool is_said(const struct plan *plan, const struct blocker_text *text)
{
    for (size_t i = 0; i < plan->blockers.count; i++)
        if (plan->blockers.items[i].code == text->code)
            return true;
    return false;
}

/* Once each, unless it is about single files; an event that says more has said it already. */
static int block_by_overlays(const struct planner *planner, struct plan *plan)
{
    for (size_t i = 0; i < plan->layers.count; i++) {
        size_t disk = plan->layers.items[i].disk;
        for (enum disk_overlay o = 0; o < OVERLAY_COUNT; o++) {
            const struct blocker_text *text = blocker_of_overlay(o);
            if (!text || !(planner->verdict->disks[disk].overlays & 1u << o) ||
                (!text->names_file && is_said(plan, text)))
                continue;
            const char *detail = text->names_file ? planner_disk(planner, disk)->path : NULL;
            if (blocker_add(plan, text, detail) < 0)
                return -ENOMEM;
        }
    }
    return 0;
}

/* What the layers themselves have not told. */
static int block_by_machine(const struct planner *planner, struct plan *plan)
{
    unsigned overlays = plan_overlays(planner, plan);

    for (enum disk_overlay o = 0; o < OVERLAY_COUNT; o++) {
        const struct blocker_text *text = blocker_of_overlay(o);
        if (text && !text->names_file && (overlays & 1u << o) && !is_said(plan, text) &&
            blocker_add(plan, text, NULL) < 0)
            return -ENOMEM;
    }
    return 0;
}

static int block_by_autorecovery(const struct planner *planner, struct plan *plan)
{
    for (size_t i = 0; i < plan->layers.count; i++) {
        size_t disk = plan->layers.items[i].disk;
        if (planner->verdict->disks[disk].class == CLASS_AUTORECOVERY_IN_USE &&
            blocker_add(plan, &blocker_autorecovery, planner_disk(planner, disk)->path) < 0)
            return -ENOMEM;
    }
    return 0;
}

static int block_by_lost_parent(const struct planner *planner, struct plan *plan, size_t child,
                                const struct blocker_text *text)
{
    const struct disk_facts *facts = planner_disk(planner, child)->facts;
    const struct disk_parent *parent = facts ? facts->parent : NULL;
    char id[GUID_TEXT_SIZE] = "";

    if (!parent)
        return blocker_add(plan, text, NULL);
    const struct text_value values[] = {
        {"path", parent->absolute_path   ? parent->absolute_path
                 : parent->relative_path ? parent->relative_path
                                         : text_no_path},
        {"id", parent->has_linkage ? guid_format(&parent->linkage, id) : text_no_identifier},
        {NULL, NULL},
    };
    return add_filled(plan, text, detail_recorded_parent, values);
}

static int block_by_links(const struct planner *planner, struct plan *plan)
{
    size_t last = plan_last_layer(plan);
    const struct disk_verdict *verdict = &planner->verdict->disks[last];
    int r = 0;

    if (verdict->in_cycle)
        r = blocker_add(plan, &blocker_cycle, NULL);
    else if (verdict->parent_state == PARENT_MISSING)
        r = block_by_lost_parent(planner, plan, last, &blocker_missing_parent);
    else if (verdict->parent_state == PARENT_MISMATCHED)
        r = block_by_lost_parent(planner, plan, last, &blocker_mismatch);
    if (r == 0 && plan->steps.count > MANY_LAYERS)
        r = blocker_add(plan, &blocker_many_layers, NULL);
    return r;
}

/* A golden image has hundreds of children: one is named, the others are counted. */
static int block_by_siblings(const struct planner *planner, struct plan *plan,
                             const struct plan_step *step)
{
    const struct disk_verdict *parent = &planner->verdict->disks[step->parent];
    size_t others = 0, first = HOST_NONE;
    char more[24];

    for (size_t c = 0; c < parent->children.count; c++) {
        if (parent->children.items[c] == step->child)
            continue;
        first = first == HOST_NONE ? parent->children.items[c] : first;
        others++;
    }
    if (others == 0)
        return 0;
    snprintf(more, sizeof(more), "%zu", others - 1);
    const struct text_value values[] = {
        {"path", planner_disk(planner, first)->path}, {"more", more}, {NULL, NULL}};
    return add_filled(plan, &blocker_other_child, others == 1 ? "{path}" : detail_and_more, values);
}

/* Half of what NTFS can hold to describe a file's pieces (256 KiB, then 0x80070299). */
#define FRAGMENTED_LIST (128u * 1024)

static int block_by_steps(const struct planner *planner, struct plan *plan)
{
    int r = 0;

    for (size_t i = 0; i < plan->steps.count && r == 0; i++) {
        const struct plan_step *step = &plan->steps.items[i];
        const struct host_disk *child = planner_disk(planner, step->child);
        const struct host_disk *parent = planner_disk(planner, step->parent);
        r = block_by_siblings(planner, plan, step);
        if (r == 0 && child->facts->virtual_size > parent->facts->virtual_size)
            r = blocker_add(plan, &blocker_bigger_child, child->path);
        if (r == 0 && parent->attribute_list_size >= FRAGMENTED_LIST)
            r = blocker_add(plan, &blocker_fragmented, parent->path);
    }
    return r;
}

/* The merge that failed, in the words of its event, with the error's own first remedy. */
static int block_by_last_merge(const struct planner *planner, struct plan *plan)
{
    const struct episode *episode =
        plan->machine == HOST_NONE ? NULL : episode_last(planner->verdict, plan->machine);

    if (!episode || !(plan_overlays(planner, plan) & 1u << OVERLAY_MERGE_FAILED))
        return 0;
    CLEANUP_FREE char *event = event_line(planner->host, episode->last);
    CLEANUP_FREE char *code = episode->has_code ? code_explain(episode->code) : NULL;
    if (!event || (episode->has_code && !code))
        return -ENOMEM;
    const struct text_value values[] = {{"event", event}, {"code", code}, {NULL, NULL}};
    return add_filled(plan, blocker_of_overlay(OVERLAY_MERGE_FAILED),
                      code ? detail_explained : "{event}", values);
}

/* The event by which a backup began and did not end. */
static int block_by_backup(const struct planner *planner, struct plan *plan)
{
    size_t began = HOST_NONE;

    if (!(plan_overlays(planner, plan) & 1u << OVERLAY_BACKUP_ACTIVE))
        return 0;
    for (size_t i = 0; i < planner->host->events.count; i++)
        if (strcmp(planner->host->events.items[i].event.kind, "backup-started") == 0)
            began = i;
    CLEANUP_FREE char *event = began == HOST_NONE ? NULL : event_line(planner->host, began);
    return event ? blocker_add(plan, blocker_of_overlay(OVERLAY_BACKUP_ACTIVE), event) : 0;
}

static int block_by_space(struct plan *plan)
{
    int r = 0;

    for (size_t i = 0; i < plan->volumes.count && r == 0; i++) {
        const struct plan_volume *volume = &plan->volumes.items[i];
        char needed[24], available[24];
        if (volume->peak_extra_bytes == 0)
            continue;
        snprintf(needed, sizeof(needed), "%" PRIu64, volume->peak_extra_bytes);
        snprintf(available, sizeof(available), "%" PRIu64, volume->free_bytes);
        const struct text_value values[] = {
            {"volume", volume->name}, {"needed", needed}, {"free", available}, {NULL, NULL}};
        if (!volume->has_free)
            r = add_filled(plan, &blocker_space_unknown, detail_space_needed, values);
        else if (volume->free_bytes < volume->peak_extra_bytes)
            r = add_filled(plan, &blocker_space, detail_space, values);
    }
    return r;
}

static int block_by_second_reader(struct plan *plan)
{
    char bytes[24], offset[24];

    if (plan->second.verdict != WITNESS_CONTRADICTS)
        return 0;
    snprintf(bytes, sizeof(bytes), "%" PRIu64, plan->second.contradicted_bytes);
    snprintf(offset, sizeof(offset), "%" PRIu64, plan->second.first_contradiction);
    const struct text_value values[] = {{"bytes", bytes}, {"offset", offset}, {NULL, NULL}};
    return add_filled(plan, &blocker_second_reader, detail_second_reader, values);
}

/* The worst first; else in the order in which they were found. */
static void sort_by_severity(struct plan *plan)
{
    for (size_t i = 1; i < plan->blockers.count; i++) {
        struct plan_blocker blocker = plan->blockers.items[i];
        size_t at = i;
        for (; at > 0 && plan->blockers.items[at - 1].severity < blocker.severity; at--)
            plan->blockers.items[at] = plan->blockers.items[at - 1];
        plan->blockers.items[at] = blocker;
    }
}

int plan_block(const struct planner *planner, struct plan *plan)
{
    int r = block_by_last_merge(planner, plan);

    if (r == 0)
        r = block_by_backup(planner, plan);
    if (r == 0 && plan->kind != PLAN_NOTHING_TO_DO)
        r = block_by_overlays(planner, plan);
    if (r == 0 && plan->kind != PLAN_NOTHING_TO_DO)
        r = block_by_machine(planner, plan);
    if (r == 0)
        r = block_by_autorecovery(planner, plan);
    if (r == 0)
        r = block_by_links(planner, plan);
    if (r == 0)
        r = block_by_steps(planner, plan);
    if (r == 0)
        r = block_by_space(plan);
    if (r == 0)
        r = block_by_second_reader(plan);
    sort_by_severity(plan);
    return r;
}

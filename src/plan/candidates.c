/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * The parent that a layer has lost: which disks may be it, the best first and why, what the
 * evidence says of a linkage that does not match, and whether the mismatch may be ignored.
 */
#include "plan/planner.h"
#include "plan/texts.h"

#include "base/checked.h"
#include "base/text.h"
#include "base/winpath.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CANDIDATES_MAX 5

struct pair {
    const struct planner *planner;
    size_t child, other;
    const struct host_disk *child_file, *other_file;
    const struct disk_facts *child_facts, *other_facts;
};

/* What speaks for a candidate. */

static bool has_identifier(const struct pair *p)
{
    return disk_linkage_matches(p->child_facts, p->other_facts);
}

static bool know_virtual_disks(const struct pair *p)
{
    return p->child_facts->has_virtual_disk_id && p->other_facts->has_virtual_disk_id;
}

static bool is_same_virtual_disk(const struct pair *p)
{
    return know_virtual_disks(p) &&
           guid_equal(&p->child_facts->virtual_disk_id, &p->other_facts->virtual_disk_id);
}

static bool is_at_recorded_path(const struct pair *p)
{
    return p->planner->verdict->disks[p->child].parent == p->other;
}

static bool path_names(const char *recorded, const struct host_disk *file)
{
    struct winpath path;

    if (!recorded || winpath_parse(&path, recorded) < 0)
        return false;
    char *name = winpath_name(&path) ? text_fold(winpath_name(&path)) : NULL;
    bool same = name && strcmp(name, file->name_key) == 0;
    free(name);
    winpath_free(&path);
    return same;
}

static bool has_recorded_name(const struct pair *p)
{
    const struct disk_parent *parent = p->child_facts->parent;

    return parent && (path_names(parent->absolute_path, p->other_file) ||
                      path_names(parent->relative_path, p->other_file) ||
                      path_names(parent->volume_path, p->other_file));
}

static bool has_same_size(const struct pair *p)
{
    return p->child_facts->virtual_size == p->other_facts->virtual_size;
}

static bool is_in_same_folder(const struct pair *p)
{
    return strcmp(p->child_file->folder_key, p->other_file->folder_key) == 0;
}

static bool was_written_before(const struct pair *p)
{
    return p->other_file->modified != 0 && p->other_file->modified <= p->child_file->modified;
}

static bool fits_format(const struct pair *p)
{
    return p->child_facts->format == p->other_facts->format &&
           p->child_facts->logical_sector_size == p->other_facts->logical_sector_size;
}

/* Only the first four make a disk a candidate at all; the others rank. */
static const struct {
    bool (*holds)(const struct pair *);
    unsigned points;
    const char *const *reason;
} signs[] = {
    {has_identifier, 1000, &reason_identifier}, {is_same_virtual_disk, 300, &reason_virtual_disk},
    {is_at_recorded_path, 200, &reason_path},   {has_recorded_name, 100, &reason_name},
    {has_same_size, 40, &reason_size},          {was_written_before, 30, &reason_time},
    {is_in_same_folder, 20, &reason_folder},    {fits_format, 10, &reason_format},
};

#define LEAST_POINTS 100

/* Whether the mismatch may be ignored. */

static bool is_unreadable(const struct pair *p)
{
    return p->other_file->status < 0;
}

static bool has_other_format(const struct pair *p)
{
    return !fits_format(p);
}

static bool is_other_virtual_disk(const struct pair *p)
{
    return know_virtual_disks(p) && !is_same_virtual_disk(p);
}

static bool has_other_size(const struct pair *p)
{
    return !has_same_size(p);
}

static bool was_written_after(const struct pair *p)
{
    return p->other_file->modified > p->child_file->modified && p->child_file->modified != 0;
}

/* When the child was made, as far as that is sure: a volume in an image keeps the time of creation,
 * a checkpoint that names the parent was made with the child. 0: not known. */
static filetime birth_of_child(const struct pair *p)
{
    size_t owner = p->planner->verdict->disks[p->child].machine;

    if (p->planner->host->evidence.items[p->child_file->evidence].kind == EVIDENCE_VOLUME &&
        p->child_file->created)
        return p->child_file->created;
    return owner == HOST_NONE ? 0 : plan_checkpoint_time(p->planner, owner, p->other);
}

static bool is_known_to_be_opened(const struct pair *p)
{
    filetime birth = birth_of_child(p);

    for (size_t i = 0; birth != 0 && i < p->planner->host->events.count; i++)
        if (p->planner->host->events.items[i].event.time > birth &&
            event_is_opening(p->planner->host, i, p->other))
            return true;
    return false;
}

/* The first that holds is the answer; only reading both can turn it into a yes (equality.c). */
static const struct {
    bool (*holds)(const struct pair *);
    enum plan_sanity sanity;
    const char *const *why;
} judgements[] = {
    {has_identifier, SANITY_NOT_NEEDED, &sanity_identifier},
    {is_unreadable, SANITY_NO, &sanity_unreadable},
    {has_other_format, SANITY_NO, &sanity_format},
    {is_other_virtual_disk, SANITY_NO, &sanity_other_disk},
    {has_other_size, SANITY_NO, &sanity_size},
    {was_written_after, SANITY_NO, &sanity_written},
    {is_known_to_be_opened, SANITY_NO, &sanity_opened},
};

const char *plan_sanity_name(enum plan_sanity sanity)
{
    static const char *const names[] = {"not-needed", "yes", "no", "unknown"};

    return names[sanity];
}

static void judge_mismatch(const struct pair *p, struct plan_candidate *candidate)
{
    candidate->ignore_mismatch = SANITY_UNKNOWN;
    candidate->why = sanity_unknown;
    for (size_t i = 0; i < ARRAY_SIZE(judgements); i++)
        if (judgements[i].holds(p)) {
            candidate->ignore_mismatch = judgements[i].sanity;
            candidate->why = *judgements[i].why;
            return;
        }
}

/* The child itself and what stands on it are no candidates. */
static bool stands_on(const struct planner *planner, size_t disk, size_t child)
{
    const struct disk_verdict *disks = planner->verdict->disks;

    while (disk != child && !disks[disk].in_cycle && disks[disk].parent_state == PARENT_MATCHED)
        disk = disks[disk].parent;
    return disk == child;
}

static bool weigh_candidate(const struct pair *p, struct plan_candidate *candidate)
{
    *candidate = (struct plan_candidate){.disk = p->other};
    for (size_t i = 0; i < ARRAY_SIZE(signs); i++)
        candidate->points += signs[i].holds(p) ? signs[i].points : 0;
    return candidate->points >= LEAST_POINTS && (has_identifier(p) || is_same_virtual_disk(p) ||
                                                 is_at_recorded_path(p) || has_recorded_name(p));
}

static int add_reasons(const struct pair *p, struct plan_candidate *candidate)
{
    for (size_t i = 0; i < ARRAY_SIZE(signs); i++) {
        if (!signs[i].holds(p))
            continue;
        const char **slot = vector_push(&candidate->reasons);
        if (!slot)
            return -ENOMEM;
        *slot = *signs[i].reason;
    }
    judge_mismatch(p, candidate);
    return 0;
}

/* Keeps the best few, in order of points, then of path. */
static int insert(struct plan *plan, const struct plan_candidate *candidate)
{
    size_t at = plan->candidates.count;

    while (at > 0 && plan->candidates.items[at - 1].points < candidate->points)
        at--;
    if (at >= CANDIDATES_MAX)
        return 0;
    if (plan->candidates.count < CANDIDATES_MAX && !vector_push(&plan->candidates))
        return -ENOMEM;
    for (size_t i = plan->candidates.count - 1; i > at; i--)
        plan->candidates.items[i] = plan->candidates.items[i - 1];
    plan->candidates.items[at] = *candidate;
    return 0;
}

static struct pair make_pair(const struct planner *planner, size_t child, size_t other)
{
    const struct host_disk *a = planner_disk(planner, child), *b = planner_disk(planner, other);

    return (struct pair){planner, child, other, a, b, a->facts, b->facts};
}

static int collect(const struct planner *planner, struct plan *plan, size_t child)
{
    for (size_t i = 0; i < planner->host->disks.count; i++) {
        struct pair pair = make_pair(planner, child, i);
        struct plan_candidate candidate;
        if (!pair.other_facts || stands_on(planner, i, child) ||
            !weigh_candidate(&pair, &candidate))
            continue;
        if (insert(plan, &candidate) < 0)
            return -ENOMEM;
    }
    for (size_t i = 0; i < plan->candidates.count; i++) {
        struct plan_candidate *candidate = &plan->candidates.items[i];
        struct pair pair = make_pair(planner, child, candidate->disk);
        if (add_reasons(&pair, candidate) < 0)
            return -ENOMEM;
    }
    return 0;
}

#define LINES_MAX 12

/* Why the linkage does not match, as the files and the host's logs show it. */
static int explain(const struct planner *planner, size_t child, size_t parent, string_list *lines)
{
    int r = string_list_add(lines, strdup(mismatch_reason(planner->host, child, parent)));

    for (size_t i = 0; i < planner->host->events.count && r == 0 && lines->count < LINES_MAX; i++)
        if (event_is_opening(planner->host, i, parent))
            r = string_list_add(lines, opening_line(planner->host, i));
    return r;
}

int plan_seek_parent(const struct planner *planner, struct plan *plan)
{
    size_t child = plan_last_layer(plan);
    const struct disk_verdict *verdict = &planner->verdict->disks[child];

    if (verdict->in_cycle || !planner_disk(planner, child)->facts ||
        (verdict->parent_state != PARENT_MISSING && verdict->parent_state != PARENT_MISMATCHED))
        return 0;
    int r = collect(planner, plan, child);
    if (r == 0 && verdict->parent_state == PARENT_MISMATCHED)
        r = explain(planner, child, verdict->parent, &plan->link_evidence);
    return r;
}

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Who uses which disk: directly, as an ancestor, or only by a path whose linkage is broken. */
#include "chain/judge.h"

#include <stdlib.h>

/* Marks everything below a disk whose linkage matches, until a mark is met (cycles end there). */
static void mark_ancestors(struct judge *judge, size_t disk, bool tracking, size_t machine)
{
    struct disk_verdict *disks = judge->verdict->disks;

    while (disks[disk].parent_state == PARENT_MATCHED) {
        disk = disks[disk].parent;
        bool *mark = tracking ? &judge->uses[disk].is_ancestor
                              : &judge->uses[disk].is_unregistered_ancestor;
        if (*mark)
            return;
        *mark = true;
        if (disks[disk].machine == HOST_NONE)
            disks[disk].machine = machine;
    }
}

static void use_disk(struct judge *judge, const struct host_drive *drive, size_t machine,
                     bool tracking, bool checkpoint)
{
    if (drive->disk == HOST_NONE)
        return;
    struct disk_use *use = &judge->uses[drive->disk];
    if (!tracking)
        use->by_unregistered = true;
    else if (checkpoint)
        use->by_checkpoint = true;
    else
        use->by_vm = true;
    if (host_path_is_shared(drive->recorded_path))
        use->is_shared = true;
    if (judge->verdict->disks[drive->disk].machine == HOST_NONE)
        judge->verdict->disks[drive->disk].machine = machine;
}

/* Calls use_disk() for each reference of the machines that track (or of those that don't). */
static void use_drives(struct judge *judge, bool tracking)
{
    for (size_t m = 0; m < judge->host->machines.count; m++) {
        const struct host_machine *machine = &judge->host->machines.items[m];
        if (machine_is_tracking(machine) != tracking)
            continue;
        for (size_t d = 0; d < machine->drives.count; d++)
            use_disk(judge, &machine->drives.items[d], m, tracking, false);
        for (size_t c = 0; c < machine->checkpoints.count; c++) {
            const struct host_checkpoint *checkpoint = &machine->checkpoints.items[c];
            for (size_t d = 0; d < checkpoint->drives.count; d++)
                use_disk(judge, &checkpoint->drives.items[d], m, tracking, true);
        }
    }
}

static bool is_referenced(const struct disk_use *use)
{
    return use->by_vm || use->by_checkpoint;
}

static bool is_tracked(const struct disk_use *use)
{
    return is_referenced(use) || use->is_ancestor;
}

/* From a tracked disk whose parent's linkage is broken: what it points at, and all below that. */
static void mark_broken(struct judge *judge)
{
    struct disk_verdict *disks = judge->verdict->disks;

    for (size_t i = 0; i < judge->verdict->disk_count; i++) {
        if (!is_tracked(&judge->uses[i]) || disks[i].parent_state != PARENT_MISMATCHED)
            continue;
        size_t disk = disks[i].parent;
        while (disk != HOST_NONE && !judge->uses[disk].is_broken_ancestor) {
            judge->uses[disk].is_broken_ancestor = true;
            if (disks[disk].machine == HOST_NONE)
                disks[disk].machine = disks[i].machine;
            disk = disks[disk].parent_state == PARENT_MATCHED ? disks[disk].parent : HOST_NONE;
        }
    }
}

/* A disk whose parent was recorded on shared storage lies there, too, and so does the parent. */
static void spread_shared_paths(struct judge *judge)
{
    for (size_t i = 0; i < judge->verdict->disk_count; i++) {
        const struct disk_verdict *verdict = &judge->verdict->disks[i];
        const struct disk_facts *facts = judge_disk(judge, i)->facts;
        const char *path = facts && facts->parent ? facts->parent->absolute_path : NULL;
        if (!path || !host_path_is_shared(path))
            continue;
        judge->uses[i].is_shared = true;
        if (verdict->parent_state == PARENT_MATCHED)
            judge->uses[verdict->parent].is_shared = true;
    }
}

static bool is_in_chain(const struct disk_use *use)
{
    return is_tracked(use) || use->is_broken_ancestor;
}

static bool has_child_in_use(const struct judge *judge, size_t disk)
{
    const struct disk_verdict *verdict = &judge->verdict->disks[disk];

    for (size_t i = 0; i < verdict->children.count; i++) {
        const struct disk_use *child = &judge->uses[verdict->children.items[i]];
        if (is_in_chain(child) || child->by_unregistered || child->is_unregistered_ancestor)
            return true;
    }
    return judge->uses[disk].is_broken_ancestor;
}

static bool is_free(const struct disk_use *use)
{
    return !is_in_chain(use) && !use->by_unregistered && !use->is_unregistered_ancestor;
}

static size_t lowest_free_layer(const struct judge *judge, size_t disk)
{
    const struct disk_verdict *disks = judge->verdict->disks;

    while (!disks[disk].in_cycle && disks[disk].parent_state == PARENT_MATCHED &&
           is_free(&judge->uses[disks[disk].parent]))
        disk = disks[disk].parent;
    return disk;
}

static enum relation relation_of_lowest(const struct judge *judge, size_t disk)
{
    const struct disk_verdict *verdict = &judge->verdict->disks[disk];

    if (verdict->in_cycle || verdict->parent_state == PARENT_MISSING)
        return RELATION_NO_PARENT;
    if (verdict->parent_state == PARENT_MISMATCHED)
        return RELATION_MISMATCH;
    if (verdict->parent_state == PARENT_NONE) {
        if (judge_disk(judge, disk)->siblings & SIBLING_VHDS)
            return RELATION_VHDSET;
        return verdict->children.count > 0 ? RELATION_ABANDONED : RELATION_ALONE;
    }
    const struct disk_use *parent = &judge->uses[verdict->parent];
    if (!is_in_chain(parent))
        return RELATION_UNREGISTERED;
    return has_child_in_use(judge, verdict->parent) ? RELATION_SIDE_BRANCH : RELATION_ON_LEAF;
}

static void relate(struct judge *judge)
{
    for (size_t i = 0; i < judge->verdict->disk_count; i++) {
        struct disk_use *use = &judge->uses[i];
        struct disk_verdict *verdict = &judge->verdict->disks[i];
        use->lowest = i;
        if (!is_free(use))
            continue;
        use->lowest = lowest_free_layer(judge, i);
        use->relation = relation_of_lowest(judge, use->lowest);
        size_t parent = judge->verdict->disks[use->lowest].parent;
        bool grows = use->relation == RELATION_ON_LEAF || use->relation == RELATION_SIDE_BRANCH ||
                     use->relation == RELATION_UNREGISTERED;
        if (grows)
            verdict->machine = judge->verdict->disks[parent].machine;
    }
}

int judge_uses(struct judge *judge)
{
    use_drives(judge, true);
    use_drives(judge, false);
    for (size_t i = 0; i < judge->verdict->disk_count; i++)
        if (is_referenced(&judge->uses[i]))
            mark_ancestors(judge, i, true, judge->verdict->disks[i].machine);
    for (size_t i = 0; i < judge->verdict->disk_count; i++)
        if (judge->uses[i].by_unregistered)
            mark_ancestors(judge, i, false, judge->verdict->disks[i].machine);
    mark_broken(judge);
    spread_shared_paths(judge);
    relate(judge);
    for (size_t i = 0; i < judge->verdict->disk_count; i++) {
        judge->verdict->disks[i].referenced = is_referenced(&judge->uses[i]);
        judge->verdict->disks[i].tracked = is_tracked(&judge->uses[i]);
    }
    return 0;
}

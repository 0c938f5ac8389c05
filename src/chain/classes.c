/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * The decision table: each class is a condition, tried in the order of the two tables at the end;
 * the first that holds decides. docs/verdicts.md says the same in words.
 */
#include "chain/judge.h"

#include "base/checked.h"
#include "base/winpath.h"

#include <stdlib.h>
#include <string.h>

typedef bool condition(const struct judge *, size_t disk);

bool judge_is_differencing(const struct judge *judge, size_t disk)
{
    const struct disk_facts *facts = judge_disk(judge, disk)->facts;

    return facts && facts->kind == DISK_DIFFERENCING;
}

static bool is_corrupt(const struct judge *judge, size_t disk)
{
    const struct host_disk *file = judge_disk(judge, disk);

    /* A region behind the end of the file: cut off, whatever else can still be read. */
    return file->status < 0 || !file->facts || file->facts->log == DISK_LOG_UNREPLAYABLE ||
           notes_has(&file->notes, "VHDX-R6");
}

/* A name is a hint, a reference is a fact: what a VM uses is never foreign. */
static bool is_foreign(const struct judge *judge, size_t disk, enum host_context context)
{
    return judge_disk(judge, disk)->context == context && !judge->verdict->disks[disk].tracked;
}

static bool is_foreign_container(const struct judge *judge, size_t disk)
{
    return is_foreign(judge, disk, CONTEXT_CONTAINER);
}

static bool is_foreign_profile(const struct judge *judge, size_t disk)
{
    return is_foreign(judge, disk, CONTEXT_PROFILE);
}

static bool is_any_use(const struct disk_use *use)
{
    return use->by_vm || use->by_checkpoint || use->by_unregistered;
}

static bool has_children(const struct judge *judge, size_t disk)
{
    return judge->verdict->disks[disk].children.count > 0 || judge->uses[disk].path_children > 0;
}

static bool is_autorecovery_in_use(const struct judge *judge, size_t disk)
{
    return judge_disk(judge, disk)->is_autorecovery &&
           (has_children(judge, disk) || is_any_use(&judge->uses[disk]));
}

static bool is_autorecovery_leftover(const struct judge *judge, size_t disk)
{
    return judge_disk(judge, disk)->is_autorecovery && !is_autorecovery_in_use(judge, disk);
}

/* A base whose child in use no longer matches is no base any more, whoever else names it. */
static bool is_broken_base(const struct judge *judge, size_t disk)
{
    return judge->uses[disk].is_broken_ancestor && !judge_is_differencing(judge, disk);
}

static bool same_recorded_path(const char *a, const char *b)
{
    struct winpath left, right;
    bool same = false;

    if (winpath_parse(&left, a) < 0)
        return false;
    if (winpath_parse(&right, b) == 0) {
        char *x = winpath_key(&left), *y = winpath_key(&right);
        same = x && y && strcmp(x, y) == 0;
        free(x);
        free(y);
        winpath_free(&right);
    }
    winpath_free(&left);
    return same;
}

/* The parent can't be found: the path that the leaf records decides whether a checkpoint owns it. */
static bool checkpoint_records(const struct host_machine *machine, const char *path)
{
    for (size_t c = 0; c < machine->checkpoints.count; c++) {
        const struct host_checkpoint *checkpoint = &machine->checkpoints.items[c];
        for (size_t d = 0; d < checkpoint->drives.count; d++)
            if (same_recorded_path(checkpoint->drives.items[d].recorded_path, path))
                return true;
    }
    return false;
}

static bool checkpoint_owns_parent(const struct judge *judge, size_t disk)
{
    const struct disk_verdict *verdict = &judge->verdict->disks[disk];
    const struct disk_parent *parent = judge_disk(judge, disk)->facts->parent;

    if (verdict->parent != HOST_NONE)
        return judge->uses[verdict->parent].by_checkpoint;
    return parent && parent->absolute_path && verdict->machine != HOST_NONE &&
           checkpoint_records(&judge->host->machines.items[verdict->machine],
                              parent->absolute_path);
}

static bool is_active_untracked(const struct judge *judge, size_t disk)
{
    return judge->uses[disk].by_vm && judge_disk(judge, disk)->is_avhd &&
           judge_is_differencing(judge, disk) && !checkpoint_owns_parent(judge, disk);
}

static bool is_active(const struct judge *judge, size_t disk)
{
    return judge->uses[disk].by_vm && !is_active_untracked(judge, disk) &&
           !is_broken_base(judge, disk);
}

static bool is_checkpoint_layer(const struct judge *judge, size_t disk)
{
    return judge->uses[disk].by_checkpoint && judge_is_differencing(judge, disk);
}

static bool is_pending_merge(const struct judge *judge, size_t disk)
{
    return judge->uses[disk].is_ancestor && judge_is_differencing(judge, disk) &&
           judge_disk(judge, disk)->is_avhd;
}

static bool is_base(const struct judge *judge, size_t disk)
{
    return judge->verdict->disks[disk].tracked && !is_broken_base(judge, disk);
}

static bool is_unregistered_vm_disk(const struct judge *judge, size_t disk)
{
    const struct disk_use *use = &judge->uses[disk];

    return !judge->verdict->disks[disk].tracked && !use->is_broken_ancestor &&
           (use->by_unregistered || use->is_unregistered_ancestor ||
            use->relation == RELATION_UNREGISTERED);
}

static bool is_broken_chain_parent(const struct judge *judge, size_t disk)
{
    return judge->uses[disk].is_broken_ancestor;
}

static bool is_vhdset_backing(const struct judge *judge, size_t disk)
{
    return judge->uses[disk].relation == RELATION_VHDSET;
}

static bool is_orphan_no_parent(const struct judge *judge, size_t disk)
{
    return judge->uses[disk].relation == RELATION_NO_PARENT;
}

static bool is_orphan_mismatch(const struct judge *judge, size_t disk)
{
    return judge->uses[disk].relation == RELATION_MISMATCH;
}

/* No block that changes what a guest would see: present, partially present or set to zero. */
static bool is_empty(const struct judge *judge, size_t disk)
{
    const struct disk_facts *facts = judge_disk(judge, disk)->facts;

    return facts->has_counts && facts->allocated_blocks == 0 && facts->blocks[BLOCK_ZERO] == 0 &&
           facts->blocks[BLOCK_UNMAPPED] == 0;
}

/* An empty layer adds nothing where it grows on a chain in use, or on another orphan. */
static bool is_orphan_empty(const struct judge *judge, size_t disk)
{
    const struct disk_use *use = &judge->uses[disk];

    if (!judge_is_differencing(judge, disk) || !is_empty(judge, disk))
        return false;
    if (use->relation == RELATION_ON_LEAF || use->relation == RELATION_SIDE_BRANCH)
        return true;
    return use->lowest != disk &&
           (use->relation == RELATION_NO_PARENT || use->relation == RELATION_MISMATCH);
}

static bool is_orphan_side_branch(const struct judge *judge, size_t disk)
{
    return judge->uses[disk].relation == RELATION_SIDE_BRANCH;
}

static bool is_orphan_with_data(const struct judge *judge, size_t disk)
{
    return judge->uses[disk].relation == RELATION_ON_LEAF;
}

static bool is_abandoned(const struct judge *judge, size_t disk)
{
    return judge->uses[disk].relation == RELATION_ABANDONED;
}

static bool is_anything(const struct judge *judge, size_t disk)
{
    return true;
}

static const struct {
    enum disk_class class;
    condition *holds;
} decisions[] = {
    /* Integrity and foreign files: nothing else is asked of these. */
    {CLASS_CORRUPT, is_corrupt},
    {CLASS_FOREIGN_CONTAINER, is_foreign_container},
    {CLASS_FOREIGN_PROFILE, is_foreign_profile},
    /* Base classes. */
    {CLASS_AUTORECOVERY_IN_USE, is_autorecovery_in_use},
    {CLASS_ACTIVE, is_active},
    {CLASS_ACTIVE_UNTRACKED, is_active_untracked},
    {CLASS_CHECKPOINT_LAYER, is_checkpoint_layer},
    {CLASS_PENDING_MERGE, is_pending_merge},
    {CLASS_BASE, is_base},
    {CLASS_AUTORECOVERY_LEFTOVER, is_autorecovery_leftover},
    {CLASS_UNREGISTERED_VM_DISK, is_unregistered_vm_disk},
    {CLASS_BROKEN_CHAIN_PARENT, is_broken_chain_parent},
    {CLASS_VHDSET_BACKING, is_vhdset_backing},
    /* An empty layer on top of an orphan is said to be empty, whatever is wrong below. */
    {CLASS_ORPHAN_EMPTY, is_orphan_empty},
    {CLASS_ORPHAN_NO_PARENT, is_orphan_no_parent},
    {CLASS_ORPHAN_MISMATCH, is_orphan_mismatch},
    {CLASS_ORPHAN_SIDE_BRANCH, is_orphan_side_branch},
    {CLASS_ORPHAN_WITH_DATA, is_orphan_with_data},
    {CLASS_ABANDONED_CHAIN, is_abandoned},
    {CLASS_UNATTACHED_DISK, is_anything},
};

void judge_classes(struct judge *judge)
{
    for (size_t disk = 0; disk < judge->verdict->disk_count; disk++) {
        size_t i = 0;
        while (!decisions[i].holds(judge, disk))
            i++;
        judge->verdict->disks[disk].class = decisions[i].class;
    }
}

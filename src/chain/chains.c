/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Chains, leaf to base: one per disk in use, per checkpoint disk and per unreferenced leaf. */
#include "chain/judge.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int add_layers(struct chain *chain, const struct judge *judge)
{
    const struct disk_verdict *disks = judge->verdict->disks;
    bool cycle_seen = false;

    for (size_t disk = chain->leaf;;) {
        size_t *layer = vector_push(&chain->layers);
        if (!layer)
            return -ENOMEM;
        *layer = disk;
        if (disks[disk].parent_state != PARENT_MATCHED) {
            chain->complete = disks[disk].parent_state == PARENT_NONE &&
                              judge_disk(judge, disk)->status == 0;
            return 0;
        }
        disk = disks[disk].parent;
        if (disks[disk].in_cycle) { /* each member once */
            for (size_t i = 0; i < chain->layers.count; i++)
                cycle_seen = cycle_seen || chain->layers.items[i] == disk;
            if (cycle_seen)
                return 0;
        }
    }
}

static bool is_avhd_layer(const struct judge *judge, size_t disk)
{
    return judge_is_differencing(judge, disk) && judge_disk(judge, disk)->is_avhd;
}

static bool has_layer(const struct chain *chain, size_t disk)
{
    for (size_t i = 0; i < chain->layers.count; i++)
        if (chain->layers.items[i] == disk)
            return true;
    return false;
}

static size_t checkpoints_touching(const struct host_machine *machine, const struct chain *chain)
{
    size_t touching = 0;

    for (size_t c = 0; c < machine->checkpoints.count; c++) {
        const struct host_checkpoint *checkpoint = &machine->checkpoints.items[c];
        bool touches = false;
        for (size_t d = 0; d < checkpoint->drives.count; d++)
            touches = touches || has_layer(chain, checkpoint->drives.items[d].disk);
        touching += touches;
    }
    return touching;
}

/*
 * A machine's chain has one checkpoint disk per checkpoint that touches it; what is more belongs
 * to checkpoints that are gone. In other chains a layer is untracked when nothing names it.
 */
static size_t untracked_layers(const struct judge *judge, const struct chain *chain)
{
    size_t checkpoint_disks = 0, unnamed = 0;

    for (size_t i = 0; i < chain->layers.count; i++) {
        size_t disk = chain->layers.items[i];
        checkpoint_disks += is_avhd_layer(judge, disk);
        unnamed += judge_is_differencing(judge, disk) && !judge->verdict->disks[disk].tracked;
        if (chain->checkpoint != HOST_NONE)
            unnamed += is_avhd_layer(judge, disk) && judge->uses[disk].is_ancestor &&
                       !judge->uses[disk].by_checkpoint && !judge->uses[disk].by_vm;
    }
    if (chain->machine == HOST_NONE || chain->checkpoint != HOST_NONE ||
        !judge->uses[chain->leaf].by_vm)
        return unnamed;
    size_t owned =
        checkpoints_touching(&judge->host->machines.items[chain->machine], chain);
    return checkpoint_disks > owned ? checkpoint_disks - owned : 0;
}

static int add_chain(struct judge *judge, size_t leaf, size_t machine, size_t checkpoint)
{
    struct chain *chain = vector_push(&judge->verdict->chains);

    if (!chain)
        return -ENOMEM;
    chain->leaf = leaf;
    chain->machine = machine;
    chain->checkpoint = checkpoint;
    if (add_layers(chain, judge) < 0)
        return -ENOMEM;
    chain->untracked_layers = untracked_layers(judge, chain);
    return 0;
}

static int add_drive_chains(struct judge *judge, const drive_list *drives, size_t machine,
                            size_t checkpoint)
{
    for (size_t i = 0; i < drives->count; i++)
        if (drives->items[i].disk != HOST_NONE &&
            add_chain(judge, drives->items[i].disk, machine, checkpoint) < 0)
            return -ENOMEM;
    return 0;
}

/* A cycle that nothing references has no leaf: its first member stands for it. */
static bool stands_for_cycle(const struct judge *judge, size_t disk)
{
    const struct disk_verdict *disks = judge->verdict->disks;

    if (!disks[disk].in_cycle || disks[disk].tracked)
        return false;
    for (size_t other = disks[disk].parent; other != disk; other = disks[other].parent)
        if (other < disk)
            return false;
    return true;
}

static bool is_unreferenced_leaf(const struct judge *judge, size_t disk)
{
    const struct disk_use *use = &judge->uses[disk];

    if (use->by_vm || use->by_checkpoint || use->by_unregistered)
        return false;
    return judge->verdict->disks[disk].children.count == 0 || stands_for_cycle(judge, disk);
}

static int compare_chains(const void *a, const void *b)
{
    const struct chain *x = a, *y = b;

    if (x->leaf != y->leaf)
        return x->leaf < y->leaf ? -1 : 1;
    if (x->machine != y->machine)
        return x->machine < y->machine ? -1 : 1;
    size_t i = x->checkpoint + 1, j = y->checkpoint + 1; /* the machine's own before checkpoints' */
    return (i > j) - (i < j);
}

int judge_chains(struct judge *judge)
{
    const struct host *host = judge->host;
    int r = 0;

    for (size_t m = 0; m < host->machines.count && r == 0; m++) {
        const struct host_machine *machine = &host->machines.items[m];
        r = add_drive_chains(judge, &machine->drives, m, HOST_NONE);
        for (size_t c = 0; c < machine->checkpoints.count && r == 0; c++)
            r = add_drive_chains(judge, &machine->checkpoints.items[c].drives, m, c);
    }
    for (size_t i = 0; i < judge->verdict->disk_count && r == 0; i++)
        if (is_unreferenced_leaf(judge, i))
            r = add_chain(judge, i, judge->verdict->disks[i].machine, HOST_NONE);
    if (judge->verdict->chains.count > 0)
        qsort(judge->verdict->chains.items, judge->verdict->chains.count,
              sizeof(*judge->verdict->chains.items), compare_chains);
    return r;
}

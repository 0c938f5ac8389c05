/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * What became of layers that are no longer there. A merge leaves two traces: what stood above the
 * layer stands on what lay below it (or its VM uses that now), and the management service says that
 * a merge of that VM has finished. Both together settle it, one alone makes it likely.
 */
#include "compare/comparison.h"

#include "base/cleanup.h"
#include "base/strbuf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LAYERS_MAX 1024 /* of a report that may say anything */

/* Of a disk of the earlier report, by the same index. */
struct fate {
    size_t above, below; /* disks of today between which it was merged away; HOST_NONE: unproven */
};

struct gone {
    const struct comparison *c;
    struct fate *fates;
    filetime since; /* when the earlier report was finished; 0: not known */
};

static const struct earlier_disk *earlier_disk(const struct comparison *c, size_t index)
{
    return &c->earlier->disks.items[index];
}

/* The earlier disk that this one stood on, or HOST_NONE. */
static size_t earlier_parent(const struct comparison *c, size_t index)
{
    const char *parent = earlier_disk(c, index)->parent;
    const struct earlier_disk *found = parent ? earlier_find(c->earlier, parent) : NULL;

    return found ? (size_t)(found - c->earlier->disks.items) : HOST_NONE;
}

static bool is_gone(const struct comparison *c, size_t index)
{
    return comparison_find_disk(c, earlier_disk(c, index)->path) == HOST_NONE;
}

/*
 * From a disk of the earlier report down over those that are gone: the disk of today that the last
 * of them stood on, or HOST_NONE. Parents of a report may lead in a circle.
 */
static size_t disk_below(const struct comparison *c, size_t index)
{
    for (size_t steps = 0; steps < LAYERS_MAX; steps++) {
        const char *parent = earlier_disk(c, index)->parent;
        size_t now = parent ? comparison_find_disk(c, parent) : HOST_NONE;
        if (now != HOST_NONE)
            return now;
        index = earlier_parent(c, index);
        if (index == HOST_NONE)
            return HOST_NONE;
    }
    return HOST_NONE;
}

static void settle(struct gone *g, size_t index, size_t above, size_t below)
{
    for (; index != HOST_NONE && is_gone(g->c, index) && g->fates[index].below == HOST_NONE;
         index = earlier_parent(g->c, index))
        g->fates[index] = (struct fate){above, below};
}

/* Whether a machine names the disk as its current one. */
static bool is_current(const struct host *host, size_t disk)
{
    for (size_t m = 0; m < host->machines.count; m++)
        for (size_t d = 0; d < host->machines.items[m].drives.count; d++)
            if (host->machines.items[m].drives.items[d].disk == disk)
                return true;
    return false;
}

static bool had_child(const struct earlier *e, const char *path)
{
    for (size_t i = 0; i < e->disks.count; i++)
        if (e->disks.items[i].parent && strcmp(e->disks.items[i].parent, path) == 0)
            return true;
    return false;
}

/* What the chains of today prove. */
static void read_chains(struct gone *g)
{
    const struct comparison *c = g->c;

    for (size_t i = 0; i < c->earlier->disks.count; i++) {
        const struct earlier_disk *disk = earlier_disk(c, i);
        size_t now = comparison_find_disk(c, disk->path), below = disk_below(c, i);
        if (below == HOST_NONE)
            continue;
        if (now != HOST_NONE && c->verdict->disks[now].parent_state == PARENT_MATCHED &&
            c->verdict->disks[now].parent == below)
            settle(g, earlier_parent(c, i), now, below);
        if (now == HOST_NONE && disk->vm && !had_child(c->earlier, disk->path) &&
            is_current(c->host, below))
            settle(g, i, HOST_NONE, below);
    }
}

/* Hyper-V merges what belongs to a VM's own chain, never what it does not know. */
static bool merges_by_itself(const struct earlier_disk *disk)
{
    static const enum disk_class classes[] = {CLASS_ACTIVE, CLASS_ACTIVE_UNTRACKED,
                                              CLASS_CHECKPOINT_LAYER, CLASS_PENDING_MERGE};

    for (size_t i = 0; i < sizeof(classes) / sizeof(*classes); i++)
        if (strcmp(class_name(classes[i]), disk->class) == 0)
            return true;
    return false;
}

/* The first merge of that machine that finished since; HOST_NONE without one. */
static size_t finished_merge(const struct gone *g, size_t machine)
{
    const struct host *host = g->c->host;

    for (size_t i = 0; g->since > 0 && machine != HOST_NONE && i < host->events.count; i++) {
        const struct host_event *e = &host->events.items[i];
        if (e->machine == machine && !e->event.local_time && e->event.time > g->since &&
            strcmp(e->event.kind, "merge-finished") == 0)
            return i;
    }
    return HOST_NONE;
}

static int add_proof(const struct gone *g, struct change *change, const struct fate *fate)
{
    const struct host_disk *disks = g->c->host->disks.items;

    if (fate->below == HOST_NONE)
        return 0;
    return change_evidence(change, fate->above == HOST_NONE
                                       ? string_printf(TEXT_IN_USE, disks[fate->below].path)
                                       : string_printf(TEXT_STANDS_BELOW, disks[fate->above].path,
                                                       disks[fate->below].path));
}

static int tell(const struct gone *g, size_t index)
{
    const struct earlier_disk *disk = earlier_disk(g->c, index);
    const struct fate *fate = &g->fates[index];
    size_t below = disk_below(g->c, index), machine = comparison_find_machine(g->c, disk->vm);
    if (machine == HOST_NONE && below != HOST_NONE)
        machine = g->c->verdict->disks[below].machine;
    size_t event =
        below != HOST_NONE && merges_by_itself(disk) ? finished_merge(g, machine) : HOST_NONE;
    bool proven = fate->below != HOST_NONE, told = event != HOST_NONE;
    struct change *change = change_add(g->c,
                                       proven || told   ? CHANGE_MERGE_DONE
                                       : disk->is_layer ? CHANGE_LAYER_VANISHED
                                                        : CHANGE_VANISHED_DISK,
                                       disk->path, machine, disk->class, NULL);

    if (!change)
        return -ENOMEM;
    if (proven != told)
        change->confidence = CONFIDENCE_LIKELY;
    int r = add_proof(g, change, fate);
    return r == 0 && told ? change_evidence(change, event_line(g->c->host, event)) : r;
}

int compare_gone_disks(const struct comparison *c)
{
    size_t count = c->earlier->disks.count;
    CLEANUP_FREE struct fate *fates = malloc((count + 1) * sizeof(*fates));
    bool local = false;
    struct gone g = {.c = c, .fates = fates};
    int r = 0;

    if (!fates)
        return -ENOMEM;
    if (c->earlier->finished)
        g.since = when_parse(c->earlier->finished, NULL, &local);
    for (size_t i = 0; i < count; i++)
        fates[i] = (struct fate){HOST_NONE, HOST_NONE};
    read_chains(&g);
    for (size_t i = 0; r == 0 && i < count; i++)
        if (is_gone(c, i))
            r = tell(&g, i);
    return r;
}

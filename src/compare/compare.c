/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "compare/compare.h"

#include "base/strbuf.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name, *summary;
} kinds[] = {
    [CHANGE_NEW_DISK] = {"new-disk", "This disk is new."},
    [CHANGE_VANISHED_DISK] = {"vanished-disk", "This disk is no longer there."},
    [CHANGE_NEW_ORPHAN] = {"new-orphan", "This disk is an orphan now and was none before."},
    [CHANGE_ORPHAN_GONE] = {"orphan-gone", "This disk was an orphan and is none any more."},
    [CHANGE_CLASS_CHANGED] = {"class-changed", "This disk has another class than before."},
    [CHANGE_CHAIN_GROWN] = {"chain-grown", "The chain on this base has more layers than before."},
    [CHANGE_CHAIN_SHRUNK] = {"chain-shrunk",
                             "The chain on this base has fewer layers than before."},
    [CHANGE_MERGE_DONE] = {"merge-done", "This layer was merged into its parent."},
};

const char *change_kind_name(enum change_kind kind)
{
    return kinds[kind].name;
}

struct comparison {
    struct change_list *list;
    const struct earlier *earlier;
    const struct host *host;
    const struct verdict *verdict;
};

/* before and after may be NULL. */
static int add(const struct comparison *c, enum change_kind kind, const char *subject,
               size_t machine, const char *before, const char *after)
{
    struct change *change = vector_push(c->list);

    if (!change)
        return -ENOMEM;
    change->kind = kind;
    change->summary = kinds[kind].summary;
    change->machine = machine;
    change->subject = strdup(subject);
    change->before = before ? strdup(before) : NULL;
    change->after = after ? strdup(after) : NULL;
    bool failed = !change->subject || (before && !change->before) || (after && !change->after);
    return failed ? -ENOMEM : 0;
}

static bool is_orphan_name(const char *name)
{
    for (enum disk_class class = CLASS_CORRUPT; class < CLASS_COUNT; class++)
        if (class_is_orphan(class) && strcmp(class_name(class), name) == 0)
            return true;
    return false;
}

static int compare_disk(const struct comparison *c, size_t index)
{
    const char *path = c->host->disks.items[index].path;
    const struct disk_verdict *v = &c->verdict->disks[index];
    const struct earlier_disk *before = earlier_find(c->earlier, path);
    const char *class = class_name(v->class);
    bool is_orphan = class_is_orphan(v->class);

    if (!before)
        return add(c, is_orphan ? CHANGE_NEW_ORPHAN : CHANGE_NEW_DISK, path, v->machine, NULL,
                   class);
    if (strcmp(before->class, class) == 0)
        return 0;
    bool was_orphan = is_orphan_name(before->class);
    return add(c,
               is_orphan && !was_orphan   ? CHANGE_NEW_ORPHAN
               : was_orphan && !is_orphan ? CHANGE_ORPHAN_GONE
                                          : CHANGE_CLASS_CHANGED,
               path, v->machine, before->class, class);
}

static int compare_path(const void *key, const void *item)
{
    return strcmp(key, ((const struct host_disk *)item)->path);
}

static size_t find_now(const struct host *host, const char *path)
{
    const struct host_disk *found =
        host->disks.count == 0 ? NULL
                               : bsearch(path, host->disks.items, host->disks.count,
                                         sizeof(*host->disks.items), compare_path);

    return found ? (size_t)(found - host->disks.items) : HOST_NONE;
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

/*
 * A merged layer's child stands on the layer's parent now. A layer that was the current disk has no
 * child: its machine uses the parent now.
 */
static bool was_merged(const struct comparison *c, const struct earlier_disk *gone, size_t parent)
{
    bool had_child = false;

    for (size_t i = 0; i < c->earlier->disks.count; i++) {
        const struct earlier_disk *child = &c->earlier->disks.items[i];
        if (!child->parent || strcmp(child->parent, gone->path) != 0)
            continue;
        had_child = true;
        size_t now = find_now(c->host, child->path);
        if (now != HOST_NONE && c->verdict->disks[now].parent_state == PARENT_MATCHED &&
            c->verdict->disks[now].parent == parent)
            return true;
    }
    return !had_child && gone->vm && is_current(c->host, parent);
}

static int compare_gone(const struct comparison *c, const struct earlier_disk *before)
{
    if (find_now(c->host, before->path) != HOST_NONE)
        return 0;
    size_t parent = before->parent ? find_now(c->host, before->parent) : HOST_NONE;
    if (parent != HOST_NONE && was_merged(c, before, parent))
        return add(c, CHANGE_MERGE_DONE, before->path, c->verdict->disks[parent].machine,
                   before->class, NULL);
    return add(c, CHANGE_VANISHED_DISK, before->path, HOST_NONE, before->class, NULL);
}

/* The deepest chain of the machine on that base; 0 when there was none. */
static uint64_t depth_before(const struct earlier *e, const char *vm, const char *base)
{
    uint64_t depth = 0;

    for (size_t i = 0; i < e->chains.count; i++) {
        const struct earlier_chain *chain = &e->chains.items[i];
        if (chain->depth > depth && strcmp(chain->vm, vm) == 0 && strcmp(chain->base, base) == 0)
            depth = chain->depth;
    }
    return depth;
}

static bool is_current_chain(const struct host *host, const struct chain *chain)
{
    return chain->machine != HOST_NONE && chain->checkpoint == HOST_NONE && chain->complete &&
           chain->layers.count > 0 && host->machines.items[chain->machine].has_id;
}

static size_t base_of(const struct chain *chain)
{
    return chain->layers.items[chain->layers.count - 1];
}

/* Of several chains of one machine on one base the deepest counts, the first of those. */
static bool is_deepest(const struct comparison *c, size_t index)
{
    const struct chain *chain = &c->verdict->chains.items[index];

    for (size_t i = 0; i < c->verdict->chains.count; i++) {
        const struct chain *other = &c->verdict->chains.items[i];
        if (i != index && is_current_chain(c->host, other) && other->machine == chain->machine &&
            base_of(other) == base_of(chain) &&
            (other->layers.count > chain->layers.count ||
             (other->layers.count == chain->layers.count && i < index)))
            return false;
    }
    return true;
}

static int compare_chain(const struct comparison *c, size_t index)
{
    const struct chain *chain = &c->verdict->chains.items[index];
    char vm[GUID_TEXT_SIZE], before[24], after[24];

    if (!is_current_chain(c->host, chain) || !is_deepest(c, index))
        return 0;
    const char *base = c->host->disks.items[base_of(chain)].path;
    guid_format(&c->host->machines.items[chain->machine].id, vm);
    uint64_t then = depth_before(c->earlier, vm, base), now = chain->layers.count;
    if (then == 0 || then == now)
        return 0;
    snprintf(before, sizeof(before), "%" PRIu64, then);
    snprintf(after, sizeof(after), "%" PRIu64, now);
    return add(c, now > then ? CHANGE_CHAIN_GROWN : CHANGE_CHAIN_SHRUNK, base, chain->machine,
               before, after);
}

static int compare_changes(const void *a, const void *b)
{
    const struct change *x = a, *y = b;
    int order = strcmp(x->subject, y->subject);

    if (order != 0)
        return order;
    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    return (x->machine > y->machine) - (x->machine < y->machine);
}

int compare_reports(struct change_list *list, const struct earlier *earlier,
                    const struct host *host, const struct verdict *verdict)
{
    struct comparison c = {list, earlier, host, verdict};
    int r = 0;

    *list = (struct change_list){0};
    for (size_t i = 0; r == 0 && i < host->disks.count; i++)
        r = compare_disk(&c, i);
    for (size_t i = 0; r == 0 && i < earlier->disks.count; i++)
        r = compare_gone(&c, &earlier->disks.items[i]);
    for (size_t i = 0; r == 0 && i < verdict->chains.count; i++)
        r = compare_chain(&c, i);
    if (r == 0 && list->count > 0)
        qsort(list->items, list->count, sizeof(*list->items), compare_changes);
    return r;
}

void change_list_free(struct change_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->items[i].subject);
        free(list->items[i].before);
        free(list->items[i].after);
    }
    vector_free(list);
}

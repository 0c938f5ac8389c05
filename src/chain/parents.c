/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * Each differencing disk's parent: relative_path, volume_path, absolute_win32_path in this order
 * (MS-VHDX 2.6.2.6.3), each accepted only when the linkage matches; then by identifier among all
 * disks that were found.
 */
#include "chain/judge.h"

#include "base/checked.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool is_parent_of(const struct judge *judge, size_t parent, size_t child)
{
    const struct disk_facts *above = judge_disk(judge, child)->facts;
    const struct disk_facts *below = judge_disk(judge, parent)->facts;

    return below && judge_disk(judge, parent)->status == 0 && disk_linkage_matches(above, below);
}

struct search {
    const struct judge *judge;
    size_t child;
    struct disk_verdict *verdict;
    enum parent_key wrong_key; /* the first path that led to one file, but not to the parent */
    size_t wrong;
};

/* Of the files that one path may mean, the only one whose linkage matches. */
static bool try_candidates(struct search *search, enum parent_key key, const size_t *disks,
                           size_t count)
{
    size_t matched = HOST_NONE, matches = 0;

    for (size_t i = 0; i < count; i++)
        if (is_parent_of(search->judge, disks[i], search->child)) {
            matched = disks[i];
            matches++;
        }
    if (matches == 1) {
        search->verdict->parent_state = PARENT_MATCHED;
        search->verdict->parent_key = key;
        search->verdict->parent = matched;
        return true;
    }
    /* A file of its parent's name is found at its own path: no answer. */
    if (count == 1 && disks[0] != search->child && search->wrong == HOST_NONE) {
        search->wrong = disks[0];
        search->wrong_key = key;
    }
    return false;
}

static int try_path(struct search *search, enum parent_key key, const char *recorded)
{
    const struct host *host = search->judge->host;
    size_t node = host->evidence.items[judge_disk(search->judge, search->child)->evidence].node;
    struct host_found found;

    if (!recorded)
        return 0;
    if (host_find_path(host, recorded, node, &found) < 0)
        return -ENOMEM;
    bool ok = try_candidates(search, key, found.disks, found.count);
    if (ok) {
        search->verdict->parent_match = found.match;
        search->verdict->parent_tail = found.tail;
    }
    free(found.disks);
    return ok;
}

static bool try_relative(struct search *search, const char *recorded)
{
    size_t disk = recorded ? host_find_relative(search->judge->host, search->child, recorded)
                           : HOST_NONE;

    return disk != HOST_NONE && try_candidates(search, PARENT_BY_RELATIVE_PATH, &disk, 1);
}

/* Copies share an identifier: among several, only one in the child's own folder is an answer. */
static bool try_identifier(struct search *search, const struct guid *id)
{
    const struct judge *judge = search->judge;
    const struct host_disk *child = judge_disk(judge, search->child);
    size_t count, near = HOST_NONE, near_count = 0, usable = 0, any = HOST_NONE;

    if (guid_is_zero(id))
        return false;
    const size_t *disks = host_find_identifier(judge->host, id, &count);
    for (size_t i = 0; i < count; i++) {
        if (disks[i] == search->child || !is_parent_of(judge, disks[i], search->child))
            continue;
        usable++;
        any = disks[i];
        if (strcmp(judge_disk(judge, disks[i])->folder_key, child->folder_key) == 0) {
            near = disks[i];
            near_count++;
        }
    }
    size_t parent = usable == 1 ? any : near_count == 1 ? near : HOST_NONE;
    if (parent == HOST_NONE) {
        search->verdict->parent_copies = usable;
        return false;
    }
    search->verdict->parent_state = PARENT_MATCHED;
    search->verdict->parent_key = PARENT_BY_IDENTIFIER;
    search->verdict->parent = parent;
    return true;
}

static int find_parent(struct search *search)
{
    const struct disk_parent *parent = judge_disk(search->judge, search->child)->facts->parent;
    int r;

    if (parent && try_relative(search, parent->relative_path))
        return 0;
    if (parent && (r = try_path(search, PARENT_BY_VOLUME_PATH, parent->volume_path)) != 0)
        return r < 0 ? r : 0;
    if (parent && (r = try_path(search, PARENT_BY_ABSOLUTE_PATH, parent->absolute_path)) != 0)
        return r < 0 ? r : 0;
    if (parent && parent->has_linkage && try_identifier(search, &parent->linkage))
        return 0;
    if (parent && parent->has_linkage2 && try_identifier(search, &parent->linkage2))
        return 0;
    search->verdict->parent_state =
        search->wrong == HOST_NONE ? PARENT_MISSING : PARENT_MISMATCHED;
    search->verdict->parent = search->wrong;
    search->verdict->parent_key = search->wrong_key;
    return 0;
}

static int add_children(struct judge *judge)
{
    for (size_t i = 0; i < judge->verdict->disk_count; i++) {
        struct disk_verdict *verdict = &judge->verdict->disks[i];
        if (verdict->parent_state == PARENT_MATCHED) {
            size_t *child = vector_push(&judge->verdict->disks[verdict->parent].children);
            if (!child)
                return -ENOMEM;
            *child = i;
        } else if (verdict->parent_state == PARENT_MISMATCHED) {
            judge->uses[verdict->parent].path_children++;
        }
    }
    return 0;
}

static size_t matched_parent(const struct judge *judge, size_t disk)
{
    const struct disk_verdict *verdict = &judge->verdict->disks[disk];

    return verdict->parent_state == PARENT_MATCHED ? verdict->parent : HOST_NONE;
}

/* Every disk has one parent at most: a walk that meets its own trail has found a cycle. */
static int mark_cycles(struct judge *judge)
{
    size_t count = judge->verdict->disk_count;
    size_t *trail = calloc(count + 1, sizeof(*trail)); /* number of the walk that came by; 0 none */

    if (!trail)
        return -ENOMEM;
    for (size_t start = 0; start < count; start++) {
        size_t disk = start;
        while (disk != HOST_NONE && trail[disk] == 0) {
            trail[disk] = start + 1;
            disk = matched_parent(judge, disk);
        }
        if (disk == HOST_NONE || trail[disk] != start + 1)
            continue;
        for (; !judge->verdict->disks[disk].in_cycle; disk = matched_parent(judge, disk))
            judge->verdict->disks[disk].in_cycle = true;
    }
    free(trail);
    return 0;
}

int judge_parents(struct judge *judge)
{
    for (size_t i = 0; i < judge->verdict->disk_count; i++) {
        struct disk_verdict *verdict = &judge->verdict->disks[i];
        struct search search = {judge, i, verdict, PARENT_BY_NOTHING, HOST_NONE};
        verdict->parent = verdict->machine = HOST_NONE;
        if (!judge_is_differencing(judge, i))
            continue;
        int r = find_parent(&search);
        if (r < 0)
            return r;
    }
    int r = add_children(judge);
    return r < 0 ? r : mark_cycles(judge);
}

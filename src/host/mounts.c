/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * Drive letters and volume GUIDs: the values of MountedDevices in a host's SYSTEM hive, matched
 * with the partitions of the images that were given. A value names an MBR partition by the disk's
 * signature and the partition's offset, one of a GPT by "DMIO:ID:" and its GUID.
 */
#include "host/places.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void map_free(struct host_map *map)
{
    winpath_free(&map->from);
    free(map->to);
}

static bool is_device(const struct host_evidence *evidence, const struct hive_mount *mount)
{
    return evidence->device.size > 0 && evidence->device.size == mount->size &&
           memcmp(evidence->device.bytes, mount->bytes, mount->size) == 0;
}

/* The one volume of that name. Two copies of one disk carry the same: then neither is meant. */
static struct host_evidence *volume_named(struct host *host, const struct hive_mount *mount)
{
    struct host_evidence *found = NULL;

    for (size_t i = 0; i < host->evidence.count; i++) {
        if (!is_device(&host->evidence.items[i], mount))
            continue;
        if (found)
            return NULL;
        found = &host->evidence.items[i];
    }
    return found;
}

/* "\DosDevices\D:" and "\??\Volume{…}" as paths of a root. */
static int root_of(const char *name, struct winpath *root)
{
    static const char letters[] = "\\DosDevices\\", volumes[] = "\\??\\Volume{";

    *root = (struct winpath){0};
    if (strncasecmp(name, letters, sizeof(letters) - 1) == 0)
        return winpath_parse(root, name + sizeof(letters) - 1);
    if (strncasecmp(name, volumes, sizeof(volumes) - 1) == 0)
        return winpath_parse(root, name);
    return -EINVAL;
}

static bool same_root(const struct host_map *a, const struct host_map *b)
{
    if (a->from.root != b->from.root)
        return false;
    return a->from.root == WINPATH_VOLUME ? guid_equal(&a->from.volume, &b->from.volume)
                                          : a->from.drive == b->from.drive && a->node == b->node;
}

/* Adds what one value says. Where two hives of a host disagree, nothing is known: `to` is NULL. */
static int add_mount(struct host *host, const struct host_map *said)
{
    for (size_t i = 0; i < host->mounts.count; i++) {
        struct host_map *known = &host->mounts.items[i];
        if (!same_root(known, said))
            continue;
        if (known->to && (!said->to || strcmp(known->to, said->to) != 0))
            free(STEAL(known->to));
        return 0;
    }
    struct host_map *map = vector_push(&host->mounts);
    if (!map)
        return -ENOMEM;
    *map = *said;
    map->to = said->to ? strdup(said->to) : NULL;
    return !said->to || map->to ? 0 : -ENOMEM;
}

static int take_mount(struct host *host, size_t hive, const struct hive_mount *mount)
{
    struct host_evidence *volume = volume_named(host, mount);
    struct host_map said = {.hive = hive,
                            .node = host->evidence.items[host->hives.items[hive].evidence].node};
    int r = root_of(mount->name, &said.from);

    if (r < 0)
        return r == -EINVAL ? 0 : r;
    bool is_root = (said.from.root == WINPATH_DRIVE || said.from.root == WINPATH_VOLUME) &&
                   said.from.part_count == 0;
    said.to = volume ? volume->root : NULL;
    r = is_root ? add_mount(host, &said) : 0;
    winpath_free(&said.from);
    return r;
}

/* Only what leads somewhere is kept. */
static void drop_unknown(struct host *host)
{
    size_t kept = 0;

    for (size_t i = 0; i < host->mounts.count; i++)
        if (host->mounts.items[i].to)
            host->mounts.items[kept++] = host->mounts.items[i];
    host->mounts.count = kept;
}

int mounts_join(struct host *host)
{
    int r = 0;

    for (size_t i = 0; i < host->hives.count; i++)
        for (size_t m = 0; m < host->hives.items[i].facts.mounts.count && r == 0; m++)
            r = take_mount(host, i, &host->hives.items[i].facts.mounts.items[m]);
    drop_unknown(host);
    return r;
}

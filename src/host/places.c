/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "host/places.h"

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Windows itself goes through no more reparse points than this on the way to one file. */
#define LINKS_MAX 63

/* A letter means something on its own host only, unless the user says it. */
static bool map_applies(const struct host_map *map, const struct winpath *path, size_t node)
{
    bool reaches = path->root != WINPATH_DRIVE || map->node == HOST_NONE || map->node == node;

    return reaches && winpath_is_below(path, &map->from);
}

/* The longest map that applies; of equal ones the last. */
static const struct host_map *longest_map(const host_map_list *maps, const struct winpath *path,
                                          size_t node)
{
    const struct host_map *best = NULL;

    for (size_t i = 0; i < maps->count; i++)
        if (map_applies(&maps->items[i], path, node) &&
            (!best || maps->items[i].from.part_count >= best->from.part_count))
            best = &maps->items[i];
    return best;
}

/* `start` and the parts from `first` on. */
static char *join(const char *start, char *const *parts, size_t first, size_t count)
{
    struct strbuf text = {0};

    strbuf_append(&text, strcmp(start, "/") == 0 ? "" : start);
    for (size_t i = first; i < count; i++)
        strbuf_printf(&text, "/%s", parts[i]);
    return strbuf_steal(&text);
}

static int compare_key(const void *key, const void *link)
{
    return strcmp(key, ((const struct host_link *)link)->key);
}

/* The link of exactly that folded path. */
static const struct host_link *link_at(const struct host *host, const char *key)
{
    return host->links.count == 0 ? NULL
                                  : bsearch(key, host->links.items, host->links.count,
                                            sizeof(*host->links.items), compare_key);
}

/* C:\ClusterStorage\VolumeN is a mount point on the system volume of each node, which no recorded
 * path tells apart: it counts when only one volume of the node has it. */
static int cluster_path(const struct host *host, const struct winpath *path, size_t node,
                        char **text)
{
    const char *root = NULL;

    *text = NULL;
    for (size_t i = 0; i < host->evidence.count && path->part_count > 0; i++) {
        const struct host_evidence *evidence = &host->evidence.items[i];
        const char *start = evidence->root ? evidence->root : evidence->path;
        CLEANUP_FREE char *place = string_printf("%s/ClusterStorage/%s", start, path->parts[0]);
        CLEANUP_FREE char *key = place ? text_fold(place) : NULL;
        if (!key)
            return -ENOMEM;
        if (evidence->node != node || !link_at(host, key))
            continue;
        if (root)
            return 0;
        root = start;
    }
    if (!root)
        return 0;
    CLEANUP_FREE char *folder = string_printf("%s/ClusterStorage", root);
    *text = folder ? join(folder, path->parts, 0, path->part_count) : NULL;
    return *text ? 0 : -ENOMEM;
}

/* The path as printed, links not yet followed; *text is NULL where nothing is known. */
static int start_of(const struct host *host, const struct winpath *path, size_t node, char **text,
                    enum host_match *match)
{
    const struct host_map *map = longest_map(&host->maps, path, node);

    if (map)
        *match = MATCH_MAPPED;
    else
        map = longest_map(&host->mounts, path, node);
    if (!map && path->root == WINPATH_CLUSTER)
        return cluster_path(host, path, node, text);
    *text = map ? join(map->to, path->parts, map->from.part_count, path->part_count) : NULL;
    return !map || *text ? 0 : -ENOMEM;
}

/* The outermost link on the way of a folded path, which may lead through several. */
static const struct host_link *link_on(const struct host *host, char *key)
{
    const struct host_link *link = NULL;

    for (char *end = strchr(key, '/'); end && !link; end = strchr(end + 1, '/')) {
        *end = '\0';
        link = link_at(host, key);
        *end = '/';
    }
    return link ? link : link_at(host, key);
}

/* What follows behind as many elements of `text` as the link's path has. */
static const char *behind(const char *text, const struct host_link *link)
{
    for (const char *slash = strchr(link->key, '/'); slash; slash = strchr(slash + 1, '/'))
        text = strchr(text, '/') ? strchr(text, '/') + 1 : "";
    return text + strcspn(text, "/");
}

/* A relative target counts from the folder of the link. */
static char *beside(const struct host_link *link, const struct winpath *target)
{
    size_t length = (size_t)(strrchr(link->path, '/') - link->path), i = 0;
    CLEANUP_FREE char *folder = strndup(link->path, length);

    for (; folder && i < target->part_count && strcmp(target->parts[i], "..") == 0; i++) {
        char *slash = strrchr(folder, '/');
        if (slash)
            *slash = '\0';
    }
    return folder ? join(folder, target->parts, i, target->part_count) : NULL;
}

/* From `*text`, which leads through the link, to where the link leads. A link in a folder of the
 * running system says so itself; one of a volume says it as Windows does. */
static int follow(const struct host *host, const struct host_link *link, size_t node, char **text,
                  enum host_match *match)
{
    CLEANUP_FREE char *through = STEAL(*text);
    const char *rest = behind(through, link);
    struct winpath target;

    if (link->leads_to) {
        *text = string_printf("%s%s", link->leads_to, rest);
        return *text ? 0 : -ENOMEM;
    }
    if (!link->target)
        return 0;
    CLEANUP_FREE char *whole = string_printf("%s%s", link->target, rest);
    int r = whole ? winpath_parse(&target, whole) : -ENOMEM;
    if (r < 0)
        return r == -EINVAL ? 0 : r;
    if (target.root == WINPATH_RELATIVE) {
        *text = beside(link, &target);
        r = *text ? 0 : -ENOMEM;
    } else {
        r = start_of(host, &target, node, text, match);
    }
    winpath_free(&target);
    return r;
}

int place_find(const struct host *host, const struct winpath *path, size_t node,
               struct place *place)
{
    CLEANUP_FREE char *text = NULL;

    *place = (struct place){.match = MATCH_VOLUME};
    int r = start_of(host, path, node, &text, &place->match);
    for (size_t i = 0; r == 0 && text && i <= LINKS_MAX; i++) {
        CLEANUP_FREE char *key = text_fold(text);
        const struct host_link *link = key ? link_on(host, key) : NULL;
        if (!key)
            return -ENOMEM;
        if (!link) {
            place->key = STEAL(key);
            return 0;
        }
        r = follow(host, link, host->evidence.items[link->evidence].node, &text, &place->match);
    }
    return r;
}

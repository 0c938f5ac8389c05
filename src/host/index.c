/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * Recorded Windows paths matched to files. Nothing is guessed: a place that is known (places.h)
 * decides alone; otherwise the files whose path shares the longest tail with the recorded one are the
 * candidates, and only a single one is an answer.
 */
#include "host/index.h"

#include "base/checked.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "host/places.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct by_identifier {
    struct guid id;
    size_t disk;
};

/* One name of a disk; a file with hard links has several. */
struct by_name {
    char *folder_key, *name_key;
    size_t disk;
};

struct host_index {
    VECTOR(struct by_name) names; /* by name_key, then disk, then folder */
    struct by_identifier *by_identifier;
    size_t *identified; /* the disks of by_identifier alone, in the same order */
    size_t identifier_count;
};

int index_keys(const char *printed_path, char **folder_key, char **name_key)
{
    char *folded = text_fold(printed_path);

    if (!folded)
        return -ENOMEM;
    char *slash = strrchr(folded, '/');
    *name_key = strdup(slash ? slash + 1 : folded);
    if (slash)
        *slash = '\0';
    *folder_key = strdup(slash ? folded : "");
    free(folded);
    return *name_key && *folder_key ? 0 : -ENOMEM;
}

static int compare_names(const void *a, const void *b)
{
    const struct by_name *x = a, *y = b;
    int c = strcmp(x->name_key, y->name_key);

    if (c == 0)
        c = (x->disk > y->disk) - (x->disk < y->disk);
    return c ? c : strcmp(x->folder_key, y->folder_key);
}

static int add_name(struct host_index *index, const char *path, size_t disk)
{
    struct by_name *name = vector_push(&index->names);

    if (!name)
        return -ENOMEM;
    name->disk = disk;
    return index_keys(path, &name->folder_key, &name->name_key);
}

static int add_names(struct host_index *index, const struct host *host)
{
    for (size_t i = 0; i < host->disks.count; i++) {
        const struct host_disk *disk = &host->disks.items[i];
        if (add_name(index, disk->path, i) < 0)
            return -ENOMEM;
        for (size_t a = 0; a < disk->aliases.count; a++)
            if (add_name(index, disk->aliases.items[a], i) < 0)
                return -ENOMEM;
    }
    if (index->names.count > 0)
        qsort(index->names.items, index->names.count, sizeof(*index->names.items), compare_names);
    return 0;
}

static int compare_identifiers(const void *a, const void *b)
{
    const struct by_identifier *x = a, *y = b;
    int c = guid_compare(&x->id, &y->id);

    return c ? c : (x->disk > y->disk) - (x->disk < y->disk);
}

int index_make(struct host *host)
{
    size_t count = host->disks.count;
    struct host_index *index = calloc(1, sizeof(*index));

    if (!index)
        return -ENOMEM;
    host->index = index;
    index->by_identifier = calloc(count + 1, sizeof(*index->by_identifier));
    index->identified = calloc(count + 1, sizeof(*index->identified));
    if (!index->by_identifier || !index->identified || add_names(index, host) < 0)
        return -ENOMEM;
    for (size_t i = 0; i < count; i++) {
        const struct disk_facts *facts = host->disks.items[i].facts;
        if (facts && !guid_is_zero(&facts->data_write_guid))
            index->by_identifier[index->identifier_count++] =
                (struct by_identifier){facts->data_write_guid, i};
    }
    qsort(index->by_identifier, index->identifier_count, sizeof(*index->by_identifier),
          compare_identifiers);
    for (size_t i = 0; i < index->identifier_count; i++)
        index->identified[i] = index->by_identifier[i].disk;
    return 0;
}

void index_free(struct host_index *index)
{
    if (!index)
        return;
    for (size_t i = 0; i < index->names.count; i++) {
        free(index->names.items[i].folder_key);
        free(index->names.items[i].name_key);
    }
    vector_free(&index->names);
    free(index->by_identifier);
    free(index->identified);
    free(index);
}

const size_t *host_find_identifier(const struct host *host, const struct guid *id, size_t *count)
{
    const struct host_index *index = host->index;
    size_t low = 0, high = index->identifier_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (guid_compare(&index->by_identifier[middle].id, id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *count = 0;
    while (low + *count < index->identifier_count &&
           guid_equal(&index->by_identifier[low + *count].id, id))
        ++*count;
    return index->identified + low;
}

/* The first name in the index that is this folded one. */
static size_t first_named(const struct host_index *index, const char *name_key)
{
    size_t low = 0, high = index->names.count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(index->names.items[middle].name_key, name_key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The folded elements of a recorded path from the root down: for tails, server and share or the
 * cluster's root are elements like others. */
typedef VECTOR(char *) element_list;

static void elements_free(element_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->items[i]);
    vector_free(list);
}

static int add_element(element_list *list, const char *text)
{
    char **element = vector_push(list);

    if (!element || !(*element = text_fold(text)))
        return -ENOMEM;
    return 0;
}

static int elements_of(const struct winpath *path, element_list *list)
{
    int r = 0;

    if (path->root == WINPATH_UNC)
        r = add_element(list, path->server) < 0 || add_element(list, path->share) < 0 ? -ENOMEM : 0;
    if (path->root == WINPATH_CLUSTER)
        r = add_element(list, "ClusterStorage");
    for (size_t i = 0; i < path->part_count && r == 0; i++)
        r = add_element(list, path->parts[i]);
    return r;
}

/* How many of the last `count` elements agree with the end of a folded folder path. */
static size_t agreeing_tail(const char *folder_key, char *const *elements, size_t count)
{
    const char *end = folder_key + strlen(folder_key);
    size_t agreed = 0;

    while (agreed < count) {
        const char *element = elements[count - 1 - agreed];
        size_t length = strlen(element);
        if ((size_t)(end - folder_key) < length + 1 || end[-(ptrdiff_t)length - 1] != '/' ||
            memcmp(end - length, element, length) != 0)
            break;
        end -= length + 1;
        agreed++;
    }
    return agreed;
}

static bool node_may_match(const struct host *host, const struct winpath *path, size_t node,
                           const struct host_disk *disk)
{
    bool local = path->root == WINPATH_DRIVE || path->root == WINPATH_RELATIVE ||
                 path->root == WINPATH_OTHER;

    return !local || host->evidence.items[disk->evidence].node == node;
}

static int add_found(struct host_found *found, size_t disk)
{
    size_t *disks = realloc(found->disks, (found->count + 1) * sizeof(*disks));

    if (!disks)
        return -ENOMEM;
    found->disks = disks;
    found->disks[found->count++] = disk;
    return 0;
}

static int find_by_tail(const struct host *host, const struct winpath *path, size_t node,
                        const element_list *elements, struct host_found *found)
{
    const char *name = elements->items[elements->count - 1];
    const struct host_index *index = host->index;

    for (size_t i = first_named(index, name); i < index->names.count; i++) {
        const struct by_name *at = &index->names.items[i];
        if (strcmp(at->name_key, name) != 0)
            break;
        if (!node_may_match(host, path, node, &host->disks.items[at->disk]))
            continue;
        size_t tail = 1 + agreeing_tail(at->folder_key, elements->items, elements->count - 1);
        if (tail < found->tail)
            continue;
        if (tail > found->tail)
            found->count = 0;
        found->tail = tail;
        bool again = found->count > 0 && found->disks[found->count - 1] == at->disk;
        if (!again && add_found(found, at->disk) < 0)
            return -ENOMEM;
    }
    found->match = found->count == 0   ? MATCH_NOT_FOUND
                   : found->count == 1 ? MATCH_TAIL
                                       : MATCH_AMBIGUOUS;
    return 0;
}

static bool folder_is_listed(const struct host *host, const char *folder_key)
{
    for (size_t i = 0; i < host->known_folders.count; i++)
        if (strcmp(host->known_folders.items[i], folder_key) == 0)
            return true;
    return false;
}

/* A disk at exactly this folded path, or HOST_NONE. */
static size_t disk_at(const struct host *host, const char *folder_key, const char *name_key)
{
    const struct host_index *index = host->index;

    for (size_t i = first_named(index, name_key); i < index->names.count; i++) {
        const struct by_name *at = &index->names.items[i];
        if (strcmp(at->name_key, name_key) != 0)
            break;
        if (strcmp(at->folder_key, folder_key) == 0)
            return at->disk;
    }
    return HOST_NONE;
}

static int find_placed(const struct host *host, struct place *place, struct host_found *found)
{
    char *slash = strrchr(place->key, '/');

    if (!slash)
        return 0;
    *slash = '\0';
    size_t disk = disk_at(host, place->key, slash + 1);
    found->folder_is_known = folder_is_listed(host, place->key);
    if (disk == HOST_NONE)
        return 0;
    found->match = place->match;
    found->tail = SIZE_MAX;
    return add_found(found, disk);
}

/* Without a map, a folder counts as seen when at least two of its elements agree (or all, where
 * there is only one): a common last name alone proves nothing. */
static bool folder_is_seen(const struct host *host, const element_list *elements)
{
    size_t folders = elements->count - 1;
    size_t needed = folders < 2 ? folders : 2;

    if (folders == 0)
        return false;
    for (size_t i = 0; i < host->known_folders.count; i++)
        if (agreeing_tail(host->known_folders.items[i], elements->items, folders) >= needed)
            return true;
    return false;
}

int host_find_path(const struct host *host, const char *recorded, size_t node,
                   struct host_found *found)
{
    struct winpath path;
    element_list elements = {0};
    struct place place = {0};

    *found = (struct host_found){0};
    int r = winpath_parse(&path, recorded);
    if (r == -EINVAL)
        return 0;
    if (r == 0)
        r = place_find(host, &path, node, &place);
    if (r == 0 && place.key)
        r = find_placed(host, &place, found);
    else if (r == 0 && path.part_count > 0 && (r = elements_of(&path, &elements)) == 0) {
        r = find_by_tail(host, &path, node, &elements, found);
        found->folder_is_known = folder_is_seen(host, &elements);
    }
    elements_free(&elements);
    free(place.key);
    winpath_free(&path);
    return r;
}

/* Drops the last folder of a folded path; false when there is none left. */
static bool climb(char *folder)
{
    char *slash = strrchr(folder, '/');

    if (!slash)
        return false;
    *slash = '\0';
    return true;
}

size_t host_find_relative(const struct host *host, size_t disk, const char *relative)
{
    struct winpath path;
    struct strbuf folder = {0};
    size_t found = HOST_NONE, i = 0;

    if (winpath_parse(&path, relative) < 0)
        return HOST_NONE;
    char *start = strdup(host->disks.items[disk].folder_key);
    bool ok = start && path.root == WINPATH_RELATIVE && path.part_count > 0;
    for (; ok && i < path.part_count && strcmp(path.parts[i], "..") == 0; i++)
        ok = climb(start);
    if (ok && i < path.part_count) {
        strbuf_append(&folder, start);
        for (; i + 1 < path.part_count; i++) {
            char *part = text_fold(path.parts[i]);
            strbuf_printf(&folder, "/%s", part ? part : "");
            free(part);
        }
        char *name = text_fold(path.parts[path.part_count - 1]);
        if (name)
            found = disk_at(host, strbuf_text(&folder), name);
        free(name);
    }
    strbuf_free(&folder);
    free(start);
    winpath_free(&path);
    return found;
}

bool host_path_is_shared(const char *recorded)
{
    struct winpath path;

    if (winpath_parse(&path, recorded) < 0)
        return false;
    bool shared = path.root == WINPATH_CLUSTER || path.root == WINPATH_UNC;
    winpath_free(&path);
    return shared;
}

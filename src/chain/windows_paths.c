/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "chain/windows_paths.h"

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "base/winpath.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void record(struct windows_paths *paths, size_t disk, const char *path)
{
    if (disk != HOST_NONE && path && !paths->recorded[disk])
        paths->recorded[disk] = path;
}

static void record_drives(struct windows_paths *paths, const drive_list *drives)
{
    for (size_t i = 0; i < drives->count; i++)
        record(paths, drives->items[i].disk, drives->items[i].recorded_path);
}

/* Where the element begins that ends at `end`. */
static size_t element_before(const char *path, size_t end)
{
    while (end > 0 && path[end - 1] != '/' && path[end - 1] != '\\')
        end--;
    return end;
}

static bool same_element(const char *a, size_t a_length, const char *b, size_t b_length)
{
    CLEANUP_FREE char *left = strndup(a, a_length);
    CLEANUP_FREE char *right = strndup(b, b_length);

    return a_length > 0 && left && right && text_compare_folded(left, right) == 0;
}

/* Whether a recorded path ends with the name of that file. */
static bool names_file(const char *recorded, const struct host_disk *disk)
{
    if (!recorded)
        return false;
    size_t name = element_before(recorded, strlen(recorded));
    size_t file = element_before(disk->path, strlen(disk->path));

    return same_element(recorded + name, strlen(recorded + name), disk->path + file,
                        strlen(disk->path + file));
}

/* What a machine uses has the path that its configuration says. What a child records can be old: it
 * counts where the parent still has that name. */
int windows_paths_make(struct windows_paths *paths, const struct host *host,
                       const struct verdict *verdict)
{
    *paths = (struct windows_paths){host, calloc(host->disks.count + 1, sizeof(*paths->recorded))};
    if (!paths->recorded)
        return -ENOMEM;
    for (size_t m = 0; m < host->machines.count; m++)
        record_drives(paths, &host->machines.items[m].drives);
    for (size_t m = 0; m < host->machines.count; m++)
        for (size_t c = 0; c < host->machines.items[m].checkpoints.count; c++)
            record_drives(paths, &host->machines.items[m].checkpoints.items[c].drives);
    for (size_t i = 0; i < host->disks.count; i++) {
        const struct disk_verdict *child = &verdict->disks[i];
        const struct disk_facts *facts = host->disks.items[i].facts;
        if (child->parent_state == PARENT_MATCHED &&
            names_file(facts->parent->absolute_path, &host->disks.items[child->parent]))
            record(paths, child->parent, facts->parent->absolute_path);
    }
    return 0;
}

void windows_paths_free(struct windows_paths *paths)
{
    free(paths->recorded);
    *paths = (struct windows_paths){0};
}

/* A beginning of recorded paths and of the evidence's paths that stand for the same folder. */
struct root {
    size_t recorded, path; /* bytes, without a separator at the end */
};

static size_t without_separator(const char *path, size_t length)
{
    while (length > 0 && (path[length - 1] == '/' || path[length - 1] == '\\'))
        length--;
    return length;
}

/* "D:", "\\server\share", a volume's GUID path, a cluster volume: nothing is left to compare. */
static bool is_volume(const char *recorded, size_t length)
{
    CLEANUP_FREE char *text = strndup(recorded, length);
    struct winpath path;

    if (!text || winpath_parse(&path, text) < 0)
        return false;
    bool is =
        (path.root == WINPATH_DRIVE || path.root == WINPATH_VOLUME || path.root == WINPATH_UNC) &&
        path.part_count == 0;
    is = is || (path.root == WINPATH_CLUSTER && path.part_count == 1);
    winpath_free(&path);
    return is;
}

/* Strips what two paths of one file have in common at their ends, `most` elements or up to the
 * volume. False when not even the name agrees. */
static bool strip_tail(const char *recorded, const char *path, size_t most, struct root *root)
{
    size_t stripped = 0;

    *root = (struct root){strlen(recorded), strlen(path)};
    for (; stripped < most && !is_volume(recorded, root->recorded); stripped++) {
        size_t a = element_before(recorded, root->recorded);
        size_t b = element_before(path, root->path);
        if (!same_element(recorded + a, root->recorded - a, path + b, root->path - b))
            break;
        *root = (struct root){without_separator(recorded, a), without_separator(path, b)};
    }
    return stripped > 0;
}

static bool lies_below(const char *path, const char *folder, size_t length)
{
    return length > 0 && strncmp(path, folder, length) == 0 && path[length] == '/';
}

/* Another disk's recorded path implies this one's: they share the folder, or a whole volume. */
static bool find_root(const struct windows_paths *paths, size_t known, const struct host_disk *disk,
                      struct root *root)
{
    const struct host_disk *other = &paths->host->disks.items[known];
    const char *recorded = paths->recorded[known];

    if (!recorded || other->evidence != disk->evidence)
        return false;
    if (strcmp(other->folder_key, disk->folder_key) == 0 &&
        strip_tail(recorded, other->path, 1, root))
        return true;
    return strip_tail(recorded, other->path, SIZE_MAX, root) &&
           is_volume(recorded, root->recorded) && lies_below(disk->path, other->path, root->path);
}

/* beginning + rest, as Windows writes it. */
static char *join(const char *beginning, size_t length, const char *rest)
{
    struct strbuf text = {0};

    strbuf_append_bytes(&text, beginning, length);
    for (; *rest; rest++)
        strbuf_append_char(&text, *rest == '/' ? '\\' : *rest);
    return strbuf_steal(&text);
}

/* Of all maps to a folder of the disk the nearest one, and a letter rather than a GUID. */
static const struct host_map *map_to(const host_map_list *maps, const char *path)
{
    const struct host_map *best = NULL;

    for (size_t i = 0; i < maps->count; i++) {
        const struct host_map *map = &maps->items[i];
        size_t length = strlen(map->to), best_length = best ? strlen(best->to) : 0;
        bool better =
            length > best_length || (length == best_length && map->from.root == WINPATH_DRIVE);
        if (lies_below(path, map->to, length) && better)
            best = map;
    }
    return best;
}

/* The other way round than recorded paths go through maps. */
static int path_by_map(const host_map_list *maps, const struct host_disk *disk, char **path)
{
    const struct host_map *map = map_to(maps, disk->path);
    CLEANUP_FREE char *from = map ? winpath_text(&map->from, map->from.part_count) : NULL;

    if (from)
        *path = join(from, without_separator(from, strlen(from)), disk->path + strlen(map->to));
    return !map || *path ? 0 : -ENOMEM;
}

int windows_path_of(const struct windows_paths *paths, size_t index, char **path)
{
    const struct host_disk *disk = &paths->host->disks.items[index];
    struct root root, best = {0, 0};
    size_t known = HOST_NONE;

    *path = NULL;
    if (paths->recorded[index])
        return (*path = strdup(paths->recorded[index])) ? 0 : -ENOMEM;
    int r = path_by_map(&paths->host->maps, disk, path);
    if (r == 0)
        r = path_by_map(&paths->host->mounts, disk, path);
    if (r < 0 || *path)
        return r;
    for (size_t i = 0; i < paths->host->disks.count; i++)
        if (find_root(paths, i, disk, &root) && (known == HOST_NONE || root.path > best.path)) {
            known = i;
            best = root;
            if (best.path == strlen(disk->folder_key)) /* none can share more */
                break;
        }
    if (known == HOST_NONE)
        return 0;
    *path = join(paths->recorded[known], best.recorded, disk->path + best.path);
    return *path ? 0 : -ENOMEM;
}

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* The space that a plan's merges need, volume by volume. */
#include "plan/planner.h"

#include "base/checked.h"
#include "base/cleanup.h"
#include "base/guid.h"
#include "base/text.h"
#include "base/winpath.h"
#include "os/os_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A folder of the evidence, as printed, and what lies below it. */
static bool is_below_folder(const char *path, const char *folder)
{
    size_t length = strlen(folder);

    while (length > 1 && folder[length - 1] == '/')
        length--;
    return strncmp(path, folder, length) == 0 && (path[length] == '/' || folder[length - 1] == '/');
}

static bool same_parts(const struct winpath *a, const struct winpath *b)
{
    if (a->part_count != b->part_count)
        return false;
    for (size_t i = 0; i < a->part_count; i++)
        if (text_compare_folded(a->parts[i], b->parts[i]) != 0)
            return false;
    return true;
}

/* A child records its parent by the volume's GUID and by its drive letter: both are one volume. */
static bool letter_by_child(const struct planner *planner, const struct guid *volume, char *letter)
{
    bool found = false;

    for (size_t i = 0; i < planner->host->disks.count && !found; i++) {
        const struct disk_facts *facts = planner_disk(planner, i)->facts;
        const struct disk_parent *parent = facts ? facts->parent : NULL;
        struct winpath by_volume = {0}, by_letter = {0};
        if (!parent || !parent->volume_path || !parent->absolute_path)
            continue;
        if (winpath_parse(&by_volume, parent->volume_path) == 0 &&
            winpath_parse(&by_letter, parent->absolute_path) == 0 &&
            by_volume.root == WINPATH_VOLUME && guid_equal(&by_volume.volume, volume) &&
            by_letter.root == WINPATH_DRIVE && same_parts(&by_volume, &by_letter)) {
            *letter = by_letter.drive;
            found = true;
        }
        winpath_free(&by_volume);
        winpath_free(&by_letter);
    }
    return found;
}

/* A hive names one volume twice. */
static bool letter_by_mounts(const host_map_list *mounts, const struct guid *volume, char *letter)
{
    for (size_t i = 0; i < mounts->count; i++)
        for (size_t k = 0; k < mounts->count; k++) {
            const struct host_map *a = &mounts->items[i], *b = &mounts->items[k];
            if (a->from.root != WINPATH_VOLUME || !guid_equal(&a->from.volume, volume) ||
                b->from.root != WINPATH_DRIVE || strcmp(a->to, b->to) != 0)
                continue;
            *letter = b->from.drive;
            return true;
        }
    return false;
}

static bool letter_of_volume(const struct planner *planner, const struct guid *volume, char *letter)
{
    return letter_by_child(planner, volume, letter) ||
           letter_by_mounts(&planner->host->mounts, volume, letter);
}

static void use_letter(const struct planner *planner, struct winpath *path)
{
    if (path->root == WINPATH_VOLUME && letter_of_volume(planner, &path->volume, &path->drive))
        path->root = WINPATH_DRIVE;
}

/* How much of a disk's path the stated volume covers, so that a mount point beats its drive: 0 when
 * the disk is not on it. `windows` is NULL when no such path is known. */
static size_t covered(const struct planner *planner, const char *stated, const char *path,
                      const struct winpath *windows)
{
    struct winpath volume;
    size_t parts = 0;

    if (is_below_folder(path, stated))
        return strlen(stated);
    if (!windows || winpath_parse(&volume, stated) < 0)
        return 0;
    use_letter(planner, &volume);
    if (volume.root != WINPATH_RELATIVE && volume.root != WINPATH_OTHER &&
        winpath_is_below(windows, &volume))
        parts = volume.part_count + 1;
    winpath_free(&volume);
    return parts;
}

static const struct plan_free *stated_for(const struct planner *planner, const char *path,
                                          const struct winpath *windows)
{
    const struct plan_free *best = NULL;
    size_t most = 0;

    for (size_t i = 0; i < planner->options->free_count; i++) {
        const struct plan_free *stated = &planner->options->free[i];
        size_t covers = covered(planner, stated->volume, path, windows);
        if (covers > most) {
            most = covers;
            best = stated;
        }
    }
    return best;
}

static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash && slash != path ? strndup(path, (size_t)(slash - path)) : strdup("/");
}

/* What the volume is called: as the user states it, as Windows does, else as the evidence is. */
static char *name_volume(const struct planner *planner, const struct host_disk *disk,
                         const struct winpath *windows)
{
    const struct host_evidence *evidence = &planner->host->evidence.items[disk->evidence];
    const struct plan_free *stated = stated_for(planner, disk->path, windows);

    if (stated)
        return strdup(stated->volume);
    if (windows && windows->root != WINPATH_RELATIVE && windows->root != WINPATH_OTHER)
        return winpath_text(windows, windows->root == WINPATH_CLUSTER);
    if (evidence->kind == EVIDENCE_VOLUME || os_same_device(evidence->path, disk->path))
        return strdup(evidence->path);
    return folder_of(disk->path);
}

static void find_free_space(const struct planner *planner, const struct host_disk *disk,
                            const struct winpath *windows, struct plan_volume *volume)
{
    const struct plan_free *stated = stated_for(planner, disk->path, windows);

    volume->is_stated = stated != NULL;
    if (stated)
        volume->free_bytes = stated->bytes;
    volume->has_free = stated || os_free_space(disk->path, &volume->free_bytes) == 0;
}

static int add_volume(const struct planner *planner, struct plan *plan, size_t index, size_t *which)
{
    const struct host_disk *disk = planner_disk(planner, index);
    CLEANUP_FREE char *path = NULL;
    struct winpath windows = {0};
    int r = windows_path_of(&planner->windows_paths, index, &path);
    bool known = r == 0 && path && winpath_parse(&windows, path) == 0;

    if (known)
        use_letter(planner, &windows);
    char *name = r == 0 ? name_volume(planner, disk, known ? &windows : NULL) : NULL;
    for (*which = 0; name && *which < plan->volumes.count; ++*which)
        if (strcmp(plan->volumes.items[*which].name, name) == 0)
            break;
    struct plan_volume *volume =
        name && *which == plan->volumes.count ? vector_push(&plan->volumes) : NULL;
    r = !name || (!volume && *which == plan->volumes.count) ? -ENOMEM : 0;
    if (volume) {
        volume->name = STEAL(name);
        find_free_space(planner, disk, known ? &windows : NULL, volume);
    }
    free(name);
    winpath_free(&windows);
    return r;
}

/* A parent grows while its child still exists; the child's file goes when the step is done. */
static void walk_steps(struct plan *plan, const size_t *volume_of, int64_t *extra, uint64_t *grown)
{
    for (size_t i = 0; i < plan->steps.count; i++) {
        const struct plan_step *step = &plan->steps.items[i];
        size_t child = plan_layer_of(plan, step->child), parent = plan_layer_of(plan, step->parent);
        struct plan_volume *volume = &plan->volumes.items[volume_of[parent]];
        extra[volume_of[parent]] += (int64_t)step->grow_bytes;
        if (extra[volume_of[parent]] > (int64_t)volume->peak_extra_bytes)
            volume->peak_extra_bytes = (uint64_t)extra[volume_of[parent]];
        grown[parent] += step->grow_bytes;
        extra[volume_of[child]] -= (int64_t)(step->free_bytes + grown[child]);
    }
}

int plan_find_peaks(const struct planner *planner, struct plan *plan)
{
    size_t count = plan->layers.count;
    CLEANUP_FREE size_t *volume_of = calloc(count, sizeof(*volume_of));
    CLEANUP_FREE int64_t *extra = calloc(count, sizeof(*extra));
    CLEANUP_FREE uint64_t *grown = calloc(count, sizeof(*grown));

    if (!volume_of || !extra || !grown)
        return -ENOMEM;
    if (plan->steps.count == 0)
        return 0;
    for (size_t i = 0; i < count; i++)
        if (add_volume(planner, plan, plan->layers.items[i].disk, &volume_of[i]) < 0)
            return -ENOMEM;
    walk_steps(plan, volume_of, extra, grown);
    plan->peak_extra_bytes = plan->volumes.items[volume_of[count - 1]].peak_extra_bytes;
    return 0;
}

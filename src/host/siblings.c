/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* The files that Hyper-V keeps beside a disk: .rct, .mrt, .hrl, .vhds. */
#include "host/gather.h"

#include "host/index.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Whether a companion of that kind and name belongs to a disk. The names of .rct, .mrt and .hrl
 * repeat the disk's; a .vhds lends its stem to "<stem>_<GUID>.avhdx". */
static bool is_companion_of(enum host_sibling sibling, const char *companion, const char *disk)
{
    size_t dot = strlen(companion), stem;

    while (dot > 0 && companion[dot - 1] != '.')
        dot--;
    dot = dot > 0 ? dot - 1 : 0; /* companion[0, dot) is the name without its own extension */
    if (sibling == SIBLING_VHDS)
        return strncmp(disk, companion, dot) == 0 && disk[dot] == '_';
    const char *disk_dot = strrchr(disk, '.');
    stem = disk_dot ? (size_t)(disk_dot - disk) : strlen(disk);
    if (dot == strlen(disk) && strncmp(disk, companion, dot) == 0)
        return true;
    return dot == stem && strncmp(disk, companion, stem) == 0;
}

struct companion {
    char *folder_key, *name_key;
    enum host_sibling sibling;
};

static int compare_companions(const void *a, const void *b)
{
    const struct companion *x = a, *y = b;

    return strcmp(x->folder_key, y->folder_key);
}

static void mark_siblings(struct host *host, const struct companion *companions, size_t count)
{
    for (size_t i = 0; i < host->disks.count; i++) {
        struct host_disk *disk = &host->disks.items[i];
        size_t low = 0, high = count;
        while (low < high) {
            size_t middle = low + (high - low) / 2;
            if (strcmp(companions[middle].folder_key, disk->folder_key) < 0)
                low = middle + 1;
            else
                high = middle;
        }
        for (; low < count && strcmp(companions[low].folder_key, disk->folder_key) == 0; low++)
            if (is_companion_of(companions[low].sibling, companions[low].name_key, disk->name_key))
                disk->siblings |= companions[low].sibling;
    }
}

int siblings_join(struct host *host, const file_list *files)
{
    VECTOR(struct companion) companions = {0};
    int r = 0;

    for (size_t i = 0; i < files->count && r == 0; i++) {
        const struct found_file *file = &files->items[i];
        if (file->interest != INTEREST_COMPANION)
            continue;
        struct companion *companion = vector_push(&companions);
        r = companion ? index_keys(file->path, &companion->folder_key, &companion->name_key)
                      : -ENOMEM;
        if (companion)
            companion->sibling = file->sibling;
    }
    if (companions.count > 0)
        qsort(companions.items, companions.count, sizeof(*companions.items), compare_companions);
    if (r == 0)
        mark_siblings(host, companions.items, companions.count);
    for (size_t i = 0; i < companions.count; i++) {
        free(companions.items[i].folder_key);
        free(companions.items[i].name_key);
    }
    vector_free(&companions);
    return r;
}

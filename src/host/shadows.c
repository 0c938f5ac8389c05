/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "host/shadows.h"

#include "base/checked.h"
#include "base/cleanup.h"
#include "base/strbuf.h"
#include "host/gather.h"
#include "host/index.h"
#include "volume/ntfs_volume.h"
#include "volume/volume.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Of a whole run: each is a scan. Windows keeps 512 of a volume. */
#define COPIES_MAX 4096

/* Lists that lead in a circle cost the time limit; those of one copy are read for all older ones.
 */
#define HUNG_MAX 2

static int add_copy(struct host *host, size_t volume, const struct image_shadow *shadow)
{
    const char *node = host->nodes.items[host->evidence.items[volume].node].name;
    struct host_evidence *copy = host_add_evidence(host, node, EVIDENCE_VOLUME);

    if (!copy)
        return -ENOMEM;
    copy->shadow = *shadow;
    copy->shadow_of = volume;
    copy->serial = host->evidence.items[volume].serial;
    copy->path = string_printf("%svss%u!", host->evidence.items[volume].path, shadow->number);
    return copy->path ? 0 : -ENOMEM;
}

static int find_copies(struct host *host, size_t volume, struct workers *workers, size_t *left)
{
    struct host_evidence *evidence = &host->evidence.items[volume];
    CLEANUP(notes) struct notes notes = {0};
    image_shadows list = {0};
    int r = image_shadows_list(evidence->bytes, workers, &list, &notes);

    if (r < 0 && r != -ENOMEM)
        r = images_complain(evidence, &notes);
    if (r == 0 && list.count > *left)
        r = host_complain(evidence,
                          string_printf("%s: only %zu of %zu shadow copies were looked at",
                                        evidence->path, *left, list.count));
    /* The latest tell most of how it came to be. */
    for (size_t i = list.count > *left ? list.count - *left : 0; i < list.count && r == 0; i++) {
        r = add_copy(host, volume, &list.items[i]);
        --*left;
    }
    vector_free(&list);
    return r;
}

/* A copy with the place in the evidence that it has, so that it can be sorted. */
struct dated {
    filetime created;
    size_t evidence;
};

static int compare_dated(const void *a, const void *b)
{
    const struct dated *x = a, *y = b;

    if (x->created != y->created)
        return x->created < y->created ? -1 : 1;
    return (x->evidence > y->evidence) - (x->evidence < y->evidence);
}

/* Whether the copy belongs to that moment: the set is the same, and its volume not yet there. */
static bool belongs(const struct host *host, const struct host_moment *moment, size_t copy)
{
    const struct host_evidence *c = &host->evidence.items[copy];

    for (size_t i = 0; i < moment->copies.count; i++) {
        const struct host_evidence *other = &host->evidence.items[moment->copies.items[i]];
        if (other->shadow_of == c->shadow_of ||
            !guid_equal(&other->shadow.set_id, &c->shadow.set_id))
            return false;
    }
    return !guid_is_zero(&c->shadow.set_id);
}

static int add_to_moment(const struct host *host, struct host_moments *moments, size_t copy)
{
    struct host_moment *moment = NULL;

    for (size_t i = 0; i < moments->count && !moment; i++)
        if (belongs(host, &moments->items[i], copy))
            moment = &moments->items[i];
    if (!moment)
        moment = vector_push(moments);
    size_t *slot = moment ? vector_push(&moment->copies) : NULL;
    if (!slot)
        return -ENOMEM;
    *slot = copy;
    return 0;
}

static int group(const struct host *host, size_t first, struct host_moments *moments)
{
    size_t count = host->evidence.count - first;
    CLEANUP_FREE struct dated *order = calloc(count + 1, sizeof(*order));
    int r = order ? 0 : -ENOMEM;

    for (size_t i = 0; i < count && r == 0; i++)
        order[i] = (struct dated){host->evidence.items[first + i].shadow.created, first + i};
    if (r == 0)
        qsort(order, count, sizeof(*order), compare_dated);
    for (size_t i = 0; i < count && r == 0; i++)
        r = add_to_moment(host, moments, order[i].evidence);
    return r;
}

int host_find_shadows(struct host *host, struct workers *workers, struct host_moments *moments)
{
    size_t first = host->evidence.count, left = COPIES_MAX;
    int r = 0;

    *moments = (struct host_moments){0};
    for (size_t i = 0; i < first && r == 0; i++)
        if (host->evidence.items[i].has_shadows)
            r = find_copies(host, i, workers, &left);
    return r == 0 ? group(host, first, moments) : r;
}

void host_moments_free(struct host_moments *moments)
{
    for (size_t i = 0; i < moments->count; i++)
        vector_free(&moments->items[i].copies);
    vector_free(moments);
}

/* Drives, shares and volumes were where they are now, as far as the user said it. */
static int add_maps(struct host *then, const struct host *now)
{
    int r = 0;

    for (size_t i = 0; i < now->maps.count && r == 0; i++) {
        const struct host_map *map = &now->maps.items[i];
        CLEANUP_FREE char *from = winpath_text(&map->from, map->from.part_count);
        CLEANUP_FREE char *text = from ? string_printf("%s=%s", from, map->to) : NULL;
        r = text ? host_add_map(then, text) : -ENOMEM;
    }
    return r;
}

static int open_copy(struct host_evidence *evidence, struct host_evidence *volume, unsigned number,
                     struct workers *workers)
{
    CLEANUP(notes) struct notes notes = {0};
    CLEANUP(io_unref) io_source *source = NULL;

    if (volume->shadows_hung >= HUNG_MAX) {
        evidence->unreadable = true;
        return host_complain(evidence, string_printf("%s: not tried, since other shadow copies of "
                                                     "this volume took too long",
                                                     evidence->path));
    }
    int r = image_shadow_open(volume->bytes, workers, number, &source, &notes);
    volume->shadows_hung += r == -ETIMEDOUT;
    if (r == 0)
        r = ntfs_volume_open(&evidence->volume, source, volume->volume->display_root, &notes);
    if (r == -ENOMEM)
        return r;
    evidence->unreadable = r < 0;
    if (r == 0) {
        ntfs_volume_use_workers(evidence->volume, workers);
        images_keep_wanted(evidence->volume, evidence->logs);
    }
    return images_complain(evidence, &notes);
}

static int add_then(struct host *then, struct host *now, size_t copy, struct workers *workers)
{
    const struct host_evidence *c = &now->evidence.items[copy];
    struct host_evidence *volume = &now->evidence.items[c->shadow_of];
    struct host_evidence *evidence =
        host_add_evidence(then, now->nodes.items[volume->node].name, EVIDENCE_VOLUME);

    if (!evidence)
        return -ENOMEM;
    evidence->path = strdup(volume->path);
    evidence->root = volume->root ? strdup(volume->root) : NULL;
    evidence->whole = volume->whole;
    evidence->serial = volume->serial;
    evidence->device = volume->device;
    evidence->logs = LOGS_NONE;
    if (!evidence->path || (volume->root && !evidence->root) ||
        image_path_copy(&evidence->within, &volume->within) < 0)
        return -ENOMEM;
    return open_copy(evidence, volume, c->shadow.number, workers);
}

/* A line that begins with the volume's path begins with the copy's in the report. */
static char *as_copy(const char *line, const char *volume, const char *copy)
{
    size_t length = strlen(volume);

    return strncmp(line, volume, length) == 0 ? string_printf("%s%s", copy, line + length)
                                              : strdup(line);
}

static int keep_counts(struct host_evidence *copy, const struct host_evidence *then)
{
    int r = 0;

    copy->files_seen = then->files_seen;
    copy->files_read = then->files_read;
    copy->bytes_read = then->bytes_read;
    copy->unreadable = then->unreadable;
    for (size_t i = 0; i < then->errors.count && r == 0; i++)
        r = host_complain(copy, as_copy(then->errors.items[i], then->path, copy->path));
    return r;
}

int host_scan_moment(struct host *then, struct host *now, const struct host_moment *moment,
                     const struct host_options *options)
{
    struct host_options quick = *options;
    int r;

    quick.witness = WITNESS_NEVER; /* findings are made of today's disks only */
    host_init(then);
    r = add_maps(then, now);
    for (size_t i = 0; i < moment->copies.count && r == 0; i++)
        r = add_then(then, now, moment->copies.items[i], options->workers);
    if (r == 0)
        r = host_scan(then, &quick);
    if (r == -ENODATA)
        r = 0;
    for (size_t i = 0; i < moment->copies.count && r == 0; i++)
        r = keep_counts(&now->evidence.items[moment->copies.items[i]], &then->evidence.items[i]);
    host_close_volumes(then);
    return r;
}

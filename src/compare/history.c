/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "compare/history.h"

#include "base/cleanup.h"
#include "compare/comparison.h"
#include "compare/past.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One side of a comparison: a model, its verdict, and what its evidence is in the report. */
struct side {
    const struct host *now, *host;
    const struct verdict *verdict;
    const size_t *copies; /* of each evidence of `host`; NULL: it is `now` itself */
};

static size_t evidence_of(const struct side *side, size_t index)
{
    return side->copies ? side->copies[index] : index;
}

static size_t volume_of(const struct side *side, size_t index)
{
    size_t evidence = evidence_of(side, index);

    return side->copies ? side->now->evidence.items[evidence].shadow_of : evidence;
}

static bool counts(const struct side *side, size_t index)
{
    return side->copies || side->host->evidence.items[index].shadow.number == 0;
}

/* Whether the same evidence was there: what is tracked can be compared only then, or where it is
 * known for certain. */
static bool same_scope(const struct past *past, const struct side *side)
{
    size_t seen = 0;

    for (size_t i = 0; i < side->host->evidence.count; i++) {
        bool found = false;
        if (!counts(side, i) || side->host->evidence.items[i].unreadable)
            continue;
        for (size_t p = 0; p < past->scope.count && !found; p++)
            found = past->scope.items[p] == volume_of(side, i);
        if (!found)
            return false;
        seen++;
    }
    return seen == past->scope.count;
}

/* ---- what is kept of a point in time ---- */

static int keep_disk(struct history *h, const struct side *side, size_t index)
{
    const struct host_disk *disk = &side->host->disks.items[index];
    const struct disk_verdict *v = &side->verdict->disks[index];
    const struct host_machine *m =
        v->machine == HOST_NONE ? NULL : &side->host->machines.items[v->machine];
    const char *parent = v->parent == HOST_NONE ? NULL : side->host->disks.items[v->parent].path;
    struct history_disk *kept = vector_push(&h->disks);

    if (!kept)
        return -ENOMEM;
    *kept = (struct history_disk){
        .evidence = evidence_of(side, disk->evidence),
        .path = strdup(disk->path),
        .parent = parent ? strdup(parent) : NULL,
        .file_size = disk->file_size,
        .modified = disk->modified,
        .class = v->class,
        .severity = v->severity,
        .overlays = v->overlays,
        .has_vm = m && m->has_id,
    };
    if (kept->has_vm)
        kept->vm = m->id;
    return kept->path && (!parent || kept->parent) ? 0 : -ENOMEM;
}

static int keep_scope(struct past *past, const struct side *side)
{
    for (size_t i = 0; i < side->host->evidence.count; i++) {
        size_t *slot = side->host->evidence.items[i].unreadable ? NULL : vector_push(&past->scope);
        if (slot)
            *slot = volume_of(side, i);
        else if (!side->host->evidence.items[i].unreadable)
            return -ENOMEM;
    }
    return 0;
}

static struct past *past_of(struct history *h, size_t volume)
{
    for (size_t i = 0; i < h->pasts.count; i++)
        if (h->pasts.items[i].volume == volume)
            return &h->pasts.items[i];
    return NULL;
}

/* What the volume's next copy, or the volume itself, is compared with. */
static int keep_past(struct history *h, const struct side *side, size_t index, size_t first)
{
    size_t volume = volume_of(side, index), copy = evidence_of(side, index);
    struct past *past = past_of(h, volume);

    if (past)
        past_free(past);
    else
        past = vector_push(&h->pasts);
    if (!past)
        return -ENOMEM;
    *past = (struct past){.volume = volume, .copy = copy, .first = first};
    past->count = h->disks.count - first;
    past->is_whole = side->host->evidence.items[index].errors.count == 0;
    int r = keep_scope(past, side);
    return r < 0 ? r
                 : past_take(past, side->now->evidence.items[copy].shadow.created, side->host,
                             side->verdict);
}

/* ---- comparing ---- */

struct step {
    struct history *h;
    const struct past *past;
    const struct side *side;
    struct comparison comparison; /* of past and side */
    size_t index;                 /* of the evidence on that side */
    bool is_whole;                /* nothing was left unread at either time */
    bool same_scope;
};

static const struct history_disk *disk_before(const struct step *s, const char *path)
{
    const struct history_disk *disks = s->h->disks.items + s->past->first;
    size_t low = 0, high = s->past->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(disks[middle].path, path);
        if (order == 0)
            return disks[middle].evidence == s->past->copy ? &disks[middle] : NULL;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static size_t disk_after(const struct step *s, const char *path)
{
    size_t disk = comparison_find_disk(&s->comparison, path);

    return disk != HOST_NONE && s->side->host->disks.items[disk].evidence == s->index ? disk
                                                                                      : HOST_NONE;
}

static bool is_low(unsigned overlays)
{
    return (overlays & 1u << OVERLAY_LOW_CONFIDENCE) != 0;
}

static bool tells_class(enum change_kind kind)
{
    return kind == CHANGE_NEW_ORPHAN || kind == CHANGE_ORPHAN_GONE || kind == CHANGE_CLASS_CHANGED;
}

/*
 * How sure a change is. False when there may be none: the class is another one, but so is what is
 * known of the machines.
 */
static bool weigh(const struct step *s, struct history_change *c, const struct history_disk *before,
                  size_t after)
{
    bool low_before = before && is_low(before->overlays);
    bool low_after = after != HOST_NONE && is_low(s->side->verdict->disks[after].overlays);
    bool is_sure = !low_before && !low_after;

    if (!s->is_whole || !is_sure)
        c->change.confidence = CONFIDENCE_POSSIBLE;
    if (!tells_class(c->change.kind) || is_sure)
        return true;
    if (before) /* both candidates, of the same evidence */
        return low_before && low_after && s->same_scope;
    c->change.kind = CHANGE_NEW_DISK; /* that it came is certain, what it is only a candidate */
    c->change.summary = change_texts[CHANGE_NEW_DISK].summary;
    return true;
}

static void take_vm(const struct step *s, struct history_change *c, size_t machine,
                    const struct history_disk *before)
{
    const struct host *host = s->side->host;

    if (machine != HOST_NONE && host->machines.items[machine].has_id) {
        c->vm = host->machines.items[machine].id;
        c->has_vm = true;
    } else if (machine == HOST_NONE && before) {
        c->vm = before->vm;
        c->has_vm = before->has_vm;
    }
    c->change.machine = HOST_NONE;
}

static int add_change(const struct step *s, struct change *change)
{
    const struct history_disk *before = disk_before(s, change->subject);
    size_t after = disk_after(s, change->subject);
    struct history_change c = {
        .change = *change,
        .from = s->past->copy,
        .to = evidence_of(s->side, s->index),
        .order = s->h->changes.count,
    };

    if (!before && after == HOST_NONE) /* another volume's */
        return 0;
    if (!weigh(s, &c, before, after)) {
        s->h->undecided++;
        return 0;
    }
    take_vm(s, &c, change->machine, before);
    struct history_change *slot = vector_push(&s->h->changes);
    if (!slot)
        return -ENOMEM;
    *slot = c;
    *change = (struct change){0}; /* it is ours now */
    return 0;
}

/* A disk of both times: what it takes on its volume. */
static int compare_size(const struct step *s, const struct history_disk *before)
{
    size_t after = disk_after(s, before->path);
    char was[24], is[24];

    if (after == HOST_NONE)
        return 0;
    uint64_t size = s->side->host->disks.items[after].file_size;
    if (size == before->file_size)
        return 0;
    snprintf(was, sizeof(was), "%" PRIu64, before->file_size);
    snprintf(is, sizeof(is), "%" PRIu64, size);
    return change_add(&s->comparison,
                      size > before->file_size ? CHANGE_DISK_GROWN : CHANGE_DISK_SHRUNK,
                      before->path, s->side->verdict->disks[after].machine, was, is)
               ? 0
               : -ENOMEM;
}

static int compare_volume(const struct step *s)
{
    struct change_list *list = s->comparison.list;
    int r = compare_reports(list, &s->past->earlier, s->side->host, s->side->verdict);

    for (size_t i = 0; i < s->past->count && r == 0; i++)
        if (s->h->disks.items[s->past->first + i].evidence == s->past->copy)
            r = compare_size(s, &s->h->disks.items[s->past->first + i]);
    for (size_t i = 0; i < list->count && r == 0; i++)
        r = add_change(s, &list->items[i]);
    change_list_free(list);
    return r;
}

/* Every volume of that side with what it was before. */
static int compare_side(struct history *h, const struct side *side)
{
    struct change_list list = {0};
    int r = 0;

    for (size_t i = 0; i < side->host->evidence.count && r == 0; i++) {
        const struct host_evidence *evidence = &side->host->evidence.items[i];
        const struct past *past = counts(side, i) ? past_of(h, volume_of(side, i)) : NULL;
        if (!past || evidence->unreadable)
            continue;
        const struct step step = {
            .h = h,
            .past = past,
            .side = side,
            .comparison = {&list, &past->earlier, side->host, side->verdict},
            .index = i,
            .is_whole = past->is_whole && evidence->errors.count == 0,
            .same_scope = same_scope(past, side),
        };
        r = compare_volume(&step);
    }
    return r;
}

int history_add(struct history *h, const struct host *now, const struct host *then,
                const struct verdict *verdict, const size_t *copies)
{
    const struct side side = {now, then, verdict, copies};
    size_t first = h->disks.count;
    int r = compare_side(h, &side);

    for (size_t i = 0; i < then->disks.count && r == 0; i++)
        r = keep_disk(h, &side, i);
    for (size_t i = 0; i < then->evidence.count && r == 0; i++)
        if (!then->evidence.items[i].unreadable)
            r = keep_past(h, &side, i, first);
    return r;
}

static int compare_changes(const void *a, const void *b)
{
    const struct history_change *x = a, *y = b;
    int order = strcmp(x->change.subject, y->change.subject);

    return order ? order : (x->order > y->order) - (x->order < y->order);
}

int history_end(struct history *h, const struct host *now, const struct verdict *verdict)
{
    const struct side side = {now, now, verdict, NULL};
    int r = compare_side(h, &side);

    if (h->changes.count > 0)
        qsort(h->changes.items, h->changes.count, sizeof(*h->changes.items), compare_changes);
    return r;
}

void history_free(struct history *h)
{
    for (size_t i = 0; i < h->disks.count; i++) {
        free(h->disks.items[i].path);
        free(h->disks.items[i].parent);
    }
    for (size_t i = 0; i < h->changes.count; i++)
        change_free(&h->changes.items[i].change);
    for (size_t i = 0; i < h->pasts.count; i++)
        past_free(&h->pasts.items[i]);
    vector_free(&h->disks);
    vector_free(&h->changes);
    vector_free(&h->pasts);
}

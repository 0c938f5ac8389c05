/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "compare/comparison.h"

#include "base/strbuf.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct change *change_add(const struct comparison *c, enum change_kind kind, const char *subject,
                          size_t machine, const char *before, const char *after)
{
    struct change *change = vector_push(c->list);

    if (!change)
        return NULL;
    change->kind = kind;
    change->summary = change_texts[kind].summary;
    change->confidence = CONFIDENCE_CONFIRMED;
    change->machine = machine;
    change->subject = strdup(subject);
    change->before = before ? strdup(before) : NULL;
    change->after = after ? strdup(after) : NULL;
    bool failed = !change->subject || (before && !change->before) || (after && !change->after);
    return failed ? NULL : change;
}

int change_evidence(struct change *change, char *line)
{
    char **slot = line ? vector_push(&change->evidence) : NULL;

    if (!slot) {
        free(line);
        return -ENOMEM;
    }
    *slot = line;
    return 0;
}

static int add(const struct comparison *c, enum change_kind kind, const char *subject,
               size_t machine, const char *before, const char *after)
{
    return change_add(c, kind, subject, machine, before, after) ? 0 : -ENOMEM;
}

static int compare_path(const void *key, const void *item)
{
    return strcmp(key, ((const struct host_disk *)item)->path);
}

size_t comparison_find_disk(const struct comparison *c, const char *path)
{
    const struct host_disk *disks = c->host->disks.items;
    const struct host_disk *found =
        c->host->disks.count == 0
            ? NULL
            : bsearch(path, disks, c->host->disks.count, sizeof(*disks), compare_path);

    return found ? (size_t)(found - disks) : HOST_NONE;
}

size_t comparison_find_machine(const struct comparison *c, const char *id)
{
    char text[GUID_TEXT_SIZE];

    for (size_t i = 0; id && i < c->host->machines.count; i++) {
        const struct host_machine *m = &c->host->machines.items[i];
        if (m->has_id && strcmp(guid_format(&m->id, text), id) == 0)
            return i;
    }
    return HOST_NONE;
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

/* What is only the class of the disk in other words is told as its class. */
static bool is_class_of_disk(const struct comparison *c, const struct finding *f)
{
    return f->disk != HOST_NONE &&
           strcmp(class_name(c->verdict->disks[f->disk].class), f->code) == 0;
}

static int compare_finding(const struct comparison *c, const struct finding *f)
{
    if (is_class_of_disk(c, f) || earlier_has_finding(c->earlier, f->subject, f->code))
        return 0;
    struct change *change =
        change_add(c, CHANGE_NEW_FINDING, f->subject, f->machine, NULL, f->code);
    return change ? change_evidence(change, strdup(f->summary)) : -ENOMEM;
}

static bool is_found_now(const struct verdict *verdict, const struct earlier_finding *f)
{
    for (size_t i = 0; i < verdict->findings.count; i++)
        if (strcmp(verdict->findings.items[i].subject, f->subject) == 0 &&
            strcmp(verdict->findings.items[i].code, f->code) == 0)
            return true;
    return false;
}

static int compare_earlier_finding(const struct comparison *c, const struct earlier_finding *f)
{
    const struct earlier_disk *disk = earlier_find(c->earlier, f->subject);

    if ((disk && strcmp(disk->class, f->code) == 0) || is_found_now(c->verdict, f))
        return 0;
    struct change *change = change_add(c, CHANGE_FINDING_SETTLED, f->subject,
                                       comparison_find_machine(c, f->vm), f->code, NULL);
    if (!change)
        return -ENOMEM;
    return f->summary ? change_evidence(change, strdup(f->summary)) : 0;
}

static int compare_findings(const struct comparison *c)
{
    int r = 0;

    if (!c->earlier->has_findings)
        return 0;
    for (size_t i = 0; r == 0 && i < c->verdict->findings.count; i++)
        r = compare_finding(c, &c->verdict->findings.items[i]);
    for (size_t i = 0; r == 0 && i < c->earlier->findings.count; i++)
        r = compare_earlier_finding(c, &c->earlier->findings.items[i]);
    return r;
}

static int compare_texts(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "");
}

static int compare_changes(const void *a, const void *b)
{
    const struct change *x = a, *y = b;
    int order = strcmp(x->subject, y->subject);

    if (order == 0)
        order = (x->kind > y->kind) - (x->kind < y->kind);
    if (order == 0)
        order = (x->machine > y->machine) - (x->machine < y->machine);
    if (order == 0)
        order = compare_texts(x->before, y->before);
    return order != 0 ? order : compare_texts(x->after, y->after);
}

int compare_reports(struct change_list *list, const struct earlier *earlier,
                    const struct host *host, const struct verdict *verdict)
{
    struct comparison c = {list, earlier, host, verdict};
    int r = 0;

    *list = (struct change_list){0};
    for (size_t i = 0; r == 0 && i < host->disks.count; i++)
        r = compare_disk(&c, i);
    if (r == 0)
        r = compare_gone_disks(&c);
    for (size_t i = 0; r == 0 && i < verdict->chains.count; i++)
        r = compare_chain(&c, i);
    if (r == 0)
        r = compare_findings(&c);
    if (r == 0 && list->count > 0)
        qsort(list->items, list->count, sizeof(*list->items), compare_changes);
    return r;
}

void change_free(struct change *change)
{
    free(change->subject);
    free(change->before);
    free(change->after);
    string_list_free(&change->evidence);
}

void change_list_free(struct change_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        change_free(&list->items[i]);
    vector_free(list);
}

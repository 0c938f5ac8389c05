/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "report/members.h"

#include <stdlib.h>

static int compare_memberships(const void *a, const void *b)
{
    const struct membership *x = a, *y = b;

    if (x->machine != y->machine)
        return x->machine < y->machine ? -1 : 1;
    return (x->disk > y->disk) - (x->disk < y->disk);
}

static bool add_member(membership_list *list, size_t machine, size_t disk)
{
    struct membership *slot = vector_push(list);

    if (slot)
        *slot = (struct membership){machine, disk};
    return slot != NULL;
}

/* A disk that belongs to nobody is shown where it hangs: at the machine of its nearest parent. */
static size_t machine_near(const struct verdict *v, size_t disk)
{
    for (size_t step = 0; step < DISK_CHAIN_MAX && disk != HOST_NONE; step++) {
        if (v->disks[disk].machine != HOST_NONE)
            return v->disks[disk].machine;
        disk = v->disks[disk].parent_state == PARENT_MATCHED ? v->disks[disk].parent : HOST_NONE;
    }
    return HOST_NONE;
}

bool members_collect(membership_list *list, const struct verdict *v)
{
    bool ok = true;

    for (size_t i = 0; ok && i < v->disk_count; i++)
        ok = add_member(list, machine_near(v, i), i);
    for (size_t i = 0; ok && i < v->chains.count; i++) {
        const struct chain *c = &v->chains.items[i];
        for (size_t n = 0; ok && c->machine != HOST_NONE && n < c->layers.count; n++)
            ok = add_member(list, c->machine, c->layers.items[n]);
    }
    if (list->count > 0)
        qsort(list->items, list->count, sizeof(*list->items), compare_memberships);
    return ok;
}

size_t members_take(const membership_list *list, size_t *at, size_t machine, size_t *disks)
{
    size_t count = 0;

    while (*at < list->count && list->items[*at].machine < machine)
        ++*at;
    for (; *at < list->count && list->items[*at].machine == machine; ++*at)
        if (count == 0 || disks[count - 1] != list->items[*at].disk)
            disks[count++] = list->items[*at].disk;
    return count;
}

static int compare_places(const void *a, const void *b)
{
    const struct place *x = a, *y = b;

    if (x->worst != y->worst)
        return x->worst > y->worst ? -1 : 1;
    return (x->machine > y->machine) - (x->machine < y->machine);
}

static void raise_worst(enum severity *worst, enum severity severity)
{
    if (severity > *worst)
        *worst = severity;
}

struct place *members_order(const struct report *r, const membership_list *list)
{
    size_t count = r->host.machines.count, at = 0;
    struct place *places = calloc(count + 1, sizeof(*places));

    for (size_t i = 0; places && i < count; i++) {
        while (at < list->count && list->items[at].machine < i)
            at++;
        places[i] = (struct place){i, at, SEVERITY_OK};
        for (; at < list->count && list->items[at].machine == i; at++)
            raise_worst(&places[i].worst, r->verdict.disks[list->items[at].disk].severity);
    }
    for (size_t i = 0; places && i < r->verdict.findings.count; i++) {
        const struct finding *f = &r->verdict.findings.items[i];
        if (f->machine != HOST_NONE)
            raise_worst(&places[f->machine].worst, f->severity);
    }
    if (places)
        qsort(places, count, sizeof(*places), compare_places);
    return places;
}

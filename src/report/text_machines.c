/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Each VM with its disks, then the disks of no VM. */
#include "report/text_sections.h"
#include "report/records.h"
#include "report/tree.h"

#include "base/checked.h"
#include "base/cleanup.h"
#include "base/strbuf.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

/* One disk drawn under one machine; HOST_NONE sorts behind all machines. */
struct membership {
    size_t machine, disk;
};

typedef VECTOR(struct membership) membership_list;

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

/* Every disk under its machine, and every layer under the machine that stands on it. */
static bool collect_members(membership_list *list, const struct verdict *v)
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

/* The next run of one machine: its disks, each once. Advances *at. */
static size_t take_members(const membership_list *list, size_t *at, size_t machine, size_t *disks)
{
    size_t count = 0;

    while (*at < list->count && list->items[*at].machine < machine)
        ++*at;
    for (; *at < list->count && list->items[*at].machine == machine; ++*at)
        if (count == 0 || disks[count - 1] != list->items[*at].disk)
            disks[count++] = list->items[*at].disk;
    return count;
}

/* Where a machine stands in the report: the worst first, else as the model has them. */
struct place {
    size_t machine, first; /* first: of its memberships */
    enum severity worst;
};

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

static struct place *order_machines(const struct report *r, const membership_list *list)
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

const char *text_machine_name(const struct host_machine *m, char buffer[GUID_TEXT_SIZE])
{
    if (m->name && m->name[0])
        return m->name;
    return m->has_id ? guid_format(&m->id, buffer) : "(unnamed)";
}

static void put_machine_title(struct page *page, const struct place *place)
{
    const struct host_machine *m = &page->report->host.machines.items[place->machine];
    const char *node = m->node < page->report->host.nodes.count
                           ? page->report->host.nodes.items[m->node].name
                           : "";
    char id[GUID_TEXT_SIZE];
    CLEANUP_FREE char *title =
        string_printf("VM %s%s%s", text_machine_name(m, id), node[0] ? " on host " : "", node);
    CLEANUP_FREE char *printable = title ? page_printable(page, title) : NULL;

    if (!printable) {
        output_fail(page->out, -ENOMEM);
        return;
    }
    page_title(page, place->worst, printable);
}

/* What is known of the machine itself, in one sentence. */
static void put_machine_state(struct page *page, const struct host_machine *m)
{
    const struct {
        bool is;
        const char *text;
    } states[] = {
        {m->planned, ", planned (being moved or imported)"},
        {m->saved_state, ", with saved state"},
        {m->replicated, ", replicated"},
        {m->clustered, ", clustered"},
        {m->merge_pending == HOST_YES, ", Hyper-V itself says that a merge is pending"},
    };
    CLEANUP(strbuf) struct strbuf text = {0};

    strbuf_append(&text, m->registered == HOST_YES  ? "registered"
                         : m->registered == HOST_NO ? "not registered on its host"
                                                    : "not known whether registered");
    for (size_t i = 0; i < ARRAY_SIZE(states); i++)
        if (states[i].is)
            strbuf_append(&text, states[i].text);
    strbuf_printf(&text, "; %zu checkpoint%s", m->checkpoints.count, plural(m->checkpoints.count));
    if (m->has_id) {
        char id[GUID_TEXT_SIZE];
        strbuf_printf(&text, "; %s", guid_format(&m->id, id));
    }
    if (text.failed)
        output_fail(page->out, -ENOMEM);
    else
        page_paragraph(page, 4, "", strbuf_text(&text));
}

/* Drives that lead to no disk on the evidence. */
static void put_absent_drives(struct page *page, const char *owner, const struct host_drive *drives,
                              size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct host_drive *d = &drives[i];
        if (d->disk != HOST_NONE)
            continue;
        page_ink(page, d->folder_is_known ? INK_RISK : INK_WARNING, "?  ");
        page_blank(page, 1);
        if (d->match == MATCH_AMBIGUOUS)
            page_sentence(page, 0, "", "%s: %zu files fit equally; tell which with --map", owner,
                          d->candidates);
        else
            page_sentence(page, 0, "", "%s: not on this evidence%s", owner,
                          d->folder_is_known ? ", though its folder is" : "");
        page_line(page, 6, d->recorded_path);
    }
}

static void put_machine(struct page *page, const struct place *place, const size_t *disks,
                        size_t count)
{
    const struct host_machine *m = &page->report->host.machines.items[place->machine];

    put_machine_title(page, place);
    put_machine_state(page, m);
    tree_print(page, disks, count, place->machine);
    put_absent_drives(page, "disk of the VM", m->drives.items, m->drives.count);
    for (size_t i = 0; i < m->checkpoints.count; i++) {
        const struct host_checkpoint *c = &m->checkpoints.items[i];
        put_absent_drives(page, "disk of a checkpoint", c->drives.items, c->drives.count);
    }
}

void text_machines(struct page *page)
{
    const struct report *r = page->report;
    CLEANUP_FREE size_t *disks = calloc(r->verdict.disk_count + 1, sizeof(*disks));
    membership_list list = {0};
    bool ok = disks && collect_members(&list, &r->verdict);
    CLEANUP_FREE struct place *places = ok ? order_machines(r, &list) : NULL;

    if (!places)
        output_fail(page->out, -ENOMEM);
    for (size_t i = 0; places && i < r->host.machines.count; i++) {
        size_t at = places[i].first;
        size_t count = take_members(&list, &at, places[i].machine, disks);
        put_machine(page, &places[i], disks, count);
    }
    size_t at = 0;
    size_t count = places ? take_members(&list, &at, HOST_NONE, disks) : 0;
    if (count > 0) {
        page_heading(page, "DISKS OF NO VM");
        tree_print(page, disks, count, HOST_NONE);
    }
    vector_free(&list);
}

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Each VM with its disks, then the disks of no VM. */
#include "report/members.h"
#include "report/records.h"
#include "report/text_sections.h"
#include "report/tree.h"

#include "base/checked.h"
#include "base/cleanup.h"
#include "base/strbuf.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

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
    bool ok = disks && members_collect(&list, &r->verdict);
    CLEANUP_FREE struct place *places = ok ? members_order(r, &list) : NULL;

    if (!places)
        output_fail(page->out, -ENOMEM);
    for (size_t i = 0; places && i < r->host.machines.count; i++) {
        size_t at = places[i].first;
        size_t count = members_take(&list, &at, places[i].machine, disks);
        put_machine(page, &places[i], disks, count);
    }
    size_t at = 0;
    size_t count = places ? members_take(&list, &at, HOST_NONE, disks) : 0;
    if (count > 0) {
        page_heading(page, "DISKS OF NO VM");
        tree_print(page, disks, count, HOST_NONE);
    }
    vector_free(&list);
}

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Chains for people: each layer with all that links it to the one below it. */
#include "report/text_sections.h"

#include "base/cleanup.h"
#include "base/strbuf.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

static void put_guid(struct page *page, const char *label, bool known, const struct guid *guid)
{
    char text[GUID_TEXT_SIZE];

    if (known)
        page_paragraph(page, 8, label, guid_format(guid, text));
}

static void put_path(struct page *page, const char *label, const char *path)
{
    CLEANUP_FREE char *line = path ? string_printf("%s%s", label, path) : NULL;

    if (line)
        page_line(page, 8, line);
    else if (path)
        output_fail(page->out, -ENOMEM);
}

static void put_sizes(struct page *page, const struct host_disk *d)
{
    const struct disk_facts *f = d->facts;
    char size[BYTES_TEXT_SIZE], allocated[BYTES_TEXT_SIZE], virtual[BYTES_TEXT_SIZE];

    if (!f)
        page_sentence(page, 8, "", "size %s", bytes_format(d->file_size, size));
    else
        page_sentence(page, 8, "", "%s %s, size %s, holds %s of %s", disk_kind_name(f->kind),
                      disk_format_name(f->format), bytes_format(d->file_size, size),
                      f->has_counts ? bytes_format(f->allocated_bytes, allocated) : "?",
                      bytes_format(f->virtual_size, virtual));
}

static void put_link(struct page *page, size_t disk)
{
    const struct disk_verdict *v = &page->report->verdict.disks[disk];
    const struct disk_facts *f = page->report->host.disks.items[disk].facts;
    const struct disk_parent *p = f ? f->parent : NULL;
    const char *key = parent_key_name(v->parent_key);

    if (v->parent_state == PARENT_NONE)
        return;
    page_sentence(page, 8, "parent: ", "%s%s%s", parent_state_name(v->parent_state),
                  key ? ", found by " : "", key ? key : "");
    if (!p)
        return;
    put_guid(page, "linkage: ", p->has_linkage, &p->linkage);
    put_guid(page, "linkage2: ", p->has_linkage2, &p->linkage2);
    put_path(page, "relative path: ", p->relative_path);
    put_path(page, "volume path: ", p->volume_path);
    put_path(page, "absolute path: ", p->absolute_path);
}

static void put_layer(struct page *page, size_t number, size_t disk)
{
    const struct host_disk *d = &page->report->host.disks.items[disk];
    const struct disk_verdict *v = &page->report->verdict.disks[disk];
    const struct disk_facts *f = d->facts;

    page_blank(page, 2);
    page_ink(page, severity_ink(v->severity), severity_mark(page, v->severity));
    output_printf(page->out, " %zu. ", number);
    page_line(page, 0, d->path);
    page_sentence(page, 8, "", "%s, %s", class_name(v->class), severity_name(v->severity));
    for (enum disk_overlay o = 0; o < OVERLAY_COUNT; o++)
        if (v->overlays & 1u << o)
            page_sentence(page, 8, "", "+ %s", overlay_name(o));
    if (d->error)
        page_paragraph(page, 8, "can't be read: ", d->error);
    put_sizes(page, d);
    put_guid(page, "identifier of the content: ", f && !guid_is_zero(&f->data_write_guid),
             f ? &f->data_write_guid : NULL);
    put_link(page, disk);
}

static void put_chain(struct page *page, const struct chain *c)
{
    const struct host *host = &page->report->host;
    const char *of_checkpoint =
        c->machine != HOST_NONE && c->checkpoint != HOST_NONE ? ", at a checkpoint" : "";
    char id[GUID_TEXT_SIZE];

    page_end_line(page);
    page_sentence(page, 0, "", "CHAIN of %s%s%s: %zu layer%s, leaf to base%s",
                  c->machine == HOST_NONE ? "no VM" : "VM ",
                  c->machine == HOST_NONE
                      ? ""
                      : text_machine_name(&host->machines.items[c->machine], id),
                  of_checkpoint, c->layers.count, plural(c->layers.count),
                  c->complete ? "" : "; INCOMPLETE");
    for (size_t i = 0; i < c->layers.count; i++)
        put_layer(page, i + 1, c->layers.items[i]);
}

static void put_findings(struct page *page)
{
    const struct report *r = page->report;
    bool said = false;

    for (size_t i = 0; i < r->verdict.findings.count; i++) {
        const struct finding *f = &r->verdict.findings.items[i];
        if (!report_shows_finding(r, i))
            continue;
        if (!said)
            page_heading(page, "FINDINGS");
        said = true;
        page_remark(page, 0, f->severity, "%s: %s", f->code, f->summary);
    }
}

static void put_lone_disks(struct page *page)
{
    const struct report *r = page->report;

    page_line(page, 0, "No chain contains it.");
    for (size_t i = 0; i < r->verdict.disk_count; i++)
        if (r->shown.disks[i])
            put_layer(page, 1, i);
}

void text_chains(struct page *page)
{
    const struct report *r = page->report;
    size_t shown = 0;

    if (!r->shown.disks)
        return;

    for (size_t i = 0; i < r->verdict.chains.count; i++)
        if (r->shown.chains[i]) {
            put_chain(page, &r->verdict.chains.items[i]);
            shown++;
        }
    if (shown == 0)
        put_lone_disks(page);
    put_findings(page);
}

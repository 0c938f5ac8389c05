/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* What changed between the shadow copies of a volume, and since the last one. */
#include "report/text_sections.h"

#include "base/cleanup.h"
#include "base/strbuf.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* What a disk or chain did between two times, and what its figures count. */
static const struct {
    const char *deed, *unit;
} words[] = {
    [CHANGE_NEW_DISK] = {"appeared", ""},
    [CHANGE_VANISHED_DISK] = {"vanished", ""},
    [CHANGE_NEW_ORPHAN] = {"became an orphan", ""},
    [CHANGE_ORPHAN_GONE] = {"ceased to be an orphan", ""},
    [CHANGE_CLASS_CHANGED] = {"got another class", ""},
    [CHANGE_CHAIN_GROWN] = {"got more layers on it", " layers"},
    [CHANGE_CHAIN_SHRUNK] = {"lost layers on it", " layers"},
    [CHANGE_MERGE_DONE] = {"was merged into the disk below it", ""},
    [CHANGE_LAYER_VANISHED] = {"vanished, and nothing tells of a merge,", ""},
    [CHANGE_DISK_GROWN] = {"grew", " bytes"},
    [CHANGE_DISK_SHRUNK] = {"shrank", " bytes"},
};

const char *text_shadow_name(const struct host_evidence *evidence, char buffer[TEXT_SHADOW_SIZE])
{
    const struct image_shadow *shadow = &evidence->shadow;
    char when[WHEN_TEXT_SIZE];

    if (shadow->number == 0)
        return "now";
    when_format(shadow->created, WHEN_SECONDS, when);
    snprintf(buffer, TEXT_SHADOW_SIZE, "vss%u (%s)", shadow->number,
             when[0] ? when : "its time is not known");
    return buffer;
}

static void put_change(struct page *page, const struct history_change *c)
{
    const struct host_evidence *evidence = page->report->host.evidence.items;
    const struct change *change = &c->change;
    bool appeared = change->kind == CHANGE_NEW_ORPHAN && !change->before;
    const char *unit = words[change->kind].unit;
    char from[TEXT_SHADOW_SIZE], to[TEXT_SHADOW_SIZE];
    CLEANUP(strbuf) struct strbuf text = {0};

    strbuf_printf(&text, "%s between %s and %s",
                  appeared ? "appeared as an orphan" : words[change->kind].deed,
                  text_shadow_name(&evidence[c->from], from),
                  text_shadow_name(&evidence[c->to], to));
    if (change->before)
        strbuf_printf(&text, ": %s%s before", change->before, unit);
    if (change->after)
        strbuf_printf(&text, "%s%s%s%s", change->before ? ", " : ": ", change->after, unit,
                      change->before ? " after" : "");
    if (text.failed)
        output_fail(page->out, -ENOMEM);
    else
        page_paragraph(page, 6, "", strbuf_text(&text));
    for (size_t i = 0; i < change->evidence.count; i++)
        page_paragraph(page, 8, "- ", change->evidence.items[i]);
    if (change->confidence != CONFIDENCE_CONFIRMED)
        page_sentence(page, 8, "", "(%s)", confidence_name(change->confidence));
}

static void put_undecided(struct page *page)
{
    size_t count = page->report->history.undecided;

    if (count > 0)
        page_sentence(page, 2, "",
                      "In %zu case%s it can't be said whether a disk became an orphan "
                      "or ceased to be one: what is known of the VMs is not the same at both "
                      "times.",
                      count, plural(count));
}

void text_shadows(struct page *page)
{
    const struct report *r = page->report;
    size_t copies = 0;

    if (!r->shadow_copies)
        return;
    for (size_t i = 0; i < r->host.evidence.count; i++)
        copies += r->host.evidence.items[i].shadow.number > 0;
    page_heading(page, "WHAT CHANGED BETWEEN SHADOW COPIES");
    page_sentence(page, 2, "", "%zu shadow cop%s, and the host as it is now:", copies,
                  copies == 1 ? "y" : "ies");
    if (r->history.changes.count == 0)
        page_line(page, 4, "nothing");
    for (size_t i = 0; i < r->history.changes.count; i++) {
        const struct history_change *c = &r->history.changes.items[i];
        if (i == 0 || strcmp(c[-1].change.subject, c->change.subject) != 0)
            page_line(page, 4, c->change.subject);
        put_change(page, c);
    }
    put_undecided(page);
}

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* What changed since an earlier report. */
#include "report/text_sections.h"

#include <string.h>

static void put_change(struct page *page, const struct change *c)
{
    page_sentence(page, 6, "", "%s: %s%s%s%s%s%s", change_kind_name(c->kind), c->summary,
                  c->before ? " Before: " : "", c->before ? c->before : "",
                  c->before ? "." : "", c->after ? " Now: " : "", c->after ? c->after : "");
    for (size_t i = 0; i < c->evidence.count; i++)
        page_paragraph(page, 8, "- ", c->evidence.items[i]);
    if (c->confidence != CONFIDENCE_CONFIRMED)
        page_sentence(page, 8, "", "(%s)", confidence_name(c->confidence));
}

void text_changes(struct page *page)
{
    const struct report *r = page->report;

    if (!r->compared)
        return;
    page_heading(page, "CHANGES");
    page_sentence(page, 2, "", "Since the report that was finished %s:",
                  r->compared_with ? r->compared_with : "at a time that it does not tell");
    if (r->changes.count == 0)
        page_line(page, 4, "nothing");
    for (size_t i = 0; i < r->changes.count; i++) {
        const struct change *c = &r->changes.items[i];
        if (i == 0 || strcmp(c[-1].subject, c->subject) != 0)
            page_line(page, 4, c->subject);
        put_change(page, c);
    }
}

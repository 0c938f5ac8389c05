/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* What changed between shadow copies: a table that sorts and filters like the others. */
#include "report/html.h"
#include "report/text_sections.h"

static void put_row(struct output *out, const struct report *r, const struct history_change *c)
{
    const struct host_evidence *evidence = r->host.evidence.items;
    const struct change *change = &c->change;
    char time[TEXT_SHADOW_SIZE], id[GUID_TEXT_SIZE];

    output_text(out, "<tr>");
    html_cell(out, change_kind_name(change->kind));
    html_path_cell(out, change->subject);
    html_cell(out, c->has_vm ? guid_format(&c->vm, id) : NULL);
    html_cell(out, text_shadow_name(&evidence[c->from], time));
    html_cell(out, text_shadow_name(&evidence[c->to], time));
    html_cell(out, change->before);
    html_cell(out, change->after);
    output_printf(out, "<td class=\"p\">%s", change->summary);
    html_strings(out, "", &change->evidence, "span");
    output_printf(out, "</td><td>%s</td></tr>\n", confidence_name(change->confidence));
}

void html_shadows(struct output *out, const struct report *r)
{
    static const char *const heads[] = {"Change", "Subject", "VM",   "Between",  "And",
                                        "Before", "After",   "What", "How sure", NULL};

    if (!r->shadow_copies)
        return;
    output_text(out, "<h2 id=\"shadows\">What changed between shadow copies</h2>\n");
    if (r->history.changes.count == 0) {
        output_text(out, "<p>Nothing.</p>\n");
        return;
    }
    html_open_table(out, true, heads);
    for (size_t i = 0; i < r->history.changes.count; i++)
        put_row(out, r, &r->history.changes.items[i]);
    html_close_table(out);
}

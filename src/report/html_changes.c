/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* What changed since an earlier report: a table that sorts and filters like the others. */
#include "report/html.h"
#include "report/text_sections.h"

static void put_row(struct output *out, const struct report *r, const struct change *c)
{
    char id[GUID_TEXT_SIZE];

    output_text(out, "<tr>");
    html_cell(out, change_kind_name(c->kind));
    html_path_cell(out, c->subject);
    html_cell(out, c->machine == HOST_NONE
                       ? NULL
                       : text_machine_name(&r->host.machines.items[c->machine], id));
    html_cell(out, c->before);
    html_cell(out, c->after);
    output_printf(out, "<td class=\"p\">%s", c->summary);
    html_strings(out, "", &c->evidence, "span");
    output_printf(out, "</td><td>%s</td></tr>\n", confidence_name(c->confidence));
}

void html_changes(struct output *out, const struct report *r)
{
    static const char *const heads[] = {"Change", "Subject", "VM",       "Before",
                                        "Now",    "What",    "How sure", NULL};

    if (!r->compared)
        return;
    output_text(out, "<h2 id=\"changes\">Changes</h2>\n<p>Since the report that was finished ");
    html_text(out, r->compared_with ? r->compared_with : "at a time that it does not tell");
    output_text(out, r->changes.count > 0 ? ":</p>\n" : ": nothing.</p>\n");
    if (r->changes.count == 0)
        return;
    html_open_table(out, true, heads);
    for (size_t i = 0; i < r->changes.count; i++)
        put_row(out, r, &r->changes.items[i]);
    html_close_table(out);
}

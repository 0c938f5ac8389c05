/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "report/html.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "report/page.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

/* `breakable`: lines may end behind separators of paths. */
static void put_text(struct output *out, const char *text, bool breakable)
{
    static const char *const escapes[128] = {
        ['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;", ['"'] = "&quot;", ['\''] = "&#39;",
    };
    CLEANUP_FREE char *printable = text_printable(text);

    if (!printable)
        output_fail(out, -ENOMEM);
    for (const unsigned char *p = (const unsigned char *)printable; p && *p; p++) {
        if (*p < sizeof(escapes) / sizeof(*escapes) && escapes[*p])
            output_text(out, escapes[*p]);
        else
            output_char(out, (char)*p);
        if (breakable && (*p == '/' || *p == '\\' || *p == '_'))
            output_text(out, "<wbr>");
    }
}

void html_text(struct output *out, const char *text)
{
    put_text(out, text, false);
}

void html_cell(struct output *out, const char *text)
{
    output_text(out, "<td>");
    put_text(out, text ? text : "", false);
    output_text(out, "</td>");
}

void html_path_cell(struct output *out, const char *path)
{
    output_text(out, "<td class=\"p\">");
    put_text(out, path ? path : "", true);
    output_text(out, "</td>");
}

void html_bytes_cell(struct output *out, uint64_t bytes)
{
    char text[BYTES_TEXT_SIZE];

    output_printf(out, "<td class=\"n\" data-v=\"%" PRIu64 "\">%s</td>", bytes,
                  bytes_format(bytes, text));
}

void html_time_cell(struct output *out, filetime when)
{
    char text[WHEN_TEXT_SIZE];

    output_printf(out, "<td data-v=\"%" PRIu64 "\">%s</td>", when,
                  when ? when_format(when, WHEN_SECONDS, text) : "");
}

void html_severity_cell(struct output *out, enum severity severity, const char *text)
{
    output_printf(out, "<td class=\"s%d\" data-v=\"%d\">", (int)severity, (int)severity);
    html_text(out, text);
    output_text(out, "</td>");
}

void html_open_table(struct output *out, bool sorts, const char *const *heads)
{
    output_printf(out, "<div class=\"wide\"><table%s><thead><tr>", sorts ? " class=\"sort\"" : "");
    for (; *heads; heads++) {
        output_text(out, "<th>");
        html_text(out, *heads);
        output_text(out, "</th>");
    }
    output_text(out, "</tr></thead><tbody>\n");
}

void html_close_table(struct output *out)
{
    output_text(out, "</tbody></table></div>\n");
}

void html_strings(struct output *out, const char *title, const string_list *list,
                  const char *element)
{
    if (list->count == 0)
        return;
    output_printf(out, "%s%s%s<ul>", *title ? "<p>" : "", title, *title ? "</p>" : "");
    for (size_t i = 0; i < list->count; i++) {
        output_printf(out, "<li><%s>", element);
        html_text(out, list->items[i]);
        output_printf(out, "</%s></li>", element);
    }
    output_text(out, "</ul>\n");
}

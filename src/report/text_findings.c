/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "report/finding_words.h"
#include "report/text_sections.h"

#include "base/cleanup.h"
#include "base/strbuf.h"

#include <errno.h>
#include <stdlib.h>

size_t *text_finding_order(struct page *page)
{
    const struct verdict *v = &page->report->verdict;
    size_t *order = v->findings.count > 0 ? malloc(v->findings.count * sizeof(*order)) : NULL;
    size_t filled = 0;

    if (!order) {
        if (v->findings.count > 0)
            output_fail(page->out, -ENOMEM);
        return NULL;
    }
    for (int severity = SEVERITY_DATA_LOSS_RISK; severity >= SEVERITY_OK; severity--)
        for (size_t i = 0; i < v->findings.count; i++)
            if (v->findings.items[i].severity == (enum severity)severity)
                order[filled++] = i;
    return order;
}

static void put_list(struct page *page, const char *title, const string_list *list)
{
    if (list->count == 0)
        return;
    page_line(page, 4, title);
    for (size_t i = 0; i < list->count; i++)
        page_paragraph(page, 6, "- ", list->items[i]);
}

/* Commands are for copying: one line each, whole. */
static void put_commands(struct page *page, const string_list *commands)
{
    if (commands->count == 0)
        return;
    page_paragraph(page, 4, "", WORDS_COMMANDS);
    for (size_t i = 0; i < commands->count; i++)
        page_line(page, 6, commands->items[i]);
}

static void put_title(struct page *page, size_t number, const struct finding *f)
{
    CLEANUP_FREE char *text = string_printf("%zu. %s", number, f->code);

    if (!text) {
        output_fail(page->out, -ENOMEM);
        return;
    }
    page_title(page, f->severity, text);
    page_blank(page, 4);
    page_ink(page, severity_ink(f->severity), severity_name(f->severity));
    page_ink(page, INK_PLAIN, ", ");
    page_ink(page, INK_PLAIN, confidence_name(f->confidence));
    page_end_line(page);
}

static void put_subject(struct page *page, const struct finding *f)
{
    const struct host *host = &page->report->host;
    char id[GUID_TEXT_SIZE];

    if (f->disk != HOST_NONE || f->machine == HOST_NONE)
        page_line(page, 4, f->subject);
    if (f->machine != HOST_NONE)
        page_sentence(page, 4, "", "VM %s",
                      text_machine_name(&host->machines.items[f->machine], id));
}

static void put_finding(struct page *page, size_t number, const struct finding *f)
{
    put_title(page, number, f);
    put_subject(page, f);
    page_paragraph(page, 4, "", f->summary);
    put_list(page, WORDS_SEEN, &f->evidence);
    if (f->explanation)
        page_paragraph(page, 4, WORDS_MATTERS, f->explanation);
    put_list(page, WORDS_SETTLE, &f->blocked_by);
    if (f->next_step)
        page_paragraph(page, 4, WORDS_NEXT, f->next_step);
    put_commands(page, &f->commands);
}

void text_findings(struct page *page, const size_t *order)
{
    const struct verdict *v = &page->report->verdict;

    if (v->findings.count > 0)
        page_heading(page, "FINDINGS");
    for (size_t i = 0; i < v->findings.count; i++)
        put_finding(page, i + 1, &v->findings.items[order[i]]);
}

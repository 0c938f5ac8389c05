/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* The report for a person who has to decide something at night: the verdict comes first. */
#include "report/printers.h"
#include "report/text_sections.h"

#include "base/cleanup.h"

#include <stdlib.h>

#define WIDTH_DEFAULT 80
#define WIDTH_MIN     40

void text_errors(struct page *page)
{
    const struct host *host = &page->report->host;
    bool said = false;

    for (size_t i = 0; i < host->evidence.count; i++) {
        const struct host_evidence *e = &host->evidence.items[i];
        for (size_t n = 0; n < e->errors.count; n++) {
            if (!said)
                page_heading(page, "NOT READ");
            said = true;
            page_paragraph(page, 2, "- ", e->errors.items[n]);
        }
    }
}

static const char *yes_no(bool value)
{
    return value ? "yes" : "no";
}

/* Everything here belongs to the run; what stands above is the same for the same evidence. */
static void put_run(struct page *page)
{
    const struct report *r = page->report;

    page_end_line(page);
    page_sentence(page, 0, "", "hvchain " HVCHAIN_VERSION ", %s to %s. Evidence was only read; "
                  "kept from writing by Landlock: %s, by seccomp: %s.",
                  r->started ? r->started : "?", r->finished ? r->finished : "?",
                  yes_no(r->sandbox.landlock), yes_no(r->sandbox.seccomp));
}

static void put_scan(struct page *page)
{
    CLEANUP_FREE size_t *order = text_finding_order(page);

    if (page->out->status < 0)
        return;
    text_hosts(page);
    text_overview(page, order);
    text_changes(page);
    text_shadows(page);
    text_machines(page);
    text_findings(page, order);
    text_diagnoses(page);
    text_traces(page);
    text_timeline(page);
}

static void put_events(struct page *page)
{
    text_hosts(page);
    text_events(page);
}

static void put_diagnoses(struct page *page)
{
    text_hosts(page);
    text_diagnoses(page);
}

static void (*const views[])(struct page *) = {
    [REPORT_SCAN] = put_scan,
    [REPORT_PLAN] = text_plans,
    [REPORT_CHAIN] = text_chains,
    [REPORT_INSPECT] = text_inspections,
    [REPORT_EVENTS] = put_events,
    [REPORT_DIAGNOSES] = put_diagnoses,
};

void report_print_text(struct output *out, const struct report *r, const struct report_style *style)
{
    static const struct report_style plain = {.width = WIDTH_DEFAULT};
    struct page page = {.out = out, .report = r, .style = style ? *style : plain};

    if (page.style.width < WIDTH_MIN)
        page.style.width = WIDTH_MIN;
    views[r->view](&page);
    text_errors(&page);
    put_run(&page);
}

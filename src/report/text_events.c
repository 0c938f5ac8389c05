/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Events in the order of time, and diagnoses with what to do. */
#include "report/finding_words.h"
#include "report/text_sections.h"

#include "base/checked.h"
#include "base/cleanup.h"
#include "base/strbuf.h"
#include "event/codes.h"

#include <errno.h>
#include <string.h>

static void put_event(struct page *page, const struct host_event *e)
{
    const struct event *event = &e->event;
    const struct host *host = &page->report->host;
    const struct code_info *code = event->has_code ? code_lookup(event->code) : NULL;
    const char *vm = event->vm_name;
    char when[WHEN_TEXT_SIZE], number[CODE_TEXT_SIZE];

    if (!vm && e->machine != HOST_NONE)
        vm = host->machines.items[e->machine].name;
    page_sentence(page, 0, "", "%s%s  %s%s%s%s%s%s%s%s%s",
                  event->time ? when_format(event->time, event->precision, when) : "(no time)",
                  event->local_time ? " (local time, zone unknown)"
                  : e->zone_hive    ? " (from local time)"
                                    : "",
                  event->kind, vm ? "  VM " : "", vm ? vm : "",
                  e->tie == TIE_BY_NAME ? " (by its name)" : "",
                  event->has_code ? "  " : "", event->has_code ? code_format(event->code, number) : "",
                  code && code->symbol ? " " : "", code && code->symbol ? code->symbol : "",
                  event->recovered ? "  (recovered)" : "");
    if (event->message)
        page_paragraph(page, 4, "", event->message);
    for (size_t i = 0; i < event->paths.count; i++)
        page_line(page, 4, event->paths.items[i]);
    if (event->has_record)
        page_sentence(page, 4, "", "%s %u, %s %llu", event->provider ? event->provider : "?",
                      event->event_id, event->record ? "record" : "entry",
                      (unsigned long long)(event->record ? event->record : event->place));
}

/* Once for each hive by which times were converted. */
static void put_zones(struct page *page)
{
    const struct host *host = &page->report->host;

    for (size_t h = 0; h < host->hives.count; h++) {
        const struct host_hive *hive = &host->hives.items[h];
        size_t converted = 0;
        for (size_t i = 0; i < host->events.count; i++)
            converted += host->events.items[i].zone_hive == hive->path;
        if (converted > 0)
            page_sentence(page, 0, "", "%zu time%s written in local time; in UTC by the zone that "
                          "%s tells%s%s.", converted, converted == 1 ? " was" : "s were",
                          hive->path, hive->facts.time_zone ? ": " : "",
                          hive->facts.time_zone ? hive->facts.time_zone : "");
    }
}

static bool is_named_before(const struct host *host, size_t event, uint32_t code)
{
    for (size_t i = 0; i < event; i++) {
        const struct event *e = &host->events.items[i].event;
        if ((e->has_code && e->code == code) || (e->has_inner_code && e->inner_code == code))
            return true;
    }
    return false;
}

static void put_code(struct page *page, uint32_t code)
{
    CLEANUP_FREE char *line = code_explain(code);

    if (line)
        page_paragraph(page, 2, "", line);
    else
        output_fail(page->out, -ENOMEM);
}

/* What each code means, once. */
static void put_codes(struct page *page)
{
    const struct host *host = &page->report->host;
    bool said = false;

    for (size_t i = 0; i < host->events.count; i++) {
        const struct event *e = &host->events.items[i].event;
        const struct {
            bool there;
            uint32_t code;
        } codes[] = {{e->has_code, e->code},
                     {e->has_inner_code && e->inner_code != e->code, e->inner_code}};
        for (size_t c = 0; c < ARRAY_SIZE(codes); c++) {
            if (!codes[c].there || !code_lookup(codes[c].code) ||
                is_named_before(host, i, codes[c].code))
                continue;
            if (!said)
                page_heading(page, "CODES");
            said = true;
            put_code(page, codes[c].code);
        }
    }
}

void text_events(struct page *page)
{
    const struct host *host = &page->report->host;

    page_heading(page, "EVENTS");
    put_zones(page);
    if (host->events.count == 0)
        page_paragraph(page, 0, "", "Nothing that matters to checkpoints, merges or backups.");
    for (size_t i = 0; i < host->events.count; i++)
        put_event(page, &host->events.items[i]);
    put_codes(page);
}

static void put_lines(struct page *page, const char *title, const string_list *lines)
{
    if (lines->count == 0)
        return;
    page_line(page, 4, title);
    for (size_t i = 0; i < lines->count; i++)
        page_paragraph(page, 6, "- ", lines->items[i]);
}

static enum severity diagnosis_severity(enum diagnosis_verdict verdict)
{
    switch (verdict) {
    case DIAGNOSIS_CONFIRMED:
    case DIAGNOSIS_LIKELY:
        return SEVERITY_PROBLEM;
    case DIAGNOSIS_POSSIBLE:
        return SEVERITY_WARNING;
    default:
        return SEVERITY_INFO;
    }
}

static const char *risk_words(enum remedy_risk risk)
{
    static const char *const words[] = {"[safe] ", "[interrupts service] ", "[touches data] "};

    return words[risk];
}

static void put_diagnosis(struct page *page, const struct diagnosis *d)
{
    const struct host *host = &page->report->host;
    CLEANUP_FREE char *title =
        string_printf("%s: %s", d->rule, diagnosis_verdict_name(d->verdict));
    char id[GUID_TEXT_SIZE];

    if (!title) {
        output_fail(page->out, -ENOMEM);
        return;
    }
    page_title(page, diagnosis_severity(d->verdict), title);
    if (d->machine != HOST_NONE)
        page_sentence(page, 4, "", "VM %s",
                      text_machine_name(&host->machines.items[d->machine], id));
    else if (d->vm_name)
        page_sentence(page, 4, "", "VM %s", d->vm_name);
    page_paragraph(page, 4, "", d->summary);
    put_lines(page, WORDS_SEEN, &d->evidence);
    put_lines(page, WORDS_AGAINST, &d->contradictions);
    put_lines(page, WORDS_MISSING, &d->missing);
    if (d->verdict == DIAGNOSIS_EXCLUDED)
        return;
    page_line(page, 4, "What to do, in this order:");
    for (size_t i = 0; i < d->remedy_count; i++) {
        page_paragraph(page, 6, risk_words(d->remedies[i].risk), d->remedies[i].text);
        if (d->remedies[i].command)
            page_line(page, 8, d->remedies[i].command);
    }
}

static bool has_line(const struct diagnosis *d, const char *line)
{
    for (size_t i = 0; i < d->missing.count; i++)
        if (strcmp(d->missing.items[i], line) == 0)
            return true;
    return false;
}

/* "orphaned-checkpoint-logon-right of VM web01, spp-timeout": which of the list miss the same. */
static void put_unjudged_rules(struct page *page, const struct diagnosis_list *list, size_t from,
                               const char *line)
{
    const struct host *host = &page->report->host;
    struct strbuf rules = {0};
    char id[GUID_TEXT_SIZE];

    for (size_t i = from; i < list->count; i++) {
        const struct diagnosis *d = &list->items[i];
        if (!has_line(d, line))
            continue;
        strbuf_printf(&rules, "%s%s", rules.length > 0 ? ", " : "for ", d->rule);
        if (d->machine != HOST_NONE)
            strbuf_printf(&rules, " of VM %s",
                          text_machine_name(&host->machines.items[d->machine], id));
    }
    if (rules.failed)
        output_fail(page->out, -ENOMEM);
    page_paragraph(page, 6, "", strbuf_text(&rules));
    strbuf_free(&rules);
}

/* What is missing, each once, and which rules it would settle. They stand last in the list. */
static void put_unjudged(struct page *page, const struct diagnosis_list *list)
{
    size_t from = 0;

    while (from < list->count && list->items[from].verdict != DIAGNOSIS_NO_DATA)
        from++;
    if (from < list->count)
        page_heading(page, "NOT JUDGED, FOR WANT OF LOGS");
    for (size_t i = from; i < list->count; i++)
        for (size_t m = 0; m < list->items[i].missing.count; m++) {
            const char *line = list->items[i].missing.items[m];
            bool said = false;
            for (size_t before = from; before < i && !said; before++)
                said = has_line(&list->items[before], line);
            if (said)
                continue;
            page_paragraph(page, 2, "- ", line);
            put_unjudged_rules(page, list, i, line);
        }
}

void text_diagnoses(struct page *page)
{
    const struct diagnosis_list *list = &page->report->diagnoses;

    if (list->count == 0 && page->report->view != REPORT_DIAGNOSES)
        return;
    page_heading(page, "DIAGNOSIS");
    if (list->count == 0 || list->items[0].verdict == DIAGNOSIS_NO_DATA)
        page_paragraph(page, 0, "",
                       "No known failure shows in what was read. That proves nothing where logs "
                       "are missing.");
    for (int verdict = DIAGNOSIS_CONFIRMED; verdict < DIAGNOSIS_NO_DATA; verdict++)
        for (size_t i = 0; i < list->count; i++)
            if (list->items[i].verdict == (enum diagnosis_verdict)verdict)
                put_diagnosis(page, &list->items[i]);
    put_unjudged(page, list);
}

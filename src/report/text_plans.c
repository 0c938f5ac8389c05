/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Plans for people: what is at stake and what forbids it come first, then steps with figures. */
#include "report/plan_words.h"
#include "report/text_sections.h"

#include "base/cleanup.h"
#include "base/strbuf.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char *disk_path(const struct page *page, size_t disk)
{
    return page->report->host.disks.items[disk].path;
}

/* "label 2.1 MiB (2202009 bytes)" */
static void put_bytes(struct page *page, unsigned indent, const char *label, uint64_t bytes)
{
    char text[BYTES_TEXT_SIZE];

    page_sentence(page, indent, label, "%s (%" PRIu64 " byte%s)", bytes_format(bytes, text), bytes,
                  plural(bytes));
}

static void put_title(struct page *page, size_t index)
{
    const struct plan *plan = &page->report->plans.items[index];
    const struct host *host = &page->report->host;
    char id[GUID_TEXT_SIZE];
    CLEANUP_FREE char *title = string_printf(
        "PLAN %zu of %zu: %s%s", index + 1, page->report->plans.count,
        plan->machine == HOST_NONE ? "disk of no VM" : "VM ",
        plan->machine == HOST_NONE ? ""
                                   : text_machine_name(&host->machines.items[plan->machine], id));
    CLEANUP_FREE char *printable = title ? page_printable(page, title) : NULL;

    if (printable)
        page_title(page, plan_worst(plan), printable);
    else
        output_fail(page->out, -ENOMEM);
}

static void put_blockers(struct page *page, const struct plan *plan)
{
    if (plan->blockers.count == 0) {
        page_line(page, 4, plan_words.nothing_forbids);
        return;
    }
    page_line(page, 4, plan_words.settle);
    for (size_t i = 0; i < plan->blockers.count; i++) {
        const struct plan_blocker *b = &plan->blockers.items[i];
        page_remark(page, 6, b->severity, "%s: %s", b->code, b->text);
        if (b->detail)
            page_paragraph(page, 8, "", b->detail);
    }
}

static void put_strings(struct page *page, const char *title, const string_list *list)
{
    if (list->count > 0)
        page_line(page, 4, title);
    for (size_t i = 0; i < list->count; i++)
        page_paragraph(page, 6, "- ", list->items[i]);
}

static void put_choices(struct page *page, const struct plan *plan)
{
    if (!plan->offers[CHOICE_KEEP].why)
        return;
    page_line(page, 4, plan_words.choice);
    for (enum plan_choice c = 0; c < CHOICE_COUNT; c++)
        page_sentence(page, 6, plan->offers[c].offered ? "yes " : "no  ", "%s: %s",
                      plan_choice_name(c), plan->offers[c].why);
}

/* What may be the parent that was lost, the best first. */
static void put_candidates(struct page *page, const struct plan *plan)
{
    put_strings(page, plan_words.linkage, &plan->link_evidence);
    if (plan->candidates.count > 0)
        page_line(page, 4, plan_words.candidates);
    for (size_t i = 0; i < plan->candidates.count; i++) {
        const struct plan_candidate *c = &plan->candidates.items[i];
        page_line(page, 6, disk_path(page, c->disk));
        for (size_t n = 0; n < c->reasons.count; n++)
            page_paragraph(page, 8, "- ", c->reasons.items[n]);
        page_sentence(page, 8, plan_words.ignore_mismatch, "%s: %s",
                      plan_sanity_name(c->ignore_mismatch), c->why);
    }
}

static void put_second(struct page *page, const struct plan_second *second)
{
    if (!second->asked)
        return;
    page_sentence(page, 4, plan_words.second, "%s", plan_second_words(second->verdict));
    put_bytes(page, 6, plan_words.second_read, second->read_bytes);
    if (second->known_bytes > 0)
        put_bytes(page, 6, plan_words.second_known, second->known_bytes);
    if (second->contradicted_bytes > 0)
        put_bytes(page, 6, plan_words.second_other, second->contradicted_bytes);
}

static void put_volumes(struct page *page, const struct plan *plan)
{
    if (!plan->measured)
        return;
    page_line(page, 4, plan_words.space);
    for (size_t i = 0; i < plan->volumes.count; i++) {
        const struct plan_volume *volume = &plan->volumes.items[i];
        char needed[BYTES_TEXT_SIZE];
        page_sentence(page, 6, "", "on %s %s (%" PRIu64 " byte%s), %s", volume->name,
                      bytes_format(volume->peak_extra_bytes, needed), volume->peak_extra_bytes,
                      plural(volume->peak_extra_bytes), plan_space_words(volume));
    }
}

/* ", label 2.1 MiB (2202009 bytes)"; what is nothing needs no exact figure. */
static void add_bytes(struct strbuf *line, const char *label, uint64_t bytes)
{
    char text[BYTES_TEXT_SIZE];

    strbuf_printf(line, "%s%s%s", line->length > 0 ? ", " : "", label, bytes_format(bytes, text));
    if (bytes > 0)
        strbuf_printf(line, " (%" PRIu64 " byte%s)", bytes, plural(bytes));
}

static void put_figures(struct page *page, unsigned indent, const struct strbuf *line)
{
    if (line->failed)
        output_fail(page->out, -ENOMEM);
    else if (line->length > 0)
        page_paragraph(page, indent, "", strbuf_text(line));
}

static void put_layer(struct page *page, const struct plan *plan, const struct plan_layer *layer)
{
    filetime modified = page->report->host.disks.items[layer->disk].modified;
    CLEANUP(strbuf) struct strbuf line = {0};
    char when[WHEN_TEXT_SIZE];

    page_line(page, 6, disk_path(page, layer->disk));
    if (modified)
        strbuf_printf(&line, "%s", when_format(modified, WHEN_SECONDS, when));
    if (plan->measured) {
        add_bytes(&line, "present ", layer->present_bytes);
        add_bytes(&line, "unique ", layer->unique_bytes);
    }
    put_figures(page, 8, &line);
}

static void put_layers(struct page *page, const struct plan *plan)
{
    page_paragraph(page, 4, "", plan_words.layers);
    for (size_t i = 0; i < plan->layers.count; i++)
        put_layer(page, plan, &plan->layers.items[i]);
}

static void put_costs(struct page *page, const struct plan *plan, const struct plan_step *step)
{
    CLEANUP(strbuf) struct strbuf line = {0};

    if (plan->measured) {
        add_bytes(&line, plan_words.copies, step->copy_bytes);
        if (plan->compared)
            add_bytes(&line, plan_words.equal, step->equal_bytes);
        add_bytes(&line, plan_words.grows, step->grow_bytes);
    }
    add_bytes(&line, plan_words.frees, step->free_bytes);
    put_figures(page, 8, &line);
}

/* Layers of one folder need it said once. */
static void put_step(struct page *page, const struct plan *plan, size_t index)
{
    const struct plan_step *step = &plan->steps.items[index];
    const char *child = disk_path(page, step->child), *parent = disk_path(page, step->parent);
    size_t folder = (size_t)(path_file_name(child) - child);
    bool together = strncmp(child, parent, folder) == 0 && !strchr(parent + folder, '/');
    CLEANUP_FREE char *from = string_printf("%zu. %s", index + 1, child);
    CLEANUP_FREE char *into = string_printf("into %s", together ? parent + folder : parent);

    if (!from || !into) {
        output_fail(page->out, -ENOMEM);
        return;
    }
    page_line(page, 6, from);
    page_line(page, 8, into);
    put_costs(page, plan, step);
}

static void put_sum(struct page *page, const struct plan *plan)
{
    struct plan_step sum = plan_sum(plan);

    if (plan->steps.count < 2)
        return;
    page_line(page, 6, plan_words.together);
    put_costs(page, plan, &sum);
}

static void put_steps(struct page *page, const struct plan *plan)
{
    if (plan->steps.count == 0)
        return;
    page_line(page, 4, plan_words.steps);
    for (size_t i = 0; i < plan->steps.count; i++)
        put_step(page, plan, i);
    put_sum(page, plan);
    put_volumes(page, plan);
    if (!plan->measured)
        page_line(page, 4, plan_words.no_figures);
}

static void put_script(struct page *page, const struct plan *plan)
{
    if (plan->commands.count == 0)
        return;
    page_line(page, 4, plan_words.script);
    for (size_t i = 0; i < plan->commands.count; i++)
        page_line(page, 6, plan->commands.items[i]);
}

static void put_checks(struct page *page, const struct plan *plan)
{
    const char *const *check = plan_checks_before(plan->kind);

    if (*check)
        page_line(page, 4, plan_words.before);
    for (; *check; check++)
        page_paragraph(page, 6, "[ ] ", *check);
    if (*plan_checks_before(plan->kind))
        page_line(page, 6, plan_words.sign);
    if (plan->checks_after.count > 0)
        page_line(page, 4, plan_words.after);
    for (size_t i = 0; i < plan->checks_after.count; i++)
        page_paragraph(page, 6, "[ ] ", plan->checks_after.items[i]);
}

static void put_plan(struct page *page, size_t index)
{
    const struct plan *plan = &page->report->plans.items[index];

    put_title(page, index);
    page_line(page, 4, disk_path(page, plan->leaf));
    page_sentence(page, 4, plan_words.what_to_do, "%s (%s)", plan_kind_words(plan->kind),
                  plan_kind_name(plan->kind));
    if (plan->choice)
        page_paragraph(page, 4, plan_words.at_stake, plan->choice);
    put_strings(page, plan_words.what_it_is, &plan->stake.lines);
    put_blockers(page, plan);
    put_candidates(page, plan);
    put_choices(page, plan);
    put_layers(page, plan);
    put_steps(page, plan);
    put_second(page, &plan->second);
    put_script(page, plan);
    put_checks(page, plan);
}

/* How many there are of each kind: of hundreds nobody reads all to know. */
static void put_kinds(struct page *page)
{
    const struct plan_list *plans = &page->report->plans;

    for (enum plan_kind kind = 0; plans->count > 1 && kind <= PLAN_NOTHING_TO_DO; kind++) {
        size_t count = plan_count(plans, kind);
        if (count > 0)
            page_sentence(page, 2, "", "%zu plan%s: %s (%s)", count, plural(count),
                          plan_kind_words(kind), plan_kind_name(kind));
    }
}

void text_plans(struct page *page)
{
    const struct plan_list *plans = &page->report->plans;

    page_paragraph(page, 0, "", plans->count > 0 ? plan_words.intro : plan_words.nothing);
    put_kinds(page);
    for (size_t i = 0; i < plans->count; i++)
        put_plan(page, i);
}

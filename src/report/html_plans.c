/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Plans to print, to tick off and to sign: what forbids each comes first, then steps with figures.
 */
#include "report/html.h"

#include "base/checked.h"
#include "report/page.h"
#include "report/plan_words.h"
#include "report/text_sections.h"

static const char *path_of(const struct report *r, size_t disk)
{
    return r->host.disks.items[disk].path;
}

static void put_title(struct output *out, const char *title)
{
    output_text(out, "<p>");
    html_text(out, title);
    output_text(out, "</p>\n");
}

static void put_blockers(struct output *out, const struct plan *plan)
{
    put_title(out, plan->blockers.count > 0 ? plan_words.settle : plan_words.nothing_forbids);
    output_text(out, "<ul>\n");
    for (size_t i = 0; i < plan->blockers.count; i++) {
        const struct plan_blocker *b = &plan->blockers.items[i];
        output_printf(out, "<li><span class=\"s%d\">%s</span> <b>%s</b>: ", (int)b->severity,
                      severity_name(b->severity), b->code);
        html_text(out, b->text);
        if (b->detail) {
            output_text(out, "<br><code>");
            html_text(out, b->detail);
            output_text(out, "</code>");
        }
        output_text(out, "</li>\n");
    }
    output_text(out, "</ul>\n");
}

/* What may be the parent that was lost, the best first. */
static void put_candidates(struct output *out, const struct report *r, const struct plan *plan)
{
    html_strings(out, plan_words.linkage, &plan->link_evidence, "span");
    if (plan->candidates.count == 0)
        return;
    put_title(out, plan_words.candidates);
    output_text(out, "<ol>\n");
    for (size_t i = 0; i < plan->candidates.count; i++) {
        const struct plan_candidate *c = &plan->candidates.items[i];
        output_text(out, "<li><code>");
        html_text(out, path_of(r, c->disk));
        output_text(out, "</code><ul>");
        for (size_t n = 0; n < c->reasons.count; n++)
            output_printf(out, "<li>%s</li>", c->reasons.items[n]);
        output_printf(out, "<li>%s%s: %s</li></ul></li>\n", plan_words.ignore_mismatch,
                      plan_sanity_name(c->ignore_mismatch), c->why);
    }
    output_text(out, "</ol>\n");
}

static void put_choices(struct output *out, const struct plan *plan)
{
    if (!plan->offers[CHOICE_KEEP].why)
        return;
    put_title(out, plan_words.choice);
    output_text(out, "<ul>\n");
    for (enum plan_choice c = 0; c < CHOICE_COUNT; c++)
        output_printf(out, "<li><b>%s</b> %s: %s</li>\n", plan->offers[c].offered ? "yes" : "no",
                      plan_choice_name(c), plan->offers[c].why);
    output_text(out, "</ul>\n");
}

static void put_second(struct output *out, const struct plan_second *second)
{
    const struct {
        const char *title;
        uint64_t bytes;
        bool shown;
    } lines[] = {
        {plan_words.second_read, second->read_bytes, true},
        {plan_words.second_known, second->known_bytes, second->known_bytes > 0},
        {plan_words.second_other, second->contradicted_bytes, second->contradicted_bytes > 0},
    };
    char bytes[BYTES_TEXT_SIZE];

    if (!second->asked)
        return;
    output_printf(out, "<p>%s%s</p>\n<ul>", plan_words.second, plan_second_words(second->verdict));
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
        if (lines[i].shown)
            output_printf(out, "<li>%s%s</li>", lines[i].title,
                          bytes_format(lines[i].bytes, bytes));
    output_text(out, "</ul>\n");
}

/* A figure that is only known where every layer could be read. */
static void put_figure(struct output *out, bool known, uint64_t bytes)
{
    if (known)
        html_bytes_cell(out, bytes);
    else
        html_cell(out, NULL);
}

static void put_layers(struct output *out, const struct report *r, const struct plan *plan)
{
    static const char *const heads[] = {"Layer",   "Written (UTC)", "Size",
                                        "Present", "Unique",        NULL};

    put_title(out, plan_words.layers);
    html_open_table(out, false, heads);
    for (size_t i = 0; i < plan->layers.count; i++) {
        const struct plan_layer *layer = &plan->layers.items[i];
        output_text(out, "<tr>");
        html_path_cell(out, path_of(r, layer->disk));
        html_time_cell(out, r->host.disks.items[layer->disk].modified);
        html_bytes_cell(out, r->host.disks.items[layer->disk].file_size);
        put_figure(out, plan->measured, layer->present_bytes);
        put_figure(out, plan->measured, layer->unique_bytes);
        output_text(out, "</tr>\n");
    }
    html_close_table(out);
}

static void put_volumes(struct output *out, const struct plan *plan)
{
    char bytes[BYTES_TEXT_SIZE];

    put_title(out, plan_words.space);
    output_text(out, "<ul>\n");
    for (size_t i = 0; i < plan->volumes.count; i++) {
        const struct plan_volume *volume = &plan->volumes.items[i];
        output_text(out, "<li><code>");
        html_text(out, volume->name);
        output_printf(out, "</code>: %s, %s</li>\n", bytes_format(volume->peak_extra_bytes, bytes),
                      plan_space_words(volume));
    }
    output_text(out, "</ul>\n");
}

static void put_costs(struct output *out, const struct plan *plan, const struct plan_step *step)
{
    put_figure(out, plan->measured, step->copy_bytes);
    put_figure(out, plan->measured && plan->compared, step->equal_bytes);
    put_figure(out, plan->measured, step->grow_bytes);
    html_bytes_cell(out, step->free_bytes);
    output_text(out, "</tr>\n");
}

static void put_steps(struct output *out, const struct report *r, const struct plan *plan)
{
    static const char *const heads[] = {
        "Step",  "Merge", "Into", "Copies", "Of them equal already", "Grows the parent by",
        "Frees", NULL};

    if (plan->steps.count == 0)
        return;
    put_title(out, plan_words.steps);
    html_open_table(out, false, heads);
    for (size_t i = 0; i < plan->steps.count; i++) {
        const struct plan_step *step = &plan->steps.items[i];
        output_printf(out, "<tr><td class=\"n\" data-v=\"%zu\">%zu</td>", i + 1, i + 1);
        html_path_cell(out, path_of(r, step->child));
        html_path_cell(out, path_of(r, step->parent));
        put_costs(out, plan, step);
    }
    if (plan->steps.count > 1) {
        struct plan_step sum = plan_sum(plan);
        output_printf(out, "<tr><td></td><td><b>%s</b></td><td></td>", plan_words.together);
        put_costs(out, plan, &sum);
    }
    html_close_table(out);
    if (plan->measured)
        put_volumes(out, plan);
    else
        put_title(out, plan_words.no_figures);
}

static void put_script(struct output *out, const struct plan *plan)
{
    if (plan->commands.count == 0)
        return;
    put_title(out, plan_words.script);
    output_text(out, "<pre>");
    for (size_t i = 0; i < plan->commands.count; i++) {
        html_text(out, plan->commands.items[i]);
        output_char(out, '\n');
    }
    output_text(out, "</pre>\n");
}

static void put_check(struct output *out, const char *check)
{
    output_text(out, "<li>");
    html_text(out, check);
    output_text(out, "</li>\n");
}

static void put_checks(struct output *out, const struct plan *plan)
{
    const char *const *check = plan_checks_before(plan->kind);

    if (*check) {
        put_title(out, plan_words.before);
        output_text(out, "<ul class=\"check\">\n");
        for (; *check; check++)
            put_check(out, *check);
        output_text(out, "</ul>\n");
        put_title(out, plan_words.sign);
    }
    if (plan->checks_after.count == 0)
        return;
    put_title(out, plan_words.after);
    output_text(out, "<ul class=\"check\">\n");
    for (size_t i = 0; i < plan->checks_after.count; i++)
        put_check(out, plan->checks_after.items[i]);
    output_text(out, "</ul>\n");
}

static void put_plan(struct output *out, const struct report *r, size_t index)
{
    const struct plan *plan = &r->plans.items[index];
    char id[GUID_TEXT_SIZE];

    output_printf(out, "<h2 class=\"plan s%d\">Plan %zu of %zu: %s", (int)plan_worst(plan),
                  index + 1, r->plans.count, plan->machine == HOST_NONE ? "disk of no VM" : "VM ");
    if (plan->machine != HOST_NONE)
        html_text(out, text_machine_name(&r->host.machines.items[plan->machine], id));
    output_text(out, "</h2>\n<p><code>");
    html_text(out, path_of(r, plan->leaf));
    output_printf(out, "</code></p>\n<p>%s<b>%s</b> (%s)</p>\n", plan_words.what_to_do,
                  plan_kind_words(plan->kind), plan_kind_name(plan->kind));
    if (plan->choice) {
        output_printf(out, "<p>%s", plan_words.at_stake);
        html_text(out, plan->choice);
        output_text(out, "</p>\n");
    }
    html_strings(out, plan_words.what_it_is, &plan->stake.lines, "span");
    put_blockers(out, plan);
    put_candidates(out, r, plan);
    put_choices(out, plan);
    put_layers(out, r, plan);
    put_steps(out, r, plan);
    put_second(out, &plan->second);
    put_script(out, plan);
    put_checks(out, plan);
}

static void put_kinds(struct output *out, const struct plan_list *plans)
{
    output_text(out, "<ul>\n");
    for (enum plan_kind kind = 0; plans->count > 1 && kind <= PLAN_NOTHING_TO_DO; kind++) {
        size_t count = plan_count(plans, kind);
        if (count > 0)
            output_printf(out, "<li>%zu plan%s: %s (%s)</li>\n", count, plural(count),
                          plan_kind_words(kind), plan_kind_name(kind));
    }
    output_text(out, "</ul>\n");
}

void html_plans(struct output *out, const struct report *r)
{
    output_text(out, "<h1>hvchain plan</h1>\n");
    put_title(out, r->plans.count > 0 ? plan_words.intro : plan_words.nothing);
    put_kinds(out, &r->plans);
    for (size_t i = 0; i < r->plans.count; i++)
        put_plan(out, r, i);
}

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Plans to print, to tick off and to sign: what forbids each comes first, then steps with figures.
 */
#include "report/html.h"

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "report/page.h"
#include "report/text_sections.h"

#include <errno.h>
#include <stdlib.h>

static const char *path_of(const struct report *r, size_t disk)
{
    return r->host.disks.items[disk].path;
}

static void put_blockers(struct output *out, const struct plan *plan)
{
    output_text(out, plan->blockers.count > 0
                         ? "<p>First settle:</p>\n<ul>"
                         : "<p>First settle: nothing was found that forbids it.</p>\n");
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
    if (plan->blockers.count > 0)
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
    static const char *const heads[] = {
        "Layer, youngest first", "Written (UTC)", "Size", "Present", "In no layer below", NULL};

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

static void put_steps(struct output *out, const struct report *r, const struct plan *plan)
{
    static const char *const heads[] = {
        "Step",  "Merge", "Into", "Copies", "Of them equal already", "Grows the parent by",
        "Frees", NULL};
    char bytes[BYTES_TEXT_SIZE];

    if (plan->steps.count == 0)
        return;
    output_text(out, "<p>Steps, in this order and no other:</p>\n");
    html_open_table(out, false, heads);
    for (size_t i = 0; i < plan->steps.count; i++) {
        const struct plan_step *step = &plan->steps.items[i];
        output_printf(out, "<tr><td class=\"n\" data-v=\"%zu\">%zu</td>", i + 1, i + 1);
        html_path_cell(out, path_of(r, step->child));
        html_path_cell(out, path_of(r, step->parent));
        put_figure(out, plan->measured, step->copy_bytes);
        put_figure(out, plan->measured && plan->compared, step->equal_bytes);
        put_figure(out, plan->measured, step->grow_bytes);
        html_bytes_cell(out, step->free_bytes);
        output_text(out, "</tr>\n");
    }
    html_close_table(out);
    if (plan->measured)
        output_printf(out, "<p>Extra space at the worst moment, on the base's volume: %s</p>\n",
                      bytes_format(plan->peak_extra_bytes, bytes));
    else
        output_text(out, "<p>The figures are not known: not every layer could be read.</p>\n");
}

static void put_script(struct output *out, const struct plan *plan)
{
    if (plan->commands.count == 0)
        return;
    output_text(out, "<p>Script; every line that would change something is commented out:</p>\n"
                     "<pre>");
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
        output_text(out, "<p>Before anything is changed (tick and sign):</p>\n"
                         "<ul class=\"check\">\n");
        for (; *check; check++)
            put_check(out, *check);
        output_text(out, "</ul>\n<p>Name, date: ______________________________</p>\n");
    }
    if (plan->checks_after.count == 0)
        return;
    output_text(out, "<p>Afterwards:</p>\n<ul class=\"check\">\n");
    for (size_t i = 0; i < plan->checks_after.count; i++)
        put_check(out, plan->checks_after.items[i]);
    output_text(out, "</ul>\n");
}

static enum severity worst_of(const struct plan *plan)
{
    enum severity worst = SEVERITY_INFO;

    for (size_t i = 0; i < plan->blockers.count; i++)
        if (plan->blockers.items[i].severity > worst)
            worst = plan->blockers.items[i].severity;
    return worst;
}

static void put_plan(struct output *out, const struct report *r, size_t index)
{
    const struct plan *plan = &r->plans.items[index];
    char id[GUID_TEXT_SIZE];

    output_printf(out, "<h2 class=\"plan s%d\">Plan %zu of %zu: %s", (int)worst_of(plan), index + 1,
                  r->plans.count, plan->machine == HOST_NONE ? "disk of no VM" : "VM ");
    if (plan->machine != HOST_NONE)
        html_text(out, text_machine_name(&r->host.machines.items[plan->machine], id));
    output_text(out, "</h2>\n<p><code>");
    html_text(out, path_of(r, plan->leaf));
    output_printf(out, "</code></p>\n<p>What to do: <b>%s</b> (%s)</p>\n",
                  text_plan_kind(plan->kind), plan_kind_name(plan->kind));
    if (plan->choice) {
        output_text(out, "<p>At stake: ");
        html_text(out, plan->choice);
        output_text(out, "</p>\n");
    }
    put_blockers(out, plan);
    put_layers(out, r, plan);
    put_steps(out, r, plan);
    put_script(out, plan);
    put_checks(out, plan);
}

void html_plans(struct output *out, const struct report *r)
{
    output_text(out, "<h1>hvchain plan</h1>\n<p>");
    output_text(out, r->plans.count > 0 ? "What could be cleaned up, and what forbids it. Nothing "
                                          "of it was done.</p>\n"
                                        : "There is nothing to clean up.</p>\n");
    for (size_t i = 0; i < r->plans.count; i++)
        put_plan(out, r, i);
}

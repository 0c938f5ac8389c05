/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* The members of a plan. */
#include "report/records.h"

size_t report_count_plans(const struct report *r)
{
    return r->plans.count;
}

static void put_layers(struct json_writer *w, const struct report *r, const struct plan *p)
{
    json_open_array(w, "layers");
    for (size_t i = 0; i < p->layers.count; i++) {
        const struct plan_layer *layer = &p->layers.items[i];
        json_open_object(w, NULL);
        report_put_disk(w, "disk", r, layer->disk);
        json_write_number_if(w, "present_bytes", p->measured, layer->present_bytes);
        json_write_number_if(w, "unique_bytes", p->measured, layer->unique_bytes);
        json_close_object(w);
    }
    json_close_array(w);
}

static void put_steps(struct json_writer *w, const struct report *r, const struct plan *p)
{
    json_open_array(w, "steps");
    for (size_t i = 0; i < p->steps.count; i++) {
        const struct plan_step *step = &p->steps.items[i];
        json_open_object(w, NULL);
        report_put_disk(w, "child", r, step->child);
        report_put_disk(w, "parent", r, step->parent);
        json_write_number_if(w, "copy_bytes", p->measured, step->copy_bytes);
        json_write_number_if(w, "grow_bytes", p->measured, step->grow_bytes);
        json_write_number(w, "free_bytes", step->free_bytes);
        json_write_number_if(w, "equal_bytes", p->compared, step->equal_bytes);
        json_close_object(w);
    }
    json_close_array(w);
}

static void put_blockers(struct json_writer *w, const struct plan *p)
{
    json_open_array(w, "blockers");
    for (size_t i = 0; i < p->blockers.count; i++) {
        const struct plan_blocker *b = &p->blockers.items[i];
        json_open_object(w, NULL);
        json_write_string(w, "code", b->code);
        json_write_string(w, "text", b->text);
        json_write_string(w, "detail", b->detail);
        json_write_string(w, "severity", severity_name(b->severity));
        json_close_object(w);
    }
    json_close_array(w);
}

static void put_checks_before(struct json_writer *w, const struct plan *p)
{
    json_open_array(w, "checks_before");
    for (const char *const *check = plan_checks_before(p->kind); *check; check++)
        json_write_string(w, NULL, *check);
    json_close_array(w);
}

void report_plan_members(struct json_writer *w, const struct report *r, size_t index)
{
    const struct plan *p = &r->plans.items[index];

    report_put_vm(w, r, p->machine);
    report_put_disk(w, "leaf", r, p->leaf);
    json_write_string(w, "kind", plan_kind_name(p->kind));
    json_write_string(w, "choice", p->choice);
    json_write_bool(w, "measured", p->measured);
    put_layers(w, r, p);
    put_steps(w, r, p);
    json_write_number_if(w, "peak_extra_bytes", p->measured, p->peak_extra_bytes);
    put_blockers(w, p);
    json_write_strings(w, "commands", p->commands.items, p->commands.count);
    put_checks_before(w, p);
    json_write_strings(w, "checks_after", p->checks_after.items, p->checks_after.count);
}

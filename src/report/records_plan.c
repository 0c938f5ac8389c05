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

static void put_choices(struct json_writer *w, const struct plan *p)
{
    json_open_array(w, "choices");
    for (enum plan_choice c = 0; c < CHOICE_COUNT && p->offers[c].why; c++) {
        json_open_object(w, NULL);
        json_write_string(w, "choice", plan_choice_name(c));
        json_write_bool(w, "offered", p->offers[c].offered);
        json_write_string(w, "why", p->offers[c].why);
        json_close_object(w);
    }
    json_close_array(w);
}

static void put_fork(struct json_writer *w, const struct report *r, const struct plan_fork *f)
{
    if (f->ancestor == HOST_NONE) {
        json_write_null(w, "fork");
        return;
    }
    json_open_object(w, "fork");
    report_put_disk(w, "ancestor", r, f->ancestor);
    report_put_disk(w, "living_leaf", r, f->living);
    json_write_guid_if(w, "living_vm", r->host.machines.items[f->machine].has_id,
                       &r->host.machines.items[f->machine].id);
    json_write_number(w, "living_layers", f->living_layers);
    json_write_number(w, "other_chains", f->other_chains);
    json_write_time(w, "since", f->since);
    json_write_string(w, "since_from", plan_since_name(f->since_by));
    json_close_object(w);
}

static void put_stake(struct json_writer *w, const struct report *r, const struct plan *p)
{
    const struct plan_stake *s = &p->stake;

    if (!s->is_orphan) {
        json_write_null(w, "stake");
        return;
    }
    json_open_object(w, "stake");
    json_write_number(w, "layers", s->layers);
    json_write_number(w, "allocated_bytes", s->allocated_bytes);
    json_write_number(w, "file_bytes", s->file_bytes);
    json_write_time(w, "oldest", s->oldest);
    json_write_time(w, "newest", s->newest);
    put_fork(w, r, &s->fork);
    report_put_disk(w, "compared_with", r, s->against);
    json_write_number_if(w, "differing_bytes", s->compared, s->differing_bytes);
    json_write_strings(w, "text", s->lines.items, s->lines.count);
    json_close_object(w);
}

static void put_candidates(struct json_writer *w, const struct report *r, const struct plan *p)
{
    json_open_array(w, "candidates");
    for (size_t i = 0; i < p->candidates.count; i++) {
        const struct plan_candidate *c = &p->candidates.items[i];
        json_open_object(w, NULL);
        report_put_disk(w, "disk", r, c->disk);
        json_open_array(w, "reasons");
        for (size_t n = 0; n < c->reasons.count; n++)
            json_write_string(w, NULL, c->reasons.items[n]);
        json_close_array(w);
        json_write_string(w, "ignore_id_mismatch", plan_sanity_name(c->ignore_mismatch));
        json_write_string(w, "why", c->why);
        json_close_object(w);
    }
    json_close_array(w);
}

static void put_volumes(struct json_writer *w, const struct plan *p)
{
    json_open_array(w, "volumes");
    for (size_t i = 0; i < p->volumes.count; i++) {
        const struct plan_volume *v = &p->volumes.items[i];
        json_open_object(w, NULL);
        json_write_string(w, "volume", v->name);
        json_write_number_if(w, "peak_extra_bytes", p->measured, v->peak_extra_bytes);
        /* What a live file system says changes from run to run: only what follows is told. */
        json_write_number_if(w, "stated_free_bytes", v->is_stated, v->free_bytes);
        if (v->has_free && p->measured)
            json_write_bool(w, "enough", v->free_bytes >= v->peak_extra_bytes);
        else
            json_write_null(w, "enough");
        json_close_object(w);
    }
    json_close_array(w);
}

static void put_second(struct json_writer *w, const struct plan_second *s)
{
    if (!s->asked) {
        json_write_null(w, "second_reader");
        return;
    }
    json_open_object(w, "second_reader");
    json_write_string(w, "reader", "libvhdi");
    json_write_string(w, "verdict", witness_verdict_name(s->verdict));
    json_write_number(w, "read_bytes", s->read_bytes);
    json_write_number(w, "known_difference_bytes", s->known_bytes);
    json_write_number(w, "contradicting_bytes", s->contradicted_bytes);
    json_write_number_if(w, "first_contradiction", s->contradicted_bytes > 0,
                         s->first_contradiction);
    json_close_object(w);
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
    put_choices(w, p);
    put_stake(w, r, p);
    json_write_bool(w, "measured", p->measured);
    put_layers(w, r, p);
    put_steps(w, r, p);
    json_write_number_if(w, "peak_extra_bytes", p->measured, p->peak_extra_bytes);
    put_volumes(w, p);
    put_second(w, &p->second);
    put_blockers(w, p);
    put_candidates(w, r, p);
    json_write_strings(w, "link_evidence", p->link_evidence.items, p->link_evidence.count);
    json_write_strings(w, "commands", p->commands.items, p->commands.count);
    put_checks_before(w, p);
    json_write_strings(w, "checks_after", p->checks_after.items, p->checks_after.count);
}

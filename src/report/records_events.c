/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* The members of events and diagnoses. */
#include "report/records.h"

#include "base/checked.h"
#include "event/codes.h"

#include <stdio.h>
#include <string.h>

size_t report_count_events(const struct report *r)
{
    return r->host.events.count;
}

/* A record may use one name twice; an object of JSON may not: "Data", "Data#2" … */
static void put_event_data(struct json_writer *w, const struct event *event)
{
    json_open_object(w, "data");
    for (size_t i = 0; i < event->data.count; i++) {
        const struct event_item *item = &event->data.items[i];
        const char *name = item->name && *item->name ? item->name : "Data";
        char numbered[128];
        unsigned same = 1;
        for (size_t before = 0; before < i; before++) {
            const char *other = event->data.items[before].name;
            same += strcmp(other && *other ? other : "Data", name) == 0;
        }
        snprintf(numbered, sizeof(numbered), "%s#%u", name, same);
        json_write_string(w, same > 1 ? numbered : name, item->value);
    }
    json_close_object(w);
}

void report_event_members(struct json_writer *w, const struct report *r, size_t index)
{
    static const char *const levels[] = {NULL, "critical", "error", "warning", "information",
                                         "verbose"};
    const struct host_event *e = &r->host.events.items[index];
    const struct event *event = &e->event;
    const struct code_info *code = event->has_code ? code_lookup(event->code) : NULL;
    const struct code_info *inner = event->has_inner_code ? code_lookup(event->inner_code) : NULL;
    char text[CODE_TEXT_SIZE], when[WHEN_TEXT_SIZE];

    json_write_string(w, "time",
                      event->time ? when_format(event->time, event->precision, when) : NULL);
    json_write_string(w, "provider", event->provider);
    json_write_string(w, "channel", event->channel);
    json_write_number(w, "event_id", event->event_id);
    json_write_number_if(w, "record", event->record != 0, event->record);
    json_write_string(w, "level",
                      event->level < ARRAY_SIZE(levels) ? levels[event->level] : NULL);
    json_write_string(w, "computer", event->computer);
    json_write_string(w, "user", event->user);
    json_write_number_if(w, "process_id", event->process_id != 0, event->process_id);
    json_write_string(w, "source", r->host.logs.items[e->log].path);
    json_write_string(w, "kind", event->kind);
    json_write_guid_if(w, "vm_id", event->has_vm_id, &event->vm_id);
    json_write_string(w, "vm_name", event->vm_name);
    report_put_vm(w, r, e->machine);
    json_write_string(w, "vm_by", host_tie_name(e->tie));
    json_write_string(w, "code", event->has_code ? code_format(event->code, text) : NULL);
    json_write_string(w, "code_name", code ? code->symbol : NULL);
    json_write_string(w, "code_meaning", code ? code->meaning : NULL);
    json_write_string(w, "code_cause", code ? code->cause : NULL);
    json_write_string(w, "code_remedy", code ? code->remedy : NULL);
    json_write_string(w, "inner_code",
                      event->has_inner_code ? code_format(event->inner_code, text) : NULL);
    json_write_string(w, "inner_code_name", inner ? inner->symbol : NULL);
    json_write_string(w, "inner_code_meaning", inner ? inner->meaning : NULL);
    json_write_string(w, "message", event->message);
    put_event_data(w, event);
    json_open_array(w, "disks");
    for (size_t i = 0; i < e->disks.count; i++)
        json_write_string(w, NULL, r->host.disks.items[e->disks.items[i]].path);
    json_close_array(w);
    json_write_bool(w, "recovered", event->recovered);
    json_write_bool(w, "local_time", event->local_time);
    json_write_string(w, "zone_hive", e->zone_hive);
}

size_t report_count_diagnoses(const struct report *r)
{
    return r->diagnoses.count;
}

/* The machine's id, else its name: the id is what other programs join by. */
static void put_machine(struct json_writer *w, const struct report *r, const struct diagnosis *d)
{
    const struct host_machine *m =
        d->machine == HOST_NONE ? NULL : &r->host.machines.items[d->machine];

    if (m && m->has_id)
        json_write_guid_if(w, "vm", true, &m->id);
    else
        json_write_string(w, "vm", m ? m->name : d->vm_name);
}

static void put_remedies(struct json_writer *w, const struct diagnosis *d)
{
    json_open_array(w, "remedies");
    for (size_t i = 0; i < d->remedy_count; i++) {
        json_open_object(w, NULL);
        json_write_string(w, "text", d->remedies[i].text);
        json_write_string(w, "risk", remedy_risk_name(d->remedies[i].risk));
        json_write_string(w, "command", d->remedies[i].command);
        json_close_object(w);
    }
    json_close_array(w);
}

void report_diagnosis_members(struct json_writer *w, const struct report *r, size_t index)
{
    const struct diagnosis *d = &r->diagnoses.items[index];

    json_write_string(w, "rule", d->rule);
    json_write_string(w, "verdict", diagnosis_verdict_name(d->verdict));
    put_machine(w, r, d);
    json_write_string(w, "summary", d->summary);
    json_write_strings(w, "evidence", d->evidence.items, d->evidence.count);
    json_write_strings(w, "missing", d->missing.items, d->missing.count);
    json_write_strings(w, "contradictions", d->contradictions.items, d->contradictions.count);
    put_remedies(w, d);
    json_write_time(w, "first", d->first);
    json_write_time(w, "last", d->last);
}

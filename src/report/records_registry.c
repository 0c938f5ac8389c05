/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* What each registry hive and security template says. */
#include "report/records.h"

static const char *right_name(enum logon_right right)
{
    static const char *const names[] = {
        [LOGON_RIGHT_UNKNOWN] = NULL,      [LOGON_RIGHT_UNDEFINED] = "undefined",
        [LOGON_RIGHT_GRANTED] = "granted", [LOGON_RIGHT_MISSING] = "missing",
        [LOGON_RIGHT_DENIED] = "denied",
    };

    return names[right];
}

static void put_number(struct json_writer *w, const char *name, const struct hive_number *number)
{
    json_write_number_if(w, name, number->present && number->type == HIVE_DWORD, number->value);
}

size_t report_count_hives(const struct report *r)
{
    return r->host.hives.count;
}

void report_hive_members(struct json_writer *w, const struct report *r, size_t index)
{
    const struct host_hive *hive = &r->host.hives.items[index];
    const struct hive_facts *f = &hive->facts;
    const struct host_evidence *evidence = &r->host.evidence.items[hive->evidence];

    json_write_string(w, "path", hive->path);
    report_put_host(w, r, evidence->node);
    json_write_string(w, "kind", hive_kind_name(f->kind));
    json_write_time(w, "written", f->written);
    json_write_bool(w, "pending_log", f->has_pending_log);
    json_write_string(w, "computer_name", f->computer_name);
    json_write_string(w, "time_zone", f->time_zone);
    json_write_signed_if(w, "bias_minutes", f->has_zone, f->zone.bias);
    json_write_string(w, "windows", f->product_name);
    json_write_number_if(w, "build", f->build > 0, f->build);
    put_number(w, "spp_create_timeout_ms", &f->create_timeout);
    json_write_time(w, "spp_changed", f->has_spp_key ? f->spp_written : 0);
    put_number(w, "eventsystem_type", &f->eventsystem_type);
    json_write_string(w, "eventsystem_group", f->eventsystem_group);
    json_write_strings(w, "eventsystem_peers", f->eventsystem_peers.items,
                       f->eventsystem_peers.count);
    json_write_string(w, "event_classes_typelib", f->event_classes.text);
    json_write_string(w, "service_logon_right", right_name(f->logon_right));
}

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* The records of the report, member by member, in the order of docs/report.md. */
#include "report/records.h"

#include "base/checked.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *report_evidence_kind(enum host_evidence_kind kind)
{
    static const char *const names[] = {
        [EVIDENCE_DIRECTORY] = "directory",
        [EVIDENCE_VOLUME] = "volume",
        [EVIDENCE_EVENT_LOG] = "event-log",
        [EVIDENCE_TEXT_LOG] = "text-log",
        [EVIDENCE_REGISTRY_HIVE] = "registry-hive",
        [EVIDENCE_INVENTORY] = "inventory",
    };

    return names[kind];
}

const char *report_checkpoint_kind(enum host_checkpoint_kind kind)
{
    static const char *const names[] = {
        [CHECKPOINT_UNKNOWN] = "unknown",
        [CHECKPOINT_STANDARD] = "standard",
        [CHECKPOINT_RECOVERY] = "recovery",
    };

    return names[kind];
}

static const char *match_name(enum host_match match)
{
    static const char *const names[] = {
        [MATCH_NOT_FOUND] = "not-found",
        [MATCH_MAPPED] = "mapped",
        [MATCH_VOLUME] = "volume",
        [MATCH_TAIL] = "tail",
        [MATCH_AMBIGUOUS] = "ambiguous",
    };

    return names[match];
}

/* Members that name another object: by path for disks, by identifier for machines. */

void report_put_disk(struct json_writer *w, const char *name, const struct report *r, size_t disk)
{
    json_write_string(w, name, disk == HOST_NONE ? NULL : r->host.disks.items[disk].path);
}

static void put_disk_paths(struct json_writer *w, const char *name, const struct report *r,
                           const size_t *disks, size_t count)
{
    json_open_array(w, name);
    for (size_t i = 0; i < count; i++)
        report_put_disk(w, NULL, r, disks[i]);
    json_close_array(w);
}

void report_put_vm(struct json_writer *w, const struct report *r, size_t machine)
{
    const struct host_machine *m =
        machine == HOST_NONE ? NULL : &r->host.machines.items[machine];

    json_write_guid_if(w, "vm", m && m->has_id, m ? &m->id : NULL);
}

static void put_tristate(struct json_writer *w, const char *name, enum host_tristate value)
{
    if (value == HOST_UNKNOWN)
        json_write_null(w, name);
    else
        json_write_bool(w, name, value == HOST_YES);
}

/* The host that it belongs to, as named on the command line; null for plain paths. */
void report_put_host(struct json_writer *w, const struct report *r, size_t node)
{
    const char *name = node < r->host.nodes.count ? r->host.nodes.items[node].name : "";

    json_write_string(w, "host", name[0] ? name : NULL);
}

void report_run_members(struct json_writer *w, const struct report *r)
{
    json_write_string(w, "tool", "hvchain");
    json_write_string(w, "version", HVCHAIN_VERSION);
    json_write_string(w, "started", r->started);
    json_write_string(w, "finished", r->finished);
    json_write_strings(w, "arguments", r->arguments.items, r->arguments.count);
    json_open_object(w, "sandbox");
    json_write_bool(w, "landlock", r->sandbox.landlock);
    json_write_bool(w, "seccomp", r->sandbox.seccomp);
    json_close_object(w);
}

static size_t count_evidence(const struct report *r)
{
    return r->host.evidence.count;
}

static void evidence_members(struct json_writer *w, const struct report *r, size_t index)
{
    const struct host_evidence *e = &r->host.evidence.items[index];

    json_write_string(w, "path", e->path);
    json_write_string(w, "kind", report_evidence_kind(e->kind));
    report_put_host(w, r, e->node);
    json_write_number(w, "files_seen", e->files_seen);
    json_write_number(w, "files_read", e->files_read);
    json_write_number(w, "bytes_read", e->bytes_read);
    json_write_strings(w, "errors", e->errors.items, e->errors.count);
    report_put_volume(w, r, index);
    report_put_links(w, r, index);
    report_put_shadows(w, r, index);
}

static void put_drives(struct json_writer *w, const struct report *r,
                       const struct host_drive *drives, size_t count)
{
    json_open_array(w, "disks");
    for (size_t i = 0; i < count; i++) {
        const struct host_drive *d = &drives[i];
        json_open_object(w, NULL);
        json_write_number_if(w, "controller", d->controller >= 0, (uint64_t)d->controller);
        json_write_number_if(w, "location", d->location >= 0, (uint64_t)d->location);
        json_write_string(w, "recorded_path", d->recorded_path);
        report_put_disk(w, "disk", r, d->disk);
        json_write_string(w, "match", match_name(d->match));
        json_close_object(w);
    }
    json_close_array(w);
}

static void put_checkpoints(struct json_writer *w, const struct report *r,
                            const struct host_machine *m)
{
    json_open_array(w, "checkpoints");
    for (size_t i = 0; i < m->checkpoints.count; i++) {
        const struct host_checkpoint *c = &m->checkpoints.items[i];
        json_open_object(w, NULL);
        json_write_guid_if(w, "id", c->has_id, &c->id);
        json_write_string(w, "name", c->name);
        json_write_string(w, "config", c->config);
        json_write_time(w, "created", c->created);
        json_write_string(w, "kind", report_checkpoint_kind(c->kind));
        put_drives(w, r, c->drives.items, c->drives.count);
        json_close_object(w);
    }
    json_close_array(w);
}

static size_t count_machines(const struct report *r)
{
    return r->host.machines.count;
}

static void machine_members(struct json_writer *w, const struct report *r, size_t index)
{
    const struct host_machine *m = &r->host.machines.items[index];
    bool has_file = m->config && !m->from_inventory;
    char version[32];

    snprintf(version, sizeof(version), "%d.%d", m->version_major, m->version_minor);
    json_write_guid_if(w, "id", m->has_id, &m->id);
    json_write_string(w, "name", m->name);
    report_put_host(w, r, m->node);
    json_write_string(w, "config", m->config);
    json_write_string(w, "config_format", has_file ? vm_format_name(m->format) : NULL);
    json_write_string(w, "config_version", has_file && m->version_major > 0 ? version : NULL);
    json_write_number_if(w, "generation", m->generation > 0, (uint64_t)m->generation);
    put_tristate(w, "registered", m->registered);
    json_write_bool(w, "planned", m->planned);
    put_tristate(w, "merge_pending", m->merge_pending);
    json_write_bool(w, "saved_state", m->saved_state);
    json_write_bool(w, "replicated", m->replicated);
    json_write_bool(w, "clustered", m->clustered);
    json_write_string(w, "journal", has_file ? vm_journal_name(m->journal) : NULL);
    put_drives(w, r, m->drives.items, m->drives.count);
    put_checkpoints(w, r, m);
}

/* Of facts that may have been rescued from a damaged file; 0 is never a real value of these. */
static void put_size(struct json_writer *w, const char *name, uint64_t size)
{
    json_write_number_if(w, name, size > 0, size);
}

/* `known` is false for a file of which nothing could be had; the facts are all zero then. */
void report_put_facts(struct json_writer *w, const struct disk_facts *f, bool known)
{
    json_write_string(w, "format", known ? disk_format_name(f->format) : NULL);
    json_write_string(w, "kind", known ? disk_kind_name(f->kind) : NULL);
    put_size(w, "virtual_size", f->virtual_size);
    put_size(w, "block_size", f->block_size);
    put_size(w, "logical_sector_size", f->logical_sector_size);
    put_size(w, "physical_sector_size", f->physical_sector_size);
    json_write_guid_if(w, "virtual_disk_id", f->has_virtual_disk_id, &f->virtual_disk_id);
    json_write_guid_if(w, "data_write_guid", !guid_is_zero(&f->data_write_guid),
                       &f->data_write_guid);
    json_write_guid_if(w, "file_write_guid", f->has_file_write_guid, &f->file_write_guid);
    json_write_string(w, "creator", f->creator);
    json_write_string(w, "log", known ? disk_log_name(f->log) : NULL);
    json_write_number_if(w, "allocated_bytes", f->has_counts, f->allocated_bytes);
    json_write_number_if(w, "allocated_blocks", f->has_counts, f->allocated_blocks);
    json_write_number_if(w, "partial_blocks", f->has_partial_blocks, f->partial_blocks);
}

static void put_parent(struct json_writer *w, const struct report *r, size_t disk)
{
    static const struct disk_parent nothing;
    const struct disk_facts *f = r->host.disks.items[disk].facts;
    const struct disk_verdict *v = &r->verdict.disks[disk];

    if (v->parent_state == PARENT_NONE && !(f && f->parent)) {
        json_write_null(w, "parent");
        return;
    }
    const struct disk_parent *p = f && f->parent ? f->parent : &nothing;
    json_open_object(w, "parent");
    json_write_guid_if(w, "linkage", p->has_linkage, &p->linkage);
    json_write_guid_if(w, "linkage2", p->has_linkage2, &p->linkage2);
    json_write_string(w, "relative_path", p->relative_path);
    json_write_string(w, "volume_path", p->volume_path);
    json_write_string(w, "absolute_path", p->absolute_path);
    report_put_disk(w, "resolved", r, v->parent);
    json_write_string(w, "resolved_by", parent_key_name(v->parent_key));
    json_write_string(w, "state", parent_state_name(v->parent_state));
    json_close_object(w);
}

void report_put_overlays(struct json_writer *w, unsigned overlays)
{
    json_open_array(w, "overlays");
    for (enum disk_overlay o = 0; o < OVERLAY_COUNT; o++)
        if (overlays & 1u << o)
            json_write_string(w, NULL, overlay_name(o));
    json_close_array(w);
}

static int compare_rules(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The rules of the format that the file breaks, each once. */
static void put_integrity(struct json_writer *w, const struct notes *notes)
{
    const char *rules[NOTES_MAX];
    size_t count = 0;

    for (size_t i = 0; i < notes->count && count < NOTES_MAX; i++)
        if (notes->items[i].severity >= SEVERITY_WARNING)
            rules[count++] = notes->items[i].rule;
    qsort(rules, count, sizeof(*rules), compare_rules);
    json_open_array(w, "integrity");
    for (size_t i = 0; i < count; i++)
        if (i == 0 || strcmp(rules[i], rules[i - 1]) != 0)
            json_write_string(w, NULL, rules[i]);
    json_close_array(w);
}

static size_t count_disks(const struct report *r)
{
    return r->host.disks.count;
}

/* Null unless the file lies on a volume that we read ourselves. */
static void put_volume_facts(struct json_writer *w, const struct report *r,
                             const struct host_disk *d)
{
    if (d->evidence >= r->host.evidence.count ||
        r->host.evidence.items[d->evidence].kind != EVIDENCE_VOLUME) {
        json_write_string(w, "on_volume", NULL);
        return;
    }
    json_open_object(w, "on_volume");
    json_write_number(w, "extents", d->extents);
    json_write_number(w, "mft_records", d->mft_records);
    json_write_number(w, "attribute_list_bytes", d->attribute_list_size);
    json_open_array(w, "permitted_vms");
    for (size_t i = 0; i < d->owners.count; i++)
        json_write_guid_if(w, NULL, true, &d->owners.items[i]);
    json_close_array(w);
    json_close_object(w);
}

static void disk_members(struct json_writer *w, const struct report *r, size_t index)
{
    static const struct disk_facts nothing;
    const struct host_disk *d = &r->host.disks.items[index];
    const struct disk_verdict *v = &r->verdict.disks[index];

    json_write_string(w, "path", d->path);
    json_write_number(w, "evidence", d->evidence);
    json_write_number(w, "file_size", d->file_size);
    json_write_time(w, "modified", d->modified);
    report_put_facts(w, d->facts ? d->facts : &nothing, d->facts != NULL);
    put_parent(w, r, index);
    put_disk_paths(w, "children", r, v->children.items, v->children.count);
    report_put_vm(w, r, v->machine);
    json_write_string(w, "class", class_name(v->class));
    json_write_string(w, "severity", severity_name(v->severity));
    report_put_overlays(w, v->overlays);
    put_integrity(w, &d->notes);
    json_write_string(w, "witness", d->witness_asked ? witness_verdict_name(d->witness) : NULL);
    put_volume_facts(w, r, d);
    json_write_string(w, "error", d->error);
}

static size_t count_chains(const struct report *r)
{
    return r->verdict.chains.count;
}

static void chain_members(struct json_writer *w, const struct report *r, size_t index)
{
    const struct chain *c = &r->verdict.chains.items[index];
    const struct host_checkpoint *checkpoint =
        c->machine == HOST_NONE || c->checkpoint == HOST_NONE
            ? NULL
            : &r->host.machines.items[c->machine].checkpoints.items[c->checkpoint];

    report_put_disk(w, "leaf", r, c->leaf);
    report_put_vm(w, r, c->machine);
    json_write_guid_if(w, "checkpoint", checkpoint && checkpoint->has_id,
                       checkpoint ? &checkpoint->id : NULL);
    put_disk_paths(w, "layers", r, c->layers.items, c->layers.count);
    json_write_bool(w, "complete", c->complete);
    json_write_number(w, "depth", c->layers.count);
    json_write_number(w, "untracked_layers", c->untracked_layers);
}

static size_t count_findings(const struct report *r)
{
    return r->verdict.findings.count;
}

static void finding_members(struct json_writer *w, const struct report *r, size_t index)
{
    const struct finding *f = &r->verdict.findings.items[index];

    json_write_string(w, "code", f->code);
    json_write_string(w, "severity", severity_name(f->severity));
    json_write_string(w, "subject", f->subject);
    report_put_vm(w, r, f->machine);
    json_write_string(w, "summary", f->summary);
    json_write_strings(w, "evidence", f->evidence.items, f->evidence.count);
    json_write_string(w, "explanation", f->explanation);
    json_write_string(w, "next_step", f->next_step);
    json_write_strings(w, "commands", f->commands.items, f->commands.count);
    json_write_strings(w, "blocked_by", f->blocked_by.items, f->blocked_by.count);
    json_write_string(w, "confidence", confidence_name(f->confidence));
}

void report_summary_members(struct json_writer *w, const struct report *r)
{
    const struct verdict_summary *s = &r->verdict.summary;

    json_write_number(w, "vms", s->machines);
    json_write_number(w, "checkpoints", s->checkpoints);
    json_write_number(w, "disks", s->disks);
    json_open_object(w, "by_class");
    for (enum disk_class c = CLASS_CORRUPT; c < CLASS_COUNT; c++)
        if (c != CLASS_BACKUP_CHECKPOINT)
            json_write_number(w, class_name(c), s->by_class[c]);
    json_close_object(w);
    json_open_object(w, "by_severity");
    for (enum severity v = SEVERITY_OK; v <= SEVERITY_DATA_LOSS_RISK; v++)
        json_write_number(w, severity_name(v), s->by_severity[v]);
    json_close_object(w);
    json_write_number(w, "orphans", s->orphans);
    json_write_number(w, "orphan_bytes", s->orphan_bytes);
    json_write_string(w, "worst_severity", severity_name(s->worst));
}

static bool shows_machine(const struct report *r, size_t index)
{
    return !r->shown.machines || r->shown.machines[index];
}

static bool shows_disk(const struct report *r, size_t index)
{
    return !r->shown.disks || r->shown.disks[index];
}

static bool shows_chain(const struct report *r, size_t index)
{
    return !r->shown.chains || r->shown.chains[index];
}

bool report_shows(const struct report *r, const struct report_list *list, size_t index)
{
    return !list->shown || list->shown(r, index);
}

bool report_has_list(const struct report *r, const struct report_list *list)
{
    return (list->views & 1u << r->view) != 0 && (r->compared || !(list->views & IN_COMPARED)) &&
           (r->shadow_copies || !(list->views & IN_SHADOWED));
}

bool report_has_summary(const struct report *r)
{
    return (IN_HOSTS & 1u << r->view) != 0;
}

const struct report_list report_lists[] = {
    {"evidence", "evidence", count_evidence, evidence_members, IN_EVENTS | IN_CHAIN | IN_INSPECT,
     NULL},
    {"registry", "hive", report_count_hives, report_hive_members, IN_EVENTS, NULL},
    {"vms", "vm", count_machines, machine_members, IN_HOSTS | IN_CHAIN, shows_machine},
    {"disks", "disk", count_disks, disk_members, IN_HOSTS | IN_CHAIN, shows_disk},
    {"chains", "chain", count_chains, chain_members, IN_HOSTS | IN_CHAIN, shows_chain},
    {"events", "event", report_count_events, report_event_members, IN_EVENTS, NULL},
    {"diagnoses", "diagnosis", report_count_diagnoses, report_diagnosis_members, IN_DIAGNOSES,
     NULL},
    {"traces", "trace", report_count_traces, report_trace_members, IN_SCAN, NULL},
    {"timeline", "journal-entry", report_count_lives, report_life_members, IN_SCAN, NULL},
    {"findings", "finding", count_findings, finding_members, IN_HOSTS | IN_CHAIN,
     report_shows_finding},
    {"plans", "plan", report_count_plans, report_plan_members, IN_PLAN, NULL},
    {"changes", "change", report_count_changes, report_change_members, IN_SCAN | IN_COMPARED, NULL},
    {"shadow_disks", "shadow-disk", report_count_shadow_disks, report_shadow_disk_members,
     IN_SCAN | IN_SHADOWED, NULL},
    {"shadow_changes", "shadow-change", report_count_shadow_changes, report_shadow_change_members,
     IN_SCAN | IN_SHADOWED, NULL},
    {"files", "file", report_count_files, report_file_members, IN_INSPECT, NULL},
    {NULL, NULL, NULL, NULL, 0, NULL},
};

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* The members of disks in shadow copies, and of what changed between these. */
#include "report/records.h"

#include "base/cleanup.h"
#include "base/strbuf.h"

#include <errno.h>
#include <string.h>

static void put_shadow(struct json_writer *w, const struct host_evidence *e)
{
    if (e->shadow.number == 0) {
        json_write_null(w, "shadow_copy");
        return;
    }
    json_open_object(w, "shadow_copy");
    json_write_number(w, "number", e->shadow.number);
    json_write_number(w, "of", e->shadow_of);
    json_write_time(w, "created", e->shadow.created);
    json_write_guid_if(w, "id", !guid_is_zero(&e->shadow.id), &e->shadow.id);
    json_write_guid_if(w, "set_id", !guid_is_zero(&e->shadow.set_id), &e->shadow.set_id);
    json_close_object(w);
}

void report_put_shadows(struct json_writer *w, const struct report *r, size_t evidence)
{
    const struct host_evidence *e = &r->host.evidence.items[evidence];
    bool is_volume = e->kind == EVIDENCE_VOLUME && e->shadow.number == 0;

    json_write_number_if(w, "shadow_copies", is_volume && !e->unreadable, e->shadows);
    put_shadow(w, e);
}

/* A path on the volume as one in the copy: IMAGE!p1!/a as IMAGE!p1!vss2!/a. */
static void put_path(struct json_writer *w, const char *name, const struct report *r, size_t copy,
                     const char *path)
{
    const struct host_evidence *c = &r->host.evidence.items[copy];
    const char *volume = r->host.evidence.items[c->shadow_of].path;
    size_t length = strlen(volume);

    if (!path || strncmp(path, volume, length) != 0) {
        json_write_string(w, name, path);
        return;
    }
    CLEANUP_FREE char *there = string_printf("%s%s", c->path, path + length);
    if (there)
        json_write_string(w, name, there);
    else
        output_fail(w->out, -ENOMEM);
}

size_t report_count_shadow_disks(const struct report *r)
{
    return r->history.disks.count;
}

void report_shadow_disk_members(struct json_writer *w, const struct report *r, size_t index)
{
    const struct history_disk *d = &r->history.disks.items[index];

    put_path(w, "path", r, d->evidence, d->path);
    json_write_number(w, "evidence", d->evidence);
    json_write_string(w, "subject", d->path);
    json_write_number(w, "file_size", d->file_size);
    json_write_time(w, "modified", d->modified);
    put_path(w, "parent", r, d->evidence, d->parent);
    json_write_guid_if(w, "vm", d->has_vm, &d->vm);
    json_write_string(w, "class", class_name(d->class));
    json_write_string(w, "severity", severity_name(d->severity));
    report_put_overlays(w, d->overlays);
}

size_t report_count_shadow_changes(const struct report *r)
{
    return r->history.changes.count;
}

static void put_time(struct json_writer *w, const char *name, const struct report *r,
                     size_t evidence)
{
    json_write_time(w, name, r->host.evidence.items[evidence].shadow.created);
}

void report_shadow_change_members(struct json_writer *w, const struct report *r, size_t index)
{
    const struct history_change *c = &r->history.changes.items[index];

    json_write_string(w, "kind", change_kind_name(c->change.kind));
    json_write_string(w, "subject", c->change.subject);
    json_write_guid_if(w, "vm", c->has_vm, &c->vm);
    json_write_number(w, "from", c->from);
    json_write_number(w, "to", c->to);
    put_time(w, "from_time", r, c->from);
    put_time(w, "to_time", r, c->to);
    json_write_string(w, "before", c->change.before);
    json_write_string(w, "after", c->change.after);
    json_write_string(w, "summary", c->change.summary);
    json_write_strings(w, "evidence", c->change.evidence.items, c->change.evidence.count);
    json_write_string(w, "confidence", confidence_name(c->change.confidence));
}

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* The members of an inspected file. */
#include "report/records.h"

#include "vm/vm.h"

#include <string.h>

static const char *const block_names[BLOCK_STATES] = {
    [BLOCK_NOT_PRESENT] = "not_present",
    [BLOCK_UNDEFINED] = "undefined",
    [BLOCK_ZERO] = "zero",
    [BLOCK_UNMAPPED] = "unmapped",
    [BLOCK_FULLY_PRESENT] = "fully_present",
    [BLOCK_PARTIALLY_PRESENT] = "partially_present",
};

size_t report_count_files(const struct report *r)
{
    return r->inspections.count;
}

static void put_blocks(struct json_writer *w, const struct disk_facts *f)
{
    if (!f->has_counts) {
        json_write_null(w, "blocks");
        return;
    }
    json_open_object(w, "blocks");
    for (size_t i = 0; i < BLOCK_STATES; i++)
        if (block_names[i])
            json_write_number(w, block_names[i], f->blocks[i]);
    json_close_object(w);
}

static void put_locator(struct json_writer *w, const struct disk_parent *p)
{
    if (!p) {
        json_write_null(w, "parent");
        return;
    }
    json_open_object(w, "parent");
    json_write_guid_if(w, "linkage", p->has_linkage, &p->linkage);
    json_write_guid_if(w, "linkage2", p->has_linkage2, &p->linkage2);
    json_write_time(w, "time", p->parent_time);
    json_open_array(w, "locator");
    for (size_t i = 0; i < p->entry_count; i++) {
        json_open_object(w, NULL);
        json_write_string(w, "key", p->entries[i].key);
        json_write_string(w, "value", p->entries[i].value);
        json_close_object(w);
    }
    json_close_array(w);
    json_close_object(w);
}

static void put_parts(struct json_writer *w, const struct disk_facts *f)
{
    json_open_array(w, "parts");
    for (size_t i = 0; i < f->part_count; i++) {
        json_open_object(w, NULL);
        json_write_string(w, "part", f->parts[i].name);
        json_write_number(w, "offset", f->parts[i].offset);
        json_write_number(w, "length", f->parts[i].length);
        json_close_object(w);
    }
    json_close_array(w);
}

static void put_disk(struct json_writer *w, const struct disk_facts *f)
{
    if (!f) {
        json_write_null(w, "disk");
        return;
    }
    json_open_object(w, "disk");
    report_put_facts(w, f, true);
    json_write_number(w, "log_entries", f->log_entries);
    json_write_number_if(w, "header_sequence", f->format == DISK_VHDX, f->header_sequence);
    json_write_time(w, "created", f->created);
    json_write_bool(w, "saved_state", f->saved_state);
    json_write_bool(w, "incomplete", f->incomplete);
    put_blocks(w, f);
    put_parts(w, f);
    put_locator(w, f->parent);
    json_close_object(w);
}

static void put_configuration(struct json_writer *w, const struct inspection *it)
{
    if (it->kind != INSPECT_CONTAINER && it->kind != INSPECT_XML) {
        json_write_null(w, "configuration");
        return;
    }
    json_open_object(w, "configuration");
    json_write_number_if(w, "format_version", it->format_version > 0, it->format_version);
    json_write_string(w, "journal", vm_journal_name(it->journal));
    json_write_number(w, "journal_entries", it->journal_entries);
    json_open_array(w, "keys");
    for (size_t i = 0; i < it->keys.count; i++) {
        json_open_object(w, NULL);
        json_write_string(w, "path", it->keys.items[i].path);
        json_write_string(w, "type", it->keys.items[i].type);
        json_write_string(w, "value", it->keys.items[i].value);
        json_close_object(w);
    }
    json_close_array(w);
    json_close_object(w);
}

static void put_log(struct json_writer *w, const struct inspection *it)
{
    const struct event_file *log = &it->log;
    bool has_records = log->format == EVENT_FORMAT_EVTX;

    if (it->kind != INSPECT_LOG) {
        json_write_null(w, "log");
        return;
    }
    json_open_object(w, "log");
    json_write_string(w, "format", event_format_name(log->format));
    json_write_string(w, "channel", log->channel);
    json_write_number_if(w, "records", has_records, log->counts.live);
    json_write_number_if(w, "recovered", has_records, log->counts.recovered);
    json_write_number_if(w, "damaged", has_records, log->counts.damaged);
    json_write_time(w, "first", log->first);
    json_write_time(w, "last", log->last);
    json_write_number(w, "events", log->events.count);
    json_write_number(w, "writers", log->writers.count);
    json_write_number(w, "processes", log->services.count);
    json_close_object(w);
}

static void put_notes(struct json_writer *w, const struct notes *notes)
{
    json_open_array(w, "notes");
    for (size_t i = 0; i < notes->count; i++) {
        const struct note *n = &notes->items[i];
        json_open_object(w, NULL);
        json_write_string(w, "rule", n->rule);
        json_write_string(w, "severity", severity_name(n->severity));
        json_write_number_if(w, "offset", n->offset != NOTE_NO_OFFSET, n->offset);
        json_write_string(w, "text", n->text);
        json_close_object(w);
    }
    json_close_array(w);
    json_write_number(w, "notes_dropped", notes->dropped);
}

void report_file_members(struct json_writer *w, const struct report *r, size_t index)
{
    const struct inspection *it = &r->inspections.items[index];

    json_write_string(w, "path", it->path);
    json_write_number(w, "file_size", it->file_size);
    json_write_time(w, "modified", it->modified);
    json_write_time(w, "created", it->created);
    json_write_string(w, "kind", inspect_kind_name(it->kind));
    json_write_string(w, "error", it->status < 0 ? strerror(-it->status) : NULL);
    put_disk(w, it->facts);
    put_configuration(w, it);
    put_log(w, it);
    put_notes(w, &it->notes);
}

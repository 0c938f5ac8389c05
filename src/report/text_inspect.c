/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* An inspected file for people: the same members as in JSON, by the names of the fields. */
#include "report/text_sections.h"

#include "base/checked.h"
#include "base/cleanup.h"
#include "base/strbuf.h"
#include "vm/vm.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "name value", never broken: values are for copying. */
static void put(struct page *page, const char *name, const char *value)
{
    CLEANUP_FREE char *line = value ? string_printf("%-24s %s", name, value) : NULL;

    if (line)
        page_line(page, 2, line);
    else if (value)
        output_fail(page->out, -ENOMEM);
}

static void put_number(struct page *page, const char *name, uint64_t number)
{
    char text[32];

    snprintf(text, sizeof(text), "%" PRIu64, number);
    put(page, name, text);
}

static void put_bytes(struct page *page, const char *name, uint64_t bytes)
{
    char human[BYTES_TEXT_SIZE], text[BYTES_TEXT_SIZE + 32];

    snprintf(text, sizeof(text), "%" PRIu64 " (%s)", bytes, bytes_format(bytes, human));
    put(page, name, text);
}

static void put_guid(struct page *page, const char *name, bool known, const struct guid *guid)
{
    char text[GUID_TEXT_SIZE];

    if (known)
        put(page, name, guid_format(guid, text));
}

static void put_time(struct page *page, const char *name, filetime when)
{
    char text[WHEN_TEXT_SIZE];

    if (when)
        put(page, name, when_format(when, WHEN_FILETIME, text));
}

static void put_blocks(struct page *page, const struct disk_facts *f)
{
    static const struct {
        enum block_state state;
        const char *name;
    } states[] = {
        {BLOCK_NOT_PRESENT, "blocks not present"},
        {BLOCK_UNDEFINED, "blocks undefined"},
        {BLOCK_ZERO, "blocks zero"},
        {BLOCK_UNMAPPED, "blocks unmapped"},
        {BLOCK_FULLY_PRESENT, "blocks present"},
        {BLOCK_PARTIALLY_PRESENT, "blocks partial"},
    };

    if (!f->has_counts) {
        put(page, "blocks", "not known");
        return;
    }
    for (size_t i = 0; i < ARRAY_SIZE(states); i++)
        if (f->blocks[states[i].state] > 0)
            put_number(page, states[i].name, f->blocks[states[i].state]);
    put_bytes(page, "allocated", f->allocated_bytes);
}

static void put_parts(struct page *page, const struct disk_facts *f)
{
    for (size_t i = 0; i < f->part_count; i++) {
        const struct disk_part *part = &f->parts[i];
        char where[24], what[80];
        snprintf(where, sizeof(where), "at 0x%" PRIx64, part->offset);
        snprintf(what, sizeof(what), "%s, %" PRIu64 " bytes", part->name, part->length);
        put(page, where, what);
    }
}

static void put_parent(struct page *page, const struct disk_parent *p)
{
    put_guid(page, "parent linkage", p->has_linkage, &p->linkage);
    put_guid(page, "parent linkage2", p->has_linkage2, &p->linkage2);
    put_time(page, "parent time", p->parent_time);
    for (size_t i = 0; i < p->entry_count; i++) {
        CLEANUP_FREE char *name = string_printf("locator %s", p->entries[i].key);
        if (name)
            put(page, name, p->entries[i].value);
        else
            output_fail(page->out, -ENOMEM);
    }
}

static void put_disk(struct page *page, const struct disk_facts *f)
{
    put(page, "format", disk_format_name(f->format));
    put(page, "kind", disk_kind_name(f->kind));
    put_bytes(page, "virtual size", f->virtual_size);
    put_bytes(page, "block size", f->block_size);
    put_number(page, "logical sector", f->logical_sector_size);
    put_number(page, "physical sector", f->physical_sector_size);
    put_guid(page, "virtual disk id", f->has_virtual_disk_id, &f->virtual_disk_id);
    put_guid(page, "data write guid", !guid_is_zero(&f->data_write_guid), &f->data_write_guid);
    put_guid(page, "file write guid", f->has_file_write_guid, &f->file_write_guid);
    put(page, "creator", f->creator);
    put_time(page, "created, by footer", f->created);
    put(page, "log", disk_log_name(f->log));
    if (f->log_entries > 0)
        put_number(page, "log entries applied", f->log_entries);
    if (f->format == DISK_VHDX)
        put_number(page, "header sequence", f->header_sequence);
    if (f->saved_state)
        put(page, "saved state", "yes");
    if (f->incomplete)
        put(page, "creation", "never ended");
    put_blocks(page, f);
    put_parts(page, f);
    if (f->parent)
        put_parent(page, f->parent);
}

static void put_configuration(struct page *page, const struct inspection *it)
{
    char version[32];

    snprintf(version, sizeof(version), "%u.%u", it->format_version >> 8, it->format_version & 0xff);
    if (it->format_version > 0)
        put(page, "container format", version);
    put(page, "journal", vm_journal_name(it->journal));
    if (it->journal_entries > 0)
        put_number(page, "journal entries", it->journal_entries);
    for (size_t i = 0; i < it->keys.count; i++) {
        const struct inspect_key *key = &it->keys.items[i];
        CLEANUP_FREE char *line =
            strcmp(key->type, "node") == 0
                ? string_printf("%s/", key->path)
                : string_printf("%s (%s) = %s", key->path, key->type, key->value);
        if (line)
            page_line(page, 2, line);
        else
            output_fail(page->out, -ENOMEM);
    }
}

static void put_log(struct page *page, const struct event_file *log)
{
    put(page, "log format", event_format_name(log->format));
    put(page, "channel", log->channel);
    if (log->format == EVENT_FORMAT_EVTX) {
        put_number(page, "records", log->counts.live);
        put_number(page, "recovered from slack", log->counts.recovered);
        put_number(page, "damaged records", log->counts.damaged);
    }
    put_time(page, "first record", log->first);
    put_time(page, "last record", log->last);
    if (log->format == EVENT_FORMAT_VSS_WRITERS)
        put_number(page, "writers", log->writers.count);
    else if (log->format == EVENT_FORMAT_SERVICES)
        put_number(page, "processes", log->services.count);
    else
        put_number(page, "events that matter", log->events.count);
}

static void put_notes(struct page *page, const struct notes *notes)
{
    if (notes->count > 0)
        page_line(page, 2, "Notes of the reader:");
    for (size_t i = 0; i < notes->count; i++) {
        const struct note *n = &notes->items[i];
        char offset[40] = "";
        if (n->offset != NOTE_NO_OFFSET)
            snprintf(offset, sizeof(offset), " at 0x%" PRIx64, n->offset);
        page_remark(page, 4, n->severity, "%s%s: %s", n->rule, offset, n->text);
    }
    if (notes->dropped > 0)
        page_sentence(page, 4, "", "and %zu more", notes->dropped);
}

static void put_file(struct page *page, const struct inspection *it)
{
    page_end_line(page);
    page_line(page, 0, it->path);
    put(page, "what it is", inspect_kind_name(it->kind));
    put_bytes(page, "file size", it->file_size);
    put_time(page, "modified", it->modified);
    put_time(page, "created", it->created);
    if (it->status < 0)
        put(page, "can't be read", strerror(-it->status));
    if (it->facts)
        put_disk(page, it->facts);
    if (it->kind == INSPECT_CONTAINER || it->kind == INSPECT_XML)
        put_configuration(page, it);
    if (it->kind == INSPECT_LOG)
        put_log(page, &it->log);
    put_notes(page, &it->notes);
}

void text_inspections(struct page *page)
{
    for (size_t i = 0; i < page->report->inspections.count; i++)
        put_file(page, &page->report->inspections.items[i]);
}

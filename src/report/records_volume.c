/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* The members of what only a volume can tell: its names, links, deleted files, the journal. */
#include "report/records.h"

#include "base/checked.h"
#include "base/cleanup.h"
#include "volume/ntfs_volume.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How it was unlocked, or null. */
static void put_bitlocker(struct json_writer *w, const struct bitlocker_unlocked *b)
{
    char id[GUID_TEXT_SIZE];

    if (!b->is_unlocked) {
        json_write_null(w, "bitlocker");
        return;
    }
    json_open_object(w, "bitlocker");
    json_write_string(w, "volume_id", guid_format(&b->volume_id, id));
    json_write_string(w, "method", bitlocker_method_name(b->method));
    json_write_string(w, "protection", bitlocker_protection_name(b->protection));
    json_write_string(w, "protector_id", guid_format(&b->protector_id, id));
    json_close_object(w);
}

void report_put_volume(struct json_writer *w, const struct report *r, size_t evidence)
{
    const struct host *host = &r->host;
    const struct host_evidence *e = &host->evidence.items[evidence];
    char serial[17];

    if (e->kind != EVIDENCE_VOLUME || e->unreadable) {
        json_write_null(w, "volume");
        return;
    }
    snprintf(serial, sizeof(serial), "%016" PRIx64, e->serial);
    json_open_object(w, "volume");
    json_write_string(w, "serial", e->serial ? serial : NULL);
    json_open_array(w, "names");
    for (size_t i = 0; i < host->mounts.count; i++)
        if (e->root && strcmp(host->mounts.items[i].to, e->root) == 0) {
            CLEANUP_FREE char *name = winpath_text(&host->mounts.items[i].from, 0);
            json_write_string(w, NULL, name);
        }
    json_close_array(w);
    put_bitlocker(w, &e->bitlocker);
    json_close_object(w);
}

void report_put_links(struct json_writer *w, const struct report *r, size_t evidence)
{
    const struct host *host = &r->host;

    json_open_array(w, "links");
    for (size_t i = 0; i < host->links.count; i++) {
        if (host->links.items[i].evidence != evidence)
            continue;
        json_open_object(w, NULL);
        json_write_string(w, "path", host->links.items[i].path);
        json_write_string(w, "target", host->links.items[i].target);
        json_close_object(w);
    }
    json_close_array(w);
}

size_t report_count_traces(const struct report *r)
{
    return r->host.traces.count;
}

void report_trace_members(struct json_writer *w, const struct report *r, size_t index)
{
    const struct host_trace *t = &r->host.traces.items[index];

    json_write_string(w, "path", t->path);
    json_write_number(w, "evidence", t->evidence);
    json_write_string(w, "state", "deleted");
    json_write_bool(w, "path_is_full", t->path_is_full);
    json_write_number(w, "size", t->size);
    json_write_time(w, "created", t->created);
    json_write_time(w, "modified", t->modified);
    json_write_time(w, "changed", t->changed);
    json_write_number(w, "record", ntfs_volume_record_number(t->id));
    json_write_time(w, "deleted", judge_deleted_when(&r->host, t));
    json_open_array(w, "missed_by");
    for (size_t i = 0; i < r->verdict.disk_count; i++)
        if (r->verdict.disks[i].parent_state == PARENT_MISSING &&
            r->verdict.disks[i].lost_trace == index)
            report_put_disk(w, NULL, r, i);
    json_close_array(w);
}

size_t report_count_lives(const struct report *r)
{
    return r->host.lives.count;
}

/* A path may have come back under another file: the file's own number decides. */
static const char *disk_of(const struct report *r, const struct host_life *life)
{
    for (size_t i = 0; i < r->host.disks.count; i++)
        if (r->host.disks.items[i].evidence == life->evidence &&
            r->host.disks.items[i].file_id == life->id)
            return r->host.disks.items[i].path;
    return NULL;
}

void report_life_members(struct json_writer *w, const struct report *r, size_t index)
{
    static const struct {
        uint32_t reason;
        const char *word;
    } words[] = {
        {NTFS_USN_CREATED, "created"},
        {NTFS_USN_RENAMED_FROM, "renamed-from"},
        {NTFS_USN_RENAMED_TO, "renamed-to"},
        {NTFS_USN_DELETED, "deleted"},
    };
    const struct host_life *life = &r->host.lives.items[index];

    json_write_time(w, "time", life->time);
    json_write_string(w, "path", life->path);
    json_write_number(w, "evidence", life->evidence);
    json_open_array(w, "deeds");
    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        if (life->reason & words[i].reason)
            json_write_string(w, NULL, words[i].word);
    json_close_array(w);
    json_write_string(w, "disk", disk_of(r, life));
}

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* The members of what only a volume can tell: deleted files and the change journal. */
#include "report/records.h"

#include "base/checked.h"
#include "volume/ntfs_volume.h"

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

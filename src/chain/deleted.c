/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * Deleted files and what the change journal tells, attached to the disks that they concern: a disk
 * by the number of its record in $MFT, a deleted parent by the path that its child records.
 */
#include "chain/finding.h"

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/winpath.h"
#include "volume/ntfs_volume.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define LIVES_NAMED 6
/* The best fit so far: of equal ones, a file on the volume of the disk that misses it. */
struct fit {
    size_t index, tail;
    bool near;
};

/* A name alone says little where folders could be compared, too. */
static void consider(struct fit *best, const struct winpath *recorded, const char *path,
                     bool is_full, size_t index, bool near)
{
    size_t tail = winpath_tail(recorded, path);

    if (tail < 2 && is_full && recorded->part_count > 1)
        return;
    if (tail > best->tail || (tail > 0 && tail == best->tail && near && !best->near))
        *best = (struct fit){index, tail, near};
}

/* The record of a deleted file, else the journal's word that one was deleted. */
static void find(const struct host *host, const char *text, size_t evidence, struct fit *trace,
                 struct fit *life)
{
    struct winpath recorded;

    if (!text || winpath_parse(&recorded, text) < 0)
        return;
    for (size_t i = 0; i < host->traces.count; i++)
        consider(trace, &recorded, host->traces.items[i].path, host->traces.items[i].path_is_full,
                 i, host->traces.items[i].evidence == evidence);
    for (size_t i = 0; i < host->lives.count; i++)
        if (host->lives.items[i].reason & NTFS_USN_DELETED)
            consider(life, &recorded, host->lives.items[i].path, true, i,
                     host->lives.items[i].evidence == evidence);
    winpath_free(&recorded);
}

/* When the journal saw the file of a trace go; 0 unknown. */
filetime judge_deleted_when(const struct host *host, const struct host_trace *trace)
{
    for (size_t i = 0; i < host->lives.count; i++)
        if (host->lives.items[i].evidence == trace->evidence &&
            host->lives.items[i].id == trace->id && host->lives.items[i].reason & NTFS_USN_DELETED)
            return host->lives.items[i].time;
    return 0;
}

void judge_deleted(struct judge *judge)
{
    for (size_t i = 0; i < judge->verdict->disk_count; i++) {
        struct disk_verdict *verdict = &judge->verdict->disks[i];
        const struct host_disk *disk = judge_disk(judge, i);
        const struct disk_parent *parent = disk->facts ? disk->facts->parent : NULL;
        struct fit trace = {.index = HOST_NONE}, life = {.index = HOST_NONE};
        if (parent && verdict->parent_state == PARENT_MISSING) {
            find(judge->host, parent->absolute_path, disk->evidence, &trace, &life);
            find(judge->host, parent->volume_path, disk->evidence, &trace, &life);
            if (!parent->absolute_path && !parent->volume_path)
                find(judge->host, parent->relative_path, disk->evidence, &trace, &life);
        }
        verdict->lost_trace = trace.index;
        verdict->lost_life = trace.index == HOST_NONE ? life.index : HOST_NONE;
    }
}

static char *trace_line(const struct host *host, const struct host_trace *trace)
{
    filetime deleted = judge_deleted_when(host, trace);
    char when[WHEN_TEXT_SIZE];

    return string_printf("deleted file %s, %" PRIu64 " bytes, record %" PRIu64 " of $MFT, %s%s%s: "
                         "it may be recoverable as long as nothing is written to that volume",
                         trace->path, trace->size, ntfs_volume_record_number(trace->id),
                         deleted ? "deleted " : "when it was deleted is not known",
                         deleted ? when_format(deleted, WHEN_SECONDS, when) : "",
                         deleted ? " by the change journal" : "");
}

static char *life_line(const struct host_life *life)
{
    char when[WHEN_TEXT_SIZE];

    return string_printf("deleted file %s, deleted %s by the change journal; its record %" PRIu64
                         " of $MFT is in use for something else",
                         life->path, when_format(life->time, WHEN_SECONDS, when),
                         ntfs_volume_record_number(life->id));
}

int evidence_of_lost(const struct host *host, const char *recorded, size_t evidence,
                     string_list *lines)
{
    struct fit trace = {.index = HOST_NONE}, life = {.index = HOST_NONE};

    find(host, recorded, evidence, &trace, &life);
    if (trace.index != HOST_NONE)
        return string_list_add(lines, trace_line(host, &host->traces.items[trace.index]));
    return life.index != HOST_NONE
               ? string_list_add(lines, life_line(&host->lives.items[life.index]))
               : 0;
}

/* What happened to the file, as the journal of its volume tells. */
static int add_lives(const struct judge *judge, size_t disk, string_list *lines)
{
    static const struct {
        uint32_t reason;
        const char *words;
    } deeds[] = {{NTFS_USN_CREATED, "created as"},
                 {NTFS_USN_RENAMED_FROM, "renamed or moved from"},
                 {NTFS_USN_RENAMED_TO, "renamed or moved to"}};
    const struct host *host = judge->host;
    const struct host_disk *file = judge_disk(judge, disk);
    size_t named = 0;

    for (size_t i = 0; i < host->lives.count; i++) {
        const struct host_life *life = &host->lives.items[i];
        char when[WHEN_TEXT_SIZE];
        if (life->evidence != file->evidence || life->id != file->file_id)
            continue;
        for (size_t d = 0; d < sizeof(deeds) / sizeof(deeds[0]); d++)
            if (life->reason & deeds[d].reason && ++named <= LIVES_NAMED &&
                string_list_add(lines, string_printf("%s by the change journal: %s %s",
                                                     when_format(life->time, WHEN_SECONDS, when),
                                                     deeds[d].words, life->path)) < 0)
                return -ENOMEM;
    }
    return 0;
}

int evidence_of_deleted(const struct judge *judge, size_t disk, string_list *lines)
{
    const struct host *host = judge->host;
    const struct disk_verdict *verdict = &judge->verdict->disks[disk];
    int r = 0;

    if (verdict->lost_trace != HOST_NONE)
        r = string_list_add(lines, trace_line(host, &host->traces.items[verdict->lost_trace]));
    if (verdict->lost_life != HOST_NONE)
        r = string_list_add(lines, life_line(&host->lives.items[verdict->lost_life]));
    return r == 0 ? add_lives(judge, disk, lines) : r;
}

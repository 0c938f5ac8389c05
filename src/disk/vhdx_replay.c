/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Applying the active sequence of the log in memory (2.3.3). The file itself is never touched. */
#include "disk/vhdx_log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int remember(struct vhdx *v, uint64_t offset, uint64_t length)
{
    struct vhdx_place *place = vector_push(&v->replayed);

    if (!place)
        return -ENOMEM;
    *place = (struct vhdx_place){offset, length};
    return 0;
}

static int apply_data(const struct log *log, struct io_overlay *overlay,
                      const struct vhdx_log_descriptor *d, uint64_t sector)
{
    struct vhdx_log_data data;
    uint8_t page[IO_PAGE];
    int r = log_read_sector(log, sector, &data);

    if (r < 0)
        return r;
    memcpy(page, d->leading, 8);
    memcpy(page + 8, data.data, sizeof(data.data));
    memcpy(page + IO_PAGE - 4, d->trailing, 4);
    return io_overlay_put(overlay, get_le64(d->file_offset), page);
}

/* The descriptors of one sector of the entry; *data is the next data sector. */
static int apply_sector(const struct log *log, const struct log_entry *entry, uint32_t index,
                        struct io_overlay *overlay, uint64_t *data)
{
    uint8_t sector[VHDX_LOG_SECTOR];
    uint32_t offset, count = log_descriptors_in(entry, index, &offset);
    int r = log_read_sector(log, (uint64_t)entry->at + index, sector);

    for (uint32_t i = 0; i < count && r == 0; i++) {
        struct vhdx_log_descriptor d;
        memcpy(&d, sector + offset + i * sizeof(d), sizeof(d));
        bool is_data = log_descriptor_is_data(&d);
        uint64_t length = is_data ? IO_PAGE : get_le64(d.zero_length);
        r = is_data ? apply_data(log, overlay, &d, (*data)++)
                    : io_overlay_zero(overlay, get_le64(d.file_offset), length);
        if (r == 0)
            r = remember(log->v, get_le64(d.file_offset), length);
    }
    return r;
}

static int apply_entry(const struct log *log, const struct log_entry *entry,
                       struct io_overlay *overlay)
{
    uint64_t data = (uint64_t)entry->at + entry->descriptor_sectors;
    int r = 0;

    for (uint32_t i = 0; i < entry->descriptor_sectors && r == 0; i++)
        r = apply_sector(log, entry, i, overlay, &data);
    return r;
}

static int apply(const struct log *log, const struct log_entry *tail, const struct log_entry *head,
                 struct io_overlay *overlay)
{
    struct disk_facts *facts = log->v->disk->facts;
    const struct log_entry *entry = tail;
    int r;

    for (;;) {
        r = apply_entry(log, entry, overlay);
        facts->log_entries += r == 0 && entry->descriptors > 0;
        if (r < 0 || entry == head)
            break;
        entry = log_next(log, entry);
    }
    io_overlay_extend(overlay, head->last_file_offset);
    return r;
}

static int unreplayable(struct vhdx *v, const char *rule, uint64_t offset, const char *text)
{
    v->disk->facts->log = DISK_LOG_UNREPLAYABLE;
    v->disk->facts->log_entries = 0;
    vector_free(&v->replayed);
    vhdx_note(v, SEVERITY_PROBLEM, rule, offset, "%s", text);
    return vhdx_fail(v, -EBADMSG);
}

/* 0 and the overlay, or a status of which -EFBIG means that the log is beyond our limits. */
static int make_overlay(const struct log *log, const struct log_entry *tail,
                        const struct log_entry *head, io_source **replayed)
{
    struct io_overlay *overlay = io_overlay_new(log->v->disk->source);
    int r = overlay ? apply(log, tail, head, overlay) : -ENOMEM;

    if (r < 0) {
        io_overlay_free(overlay);
        return r;
    }
    *replayed = io_overlay_seal(overlay);
    return *replayed ? 0 : -ENOMEM;
}

static void note_replay_state(struct vhdx *v, const struct log *log, const struct log_entry *head,
                              uint64_t file_size)
{
    size_t active = (size_t)(v->disk->facts->log_entries);

    vhdx_note(v, SEVERITY_INFO, "VHDX-H14", NOTE_NO_OFFSET,
              "the log was not closed: %zu entries are pending and were applied in memory; normal "
              "while the disk is in use",
              active);
    if (head->last_file_offset > file_size)
        vhdx_note(v, SEVERITY_INFO, "VHDX-L10", file_size,
                  "the log extends the file from %llu to %llu bytes",
                  (unsigned long long)file_size, (unsigned long long)head->last_file_offset);
    if (log->entries.count > active)
        vhdx_note(v, SEVERITY_INFO, "VHDX-L7", v->log.offset,
                  "of %zu verified log entries %zu belong to the active sequence and have something "
                  "to apply",
                  log->entries.count, active);
}

static int replay_sequence(struct vhdx *v, const struct log *log, const struct log_entry *tail,
                           const struct log_entry *head)
{
    uint64_t file_size = io_size(v->disk->source);
    io_source *replayed = NULL;

    if (file_size < head->flushed_file_offset)
        return unreplayable(v, "VHDX-L9", file_size,
                            "the file is smaller than the log says that it was: it was cut off");
    int r = make_overlay(log, tail, head, &replayed);
    if (r == -EFBIG)
        return unreplayable(v, "VHDX-L13", v->log.offset,
                            "the log changes more than fits into the memory kept for it");
    if (r < 0)
        return r;
    io_unref(v->disk->source);
    v->disk->source = replayed;
    v->disk->facts->log = v->disk->facts->log_entries > 0 ? DISK_LOG_REPLAYED : DISK_LOG_CLEAN;
    note_replay_state(v, log, head, file_size);
    return 0;
}

static int replay(struct vhdx *v, struct log *log)
{
    const struct log_entry *tail, *head;
    int r = log_scan(log);

    if (r == -EFBIG)
        return unreplayable(v, "VHDX-L13", v->log.offset,
                            "the log holds more overlapping entries than a log can");
    if (r == -EBADMSG)
        return unreplayable(v, "VHDX-H11", v->log.offset, "the log can't be read to its end");
    if (r < 0)
        return r;
    if (log_find_active(log, &tail, &head))
        return replay_sequence(v, log, tail, head);
    if (log->blank)
        return unreplayable(v, "VHDX-L12", v->log.offset,
                            "LogGuid is set but the log is empty");
    return unreplayable(v, "VHDX-L8", v->log.offset,
                        "LogGuid is set but the log holds no complete sequence of entries");
}

int vhdx_replay_log(struct vhdx *v)
{
    struct log log = {.v = v, .sectors = (uint32_t)(v->log.length / VHDX_LOG_SECTOR)};

    v->disk->facts->log = v->log.length > 0 ? DISK_LOG_CLEAN : DISK_LOG_NONE;
    if (guid_is_zero(&v->log_guid))
        return 0;
    if (!v->log_usable) { /* the notes on the header say why */
        v->disk->facts->log = DISK_LOG_UNREPLAYABLE;
        return v->status < 0 ? 0 : vhdx_fail(v, -EBADMSG);
    }
    int r = replay(v, &log);
    vector_free(&log.entries);
    return r;
}

struct touched {
    uint64_t pages, bat, metadata, tables, other;
};

static void count_touched(const struct vhdx *v, const struct vhdx_place *place, struct touched *t)
{
    uint64_t pages = place->length / IO_PAGE;

    t->pages += pages;
    if (place->offset - v->bat.offset < v->bat.length)
        t->bat += pages;
    else if (place->offset - v->metadata.offset < v->metadata.length)
        t->metadata += pages;
    else if (place->offset < VHDX_HEADER_AREA)
        t->tables += pages;
    else
        t->other += pages;
}

/* When all regions are known: what the log was about. */
void vhdx_note_replay(struct vhdx *v)
{
    struct touched t = {0};

    if (v->replayed.count == 0)
        return;
    for (size_t i = 0; i < v->replayed.count; i++)
        count_touched(v, &v->replayed.items[i], &t);
    vhdx_note(v, SEVERITY_INFO, "VHDX-L11", v->log.offset,
              "the log changes %llu pages of 4 KiB: %llu of the BAT, %llu of the metadata, %llu of "
              "the region tables, %llu of sector bitmaps or payload",
              (unsigned long long)t.pages, (unsigned long long)t.bat,
              (unsigned long long)t.metadata, (unsigned long long)t.tables,
              (unsigned long long)t.other);
}

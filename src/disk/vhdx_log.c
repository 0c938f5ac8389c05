/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * Finding the active sequence of the log (2.3.2). The log is a ring of 4 KiB sectors; an entry is
 * verified in one pass over its sectors, so that nothing of it has to fit into memory.
 */
#include "disk/vhdx_log.h"

#include "base/crc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int log_read_sector(const struct log *log, uint64_t index, void *sector)
{
    uint64_t at = index % log->sectors * VHDX_LOG_SECTOR;

    return vhdx_read(log->v, log->v->log.offset + at, sector, VHDX_LOG_SECTOR);
}

#define HEADER_SIZE     sizeof(struct vhdx_log_header)
#define DESCRIPTOR_SIZE sizeof(struct vhdx_log_descriptor)
#define IN_FIRST        ((VHDX_LOG_SECTOR - HEADER_SIZE) / DESCRIPTOR_SIZE) /* 126 */
#define IN_FURTHER      (VHDX_LOG_SECTOR / DESCRIPTOR_SIZE)                 /* 128 */

uint32_t log_descriptors_in(const struct log_entry *entry, uint32_t sector, uint32_t *offset)
{
    uint32_t before = sector == 0 ? 0 : (uint32_t)(IN_FIRST + (sector - 1) * IN_FURTHER);
    uint32_t room = sector == 0 ? IN_FIRST : IN_FURTHER;

    *offset = sector == 0 ? HEADER_SIZE : 0;
    if (sector >= entry->descriptor_sectors)
        return 0;
    return (uint32_t)min_u64(entry->descriptors - before, room);
}

bool log_descriptor_is_data(const struct vhdx_log_descriptor *d)
{
    return memcmp(d->signature, "desc", 4) == 0;
}

/* Fields of the header that do not make sense: the entry is invalid (2.3.1.1). */
static bool take_header(const struct log *log, const struct vhdx_log_header *h, uint32_t at,
                        struct log_entry *entry)
{
    uint32_t length = get_le32(h->entry_length), tail = get_le32(h->tail);
    uint64_t descriptor_bytes = HEADER_SIZE + (uint64_t)get_le32(h->descriptor_count) * DESCRIPTOR_SIZE;

    *entry = (struct log_entry){
        .at = at,
        .length = length / VHDX_LOG_SECTOR,
        .tail = tail / VHDX_LOG_SECTOR,
        .descriptors = get_le32(h->descriptor_count),
        .descriptor_sectors = (uint32_t)div_round_up(descriptor_bytes, VHDX_LOG_SECTOR),
        .sequence = get_le64(h->sequence),
        .flushed_file_offset = get_le64(h->flushed_file_offset),
        .last_file_offset = get_le64(h->last_file_offset),
    };
    return length % VHDX_LOG_SECTOR == 0 && entry->length > 0 && entry->length <= log->sectors &&
           tail % VHDX_LOG_SECTOR == 0 && entry->tail < log->sectors && entry->sequence > 0 &&
           entry->descriptor_sectors <= entry->length;
}

/* 2.3.1.2, 2.3.1.3: never the headers, never the log itself. */
static bool descriptor_is_valid(const struct log *log, const struct log_entry *entry,
                                const struct vhdx_log_descriptor *d)
{
    const struct vhdx_place *ring = &log->v->log;
    uint64_t offset = get_le64(d->file_offset), length = IO_PAGE, end;

    if (!log_descriptor_is_data(d)) {
        if (memcmp(d->signature, "zero", 4) != 0)
            return false;
        length = get_le64(d->zero_length);
    }
    return get_le64(d->sequence) == entry->sequence && offset % IO_PAGE == 0 &&
           length % IO_PAGE == 0 && !ADD_OVERFLOW(offset, length, &end) &&
           offset >= VHDX_REGION_TABLE_1 &&
           (end <= ring->offset || offset >= ring->offset + ring->length);
}

static bool data_is_valid(const struct log_entry *entry, const struct vhdx_log_data *data)
{
    return memcmp(data->signature, "data", 4) == 0 &&
           get_le32(data->sequence_high) == (uint32_t)(entry->sequence >> 32) &&
           get_le32(data->sequence_low) == (uint32_t)entry->sequence;
}

/* What one pass over an entry has seen. */
struct pass {
    uint32_t crc, data_wanted, data_seen;
    bool bad_descriptor, bad_data;
};

static void pass_sector(const struct log *log, const struct log_entry *entry, uint32_t index,
                        const uint8_t *sector, struct pass *pass)
{
    uint32_t offset, count = log_descriptors_in(entry, index, &offset);

    pass->crc = index == 0 ? crc32c_zeroed(sector, VHDX_LOG_SECTOR, 4)
                           : crc32c(pass->crc, sector, VHDX_LOG_SECTOR);
    for (uint32_t i = 0; i < count; i++) {
        struct vhdx_log_descriptor d;
        memcpy(&d, sector + offset + i * sizeof(d), sizeof(d));
        pass->bad_descriptor |= !descriptor_is_valid(log, entry, &d);
        pass->data_wanted += log_descriptor_is_data(&d);
    }
    if (index >= entry->descriptor_sectors && pass->data_seen < pass->data_wanted) {
        struct vhdx_log_data data;
        memcpy(&data, sector, sizeof(data));
        pass->bad_data |= !data_is_valid(entry, &data);
        pass->data_seen++;
    }
}

/* NULL when the entry verifies, else the rule that it breaks. */
static const char *verdict(const struct vhdx_log_header *h, const struct pass *pass)
{
    if (pass->crc != get_le32(h->checksum))
        return "VHDX-L2";
    if (pass->bad_descriptor)
        return "VHDX-L4";
    if (pass->data_seen < pass->data_wanted)
        return "VHDX-L5";
    return pass->bad_data ? "VHDX-L6" : NULL;
}

static int verify(struct log *log, const struct vhdx_log_header *h, uint32_t at,
                  struct log_entry *entry, const char **broken)
{
    uint8_t sector[VHDX_LOG_SECTOR];
    struct pass pass = {0};

    *broken = take_header(log, h, at, entry) ? NULL : "VHDX-L1";
    for (uint32_t i = 0; i < entry->length && !*broken; i++) {
        if (log->budget == 0)
            return -EFBIG;
        log->budget--;
        int r = log_read_sector(log, (uint64_t)at + i, sector);
        if (r < 0)
            return r;
        pass_sector(log, entry, i, sector, &pass);
    }
    if (!*broken)
        *broken = verdict(h, &pass);
    return 0;
}

static int consider(struct log *log, const struct vhdx_log_header *h, uint32_t *at)
{
    struct guid guid = vhdx_get_guid(h->log_guid);
    const char *broken;
    struct log_entry entry;

    log->blank = log->blank && bytes_are_zero(h, sizeof(*h));
    /* An older LogGuid: left behind by an earlier use of the file, and normal (2.3.2). */
    if (memcmp(h->signature, "loge", 4) != 0 || !guid_equal(&guid, &log->v->log_guid))
        return 0;
    int r = verify(log, h, *at, &entry, &broken);
    if (r < 0)
        return r;
    if (broken) {
        log->invalid++;
        vhdx_note(log->v, SEVERITY_INFO, broken,
                  log->v->log.offset + (uint64_t)*at * VHDX_LOG_SECTOR,
                  "a log entry does not verify and is not applied, as after an interrupted write");
        return 0;
    }
    struct log_entry *kept = vector_push(&log->entries);
    if (!kept)
        return -ENOMEM;
    *kept = entry;
    *at += entry.length - 1; /* no entry begins within another */
    return 0;
}

int log_scan(struct log *log)
{
    /* Healthy entries do not overlap: each sector is verified once. */
    log->budget = 2 * (uint64_t)log->sectors;
    log->blank = true;
    for (uint32_t at = 0; at < log->sectors; at++) {
        struct vhdx_log_header h;
        uint64_t offset = log->v->log.offset + (uint64_t)at * VHDX_LOG_SECTOR;
        int r = vhdx_read(log->v, offset, &h, sizeof(h));
        if (r == 0)
            r = consider(log, &h, &at);
        if (r < 0)
            return r;
    }
    return 0;
}

static int compare_place(const void *key, const void *item)
{
    uint32_t at = *(const uint32_t *)key;
    const struct log_entry *entry = item;

    return at < entry->at ? -1 : at > entry->at;
}

struct log_entry *log_entry_at(const struct log *log, uint32_t at)
{
    if (log->entries.count == 0)
        return NULL;
    return bsearch(&at, log->entries.items, log->entries.count, sizeof(*log->entries.items),
                   compare_place);
}

struct log_entry *log_next(const struct log *log, const struct log_entry *entry)
{
    uint32_t at = (uint32_t)(((uint64_t)entry->at + entry->length) % log->sectors);
    struct log_entry *next = log_entry_at(log, at);

    return next && next->sequence == entry->sequence + 1 ? next : NULL;
}

/* From the first entry of a run to its last; *tail is set when the head's Tail lies in the run. */
static const struct log_entry *follow(const struct log *log, const struct log_entry *first,
                                      const struct log_entry **tail)
{
    const struct log_entry *head = first, *next;
    size_t left = log->entries.count;

    while (left-- > 0 && (next = log_next(log, head)))
        head = next;
    *tail = NULL;
    left = log->entries.count;
    for (const struct log_entry *e = first; e && left-- > 0; e = e == head ? NULL : log_next(log, e))
        if (e->at == head->tail)
            *tail = e;
    return head;
}

bool log_find_active(struct log *log, const struct log_entry **tail, const struct log_entry **head)
{
    *head = NULL;
    for (size_t i = 0; i < log->entries.count; i++) {
        struct log_entry *next = log_next(log, &log->entries.items[i]);
        if (next)
            next->has_predecessor = true;
    }
    for (size_t i = 0; i < log->entries.count; i++) {
        const struct log_entry *first = &log->entries.items[i], *oldest, *newest;
        if (first->has_predecessor)
            continue;
        newest = follow(log, first, &oldest);
        if (oldest && (!*head || newest->sequence > (*head)->sequence)) {
            *head = newest;
            *tail = oldest;
        }
    }
    return *head;
}

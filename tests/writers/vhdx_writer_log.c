/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* The log of a made file: entries in a ring (MS-VHDX 2.3). */
#include "vhdx_writer_plan.h"

#include "base/bytes.h"
#include "base/checked.h"
#include "base/cleanup.h"
#include "base/crc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SECTOR         4096u
#define FIRST_SEQUENCE 1000

static size_t entry_sectors(const struct vhdx_log_entry *entry, size_t *descriptor_sectors)
{
    size_t sectors = *descriptor_sectors =
        (size_t)div_round_up(64 + 32 * entry->descriptor_count, SECTOR);

    for (size_t i = 0; i < entry->descriptor_count; i++)
        sectors += entry->descriptors[i].zero_length == 0;
    return sectors;
}

static void put_data_sector(uint8_t *sector, const uint8_t *page, uint64_t sequence)
{
    memcpy(sector, "data", 4);
    store_le32(sector + 4, (uint32_t)(sequence >> 32));
    memcpy(sector + 8, page + 8, SECTOR - 12);
    store_le32(sector + SECTOR - 4, (uint32_t)sequence);
}

static void put_descriptor(uint8_t *at, const struct vhdx_log_descriptor *d, const uint8_t *page,
                           uint64_t sequence)
{
    memcpy(at, d->zero_length ? "zero" : "desc", 4);
    if (d->zero_length) {
        store_le64(at + 8, d->zero_length);
    } else {
        memcpy(at + 4, page + SECTOR - 4, 4);
        memcpy(at + 8, page, 8);
    }
    store_le64(at + 16, d->file_offset);
    store_le64(at + 24, sequence);
}

static void put_header(uint8_t *entry, const struct plan *plan, const struct vhdx_log_entry *e,
                       uint32_t length, uint32_t tail, uint64_t sequence)
{
    uint64_t grown = plan->layout.file_size +
                     (plan->r.damage & VHDX_DAMAGE_TRUNCATED_LOG ? 64 * MIB : 0);
    struct guid guid = plan->layout.log_guid;

    if (e->damage & VHDX_LOG_STALE)
        guid = plan_guid(plan->r.seed, 77);
    memcpy(entry, e->damage & VHDX_LOG_BAD_SIGNATURE ? "logx" : "loge", 4);
    store_le32(entry + 8, length);
    store_le32(entry + 12, tail);
    store_le64(entry + 16, sequence);
    store_le32(entry + 24, (uint32_t)e->descriptor_count);
    guid_to_le(&guid, entry + 32);
    store_le64(entry + 48, e->flushed_file_offset ? e->flushed_file_offset : grown);
    store_le64(entry + 56, e->last_file_offset ? e->last_file_offset : grown);
}

static void put_body(uint8_t *entry, const struct vhdx_log_entry *e, size_t descriptor_sectors,
                     uint64_t sequence)
{
    uint8_t *sector = entry + descriptor_sectors * SECTOR;

    for (size_t i = 0; i < e->descriptor_count; i++) {
        const struct vhdx_log_descriptor *d = &e->descriptors[i];
        uint8_t filled[SECTOR];
        memset(filled, d->fill, sizeof(filled));
        const uint8_t *page = d->page ? d->page : filled;
        put_descriptor(entry + 64 + 32 * i, d, page, sequence);
        if (d->zero_length)
            continue;
        put_data_sector(sector, page, sequence);
        sector += SECTOR;
    }
    if ((e->damage & VHDX_LOG_TORN_DATA) && sector > entry + descriptor_sectors * SECTOR)
        store_le32(sector - 4, (uint32_t)sequence - 1);
    if ((e->damage & VHDX_LOG_BAD_DESCRIPTOR) && e->descriptor_count > 0)
        store_le64(entry + 64 + 32 * (e->descriptor_count - 1) + 24, sequence - 1);
}

static void put_ring(const struct plan *plan, struct output *output, uint64_t at,
                     const uint8_t *bytes, size_t length)
{
    for (size_t done = 0; done < length; done += SECTOR)
        output_put(output, plan->layout.log_offset + (at + done) % plan->layout.log_length,
                   bytes + done, SECTOR);
}

static void put_entries(const struct plan *plan, struct output *output,
                        const struct vhdx_log_entry *entries, size_t count)
{
    CLEANUP_FREE uint64_t *starts = calloc(count + 1, sizeof(*starts));
    uint64_t at = plan->r.log_start, sequence = FIRST_SEQUENCE - 1, written = 0;

    for (size_t i = 0; i < count && starts; i++) {
        size_t descriptor_sectors, length = SECTOR * entry_sectors(&entries[i], &descriptor_sectors);
        CLEANUP_FREE uint8_t *bytes = calloc(1, length);
        if (!bytes)
            break;
        starts[i] = at;
        sequence = entries[i].sequence ? entries[i].sequence : sequence + 1;
        put_header(bytes, plan, &entries[i], (uint32_t)length, (uint32_t)starts[entries[i].tail],
                   sequence);
        put_body(bytes, &entries[i], descriptor_sectors, sequence);
        store_le32(bytes + 4, crc32c_zeroed(bytes, length, 4) +
                                  (entries[i].damage & VHDX_LOG_BAD_CRC ? 1 : 0));
        put_ring(plan, output, at, bytes, length);
        at = (at + length) % plan->layout.log_length;
        written += length;
        if (written > plan->layout.log_length)
            output->error = -ENOSPC;
    }
}

#define PAGES_PER_ENTRY 100

/*
 * The pages of the BAT that are not zero, behind an entry that first spoils the BAT: only who
 * applies all entries, in order, gets it right.
 */
static void put_bat(const struct plan *plan, struct output *output, const uint8_t *bat)
{
    const struct vhdx_layout *l = &plan->layout;
    size_t pages = (size_t)(l->bat_length / SECTOR), used = 0;
    CLEANUP_FREE struct vhdx_log_descriptor *descriptors = calloc(pages, sizeof(*descriptors));
    struct vhdx_log_descriptor stale = {.file_offset = l->bat_offset, .fill = 0xFF};
    struct vhdx_log_descriptor spoil[] = {
        {.file_offset = l->bat_offset, .fill = 0x77},
        {.file_offset = l->bat_offset, .zero_length = l->bat_length},
        {.file_offset = l->bat_offset + l->bat_length - SECTOR, .fill = 0x55},
    };
    size_t entry_count = 2;
    VECTOR(struct vhdx_log_entry) entries = {0};

    for (size_t i = 0; i < pages && descriptors; i++)
        if (!bytes_are_zero(bat + i * SECTOR, SECTOR))
            descriptors[used++] = (struct vhdx_log_descriptor){
                .file_offset = l->bat_offset + i * SECTOR, .page = bat + i * SECTOR};
    spoil[2].zero_length = SECTOR; /* the end of the BAT is zeroed twice */
    entry_count += (size_t)div_round_up(used, PAGES_PER_ENTRY);
    for (size_t i = 0; i < entry_count; i++) {
        struct vhdx_log_entry *entry = vector_push(&entries);
        if (!entry || !descriptors) {
            output->error = -ENOMEM;
            break;
        }
        if (i == 0)
            *entry = (struct vhdx_log_entry){&stale, 1, .damage = VHDX_LOG_STALE};
        else if (i == 1)
            *entry = (struct vhdx_log_entry){spoil, ARRAY_SIZE(spoil), .tail = 1};
        else
            *entry = (struct vhdx_log_entry){
                descriptors + (i - 2) * PAGES_PER_ENTRY,
                (size_t)min_u64(used - (i - 2) * PAGES_PER_ENTRY, PAGES_PER_ENTRY), .tail = 1};
    }
    if (output->error == 0)
        put_entries(plan, output, entries.items, entries.count);
    vector_free(&entries);
}

void plan_write_log(const struct plan *plan, struct output *output, const uint8_t *bat)
{
    /* What a clean close leaves behind: an entry that must never be applied. */
    struct vhdx_log_descriptor spoil = {.file_offset = plan->layout.bat_offset, .fill = 0xFF};
    struct vhdx_log_entry stale = {&spoil, 1, .damage = VHDX_LOG_STALE};
    struct vhdx_log_entry empty[] = {stale, {.sequence = 5000, .tail = 1}};

    if (plan->r.log_count > 0)
        put_entries(plan, output, plan->r.log, plan->r.log_count);
    else if (plan->r.dirty == VHDX_DIRTY_BAT)
        put_bat(plan, output, bat);
    else if (plan->r.dirty == VHDX_DIRTY_EMPTY)
        put_entries(plan, output, empty, ARRAY_SIZE(empty));
    else if (plan->r.dirty == VHDX_CLEAN)
        put_entries(plan, output, &stale, 1);
}

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* GPT (UEFI 2.10, 5.3): two copies, each with a checksum over the header and one over its entries. */
#include "volume/partition_private.h"

#include "base/checked.h"
#include "base/cleanup.h"
#include "base/crc.h"
#include "base/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define ENTRIES_MAX (4 * MIB) /* bytes of a table that we read; Windows makes 16 KiB */

struct gpt {
    struct gpt_header header;
    uint8_t *entries;
};

static void gpt_cleanup(struct gpt *gpt)
{
    free(gpt->entries);
}

static bool header_is_whole(io_source *disk, uint64_t lba, uint32_t sector_size,
                            struct gpt_header *header)
{
    uint8_t sector[4096];
    uint64_t offset;

    if (MUL_OVERFLOW(lba, (uint64_t)sector_size, &offset) ||
        io_read(disk, offset, sector, sector_size) < 0 || memcmp(sector, "EFI PART", 8) != 0)
        return false;
    memcpy(header, sector, sizeof(*header));
    uint32_t size = get_le32(header->header_size);
    return size >= sizeof(*header) && size <= sector_size &&
           crc32_zeroed(sector, size, offsetof(struct gpt_header, header_crc)) ==
               get_le32(header->header_crc) &&
           get_le64(header->own_lba) == lba;
}

/* 0, -ENOENT when this copy is not whole, -ENOMEM. */
static int read_copy(struct gpt *gpt, io_source *disk, uint64_t lba, uint32_t sector_size)
{
    uint64_t offset, size;

    if (!header_is_whole(disk, lba, sector_size, &gpt->header))
        return -ENOENT;
    uint32_t entry_size = get_le32(gpt->header.entry_size);
    if (entry_size < sizeof(struct gpt_entry) || entry_size % sizeof(struct gpt_entry) != 0 ||
        MUL_OVERFLOW((uint64_t)entry_size, (uint64_t)get_le32(gpt->header.entry_count), &size) ||
        MUL_OVERFLOW(get_le64(gpt->header.entries_lba), (uint64_t)sector_size, &offset) ||
        size > ENTRIES_MAX || !range_fits(offset, size, io_size(disk)))
        return -ENOENT;
    gpt->entries = malloc(size + 1);
    if (!gpt->entries)
        return -ENOMEM;
    if (io_read(disk, offset, gpt->entries, size) < 0 ||
        crc32_zeroed(gpt->entries, size, size) != get_le32(gpt->header.entries_crc)) {
        free(STEAL(gpt->entries));
        return -ENOENT;
    }
    return 0;
}

static int add_entries(struct partition_reader *reader, const struct gpt *gpt)
{
    uint32_t count = get_le32(gpt->header.entry_count);
    size_t entry_size = get_le32(gpt->header.entry_size);

    for (uint32_t i = 0; i < count; i++) {
        const struct gpt_entry *entry = (const void *)(gpt->entries + i * entry_size);
        uint64_t first = get_le64(entry->first_lba), last = get_le64(entry->last_lba);
        int r;
        if (bytes_are_zero(entry->type, sizeof(entry->type)))
            continue;
        if (last < first || last == UINT64_MAX) {
            notes_add(reader->notes, SEVERITY_PROBLEM, "PARTITION-GPT-ENTRY", NOTE_NO_OFFSET,
                      "partition %u ends at sector %" PRIu64 ", before its start %" PRIu64, i + 1,
                      last, first);
            continue;
        }
        struct partition *p = partition_add(reader, i + 1, first, last - first + 1, &r);
        if (r < 0)
            return r;
        if (!p)
            continue;
        p->type = guid_from_le(entry->type);
        p->id = guid_from_le(entry->id);
        p->name = text_from_utf16le(entry->name, sizeof(entry->name), NULL);
        if (!p->name)
            return -ENOMEM;
    }
    return 0;
}

static void note_differences(struct partition_reader *reader, const struct gpt *primary,
                             bool has_primary, const struct gpt *backup, bool has_backup)
{
    if (!has_primary)
        notes_add(reader->notes, SEVERITY_WARNING, "PARTITION-GPT-PRIMARY",
                  reader->list->sector_size,
                  "the first copy of the GPT is not whole, the second one is used");
    else if (!has_backup)
        notes_add(reader->notes, SEVERITY_WARNING, "PARTITION-GPT-BACKUP", NOTE_NO_OFFSET,
                  "the second copy of the GPT is missing or not whole");
    else if (get_le32(primary->header.entries_crc) != get_le32(backup->header.entries_crc))
        notes_add(reader->notes, SEVERITY_WARNING, "PARTITION-GPT-DIFFER", NOTE_NO_OFFSET,
                  "the two copies of the GPT name different partitions, the first one is used");
}

static int read_with_sectors_of(struct partition_reader *reader, uint32_t sector_size)
{
    CLEANUP(gpt) struct gpt primary = {0};
    CLEANUP(gpt) struct gpt backup = {0};
    uint64_t sectors = io_size(reader->disk) / sector_size;

    int first = read_copy(&primary, reader->disk, 1, sector_size);
    if (first == -ENOMEM || sectors < 2)
        return first;
    /* Without the first copy's word the second one is expected in the last sector. */
    uint64_t alternate = first == 0 ? get_le64(primary.header.alternate_lba) : sectors - 1;
    int second = read_copy(&backup, reader->disk, alternate, sector_size);
    if (second == -ENOMEM)
        return second;
    if (first < 0 && second < 0)
        return -ENOENT;
    reader->list->scheme = PARTITION_GPT;
    reader->list->sector_size = sector_size;
    note_differences(reader, &primary, first == 0, &backup, second == 0);
    const struct gpt *gpt = first == 0 ? &primary : &backup;
    reader->list->disk_id = guid_from_le(gpt->header.disk_id);
    return add_entries(reader, gpt);
}

int gpt_read(struct partition_reader *reader)
{
    int r = read_with_sectors_of(reader, 512);

    return r == -ENOENT ? read_with_sectors_of(reader, 4096) : r;
}

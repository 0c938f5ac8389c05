/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Which table a disk has, and what each partition holds by its content. */
#include "volume/partition_private.h"

#include "base/checked.h"
#include "base/cleanup.h"
#include "volume/ntfs_boot.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define SECTOR 512 /* the smallest one; boot sectors need no more */

/*
 * Boot sectors of volumes, by the words at fixed places. FAT and exFAT are here because their
 * boot sectors end in the MBR's signature and must not be read as a table.
 */
static const struct {
    uint16_t offset;
    uint8_t length;
    const char *bytes;
    enum partition_content content;
} boot_sectors[] = {
    {3, 8, "NTFS    ", PARTITION_NTFS},
    {3, 8, "-FVE-FS-", PARTITION_BITLOCKER},
    /* BitLocker To Go looks like FAT32 and carries this identifier (both lengths of code). */
    {424, 16, "\x3B\xD6\x67\x49\x29\x2E\xD8\x4A\x83\x99\xF6\xA3\x39\xE3\xD0\x01",
     PARTITION_BITLOCKER},
    {3, 8, "ReFS\0\0\0\0", PARTITION_REFS},
    {3, 8, "EXFAT   ", PARTITION_OTHER},
    {54, 5, "FAT12", PARTITION_OTHER},
    {54, 5, "FAT16", PARTITION_OTHER},
    {82, 5, "FAT32", PARTITION_OTHER},
};

static bool boot_sector_says(const uint8_t *sector, enum partition_content *content)
{
    for (size_t i = 0; i < ARRAY_SIZE(boot_sectors); i++)
        if (memcmp(sector + boot_sectors[i].offset, boot_sectors[i].bytes,
                   boot_sectors[i].length) == 0) {
            *content = boot_sectors[i].content;
            return true;
        }
    return false;
}

enum partition_content partition_content(io_source *volume)
{
    enum partition_content content = PARTITION_OTHER;
    uint8_t sector[SECTOR];

    if (io_read(volume, 0, sector, sizeof(sector)) == 0 && boot_sector_says(sector, &content))
        return content;
    return ntfs_boot_has_copy(volume) ? PARTITION_NTFS : PARTITION_OTHER;
}

struct partition *partition_add(struct partition_reader *reader, unsigned index, uint64_t start,
                                uint64_t count, int *r)
{
    uint64_t disk_size = io_size(reader->disk);
    uint64_t offset, size, end;

    *r = 0;
    if (MUL_OVERFLOW(start, (uint64_t)reader->list->sector_size, &offset) ||
        MUL_OVERFLOW(count, (uint64_t)reader->list->sector_size, &size) ||
        ADD_OVERFLOW(offset, size, &end) || offset >= disk_size) {
        notes_add(reader->notes, SEVERITY_PROBLEM, "PARTITION-OUTSIDE", NOTE_NO_OFFSET,
                  "partition %u starts at sector %" PRIu64 ", behind the end of the disk of %" PRIu64
                  " bytes", index, start, disk_size);
        return NULL;
    }
    if (end > disk_size)
        notes_add(reader->notes, SEVERITY_WARNING, "PARTITION-TRUNCATED", offset,
                  "partition %u should have %" PRIu64 " bytes, the disk ends after %" PRIu64
                  " of them", index, size, disk_size - offset);
    if (reader->list->items.count >= PARTITIONS_MAX) {
        if (!reader->notes || !notes_has(reader->notes, "PARTITION-MANY"))
            notes_add(reader->notes, SEVERITY_WARNING, "PARTITION-MANY", NOTE_NO_OFFSET,
                      "the table names more than %d partitions, the rest is not read",
                      PARTITIONS_MAX);
        return NULL;
    }
    struct partition *p = vector_push(&reader->list->items);
    if (!p) {
        *r = -ENOMEM;
        return NULL;
    }
    p->index = index;
    p->offset = offset;
    p->recorded_size = size;
    p->size = min_u64(size, disk_size - offset);
    return p;
}

static int recognise(struct partition_reader *reader)
{
    for (size_t i = 0; i < reader->list->items.count; i++) {
        struct partition *p = &reader->list->items.items[i];
        io_source *volume = io_range_new(reader->disk, p->offset, p->size);
        if (!volume)
            return -ENOMEM;
        p->content = partition_content(volume);
        io_unref(volume);
        if (p->mbr_type == MBR_LDM && p->content == PARTITION_OTHER)
            notes_add(reader->notes, SEVERITY_INFO, "PARTITION-DYNAMIC", p->offset,
                      "partition %u belongs to a dynamic disk and does not start with a volume: "
                      "volumes of dynamic disks are not looked for", p->index);
    }
    return 0;
}

static size_t count_recognised(const struct partition_list *list)
{
    size_t n = 0;

    for (size_t i = 0; i < list->items.count; i++)
        n += list->items.items[i].content != PARTITION_OTHER;
    return n;
}

static int read_mbr_counting(struct partition_reader *reader, const struct mbr *mbr,
                             uint32_t sector_size)
{
    reader->list->scheme = PARTITION_MBR;
    reader->list->sector_size = sector_size;
    reader->list->mbr_signature = get_le32(mbr->disk_signature);
    int r = mbr_read(reader, mbr);
    return r < 0 ? r : recognise(reader);
}

static int count_with_sectors_of(io_source *disk, const struct mbr *mbr, uint32_t sector_size,
                                 size_t *recognised)
{
    CLEANUP(partitions) struct partition_list list = {0};
    struct partition_reader quiet = {&list, disk, NULL};
    int r = read_mbr_counting(&quiet, mbr, sector_size);

    *recognised = count_recognised(&list);
    return r;
}

/* An MBR does not say how large its sectors are: the content at the places it names does. */
static int read_mbr(struct partition_reader *reader, const struct mbr *mbr)
{
    size_t small, large;

    int r = count_with_sectors_of(reader->disk, mbr, 512, &small);
    if (r == 0)
        r = count_with_sectors_of(reader->disk, mbr, 4096, &large);
    if (r < 0)
        return r;
    return read_mbr_counting(reader, mbr, small == 0 && large > 0 ? 4096 : 512);
}

static int read_bare(struct partition_reader *reader)
{
    int r;

    reader->list->scheme = PARTITION_NO_TABLE;
    reader->list->sector_size = 1;
    struct partition *p = partition_add(reader, 0, 0, io_size(reader->disk), &r);
    reader->list->sector_size = SECTOR;
    if (!p)
        return r;
    r = recognise(reader);
    /* An image may go on behind the volume: then its boot sector's copy is not the last one. */
    if (r == 0 && p->content == PARTITION_OTHER && ntfs_boot_find_copy(reader->disk, NULL) == 0)
        p->content = PARTITION_NTFS;
    return r;
}

int partitions_read(struct partition_list *list, io_source *disk, struct notes *notes)
{
    struct partition_reader reader = {list, disk, notes};
    enum partition_content content;
    struct mbr mbr;

    *list = (struct partition_list){.sector_size = SECTOR};
    int r = io_read(disk, 0, &mbr, sizeof(mbr));
    if (r == -ENODATA) /* too small for anything */
        return io_size(disk) > 0 ? read_bare(&reader) : 0;
    if (r < 0)
        return r;
    if (boot_sector_says((const uint8_t *)&mbr, &content))
        return read_bare(&reader);
    if (mbr_is_table(&mbr) && !mbr_is_protective(&mbr))
        return read_mbr(&reader, &mbr);
    r = gpt_read(&reader);
    if (r == 0) {
        if (!mbr_is_protective(&mbr))
            notes_add(notes, SEVERITY_WARNING, "PARTITION-GPT-MBR", 0,
                      "the disk has a GPT but no protective MBR before it");
        return recognise(&reader);
    }
    if (r != -ENOENT)
        return r;
    if (!mbr_is_table(&mbr))
        return read_bare(&reader);
    notes_add(notes, SEVERITY_PROBLEM, "PARTITION-GPT-LOST", 0,
              "the MBR announces a GPT, but neither of its two copies is whole");
    return read_mbr(&reader, &mbr);
}

void partitions_free(struct partition_list *list)
{
    for (size_t i = 0; i < list->items.count; i++)
        free(list->items.items[i].name);
    vector_free(&list->items);
}

struct partition_device partition_device(const struct partition_list *list,
                                         const struct partition *partition)
{
    struct partition_device device = {0};

    if (list->scheme == PARTITION_MBR && list->mbr_signature != 0) {
        store_le32(device.bytes, list->mbr_signature);
        store_le64(device.bytes + 4, partition->offset);
        device.size = 12;
    } else if (list->scheme == PARTITION_GPT) {
        memcpy(device.bytes, "DMIO:ID:", 8);
        guid_to_le(&partition->id, device.bytes + 8);
        device.size = 24;
    }
    return device;
}

const char *partition_scheme_name(enum partition_scheme scheme)
{
    static const char *const names[] = {"none", "mbr", "gpt"};

    return names[scheme];
}

const char *partition_content_name(enum partition_content content)
{
    static const char *const names[] = {"other", "ntfs", "bitlocker", "refs"};

    return names[content];
}

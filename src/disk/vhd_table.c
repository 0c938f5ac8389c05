/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* VHD spec, "Block Allocation Table and Data Blocks". */
#include "disk/vhd.h"

#include "base/cleanup.h"

#include <errno.h>
#include <stdlib.h>

#define CHUNK_ENTRIES 16384u

/* A disk of 2040 GiB in blocks of 512 KiB has 4 million blocks. Beyond this the table is not
 * counted, and no overlap is looked for among so many places. */
#define COUNTED_MAX ((uint64_t)16 << 20)
#define PLACES_MAX  ((uint64_t)8 << 20)
/* How much of bitmaps is read to count the blocks that are partly here. */
#define BITMAPS_MAX (256 * KIB)

/* Broken rules of single blocks are counted; the first of each kind is told. */
struct tally {
    uint64_t count, block;
    uint32_t sector;
    const char *range;
};

struct counting {
    const struct vhd *vhd;
    uint64_t chunk;    /* bytes of a block with its bitmap */
    uint32_t *places;  /* per stretch of `chunk` bytes the sector where a block begins, or 0 */
    uint64_t place_count;
    struct tally outside, inside_other, overlapping;
};

int vhd_read_entry(struct disk *disk, const struct vhd *vhd, uint64_t block, uint32_t *sector)
{
    be32 entry;
    int r = io_read(disk->source, vhd->table_offset + block * sizeof(entry), &entry, sizeof(entry));

    *sector = get_be32(entry);
    return r == -ENODATA ? -EBADMSG : r;
}

/* Sectors of a block that belong to the disk: the last block may reach behind its end. */
static uint64_t sectors_of_block(const struct disk *disk, uint64_t block)
{
    const struct disk_facts *facts = disk->facts;

    return min_u64(facts->block_size, facts->virtual_size - block * facts->block_size) / VHD_SECTOR;
}

static bool all_set(const uint8_t *bitmap, uint64_t bits)
{
    uint64_t bytes = bits / 8;

    for (uint64_t i = 0; i < bytes; i++)
        if (bitmap[i] != 0xFF)
            return false;
    uint8_t rest = (uint8_t)(0xFF00 >> bits % 8); /* the first bits are the highest */
    return bits % 8 == 0 || (bitmap[bytes] & rest) == rest;
}

int vhd_block_is_full(struct disk *disk, const struct vhd *vhd, uint64_t block, uint32_t sector,
                      bool *full)
{
    CLEANUP_FREE uint8_t *bitmap = malloc(vhd->bitmap_size);

    if (!bitmap)
        return -ENOMEM;
    int r = io_read(disk->source, (uint64_t)sector * VHD_SECTOR, bitmap, vhd->bitmap_size);
    if (r == 0)
        *full = all_set(bitmap, sectors_of_block(disk, block));
    return r == -ENODATA ? -EBADMSG : r;
}

static void count_up(struct tally *tally, uint64_t block, uint32_t sector, const char *range)
{
    if (tally->count++ == 0)
        *tally = (struct tally){1, block, sector, range};
}

static const char *range_at(const struct vhd *vhd, uint64_t offset, uint64_t length)
{
    for (size_t i = 0; i < vhd->range_count; i++) {
        const struct vhd_range *range = &vhd->ranges[i];
        if (offset < range->offset + range->length && range->offset < offset + length)
            return range->name;
    }
    return NULL;
}

/* All blocks have one size: two overlap when they begin in one stretch, or in neighbours with
 * less than a block between. */
static bool overlaps(struct counting *counting, uint32_t sector)
{
    uint64_t sectors = counting->chunk / VHD_SECTOR;
    uint64_t place = sector / sectors;
    const uint32_t *places = counting->places;

    if (place >= counting->place_count)
        return false;
    bool overlap =
        places[place] != 0 ||
        (place > 0 && places[place - 1] != 0 && sector - places[place - 1] < sectors) ||
        (place + 1 < counting->place_count && places[place + 1] != 0 &&
         places[place + 1] - sector < sectors);
    counting->places[place] = sector;
    return overlap;
}

static void check_place(struct counting *counting, uint64_t block, uint32_t sector)
{
    uint64_t offset = (uint64_t)sector * VHD_SECTOR;
    const char *range = range_at(counting->vhd, offset, counting->chunk);

    if (!range_fits(offset, counting->chunk, counting->vhd->end))
        count_up(&counting->outside, block, sector, NULL);
    else if (range)
        count_up(&counting->inside_other, block, sector, range);
    else if (overlaps(counting, sector))
        count_up(&counting->overlapping, block, sector, NULL);
}

static void tell(const struct counting *counting, struct notes *notes)
{
    const struct tally *t = &counting->outside;
    const uint64_t table = counting->vhd->table_offset;

    if (t->count > 0)
        notes_add(notes, SEVERITY_PROBLEM, "VHD-BLOCK-OUTSIDE", table + t->block * sizeof(be32),
                  "%llu blocks lie outside the file: the first is block %llu at 0x%llx, where %llu "
                  "bytes must fit before 0x%llx",
                  (unsigned long long)t->count, (unsigned long long)t->block,
                  (unsigned long long)t->sector * VHD_SECTOR, (unsigned long long)counting->chunk,
                  (unsigned long long)counting->vhd->end);
    t = &counting->inside_other;
    if (t->count > 0)
        notes_add(notes, SEVERITY_PROBLEM, "VHD-BLOCK-PLACE", table + t->block * sizeof(be32),
                  "%llu blocks lie over other parts of the file: the first is block %llu at "
                  "0x%llx, over %s",
                  (unsigned long long)t->count, (unsigned long long)t->block,
                  (unsigned long long)t->sector * VHD_SECTOR, t->range);
    t = &counting->overlapping;
    if (t->count > 0)
        notes_add(notes, SEVERITY_PROBLEM, "VHD-BLOCK-OVERLAP", table + t->block * sizeof(be32),
                  "%llu blocks overlap others: the first is block %llu at 0x%llx",
                  (unsigned long long)t->count, (unsigned long long)t->block,
                  (unsigned long long)t->sector * VHD_SECTOR);
}

typedef int visit_allocated(struct disk *, void *user, uint64_t block, uint32_t sector);

static int each_allocated(struct disk *disk, const struct vhd *vhd, visit_allocated *visit,
                          void *user)
{
    CLEANUP_FREE be32 *entries = malloc(CHUNK_ENTRIES * sizeof(*entries));

    if (!entries)
        return -ENOMEM;
    for (uint64_t first = 0; first < disk->block_count; first += CHUNK_ENTRIES) {
        uint64_t count = min_u64(CHUNK_ENTRIES, disk->block_count - first);
        int r = io_read(disk->source, vhd->table_offset + first * sizeof(*entries), entries,
                        count * sizeof(*entries));
        for (uint64_t i = 0; i < count && r == 0; i++)
            if (get_be32(entries[i]) != VHD_NOT_ALLOCATED)
                r = visit(disk, user, first + i, get_be32(entries[i]));
        if (r < 0)
            return r;
    }
    return 0;
}

static int count_one(struct disk *disk, void *user, uint64_t block, uint32_t sector)
{
    disk->facts->allocated_blocks++;
    check_place(user, block, sector);
    return 0;
}

static int count_partial(struct disk *disk, void *user, uint64_t block, uint32_t sector)
{
    bool full;
    int r = vhd_block_is_full(disk, user, block, sector, &full);

    if (r == -EBADMSG)
        return 0; /* it lies outside, as was said */
    if (r == 0 && !full)
        disk->facts->partial_blocks++;
    return r;
}

static int count_places(struct disk *disk, const struct vhd *vhd, struct notes *notes)
{
    struct counting counting = {
        .vhd = vhd,
        .chunk = vhd->bitmap_size + (uint64_t)disk->facts->block_size,
    };

    counting.place_count = min_u64(vhd->end / counting.chunk + 1, PLACES_MAX);
    counting.places = calloc(counting.place_count, sizeof(*counting.places));
    if (!counting.places)
        return -ENOMEM;
    int r = each_allocated(disk, vhd, count_one, &counting);
    if (r == 0)
        tell(&counting, notes);
    free(counting.places);
    return r;
}

int vhd_count_blocks(struct disk *disk, const struct vhd *vhd, struct notes *notes)
{
    struct disk_facts *facts = disk->facts;

    if (disk->block_count > COUNTED_MAX) {
        notes_add(notes, SEVERITY_WARNING, "VHD-TABLE-SIZE", vhd->table_offset,
                  "the block table has %llu entries, which is more than any disk needs; they were "
                  "not counted",
                  (unsigned long long)disk->block_count);
        return 0;
    }
    int r = count_places(disk, vhd, notes);
    if (r < 0)
        return r;
    facts->allocated_bytes = facts->allocated_blocks * facts->block_size;
    facts->has_partial_blocks = facts->kind != DISK_DIFFERENCING ||
                                facts->allocated_blocks <= BITMAPS_MAX / vhd->bitmap_size;
    if (facts->has_partial_blocks && facts->kind == DISK_DIFFERENCING)
        r = each_allocated(disk, vhd, count_partial, (void *)(uintptr_t)vhd);
    facts->blocks[BLOCK_NOT_PRESENT] = disk->block_count - facts->allocated_blocks;
    facts->blocks[BLOCK_PARTIALLY_PRESENT] = facts->partial_blocks;
    facts->blocks[BLOCK_FULLY_PRESENT] = facts->allocated_blocks - facts->partial_blocks;
    facts->has_counts = r == 0;
    return r;
}

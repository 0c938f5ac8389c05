/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * Where libvhdi (20210425) reads other content than there is:
 *   - behind the first chunk of a fixed VHDX (it overlooks the bitmaps' entries in the table);
 *   - in a differencing VHD where a byte of the sector bitmap is partly set;
 *   - in a differencing VHDX in ZERO, UNMAPPED and UNDEFINED blocks (it takes the parent's data),
 *     and in chunks without a sector bitmap (it reads something else as one);
 *   - behind the end of a parent that is smaller than its child.
 * A sector is doubtful when one of these holds for a layer that is asked for it.
 */
#include "disk/witness_content.h"

#include "base/cleanup.h"
#include "disk/disk_format.h"
#include "os/worker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TIMEOUT_MS 60000 /* of one read */

int witness_content_open(struct workers *workers, struct disk *const *layers, size_t count,
                         io_source **theirs)
{
    CLEANUP_FREE io_source **sources = calloc(count, sizeof(io_source *));
    const struct worker_job job = {
        .name = "vhdi", .sources = sources, .source_count = count, .timeout_ms = TIMEOUT_MS};

    *theirs = NULL;
    if (!workers)
        return -ENOENT;
    if (!sources)
        return -ENOMEM;
    for (size_t i = 0; i < count; i++)
        sources[i] = disk_replayed_source(layers[i]);
    return workers_open_source(workers, &job, theirs);
}

enum answer { ANSWER_HERE, ANSWER_BELOW, ANSWER_DOUBTFUL };

/* VHDX with 512-byte sectors: 2^23 of them make a chunk (MS-VHDX 2.5). */
static enum answer ask_whole(const struct disk_facts *facts, uint64_t offset)
{
    bool behind_chunk = facts->format == DISK_VHDX && facts->kind == DISK_FIXED &&
                        offset >= ((uint64_t)facts->logical_sector_size << 23);

    return behind_chunk ? ANSWER_DOUBTFUL : ANSWER_HERE;
}

/* The eight sectors around one: a byte of the bitmap. */
static int read_bits(struct disk *disk, uint64_t block, uint32_t sector, uint8_t *bits)
{
    const struct disk_facts *facts = disk_facts(disk);
    uint32_t first = sector & ~7u;
    uint32_t count = facts->block_size / facts->logical_sector_size - first;

    return disk->ops->sectors(disk, block, first, count < 8 ? count : 8, bits);
}

static int ask_differencing(struct disk *disk, uint64_t offset, enum answer *answer)
{
    const struct disk_facts *facts = disk_facts(disk);
    uint64_t block = offset / facts->block_size;
    uint32_t sector = (uint32_t)(offset % facts->block_size / facts->logical_sector_size);
    enum block_state state;
    uint64_t place;
    uint8_t bits = 0;
    int r = disk_block(disk, block, &state, &place);

    *answer = ANSWER_DOUBTFUL;
    if (r < 0)
        return r;
    bool has_bitmap = true;
    if (facts->format == DISK_VHDX || state == BLOCK_PARTIALLY_PRESENT) {
        r = read_bits(disk, block, sector, &bits);
        has_bitmap = r == 0;
        if (r < 0 && r != -EBADMSG)
            return r;
    }
    bool partly = facts->format == DISK_VHD && bits != 0 && bits != 0xFF;
    if (!has_bitmap || (state == BLOCK_PARTIALLY_PRESENT && partly))
        return 0;
    if (state == BLOCK_NOT_PRESENT)
        *answer = ANSWER_BELOW;
    else if (state == BLOCK_FULLY_PRESENT)
        *answer = ANSWER_HERE;
    else if (state == BLOCK_PARTIALLY_PRESENT)
        *answer = bits >> sector % 8 & 1 ? ANSWER_HERE : ANSWER_BELOW;
    return 0;
}

static int is_doubtful(struct disk *const *layers, size_t count, uint64_t offset, bool *doubtful)
{
    enum answer answer = ANSWER_BELOW;
    int r = 0;

    for (size_t i = 0; i < count && answer == ANSWER_BELOW && r == 0; i++) {
        const struct disk_facts *facts = disk_facts(layers[i]);
        if (offset >= facts->virtual_size)
            answer = ANSWER_DOUBTFUL;
        else if (facts->kind == DISK_DIFFERENCING)
            r = ask_differencing(layers[i], offset, &answer);
        else
            answer = ask_whole(facts, offset);
    }
    *doubtful = answer == ANSWER_DOUBTFUL;
    return r;
}

int witness_content_tally(struct disk *const *layers, size_t count, uint64_t offset,
                          const uint8_t *ours, const uint8_t *theirs, size_t length,
                          struct witness_tally *tally)
{
    uint32_t sector = disk_facts(layers[0])->logical_sector_size;
    bool doubtful = false;

    tally->read += length;
    if (memcmp(ours, theirs, length) == 0)
        return 0;
    for (size_t at = 0; at < length; at += sector) {
        if (memcmp(ours + at, theirs + at, sector) == 0)
            continue;
        int r = is_doubtful(layers, count, offset + at, &doubtful);
        if (r < 0)
            return r;
        if (doubtful) {
            tally->known += sector;
            continue;
        }
        if (tally->contradicted == 0)
            tally->first = offset + at;
        tally->contradicted += sector;
    }
    return 0;
}

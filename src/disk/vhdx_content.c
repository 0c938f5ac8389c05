/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* One block and its sectors, looked up in the BAT and the sector bitmaps (2.4, 2.5). */
#include "disk/vhdx.h"

#include <errno.h>
#include <string.h>

static int read_entry(const struct vhdx *v, uint64_t index, uint64_t *entry)
{
    le64 value;
    int r = vhdx_read(v, v->bat.offset + index * sizeof(value), &value, sizeof(value));

    *entry = r == 0 ? get_le64(value) : 0;
    return r;
}

static bool place_is_sound(const struct vhdx *v, uint64_t offset)
{
    return offset >= VHDX_HEADER_AREA && offset < io_size(v->disk->source);
}

int vhdx_block(struct disk *disk, uint64_t block, enum block_state *state, uint64_t *file_offset)
{
    const struct vhdx *v = disk->format;
    uint64_t entry;
    int r = read_entry(v, block + block / v->chunk_ratio, &entry);

    if (r < 0)
        return r;
    *state = VHDX_BAT_STATE(entry);
    *file_offset = 0;
    switch (*state) {
    case BLOCK_NOT_PRESENT:
    case BLOCK_UNDEFINED:
    case BLOCK_ZERO:
    case BLOCK_UNMAPPED:
        return 0;
    case BLOCK_PARTIALLY_PRESENT:
        if (!v->has_parent)
            return -EBADMSG;
        break;
    case BLOCK_FULLY_PRESENT:
        break;
    default:
        return -EBADMSG;
    }
    *file_offset = VHDX_BAT_OFFSET(entry);
    return place_is_sound(v, *file_offset) ? 0 : -EBADMSG;
}

int vhdx_sectors(struct disk *disk, uint64_t block, uint32_t first, uint32_t count, uint8_t *bits)
{
    const struct vhdx *v = disk->format;
    const struct disk_facts *facts = disk->facts;
    uint64_t chunk = block / v->chunk_ratio, entry;
    int r = read_entry(v, (chunk + 1) * v->chunk_ratio + chunk, &entry);

    if (r < 0)
        return r;
    if (VHDX_BAT_STATE(entry) != VHDX_BITMAP_PRESENT ||
        !place_is_sound(v, VHDX_BAT_OFFSET(entry)))
        return -EBADMSG;
    uint64_t bit = block % v->chunk_ratio * (facts->block_size / facts->logical_sector_size) + first;
    r = vhdx_read(v, VHDX_BAT_OFFSET(entry) + bit / 8, bits, (count + 7) / 8);
    if (r == 0 && count % 8 != 0)
        bits[count / 8] &= (uint8_t)((1u << count % 8) - 1);
    return r;
}

/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "volume/ntfs_boot.h"

#include "base/checked.h"
#include "volume/ntfs_format.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SECTOR      512
#define COPY_SEARCH (16 * MIB)

/* Bytes of a structure that is given in clusters, or as a power of two. */
static uint64_t structure_size(int8_t clusters, uint64_t cluster_size)
{
    if (clusters >= 0)
        return (uint64_t)clusters * cluster_size;
    return clusters > -32 ? (uint64_t)1 << -clusters : 0;
}

static uint64_t cluster_sectors(uint8_t n)
{
    if (n <= 0x80)
        return n;
    return n >= 0xE0 ? (uint64_t)1 << (256 - n) : 0; /* clusters above 64 KiB */
}

bool ntfs_boot_parse(const void *sector, struct ntfs_geometry *g)
{
    const struct ntfs_boot_sector *boot = sector;
    uint64_t sector_size = get_le16(boot->sector_size);
    uint64_t cluster_size = sector_size * cluster_sectors(boot->cluster_sectors);
    uint64_t record_size = structure_size(boot->record_clusters, cluster_size);
    uint64_t size, mft, mirror;

    if (memcmp(boot->oem, "NTFS    ", sizeof(boot->oem)) != 0 ||
        !is_power_of_two(sector_size) || sector_size < 256 || sector_size > 4096 ||
        !is_power_of_two(cluster_size) || cluster_size < 256 || cluster_size > 2 * MIB ||
        !is_power_of_two(record_size) || record_size < 512 || record_size > 64 * KIB)
        return false;
    if (MUL_OVERFLOW(get_le64(boot->sector_count), sector_size, &size) || size > INT64_MAX ||
        MUL_OVERFLOW(get_le64(boot->mft_cluster), cluster_size, &mft) || mft >= size ||
        MUL_OVERFLOW(get_le64(boot->mirror_cluster), cluster_size, &mirror))
        return false;
    *g = (struct ntfs_geometry){
        .sector_size = (uint32_t)sector_size,
        .cluster_size = (uint32_t)cluster_size,
        .record_size = (uint32_t)record_size,
        .volume_size = size,
        .cluster_count = size / cluster_size,
        .mft_offset = mft,
        .mirror_offset = mirror,
        .serial = get_le64(boot->serial),
    };
    return true;
}

/* A copy stands where the volume that it describes ends. */
static bool is_copy(const void *sector, uint64_t offset, struct ntfs_geometry *g)
{
    return ntfs_boot_parse(sector, g) && g->volume_size == offset;
}

static bool copy_in_last_sector(io_source *source, struct ntfs_geometry *g)
{
    static const uint32_t sector_sizes[] = {512, 4096, 1024, 2048};
    uint8_t sector[SECTOR];
    uint64_t size = io_size(source);

    for (size_t i = 0; i < ARRAY_SIZE(sector_sizes); i++)
        if (size > sector_sizes[i] &&
            io_read(source, size - sector_sizes[i], sector, SECTOR) == 0 &&
            is_copy(sector, size - sector_sizes[i], g))
            return true;
    return false;
}

bool ntfs_boot_has_copy(io_source *source)
{
    struct ntfs_geometry unused;

    return copy_in_last_sector(source, &unused);
}

static bool copy_in_block(const uint8_t *block, uint64_t offset, uint64_t length,
                          struct ntfs_geometry *g)
{
    for (uint64_t at = length / SECTOR; at > 0; at--)
        if (is_copy(block + (at - 1) * SECTOR, offset + (at - 1) * SECTOR, g))
            return true;
    return false;
}

int ntfs_boot_find_copy(io_source *source, struct ntfs_geometry *geometry)
{
    struct ntfs_geometry unused, *g = geometry ? geometry : &unused;
    uint64_t end = io_size(source) / SECTOR * SECTOR;
    uint64_t stop = end > COPY_SEARCH ? end - COPY_SEARCH : 0;

    if (copy_in_last_sector(source, g))
        return 0;
    uint8_t *block = malloc(MIB);
    bool found = false;
    while (block && !found && end > stop) {
        uint64_t length = min_u64(MIB, end - stop);
        end -= length;
        if (io_read(source, end, block, length) < 0)
            break;
        found = copy_in_block(block, end, length, g);
    }
    free(block);
    return found ? 0 : -ENOENT;
}

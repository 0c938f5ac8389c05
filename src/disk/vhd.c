/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* The VHD format: from the footer to the dynamic header to the block table. */
#include "disk/vhd.h"

#include <errno.h>
#include <stdlib.h>

#define CHECKSUM  offsetof(struct vhd_header, checksum)
#define AT(field) (offset + offsetof(struct vhd_header, field))

/* Without the header nothing but the footer's facts is known. */
static int check_header(const struct vhd_header *header, uint64_t offset, struct notes *notes)
{
    uint32_t sum = vhd_checksum(header, sizeof(*header), CHECKSUM);
    uint32_t block_size = get_be32(header->block_size);

    if (memcmp(header->cookie, VHD_HEADER_COOKIE, sizeof(header->cookie)) != 0) {
        notes_add(notes, SEVERITY_PROBLEM, "VHD-HEADER", offset,
                  "the dynamic header does not begin with \"cxsparse\"");
        return -EBADMSG;
    }
    if (sum != get_be32(header->checksum)) {
        notes_add(notes, SEVERITY_PROBLEM, "VHD-HEADER-CHECKSUM", AT(checksum),
                  "the checksum of the dynamic header is 0x%08x, its bytes give 0x%08x",
                  get_be32(header->checksum), sum);
        return -EBADMSG;
    }
    if (get_be32(header->version) >> 16 != VHD_VERSION_1 >> 16) {
        notes_add(notes, SEVERITY_PROBLEM, "VHD-HEADER-VERSION", AT(version),
                  "the version of the dynamic header is 0x%08x, 0x%08x was expected",
                  get_be32(header->version), VHD_VERSION_1);
        return -ENOTSUP;
    }
    if (block_size < VHD_SECTOR || block_size > VHD_BLOCK_SIZE_MAX ||
        !is_power_of_two(block_size)) {
        notes_add(notes, SEVERITY_PROBLEM, "VHD-BLOCK-SIZE", AT(block_size),
                  "the block size is %u bytes, a power of two from 512 bytes to 256 MiB was "
                  "expected",
                  block_size);
        return -EBADMSG;
    }
    return 0;
}

/* Parent fields belong to differencing disks alone. */
static bool has_parent_fields(const struct vhd_header *header)
{
    return !bytes_are_zero(header->parent_id, sizeof(header->parent_id)) ||
           !bytes_are_zero(&header->parent_timestamp, sizeof(header->parent_timestamp)) ||
           !bytes_are_zero(header->parent_name, sizeof(header->parent_name)) ||
           !bytes_are_zero(header->locators, sizeof(header->locators));
}

static void note_oddities(const struct disk *disk, const struct vhd_header *header, uint64_t offset,
                          struct notes *notes)
{
    if (get_be64(header->data_offset) != VHD_NO_OFFSET)
        notes_add(notes, SEVERITY_WARNING, "VHD-HEADER-OFFSET", AT(data_offset),
                  "the data offset of the dynamic header is 0x%llx, all ones was expected",
                  (unsigned long long)get_be64(header->data_offset));
    if (get_be64(header->table_offset) % VHD_SECTOR != 0)
        notes_add(notes, SEVERITY_WARNING, "VHD-TABLE-OFFSET", AT(table_offset),
                  "the block table is at 0x%llx, a multiple of 512 was expected",
                  (unsigned long long)get_be64(header->table_offset));
    if (!bytes_are_zero(&header->reserved1, sizeof(header->reserved1)) ||
        !bytes_are_zero(header->reserved2, sizeof(header->reserved2)))
        notes_add(notes, SEVERITY_INFO, "VHD-HEADER-RESERVED", offset,
                  "the reserved bytes of the dynamic header are not zero");
    if (disk->facts->kind != DISK_DIFFERENCING && has_parent_fields(header))
        notes_add(notes, SEVERITY_WARNING, "VHD-PARENT-UNEXPECTED", AT(parent_id),
                  "the dynamic header names a parent, but the disk is not a differencing one");
}

static int read_header(struct disk *disk, struct vhd *vhd, struct vhd_header *header,
                       struct notes *notes)
{
    uint64_t offset = get_be64(vhd->footer.data_offset);
    int r = -EBADMSG;

    if (range_fits(offset, sizeof(*header), vhd->end))
        r = io_read(disk->source, offset, header, sizeof(*header));
    else
        notes_add(notes, SEVERITY_PROBLEM, "VHD-HEADER", NOTE_NO_OFFSET,
                  "the dynamic header should be at 0x%llx, behind the end of the file",
                  (unsigned long long)offset);
    if (r == 0)
        r = check_header(header, offset, notes);
    if (r < 0)
        return r;
    note_oddities(disk, header, offset, notes);
    vhd_reserve(vhd, "the copy of the footer", 0, sizeof(struct vhd_footer));
    vhd_reserve(vhd, "the dynamic header", offset, sizeof(*header));
    return 0;
}

/* Where the table lies and what its size must be. */
static int take_table(struct disk *disk, struct vhd *vhd, const struct vhd_header *header,
                      struct notes *notes)
{
    struct disk_facts *facts = disk->facts;
    uint64_t offset = get_be64(vhd->footer.data_offset);
    uint64_t block_count = div_round_up(facts->virtual_size, facts->block_size);

    vhd->table_offset = get_be64(header->table_offset);
    /* The bitmap fills whole sectors: 4096 sectors of data to one of bits. */
    vhd->bitmap_size =
        (uint32_t)div_round_up(facts->block_size, (uint64_t)VHD_SECTOR * 8 * VHD_SECTOR) *
        VHD_SECTOR;
    if (get_be32(header->max_entries) < block_count) {
        notes_add(notes, SEVERITY_PROBLEM, "VHD-TABLE-SIZE", AT(max_entries),
                  "the block table has %u entries, but the disk %llu blocks",
                  get_be32(header->max_entries), (unsigned long long)block_count);
        return -EBADMSG;
    }
    if (!range_fits(vhd->table_offset, block_count * sizeof(be32), vhd->end)) {
        notes_add(notes, SEVERITY_PROBLEM, "VHD-TABLE-OFFSET", AT(table_offset),
                  "the block table at 0x%llx needs %llu bytes, but ends behind 0x%llx",
                  (unsigned long long)vhd->table_offset,
                  (unsigned long long)(block_count * sizeof(be32)), (unsigned long long)vhd->end);
        return -EBADMSG;
    }
    vhd_reserve(vhd, "the block table", vhd->table_offset, block_count * sizeof(be32));
    disk->block_count = block_count;
    return 0;
}

static int open_sparse(struct disk *disk, struct vhd *vhd, struct notes *notes)
{
    struct vhd_header header;
    int r = read_header(disk, vhd, &header, notes);

    if (r < 0)
        return r;
    disk->facts->block_size = get_be32(header.block_size);
    if (disk->facts->parent)
        r = vhd_read_parent(disk, vhd, &header, get_be64(vhd->footer.data_offset), notes);
    if (r == 0)
        r = take_table(disk, vhd, &header, notes);
    return r < 0 ? r : vhd_count_blocks(disk, vhd, notes);
}

/* The ranges are worded for notes. */
static const char *without_article(const char *name)
{
    return strncmp(name, "the ", 4) == 0 ? name + 4 : strncmp(name, "a ", 2) == 0 ? name + 2 : name;
}

static void add_parts(struct disk *disk, const struct vhd *vhd)
{
    for (size_t i = 0; i < vhd->range_count; i++)
        disk_add_part(disk->facts, without_article(vhd->ranges[i].name), vhd->ranges[i].offset,
                      vhd->ranges[i].length);
    disk_add_part(disk->facts, "footer", vhd->end, io_size(disk->source) - vhd->end);
}

static int vhd_open(struct disk *disk, struct notes *notes)
{
    struct vhd *vhd = calloc(1, sizeof(*vhd));

    if (!vhd)
        return -ENOMEM;
    disk->format = vhd;
    int r = vhd_read_footer(disk, vhd, notes);
    if (r < 0)
        return r;
    if (disk->facts->kind != DISK_FIXED) {
        r = open_sparse(disk, vhd, notes);
        add_parts(disk, vhd);
        return r;
    }
    add_parts(disk, vhd);
    disk->facts->has_counts = disk->facts->has_partial_blocks = true;
    disk->facts->allocated_bytes = disk->facts->virtual_size;
    return 0;
}

static int vhd_block(struct disk *disk, uint64_t block, enum block_state *state,
                     uint64_t *file_offset)
{
    const struct vhd *vhd = disk->format;
    uint32_t sector;
    bool full = true;
    int r = vhd_read_entry(disk, vhd, block, &sector);

    *state = BLOCK_NOT_PRESENT;
    *file_offset = 0;
    if (r < 0 || sector == VHD_NOT_ALLOCATED)
        return r;
    /* What a bitmap says in a dynamic disk changes nothing: there is no parent to look into. */
    if (disk->facts->kind == DISK_DIFFERENCING)
        r = vhd_block_is_full(disk, vhd, block, sector, &full);
    *state = full ? BLOCK_FULLY_PRESENT : BLOCK_PARTIALLY_PRESENT;
    *file_offset = (uint64_t)sector * VHD_SECTOR + vhd->bitmap_size;
    return r;
}

static uint8_t reversed(uint8_t byte)
{
    byte = (uint8_t)(byte >> 4 | byte << 4);
    byte = (uint8_t)((byte & 0xCC) >> 2 | (byte & 0x33) << 2);
    return (uint8_t)((byte & 0xAA) >> 1 | (byte & 0x55) << 1);
}

static int vhd_sectors(struct disk *disk, uint64_t block, uint32_t first, uint32_t count,
                       uint8_t *bits)
{
    uint32_t sector, bytes = (count + 7) / 8;
    int r = vhd_read_entry(disk, disk->format, block, &sector);

    if (r == 0)
        r = io_read(disk->source, (uint64_t)sector * VHD_SECTOR + first / 8, bits, bytes);
    if (r < 0)
        return r == -ENODATA ? -EBADMSG : r;
    /* On disk the first sector of a byte is its highest bit. */
    for (uint32_t i = 0; i < bytes; i++)
        bits[i] = reversed(bits[i]);
    if (count % 8 != 0)
        bits[bytes - 1] &= (uint8_t)(0xFF >> (8 - count % 8));
    return 0;
}

static void vhd_close(struct disk *disk)
{
    free(disk->format);
}

const struct disk_ops vhd_ops = {vhd_open, vhd_block, vhd_sectors, vhd_close};

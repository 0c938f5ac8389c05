/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* A VHD as it is, and once more with its checksums made right, which no fuzzer finds by itself. */
#include "base/checked.h"
#include "base/cleanup.h"
#include "disk/vhd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BLOCKS 16

static void repair(uint8_t *at, size_t length, size_t field)
{
    store_be32(at + field, vhd_checksum(at, length, field));
}

static void read_blocks(struct disk *disk)
{
    const struct disk_facts *facts = disk_facts(disk);
    CLEANUP_FREE uint8_t *bits = malloc(facts->block_size / VHD_SECTOR / 8 + 1);

    for (uint64_t block = 0; block < min_u64(disk_block_count(disk), BLOCKS); block++) {
        enum block_state state;
        uint64_t place;
        disk_block(disk, block, &state, &place);
        disk_block_sectors(disk, block, bits);
    }
}

/* The smallest disk: one sector, for a differencing one to stand on. */
static struct disk *open_base(void)
{
    uint8_t bytes[2 * VHD_SECTOR] = {'b'};
    struct vhd_footer *footer = (struct vhd_footer *)(bytes + VHD_SECTOR);
    struct disk *disk = NULL;

    memcpy(footer->cookie, VHD_FOOTER_COOKIE, sizeof(footer->cookie));
    store_be32(&footer->version, VHD_VERSION_1);
    store_be64(&footer->current_size, VHD_SECTOR);
    store_be32(&footer->type, VHD_TYPE_FIXED);
    repair((uint8_t *)footer, sizeof(*footer), offsetof(struct vhd_footer, checksum));
    CLEANUP(io_unref) io_source *source = io_memory_new(bytes, sizeof(bytes));
    if (disk_open(&disk, source, NULL) < 0)
        abort();
    return disk;
}

static void read_content(struct disk *disk, uint8_t *buffer, size_t length)
{
    CLEANUP(disk) struct disk *base = open_base();
    CLEANUP(io_unref) io_source *content = NULL;
    struct disk *chain[] = {disk, base};
    size_t layers = disk_facts(disk)->kind == DISK_DIFFERENCING ? 2 : 1;

    if (disk_content_new(&content, chain, layers) < 0)
        abort();
    io_read_some(content, 0, buffer, length);
    if (io_size(content) > length)
        io_read_some(content, io_size(content) - length, buffer, length);
}

static void read_disk(const uint8_t *data, size_t size)
{
    CLEANUP(io_unref) io_source *source = io_memory_new(data, size);
    struct notes notes = {0};
    struct disk *disk = NULL;
    uint8_t buffer[4096];

    if (disk_open(&disk, source, &notes) == 0) {
        read_blocks(disk);
        read_content(disk, buffer, sizeof(buffer));
    }
    disk_close(disk);
    notes_free(&notes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const size_t footer = sizeof(struct vhd_footer), header = sizeof(struct vhd_header);
    CLEANUP_FREE uint8_t *copy = NULL;

    read_disk(data, size);
    if (size < 2 * footer + header || !(copy = malloc(size)))
        return 0;
    memcpy(copy, data, size);
    repair(copy + footer, header, offsetof(struct vhd_header, checksum));
    repair(copy, footer, offsetof(struct vhd_footer, checksum));
    repair(copy + size - footer, footer, offsetof(struct vhd_footer, checksum));
    read_disk(copy, size);
    return 0;
}

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * A VHDX from the parts that an input gives, with its checksums made right unless the input says
 * otherwise: opened, its blocks looked up, its content read alone or over a base.
 */
#include "vhdx_slots.h"
#include "vhdx_writer.h"

#include "base/bytes.h"
#include "base/checked.h"
#include "base/cleanup.h"
#include "base/crc.h"
#include "disk/disk.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


/* The file: its slots in memory, zeros elsewhere. */
struct made {
    uint8_t slot[SLOTS][0x6000];
};

static int64_t made_read(void *self, uint64_t offset, void *buffer, size_t length)
{
    const struct made *made = self;

    memset(buffer, 0, length);
    for (size_t i = 0; i < SLOTS; i++) {
        uint64_t start = max_u64(offset, slots[i].offset);
        uint64_t end = min_u64(offset + length, slots[i].offset + slots[i].length);
        if (start < end)
            memcpy((uint8_t *)buffer + (start - offset), made->slot[i] + (start - slots[i].offset),
                   end - start);
    }
    return (int64_t)length;
}

static const struct io_ops made_ops = {made_read, free};

/* The checksum of a structure of which only the first slot is not zero. */
static void repair(uint8_t *slot, size_t slot_length, size_t length)
{
    static uint8_t bytes[0x10000];

    memset(bytes, 0, length);
    memcpy(bytes, slot, slot_length);
    store_le32(slot + 4, crc32c_zeroed(bytes, length, 4));
}

/* Every entry of the log, in the part of the ring that the input gives. */
static void repair_log(struct made *made)
{
    static uint8_t ring[0x9000]; /* the last slot but one, then the last one */

    memcpy(ring, made->slot[SLOTS - 2], 0x3000);
    memcpy(ring + 0x3000, made->slot[SLOTS - 1], 0x6000);
    for (size_t at = 0; at < sizeof(ring); at += 0x1000) {
        uint32_t length = load_le32(ring + at + 8);
        if (memcmp(ring + at, "loge", 4) == 0 && length >= 64 && length <= sizeof(ring) - at)
            store_le32(ring + at + 4, crc32c_zeroed(ring + at, length, 4));
    }
    memcpy(made->slot[SLOTS - 2], ring, 0x3000);
    memcpy(made->slot[SLOTS - 1], ring + 0x3000, 0x6000);
}

static io_source *make(const uint8_t *data, size_t size)
{
    struct made *made = calloc(1, sizeof(*made));
    uint8_t keep = size > 0 ? data[0] : 0, mib = size > 1 ? data[1] : 0;
    size_t at = SLOTS_PREFIX;

    if (!made)
        abort();
    for (size_t i = 0; i < SLOTS && at < size; i++) {
        size_t n = (size_t)min_u64(slots[i].length, size - at);
        memcpy(made->slot[i], data + at, n);
        at += n;
    }
    for (size_t i = 1; i <= 2 && !(keep & KEEP_HEADER_CHECKSUMS); i++)
        repair(made->slot[i], slots[i].length, 4096);
    for (size_t i = 3; i <= 4 && !(keep & KEEP_TABLE_CHECKSUMS); i++)
        repair(made->slot[i], slots[i].length, 0x10000);
    if (!(keep & KEEP_LOG_CHECKSUMS))
        repair_log(made);
    return io_source_new(&made_ops, made, mib ? mib * MIB : 8 * MIB);
}

static int64_t fd_read(void *self, uint64_t offset, void *buffer, size_t length)
{
    return pread(*(int *)self, buffer, length, (off_t)offset);
}

/* A base for differencing disks, one for each sector size. */
static struct disk *base_disk(uint32_t sector_size)
{
    static const struct io_ops ops = {fd_read, NULL};
    static struct disk *bases[2];
    static int fds[2];
    size_t which = sector_size == 4096;
    struct vhdx_recipe recipe = {.kind = DISK_FIXED, .virtual_size = 3 * MIB,
                                 .logical_sector_size = sector_size};

    if (bases[which])
        return bases[which];
    fds[which] = memfd_create("base", 0);
    if (vhdx_writer_write_fd(fds[which], &recipe) < 0)
        abort();
    io_source *source = io_source_new(&ops, &fds[which], (uint64_t)lseek(fds[which], 0, SEEK_END));
    if (disk_open(&bases[which], source, NULL) < 0)
        abort();
    io_unref(source);
    return bases[which];
}

static void look_up(struct disk *disk)
{
    const struct disk_facts *facts = disk_facts(disk);

    for (uint64_t block = 0; block < min_u64(disk_block_count(disk), 8); block++) {
        enum block_state state;
        uint64_t place;
        disk_block(disk, block, &state, &place);
    }
    if (disk_block_count(disk) == 0)
        return;
    CLEANUP_FREE uint8_t *bits = malloc(facts->block_size / facts->logical_sector_size / 8);
    disk_block_sectors(disk, 0, bits);
}

static void read_content(struct disk *disk)
{
    static uint8_t bytes[64 * 1024];
    const struct disk_facts *facts = disk_facts(disk);
    bool child = facts->kind == DISK_DIFFERENCING;
    struct disk *chain[] = {disk, child ? base_disk(facts->logical_sector_size) : NULL};
    CLEANUP(io_unref) io_source *content = NULL;

    if (disk_content_new(&content, chain, child ? 2 : 1) < 0)
        return;
    for (uint64_t at = 0; at < min_u64(io_size(content), 4 * MIB); at += MIB / 2 - 100)
        io_read_some(content, at, bytes, sizeof(bytes));
    io_read_some(content, io_size(content) - 512, bytes, 512);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(io_unref) io_source *source = make(data, size);
    CLEANUP(notes) struct notes notes = {0};
    CLEANUP(disk) struct disk *disk = NULL;

    if (disk_open(&disk, source, &notes) < 0 || !disk)
        return 0;
    look_up(disk);
    read_content(disk);
    return 0;
}

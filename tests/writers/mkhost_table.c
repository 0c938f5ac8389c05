/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* The partition tables of the recipe's images. */
#include "mkhost.h"

#include "base/bytes.h"
#include "base/checked.h"
#include "base/cleanup.h"
#include "base/crc.h"
#include "base/strbuf.h"
#include "volume/partition_format.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECTOR      512
#define GPT_ENTRIES 128

void write_image(const struct recipe *recipe, int fd, uint64_t offset, const uint8_t *bytes,
                 size_t size)
{
    static const uint8_t zeros[4096];

    for (size_t at = 0, n; at < size; at += n) {
        n = (size_t)min_u64(size - at, sizeof(zeros));
        if (memcmp(bytes + at, zeros, n) != 0 &&
            pwrite(fd, bytes + at, n, (off_t)(offset + at)) != (ssize_t)n)
            fail(recipe, "the image: %s", strerror(errno));
    }
}

void make_mbr(struct recipe *recipe, json_t *image, int fd)
{
    json_t *volumes = json_object_get(image, "volumes"), *volume;
    struct mbr mbr = {0};
    size_t i;

    store_le32(&mbr.disk_signature,
               (uint32_t)strtoul(text_member(recipe, image, "signature", "0"), NULL, 16));
    store_le16(&mbr.signature, MBR_SIGNATURE);
    json_array_foreach(volumes, i, volume)
    {
        mbr.entries[i].type = 7;
        store_le32(&mbr.entries[i].start,
                   (uint32_t)(size_member(recipe, volume, "offset", 0) / SECTOR));
        store_le32(&mbr.entries[i].count,
                   (uint32_t)(size_member(recipe, volume, "size", 0) / SECTOR));
    }
    write_image(recipe, fd, 0, (const uint8_t *)&mbr, sizeof(mbr));
}

static void put_gpt_header(struct recipe *recipe, int fd, const char *name, uint64_t own,
                           uint64_t other, uint64_t entries_lba, const struct gpt_entry *entries)
{
    struct gpt_header header = {.signature = {'E', 'F', 'I', ' ', 'P', 'A', 'R', 'T'}};
    struct guid disk = guid_of(name);
    size_t size = GPT_ENTRIES * sizeof(*entries);

    store_le32(&header.revision, 0x10000);
    store_le32(&header.header_size, sizeof(header));
    store_le64(&header.own_lba, own);
    store_le64(&header.alternate_lba, other);
    store_le64(&header.entries_lba, entries_lba);
    store_le32(&header.entry_count, GPT_ENTRIES);
    store_le32(&header.entry_size, sizeof(*entries));
    store_le32(&header.entries_crc, crc32_zeroed(entries, size, size));
    guid_to_le(&disk, header.disk_id);
    store_le32(&header.header_crc,
               crc32_zeroed(&header, sizeof(header), offsetof(struct gpt_header, header_crc)));
    write_image(recipe, fd, own * SECTOR, (const uint8_t *)&header, sizeof(header));
    write_image(recipe, fd, entries_lba * SECTOR, (const uint8_t *)entries, size);
}

struct guid partition_guid(const char *image, size_t number)
{
    CLEANUP_FREE char *name = string_printf("%s %zu", image, number);

    return guid_of_kind("partition", name);
}

void make_gpt(struct recipe *recipe, json_t *image, int fd, uint64_t sectors)
{
    json_t *volumes = json_object_get(image, "volumes"), *volume;
    struct gpt_entry entries[GPT_ENTRIES] = {0};
    struct mbr mbr = {.entries = {{.type = MBR_GPT_PROTECTIVE}}};
    const char *name = text_member(recipe, image, "image", "");
    struct guid basic_data;
    size_t i;

    guid_parse_string("ebd0a0a2-b9e5-4433-87c0-68b6b72699c7", &basic_data);
    store_le16(&mbr.signature, MBR_SIGNATURE);
    store_le32(&mbr.entries[0].start, 1);
    store_le32(&mbr.entries[0].count, (uint32_t)sectors - 1);
    json_array_foreach(volumes, i, volume)
    {
        uint64_t first = size_member(recipe, volume, "offset", 0) / SECTOR;
        struct guid id = partition_guid(name, i + 1);
        guid_to_le(&basic_data, entries[i].type);
        guid_to_le(&id, entries[i].id);
        store_le64(&entries[i].first_lba, first);
        store_le64(&entries[i].last_lba,
                   first + size_member(recipe, volume, "size", 0) / SECTOR - 1);
    }
    write_image(recipe, fd, 0, (const uint8_t *)&mbr, sizeof(mbr));
    put_gpt_header(recipe, fd, name, 1, sectors - 1, 2, entries);
    put_gpt_header(recipe, fd, name, sectors - 1, 1, sectors - 1 - 32, entries);
}

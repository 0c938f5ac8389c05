/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "../testing.h"

#include "base/checked.h"
#include "base/crc.h"
#include "volume/ntfs_boot.h"
#include "volume/ntfs_format.h"
#include "volume/partition.h"
#include "volume/partition_format.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DISK_SIZE (4 * MIB)

struct fixture {
    uint8_t *disk;
    uint64_t size;
    struct partition_list list;
    struct notes notes;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    f->disk = calloc(1, DISK_SIZE);
    f->size = DISK_SIZE;
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    partitions_free(&f->list);
    notes_free(&f->notes);
    free(f->disk);
    free(f);
    return 0;
}

static void read_disk(struct fixture *f)
{
    io_source *source = io_memory_new(f->disk, f->size);

    partitions_free(&f->list);
    notes_free(&f->notes);
    assert_int_equal(partitions_read(&f->list, source, &f->notes), 0);
    io_unref(source);
}

static void put_boot_sector(uint8_t *at, uint64_t sectors, uint16_t sector_size)
{
    struct ntfs_boot_sector boot = {
        .oem = {'N', 'T', 'F', 'S', ' ', ' ', ' ', ' '},
        .cluster_sectors = (uint8_t)(4096 / sector_size),
        .record_clusters = -10,
        .index_clusters = 1,
    };
    store_le16(&boot.sector_size, sector_size);
    store_le64(&boot.sector_count, sectors);
    store_le64(&boot.mft_cluster, 4);
    store_le64(&boot.mirror_cluster, 2);
    store_le64(&boot.serial, 0x1122334455667788);
    store_le16(&boot.signature, 0xAA55);
    memcpy(at, &boot, sizeof(boot));
}

static void put_mbr_entry(uint8_t *sector, int slot, uint8_t type, uint32_t start, uint32_t count)
{
    struct mbr *mbr = (struct mbr *)sector;

    mbr->entries[slot].type = type;
    store_le32(&mbr->entries[slot].start, start);
    store_le32(&mbr->entries[slot].count, count);
    store_le16(&mbr->signature, MBR_SIGNATURE);
}

static void test_mbr(void **state)
{
    struct fixture *f = *state;

    put_mbr_entry(f->disk, 0, 0x07, 64, 1000);
    put_mbr_entry(f->disk, 2, 0x0F, 2000, 4000); /* slot 1 stays empty */
    store_le32(f->disk + 0x1B8, 0xCAFE0001);
    put_boot_sector(f->disk + 64 * 512, 999, 512);
    /* Two logical partitions, the second record counted from the start of the extended one. */
    put_mbr_entry(f->disk + 2000 * 512, 0, 0x07, 8, 100);
    put_mbr_entry(f->disk + 2000 * 512, 1, 0x05, 1000, 200);
    put_mbr_entry(f->disk + 3000 * 512, 0, 0x07, 16, 100);
    memcpy(f->disk + 3016 * 512 + 3, "-FVE-FS-", 8);

    read_disk(f);
    assert_int_equal(f->notes.count, 0);
    assert_int_equal(f->list.scheme, PARTITION_MBR);
    assert_int_equal(f->list.sector_size, 512);
    assert_int_equal(f->list.mbr_signature, 0xCAFE0001);
    assert_int_equal(f->list.items.count, 3);
    const struct partition *p = f->list.items.items;
    assert_int_equal(p[0].index, 1);
    assert_int_equal(p[0].offset, 64 * 512);
    assert_int_equal(p[0].size, 1000 * 512);
    assert_int_equal(p[0].content, PARTITION_NTFS);
    assert_int_equal(p[1].index, 5);
    assert_int_equal(p[1].offset, 2008 * 512);
    assert_int_equal(p[1].content, PARTITION_OTHER);
    assert_int_equal(p[2].index, 6);
    assert_int_equal(p[2].offset, 3016 * 512);
    assert_int_equal(p[2].content, PARTITION_BITLOCKER);
}

static void test_mbr_large_sectors(void **state)
{
    struct fixture *f = *state;

    put_mbr_entry(f->disk, 0, 0x07, 64, 100);
    put_boot_sector(f->disk + 64 * 4096, 99, 4096);
    read_disk(f);
    assert_int_equal(f->notes.count, 0);
    assert_int_equal(f->list.sector_size, 4096);
    assert_int_equal(f->list.items.items[0].offset, 64 * 4096);
    assert_int_equal(f->list.items.items[0].content, PARTITION_NTFS);
}

static void test_mbr_chain_damage(void **state)
{
    struct fixture *f = *state;

    put_mbr_entry(f->disk, 0, 0x05, 2000, 4000);
    put_mbr_entry(f->disk + 2000 * 512, 0, 0x07, 8, 100);
    put_mbr_entry(f->disk + 2000 * 512, 1, 0x05, 1000, 200);
    put_mbr_entry(f->disk + 3000 * 512, 0, 0x07, 8, 100);
    put_mbr_entry(f->disk + 3000 * 512, 1, 0x05, 0, 200); /* back to the start */
    read_disk(f);
    assert_true(notes_has(&f->notes, "PARTITION-CHAIN-LOOP"));
    assert_int_equal(f->list.items.count, 2);

    put_mbr_entry(f->disk + 3000 * 512, 1, 0x05, 4000, 200);
    read_disk(f);
    assert_true(notes_has(&f->notes, "PARTITION-CHAIN-BOUNDS"));
    assert_int_equal(f->list.items.count, 2);

    put_mbr_entry(f->disk + 3000 * 512, 1, 0x05, 3999, 200); /* nothing there */
    read_disk(f);
    assert_true(notes_has(&f->notes, "PARTITION-CHAIN-BROKEN"));
    assert_int_equal(f->list.items.count, 2);

    put_mbr_entry(f->disk, 0, 0x05, 0xFFFFFFFF, 0xFFFFFFFF);
    read_disk(f);
    assert_true(notes_has(&f->notes, "PARTITION-CHAIN-BROKEN"));
}

static void test_mbr_outside(void **state)
{
    struct fixture *f = *state;

    put_mbr_entry(f->disk, 0, 0x07, 8000, 1000);
    put_mbr_entry(f->disk, 1, 0x07, 9000, 1000);
    read_disk(f);
    assert_true(notes_has(&f->notes, "PARTITION-TRUNCATED"));
    assert_true(notes_has(&f->notes, "PARTITION-OUTSIDE"));
    assert_int_equal(f->list.items.count, 1);
    assert_int_equal(f->list.items.items[0].size, 192 * 512);
    assert_int_equal(f->list.items.items[0].recorded_size, 1000 * 512);
}

static void put_gpt_header(uint8_t *disk, uint32_t sector, uint64_t own, uint64_t alternate,
                           uint64_t entries_lba)
{
    struct gpt_header *h = (struct gpt_header *)(disk + own * sector);

    memset(h, 0, sector);
    memcpy(h->signature, "EFI PART", 8);
    store_le32(&h->revision, 0x10000);
    store_le32(&h->header_size, sizeof(*h));
    store_le64(&h->own_lba, own);
    store_le64(&h->alternate_lba, alternate);
    store_le64(&h->entries_lba, entries_lba);
    store_le32(&h->entry_count, 128);
    store_le32(&h->entry_size, 128);
    memset(h->disk_id, 0x42, 16);
    store_le32(&h->entries_crc,
               crc32_zeroed(disk + entries_lba * sector, 128 * 128, (size_t)128 * 128));
    store_le32(&h->header_crc,
               crc32_zeroed(h, sizeof(*h), offsetof(struct gpt_header, header_crc)));
}

static void put_gpt(struct fixture *f, uint32_t sector)
{
    uint64_t last = f->size / sector - 1, table = 128 * 128 / sector;
    struct gpt_entry *e = (struct gpt_entry *)(f->disk + 2 * (size_t)sector);

    put_mbr_entry(f->disk, 0, MBR_GPT_PROTECTIVE, 1, 0xFFFFFFFF);
    memset(e[2].type, 0x11, 16);
    memset(e[2].id, 0x22, 16);
    store_le64(&e[2].first_lba, 128);
    store_le64(&e[2].last_lba, 227);
    memcpy(e[2].name, "D\0a\0t\0a\0", 8);
    memcpy(f->disk + (last - table) * sector, e, 128 * 128);
    put_boot_sector(f->disk + 128 * (size_t)sector, 99, (uint16_t)sector);
    put_gpt_header(f->disk, sector, 1, last, 2);
    put_gpt_header(f->disk, sector, last, 1, last - table);
}

static void expect_gpt(struct fixture *f, uint32_t sector)
{
    read_disk(f);
    assert_int_equal(f->list.scheme, PARTITION_GPT);
    assert_int_equal(f->list.sector_size, sector);
    assert_int_equal(f->list.items.count, 1);
    const struct partition *p = &f->list.items.items[0];
    assert_int_equal(p->index, 3);
    assert_int_equal(p->offset, 128 * sector);
    assert_int_equal(p->size, 100 * sector);
    assert_int_equal(p->content, PARTITION_NTFS);
    assert_string_equal(p->name, "Data");
}

static void test_gpt(void **state)
{
    struct fixture *f = *state;

    put_gpt(f, 512);
    expect_gpt(f, 512);
    assert_int_equal(f->notes.count, 0);
    memset(f->disk, 0, f->size);
    put_gpt(f, 4096);
    expect_gpt(f, 4096);
    assert_int_equal(f->notes.count, 0);
}

static void test_gpt_damage(void **state)
{
    struct fixture *f = *state;

    put_gpt(f, 512);
    f->disk[512 + 0x40]++; /* header of the first copy */
    expect_gpt(f, 512);
    assert_true(notes_has(&f->notes, "PARTITION-GPT-PRIMARY"));

    put_gpt(f, 512);
    f->disk[1024 + 5]++; /* its entries */
    expect_gpt(f, 512);
    assert_true(notes_has(&f->notes, "PARTITION-GPT-PRIMARY"));
    f->disk[1024 + 5]--;

    put_gpt(f, 512);
    f->disk[f->size - 512]++;
    expect_gpt(f, 512);
    assert_true(notes_has(&f->notes, "PARTITION-GPT-BACKUP"));

    f->disk[512]++;
    read_disk(f);
    assert_true(notes_has(&f->notes, "PARTITION-GPT-LOST"));

    put_gpt(f, 512);
    memset(f->disk, 0, 512); /* the protective MBR */
    expect_gpt(f, 512);
    assert_true(notes_has(&f->notes, "PARTITION-GPT-MBR"));
}

static void test_gpt_absurd(void **state)
{
    struct fixture *f = *state;
    struct gpt_header *h;

    put_gpt(f, 512);
    memset(f->disk + f->size - 512, 0, 512);
    h = (struct gpt_header *)(f->disk + 512);
    store_le32(&h->entry_count, 0xFFFFFFFF);
    store_le32(&h->entry_size, 0x80000000);
    store_le32(&h->header_crc,
               crc32_zeroed(h, sizeof(*h), offsetof(struct gpt_header, header_crc)));
    read_disk(f);
    assert_true(notes_has(&f->notes, "PARTITION-GPT-LOST"));

    put_gpt(f, 512); /* an entry that ends before its start */
    struct gpt_entry *e = (struct gpt_entry *)(f->disk + 1024);
    store_le64(&e[2].last_lba, 100);
    put_gpt_header(f->disk, 512, 1, f->size / 512 - 1, 2);
    read_disk(f);
    assert_true(notes_has(&f->notes, "PARTITION-GPT-ENTRY"));
    assert_int_equal(f->list.items.count, 0);
}

static void test_bare(void **state)
{
    static const struct {
        size_t offset;
        const char *bytes;
        enum partition_content content;
    } cases[] = {
        {3, "NTFS    ", PARTITION_NTFS},     {3, "-FVE-FS-", PARTITION_BITLOCKER},
        {3, "ReFS\0\0\0\0", PARTITION_REFS}, {3, "EXFAT   ", PARTITION_OTHER},
        {82, "FAT32   ", PARTITION_OTHER},   {3, "GARBAGE!", PARTITION_OTHER},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        memset(f->disk, 0, 512);
        memcpy(f->disk + cases[i].offset, cases[i].bytes, 8);
        f->disk[0x1BE] = 0x33; /* code, where a table would have its entries */
        store_le16(f->disk + 510, 0xAA55);
        read_disk(f);
        assert_int_equal(f->notes.count, 0);
        assert_int_equal(f->list.scheme, PARTITION_NO_TABLE);
        assert_int_equal(f->list.items.count, 1);
        assert_int_equal(f->list.items.items[0].index, 0);
        assert_int_equal(f->list.items.items[0].size, f->size);
        assert_int_equal(f->list.items.items[0].content, cases[i].content);
    }
}

static void test_boot_sector_lost(void **state)
{
    struct fixture *f = *state;

    put_boot_sector(f->disk + f->size - 512, f->size / 512 - 1, 512);
    read_disk(f);
    assert_int_equal(f->list.items.items[0].content, PARTITION_NTFS);

    memset(f->disk, 0, f->size); /* the image goes on behind the volume */
    put_boot_sector(f->disk + MIB, MIB / 512, 512);
    read_disk(f);
    assert_int_equal(f->list.items.items[0].content, PARTITION_NTFS);

    put_boot_sector(f->disk + MIB, MIB / 512 + 1, 512); /* a copy that stands elsewhere */
    read_disk(f);
    assert_int_equal(f->list.items.items[0].content, PARTITION_OTHER);
}

static void test_small(void **state)
{
    struct fixture *f = *state;

    put_mbr_entry(f->disk, 0, MBR_GPT_PROTECTIVE, 1, 0xFFFFFFFF);
    for (f->size = 0; f->size < 1200; f->size++)
        read_disk(f);
    assert_int_equal(f->list.scheme, PARTITION_MBR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_mbr, setup, teardown),
        cmocka_unit_test_setup_teardown(test_mbr_large_sectors, setup, teardown),
        cmocka_unit_test_setup_teardown(test_mbr_chain_damage, setup, teardown),
        cmocka_unit_test_setup_teardown(test_mbr_outside, setup, teardown),
        cmocka_unit_test_setup_teardown(test_gpt, setup, teardown),
        cmocka_unit_test_setup_teardown(test_gpt_damage, setup, teardown),
        cmocka_unit_test_setup_teardown(test_gpt_absurd, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bare, setup, teardown),
        cmocka_unit_test_setup_teardown(test_boot_sector_lost, setup, teardown),
        cmocka_unit_test_setup_teardown(test_small, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

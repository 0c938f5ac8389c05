/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Cut, random and absurd files: a clear answer, bounded work, nothing read out of bounds. */
#include "disk_testing.h"

#include "vhdx_writer.h"

#include "base/bytes.h"
#include "base/checked.h"
#include "base/cleanup.h"
#include "base/crc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static uint64_t random_state = 99;

static uint64_t random_below(uint64_t limit)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (random_state >> 33) % limit;
}

static bool is_an_answer(int r)
{
    return r == 0 || r == -EBADMSG || r == -ENOTSUP;
}

/* Reads here and there; what comes back does not matter, that it comes back does. */
static void read_about(struct disk *disk)
{
    CLEANUP(io_unref) io_source *content = NULL;
    struct disk *chain[] = {disk, disk};
    uint8_t bytes[4096], *bits;

    for (uint64_t block = 0; block < min_u64(disk_block_count(disk), 16); block++) {
        enum block_state block_state;
        uint64_t place;
        int r = disk_block(disk, block, &block_state, &place);
        assert_true(is_an_answer(r));
        bits = malloc(disk_facts(disk)->block_size / disk_facts(disk)->logical_sector_size / 8);
        assert_true(is_an_answer(disk_block_sectors(disk, block, bits)));
        free(bits);
    }
    if (disk_content_new(&content, chain, 1) < 0)
        return;
    for (int i = 0; i < 16; i++)
        assert_true(is_an_answer(io_read(content, random_below(io_size(content)) & ~511u, bytes, 512)));
}

static int open_and_read(io_source *source, struct notes *notes)
{
    CLEANUP(disk) struct disk *disk = NULL;
    int r = disk_open(&disk, source, notes);

    assert_true(is_an_answer(r));
    assert_true(r < 0 || disk);
    if (disk)
        read_about(disk);
    return r;
}

static const struct vhdx_blocks some[] = {{.first = 1, .count = 2, .state = BLOCK_PARTIALLY_PRESENT}};
static const struct vhdx_blocks full[] = {{.first = 1, .count = 2, .state = BLOCK_FULLY_PRESENT}};

static const struct vhdx_recipe recipes[] = {
    {.kind = DISK_DYNAMIC, .blocks = full, .blocks_count = 1},
    {.kind = DISK_DYNAMIC, .blocks = full, .blocks_count = 1, .dirty = VHDX_DIRTY_BAT,
     .log_start = 253 * 4096},
    {.kind = DISK_DIFFERENCING, .blocks = some, .blocks_count = 1, .parent_linkage = {{1}},
     .relative_path = ".\\base.vhdx", .absolute_path = "C:\\base.vhdx",
     .volume_path = "\\\\?\\Volume{9cdf8dfa-0000-0000-0000-501f00000000}\\base.vhdx"},
    {.kind = DISK_FIXED},
};

/* Around each structure, and everywhere in steps. */
static size_t cut_points(uint64_t *cuts, size_t room, uint64_t file_size)
{
    static const uint64_t edges[] = {
        0x0,      0x8,      0x208,    0x10000,  0x10050,  0x11000,  0x20000,  0x21000, 0x30000,
        0x30010,  0x40000,  0x50000,  0x100000, 0x100040, 0x1FD000, 0x1FF000, 0x200000, 0x200020,
        0x2000C0, 0x210000, 0x210028, 0x210100, 0x300000, 0x300008, 0x301000, 0x400000, 0x401000,
    };
    size_t count = 0;

    for (size_t i = 0; i < ARRAY_SIZE(edges); i++)
        for (int around = -1; around <= 1; around++)
            cuts[count++] = edges[i] + (uint64_t)(edges[i] || around > 0 ? around : 0);
    for (uint64_t at = 0; at < file_size && count < room; at += 77777)
        cuts[count++] = at;
    return count;
}

static void test_cut_anywhere(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(recipes); i++) {
        CLEANUP(io_unref) io_source *whole = made_vhdx(&recipes[i]);
        uint64_t cuts[400];
        size_t count = cut_points(cuts, ARRAY_SIZE(cuts), io_size(whole));
        for (size_t c = 0; c < count; c++) {
            CLEANUP(notes) struct notes notes = {0};
            CLEANUP(io_unref) io_source *part = io_range_new(whole, 0, cuts[c]);
            int r = open_and_read(part, &notes);
            if (notes_worst(&notes) < SEVERITY_PROBLEM)
                fail_msg("recipe %zu cut at %llu: status %d and no problem", i,
                         (unsigned long long)cuts[c], r);
            /* What is cut before the first block can't be used. */
            assert_true(r < 0 || cuts[c] >= 0x300008);
        }
    }
}

static void test_random_bytes(void **state)
{
    size_t size = 5 * MIB;
    CLEANUP_FREE uint8_t *bytes = malloc(size);

    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)random_below(256);
    for (int with_signature = 0; with_signature < 2; with_signature++) {
        CLEANUP(notes) struct notes notes = {0};
        if (with_signature)
            memcpy(bytes, "vhdxfile", 8);
        CLEANUP(io_unref) io_source *source = io_memory_new(bytes, size);
        assert_int_equal(open_and_read(source, &notes), -EBADMSG);
        assert_int_equal(notes_worst(&notes), SEVERITY_PROBLEM);
    }
}

/* Where the structures are; pages that are small and full of meaning. */
static const uint64_t meaningful[] = {0x0,      0x10000,  0x20000,  0x30000,  0x40000, 0x1FD000,
                                      0x1FE000, 0x1FF000, 0x100000, 0x200000, 0x210000, 0x300000};

/* A page with some bytes changed, and its checksum made right where it has one of its own. */
static void put_changed_page(struct io_overlay *overlay, io_source *whole, uint64_t at)
{
    uint8_t page[IO_PAGE];

    assert_int_equal(io_read(whole, at, page, sizeof(page)), 0);
    for (uint64_t n = 1 + random_below(4); n > 0; n--) {
        size_t byte = random_below(random_below(2) ? 96 : 512);
        page[byte] = random_below(3) ? (uint8_t)random_below(256)
                                     : (uint8_t)(random_below(2) ? 0xFF : 0);
    }
    if (at == 0x10000 || at == 0x20000)
        store_le32(page + 4, crc32c_zeroed(page, sizeof(page), 4));
    if (at == 0x30000 || at == 0x40000) {
        CLEANUP_FREE uint8_t *table = calloc(1, 64 * KIB);
        memcpy(table, page, sizeof(page));
        store_le32(page + 4, crc32c_zeroed(table, 64 * KIB, 4));
    }
    assert_int_equal(io_overlay_put(overlay, at, page), 0);
}

static void test_random_damage(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(recipes); i++) {
        CLEANUP(io_unref) io_source *whole = made_vhdx(&recipes[i]);
        for (int round = 0; round < 500; round++) {
            CLEANUP(notes) struct notes notes = {0};
            struct io_overlay *overlay = io_overlay_new(whole);
            for (uint64_t n = 1 + random_below(2); n > 0; n--)
                put_changed_page(overlay, whole, meaningful[random_below(ARRAY_SIZE(meaningful))]);
            CLEANUP(io_unref) io_source *damaged = io_overlay_seal(overlay);
            open_and_read(damaged, &notes);
        }
    }
}

static uint64_t bytes_to_open(const struct vhdx_recipe *recipe)
{
    _Atomic uint64_t bytes_read = 0;
    CLEANUP(io_unref) io_source *source = made_vhdx(recipe);
    CLEANUP(io_unref) io_source *counter = io_counter_new(source, &bytes_read);
    CLEANUP(disk) struct disk *disk = NULL;

    assert_int_equal(disk_open(&disk, counter, NULL), 0);
    assert_true(disk_facts(disk)->has_counts);
    return bytes_read;
}

/* Anatomy is 140 KiB whatever the size; beside it there is only the BAT, and the log if it is due. */
static void test_reading_is_bounded(void **state)
{
    static const struct vhdx_blocks many[] = {
        {.first = 0, .count = 3000, .state = BLOCK_PARTIALLY_PRESENT}};
    const struct vhdx_recipe large[] = {
        {.kind = DISK_DYNAMIC, .virtual_size = 64 * TIB, .block_size = 32 * MIB},
        {.kind = DISK_DIFFERENCING, .virtual_size = TIB, .block_size = 2 * MIB,
         .parent_linkage = {{1}}, .relative_path = ".\\b.vhdx", .blocks = many,
         .blocks_count = 1, .fill = VHDX_FILL_NONE},
        {.kind = DISK_DYNAMIC, .virtual_size = TIB, .block_size = MIB, .dirty = VHDX_DIRTY_BAT},
    };

    for (size_t i = 0; i < ARRAY_SIZE(large); i++) {
        struct vhdx_layout layout;
        vhdx_writer_layout(&large[i], &layout);
        uint64_t limit = 160 * KIB + layout.bat_entries * 8;
        if (large[i].dirty)
            limit += layout.log_length;
        assert_true(bytes_to_open(&large[i]) <= limit);
    }
}

/* The largest BAT that there can be: 64 TiB in blocks of 1 MiB are 513 MiB of zeros. */
static void test_largest_disk(void **state)
{
    struct vhdx_blocks last = {.first = 64 * MIB - 1, .count = 1, .state = BLOCK_FULLY_PRESENT};
    struct vhdx_recipe recipe = {.kind = DISK_DYNAMIC, .virtual_size = 64 * TIB,
                                 .blocks = &last, .blocks_count = 1};
    CLEANUP(io_unref) io_source *source = made_vhdx(&recipe), *content = NULL;
    CLEANUP(disk) struct disk *disk = open_healthy(source);
    const struct vhdx_recipe *chain = &recipe;
    uint8_t read[512], expected[512];

    assert_int_equal(disk_facts(disk)->blocks[BLOCK_FULLY_PRESENT], 1);
    assert_int_equal(disk_facts(disk)->blocks[BLOCK_NOT_PRESENT], 64 * MIB - 1);
    assert_int_equal(disk_content_new(&content, &disk, 1), 0);
    assert_int_equal(io_read(content, 64 * TIB - 512, read, 512), 0);
    vhdx_writer_expected(&chain, 1, 64 * TIB - 512, expected, 512);
    assert_memory_equal(read, expected, 512);
}

/* 2,042 items that claim 1 MiB each, all at one place: told, not read. */
static void test_metadata_full_of_claims(void **state)
{
    static uint8_t entries[2042 * 32];
    uint8_t count[2];
    _Atomic uint64_t bytes_read = 0;
    CLEANUP(notes) struct notes notes = {0};
    CLEANUP(disk) struct disk *disk = NULL;

    store_le16(count, 2047);
    for (size_t i = 0; i < 2042; i++) {
        store_le32(entries + 32 * i, (uint32_t)i + 1);
        store_le32(entries + 32 * i + 16, 0x10000);
        store_le32(entries + 32 * i + 20, MIB);
    }
    struct vhdx_patch patches[] = {{0x20000A, count, 2},
                                   {0x200020 + 5 * 32, entries, sizeof(entries)}};
    struct vhdx_recipe recipe = {.kind = DISK_DYNAMIC, .patches = patches, .patch_count = 2};
    CLEANUP(io_unref) io_source *source = made_vhdx(&recipe);
    CLEANUP(io_unref) io_source *counter = io_counter_new(source, &bytes_read);
    assert_int_equal(disk_open(&disk, counter, &notes), 0);
    assert_has_note(&notes, "VHDX-M4", SEVERITY_PROBLEM);
    assert_has_note(&notes, "VHDX-M5", SEVERITY_PROBLEM);
    assert_has_note(&notes, "VHDX-M1", SEVERITY_PROBLEM);
    assert_true(bytes_read < 300 * KIB);
    assert_true(notes.count < NOTES_MAX && notes.dropped == 0);
}

/* A locator whose 256 values all claim the same 64 KiB: at most its own size is turned into text. */
static void test_locator_full_of_claims(void **state)
{
    static uint8_t locator[20 + 256 * 12];
    CLEANUP(notes) struct notes notes = {0};
    CLEANUP(disk) struct disk *disk = NULL;
    struct guid type;
    uint8_t length[4];

    assert_true(guid_parse_string("b04aefb7-d19e-4a81-b789-25b8e9445913", &type));
    guid_to_le(&type, locator);
    store_le16(locator + 18, 256);
    for (size_t i = 0; i < 256; i++) {
        uint8_t *entry = locator + 20 + 12 * i;
        store_le32(entry, 20);
        store_le32(entry + 4, 20);
        store_le16(entry + 8, 0xFFFE);
        store_le16(entry + 10, 0xFFFE);
    }
    store_le32(length, 0x20000);
    struct vhdx_patch patches[] = {{0x210028, locator, sizeof(locator)},
                                   {0x200020 + 5 * 32 + 20, length, 4}};
    struct vhdx_recipe recipe = recipes[2];
    recipe.patches = patches;
    recipe.patch_count = 2;
    CLEANUP(io_unref) io_source *source = made_vhdx(&recipe);
    assert_int_equal(disk_open(&disk, source, &notes), 0);
    assert_has_note(&notes, "VHDX-P4", SEVERITY_PROBLEM);
    assert_true(disk_facts(disk)->parent->entry_count <= 1);
}

static int64_t failing_read(void *self, uint64_t offset, void *buffer, size_t length)
{
    const uint64_t *from = self;

    if (offset + length > *from)
        return -EIO;
    memset(buffer, 0, length);
    memcpy(buffer, "vhdxfile", offset == 0 ? (size_t)min_u64(8, length) : 0);
    return (int64_t)length;
}

/* A medium that fails is not a damaged file. */
static void test_read_errors_pass_through(void **state)
{
    static const struct io_ops ops = {failing_read, NULL};
    uint64_t from = 4096;
    CLEANUP(io_unref) io_source *source = io_source_new(&ops, &from, 8 * MIB);
    struct disk *disk;

    assert_int_equal(disk_open(&disk, source, NULL), -EIO);
    assert_null(disk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cut_anywhere),
        cmocka_unit_test(test_random_bytes),
        cmocka_unit_test(test_random_damage),
        cmocka_unit_test(test_reading_is_bounded),
        cmocka_unit_test(test_largest_disk),
        cmocka_unit_test(test_metadata_full_of_claims),
        cmocka_unit_test(test_locator_full_of_claims),
        cmocka_unit_test(test_read_errors_pass_through),
    };

    return cmocka_run_group_tests_name("vhdx-hostile", tests, NULL, NULL);
}

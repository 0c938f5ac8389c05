/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* What is read through a made chain is what the recipes' model says, byte for byte. */
#include "disk_testing.h"

#include "vhd_writer.h"

#include "base/checked.h"
#include "base/cleanup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LAYERS_MAX 5
#define RUNS_MAX   6

/* A chain of recipes, [0] the leaf, with what they point to. */
struct made_chain {
    size_t count;
    struct vhdx_recipe recipes[LAYERS_MAX];
    struct vhdx_blocks blocks[LAYERS_MAX][RUNS_MAX];
    const struct vhdx_recipe *pointers[LAYERS_MAX];
    io_source *sources[LAYERS_MAX];
    struct disk *disks[LAYERS_MAX];
    io_source *content;
};

static uint64_t random_state = 0x1234567;

static uint64_t random_below(uint64_t limit)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (random_state >> 33) % limit;
}

static void link_chain(struct made_chain *chain)
{
    for (size_t i = 0; i < chain->count; i++) {
        chain->pointers[i] = &chain->recipes[i];
        chain->recipes[i].blocks = chain->recipes[i].blocks ? chain->recipes[i].blocks : chain->blocks[i];
        if (i + 1 < chain->count) {
            chain->recipes[i].parent = &chain->recipes[i + 1];
            chain->recipes[i].relative_path = ".\\parent.vhdx";
        }
    }
}

static void check_counts(struct disk *disk, const struct vhdx_recipe *recipe)
{
    uint64_t expected[BLOCK_STATES] = {0};

    for (uint64_t block = 0; block < disk_block_count(disk); block++)
        expected[vhdx_writer_state(recipe, block)]++;
    assert_memory_equal(disk_facts(disk)->blocks, expected, sizeof(expected));
}

static void open_chain(struct made_chain *chain)
{
    link_chain(chain);
    for (size_t i = 0; i < chain->count; i++) {
        chain->sources[i] = made_vhdx(&chain->recipes[i]);
        chain->disks[i] = open_healthy(chain->sources[i]);
        check_counts(chain->disks[i], &chain->recipes[i]);
    }
    for (size_t i = 0; i + 1 < chain->count; i++)
        assert_true(disk_linkage_matches(disk_facts(chain->disks[i]), disk_facts(chain->disks[i + 1])));
    assert_int_equal(disk_content_new(&chain->content, chain->disks, chain->count), 0);
    assert_int_equal(io_size(chain->content), disk_facts(chain->disks[0])->virtual_size);
}

static void close_chain(struct made_chain *chain)
{
    io_unref(chain->content);
    for (size_t i = 0; i < chain->count; i++) {
        disk_close(chain->disks[i]);
        io_unref(chain->sources[i]);
    }
}

static void compare(const struct made_chain *chain, uint64_t offset, size_t length)
{
    CLEANUP_FREE uint8_t *read = malloc(length + 1), *expected = malloc(length + 1);

    assert_int_equal(io_read(chain->content, offset, read, length), 0);
    vhdx_writer_expected(chain->pointers, chain->count, offset, expected, length);
    for (size_t i = 0; i < length; i++)
        if (read[i] != expected[i]) {
            print_error("byte %llu: read 0x%02x, expected 0x%02x\n",
                        (unsigned long long)(offset + i), read[i], expected[i]);
            fail();
        }
}

static void random_layer(struct made_chain *chain, size_t i, uint32_t sector_size)
{
    static const enum block_state states[] = {BLOCK_NOT_PRESENT,   BLOCK_UNDEFINED,
                                              BLOCK_ZERO,          BLOCK_UNMAPPED,
                                              BLOCK_FULLY_PRESENT, BLOCK_PARTIALLY_PRESENT};
    bool base = i == chain->count - 1;
    struct vhdx_recipe *r = &chain->recipes[i];

    *r = (struct vhdx_recipe){
        .kind = base ? (enum disk_kind)random_below(2) : DISK_DIFFERENCING,
        .seed = (uint32_t)random_below(1u << 30),
        .block_size = (uint32_t)(MIB << random_below(3)),
        .logical_sector_size = sector_size,
        .virtual_size = (1 + random_below(9 * MIB / 4096)) * 4096,
        .fill = VHDX_FILL_ALL,
        .damage = random_below(2) ? VHDX_SHUFFLED : 0,
        .dirty = (enum vhdx_dirty)random_below(3),
        .log_start = random_below(256) * 4096,
    };
    for (size_t run = 0; run < RUNS_MAX; run++)
        chain->blocks[i][run] = (struct vhdx_blocks){
            .first = random_below(9),
            .count = 1 + random_below(4),
            .state = states[random_below(base ? 5 : 6)],
            .sectors = (enum vhdx_sectors)random_below(5),
        };
    r->blocks_count = r->kind == DISK_FIXED ? 0 : RUNS_MAX;
}

static void compare_at_random(const struct made_chain *chain)
{
    uint64_t size = io_size(chain->content);

    compare(chain, 0, (size_t)size);
    for (int n = 0; n < 20; n++) {
        uint64_t offset = random_below(size);
        compare(chain, offset, (size_t)min_u64(1 + random_below(3 * MIB), size - offset));
    }
}

static void test_random_chains(void **state)
{
    for (int round = 0; round < 40; round++) {
        struct made_chain chain = {.count = 1 + random_below(LAYERS_MAX)};
        uint32_t sector_size = random_below(2) ? 4096 : 512;
        for (size_t i = 0; i < chain.count; i++)
            random_layer(&chain, i, sector_size);
        open_chain(&chain);
        compare_at_random(&chain);
        close_chain(&chain);
    }
}

/* Behind the first chunk of 4 GiB a reader that forgets the bitmap entries of the BAT is wrong. */
static void test_fixed_disk_above_4_gib(void **state)
{
    struct made_chain chain = {
        .count = 1,
        .recipes = {{.kind = DISK_FIXED, .virtual_size = 9 * GIB, .block_size = 128 * MIB,
                     .seed = 4}},
    };

    open_chain(&chain);
    for (uint64_t block = 0; block < 72; block++) {
        compare(&chain, block * 128 * MIB, 70 * KIB);
        compare(&chain, (block + 1) * 128 * MIB - 70 * KIB, 70 * KIB);
    }
    assert_int_equal(disk_facts(chain.disks[0])->blocks[BLOCK_FULLY_PRESENT], 72);
    close_chain(&chain);
}

/* Chunks of a child: the first has a sector bitmap, the second none, the third one again. */
static void test_chunk_without_bitmap(void **state)
{
    struct vhdx_blocks child[] = {
        {.first = 1, .count = 1, .state = BLOCK_PARTIALLY_PRESENT},
        {.first = 15, .count = 2, .state = BLOCK_FULLY_PRESENT},
        {.first = 20, .count = 1, .state = BLOCK_ZERO},
        {.first = 21, .count = 1, .state = BLOCK_UNMAPPED},
        {.first = 33, .count = 1, .state = BLOCK_PARTIALLY_PRESENT,
         .sectors = VHDX_SECTORS_ALTERNATE},
    };
    struct made_chain chain = {
        .count = 2,
        .recipes = {{.kind = DISK_DIFFERENCING, .virtual_size = 10 * GIB, .block_size = 256 * MIB,
                     .seed = 5, .blocks = child, .blocks_count = ARRAY_SIZE(child)},
                    {.kind = DISK_FIXED, .virtual_size = 10 * GIB, .block_size = 256 * MIB,
                     .seed = 6}},
    };

    open_chain(&chain);
    for (uint64_t block = 0; block < 40; block++) {
        compare(&chain, block * 256 * MIB, 70 * KIB);
        compare(&chain, (block + 1) * 256 * MIB - 66 * KIB, 66 * KIB);
    }
    close_chain(&chain);
}

/* Layers of other block sizes and other virtual sizes: behind the parent's end there are zeros,
 * even when a grandparent is larger. */
static void test_parent_in_the_middle_is_smaller(void **state)
{
    struct vhdx_blocks leaf[] = {{.first = 0, .count = 1, .state = BLOCK_PARTIALLY_PRESENT}};
    struct made_chain chain = {
        .count = 3,
        .recipes = {{.kind = DISK_DIFFERENCING, .virtual_size = 12 * MIB, .block_size = 2 * MIB,
                     .seed = 7, .blocks = leaf, .blocks_count = 1},
                    {.kind = DISK_DIFFERENCING, .virtual_size = 5 * MIB + 512, .seed = 8},
                    {.kind = DISK_FIXED, .virtual_size = 12 * MIB, .block_size = 8 * MIB,
                     .seed = 9, .fill = VHDX_FILL_ALL}},
    };
    uint8_t behind[1024];

    open_chain(&chain);
    compare(&chain, 0, 12 * MIB);
    assert_int_equal(io_read(chain.content, 5 * MIB + 512, behind, sizeof(behind)), 0);
    for (size_t i = 0; i < sizeof(behind); i++)
        assert_int_equal(behind[i], 0);
    close_chain(&chain);
}

static void test_wrong_chains_are_refused(void **state)
{
    struct vhdx_recipe base = {.kind = DISK_DYNAMIC, .seed = 1}, large = base;
    struct vhdx_recipe child = {.kind = DISK_DIFFERENCING, .seed = 2, .parent = &base,
                                .relative_path = ".\\base.vhdx"};
    large.logical_sector_size = 4096;
    CLEANUP(io_unref) io_source *base_source = made_vhdx(&base), *child_source = made_vhdx(&child);
    CLEANUP(io_unref) io_source *large_source = made_vhdx(&large), *content = NULL;
    CLEANUP(disk) struct disk *b = open_healthy(base_source), *c = open_healthy(child_source);
    CLEANUP(disk) struct disk *l = open_healthy(large_source);
    struct disk *many[DISK_CHAIN_MAX + 1];

    for (size_t i = 0; i <= DISK_CHAIN_MAX; i++)
        many[i] = c;
    assert_int_equal(disk_content_new(&content, many, 0), -EINVAL);
    assert_int_equal(disk_content_new(&content, many, DISK_CHAIN_MAX + 1), -ELOOP);
    assert_int_equal(disk_content_new(&content, many, 2), -EXDEV);
    assert_int_equal(disk_content_new(&content, (struct disk *[]){c, l}, 2), -EINVAL);
    assert_int_equal(disk_content_new(&content, (struct disk *[]){b, b}, 2), -EINVAL);
    assert_null(content);
    /* As deep as it may be. */
    many[DISK_CHAIN_MAX - 1] = b;
    assert_int_equal(disk_content_new(&content, many, DISK_CHAIN_MAX), 0);
    uint8_t bytes[512];
    assert_int_equal(io_read(content, MIB, bytes, sizeof(bytes)), 0);
}

/* Windows wants parent and child of one format. */
static void test_mixed_formats_are_refused(void **state)
{
    struct vhd_recipe base = {.kind = DISK_FIXED};
    struct vhdx_recipe child = {.kind = DISK_DIFFERENCING, .parent_linkage = {{1}},
                                .relative_path = ".\\base.vhd"};
    int fd = memory_file();
    assert_int_equal(vhd_writer_write_fd(fd, &base), 0);
    CLEANUP(io_unref) io_source *base_source = fd_source(fd), *child_source = made_vhdx(&child);
    CLEANUP(disk) struct disk *b = open_healthy(base_source), *c = open_healthy(child_source);
    CLEANUP(io_unref) io_source *content = NULL;

    assert_int_equal(disk_content_new(&content, (struct disk *[]){c, b}, 2), -EINVAL);
}

static void test_block_lookup(void **state)
{
    struct vhdx_blocks blocks[] = {
        {.first = 1, .count = 1, .state = BLOCK_FULLY_PRESENT},
        {.first = 2, .count = 1, .state = BLOCK_PARTIALLY_PRESENT,
         .sectors = VHDX_SECTORS_ALTERNATE},
        {.first = 3, .count = 1, .state = BLOCK_UNMAPPED, .anchored = true},
    };
    struct vhdx_recipe base = {.kind = DISK_DYNAMIC}, child = {
        .kind = DISK_DIFFERENCING, .seed = 2, .parent = &base, .relative_path = ".\\base.vhdx",
        .blocks = blocks, .blocks_count = ARRAY_SIZE(blocks)};
    CLEANUP(io_unref) io_source *source = made_vhdx(&child);
    CLEANUP(disk) struct disk *disk = open_healthy(source);
    enum block_state found;
    uint64_t place;
    uint8_t bits[256];

    assert_int_equal(disk_block_count(disk), 8);
    for (uint64_t block = 0; block < 8; block++) {
        assert_int_equal(disk_block(disk, block, &found, &place), 0);
        assert_int_equal(found, vhdx_writer_state(&child, block));
        assert_int_equal(place, block == 3 ? 0 : vhdx_writer_payload(&child, block));
    }
    assert_int_equal(disk_block(disk, 8, &found, &place), -EINVAL);
    assert_int_equal(disk_block_sectors(disk, 2, bits), 0);
    for (size_t i = 0; i < sizeof(bits); i++)
        assert_int_equal(bits[i], 0x55);
    assert_int_equal(disk_block_sectors(disk, 1, bits), 0);
    for (size_t i = 0; i < sizeof(bits); i++)
        assert_int_equal(bits[i], 0xFF);
    assert_int_equal(disk_block_sectors(disk, 3, bits), 0);
    for (size_t i = 0; i < sizeof(bits); i++)
        assert_int_equal(bits[i], 0);
}

/* Counts the reads that come through. */
struct call_counter {
    io_source *below;
    size_t calls;
};

static int64_t counted_read(void *self, uint64_t offset, void *buffer, size_t length)
{
    struct call_counter *counter = self;

    counter->calls++;
    return io_read_some(counter->below, offset, buffer, length);
}

/* A run of sectors is one read; here bits change every few dozen sectors. */
static void test_runs_are_read_at_once(void **state)
{
    static const struct io_ops ops = {counted_read, NULL};
    struct vhdx_blocks blocks[] = {{.first = 0, .count = 8, .state = BLOCK_PARTIALLY_PRESENT,
                                    .sectors = VHDX_SECTORS_RUNS}};
    struct vhdx_recipe base = {.kind = DISK_FIXED};
    struct vhdx_recipe child = {.kind = DISK_DIFFERENCING, .seed = 3, .parent = &base,
                                .relative_path = ".\\base.vhdx", .blocks = blocks,
                                .blocks_count = 1};
    CLEANUP(io_unref) io_source *base_source = made_vhdx(&base), *source = made_vhdx(&child);
    struct call_counter counter = {.below = source};
    CLEANUP(io_unref) io_source *counted = io_source_new(&ops, &counter, io_size(source));
    CLEANUP(io_unref) io_source *content = NULL;
    CLEANUP(disk) struct disk *top = open_healthy(counted), *bottom = open_healthy(base_source);
    CLEANUP_FREE uint8_t *buffer = malloc(8 * MIB);

    assert_int_equal(disk_content_new(&content, (struct disk *[]){top, bottom}, 2), 0);
    counter.calls = 0;
    assert_int_equal(io_read(content, 0, buffer, 8 * MIB), 0);
    assert_true(counter.calls < 8 * MIB / 512 / 37);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_chains),
        cmocka_unit_test(test_fixed_disk_above_4_gib),
        cmocka_unit_test(test_chunk_without_bitmap),
        cmocka_unit_test(test_parent_in_the_middle_is_smaller),
        cmocka_unit_test(test_wrong_chains_are_refused),
        cmocka_unit_test(test_mixed_formats_are_refused),
        cmocka_unit_test(test_block_lookup),
        cmocka_unit_test(test_runs_are_read_at_once),
    };

    return cmocka_run_group_tests_name("vhdx-content", tests, NULL, NULL);
}

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Two readings of one chain: differences count for nothing just where libvhdi is known to be wrong.
 */
#include "disk_testing.h"

#include "vhd_writer.h"
#include "vhdx_writer.h"

#include "base/checked.h"
#include "base/cleanup.h"
#include "disk/witness_content.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK ((uint64_t)MIB)

struct pair {
    io_source *sources[2]; /* the leaf first */
    struct disk *disks[2];
};

static struct pair open_pair(io_source *leaf, io_source *base)
{
    struct pair pair = {{leaf, base}, {NULL, NULL}};

    for (size_t i = 0; i < 2; i++)
        assert_int_equal(disk_open(&pair.disks[i], pair.sources[i], NULL), 0);
    return pair;
}

static void pair_cleanup(struct pair *pair)
{
    for (size_t i = 0; i < 2; i++) {
        disk_close(pair->disks[i]);
        io_unref(pair->sources[i]);
    }
}

/* A sector of the other reader is another one: what that counts as. */
static struct witness_tally tally_at(const struct pair *pair, uint64_t offset)
{
    uint8_t ours[4096] = {0}, theirs[4096] = {0};
    struct witness_tally tally = {0};

    theirs[512] = 1;
    assert_int_equal(
        witness_content_tally(pair->disks, 2, offset, ours, theirs, sizeof(ours), &tally), 0);
    assert_int_equal(tally.read, sizeof(ours));
    assert_int_equal(tally.known + tally.contradicted, 512);
    if (tally.contradicted)
        assert_int_equal(tally.first, offset + 512);
    return tally;
}

static void assert_doubtful(const struct pair *pair, uint64_t offset, bool doubtful)
{
    struct witness_tally tally = tally_at(pair, offset);

    if ((tally.known > 0) != doubtful)
        fail_msg("offset %llu: %s", (unsigned long long)offset,
                 doubtful ? "a contradiction, but libvhdi is wrong there"
                          : "excused, but libvhdi is right there");
}

static void test_equal_readings(void **state)
{
    const struct vhdx_recipe base = {.kind = DISK_DYNAMIC, .seed = 1, .block_size = BLOCK};
    const struct vhdx_recipe leaf = {.kind = DISK_DIFFERENCING,
                                     .seed = 2,
                                     .parent = &base,
                                     .block_size = BLOCK,
                                     .absolute_path = "C:\\b.vhdx"};
    CLEANUP(pair) struct pair pair = open_pair(made_vhdx(&leaf), made_vhdx(&base));
    uint8_t bytes[4096] = {7};
    struct witness_tally tally = {0};

    assert_int_equal(witness_content_tally(pair.disks, 2, 0, bytes, bytes, sizeof(bytes), &tally),
                     0);
    assert_int_equal(tally.read, sizeof(bytes));
    assert_int_equal(tally.known + tally.contradicted, 0);
}

static void test_vhdx(void **state)
{
    const struct vhdx_blocks base_blocks[] = {
        {.first = 0, .count = 6, .state = BLOCK_FULLY_PRESENT}};
    const struct vhdx_blocks blocks[] = {
        {.first = 0, .count = 1, .state = BLOCK_PARTIALLY_PRESENT, .sectors = VHDX_SECTORS_RUNS},
        {.first = 1, .count = 1, .state = BLOCK_FULLY_PRESENT},
        {.first = 2, .count = 1, .state = BLOCK_ZERO},
        {.first = 3, .count = 1, .state = BLOCK_UNMAPPED},
    };
    const struct vhdx_recipe base = {.kind = DISK_DYNAMIC,
                                     .seed = 1,
                                     .block_size = BLOCK,
                                     .virtual_size = 8 * MIB,
                                     .blocks = base_blocks,
                                     .blocks_count = 1};
    struct vhdx_recipe leaf = {.kind = DISK_DIFFERENCING,
                               .seed = 2,
                               .parent = &base,
                               .block_size = BLOCK,
                               .virtual_size = 8 * MIB,
                               .blocks = blocks,
                               .blocks_count = 4,
                               .absolute_path = "C:\\b.vhdx"};
    CLEANUP(pair) struct pair pair = open_pair(made_vhdx(&leaf), made_vhdx(&base));

    assert_doubtful(&pair, 0, false);
    assert_doubtful(&pair, BLOCK, false);
    assert_doubtful(&pair, 2 * BLOCK, true);
    assert_doubtful(&pair, 3 * BLOCK, true);
    assert_doubtful(&pair, 4 * BLOCK, false); /* the parent's */

    /* Without a partly present block the chunk has no bitmap. */
    leaf.blocks = blocks + 1;
    leaf.blocks_count = 1;
    CLEANUP(pair) struct pair bare = open_pair(made_vhdx(&leaf), made_vhdx(&base));
    assert_doubtful(&bare, BLOCK, true);
    assert_doubtful(&bare, 4 * BLOCK, true);
}

static void test_vhd(void **state)
{
    const struct vhd_blocks some[] = {{0, 1, VHD_SECTORS_PAGES}, {1, 1, VHD_SECTORS_ALL}};
    const struct vhd_recipe base = {.kind = DISK_FIXED, .seed = 1};
    const struct vhd_recipe leaf = {.kind = DISK_DIFFERENCING,
                                    .seed = 2,
                                    .parent = &base,
                                    .relative_path = "b.vhd",
                                    .blocks = some,
                                    .blocks_count = 2};
    CLEANUP(pair) struct pair pair = open_pair(made_vhd(&leaf), made_vhd(&base));

    assert_doubtful(&pair, 0, false); /* pages are whole bytes of the bitmap */
    assert_doubtful(&pair, disk_facts(pair.disks[0])->block_size, false);
    assert_doubtful(&pair, 2 * (uint64_t)disk_facts(pair.disks[0])->block_size, false);
}

/* What stands behind the end of a smaller parent is nothing that libvhdi is asked about. */
static void test_smaller_parent(void **state)
{
    const struct vhdx_blocks blocks[] = {
        {.first = 0, .count = 1, .state = BLOCK_PARTIALLY_PRESENT, .sectors = VHDX_SECTORS_RUNS}};
    const struct vhdx_recipe base = {
        .kind = DISK_DYNAMIC, .seed = 1, .block_size = BLOCK, .virtual_size = 2 * MIB};
    const struct vhdx_recipe leaf = {.kind = DISK_DIFFERENCING,
                                     .seed = 2,
                                     .parent = &base,
                                     .block_size = BLOCK,
                                     .virtual_size = 4 * MIB,
                                     .blocks = blocks,
                                     .blocks_count = 1,
                                     .absolute_path = "C:\\b.vhdx"};
    CLEANUP(pair) struct pair pair = open_pair(made_vhdx(&leaf), made_vhdx(&base));

    assert_doubtful(&pair, BLOCK, false);
    assert_doubtful(&pair, 3 * BLOCK, true);
}

static void test_no_workers(void **state)
{
    io_source *theirs;

    assert_int_equal(witness_content_open(NULL, NULL, 0, &theirs), -ENOENT);
    assert_null(theirs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equal_readings),
        cmocka_unit_test(test_vhdx),
        cmocka_unit_test(test_vhd),
        cmocka_unit_test(test_smaller_parent),
        cmocka_unit_test(test_no_workers),
    };

    return cmocka_run_group_tests_name("witness content", tests, NULL, NULL);
}

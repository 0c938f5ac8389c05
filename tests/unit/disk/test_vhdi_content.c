/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * The content of samples and of made chains, beside libvhdi's, wherever libvhdi is right: not in
 * fixed VHDX beyond 4 GiB, nor where a VHD's bitmap has a byte that is partly set, nor in
 * differencing VHDX with ZERO or UNMAPPED blocks or with a chunk that has no bitmap.
 */
#include "disk_testing.h"

#include "../group_workers.h"

#include "vhd_writer.h"
#include "vhdx_writer.h"

#include "base/checked.h"
#include "base/cleanup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LAYERS_MAX 8
#define TIMEOUT_MS 120000

struct chain {
    io_source *sources[LAYERS_MAX]; /* leaf first; logs replayed once the disks are open */
    struct disk *disks[LAYERS_MAX];
    size_t count;
};

static void add_layer(struct chain *chain, io_source *source)
{
    chain->sources[chain->count] = source;
    assert_int_equal(disk_open(&chain->disks[chain->count], source, NULL), 0);
    chain->count++;
}

static void chain_cleanup(struct chain *chain)
{
    for (size_t i = 0; i < chain->count; i++) {
        disk_close(chain->disks[i]);
        io_unref(chain->sources[i]);
    }
}

static io_source *content_by_libvhdi(struct workers *workers, const struct chain *chain)
{
    io_source *replayed[LAYERS_MAX], *content;
    const struct worker_job job = {
        .name = "vhdi",
        .sources = replayed,
        .source_count = chain->count,
        .timeout_ms = TIMEOUT_MS,
    };

    for (size_t i = 0; i < chain->count; i++)
        replayed[i] = disk_replayed_source(chain->disks[i]);
    assert_int_equal(workers_open_source(workers, &job, &content), 0);
    return content;
}

/* The whole of small disks, the first 256 KiB of every 8 MiB of large ones. */
static void compare(struct workers *workers, const struct chain *chain)
{
    static uint8_t a[256 * KIB], b[256 * KIB];
    CLEANUP(io_unref) io_source *theirs = content_by_libvhdi(workers, chain), *ours = NULL;

    assert_int_equal(disk_content_new(&ours, chain->disks, chain->count), 0);
    assert_int_equal(io_size(ours), io_size(theirs));
    uint64_t step = io_size(ours) > 64 * MIB ? 8 * MIB : sizeof(a);
    if (io_size(ours) > 16 * GIB)
        step = GIB;
    for (uint64_t at = 0; at < io_size(ours); at += step) {
        size_t n = (size_t)min_u64(sizeof(a), io_size(ours) - at);
        assert_int_equal(io_read(ours, at, a, n), 0);
        assert_int_equal(io_read(theirs, at, b, n), 0);
        assert_memory_equal(a, b, n);
    }
}

static void test_samples(void **state)
{
    static const char *const chains[][2] = {
        {"vhd/d2v-zerofilled.vhd.bz2"},
        {"vhd/hyperv2012r2-dynamic.vhd.bz2"},
        {"vhd/ntfs-dynamic.vhd.gz"},
        {"vhd/ntfs-differential.vhd.gz", "vhd/ntfs-parent.vhd.gz"},
        {"vhdx/btrfs.vhdx.gz"},
        {"vhdx/iotest-dirtylog-10G-4M.vhdx.bz2"},
        {"vhdx/iotest-dynamic-1G.vhdx.bz2"},
        {"vhdx/lvm2.vhdx.gz"},
        {"vhdx/ntfs-dynamic.vhdx.gz"},
        {"vhdx/swap.vhdx.gz"},
        {"vhdx/test-disk2vhd.vhdx.bz2"},
        {"vhdx/windows-fixed.vhdx.gz"},
        {"vhdx/ntfs-differential.vhdx.gz", "vhdx/ntfs-parent.vhdx.gz"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(chains); i++) {
        CLEANUP(chain) struct chain chain = {0};
        for (size_t layer = 0; layer < 2 && chains[i][layer]; layer++) {
            int fd = sample_file(chains[i][layer]);
            if (fd < 0)
                skip();
            add_layer(&chain, fd_source(fd));
        }
        compare(*state, &chain);
    }
}

static void test_made_vhd(void **state)
{
    const struct vhd_blocks some[] = {{0, 1, VHD_SECTORS_PAGES}, {2, 2, VHD_SECTORS_ALL}};
    const struct vhd_blocks others[] = {{0, 2, VHD_SECTORS_PAGES}, {3, 1, VHD_SECTORS_NONE}};
    const struct vhd_recipe base = {.kind = DISK_DYNAMIC, .seed = 1, .blocks = some,
                                    .blocks_count = 2};
    const struct vhd_recipe first = {.kind = DISK_DIFFERENCING, .seed = 2, .parent = &base,
                                     .relative_path = "base.vhd", .blocks = others,
                                     .blocks_count = 2};
    const struct vhd_recipe second = {.kind = DISK_DIFFERENCING, .seed = 3, .parent = &first,
                                      .relative_path = "first.avhd", .blocks = some,
                                      .blocks_count = 2, .damage = VHD_SHUFFLED};
    CLEANUP(chain) struct chain chain = {0};

    for (const struct vhd_recipe *r = &second; r; r = r->parent)
        add_layer(&chain, made_vhd(r));
    compare(*state, &chain);
}

static void compare_vhdx(struct workers *workers, uint32_t sector_size)
{
    const struct vhdx_blocks base_blocks[] = {
        {.first = 0, .count = 4, .state = BLOCK_FULLY_PRESENT},
        {.first = 5, .count = 1, .state = BLOCK_ZERO},
    };
    const struct vhdx_blocks blocks[] = {
        {.first = 0, .count = 2, .state = BLOCK_PARTIALLY_PRESENT, .sectors = VHDX_SECTORS_RUNS},
        {.first = 3, .count = 1, .state = BLOCK_FULLY_PRESENT},
        {.first = 5, .count = 2, .state = BLOCK_PARTIALLY_PRESENT, .sectors = VHDX_SECTORS_RUNS},
    };
    const struct vhdx_recipe base = {.kind = DISK_DYNAMIC, .seed = 1, .blocks = base_blocks,
                                     .blocks_count = 2, .logical_sector_size = sector_size};
    const struct vhdx_recipe first = {.kind = DISK_DIFFERENCING, .seed = 2, .parent = &base,
                                      .blocks = blocks, .blocks_count = 3,
                                      .absolute_path = "C:\\base.vhdx",
                                      .logical_sector_size = sector_size};
    const struct vhdx_recipe second = {.kind = DISK_DIFFERENCING, .seed = 3, .parent = &first,
                                       .blocks = blocks, .blocks_count = 3,
                                       .absolute_path = "C:\\first.avhdx",
                                       .logical_sector_size = sector_size,
                                       .dirty = VHDX_DIRTY_BAT};
    CLEANUP(chain) struct chain chain = {0};

    for (const struct vhdx_recipe *r = &second; r; r = r->parent)
        add_layer(&chain, made_vhdx(r));
    compare(workers, &chain);
}

static void test_made_vhdx(void **state)
{
    compare_vhdx(*state, 512);
    compare_vhdx(*state, 4096);
}

/* A parent that is not the child's is refused, as is a chain without its base on reading. */
static void test_wrong_chains(void **state)
{
    const struct vhd_recipe base = {.kind = DISK_FIXED, .seed = 1};
    const struct vhd_recipe other = {.kind = DISK_FIXED, .seed = 7};
    const struct vhd_recipe child = {.kind = DISK_DIFFERENCING, .seed = 2, .parent = &base,
                                     .relative_path = "base.vhd"};
    CLEANUP(io_unref) io_source *child_source = made_vhd(&child), *other_source = made_vhd(&other);
    io_source *sources[] = {child_source, other_source};
    struct worker_job job = {.name = "vhdi", .sources = sources, .source_count = 2,
                             .timeout_ms = TIMEOUT_MS};
    CLEANUP(io_unref) io_source *content = NULL;
    uint8_t byte;

    assert_int_equal(workers_open_source(*state, &job, &content), -EXDEV);
    assert_null(content);
    job.source_count = 1;
    assert_int_equal(workers_open_source(*state, &job, &content), 0);
    assert_int_equal(io_read(content, 0, &byte, 1), -EIO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_samples),
        cmocka_unit_test(test_made_vhd),
        cmocka_unit_test(test_made_vhdx),
        cmocka_unit_test(test_wrong_chains),
    };

    return cmocka_run_group_tests_name("vhdi-content", tests, start_workers, stop_workers);
}

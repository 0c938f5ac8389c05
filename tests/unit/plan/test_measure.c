/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * The figures of a plan against merges that are really done, by a model of its own; and in the end
 * the base must hold what a guest saw through the whole chain. No package of Debian merges chains
 * of VHD or VHDX, so for VHD it is libvhdi that tells what the guest saw; for VHDX it is the
 * recipes (libvhdi takes ZERO and UNMAPPED blocks of differencing disks for absent ones).
 */
#include "merge_model.h"

#include "../disk/disk_testing.h"
#include "../group_workers.h"

#include "vhd_writer.h"
#include "vhdx_writer.h"

#include "base/checked.h"
#include "base/cleanup.h"
#include "plan/measure.h"

#include <stdlib.h>
#include <string.h>

#define LAYERS   MODEL_LAYERS
#define BASE     (LAYERS - 1)
#define RUNS_MAX 24 /* of blocks of one state, in a layer */

struct chain {
    struct workers *workers; /* libvhdi's */
    bool is_vhd;
    struct vhdx_recipe vhdx[LAYERS]; /* leaf first, as everywhere */
    struct vhdx_blocks vhdx_runs[LAYERS][RUNS_MAX];
    struct vhd_recipe vhd[LAYERS];
    struct vhd_blocks vhd_runs[LAYERS][RUNS_MAX];
    struct layer_content {
        const struct chain *chain;
        size_t layer;
    } contents[LAYERS];
    uint64_t sizes[LAYERS];
    uint32_t block_sizes[LAYERS]; /* 0: a fixed VHD */
    uint64_t filled;              /* bytes of each MiB that are not zeros in every layer */
    uint32_t seed, random;
    struct disk *disks[LAYERS];
    struct model model;
    unsigned tried[29]; /* by the logarithm of the block size: a bit per state of blocks */
};

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

/* A quarter is zeros, a quarter is the same in all layers. */
static uint64_t word_of(const void *user, size_t layer, uint64_t sector)
{
    const struct chain *chain = user;
    uint64_t word = (sector + 1) * 0x9E3779B97F4A7C15u;

    word ^= word >> 29;
    if (sector * chain->model.sector_size % MIB >= chain->filled || word % 4 == 0)
        return 0;
    return word % 4 == 1 ? word : word * (2 * layer + 3);
}

#define PIECE 512 /* of a sector, or all of it */

static void fill_piece(uint8_t *bytes, uint64_t word)
{
    memset(bytes, 0, PIECE);
    for (size_t i = 0; word != 0 && i < PIECE; i += sizeof(word))
        memcpy(bytes + i, &word, sizeof(word));
}

/* What the writers put into the files: whole pieces. */
static void fill(void *user, uint64_t offset, void *buffer, size_t length)
{
    const struct layer_content *content = user;
    uint32_t sector_size = content->chain->model.sector_size;

    for (size_t at = 0; at < length; at += PIECE)
        fill_piece((uint8_t *)buffer + at,
                   word_of(content->chain, content->layer, (offset + at) / sector_size));
}

static size_t make_runs(const struct chain *chain, size_t l, uint64_t *length)
{
    uint64_t blocks = div_round_up(chain->sizes[l], chain->block_sizes[l]);

    *length = div_round_up(blocks, RUNS_MAX);
    return (size_t)div_round_up(blocks, *length);
}

static void make_vhdx(struct chain *chain, size_t l, enum disk_kind kind)
{
    static const enum block_state states[] = {
        BLOCK_FULLY_PRESENT, BLOCK_NOT_PRESENT,       BLOCK_ZERO,
        BLOCK_UNMAPPED,      BLOCK_PARTIALLY_PRESENT, BLOCK_NOT_PRESENT};
    size_t choices = kind == DISK_DIFFERENCING ? ARRAY_SIZE(states) : 4;
    uint64_t length;
    size_t runs = make_runs(chain, l, &length);

    chain->vhdx[l] = (struct vhdx_recipe){
        .kind = kind,
        .virtual_size = chain->sizes[l],
        .block_size = chain->block_sizes[l],
        .logical_sector_size = chain->model.sector_size,
        .seed = chain->seed * 16 + (uint32_t)l + 1,
        .fill = VHDX_FILL_ALL,
        .content = fill,
        .content_user = &chain->contents[l],
        .parent = l == BASE ? NULL : &chain->vhdx[l + 1],
        .relative_path = l == BASE ? NULL : ".\\p.vhdx",
        .blocks = chain->vhdx_runs[l],
        .blocks_count = kind == DISK_FIXED ? 0 : runs,
    };
    for (size_t i = 0; i < runs; i++) {
        enum block_state state = states[next_random(&chain->random) % choices];
        chain->vhdx_runs[l][i] =
            (struct vhdx_blocks){i * length, length, state, next_random(&chain->random) % 5, false};
        chain->tried[__builtin_ctz(chain->block_sizes[l])] |= 1u << state;
    }
}

/* libvhdi misreads bitmaps with bytes that are partly set, which Windows does not write either. */
static void make_vhd(struct chain *chain, size_t l, enum disk_kind kind)
{
    static const enum vhd_sectors sectors[] = {VHD_SECTORS_PAGES, VHD_SECTORS_PAGES,
                                               VHD_SECTORS_NONE, VHD_SECTORS_ALL};
    uint64_t length;
    size_t runs = make_runs(chain, l, &length), allocated = 0;

    for (size_t i = 0; i < runs; i++)
        if (next_random(&chain->random) % 3 > 0)
            chain->vhd_runs[l][allocated++] = (struct vhd_blocks){
                i * length, length, sectors[next_random(&chain->random) % ARRAY_SIZE(sectors)]};
    chain->vhd[l] = (struct vhd_recipe){
        .kind = kind,
        .virtual_size = chain->sizes[l],
        .block_size = chain->block_sizes[l],
        .seed = chain->seed * 16 + (uint32_t)l + 1,
        .content = fill,
        .content_user = &chain->contents[l],
        .parent = l == BASE ? NULL : &chain->vhd[l + 1],
        .relative_path = l == BASE ? NULL : ".\\p.vhd",
        .blocks = chain->vhd_runs[l],
        .blocks_count = kind == DISK_FIXED ? 0 : allocated,
    };
    if (kind == DISK_FIXED)
        chain->block_sizes[l] = 0;
}

/* `block_sizes` and `sizes` say how; what is in the blocks comes from the seed. */
static void make_chain(struct chain *chain, uint32_t sector_size, enum disk_kind base_kind)
{
    chain->random = chain->seed;
    chain->model.sector_size = sector_size;
    chain->model.word = word_of;
    chain->model.user = chain;
    chain->filled = MIB;
    for (size_t l = LAYERS; l-- > 0;) {
        enum disk_kind kind = l == BASE ? base_kind : DISK_DIFFERENCING;
        chain->contents[l] = (struct layer_content){chain, l};
        if (chain->block_sizes[l] > 4 * MIB)
            chain->filled = 64 * KIB;
        if (chain->is_vhd)
            make_vhd(chain, l, kind);
        else
            make_vhdx(chain, l, kind);
    }
}

/* Of its sectors [first, end), which lie in one block. */
static void load_block(struct chain *chain, size_t l, uint64_t block, uint64_t first, uint64_t end)
{
    struct model_layer *layer = &chain->model.layers[l];
    enum block_state state = BLOCK_PARTIALLY_PRESENT; /* each sector must be asked for */

    if (!chain->is_vhd)
        state = vhdx_writer_state(&chain->vhdx[l], block);
    else if (!vhd_writer_is_allocated(&chain->vhd[l], block))
        state = BLOCK_NOT_PRESENT;
    layer->allocated[block] = state == BLOCK_FULLY_PRESENT || state == BLOCK_PARTIALLY_PRESENT;
    uint8_t said = state == BLOCK_FULLY_PRESENT                     ? (uint8_t)(HOLDS + l)
                   : state == BLOCK_ZERO || state == BLOCK_UNMAPPED ? SAYS_ZERO
                                                                    : SAYS_NOTHING;
    memset(layer->sectors + first, said, end - first);
    for (uint64_t s = first; state == BLOCK_PARTIALLY_PRESENT && s < end; s++)
        if (chain->is_vhd ? vhd_writer_has_sector(&chain->vhd[l], s)
                          : vhdx_writer_has_sector(&chain->vhdx[l], s))
            layer->sectors[s] = (uint8_t)(HOLDS + l);
}

static void load_model(struct chain *chain)
{
    struct model *m = &chain->model;
    uint64_t block_sectors[LAYERS];

    m->sectors = 0;
    for (size_t l = 0; l < LAYERS; l++)
        m->sectors = max_u64(m->sectors, chain->sizes[l] / m->sector_size);
    for (size_t l = 0; l < LAYERS; l++)
        block_sectors[l] =
            chain->block_sizes[l] ? chain->block_sizes[l] / m->sector_size : m->sectors;
    model_init(m, block_sectors);
    for (size_t l = 0; l < LAYERS; l++) {
        uint64_t own = chain->sizes[l] / m->sector_size;
        for (uint64_t b = 0; b * block_sectors[l] < own; b++)
            load_block(chain, l, b, b * block_sectors[l], min_u64((b + 1) * block_sectors[l], own));
    }
}

static void open_chain(struct chain *chain)
{
    load_model(chain);
    for (size_t l = 0; l < LAYERS; l++) {
        CLEANUP(io_unref)
        io_source *source = chain->is_vhd ? made_vhd(&chain->vhd[l]) : made_vhdx(&chain->vhdx[l]);
        assert_int_equal(disk_open(&chain->disks[l], source, NULL), 0);
    }
}

static void close_chain(struct chain *chain)
{
    for (size_t l = 0; l < LAYERS; l++)
        disk_close(chain->disks[l]);
    model_free(&chain->model);
}

static void expect_sectors(const struct chain *chain, uint64_t offset, const uint8_t *bytes,
                           size_t length)
{
    const struct model *m = &chain->model;

    for (size_t at = 0; at < length; at += PIECE) {
        uint64_t sector = (offset + at) / m->sector_size;
        uint8_t expected[PIECE];
        fill_piece(expected, model_seen(m, BASE, sector));
        if (memcmp(bytes + at, expected, PIECE) != 0)
            fail_msg("after the merges the base does not hold sector %zu", (size_t)sector);
    }
}

/* What the guest saw, by libvhdi. */
static io_source *told_by_libvhdi(const struct chain *chain)
{
    io_source *sources[LAYERS], *content;
    const struct worker_job job = {
        .name = "vhdi", .sources = sources, .source_count = LAYERS, .timeout_ms = 60000};

    for (size_t l = 0; l < LAYERS; l++)
        sources[l] = disk_replayed_source(chain->disks[l]);
    assert_int_equal(workers_open_source(chain->workers, &job, &content), 0);
    return content;
}

static void told_by_recipes(const struct chain *chain, uint64_t offset, void *bytes, size_t length)
{
    const struct vhdx_recipe *all[LAYERS];

    for (size_t l = 0; l < LAYERS; l++)
        all[l] = &chain->vhdx[l];
    vhdx_writer_expected(all, LAYERS, offset, bytes, length);
}

/* The whole disk; of large ones where each MiB has content. */
static void expect_content(const struct chain *chain)
{
    uint8_t bytes[64 * KIB];
    uint64_t step = chain->filled < MIB ? MIB : sizeof(bytes);
    CLEANUP(io_unref) io_source *told = chain->is_vhd ? told_by_libvhdi(chain) : NULL;

    for (uint64_t at = 0; at < chain->sizes[0]; at += step) {
        size_t n = (size_t)min_u64(sizeof(bytes), chain->sizes[0] - at);
        if (told)
            assert_int_equal(io_read(told, at, bytes, n), 0);
        else
            told_by_recipes(chain, at, bytes, n);
        expect_sectors(chain, at, bytes, n);
    }
}

/* What a guest sees differently, in sectors of which the child has anything to say. */
static uint64_t count_differing(const struct model *model, size_t child)
{
    uint64_t differing = 0;

    for (uint64_t s = 0; s < model->sectors; s++)
        differing += model->layers[child].sectors[s] != SAYS_NOTHING &&
                     model_seen(model, child, s) != model_seen(model, child + 1, s);
    return differing * model->sector_size;
}

static void check_chain(struct chain *chain, bool compare)
{
    struct measure_layer layers[LAYERS] = {0};
    struct measure_step steps[LAYERS - 1] = {0};

    open_chain(chain);
    for (size_t l = 0; l < LAYERS; l++)
        layers[l].disk = chain->disks[l];
    for (size_t i = 0; i < LAYERS - 1; i++)
        steps[i].child = i;
    assert_int_equal(measure(layers, LAYERS, steps, LAYERS - 1, compare, NULL, NULL), 0);
    for (size_t i = 0; i < LAYERS - 1; i++) {
        uint64_t differing = count_differing(&chain->model, i);
        struct model_figures figures = model_merge(&chain->model, i);
        assert_int_equal(steps[i].copy_bytes, figures.copy);
        assert_int_equal(steps[i].grow_bytes, figures.grow);
        assert_int_equal(steps[i].equal_bytes, compare ? figures.equal : 0);
        assert_int_equal(steps[i].differing_bytes, compare ? differing : 0);
    }
    expect_content(chain);
    close_chain(chain);
}

/* Layers of several block sizes, none of them larger than this one, which one layer has. */
static void choose_sizes(struct chain *chain, uint32_t least, uint32_t largest, uint64_t size)
{
    uint32_t random = chain->seed, sizes = 1;

    while (least << sizes <= largest && sizes < 32)
        sizes++;
    for (size_t l = 0; l < LAYERS; l++) {
        chain->sizes[l] = size;
        chain->block_sizes[l] =
            l == chain->seed % LAYERS ? largest : least << next_random(&random) % sizes;
    }
}

static void set_up(struct chain **chain, void **state)
{
    *chain = calloc(1, sizeof(**chain));
    assert_non_null(*chain);
    (*chain)->workers = *state;
}

static void test_vhdx_chains(void **state)
{
    CLEANUP_FREE struct chain *chain = NULL;

    set_up(&chain, state);
    for (uint32_t largest = (uint32_t)MIB; largest <= 256 * MIB; largest *= 2) {
        for (unsigned variant = 0; variant < 3; variant++) {
            uint32_t sector_size = variant == 1 ? 512 : 4096;
            chain->seed++;
            choose_sizes(chain, (uint32_t)MIB, largest, 2 * (uint64_t)largest + 192 * KIB);
            make_chain(chain, sector_size, variant == 2 ? DISK_FIXED : DISK_DYNAMIC);
            check_chain(chain, largest <= 8 * MIB || variant == 0);
        }
    }
    for (unsigned log = 20; log <= 28; log++) /* 1 to 256 MiB */
        assert_int_equal(chain->tried[log], 1u << BLOCK_NOT_PRESENT | 1u << BLOCK_ZERO |
                                                1u << BLOCK_UNMAPPED | 1u << BLOCK_FULLY_PRESENT |
                                                1u << BLOCK_PARTIALLY_PRESENT);
}

static void test_vhd_chains(void **state)
{
    CLEANUP_FREE struct chain *chain = NULL;

    set_up(&chain, state);
    chain->is_vhd = true;
    for (uint32_t largest = 512 * KIB; largest <= 2 * MIB; largest *= 2) {
        for (unsigned variant = 0; variant < 3; variant++) {
            chain->seed++;
            choose_sizes(chain, 512 * KIB, largest, 3 * (uint64_t)largest + 20 * KIB);
            make_chain(chain, 512, variant == 2 ? DISK_FIXED : DISK_DYNAMIC);
            check_chain(chain, true);
        }
    }
}

/* The upper half of the chain is larger than the lower one. */
static void test_larger_children(void **state)
{
    CLEANUP_FREE struct chain *chain = NULL;

    set_up(&chain, state);
    for (chain->seed = 1; chain->seed <= 8; chain->seed++) {
        uint32_t largest = (uint32_t)MIB << chain->seed % 4;
        choose_sizes(chain, (uint32_t)MIB, largest, 3 * (uint64_t)largest + 64 * KIB);
        for (size_t l = 0; l < LAYERS / 2; l++)
            chain->sizes[l] *= 2;
        make_chain(chain, chain->seed % 2 ? 512 : 4096, DISK_DYNAMIC);
        check_chain(chain, true);
    }
}

static void test_unique_bytes(void **state)
{
    CLEANUP_FREE struct chain *chain = NULL;
    struct measure_layer layers[LAYERS] = {0};

    set_up(&chain, state);
    choose_sizes(chain, (uint32_t)MIB, (uint32_t)MIB, 4 * MIB);
    make_chain(chain, 512, DISK_DYNAMIC);
    for (size_t l = 0; l < LAYERS; l++)
        for (size_t b = 0; b < 4; b++) /* the base has block 3, each layer above one more */
            chain->vhdx_runs[l][b] = (struct vhdx_blocks){
                b, 1, b >= l ? BLOCK_FULLY_PRESENT : BLOCK_NOT_PRESENT, 0, false};
    open_chain(chain);
    for (size_t l = 0; l < LAYERS; l++)
        layers[l].disk = chain->disks[l];
    assert_int_equal(measure(layers, LAYERS, NULL, 0, false, NULL, NULL), 0);
    for (size_t l = 0; l < LAYERS; l++) {
        assert_int_equal(layers[l].present_bytes, (4 - l) * MIB);
        assert_int_equal(layers[l].unique_bytes, MIB);
    }
    close_chain(chain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vhdx_chains),
        cmocka_unit_test(test_vhd_chains),
        cmocka_unit_test(test_larger_children),
        cmocka_unit_test(test_unique_bytes),
    };

    return cmocka_run_group_tests_name("measure", tests, start_workers, stop_workers);
}

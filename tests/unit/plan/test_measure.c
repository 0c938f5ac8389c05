/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * The figures of a plan against merges that are really done, by a simple model of its own: every
 * layer is an array of sectors with a state and a content, a merge copies sector by sector, and in
 * the end the base must hold what a guest saw through the whole chain.
 */
#include "../testing.h"

#include "vhdx_writer.h"

#include "base/checked.h"
#include "io/source.h"
#include "os/os_file.h"
#include "plan/measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LAYERS     4
#define MAX_BLOCKS 64

struct sector {
    bool data, zero;
    uint8_t bytes[4096];
};

struct model_layer {
    struct sector *sectors;
    size_t count; /* of its own virtual size */
    bool *allocated;
    uint64_t block_size;
};

struct chain {
    struct vhdx_recipe recipes[LAYERS];
    struct vhdx_blocks blocks[LAYERS][MAX_BLOCKS];
    char paths[LAYERS][64];
    struct disk *disks[LAYERS];
    struct model_layer layers[LAYERS];
    uint32_t sector_size;
    size_t sectors; /* of the largest layer */
};

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

/* recipes[0] is the leaf. */
static void make_recipes(struct chain *chain, uint32_t seed, uint64_t size, uint32_t sector_size,
                         enum disk_kind base_kind)
{
    static const enum block_state states[] = {BLOCK_NOT_PRESENT,   BLOCK_NOT_PRESENT,
                                              BLOCK_ZERO,          BLOCK_UNMAPPED,
                                              BLOCK_FULLY_PRESENT, BLOCK_PARTIALLY_PRESENT};
    uint32_t random = seed;

    chain->sector_size = sector_size;
    for (size_t i = LAYERS; i > 0; i--) {
        size_t l = i - 1;
        bool base = l == LAYERS - 1;
        struct vhdx_recipe *recipe = &chain->recipes[l];
        *recipe = (struct vhdx_recipe){
            .kind = base ? base_kind : DISK_DIFFERENCING,
            .virtual_size = size,
            .block_size = (uint32_t)MIB << next_random(&random) % 4,
            .logical_sector_size = sector_size,
            .seed = seed * 16 + (uint32_t)l + 1,
            .fill = VHDX_FILL_ALL,
            .parent = base ? NULL : &chain->recipes[l + 1],
            .relative_path = base ? NULL : ".\\p.vhdx",
            .blocks = chain->blocks[l],
        };
        size_t blocks = div_round_up(size, recipe->block_size);
        recipe->blocks_count = base && base_kind == DISK_FIXED ? 0 : blocks;
        for (size_t b = 0; b < blocks; b++) {
            enum block_state state = states[next_random(&random) % (base ? 5 : 6)];
            chain->blocks[l][b] = (struct vhdx_blocks){b, 1, state, next_random(&random) % 5, false};
        }
    }
}

static void load_layer(struct chain *chain, size_t l)
{
    struct model_layer *layer = &chain->layers[l];
    const struct disk_facts *facts = disk_facts(chain->disks[l]);
    size_t per_block = facts->block_size / chain->sector_size;
    const struct vhdx_recipe *self[] = {&chain->recipes[l]};

    layer->block_size = facts->block_size;
    layer->count = facts->virtual_size / chain->sector_size;
    layer->sectors = calloc(chain->sectors + per_block, sizeof(*layer->sectors));
    layer->allocated = calloc(chain->sectors / per_block + 1, sizeof(bool));
    for (size_t s = 0; s < layer->count; s++) {
        enum block_state state;
        uint64_t offset;
        uint8_t bits[8192];
        size_t block = s / per_block, in_block = s % per_block;
        assert_int_equal(disk_block(chain->disks[l], block, &state, &offset), 0);
        struct sector *sector = &layer->sectors[s];
        if (state == BLOCK_PARTIALLY_PRESENT) {
            assert_int_equal(disk_block_sectors(chain->disks[l], block, bits), 0);
            sector->data = bits[in_block / 8] >> in_block % 8 & 1;
        }
        sector->data = sector->data || state == BLOCK_FULLY_PRESENT;
        sector->zero = state == BLOCK_ZERO || state == BLOCK_UNMAPPED;
        layer->allocated[block] = state == BLOCK_FULLY_PRESENT || state == BLOCK_PARTIALLY_PRESENT;
        if (sector->data) /* alone, the layer shows just what it holds itself */
            vhdx_writer_expected(self, 1, (uint64_t)s * chain->sector_size, sector->bytes,
                                 chain->sector_size);
    }
}

struct figures {
    uint64_t copy, grow, equal;
};

static const struct sector *seen_through(const struct chain *chain, size_t from, size_t s)
{
    static const struct sector nothing;

    for (size_t l = from; l < LAYERS; l++) {
        const struct sector *sector = &chain->layers[l].sectors[s];
        if (sector->data)
            return sector;
        if (sector->zero)
            return &nothing;
    }
    return &nothing;
}

static void write_sector(struct chain *chain, size_t to, size_t s, const uint8_t *bytes,
                         struct figures *figures)
{
    struct model_layer *parent = &chain->layers[to];
    size_t block = s * (uint64_t)chain->sector_size / parent->block_size;

    figures->copy += chain->sector_size;
    if (memcmp(seen_through(chain, to, s)->bytes, bytes, chain->sector_size) == 0)
        figures->equal += chain->sector_size;
    if (!parent->allocated[block]) {
        parent->allocated[block] = true;
        figures->grow += parent->block_size;
    }
    parent->sectors[s].data = true;
    parent->sectors[s].zero = false;
    memcpy(parent->sectors[s].bytes, bytes, chain->sector_size);
}

static struct figures merge(struct chain *chain, size_t child)
{
    static const uint8_t zeros[4096];
    struct figures figures = {0};

    for (size_t s = 0; s < chain->sectors; s++) {
        struct sector *from = &chain->layers[child].sectors[s];
        struct sector *to = &chain->layers[child + 1].sectors[s];
        if (from->data)
            write_sector(chain, child + 1, s, from->bytes, &figures);
        else if (from->zero && to->data)
            write_sector(chain, child + 1, s, zeros, &figures);
        else if (from->zero)
            to->zero = true;
    }
    return figures;
}

static void open_chain(struct chain *chain)
{
    chain->sectors = 0;
    for (size_t l = 0; l < LAYERS; l++) {
        io_source *source;
        snprintf(chain->paths[l], sizeof(chain->paths[l]), "measure-%d-%zu.vhdx", (int)getpid(), l);
        assert_int_equal(vhdx_writer_write(chain->paths[l], &chain->recipes[l]), 0);
        assert_int_equal(os_file_open(chain->paths[l], false, &source), 0);
        assert_int_equal(disk_open(&chain->disks[l], source, NULL), 0);
        io_unref(source);
        uint64_t size = disk_facts(chain->disks[l])->virtual_size;
        chain->sectors = max_u64(chain->sectors, size / chain->sector_size);
    }
    for (size_t l = 0; l < LAYERS; l++)
        load_layer(chain, l);
}

static void close_chain(struct chain *chain)
{
    for (size_t l = 0; l < LAYERS; l++) {
        disk_close(chain->disks[l]);
        unlink(chain->paths[l]);
        free(chain->layers[l].sectors);
        free(chain->layers[l].allocated);
    }
}

static void expect_content(const struct chain *chain)
{
    const struct vhdx_recipe *all[LAYERS];
    uint8_t expected[4096];

    for (size_t l = 0; l < LAYERS; l++)
        all[l] = &chain->recipes[l];
    for (size_t s = 0; s < chain->layers[0].count; s++) {
        vhdx_writer_expected(all, LAYERS, (uint64_t)s * chain->sector_size, expected,
                             chain->sector_size);
        if (memcmp(expected, seen_through(chain, LAYERS - 1, s)->bytes, chain->sector_size) != 0)
            fail_msg("the model's own merge went wrong at sector %zu", s);
    }
}

static void check_chain(struct chain *chain)
{
    struct measure_layer layers[LAYERS] = {0};
    struct measure_step steps[LAYERS - 1] = {0};

    open_chain(chain);
    for (size_t l = 0; l < LAYERS; l++)
        layers[l].disk = chain->disks[l];
    for (size_t i = 0; i < LAYERS - 1; i++)
        steps[i].child = i;
    assert_int_equal(measure(layers, LAYERS, steps, LAYERS - 1, true, NULL, NULL), 0);
    for (size_t i = 0; i < LAYERS - 1; i++) {
        struct figures figures = merge(chain, i);
        assert_int_equal(steps[i].copy_bytes, figures.copy);
        assert_int_equal(steps[i].grow_bytes, figures.grow);
        assert_int_equal(steps[i].equal_bytes, figures.equal);
    }
    expect_content(chain);
    close_chain(chain);
}

static void test_random_chains(void **state)
{
    struct chain *chain = calloc(1, sizeof(*chain));

    for (uint32_t seed = 1; seed <= 12; seed++) {
        make_recipes(chain, seed, 8 * MIB + (seed % 3) * 64 * KIB, seed % 2 ? 512 : 4096,
                     seed % 4 ? DISK_DYNAMIC : DISK_FIXED);
        check_chain(chain);
    }
    free(chain);
}

/* The leaf is larger than all below it. */
static void test_larger_child(void **state)
{
    struct chain *chain = calloc(1, sizeof(*chain));

    make_recipes(chain, 77, 6 * MIB, 512, DISK_DYNAMIC);
    chain->recipes[0].virtual_size = 12 * MIB;
    chain->recipes[0].block_size = (uint32_t)MIB;
    chain->recipes[0].blocks_count = 12;
    for (size_t b = 0; b < 12; b++)
        chain->blocks[0][b] = (struct vhdx_blocks){b, 1, BLOCK_FULLY_PRESENT, 0, false};
    for (size_t l = 1; l < LAYERS; l++)
        chain->recipes[l].block_size = (uint32_t)MIB << (l - 1);
    check_chain(chain);
    free(chain);
}

static void test_unique_bytes(void **state)
{
    struct chain *chain = calloc(1, sizeof(*chain));
    struct measure_layer layers[LAYERS] = {0};

    make_recipes(chain, 5, 4 * MIB, 512, DISK_DYNAMIC);
    for (size_t l = 0; l < LAYERS; l++) {
        chain->recipes[l].block_size = (uint32_t)MIB;
        chain->recipes[l].blocks_count = 4;
        for (size_t b = 0; b < 4; b++) /* the base has block 3, each layer above one more */
            chain->blocks[l][b] = (struct vhdx_blocks){
                b, 1, b >= l ? BLOCK_FULLY_PRESENT : BLOCK_NOT_PRESENT, 0, false};
    }
    open_chain(chain);
    for (size_t l = 0; l < LAYERS; l++)
        layers[l].disk = chain->disks[l];
    assert_int_equal(measure(layers, LAYERS, NULL, 0, false, NULL, NULL), 0);
    for (size_t l = 0; l < LAYERS; l++) {
        assert_int_equal(layers[l].present_bytes, (4 - l) * MIB);
        assert_int_equal(layers[l].unique_bytes, MIB);
    }
    close_chain(chain);
    free(chain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_chains),
        cmocka_unit_test(test_larger_child),
        cmocka_unit_test(test_unique_bytes),
    };

    return cmocka_run_group_tests_name("measure", tests, NULL, NULL);
}

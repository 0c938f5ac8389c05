/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * A merge is simulated on maps: per layer and sector, whether the layer holds data there, or says
 * that it is zero. All blocks are powers of two, so that a window as large as the largest block
 * holds whole blocks of every layer.
 */
#include "plan/measure.h"

#include "base/checked.h"
#include "base/cleanup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LEAST_WINDOW (2 * MIB)
#define WORD_BITS    64

struct map {
    uint64_t *data;      /* a bit per sector: the layer holds it */
    uint64_t *zero;      /* … the layer says zero */
    bool *allocated;     /* per block of the window: has a place in the layer's file */
    uint64_t block_size; /* of the layer; the window's for one without blocks */
};

struct measuring {
    struct measure_layer *layers;
    size_t layer_count;
    struct map *maps;
    struct measure_step *steps;
    size_t step_count;
    uint32_t sector_size;
    uint64_t window;      /* bytes */
    size_t words;         /* of a map */
    uint64_t *seen;       /* scratch: held by some layer below; written by a step */
    io_source **contents; /* per layer, from it down to the base; NULL without compare */
};

static uint64_t count_bits(const uint64_t *bits, size_t words)
{
    uint64_t n = 0;

    for (size_t i = 0; i < words; i++)
        n += (uint64_t)__builtin_popcountll(bits[i]);
    return n;
}

static void set_range(uint64_t *bits, size_t first, size_t count)
{
    for (size_t i = first; i < first + count;) {
        if (i % WORD_BITS == 0 && first + count - i >= WORD_BITS) {
            bits[i / WORD_BITS] = UINT64_MAX;
            i += WORD_BITS;
        } else {
            bits[i / WORD_BITS] |= (uint64_t)1 << i % WORD_BITS;
            i++;
        }
    }
}

static bool any_in_range(const uint64_t *bits, size_t first, size_t count)
{
    for (size_t i = first; i < first + count;) {
        if (i % WORD_BITS == 0 && first + count - i >= WORD_BITS) {
            if (bits[i / WORD_BITS])
                return true;
            i += WORD_BITS;
        } else {
            if (bits[i / WORD_BITS] >> i % WORD_BITS & 1)
                return true;
            i++;
        }
    }
    return false;
}

/* Which sectors of a partially present block are here, into the map. */
static int load_sectors(struct measuring *m, size_t layer, uint64_t block, size_t first,
                        size_t sectors)
{
    const struct disk_facts *facts = disk_facts(m->layers[layer].disk);
    size_t bytes = max_u64(facts->block_size / facts->logical_sector_size / 8, 1);
    CLEANUP_FREE uint8_t *bits = malloc(bytes);

    if (!bits)
        return -ENOMEM;
    int r = disk_block_sectors(m->layers[layer].disk, block, bits);
    if (r < 0)
        return r;
    uint64_t *data = m->maps[layer].data;
    for (size_t i = 0; i < sectors; i++)
        if (bits[i / 8] >> i % 8 & 1)
            data[(first + i) / WORD_BITS] |= (uint64_t)1 << (first + i) % WORD_BITS;
    return 0;
}

static int load_block(struct measuring *m, size_t layer, uint64_t block, size_t first,
                      size_t sectors, bool *allocated)
{
    enum block_state state;
    uint64_t offset;
    int r = disk_block(m->layers[layer].disk, block, &state, &offset);

    if (r < 0)
        return r;
    *allocated = state == BLOCK_FULLY_PRESENT || state == BLOCK_PARTIALLY_PRESENT;
    if (state == BLOCK_FULLY_PRESENT)
        set_range(m->maps[layer].data, first, sectors);
    else if (state == BLOCK_PARTIALLY_PRESENT)
        return load_sectors(m, layer, block, first, sectors);
    else if (state != BLOCK_NOT_PRESENT)
        set_range(m->maps[layer].zero, first, sectors);
    return 0;
}

/* The layer's map of [start, start + window); behind the end of its disk it holds nothing. */
static int load_window(struct measuring *m, size_t layer, uint64_t start)
{
    const struct disk_facts *facts = disk_facts(m->layers[layer].disk);
    struct map *map = &m->maps[layer];

    memset(map->data, 0, m->words * sizeof(*map->data));
    memset(map->zero, 0, m->words * sizeof(*map->zero));
    for (uint64_t at = 0; at < m->window; at += map->block_size) {
        bool *allocated = &map->allocated[at / map->block_size];
        *allocated = false;
        if (start + at >= facts->virtual_size)
            continue;
        uint64_t length = min_u64(map->block_size, facts->virtual_size - start - at);
        size_t first = at / m->sector_size, sectors = length / m->sector_size;
        if (facts->block_size == 0) { /* a fixed VHD has no table: all of it is there */
            set_range(map->data, first, sectors);
            *allocated = true;
            continue;
        }
        int r = load_block(m, layer, (start + at) / map->block_size, first, sectors, allocated);
        if (r < 0)
            return r;
    }
    return 0;
}

static void count_unique(struct measuring *m)
{
    memset(m->seen, 0, m->words * sizeof(*m->seen));
    for (size_t layer = m->layer_count; layer > 0; layer--) {
        const struct map *map = &m->maps[layer - 1];
        uint64_t unique = 0;
        for (size_t i = 0; i < m->words; i++) {
            unique += (uint64_t)__builtin_popcountll(map->data[i] & ~m->seen[i]);
            m->seen[i] |= map->data[i] | map->zero[i];
        }
        m->layers[layer - 1].present_bytes += count_bits(map->data, m->words) * m->sector_size;
        m->layers[layer - 1].unique_bytes += unique * m->sector_size;
    }
}

static void grow_parent(struct measuring *m, const struct map *child, struct map *parent,
                        struct measure_step *step)
{
    size_t sectors = parent->block_size / m->sector_size;

    for (uint64_t at = 0; at < m->window; at += parent->block_size) {
        bool *allocated = &parent->allocated[at / parent->block_size];
        if (!*allocated && any_in_range(child->data, at / m->sector_size, sectors)) {
            *allocated = true;
            step->grow_bytes += parent->block_size;
        }
    }
}

static bool has_bit(const uint64_t *bits, size_t i)
{
    return bits[i / WORD_BITS] >> i % WORD_BITS & 1;
}

/*
 * Reads a run of sectors, counted from `start`, from both sides. The upper side is the whole chain
 * above, since earlier steps have merged it into the child.
 */
static int compare_run(struct measuring *m, struct measure_step *step, size_t top, uint64_t start,
                       size_t first, size_t sectors)
{
    enum { PIECE = 256 * 1024 };
    CLEANUP_FREE uint8_t *above = malloc(PIECE);
    CLEANUP_FREE uint8_t *below = malloc(PIECE);
    size_t left = sectors * m->sector_size;

    if (!above || !below)
        return -ENOMEM;
    while (left > 0) {
        size_t piece = min_u64(left, PIECE);
        uint64_t offset = start + (uint64_t)first * m->sector_size;
        int r = io_read(m->contents[top], offset, above, piece);
        if (r < 0)
            return r;
        int64_t got = io_read_some(m->contents[step->child + 1], offset, below, piece);
        if (got < 0)
            return (int)got;
        memset(below + got, 0, piece - (size_t)got); /* behind the end of a smaller parent */
        for (size_t at = 0; at < piece; at += m->sector_size, first++)
            if (memcmp(above + at, below + at, m->sector_size) != 0)
                step->differing_bytes += m->sector_size;
            else if (has_bit(m->seen, first)) /* written by the merge */
                step->equal_bytes += m->sector_size;
        left -= piece;
    }
    return 0;
}

/* All that the child has a word in: zeros that the merge need not write can differ from what lies
 * below the parent. */
static int compare_held(struct measuring *m, struct measure_step *step, size_t top, uint64_t start)
{
    const struct map *child = &m->maps[step->child];
    size_t sectors = m->window / m->sector_size;

    for (size_t i = 0; i < sectors;) {
        if (!has_bit(child->data, i) && !has_bit(child->zero, i)) {
            size_t word = i / WORD_BITS;
            i += i % WORD_BITS == 0 && !child->data[word] && !child->zero[word] ? WORD_BITS : 1;
            continue;
        }
        size_t first = i;
        while (i < sectors && (has_bit(child->data, i) || has_bit(child->zero, i)))
            i++;
        int r = compare_run(m, step, top, start, first, i - first);
        if (r < 0)
            return r;
    }
    return 0;
}

/* The topmost layer that steps before this one have merged down into its child. */
static size_t top_of(const struct measuring *m, size_t step)
{
    size_t top = m->steps[step].child;

    for (size_t i = step; i > 0 && m->steps[i - 1].child + 1 == top; i--)
        top = m->steps[i - 1].child;
    return top;
}

static int run_step(struct measuring *m, size_t index, uint64_t start)
{
    struct measure_step *step = &m->steps[index];
    struct map *child = &m->maps[step->child], *parent = &m->maps[step->child + 1];
    uint64_t *written = m->seen;

    for (size_t i = 0; i < m->words; i++)
        written[i] = child->data[i] | (child->zero[i] & parent->data[i]);
    step->copy_bytes += count_bits(written, m->words) * m->sector_size;
    grow_parent(m, child, parent, step);
    if (m->contents) {
        int r = compare_held(m, step, top_of(m, index), start);
        if (r < 0)
            return r;
    }
    for (size_t i = 0; i < m->words; i++) {
        parent->data[i] |= written[i];
        parent->zero[i] = (parent->zero[i] | child->zero[i]) & ~parent->data[i];
    }
    return 0;
}

static int run_window(struct measuring *m, uint64_t start)
{
    int r = 0;

    for (size_t i = 0; i < m->layer_count && r == 0; i++)
        r = load_window(m, i, start);
    if (r == 0)
        count_unique(m);
    for (size_t i = 0; i < m->step_count && r == 0; i++)
        r = run_step(m, i, start);
    return r;
}

static int check_layers(struct measuring *m, uint64_t *size)
{
    m->window = LEAST_WINDOW;
    m->sector_size = disk_facts(m->layers[0].disk)->logical_sector_size;
    *size = 0;
    for (size_t i = 0; i < m->layer_count; i++) {
        const struct disk_facts *facts = disk_facts(m->layers[i].disk);
        if (facts->logical_sector_size != m->sector_size)
            return -EINVAL;
        m->window = max_u64(m->window, facts->block_size);
        *size = max_u64(*size, facts->virtual_size);
    }
    m->words = div_round_up(m->window / m->sector_size, WORD_BITS);
    return 0;
}

static int make_maps(struct measuring *m)
{
    m->maps = calloc(m->layer_count, sizeof(*m->maps));
    m->seen = calloc(m->words, sizeof(*m->seen));
    if (!m->maps || !m->seen)
        return -ENOMEM;
    for (size_t i = 0; i < m->layer_count; i++) {
        struct map *map = &m->maps[i];
        uint32_t block_size = disk_facts(m->layers[i].disk)->block_size;
        map->block_size = block_size ? block_size : m->window;
        map->data = calloc(m->words, sizeof(*map->data));
        map->zero = calloc(m->words, sizeof(*map->zero));
        map->allocated = calloc(m->window / map->block_size, sizeof(*map->allocated));
        if (!map->data || !map->zero || !map->allocated)
            return -ENOMEM;
    }
    return 0;
}

static int open_contents(struct measuring *m)
{
    CLEANUP_FREE struct disk **disks = calloc(m->layer_count, sizeof(*disks));

    m->contents = calloc(m->layer_count, sizeof(*m->contents));
    if (!disks || !m->contents)
        return -ENOMEM;
    for (size_t i = 0; i < m->layer_count; i++)
        disks[i] = m->layers[i].disk;
    for (size_t i = 0; i < m->layer_count; i++) {
        int r = disk_content_new(&m->contents[i], disks + i, m->layer_count - i);
        if (r < 0)
            return r;
    }
    return 0;
}

static void measuring_free(struct measuring *m)
{
    for (size_t i = 0; i < m->layer_count; i++) {
        if (m->maps) {
            free(m->maps[i].data);
            free(m->maps[i].zero);
            free(m->maps[i].allocated);
        }
        if (m->contents)
            io_unref(m->contents[i]);
    }
    free(m->maps);
    free(m->seen);
    free(m->contents);
}

int measure(struct measure_layer *layers, size_t layer_count, struct measure_step *steps,
            size_t step_count, bool compare, measure_progress *progress, void *user)
{
    struct measuring m = {
        .layers = layers, .layer_count = layer_count, .steps = steps, .step_count = step_count};
    uint64_t size;

    if (layer_count == 0)
        return -EINVAL;
    int r = check_layers(&m, &size);
    if (r == 0)
        r = make_maps(&m);
    if (r == 0 && compare)
        r = open_contents(&m);
    for (uint64_t start = 0; start < size && r == 0; start += m.window) {
        r = run_window(&m, start);
        if (progress)
            progress(user, min_u64(start + m.window, size), size);
    }
    measuring_free(&m);
    return r;
}

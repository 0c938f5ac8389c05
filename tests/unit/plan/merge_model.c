/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "merge_model.h"

#include <stdlib.h>

static void *zeroed(size_t count, size_t size)
{
    void *memory = calloc(count, size);

    if (!memory)
        abort();
    return memory;
}

void model_init(struct model *m, const uint64_t block_sectors[MODEL_LAYERS])
{
    for (size_t l = 0; l < MODEL_LAYERS; l++) {
        struct model_layer *layer = &m->layers[l];
        layer->block_sectors = block_sectors[l];
        layer->sectors = zeroed(m->sectors, sizeof(*layer->sectors));
        layer->allocated = zeroed(m->sectors / block_sectors[l] + 1, sizeof(*layer->allocated));
    }
}

void model_free(struct model *m)
{
    for (size_t l = 0; l < MODEL_LAYERS; l++) {
        free(m->layers[l].sectors);
        free(m->layers[l].allocated);
    }
}

uint64_t model_seen(const struct model *m, size_t layer, uint64_t sector)
{
    for (; layer < MODEL_LAYERS; layer++) {
        uint8_t held = m->layers[layer].sectors[sector];
        if (held >= HOLDS)
            return m->word(m->user, held - HOLDS, sector);
        if (held != SAYS_NOTHING)
            return 0;
    }
    return 0;
}

static void write_sector(struct model *m, size_t child, uint64_t sector, uint8_t held,
                         struct model_figures *figures)
{
    struct model_layer *parent = &m->layers[child + 1];
    bool *allocated = &parent->allocated[sector / parent->block_sectors];

    figures->copy += m->sector_size;
    if (model_seen(m, child, sector) == model_seen(m, child + 1, sector))
        figures->equal += m->sector_size;
    if (!*allocated)
        figures->grow += parent->block_sectors * m->sector_size;
    *allocated = true;
    parent->sectors[sector] = held;
}

struct model_figures model_merge(struct model *m, size_t child)
{
    struct model_figures figures = {0};
    const uint8_t *from = m->layers[child].sectors;
    uint8_t *to = m->layers[child + 1].sectors;

    for (uint64_t s = 0; s < m->sectors; s++) {
        if (from[s] > SAYS_ZERO)
            write_sector(m, child, s, from[s], &figures);
        else if (from[s] == SAYS_ZERO && to[s] > SAYS_ZERO)
            write_sector(m, child, s, HOLDS_ZEROS, &figures);
        else if (from[s] == SAYS_ZERO)
            to[s] = SAYS_ZERO;
    }
    return figures;
}

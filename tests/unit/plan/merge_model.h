/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * Merges as they are really done, sector by sector, by a model that shares nothing with src/plan.
 * A sector of a layer is one byte: the layer says nothing there, says zero, or holds what some
 * layer was made with; content is told by a function and never stored, so that a chain of blocks of
 * 256 MiB costs a few megabytes.
 */
#ifndef TESTS_MERGE_MODEL_H
#define TESTS_MERGE_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MODEL_LAYERS 4

enum { SAYS_NOTHING, SAYS_ZERO, HOLDS_ZEROS, HOLDS /* + the layer whose content it is */ };

/* The content of a sector in a layer as it was made: a word that fills the sector. */
typedef uint64_t model_word(const void *user, size_t layer, uint64_t sector);

struct model_layer {
    uint8_t *sectors;       /* as many as the model has; behind the layer's own end: nothing */
    bool *allocated;        /* per block */
    uint64_t block_sectors; /* a disk without blocks is one block */
};

struct model {
    struct model_layer layers[MODEL_LAYERS]; /* leaf first */
    uint64_t sectors;                        /* of the largest layer */
    uint32_t sector_size;
    model_word *word;
    const void *user;
};

struct model_figures {
    uint64_t copy, grow, equal; /* bytes */
};

/* With layers that say nothing and have no blocks in their files. */
void model_init(struct model *, const uint64_t block_sectors[MODEL_LAYERS]);
void model_free(struct model *);
/* What is seen through this layer and all below it. */
uint64_t model_seen(const struct model *, size_t layer, uint64_t sector);
/* Merges layer `child` into the one below it. */
struct model_figures model_merge(struct model *, size_t child);

#endif

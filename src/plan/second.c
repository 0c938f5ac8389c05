/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "plan/second.h"

#include "base/checked.h"
#include "base/cleanup.h"
#include "disk/witness_content.h"
#include "plan/texts.h"

#include <errno.h>
#include <stdlib.h>

#define PIECE (1 * MIB)

struct readers {
    struct disk **layers;
    size_t count;
    io_source *ours, *theirs;
    uint8_t *a, *b; /* PIECE bytes each */
    uint64_t size;
};

/* Whether a layer has anything to say of the piece; a fixed VHD has no table and always has. */
static int layer_holds(struct disk *layer, uint64_t start, uint64_t end, bool *holds)
{
    const struct disk_facts *facts = disk_facts(layer);

    end = min_u64(end, facts->virtual_size);
    *holds = facts->block_size == 0 && start < end;
    for (uint64_t at = start; facts->block_size != 0 && at < end && !*holds;
         at = (at / facts->block_size + 1) * facts->block_size) {
        enum block_state state;
        uint64_t place;
        int r = disk_block(layer, at / facts->block_size, &state, &place);
        if (r < 0)
            return r;
        *holds = state != BLOCK_NOT_PRESENT;
    }
    return 0;
}

static int any_layer_holds(const struct readers *readers, uint64_t start, uint64_t end, bool *holds)
{
    int r = 0;

    *holds = false;
    for (size_t i = 0; i < readers->count && r == 0 && !*holds; i++)
        r = layer_holds(readers->layers[i], start, end, holds);
    return r;
}

/* 1: the second reader failed. */
static int read_piece(const struct readers *readers, uint64_t start, struct witness_tally *tally)
{
    size_t length = (size_t)min_u64(PIECE, readers->size - start);
    bool holds;
    int r = any_layer_holds(readers, start, start + length, &holds);

    if (r < 0 || !holds)
        return r;
    r = io_read(readers->ours, start, readers->a, length);
    if (r < 0)
        return r;
    if (io_read(readers->theirs, start, readers->b, length) < 0)
        return 1;
    return witness_content_tally(readers->layers, readers->count, start, readers->a, readers->b,
                                 length, tally);
}

static int read_all(const struct planner *planner, const struct readers *readers,
                    struct witness_tally *tally)
{
    const struct plan_options *options = planner->options;
    int r = 0;

    for (uint64_t at = 0; at < readers->size && r == 0; at += PIECE) {
        r = read_piece(readers, at, tally);
        if (options->progress)
            options->progress(options->progress_user, stage_second_reader,
                              min_u64(at + PIECE, readers->size), readers->size);
    }
    return r;
}

static void readers_cleanup(struct readers *readers)
{
    io_unref(readers->ours);
    io_unref(readers->theirs);
    free(readers->layers);
    free(readers->a);
    free(readers->b);
}

static int open_readers(const struct planner *planner, const struct plan *plan,
                        const struct measure_layer *layers, struct readers *readers)
{
    readers->count = plan->layers.count;
    readers->layers = calloc(readers->count, sizeof(*readers->layers));
    readers->a = malloc(PIECE);
    readers->b = malloc(PIECE);
    if (!readers->layers || !readers->a || !readers->b)
        return -ENOMEM;
    for (size_t i = 0; i < readers->count; i++)
        readers->layers[i] = layers[i].disk;
    int r = disk_content_new(&readers->ours, readers->layers, readers->count);
    if (r < 0)
        return r;
    readers->size = io_size(readers->ours);
    r = witness_content_open(planner->options->workers, readers->layers, readers->count,
                             &readers->theirs);
    return r < 0 && r != -ENOMEM ? 1 : r;
}

int plan_read_again(const struct planner *planner, struct plan *plan,
                    const struct measure_layer *layers)
{
    CLEANUP(readers) struct readers readers = {0};
    struct plan_second *second = &plan->second;
    struct witness_tally tally = {0};

    if (!planner->options->workers)
        return 0;
    int r = open_readers(planner, plan, layers, &readers);
    if (r == 0)
        r = read_all(planner, &readers, &tally);
    if (r < 0)
        return r;
    second->asked = true;
    second->read_bytes = tally.read;
    second->known_bytes = tally.known;
    second->contradicted_bytes = tally.contradicted;
    second->first_contradiction = tally.first;
    second->verdict = tally.contradicted > 0 ? WITNESS_CONTRADICTS
                      : r > 0                ? WITNESS_UNAVAILABLE
                      : tally.known > 0      ? WITNESS_KNOWN_DIFFERENCE
                                             : WITNESS_AGREES;
    return 0;
}

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * The disk of a whole chain. A read is cut into windows; in each, the layers are asked from the
 * leaf down: what a layer has is read, what it declares as zeros is zeroed, what it leaves to its
 * parent stays on a list of spans for the next layer. No recursion, no memory but two lists.
 */
#include "disk/disk_format.h"

#include "base/checked.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define WINDOW      ((uint32_t)MIB)
#define MIN_SECTOR  512
#define WINDOW_BITS (WINDOW / MIN_SECTOR + 16) /* sectors that a window touches, and alignment */
#define SPANS_MAX   (WINDOW_BITS / 2 + 2)      /* every other sector missing is the worst */

/* Bytes of the window, counted from its start, that no layer has given yet. */
struct span {
    uint32_t start, end;
};

struct spans {
    size_t count;
    struct span items[SPANS_MAX];
};

struct window {
    uint8_t *buffer;
    uint64_t offset; /* of its first byte on the disk */
    struct spans *missing, *below; /* for this layer; left to the next one */
};

static void leave(struct window *w, uint32_t start, uint32_t end)
{
    struct spans *below = w->below;

    if (below->count > 0 && below->items[below->count - 1].end == start) {
        below->items[below->count - 1].end = end;
        return;
    }
    assert(below->count < SPANS_MAX);
    below->items[below->count++] = (struct span){start, end};
}

static void zero(struct window *w, uint32_t start, uint32_t end)
{
    memset(w->buffer + start, 0, end - start);
}

static int copy(struct window *w, struct disk *layer, uint32_t start, uint32_t end, uint64_t from)
{
    int r = io_read(layer->source, from, w->buffer + start, end - start);

    return r == -ENODATA ? -EBADMSG : r;
}

/* The part of a span that lies in one partially present block, run by run of equal bits. */
static int read_partial(struct window *w, struct disk *layer, uint64_t block, uint64_t payload,
                        struct span span)
{
    const struct disk_facts *facts = layer->facts;
    uint32_t size = facts->logical_sector_size;
    uint64_t block_start = block * facts->block_size;
    uint32_t begin = (uint32_t)(w->offset + span.start - block_start); /* within the block */
    uint32_t first = begin / size / 8 * 8;
    uint32_t last = (begin + (span.end - span.start) - 1) / size;
    uint8_t bits[WINDOW_BITS / 8];
    int r = layer->ops->sectors(layer, block, first, last - first + 1, bits);

    for (uint32_t at = span.start; at < span.end && r == 0;) {
        uint32_t sector = (begin + (at - span.start)) / size - first, next = sector;
        bool here = bits[sector / 8] >> sector % 8 & 1;
        while (first + next <= last && (bits[next / 8] >> next % 8 & 1) == here)
            next++;
        uint64_t run_end = block_start + (uint64_t)(first + next) * size - w->offset;
        uint32_t end = (uint32_t)min_u64(run_end, span.end);
        if (here)
            r = copy(w, layer, at, end, payload + (w->offset + at - block_start));
        else
            leave(w, at, end);
        at = end;
    }
    return r;
}

/* The part of a span that lies in one block. */
static int read_block(struct window *w, struct disk *layer, uint64_t block, struct span span)
{
    const struct disk_facts *facts = layer->facts;
    enum block_state state;
    uint64_t payload;
    int r = block < layer->block_count ? layer->ops->block(layer, block, &state, &payload)
                                       : -EBADMSG;

    if (r < 0)
        return r;
    switch (state) {
    case BLOCK_NOT_PRESENT:
        leave(w, span.start, span.end);
        return 0;
    case BLOCK_FULLY_PRESENT:
        return copy(w, layer, span.start, span.end,
                    payload + (w->offset + span.start - block * facts->block_size));
    case BLOCK_PARTIALLY_PRESENT:
        return read_partial(w, layer, block, payload, span);
    case BLOCK_UNDEFINED:
    case BLOCK_ZERO:
    case BLOCK_UNMAPPED: /* never the parent's: MS-VHDX 2.5.1.1 */
        zero(w, span.start, span.end);
        return 0;
    default:
        return -EBADMSG;
    }
}

static int read_span(struct window *w, struct disk *layer, struct span span)
{
    const struct disk_facts *facts = layer->facts;

    while (span.start < span.end) {
        uint64_t offset = w->offset + span.start;
        uint32_t end = span.end;
        int r = 0;
        if (offset >= facts->virtual_size) { /* a child may be larger than its parent */
            zero(w, span.start, end);
            return 0;
        }
        end = (uint32_t)min_u64(end, facts->virtual_size - w->offset);
        if (layer->block_count == 0) {
            r = copy(w, layer, span.start, end, offset);
        } else {
            uint64_t block = offset / facts->block_size;
            end = (uint32_t)min_u64(end, (block + 1) * facts->block_size - w->offset);
            r = read_block(w, layer, block, (struct span){span.start, end});
        }
        if (r < 0)
            return r;
        span.start = end;
    }
    return 0;
}

struct chain {
    uint64_t size;
    size_t count;
    struct disk *layers[];
};

static int read_window(const struct chain *chain, uint64_t offset, uint8_t *buffer, uint32_t length)
{
    struct spans lists[2] = {{.count = 1, .items = {{0, length}}}, {.count = 0}};
    struct window w = {buffer, offset, &lists[0], &lists[1]};

    for (size_t i = 0; i < chain->count && w.missing->count > 0; i++) {
        w.below->count = 0;
        for (size_t s = 0; s < w.missing->count; s++) {
            int r = read_span(&w, chain->layers[i], w.missing->items[s]);
            if (r < 0)
                return r;
        }
        struct spans *swap = w.missing;
        w.missing = w.below;
        w.below = swap;
    }
    for (size_t s = 0; s < w.missing->count; s++) /* nobody has written there */
        zero(&w, w.missing->items[s].start, w.missing->items[s].end);
    return 0;
}

static int64_t chain_read(void *self, uint64_t offset, void *buffer, size_t length)
{
    const struct chain *chain = self;
    uint32_t part = (uint32_t)min_u64(length, WINDOW - offset % WINDOW);
    int r = read_window(chain, offset, buffer, part);

    return r < 0 ? r : (int64_t)part;
}

static int check_layers(struct disk *const *layers, size_t count)
{
    if (count == 0)
        return -EINVAL;
    if (count > DISK_CHAIN_MAX)
        return -ELOOP;
    for (size_t i = 0; i < count; i++) {
        if (!layers[i]->usable)
            return -EBADMSG;
        const struct disk_facts *facts = layers[i]->facts, *leaf = layers[0]->facts;
        bool differencing = facts->kind == DISK_DIFFERENCING;
        if (differencing && i == count - 1)
            return -EXDEV;
        if ((!differencing && i < count - 1) || facts->format != leaf->format ||
            facts->logical_sector_size != leaf->logical_sector_size)
            return -EINVAL;
    }
    return 0;
}

int disk_content_new(io_source **content, struct disk *const *layers, size_t count)
{
    static const struct io_ops ops = {chain_read, free};
    int r = check_layers(layers, count);

    *content = NULL;
    if (r < 0)
        return r;
    struct chain *chain = malloc(sizeof(*chain) + count * sizeof(chain->layers[0]));
    if (!chain)
        return -ENOMEM;
    chain->size = layers[0]->facts->virtual_size;
    chain->count = count;
    memcpy(chain->layers, layers, count * sizeof(chain->layers[0]));
    *content = io_source_new(&ops, chain, chain->size);
    return *content ? 0 : -ENOMEM;
}

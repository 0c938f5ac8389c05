/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * The overlay keeps a list of replaced ranges, in the order in which they were put. Sealing sweeps
 * over them by offset, with a heap that has the latest put on top, and leaves a sorted list of
 * ranges that do not overlap, so that a read is a binary search.
 */
#include "io/source.h"

#include "base/checked.h"
#include "base/vector.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct piece {
    uint64_t offset, length;
    uint64_t age;  /* the larger, the later put */
    uint8_t *page; /* NULL = zeros; otherwise IO_PAGE bytes, owned by `pages` */
};

struct io_overlay {
    io_source *below;
    uint64_t size;
    uint64_t puts;
    VECTOR(struct piece) pieces;
    VECTOR(uint8_t *) pages;
};

struct io_overlay *io_overlay_new(io_source *below)
{
    struct io_overlay *overlay = calloc(1, sizeof(*overlay));

    if (!overlay)
        return NULL;
    overlay->below = io_ref(below);
    overlay->size = io_size(below);
    return overlay;
}

void io_overlay_free(struct io_overlay *overlay)
{
    if (!overlay)
        return;
    for (size_t i = 0; i < overlay->pages.count; i++)
        free(overlay->pages.items[i]);
    vector_free(&overlay->pages);
    vector_free(&overlay->pieces);
    io_unref(overlay->below);
    free(overlay);
}

static int put(struct io_overlay *overlay, uint64_t offset, uint64_t length, uint8_t *page)
{
    uint64_t end;

    if (offset % IO_PAGE != 0 || length % IO_PAGE != 0 || ADD_OVERFLOW(offset, length, &end))
        return -EINVAL;
    if (overlay->pieces.count >= IO_OVERLAY_PUTS_MAX)
        return -EFBIG;
    struct piece *piece = vector_push(&overlay->pieces);
    if (!piece)
        return -ENOMEM;
    *piece = (struct piece){offset, length, overlay->puts++, page};
    return 0;
}

int io_overlay_put(struct io_overlay *overlay, uint64_t offset, const void *bytes)
{
    if (!bytes)
        return put(overlay, offset, IO_PAGE, NULL);
    if (overlay->pages.count >= IO_OVERLAY_PAGES_MAX)
        return -EFBIG;
    uint8_t **page = vector_push(&overlay->pages);
    if (!page || !(*page = malloc(IO_PAGE)))
        return -ENOMEM;
    memcpy(*page, bytes, IO_PAGE);
    return put(overlay, offset, IO_PAGE, *page);
}

int io_overlay_zero(struct io_overlay *overlay, uint64_t offset, uint64_t length)
{
    return length == 0 ? 0 : put(overlay, offset, length, NULL);
}

void io_overlay_extend(struct io_overlay *overlay, uint64_t size)
{
    if (size > overlay->size)
        overlay->size = size;
}

static uint64_t end_of(const struct piece *piece)
{
    return piece->offset + piece->length;
}

static int by_offset(const void *a, const void *b)
{
    const struct piece *x = a, *y = b;

    return x->offset < y->offset ? -1 : x->offset > y->offset;
}

typedef VECTOR(struct piece) piece_list;

/* A binary heap of the pieces that the sweep has met, the latest put on top. */
static int heap_push(piece_list *heap, struct piece piece)
{
    if (!vector_push(heap))
        return -ENOMEM;
    size_t at = heap->count - 1;
    while (at > 0 && heap->items[(at - 1) / 2].age < piece.age) {
        heap->items[at] = heap->items[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    heap->items[at] = piece;
    return 0;
}

static void heap_pop(piece_list *heap)
{
    struct piece last = heap->items[--heap->count];
    size_t at = 0, child;

    while ((child = 2 * at + 1) < heap->count) {
        if (child + 1 < heap->count && heap->items[child + 1].age > heap->items[child].age)
            child++;
        if (heap->items[child].age < last.age)
            break;
        heap->items[at] = heap->items[child];
        at = child;
    }
    if (heap->count > 0)
        heap->items[at] = last;
}

/* Appends [offset, end) as far as `piece` gives it, as one range with its direct predecessor. */
static int keep(piece_list *kept, const struct piece *piece, uint64_t offset, uint64_t end)
{
    struct piece *last = kept->count > 0 ? &kept->items[kept->count - 1] : NULL;

    if (last && last->age == piece->age && end_of(last) == offset) {
        last->length += end - offset;
        return 0;
    }
    last = vector_push(kept);
    if (!last)
        return -ENOMEM;
    *last = (struct piece){offset, end - offset, piece->age, piece->page};
    return 0;
}

/* What is on top of the heap is seen up to where it ends or the next piece begins. */
static int sweep_to(piece_list *heap, uint64_t *offset, uint64_t limit, piece_list *kept)
{
    while (heap->count > 0 && *offset < limit) {
        const struct piece top = heap->items[0];
        if (end_of(&top) <= *offset) {
            heap_pop(heap);
            continue;
        }
        uint64_t end = min_u64(end_of(&top), limit);
        int r = keep(kept, &top, *offset, end);
        if (r < 0)
            return r;
        *offset = end;
    }
    *offset = limit;
    return 0;
}

/* A page is never cut: all ranges are multiples of pages. */
static int cut(const struct io_overlay *overlay, piece_list *kept)
{
    piece_list heap = {0};
    uint64_t offset = 0;
    int r = 0;

    for (size_t i = 0; i < overlay->pieces.count && r == 0; i++) {
        r = sweep_to(&heap, &offset, overlay->pieces.items[i].offset, kept);
        if (r == 0)
            r = heap_push(&heap, overlay->pieces.items[i]);
    }
    if (r == 0)
        r = sweep_to(&heap, &offset, UINT64_MAX, kept);
    vector_free(&heap);
    return r;
}

/* The first piece that ends behind the offset. */
static size_t first_behind(const struct piece *pieces, size_t count, uint64_t offset)
{
    size_t low = 0, high = count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (end_of(&pieces[middle]) > offset)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static int64_t overlay_read(void *self, uint64_t offset, void *buffer, size_t length)
{
    struct io_overlay *overlay = self;
    size_t at = first_behind(overlay->pieces.items, overlay->pieces.count, offset);
    const struct piece *piece =
        at < overlay->pieces.count ? &overlay->pieces.items[at] : NULL;

    if (piece && piece->offset <= offset) {
        uint64_t skip = offset - piece->offset;
        length = (size_t)min_u64(length, piece->length - skip);
        if (piece->page)
            memcpy(buffer, piece->page + skip, length);
        else
            memset(buffer, 0, length);
        return (int64_t)length;
    }
    if (piece)
        length = (size_t)min_u64(length, piece->offset - offset);
    int64_t n = io_read_some(overlay->below, offset, buffer, length);
    if (n < 0)
        return n;
    memset((char *)buffer + n, 0, length - (size_t)n); /* behind the end of the source below */
    return (int64_t)length;
}

static void overlay_close(void *self)
{
    io_overlay_free(self);
}

io_source *io_overlay_seal(struct io_overlay *overlay)
{
    static const struct io_ops ops = {overlay_read, overlay_close};
    piece_list kept = {0};

    if (overlay->pieces.count > 0)
        qsort(overlay->pieces.items, overlay->pieces.count, sizeof(struct piece), by_offset);
    if (cut(overlay, &kept) < 0) {
        vector_free(&kept);
        io_overlay_free(overlay);
        return NULL;
    }
    free(overlay->pieces.items);
    overlay->pieces.items = kept.items;
    overlay->pieces.count = kept.count;
    overlay->pieces.capacity = kept.capacity;
    return io_source_new(&ops, overlay, overlay->size);
}

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * The overlay keeps an ordered list of replaced ranges. Later puts win over earlier ones: at
 * sealing the list is sorted by offset and age and cut into ranges that do not overlap, so that a
 * read is a binary search.
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

/*
 * Cutting: walk the pieces from the latest to the earliest and keep of each what no later piece
 * covers. `kept` stays sorted; a piece can be cut into several parts.
 */
static size_t first_behind(const struct piece *pieces, size_t count, uint64_t offset)
{
    size_t low = 0, high = count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (pieces[middle].offset + pieces[middle].length > offset)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

typedef VECTOR(struct piece) piece_list;

static int insert_at(piece_list *list, size_t at, struct piece piece)
{
    if (!vector_push(list))
        return -ENOMEM;
    memmove(&list->items[at + 1], &list->items[at], (list->count - 1 - at) * sizeof(piece));
    list->items[at] = piece;
    return 0;
}

static int keep_uncovered(piece_list *kept, struct piece piece)
{
    uint64_t end = piece.offset + piece.length;
    size_t at = first_behind(kept->items, kept->count, piece.offset);

    while (piece.offset < end) {
        uint64_t next = at < kept->count ? kept->items[at].offset : UINT64_MAX;
        if (next > piece.offset) {
            piece.length = min_u64(next, end) - piece.offset;
            int r = insert_at(kept, at++, piece);
            if (r < 0)
                return r;
            piece.offset += piece.length;
        }
        if (at < kept->count && piece.offset < end)
            piece.offset = kept->items[at].offset + kept->items[at].length;
        at++;
    }
    return 0;
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

    for (size_t i = overlay->pieces.count; i > 0; i--)
        if (keep_uncovered(&kept, overlay->pieces.items[i - 1]) < 0) {
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

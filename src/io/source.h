/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * A byte source: a size and "read at", whatever is behind it. Every nesting is the same call:
 * image file, partition, file inside a volume, VHDX with its log replayed, disk of a whole chain.
 * Sources are reference-counted; a stacked source holds a reference to the one below. Reads are
 * positional and safe from several threads at once.
 */
#ifndef IO_SOURCE_H
#define IO_SOURCE_H

#include <stddef.h>
#include <stdint.h>

typedef struct io_source io_source;

struct io_ops {
    /* Reads up to `length` bytes; the number read (short only at the end), or negative errno. */
    int64_t (*read)(void *self, uint64_t offset, void *buffer, size_t length);
    void (*close)(void *self);
};

/* Takes ownership of self (closed also when this fails). NULL when memory is short. */
io_source *io_source_new(const struct io_ops *, void *self, uint64_t size);
io_source *io_ref(io_source *);
void io_unref(io_source *); /* NULL is fine */

static inline void io_unref_cleanup(io_source **source)
{
    io_unref(*source);
}

uint64_t io_size(const io_source *);
/* Reads exactly `length` bytes. 0; -ENODATA when the source ends before; other negative errno. */
int io_read(io_source *, uint64_t offset, void *buffer, size_t length);
/* Reads what there is, up to `length`: the number of bytes (0 at or behind the end) or negative
 * errno. */
int64_t io_read_some(io_source *, uint64_t offset, void *buffer, size_t length);

/* [offset, offset + size) of another source. */
io_source *io_range_new(io_source *below, uint64_t offset, uint64_t size);
/* Bytes in memory, copied. */
io_source *io_memory_new(const void *bytes, size_t size);
/* Counts what is read through it: *bytes_read is added to atomically and must live longer. */
io_source *io_counter_new(io_source *below, _Atomic uint64_t *bytes_read);

/*
 * An overlay: the source below with some pages of IO_PAGE bytes replaced, and perhaps a larger
 * size (what is behind the end of the source below reads as zeros). How a log is replayed in
 * memory (MS-VHDX 2.3.3). Put all pages before the first read; a later put wins over an earlier
 * one. What a hostile log can make us hold is capped: IO_OVERLAY_PAGES_MAX pages with bytes,
 * IO_OVERLAY_PUTS_MAX puts in all.
 */
#define IO_PAGE              4096
#define IO_OVERLAY_PAGES_MAX 65536   /* 256 MiB */
#define IO_OVERLAY_PUTS_MAX  1048576 /* some 100 MiB while sealing */

struct io_overlay;
struct io_overlay *io_overlay_new(io_source *below);
/* Replaces the page at `offset` (a multiple of IO_PAGE, else -EINVAL); `page` NULL = zeros.
 * 0, -ENOMEM, or -EFBIG above a cap. */
int io_overlay_put(struct io_overlay *, uint64_t offset, const void *page);
/* Zeroes [offset, offset + length), multiples of IO_PAGE, at the cost of one range, not of pages. */
int io_overlay_zero(struct io_overlay *, uint64_t offset, uint64_t length);
void io_overlay_extend(struct io_overlay *, uint64_t size);
/* Turns the overlay into a source and frees it; NULL when memory is short. O(n log n) in the puts. */
io_source *io_overlay_seal(struct io_overlay *);
void io_overlay_free(struct io_overlay *);

#endif

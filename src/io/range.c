/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Small sources on top of others: a range, bytes in memory, a counter. */
#include "io/source.h"

#include "base/checked.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct range {
    io_source *below;
    uint64_t offset;
};

static int64_t range_read(void *self, uint64_t offset, void *buffer, size_t length)
{
    struct range *range = self;

    return io_read_some(range->below, range->offset + offset, buffer, length);
}

static void range_close(void *self)
{
    struct range *range = self;

    io_unref(range->below);
    free(range);
}

io_source *io_range_new(io_source *below, uint64_t offset, uint64_t size)
{
    static const struct io_ops ops = {range_read, range_close};
    struct range *range;
    uint64_t end;

    if (ADD_OVERFLOW(offset, size, &end) || !(range = calloc(1, sizeof(*range))))
        return NULL;
    range->below = io_ref(below);
    range->offset = offset;
    return io_source_new(&ops, range, size);
}

struct memory {
    size_t size;
    char bytes[];
};

static int64_t memory_read(void *self, uint64_t offset, void *buffer, size_t length)
{
    struct memory *memory = self;

    memcpy(buffer, memory->bytes + offset, length);
    return (int64_t)length;
}

io_source *io_memory_new(const void *bytes, size_t size)
{
    static const struct io_ops ops = {memory_read, free};
    struct memory *memory = malloc(sizeof(*memory) + size);

    if (!memory)
        return NULL;
    memory->size = size;
    if (size > 0)
        memcpy(memory->bytes, bytes, size);
    return io_source_new(&ops, memory, size);
}

struct counter {
    io_source *below;
    _Atomic uint64_t *bytes_read;
};

static int64_t counter_read(void *self, uint64_t offset, void *buffer, size_t length)
{
    struct counter *counter = self;
    int64_t n = io_read_some(counter->below, offset, buffer, length);

    if (n > 0)
        atomic_fetch_add(counter->bytes_read, (uint64_t)n);
    return n;
}

static void counter_close(void *self)
{
    struct counter *counter = self;

    io_unref(counter->below);
    free(counter);
}

io_source *io_counter_new(io_source *below, _Atomic uint64_t *bytes_read)
{
    static const struct io_ops ops = {counter_read, counter_close};
    struct counter *counter = calloc(1, sizeof(*counter));

    if (!counter)
        return NULL;
    counter->below = io_ref(below);
    counter->bytes_read = bytes_read;
    return io_source_new(&ops, counter, io_size(below));
}

/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "io/source.h"

#include "base/checked.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

struct io_source {
    const struct io_ops *ops;
    void *self;
    uint64_t size;
    atomic_uint references;
};

io_source *io_source_new(const struct io_ops *ops, void *self, uint64_t size)
{
    io_source *source = calloc(1, sizeof(*source));

    if (!source) {
        if (ops->close)
            ops->close(self);
        return NULL;
    }
    source->ops = ops;
    source->self = self;
    source->size = size;
    atomic_init(&source->references, 1);
    return source;
}

io_source *io_ref(io_source *source)
{
    atomic_fetch_add(&source->references, 1);
    return source;
}

void io_unref(io_source *source)
{
    if (!source || atomic_fetch_sub(&source->references, 1) != 1)
        return;
    if (source->ops->close)
        source->ops->close(source->self);
    free(source);
}

uint64_t io_size(const io_source *source)
{
    return source->size;
}

int64_t io_read_some(io_source *source, uint64_t offset, void *buffer, size_t length)
{
    size_t done = 0;

    if (offset >= source->size)
        return 0;
    length = (size_t)min_u64(length, source->size - offset);
    while (done < length) {
        int64_t n =
            source->ops->read(source->self, offset + done, (char *)buffer + done, length - done);
        if (n < 0)
            return n;
        if (n == 0)
            break;
        done += (size_t)n;
    }
    return (int64_t)done;
}

int io_read(io_source *source, uint64_t offset, void *buffer, size_t length)
{
    int64_t n = io_read_some(source, offset, buffer, length);

    if (n < 0)
        return (int)n;
    return (size_t)n == length ? 0 : -ENODATA;
}

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * Compressed streams: units of 2^n clusters. A unit whose clusters are all there is stored as it
 * is; one that ends in a sparse run is LZNT1; one without clusters is zeros.
 */
#include "volume/ntfs_compressed.h"

#include "base/checked.h"
#include "volume/lznt1.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define UNIT_MAX MIB /* NTFS makes 64 KiB */

struct compressed {
    io_source *volume;
    uint32_t cluster_size;
    size_t unit_size;
    struct ntfs_stream stream;
    pthread_mutex_t lock; /* over what follows */
    uint64_t unit;        /* that is in `plain`; UINT64_MAX none */
    uint8_t *plain, *packed;
};

/* The clusters of a unit from its start to the first sparse run; -EBADMSG where none are known. */
static int64_t read_packed(struct compressed *c, uint64_t offset)
{
    size_t done = 0;

    while (done < c->unit_size) {
        uint64_t at, end = ntfs_runs_span(&c->stream.runs, c->cluster_size, offset + done, &at);
        if (at == UINT64_MAX && !ntfs_runs_known(&c->stream.runs, (offset + done) / c->cluster_size))
            return -EBADMSG;
        if (at == UINT64_MAX)
            break;
        size_t length = (size_t)min_u64(c->unit_size - done, end - (offset + done));
        int r = io_read(c->volume, at, c->packed + done, length);
        if (r < 0)
            return r;
        done += length;
    }
    return (int64_t)done;
}

static int load_unit(struct compressed *c, uint64_t unit)
{
    if (c->unit == unit)
        return 0;
    c->unit = UINT64_MAX;
    int64_t n = read_packed(c, unit * c->unit_size);
    if (n < 0)
        return (int)n;
    if ((size_t)n == c->unit_size) {
        memcpy(c->plain, c->packed, c->unit_size);
    } else {
        int r = lznt1_unpack(c->packed, (size_t)n, c->plain, c->unit_size);
        if (r < 0)
            return r;
    }
    c->unit = unit;
    return 0;
}

static int64_t compressed_read(void *self, uint64_t offset, void *buffer, size_t length)
{
    struct compressed *c = self;
    size_t skip = (size_t)(offset % c->unit_size);

    if (offset >= c->stream.initialized_size) {
        memset(buffer, 0, length);
        return (int64_t)length;
    }
    length = (size_t)min_u64(length, c->stream.initialized_size - offset);
    length = (size_t)min_u64(length, c->unit_size - skip);
    pthread_mutex_lock(&c->lock);
    int r = load_unit(c, offset / c->unit_size);
    if (r == 0)
        memcpy(buffer, c->plain + skip, length);
    pthread_mutex_unlock(&c->lock);
    return r < 0 ? r : (int64_t)length;
}

static void compressed_close(void *self)
{
    struct compressed *c = self;

    pthread_mutex_destroy(&c->lock);
    ntfs_stream_free(&c->stream);
    io_unref(c->volume);
    free(c->plain);
    free(c->packed);
    free(c);
}

int ntfs_compressed_source(const struct ntfs *ntfs, struct ntfs_stream *stream,
                           io_source **source)
{
    static const struct io_ops ops = {compressed_read, compressed_close};
    uint64_t unit_size = stream->compression_unit < 16
                             ? (uint64_t)ntfs->geometry.cluster_size << stream->compression_unit
                             : 0;

    if ((stream->flags & NTFS_ATTRIBUTE_COMPRESSED) != 1 || stream->compression_unit == 0 ||
        unit_size == 0 || unit_size > UNIT_MAX)
        return -ENOTSUP;
    struct compressed *c = calloc(1, sizeof(*c));
    if (!c)
        return -ENOMEM;
    pthread_mutex_init(&c->lock, NULL);
    c->volume = io_ref(ntfs->source);
    c->cluster_size = ntfs->geometry.cluster_size;
    c->unit_size = (size_t)unit_size;
    c->unit = UINT64_MAX;
    c->plain = malloc(c->unit_size);
    c->packed = malloc(c->unit_size);
    if (!c->plain || !c->packed) {
        compressed_close(c);
        return -ENOMEM;
    }
    c->stream = *stream;
    *stream = (struct ntfs_stream){0};
    *source = io_source_new(&ops, c, c->stream.size);
    return *source ? 0 : -ENOMEM;
}

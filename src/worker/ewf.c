/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "base/checked.h"
#include "worker/protocol.h"
#include "worker/remote_bfio.h"

#include <errno.h>

#define HAVE_LIBBFIO /* or libewf's header hides what takes a pool */
#include <libewf.h>

/* The parts of the image, in their order, as one pool. It takes the handles over. */
static int pool_of(const struct job *job, libbfio_pool_t **pool)
{
    libbfio_handle_t *handle;
    int entry;

    *pool = NULL;
    if (libbfio_pool_initialize(pool, 0, LIBBFIO_POOL_UNLIMITED_NUMBER_OF_OPEN_HANDLES, NULL) != 1)
        return -ENOMEM;
    for (size_t i = 0; i < job->source_count; i++)
        if (remote_bfio_new(&handle, job, (unsigned)i) < 0 ||
            libbfio_pool_append_handle(*pool, &entry, handle, LIBBFIO_OPEN_READ, NULL) != 1)
            return -ENOMEM;
    return 0;
}

static int64_t open_image(const struct job *job, void **stream)
{
    libbfio_pool_t *pool;
    libewf_handle_t *image = NULL;
    size64_t size;

    if (pool_of(job, &pool) < 0 || libewf_handle_initialize(&image, NULL) != 1)
        return -ENOMEM;
    if (libewf_handle_open_file_io_pool(image, pool, LIBEWF_OPEN_READ, NULL) != 1 ||
        libewf_handle_get_media_size(image, &size, NULL) != 1 || size == 0 || size > INT64_MAX)
        return -EBADMSG; /* a first part that was cut early opens with size 0 */
    *stream = image;
    return (int64_t)size;
}

/*
 * libewf gives zeros for a chunk that is missing, cannot be unpacked or has a wrong checksum, and
 * only makes a note of its sectors. The number of bytes before the first such sector, or -EBADMSG.
 */
static int64_t until_damage(libewf_handle_t *image, uint64_t offset, uint64_t length)
{
    uint32_t count = 0, sector_size = 0;
    uint64_t sector, sectors, start, size;

    if (libewf_handle_get_number_of_checksum_errors(image, &count, NULL) != 1 ||
        libewf_handle_get_bytes_per_sector(image, &sector_size, NULL) != 1)
        return -EBADMSG;
    for (uint32_t i = 0; i < count && length > 0; i++) {
        if (libewf_handle_get_checksum_error(image, i, &sector, &sectors, NULL) != 1 ||
            MUL_OVERFLOW(sector, sector_size, &start) || MUL_OVERFLOW(sectors, sector_size, &size))
            return -EBADMSG;
        if (start <= offset ? offset - start < size : start - offset < length)
            length = start <= offset ? 0 : start - offset;
    }
    return length > 0 ? (int64_t)length : -EBADMSG;
}

static int64_t read_image(void *stream, uint64_t offset, void *buffer, size_t length)
{
    ssize_t n = libewf_handle_read_random(stream, buffer, length, (off64_t)offset, NULL);

    if (n < 0)
        return -EBADMSG;
    return n > 0 ? until_damage(stream, offset, (uint64_t)n) : 0;
}

int main(void)
{
    static const struct worker_program program = {.open = open_image, .read = read_image};

    return worker_main(&program);
}

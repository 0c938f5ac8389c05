/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* libbfio's callbacks give 1 or a count when all is well, -1 on error. */
#include "worker/remote_bfio.h"

#include "base/checked.h"
#include "worker/read_ahead.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

struct remote {
    unsigned source;
    uint64_t size, at;
    bool is_open;
    struct read_ahead *ahead; /* NULL: the library reads in large pieces */
};

static struct remote *remote_of(intptr_t *handle)
{
    return (struct remote *)handle;
}

static int remote_free(intptr_t **handle, libbfio_error_t **error)
{
    free(*handle);
    *handle = NULL;
    return 1;
}

static int remote_clone(intptr_t **to, intptr_t *from, libbfio_error_t **error)
{
    struct remote *copy = malloc(sizeof(*copy));

    if (!copy)
        return -1;
    *copy = *remote_of(from);
    *to = (intptr_t *)copy;
    return 1;
}

static int remote_open(intptr_t *handle, int flags, libbfio_error_t **error)
{
    if (flags & LIBBFIO_ACCESS_FLAG_WRITE)
        return -1;
    remote_of(handle)->is_open = true;
    remote_of(handle)->at = 0;
    return 1;
}

static int remote_close(intptr_t *handle, libbfio_error_t **error)
{
    remote_of(handle)->is_open = false;
    return 0; /* as close(2) */
}

static ssize_t remote_read(intptr_t *handle, uint8_t *buffer, size_t size, libbfio_error_t **error)
{
    struct remote *remote = remote_of(handle);
    int64_t n = remote->ahead
                    ? read_ahead(remote->ahead, remote->source, remote->at, buffer, size)
                    : worker_read(remote->source, remote->at, buffer, size);

    if (n < 0)
        return -1;
    remote->at += (uint64_t)n;
    return (ssize_t)n;
}

static ssize_t remote_write(intptr_t *handle, const uint8_t *buffer, size_t size,
                            libbfio_error_t **error)
{
    return -1;
}

static off64_t remote_seek(intptr_t *handle, off64_t offset, int whence, libbfio_error_t **error)
{
    struct remote *remote = remote_of(handle);
    int64_t from = whence == SEEK_CUR   ? (int64_t)remote->at
                   : whence == SEEK_END ? (int64_t)remote->size
                                        : 0;
    int64_t to;

    if (ADD_OVERFLOW(from, offset, &to) || to < 0)
        return -1;
    remote->at = (uint64_t)to;
    return to;
}

static int remote_exists(intptr_t *handle, libbfio_error_t **error)
{
    return 1;
}

static int remote_is_open(intptr_t *handle, libbfio_error_t **error)
{
    return remote_of(handle)->is_open;
}

static int remote_size(intptr_t *handle, size64_t *size, libbfio_error_t **error)
{
    *size = remote_of(handle)->size;
    return 1;
}

int remote_bfio_new_ahead(libbfio_handle_t **out, const struct job *job, unsigned source,
                          struct read_ahead *ahead)
{
    struct remote *remote = calloc(1, sizeof(*remote));

    *out = NULL;
    if (!remote)
        return -ENOMEM;
    remote->source = source;
    remote->size = job->sizes[source];
    remote->ahead = ahead;
    if (libbfio_handle_initialize(out, (intptr_t *)remote, remote_free, remote_clone, remote_open,
                                  remote_close, remote_read, remote_write, remote_seek,
                                  remote_exists, remote_is_open, remote_size,
                                  LIBBFIO_FLAG_IO_HANDLE_MANAGED |
                                      LIBBFIO_FLAG_IO_HANDLE_CLONE_BY_FUNCTION,
                                  NULL) != 1) {
        free(remote);
        return -ENOMEM;
    }
    return 0;
}

int remote_bfio_new(libbfio_handle_t **out, const struct job *job, unsigned source)
{
    return remote_bfio_new_ahead(out, job, source, NULL);
}

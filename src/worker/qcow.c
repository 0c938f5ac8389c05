/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "worker/protocol.h"
#include "worker/qcow_tables.h"
#include "worker/remote_bfio.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HAVE_LIBBFIO /* or libqcow's header hides what takes a handle */
#include <libqcow.h>

struct image {
    libqcow_file_t *file;
    struct qcow_tables tables;
};

static int64_t open_image(const struct job *job, void **stream)
{
    struct image *image = calloc(1, sizeof(*image));
    libbfio_handle_t *handle;
    size64_t size;

    if (job->source_count != 1)
        return -EINVAL;
    if (!image || remote_bfio_new(&handle, job, 0) < 0 ||
        libqcow_file_initialize(&image->file, NULL) != 1)
        return -ENOMEM;
    int r = qcow_tables_open(&image->tables, job->sizes[0]);
    if (r < 0)
        return r;
    if (libqcow_file_open_file_io_handle(image->file, handle, LIBQCOW_OPEN_READ, NULL) != 1 ||
        libqcow_file_get_media_size(image->file, &size, NULL) != 1 || size > INT64_MAX)
        return -EBADMSG;
    *stream = image;
    return (int64_t)size;
}

/* Of one cluster. */
static int64_t read_piece(struct image *image, uint64_t offset, void *buffer, size_t length)
{
    bool is_zero;
    int r = qcow_tables_look(&image->tables, offset, &length, &is_zero);

    if (r < 0)
        return r;
    if (is_zero) {
        memset(buffer, 0, length);
        return (int64_t)length;
    }
    ssize_t n =
        libqcow_file_read_buffer_at_offset(image->file, buffer, length, (off64_t)offset, NULL);
    return n < 0 ? -EBADMSG : n;
}

static int64_t read_image(void *stream, uint64_t offset, void *buffer, size_t length)
{
    size_t done = 0;

    while (done < length) {
        int64_t n = read_piece(stream, offset + done, (char *)buffer + done, length - done);
        if (n < 0 && done == 0)
            return n;
        if (n <= 0)
            break;
        done += (size_t)n;
    }
    return (int64_t)done;
}

int main(void)
{
    static const struct worker_program program = {.open = open_image, .read = read_image};

    return worker_main(&program);
}

/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "worker/vhdi.h"

#include "base/checked.h"
#include "worker/cause.h"
#include "worker/protocol.h"
#include "worker/remote_bfio.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HAVE_LIBBFIO /* or libvhdi's header hides what takes a handle */
#include <libvhdi.h>

_Static_assert(sizeof(struct vhdi_answer) <= WORKER_REPLY_MAX, "an answer is one reply");

struct open_disk {
    libbfio_handle_t *handle;
    libvhdi_file_t *file;
};

static void close_disk(struct open_disk *disk)
{
    libvhdi_file_free(&disk->file, NULL);
    libbfio_handle_free(&disk->handle, NULL);
}

static void take_error(libvhdi_error_t **error, char text[256])
{
    static char trace[TRACE_SIZE];

    if (libvhdi_error_backtrace_sprint(*error, trace, sizeof(trace)) <= 0)
        trace[0] = '\0';
    libvhdi_error_free(error);
    cause_of(trace, text);
}

static int open_disk(struct open_disk *disk, const struct job *job, unsigned source,
                     char error_text[256])
{
    libvhdi_error_t *error = NULL;

    *disk = (struct open_disk){0};
    if (remote_bfio_new(&disk->handle, job, source) < 0 ||
        libvhdi_file_initialize(&disk->file, NULL) != 1)
        return -ENOMEM;
    if (libvhdi_file_open_file_io_handle(disk->file, disk->handle, LIBVHDI_OPEN_READ, &error) == 1)
        return 0;
    take_error(&error, error_text);
    return -EBADMSG;
}

static void ask(libvhdi_file_t *file, struct vhdi_answer *a)
{
    size_t name_size = 0;
    int format;

    if (libvhdi_file_get_file_type(file, &format, NULL) == 1) {
        a->format = (uint32_t)format;
        a->answered |= VHDI_HAS_FORMAT;
    }
    if (libvhdi_file_get_disk_type(file, &a->kind, NULL) == 1)
        a->answered |= VHDI_HAS_KIND;
    if (libvhdi_file_get_media_size(file, &a->media_size, NULL) == 1)
        a->answered |= VHDI_HAS_SIZE;
    if (libvhdi_file_get_bytes_per_sector(file, &a->sector_size, NULL) == 1)
        a->answered |= VHDI_HAS_SECTOR_SIZE;
    if (libvhdi_file_get_identifier(file, a->id, sizeof(a->id), NULL) == 1)
        a->answered |= VHDI_HAS_ID;
    if (libvhdi_file_get_parent_identifier(file, a->parent_id, sizeof(a->parent_id), NULL) == 1)
        a->answered |= VHDI_HAS_PARENT_ID;
    if (libvhdi_file_get_utf8_parent_filename_size(file, &name_size, NULL) == 1 && name_size > 0 &&
        name_size <= sizeof(a->parent_name) &&
        libvhdi_file_get_utf8_parent_filename(file, (uint8_t *)a->parent_name,
                                              sizeof(a->parent_name), NULL) == 1)
        a->answered |= VHDI_HAS_PARENT_NAME;
}

static int64_t run(const struct job *job, void *reply)
{
    struct vhdi_answer *answer = reply;
    struct open_disk disk;

    if (job->source_count != 1)
        return -EINVAL;
    memset(answer, 0, sizeof(*answer));
    int r = open_disk(&disk, job, 0, answer->error);
    if (r == 0) {
        answer->answered = VHDI_HAS_OPENED;
        ask(disk.file, answer);
    }
    close_disk(&disk);
    return r == -ENOMEM ? r : (int64_t)sizeof(*answer);
}

/* The leaf can only be read through its parents, which stay open as long as the process. */
static int64_t open_chain(const struct job *job, void **stream)
{
    libvhdi_file_t *parent = NULL;
    struct open_disk disk;
    char error[256];
    size64_t size;

    for (size_t i = job->source_count; i > 0; i--) {
        int r = open_disk(&disk, job, (unsigned)i - 1, error);
        if (r < 0)
            return r;
        if (parent && libvhdi_file_set_parent_file(disk.file, parent, NULL) != 1)
            return -EXDEV;
        parent = disk.file;
    }
    if (!parent || libvhdi_file_get_media_size(parent, &size, NULL) != 1)
        return -EINVAL;
    *stream = parent;
    return (int64_t)size;
}

static int64_t read_chain(void *stream, uint64_t offset, void *buffer, size_t length)
{
    ssize_t n =
        libvhdi_file_read_buffer_at_offset(stream, buffer, length, (off64_t)offset, NULL);

    return n < 0 ? -EIO : n;
}

int main(void)
{
    static const struct worker_program program = {run, open_chain, read_chain};

    return worker_main(&program);
}

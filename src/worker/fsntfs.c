/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "worker/fsntfs.h"

#include "base/checked.h"
#include "worker/protocol.h"
#include "worker/remote_bfio.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HAVE_LIBBFIO /* or libfsntfs' header hides what takes a handle */
#include <libfsntfs.h>

#define FILE_NAME_ATTRIBUTE 0x30
#define TEXT_MAX            1024 /* 255 units of UTF-16 */

/* What is appended to a reply; once something did not fit, nothing more is. */
struct reply {
    uint8_t *bytes;
    size_t used;
    bool full;
};

static void *append(struct reply *reply, size_t size)
{
    if (reply->full || size > WORKER_REPLY_MAX - reply->used) {
        reply->full = true;
        return NULL;
    }
    reply->used += size;
    return reply->bytes + reply->used - size;
}

static void put(struct reply *reply, const void *fixed, size_t size, const char *text,
                size_t text_size)
{
    uint8_t *at = append(reply, size + text_size);

    if (at) {
        memcpy(at, fixed, size);
        memcpy(at + size, text, text_size);
    }
}

/* The first line of a backtrace is the cause: "function: what happened." */
static void take_error(libfsntfs_error_t **error, char text[256])
{
    static char trace[8192];

    if (libfsntfs_error_backtrace_sprint(*error, trace, sizeof(trace)) <= 0)
        trace[0] = '\0';
    libfsntfs_error_free(error);
    trace[strcspn(trace, "\n")] = '\0';
    const char *cause = strstr(trace, ": ");
    snprintf(text, 256, "%.255s", cause ? cause + 2 : trace);
}

static int open_volume(const struct job *job, libfsntfs_volume_t **volume, char error_text[256])
{
    libfsntfs_error_t *error = NULL;
    libbfio_handle_t *handle;

    *volume = NULL;
    if (job->source_count != 1 || job->parameters_size < sizeof(struct fsntfs_request))
        return -EINVAL;
    if (remote_bfio_new(&handle, job, 0) < 0 || libfsntfs_volume_initialize(volume, NULL) != 1)
        return -ENOMEM;
    if (libfsntfs_volume_open_file_io_handle(*volume, handle, LIBFSNTFS_OPEN_READ, &error) == 1)
        return 0;
    take_error(&error, error_text);
    libfsntfs_volume_free(volume, NULL);
    libbfio_handle_free(&handle, NULL);
    return -EBADMSG;
}

static bool is_text_size(size_t size)
{
    return size > 0 && size <= TEXT_MAX;
}

static bool put_name(struct reply *reply, libfsntfs_attribute_t *attribute)
{
    struct fsntfs_name name;
    char text[TEXT_MAX];
    size_t size = 0;
    uint8_t space;

    if (libfsntfs_file_name_attribute_get_parent_file_reference(attribute, &name.parent, NULL) !=
            1 ||
        libfsntfs_file_name_attribute_get_name_space(attribute, &space, NULL) != 1 ||
        libfsntfs_file_name_attribute_get_utf8_name_size(attribute, &size, NULL) != 1 ||
        !is_text_size(size) ||
        libfsntfs_file_name_attribute_get_utf8_name(attribute, (uint8_t *)text, size, NULL) != 1)
        return false;
    name.space = space;
    name.size = (uint32_t)size;
    put(reply, &name, sizeof(name), text, name.size);
    return true;
}

static void put_names(struct reply *reply, libfsntfs_file_entry_t *file, struct fsntfs_entry *entry)
{
    libfsntfs_attribute_t *attribute;
    uint32_t type;
    int count = 0;

    if (libfsntfs_file_entry_get_number_of_attributes(file, &count, NULL) != 1)
        entry->flags |= FSNTFS_INCOMPLETE;
    for (int i = 0; i < count; i++) {
        attribute = NULL;
        if (libfsntfs_file_entry_get_attribute_by_index(file, i, &attribute, NULL) != 1 ||
            libfsntfs_attribute_get_type(attribute, &type, NULL) != 1)
            entry->flags |= FSNTFS_INCOMPLETE;
        else if (type == FILE_NAME_ATTRIBUTE && put_name(reply, attribute))
            entry->name_count++;
        else if (type == FILE_NAME_ATTRIBUTE)
            entry->flags |= FSNTFS_INCOMPLETE;
        libfsntfs_attribute_free(&attribute, NULL);
    }
}

static bool put_stream(struct reply *reply, libfsntfs_data_stream_t *stream)
{
    struct fsntfs_stream s;
    char text[TEXT_MAX];
    size_t size = 0;

    if (libfsntfs_data_stream_get_size(stream, &s.data_size, NULL) != 1 ||
        libfsntfs_data_stream_get_utf8_name_size(stream, &size, NULL) != 1 || !is_text_size(size) ||
        libfsntfs_data_stream_get_utf8_name(stream, (uint8_t *)text, size, NULL) != 1)
        return false;
    s.size = (uint32_t)size;
    put(reply, &s, sizeof(s), text, s.size);
    return true;
}

static void put_streams(struct reply *reply, libfsntfs_file_entry_t *file,
                        struct fsntfs_entry *entry)
{
    libfsntfs_data_stream_t *stream;
    int count = 0;

    if (libfsntfs_file_entry_get_number_of_alternate_data_streams(file, &count, NULL) != 1)
        entry->flags |= FSNTFS_INCOMPLETE;
    for (int i = 0; i < count; i++) {
        stream = NULL;
        if (libfsntfs_file_entry_get_alternate_data_stream_by_index(file, i, &stream, NULL) == 1 &&
            put_stream(reply, stream))
            entry->stream_count++;
        else
            entry->flags |= FSNTFS_INCOMPLETE;
        libfsntfs_data_stream_free(&stream, NULL);
    }
}

/* What could not be had stays 0. */
static struct fsntfs_entry ask(libfsntfs_file_entry_t *file)
{
    struct fsntfs_entry e = {0};

    libfsntfs_file_entry_get_file_reference(file, &e.reference, NULL);
    libfsntfs_file_entry_get_base_record_file_reference(file, &e.base, NULL);
    libfsntfs_file_entry_get_creation_time(file, &e.created, NULL);
    libfsntfs_file_entry_get_modification_time(file, &e.modified, NULL);
    libfsntfs_file_entry_get_entry_modification_time(file, &e.changed, NULL);
    libfsntfs_file_entry_get_access_time(file, &e.accessed, NULL);
    libfsntfs_file_entry_get_file_attribute_flags(file, &e.attributes, NULL);
    if (libfsntfs_file_entry_is_allocated(file, NULL) == 1)
        e.flags |= FSNTFS_ALLOCATED;
    if (libfsntfs_file_entry_has_directory_entries_index(file, NULL) == 1)
        e.flags |= FSNTFS_DIRECTORY;
    if (libfsntfs_file_entry_is_corrupted(file, NULL) == 1)
        e.flags |= FSNTFS_CORRUPTED;
    if (libfsntfs_file_entry_has_default_data_stream(file, NULL) == 1) {
        e.flags |= FSNTFS_HAS_DATA;
        if (libfsntfs_file_entry_get_size(file, &e.size, NULL) != 1)
            e.flags |= FSNTFS_INCOMPLETE;
    }
    return e;
}

static void put_entry(struct reply *reply, libfsntfs_file_entry_t *file)
{
    struct fsntfs_entry entry = ask(file);
    uint8_t *at = append(reply, sizeof(entry));

    if (!at)
        return;
    put_names(reply, file, &entry);
    put_streams(reply, file, &entry);
    memcpy(at, &entry, sizeof(entry));
}

/* A record that does not fit is told of in the next reply, where it comes first; one that is too
 * large for any is left out. */
static void list(struct reply *reply, libfsntfs_volume_t *volume, uint64_t first, uint64_t count,
                 struct fsntfs_reply *head)
{
    uint64_t end = min_u64(first > UINT64_MAX - count ? UINT64_MAX : first + count, head->total);

    for (head->next = first; head->next < end; head->next++) {
        libfsntfs_file_entry_t *file = NULL;
        size_t before = reply->used;
        if (libfsntfs_volume_get_file_entry_by_index(volume, head->next, &file, NULL) == 1 &&
            libfsntfs_file_entry_is_empty(file, NULL) != 1)
            put_entry(reply, file);
        libfsntfs_file_entry_free(&file, NULL);
        if (!reply->full)
            continue;
        reply->used = before;
        if (head->next > first)
            return;
        reply->full = false;
    }
}

static int64_t run(const struct job *job, void *bytes)
{
    struct reply reply = {.bytes = bytes, .used = sizeof(struct fsntfs_reply)};
    struct fsntfs_reply head = {0};
    struct fsntfs_request request;
    libfsntfs_volume_t *volume;
    int r = open_volume(job, &volume, head.error);

    if (r == 0) {
        head.opened = 1;
        memcpy(&request, job->parameters, sizeof(request));
        if (libfsntfs_volume_get_number_of_file_entries(volume, &head.total, NULL) != 1)
            head.total = 0;
        list(&reply, volume, request.first, request.count, &head);
        libfsntfs_volume_free(&volume, NULL);
    }
    memcpy(bytes, &head, sizeof(head));
    return r == 0 || r == -EBADMSG ? (int64_t)reply.used : r;
}

/* One of the two. */
struct opened {
    libfsntfs_file_entry_t *file;
    libfsntfs_data_stream_t *stream;
};

static int open_named(struct opened *opened, const uint8_t *name, size_t size)
{
    if (size == 0)
        return libfsntfs_file_entry_has_default_data_stream(opened->file, NULL) == 1 ? 0 : -ENOENT;
    return libfsntfs_file_entry_get_alternate_data_stream_by_utf8_name(opened->file, name, size,
                                                                       &opened->stream, NULL) == 1
               ? 0
               : -ENOENT;
}

static int64_t open_stream(const struct job *job, void **stream)
{
    struct opened *opened = calloc(1, sizeof(*opened));
    struct fsntfs_request request;
    libfsntfs_volume_t *volume;
    char error[256];
    size64_t size;
    int r = opened ? open_volume(job, &volume, error) : -ENOMEM;

    if (r < 0)
        return r;
    memcpy(&request, job->parameters, sizeof(request));
    if (libfsntfs_volume_get_file_entry_by_index(volume, request.first, &opened->file, NULL) != 1)
        return -EBADMSG;
    r = open_named(opened, job->parameters + sizeof(request),
                   job->parameters_size - sizeof(request));
    if (r < 0)
        return r;
    if ((opened->stream ? libfsntfs_data_stream_get_size(opened->stream, &size, NULL)
                        : libfsntfs_file_entry_get_size(opened->file, &size, NULL)) != 1 ||
        size > INT64_MAX)
        return -EBADMSG;
    *stream = opened;
    return (int64_t)size;
}

static int64_t read_stream(void *stream, uint64_t offset, void *buffer, size_t length)
{
    struct opened *opened = stream;
    ssize_t n = opened->stream
                    ? libfsntfs_data_stream_read_buffer_at_offset(opened->stream, buffer, length,
                                                                  (off64_t)offset, NULL)
                    : libfsntfs_file_entry_read_buffer_at_offset(opened->file, buffer, length,
                                                                 (off64_t)offset, NULL);

    return n < 0 ? -EBADMSG : n;
}

int main(void)
{
    static const struct worker_program program = {run, open_stream, read_stream};

    return worker_main(&program);
}

/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "volume/fsntfs.h"

#include "base/checked.h"
#include "base/cleanup.h"
#include "os/worker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TIMEOUT_MS 60000 /* of one reply, or one read */
#define REPLY_MAX  ((size_t)MIB)

/* Walks through a reply, which is as little trusted as the volume. */
struct reply {
    const uint8_t *at, *end;
};

static bool take(struct reply *reply, void *to, size_t size)
{
    if (size > (size_t)(reply->end - reply->at))
        return false;
    memcpy(to, reply->at, size);
    reply->at += size;
    return true;
}

/* NULL when it makes no sense. */
static const char *take_text(struct reply *reply, size_t size)
{
    const char *text = (const char *)reply->at;

    if (size == 0 || size > (size_t)(reply->end - reply->at) || strnlen(text, size) != size - 1)
        return NULL;
    reply->at += size;
    return text;
}

static int take_names(struct reply *reply, struct fsntfs_file *file)
{
    for (uint32_t i = 0; i < file->entry.name_count; i++) {
        struct fsntfs_name head;
        const char *text = take(reply, &head, sizeof(head)) ? take_text(reply, head.size) : NULL;
        struct fsntfs_file_name *name = text ? vector_push(&file->names) : NULL;
        if (!name)
            return text ? -ENOMEM : -EPROTO;
        *name = (struct fsntfs_file_name){head.parent, head.space, text};
    }
    return 0;
}

static int take_streams(struct reply *reply, struct fsntfs_file *file)
{
    for (uint32_t i = 0; i < file->entry.stream_count; i++) {
        struct fsntfs_stream head;
        const char *text = take(reply, &head, sizeof(head)) ? take_text(reply, head.size) : NULL;
        struct fsntfs_file_stream *stream = text ? vector_push(&file->streams) : NULL;
        if (!stream)
            return text ? -ENOMEM : -EPROTO;
        *stream = (struct fsntfs_file_stream){head.data_size, text};
    }
    return 0;
}

/* One reply's files. */
static int visit_files(struct reply *reply, struct fsntfs_file *file, fsntfs_visit *visit,
                       void *user)
{
    int r = 0;

    while (reply->at < reply->end && r == 0) {
        file->names.count = file->streams.count = 0;
        r = take(reply, &file->entry, sizeof(file->entry)) ? 0 : -EPROTO;
        if (r == 0)
            r = take_names(reply, file);
        if (r == 0)
            r = take_streams(reply, file);
        if (r == 0)
            r = visit(user, file);
    }
    return r;
}

static int take_head(struct reply *reply, const struct fsntfs_request *asked,
                     struct fsntfs_reply *head, char error[256])
{
    if (!take(reply, head, sizeof(*head)))
        return -EPROTO;
    if (!head->opened) {
        memcpy(error, head->error, sizeof(head->error));
        error[sizeof(head->error) - 1] = '\0';
        return -EBADMSG;
    }
    /* Each reply gets on by at least one record. */
    if (head->next > head->total || head->next < min_u64(asked->first, head->total) ||
        (head->next == asked->first && head->next < head->total && asked->count > 0))
        return -EPROTO;
    return 0;
}

int fsntfs_list(struct workers *workers, io_source *volume, uint64_t first, uint64_t count,
                fsntfs_visit *visit, void *user, char error[256])
{
    CLEANUP_FREE uint8_t *bytes = malloc(REPLY_MAX);
    struct fsntfs_request request = {first, count};
    const struct worker_job job = {
        .name = "fsntfs",
        .sources = &volume,
        .source_count = 1,
        .parameters = &request,
        .parameters_size = sizeof(request),
        .timeout_ms = TIMEOUT_MS,
    };
    struct fsntfs_reply head = {.total = UINT64_MAX};
    struct fsntfs_file file = {0};
    int r = bytes ? 0 : -ENOMEM;

    error[0] = '\0';
    while (r == 0 && request.count > 0 && request.first < head.total) {
        int64_t n = workers_run(workers, &job, bytes, REPLY_MAX);
        if (n < 0) {
            r = (int)n;
            break;
        }
        struct reply reply = {bytes, bytes + n};
        r = take_head(&reply, &request, &head, error);
        if (r == 0)
            r = visit_files(&reply, &file, visit, user);
        request.count -= min_u64(request.count, head.next - request.first);
        request.first = head.next;
    }
    vector_free(&file.names);
    vector_free(&file.streams);
    return r;
}

int fsntfs_open(struct workers *workers, io_source *volume, uint64_t number, const char *stream,
                io_source **source)
{
    struct fsntfs_request request = {.first = number};
    size_t size = sizeof(request) + strlen(stream);
    CLEANUP_FREE uint8_t *parameters = malloc(size);
    const struct worker_job job = {
        .name = "fsntfs",
        .sources = &volume,
        .source_count = 1,
        .parameters = parameters,
        .parameters_size = size,
        .timeout_ms = TIMEOUT_MS,
    };

    if (!parameters)
        return -ENOMEM;
    memcpy(parameters, &request, sizeof(request));
    memcpy(parameters + sizeof(request), stream, strlen(stream));
    return workers_open_source(workers, &job, source);
}

/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "worker/vshadow.h"

#include "worker/protocol.h"
#include "worker/remote_bfio.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define HAVE_LIBBFIO /* or libvshadow's header hides what takes a handle */
#include <libvshadow.h>

_Static_assert(sizeof(struct vshadow_store) * VSHADOW_STORES_MAX <= WORKER_REPLY_MAX,
               "a full list fits into a reply");

struct shadowed {
    libbfio_handle_t *handle;
    libvshadow_volume_t *volume;
    int count;
};

static int open_volume(struct shadowed *s, const struct job *job)
{
    if (job->source_count != 1)
        return -EINVAL;
    if (remote_bfio_new(&s->handle, job, 0) < 0 ||
        libvshadow_volume_initialize(&s->volume, NULL) != 1)
        return -ENOMEM;
    if (libvshadow_volume_open_file_io_handle(s->volume, s->handle, LIBVSHADOW_OPEN_READ, NULL) !=
            1 ||
        libvshadow_volume_get_number_of_stores(s->volume, &s->count, NULL) != 1 || s->count < 0)
        return -EBADMSG;
    return 0;
}

static void close_volume(struct shadowed *s)
{
    libvshadow_volume_free(&s->volume, NULL);
    libbfio_handle_free(&s->handle, NULL);
}

/* What lies outside the catalog may be damaged: it is left zero then. */
static int describe(const struct shadowed *s, int index, struct vshadow_store *out)
{
    libvshadow_store_t *store = NULL;

    *out = (struct vshadow_store){0};
    if (libvshadow_volume_get_store(s->volume, index, &store, NULL) != 1)
        return -EBADMSG;
    if (libvshadow_store_get_creation_time(store, &out->created, NULL) != 1)
        out->created = 0;
    if (libvshadow_store_get_volume_size(store, &out->size, NULL) != 1)
        out->size = 0;
    if (libvshadow_store_get_identifier(store, out->id, 16, NULL) != 1)
        memset(out->id, 0, 16);
    if (libvshadow_store_get_copy_identifier(store, out->copy_id, 16, NULL) != 1)
        memset(out->copy_id, 0, 16);
    if (libvshadow_store_get_copy_set_identifier(store, out->set_id, 16, NULL) != 1)
        memset(out->set_id, 0, 16);
    libvshadow_store_free(&store, NULL);
    return 0;
}

static int64_t list_stores(const struct job *job, void *reply)
{
    struct vshadow_store *stores = reply;
    struct shadowed s = {0};
    int r = open_volume(&s, job);

    if (r == 0 && s.count > VSHADOW_STORES_MAX)
        r = -E2BIG;
    for (int i = 0; r == 0 && i < s.count; i++)
        r = describe(&s, i, &stores[i]);
    int count = s.count;
    close_volume(&s);
    return r < 0 ? r : count * (int64_t)sizeof(*stores);
}

/* The newer copies hold what the wanted one lacks: all of them must be on this volume. */
static bool is_all_here(const struct shadowed *s, int index)
{
    bool here = true;

    for (int i = index; here && i < s->count; i++) {
        libvshadow_store_t *store = NULL;
        here = libvshadow_volume_get_store(s->volume, i, &store, NULL) == 1 &&
               libvshadow_store_has_in_volume_data(store, NULL) == 1;
        libvshadow_store_free(&store, NULL);
    }
    return here;
}

/* Volume and handle are the store's for as long as the process serves it. */
static int64_t open_store(const struct job *job, void **stream)
{
    libvshadow_store_t *store = NULL;
    struct shadowed s = {0};
    uint32_t index;
    size64_t size;

    if (job->parameters_size != sizeof(index))
        return -EINVAL;
    memcpy(&index, job->parameters, sizeof(index));
    int r = open_volume(&s, job);
    if (r < 0)
        return r;
    if (index >= (uint32_t)s.count)
        return -EINVAL;
    if (!is_all_here(&s, (int)index))
        return -EXDEV;
    if (libvshadow_volume_get_store(s.volume, (int)index, &store, NULL) != 1 ||
        libvshadow_store_get_volume_size(store, &size, NULL) != 1 || size > INT64_MAX)
        return -EBADMSG;
    *stream = store;
    return (int64_t)size;
}

static int64_t read_store(void *stream, uint64_t offset, void *buffer, size_t length)
{
    ssize_t n =
        libvshadow_store_read_buffer_at_offset(stream, buffer, length, (off64_t)offset, NULL);

    return n < 0 ? -EBADMSG : n;
}

int main(void)
{
    static const struct worker_program program = {
        .run = list_stores, .open = open_store, .read = read_store};

    return worker_main(&program);
}

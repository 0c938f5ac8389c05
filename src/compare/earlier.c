/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "compare/earlier.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SIZE_LIMIT ((off_t)512 << 20)

/* Some other file, hidden by the name of a report, must neither block nor be read without end. */
static int open_report(const char *path)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

    if (fd < 0)
        return -errno;
    int r = fstat(fd, &status) < 0          ? -errno
            : !S_ISREG(status.st_mode)      ? -EBADMSG
            : status.st_size > SIZE_LIMIT   ? -EFBIG
                                            : 0;
    if (r == 0)
        return fd;
    close(fd);
    return r;
}

static const char *text_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static int add_disk(struct earlier *e, const json_t *disk)
{
    const json_t *parent = json_object_get(disk, "parent");
    struct earlier_disk found = {
        .path = text_of(disk, "path"),
        .class = text_of(disk, "class"),
        .parent = text_of(parent, "resolved"),
        .vm = text_of(disk, "vm"),
    };

    if (!found.path || !found.class)
        return -EBADMSG;
    struct earlier_disk *slot = vector_push(&e->disks);
    if (!slot)
        return -ENOMEM;
    *slot = found;
    return 0;
}

/* Chains of checkpoints, and those that nobody owns, change with every checkpoint. */
static int add_chain(struct earlier *e, const json_t *chain)
{
    const json_t *layers = json_object_get(chain, "layers");
    size_t depth = json_array_size(layers);
    struct earlier_chain found = {
        .vm = text_of(chain, "vm"),
        .base = depth > 0 ? json_string_value(json_array_get(layers, depth - 1)) : NULL,
        .depth = depth,
    };

    if (!found.vm || !found.base || text_of(chain, "checkpoint") ||
        !json_is_true(json_object_get(chain, "complete")))
        return 0;
    struct earlier_chain *slot = vector_push(&e->chains);
    if (!slot)
        return -ENOMEM;
    *slot = found;
    return 0;
}

static int add_all(struct earlier *e, const json_t *list,
                   int (*add)(struct earlier *, const json_t *))
{
    int r = json_is_array(list) ? 0 : -EBADMSG;

    for (size_t i = 0; r == 0 && i < json_array_size(list); i++)
        r = add(e, json_array_get(list, i));
    return r;
}

static int compare_disks(const void *a, const void *b)
{
    const struct earlier_disk *x = a, *y = b;

    return strcmp(x->path, y->path);
}

static int read_json(struct earlier *e, const json_t *json)
{
    const char *schema = text_of(json, "schema");

    if (!schema || strcmp(schema, "hvchain/1") != 0)
        return -EBADMSG;
    e->finished = text_of(json_object_get(json, "run"), "finished");
    int r = add_all(e, json_object_get(json, "disks"), add_disk);
    if (r == 0)
        r = add_all(e, json_object_get(json, "chains"), add_chain);
    if (r == 0 && e->disks.count > 0)
        qsort(e->disks.items, e->disks.count, sizeof(*e->disks.items), compare_disks);
    return r;
}

int earlier_read(struct earlier *e, const char *path)
{
    *e = (struct earlier){0};
    int fd = open_report(path);
    if (fd < 0)
        return fd;
    json_error_t error;
    e->json = json_loadfd(fd, 0, &error);
    close(fd);
    int r = e->json                                              ? read_json(e, e->json)
            : json_error_code(&error) == json_error_out_of_memory ? -ENOMEM
                                                                  : -EBADMSG;
    if (r < 0)
        earlier_free(e);
    return r;
}

void earlier_free(struct earlier *e)
{
    vector_free(&e->disks);
    vector_free(&e->chains);
    json_decref(e->json);
    *e = (struct earlier){0};
}

const struct earlier_disk *earlier_find(const struct earlier *e, const char *path)
{
    struct earlier_disk wanted = {.path = path};

    return e->disks.count == 0 ? NULL
                               : bsearch(&wanted, e->disks.items, e->disks.count,
                                         sizeof(*e->disks.items), compare_disks);
}

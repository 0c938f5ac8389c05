/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "compare/earlier.h"

#include "base/cleanup.h"
#include "io/source.h"
#include "os/os_file.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define SIZE_LIMIT ((uint64_t)512 << 20)

struct reading {
    io_source *source;
    uint64_t at;
};

/* A json_load_callback_t: the next bytes, 0 at the end, (size_t)-1 on failure. */
static size_t read_next(void *buffer, size_t size, void *user)
{
    struct reading *reading = user;
    int64_t length = io_read_some(reading->source, reading->at, buffer, size);

    if (length < 0)
        return (size_t)-1;
    reading->at += (uint64_t)length;
    return (size_t)length;
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
        .is_layer = json_is_object(parent),
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

static int add_finding(struct earlier *e, const json_t *finding)
{
    struct earlier_finding found = {
        .code = text_of(finding, "code"),
        .subject = text_of(finding, "subject"),
        .vm = text_of(finding, "vm"),
        .summary = text_of(finding, "summary"),
    };

    if (!found.code || !found.subject)
        return -EBADMSG;
    struct earlier_finding *slot = vector_push(&e->findings);
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

static int compare_findings(const void *a, const void *b)
{
    const struct earlier_finding *x = a, *y = b;
    int order = strcmp(x->subject, y->subject);

    return order != 0 ? order : strcmp(x->code, y->code);
}

static int read_json(struct earlier *e, const json_t *json)
{
    const char *schema = text_of(json, "schema");
    const json_t *findings = json_object_get(json, "findings");

    if (!schema || strcmp(schema, "hvchain/1") != 0)
        return -EBADMSG;
    e->finished = text_of(json_object_get(json, "run"), "finished");
    int r = add_all(e, json_object_get(json, "disks"), add_disk);
    if (r == 0)
        r = add_all(e, json_object_get(json, "chains"), add_chain);
    e->has_findings = findings != NULL;
    if (r == 0 && findings)
        r = add_all(e, findings, add_finding);
    if (r == 0 && e->findings.count > 0)
        qsort(e->findings.items, e->findings.count, sizeof(*e->findings.items), compare_findings);
    if (r == 0 && e->disks.count > 0)
        qsort(e->disks.items, e->disks.count, sizeof(*e->disks.items), compare_disks);
    return r;
}

int earlier_read(struct earlier *e, const char *path)
{
    *e = (struct earlier){0};
    CLEANUP(io_unref) io_source *source = NULL;
    int r = os_file_open(path, false, &source);
    if (r < 0)
        return r;
    if (io_size(source) > SIZE_LIMIT)
        return -EFBIG;
    struct reading reading = {source, 0};
    json_error_t error;
    e->json = json_load_callback(read_next, &reading, 0, &error);
    r = e->json                                               ? read_json(e, e->json)
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
    vector_free(&e->findings);
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

bool earlier_has_finding(const struct earlier *e, const char *subject, const char *code)
{
    struct earlier_finding wanted = {.subject = subject, .code = code};

    return e->findings.count > 0 && bsearch(&wanted, e->findings.items, e->findings.count,
                                            sizeof(*e->findings.items), compare_findings);
}

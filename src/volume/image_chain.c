/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "volume/image_chain.h"

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/vector.h"
#include "base/winpath.h"
#include "disk/disk.h"
#include "os/os_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The disks of a chain and their content: one source, so that it can be handed on. */
struct chain {
    VECTOR(struct disk *) disks; /* leaf first */
    io_source *content;
};

static void chain_close(void *self)
{
    struct chain *chain = self;

    io_unref(chain->content);
    for (size_t i = 0; i < chain->disks.count; i++)
        disk_close(chain->disks.items[i]);
    vector_free(&chain->disks);
    free(chain);
}

static int64_t chain_read(void *self, uint64_t offset, void *buffer, size_t length)
{
    return io_read_some(((struct chain *)self)->content, offset, buffer, length);
}

static int add_disk(struct chain *chain, io_source *file, struct notes *notes)
{
    struct disk **disk = vector_push(&chain->disks);

    return disk ? disk_open(disk, file, notes) : -ENOMEM;
}

/* The path of a file beside another one, or some folders away. */
static char *beside(const char *path, char *const *parts, size_t count)
{
    const char *slash = strrchr(path, '/');
    struct strbuf out = {0};

    if (slash)
        strbuf_append_bytes(&out, path, (size_t)(slash - path));
    else
        strbuf_append_char(&out, '.');
    for (size_t i = 0; i < count; i++)
        strbuf_printf(&out, "/%s", parts[i]);
    return strbuf_steal(&out);
}

static char *parent_path(const char *child, const char *recorded, bool name_only)
{
    struct winpath path;
    char *found = NULL;

    if (!recorded || winpath_parse(&path, recorded) < 0)
        return NULL;
    if (path.part_count > 0 && name_only)
        found = beside(child, path.parts + path.part_count - 1, 1);
    else if (path.part_count > 0 && path.root == WINPATH_RELATIVE)
        found = beside(child, path.parts, path.part_count);
    winpath_free(&path);
    return found;
}

/* Opens the candidate as the next disk of the chain when it is the parent of the last one. */
static bool try_parent(struct chain *chain, const char *path)
{
    size_t before = chain->disks.count;
    const struct disk_facts *child = disk_facts(chain->disks.items[chain->disks.count - 1]);
    CLEANUP(io_unref) io_source *file = NULL;

    if (!path || os_file_open(path, false, &file) < 0)
        return false;
    if (add_disk(chain, file, NULL) == 0 &&
        disk_linkage_matches(child, disk_facts(chain->disks.items[before])))
        return true;
    if (chain->disks.count > before)
        disk_close(chain->disks.items[--chain->disks.count]);
    return false;
}

/* Adds the parent of the last disk; its path in *path. */
static int add_parent(struct chain *chain, char **path, struct notes *notes)
{
    const struct disk_parent *parent =
        disk_facts(chain->disks.items[chain->disks.count - 1])->parent;
    char *candidates[] = {
        parent_path(*path, parent->relative_path, false),
        parent_path(*path, parent->relative_path, true),
        parent_path(*path, parent->absolute_path, true),
        parent_path(*path, parent->volume_path, true),
    };
    int r = -EXDEV;

    for (size_t i = 0; i < sizeof(candidates) / sizeof(candidates[0]); i++) {
        if (r < 0 && try_parent(chain, candidates[i])) {
            free(*path);
            *path = STEAL(candidates[i]);
            r = 0;
        }
        free(candidates[i]);
    }
    if (r < 0)
        notes_add(notes, SEVERITY_PROBLEM, "IMAGE-PARENT", NOTE_NO_OFFSET,
                  "%s is a differencing disk, and neither at the recorded path nor beside it is the "
                  "parent that it was made on", *path);
    return r;
}

static int open_chain(struct chain *chain, const char *path, io_source *file, struct notes *notes)
{
    CLEANUP_FREE char *at = strdup(path);
    int r = at ? add_disk(chain, file, notes) : -ENOMEM;

    while (r == 0 && disk_facts(chain->disks.items[chain->disks.count - 1])->parent)
        r = chain->disks.count < DISK_CHAIN_MAX ? add_parent(chain, &at, notes) : -ELOOP;
    return r == 0 ? disk_content_new(&chain->content, chain->disks.items, chain->disks.count) : r;
}

int image_chain_open(const char *path, io_source *file, io_source **content, struct notes *notes)
{
    static const struct io_ops ops = {chain_read, chain_close};
    struct chain *chain = calloc(1, sizeof(*chain));

    if (!chain)
        return -ENOMEM;
    int r = open_chain(chain, path, file, notes);
    if (r < 0) {
        chain_close(chain);
        return r;
    }
    *content = io_source_new(&ops, chain, io_size(chain->content));
    return *content ? 0 : -ENOMEM;
}

/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "inspect/inspect.h"

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "vm/vmcx.h"
#include "vm/xml.h"
#include "volume/image.h"
#include "volume/image_path.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A file chooses how many keys it has; nobody reads more than these. */
#define KEYS_MAX 100000

const char *inspect_kind_name(enum inspect_kind kind)
{
    static const char *const names[] = {
        [INSPECT_UNKNOWN] = "unknown",
        [INSPECT_DISK] = "disk",
        [INSPECT_CONTAINER] = "container",
        [INSPECT_XML] = "xml",
        [INSPECT_LOG] = "log",
    };

    return names[kind];
}

enum severity inspection_worst(const struct inspection *it)
{
    enum severity worst = notes_worst(&it->notes);

    return it->status < 0 && worst < SEVERITY_PROBLEM ? SEVERITY_PROBLEM : worst;
}

static int add_key(void *user, const char *path, const char *value, const struct tree_node *node)
{
    struct inspection *it = user;

    if (it->keys.count >= KEYS_MAX)
        return -E2BIG;
    struct inspect_key *key = vector_push(&it->keys);
    if (!key)
        return -ENOMEM;
    key->path = strdup(path);
    key->value = strdup(value);
    key->type = tree_type_name(node->type);
    return key->path && key->value ? 0 : -ENOMEM;
}

static int add_keys(struct inspection *it, const struct tree_node *root)
{
    int r = root ? tree_walk(root, add_key, it) : 0;

    if (r == -E2BIG)
        notes_add(&it->notes, SEVERITY_WARNING, "INSPECT-KEYS", NOTE_NO_OFFSET,
                  "Only the first %d keys are shown", KEYS_MAX);
    return r == -E2BIG ? 0 : r;
}

static int inspect_disk(struct inspection *it, io_source *source)
{
    struct disk *disk = NULL;

    it->kind = INSPECT_DISK;
    int r = disk_open(&disk, source, &it->notes);
    if (disk)
        it->facts = disk_take_facts(disk);
    disk_close(disk);
    return r;
}

static int inspect_container(struct inspection *it, io_source *source)
{
    CLEANUP(vmcx) struct vmcx container = {0};

    it->kind = INSPECT_CONTAINER;
    int r = vmcx_read(&container, source, VMCX_INLINE_VALUES, &it->notes);
    it->format_version = container.version;
    it->journal = container.journal;
    it->journal_entries = container.journal_entries;
    int keys = add_keys(it, container.root);
    return r < 0 ? r : keys;
}

static int inspect_xml(struct inspection *it, io_source *source)
{
    CLEANUP(tree) struct tree_node *root = NULL;

    it->kind = INSPECT_XML;
    int r = xml_read(&root, source, &it->notes);
    int keys = add_keys(it, root);
    return r < 0 ? r : keys;
}

static int inspect_log(struct inspection *it, io_source *source)
{
    it->kind = INSPECT_LOG;
    return event_file_read(&it->log, source, NULL, &it->notes);
}

static int inspect_source(struct inspection *it, io_source *source)
{
    if (disk_probe(source) != DISK_PROBE_NONE)
        return inspect_disk(it, source);
    switch (vm_probe(source)) {
    case VM_PROBE_CONTAINER:
        return inspect_container(it, source);
    case VM_PROBE_XML:
        return inspect_xml(it, source);
    case VM_PROBE_NONE:
        break;
    }
    if (event_probe(source) != EVENT_FORMAT_NONE)
        return inspect_log(it, source);
    if (image_probe(source))
        notes_add(&it->notes, SEVERITY_INFO, "IMAGE", NOTE_NO_OFFSET,
                  "the file is a disk image: hvchain scan looks into it, and a file in it is named "
                  "as reports print it, such as %s!p1!/folder/file",
                  it->path);
    return 0;
}

struct visit {
    struct inspection_list *list;
    struct volume *volume;
    const struct image_path *path;
};

static int visit_entry(void *user, const struct volume_entry *entry)
{
    const struct visit *visit = user;

    if (entry->type != VOLUME_FILE || (visit->path && !image_path_holds(visit->path, entry->path)))
        return 0;
    struct inspection *it = vector_push(visit->list);
    if (!it)
        return -ENOMEM;
    CLEANUP_FREE char *path = string_printf("%s%s", visit->volume->display_root, entry->path);
    CLEANUP(io_unref) io_source *source = NULL;
    it->path = path ? text_valid(path) : NULL;
    it->file_size = entry->size;
    it->modified = entry->modified;
    it->created = entry->created;
    if (!it->path)
        return -ENOMEM;
    it->status = volume_open(visit->volume, entry->path, entry->id, &source);
    if (it->status == 0)
        it->status = inspect_source(it, source);
    return it->status == -ENOMEM ? -ENOMEM : 0;
}

static void pass_over(void *user, const char *path, const char *reason)
{
}

int inspect_volume(struct inspection_list *list, struct volume *volume,
                   const struct image_path *path)
{
    struct visit visit = {list, volume, path};
    int r = volume_walk(volume, visit_entry, pass_over, &visit);

    return r == -ENOMEM ? r : 0;
}

static void free_one(struct inspection *it)
{
    for (size_t i = 0; i < it->keys.count; i++) {
        free(it->keys.items[i].path);
        free(it->keys.items[i].value);
    }
    vector_free(&it->keys);
    event_file_free(&it->log);
    notes_free(&it->notes);
    disk_facts_free(it->facts);
    free(it->path);
}

void inspection_list_free(struct inspection_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free_one(&list->items[i]);
    vector_free(list);
}

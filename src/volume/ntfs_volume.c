/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "volume/ntfs_volume_private.h"

#include "base/checked.h"
#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "volume/fsntfs.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static uint32_t volume_attributes(const struct ntfs_file *file)
{
    static const struct {
        uint32_t file_attributes, data_flags, tag, ours;
    } table[] = {
        {NTFS_FILE_SPARSE, NTFS_ATTRIBUTE_SPARSE, 0, VOLUME_SPARSE},
        {NTFS_FILE_COMPRESSED, NTFS_ATTRIBUTE_COMPRESSED, NTFS_TAG_WOF, VOLUME_COMPRESSED},
        {NTFS_FILE_ENCRYPTED, NTFS_ATTRIBUTE_ENCRYPTED, 0, VOLUME_ENCRYPTED},
        {0, 0, NTFS_TAG_DEDUP, VOLUME_DEDUPLICATED},
        {NTFS_FILE_OFFLINE | NTFS_FILE_RECALL_ON_OPEN | NTFS_FILE_RECALL_ON_ACCESS, 0,
         NTFS_TAG_HSM, VOLUME_OFFLINE},
        {0, 0, NTFS_TAG_HSM2, VOLUME_OFFLINE},
    };
    uint32_t attributes = 0;

    if (file->directory) /* there they only say what new files will be like */
        return 0;
    for (size_t i = 0; i < ARRAY_SIZE(table); i++)
        if (file->file_attributes & table[i].file_attributes ||
            file->data_flags & table[i].data_flags ||
            (file->reparse_tag != 0 && file->reparse_tag == table[i].tag))
            attributes |= table[i].ours;
    return attributes;
}

static enum volume_entry_type entry_type(const struct ntfs_file *file)
{
    switch (file->reparse_tag) {
    case NTFS_TAG_AF_UNIX:
    case NTFS_TAG_LX_FIFO:
    case NTFS_TAG_LX_CHR:
    case NTFS_TAG_LX_BLK:
        return VOLUME_OTHER;
    }
    if (file->reparse_tag & NTFS_TAG_IS_SURROGATE)
        return VOLUME_LINK;
    return file->directory ? VOLUME_DIRECTORY : VOLUME_FILE;
}

static struct volume_entry make_entry(const struct ntfs_volume *v, const struct ntfs_file *file,
                                      const char *path, const char *name)
{
    return (struct volume_entry){
        .path = path,
        .name = name,
        .type = entry_type(file),
        .size = file->size,
        .modified = file->modified,
        .changed = file->changed,
        .created = file->created,
        .attributes = volume_attributes(file),
        .id = file->reference,
        .link_target = file->target ? ntfs_tree_text(&v->tree, file->target) : NULL,
    };
}

bool ntfs_leaves_trace(const char *name)
{
    static const char *const suffixes[] = {".avhdx", ".avhd", ".vhdx", ".vhd",
                                           ".vmcx",  ".rct",  ".mrt",  ".hrl"};
    const char *dot = strrchr(name, '.');

    for (size_t i = 0; dot && i < ARRAY_SIZE(suffixes); i++)
        if (text_compare_folded(dot, suffixes[i]) == 0)
            return true;
    return false;
}

static bool is_wanted(void *user, const struct ntfs_file *file, const char *name)
{
    const struct ntfs_volume *v = user;

    if (!file->in_use)
        return ntfs_leaves_trace(name);
    if (!v->wanted)
        return true;
    const struct volume_entry entry = make_entry(v, file, NULL, name);
    return v->wanted(v->wanted_user, &entry);
}

struct visit {
    const struct ntfs_volume *volume;
    volume_visit *visit;
    void *user;
};

static int visit_file(void *user, const struct ntfs_file *file, const struct ntfs_link *link,
                      const char *path)
{
    const struct visit *v = user;
    struct volume_entry entry =
        make_entry(v->volume, file, path, path + strlen(path) - link->length);

    if (file->visited && entry.type != VOLUME_FILE)
        return 0;
    if (file->visited)
        entry.type = VOLUME_ALIAS;
    return v->visit(v->user, &entry);
}

static int complain_lost(const struct ntfs_tree *tree, volume_complaint *complain, void *user)
{
    int failed = 0;

    for (size_t i = 0; i < tree->lost.count; i++) {
        const struct ntfs_lost *lost = &tree->lost.items[i];
        char *reason = lost->first == lost->last
                           ? string_printf("record %" PRIu64 " of $MFT: %s", lost->first,
                                           lost->reason)
                           : string_printf("records %" PRIu64 "-%" PRIu64 " of $MFT: %s",
                                           lost->first, lost->last, lost->reason);
        failed |= !reason;
        if (reason)
            complain(user, "", reason);
        free(reason);
    }
    if (tree->lost_more > 0)
        complain(user, "", "more records of $MFT cannot be read");
    return failed ? -ENOMEM : 0;
}

int ntfs_volume_build(struct ntfs_volume *v)
{
    if (v->built)
        return 0;
    int r = ntfs_tree_build(&v->tree, &v->ntfs, is_wanted, v);
    v->built = r == 0;
    return r;
}

static int walk(struct volume *volume, volume_visit *visit, volume_complaint *complain, void *user)
{
    struct ntfs_volume *v = (struct ntfs_volume *)volume;
    struct visit context = {v, visit, user};

    int r = ntfs_volume_build(v);
    if (r == 0)
        r = complain_lost(&v->tree, complain, user);
    return r == 0 ? ntfs_tree_walk(&v->tree, visit_file, &context) : r;
}

/* 0 without one. */
static int load_reparse_tag(const struct ntfs_volume *v, uint64_t number, const void *record,
                            uint32_t *tag)
{
    CLEANUP(ntfs_stream) struct ntfs_stream stream;
    struct ntfs_reparse reparse;
    int r = ntfs_stream_load(&v->ntfs, number, record, NTFS_REPARSE_POINT, NULL, &stream);

    *tag = 0;
    if (r < 0)
        return r == -ENOENT ? 0 : r;
    if (ntfs_stream_read(&v->ntfs, &stream, 0, &reparse, sizeof(reparse)) < (int)sizeof(reparse))
        return -EBADMSG;
    *tag = get_le32(reparse.tag);
    return 0;
}

/* XPRESS and LZX are libfsntfs' matter. */
static int open_overlaid(const struct ntfs_volume *v, uint64_t number, io_source **source)
{
    int r = v->workers ? fsntfs_open(v->workers, v->ntfs.source, number, "", source) : -ENOENT;

    return r == -ENOENT ? -ENOTSUP : r;
}

static int open_data(const struct ntfs_volume *v, uint64_t number, const void *record,
                     io_source **source)
{
    CLEANUP(ntfs_stream) struct ntfs_stream stream = {0};
    uint32_t tag;
    int r = load_reparse_tag(v, number, record, &tag);

    if (r < 0)
        return r;
    switch (tag) { /* the data may not be where the file's clusters are, whatever the runs say */
    case NTFS_TAG_WOF:
        return open_overlaid(v, number, source);
    case NTFS_TAG_DEDUP:
    case NTFS_TAG_HSM:
    case NTFS_TAG_HSM2:
        return -ENOTSUP;
    }
    r = ntfs_stream_load(&v->ntfs, number, record, NTFS_DATA, NULL, &stream);
    return r == 0 ? ntfs_stream_source(&v->ntfs, &stream, source) : r;
}

int ntfs_volume_record(const struct ntfs_volume *v, uint64_t id, void *record)
{
    const struct ntfs_record_header *header = record;
    int r = ntfs_record_read(&v->ntfs, ntfs_number(id), record);

    if (r < 0)
        return r;
    if (!(get_le16(header->flags) & NTFS_RECORD_IN_USE) ||
        get_le16(header->sequence) != ntfs_sequence(id) || get_le64(header->base) != 0)
        return -ESTALE;
    return 0;
}

static int open_file(struct volume *volume, const char *path, uint64_t id, io_source **source)
{
    const struct ntfs_volume *v = (struct ntfs_volume *)volume;
    CLEANUP_FREE void *record = malloc(v->ntfs.geometry.record_size);

    int r = record ? ntfs_volume_record(v, id, record) : -ENOMEM;
    if (r < 0)
        return r;
    if (get_le16(((const struct ntfs_record_header *)record)->flags) & NTFS_RECORD_DIRECTORY)
        return -EISDIR;
    return open_data(v, ntfs_number(id), record, source);
}

static void close_volume(struct volume *volume)
{
    struct ntfs_volume *v = (struct ntfs_volume *)volume;

    ntfs_tree_free(&v->tree);
    vector_free(&v->securities);
    ntfs_close(&v->ntfs);
    free(v);
}

static const struct volume_ops ops = {walk, open_file, close_volume};

int ntfs_volume_open(struct volume **volume, io_source *source, const char *display_root,
                     struct notes *notes)
{
    struct ntfs_volume *v = calloc(1, sizeof(*v));

    if (!v)
        return -ENOMEM;
    int r = ntfs_open(&v->ntfs, source, notes);
    if (r < 0) {
        free(v);
        return r;
    }
    v->volume = (struct volume){&ops, strdup(display_root), true};
    if (!v->volume.display_root) {
        close_volume(&v->volume);
        return -ENOMEM;
    }
    *volume = &v->volume;
    return 0;
}

void ntfs_volume_use_workers(struct volume *volume, struct workers *workers)
{
    ((struct ntfs_volume *)volume)->workers = workers;
}

bool volume_is_ntfs(const struct volume *volume)
{
    return volume->ops == &ops;
}

uint64_t ntfs_volume_serial(const struct volume *volume)
{
    return ((const struct ntfs_volume *)volume)->ntfs.geometry.serial;
}

void ntfs_volume_keep_only(struct volume *volume, ntfs_volume_wanted *wanted, void *user)
{
    struct ntfs_volume *v = (struct ntfs_volume *)volume;

    v->wanted = wanted;
    v->wanted_user = user;
}

uint64_t ntfs_volume_left_out(const struct volume *volume)
{
    return ((const struct ntfs_volume *)volume)->tree.skipped;
}

static struct ntfs_facts facts_of(const struct ntfs_file *file)
{
    return (struct ntfs_facts){
        .id = file->reference,
        .deleted = !file->in_use,
        .size = file->size,
        .allocated_size = file->allocated_size,
        .created = file->created,
        .modified = file->modified,
        .changed = file->changed,
        .accessed = file->accessed,
        .attributes = volume_attributes(file),
        .extents = file->extents,
        .records = file->records,
        .list_size = file->list_size,
    };
}

int ntfs_volume_facts(const struct volume *volume, uint64_t id, struct ntfs_facts *facts)
{
    const struct ntfs_volume *v = (const struct ntfs_volume *)volume;
    const struct ntfs_file *file = ntfs_tree_find(&v->tree, id);

    if (!file || !file->wanted)
        return -ENOENT;
    *facts = facts_of(file);
    return 0;
}

bool ntfs_volume_is_cut(const struct volume *volume, uint64_t id)
{
    const struct ntfs_volume *v = (const struct ntfs_volume *)volume;
    uint64_t whole = io_size(v->ntfs.source) / v->ntfs.geometry.cluster_size;
    CLEANUP_FREE void *record = malloc(v->ntfs.geometry.record_size);
    CLEANUP(ntfs_stream) struct ntfs_stream stream = {0};

    if (!record || ntfs_volume_record(v, id, record) < 0 ||
        ntfs_stream_load(&v->ntfs, ntfs_number(id), record, NTFS_DATA, NULL, &stream) < 0)
        return false;
    for (size_t i = 0; i < stream.runs.count; i++) {
        const struct ntfs_run *run = &stream.runs.items[i];
        if (run->lcn != NTFS_SPARSE_RUN && run->lcn + run->count > whole)
            return true;
    }
    return false;
}

static int compare_traces(const void *a, const void *b)
{
    const struct ntfs_trace *x = a, *y = b;
    int order = strcmp(x->path, y->path);

    return order != 0 ? order : (x->facts.id > y->facts.id) - (x->facts.id < y->facts.id);
}

static int add_trace(const struct ntfs_tree *tree, const struct ntfs_file *file,
                     const struct ntfs_link *link, ntfs_traces *traces)
{
    struct strbuf path = {0};
    struct ntfs_trace *trace = vector_push(traces);

    if (!trace)
        return -ENOMEM;
    trace->facts = facts_of(file);
    trace->path_is_full = ntfs_tree_path(tree, link, &path);
    trace->path = strbuf_steal(&path);
    return trace->path ? 0 : -ENOMEM;
}

int ntfs_volume_traces(const struct volume *volume, ntfs_traces *traces)
{
    const struct ntfs_tree *tree = &((const struct ntfs_volume *)volume)->tree;
    int r = 0;

    *traces = (ntfs_traces){0};
    for (size_t i = 0; i < tree->links.count && r == 0; i++) {
        const struct ntfs_link *link = &tree->links.items[i];
        const struct ntfs_file *file = &tree->files.items[link->file];
        if (!file->in_use && !file->directory && ntfs_leaves_trace(ntfs_tree_text(tree, link->name)))
            r = add_trace(tree, file, link, traces);
    }
    if (r < 0)
        ntfs_traces_free(traces);
    else if (traces->count > 0)
        qsort(traces->items, traces->count, sizeof(*traces->items), compare_traces);
    return r;
}

void ntfs_traces_free(ntfs_traces *traces)
{
    for (size_t i = 0; i < traces->count; i++)
        free(traces->items[i].path);
    vector_free(traces);
}

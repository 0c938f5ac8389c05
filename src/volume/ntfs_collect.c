/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* The pass over $MFT: what one record says of its file. */
#include "volume/ntfs_tree.h"

#include "base/checked.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "volume/ntfs_reparse.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LOST_MAX 1000

struct collector {
    struct ntfs_tree *tree;
    const struct ntfs *ntfs;
    ntfs_wanted *wanted;
    void *user;
    /* What extension records add to their file, which may come earlier or later in $MFT; reference
     * is the file's. */
    VECTOR(struct ntfs_file) extensions;
};

int ntfs_tree_add_text(struct ntfs_tree *tree, const char *text, size_t length, uint32_t *at)
{
    if (tree->text_size == 0)
        tree->text_size = 1; /* place 0 means none */
    size_t needed = tree->text_size + length + 1;
    if (needed > UINT32_MAX)
        return -ENOMEM;
    if (needed > tree->text_capacity) {
        size_t capacity = tree->text_capacity + tree->text_capacity / 2 + length + 4096;
        char *grown = realloc(tree->text, capacity);
        if (!grown)
            return -ENOMEM;
        grown[0] = '\0';
        tree->text = grown;
        tree->text_capacity = capacity;
    }
    memcpy(tree->text + tree->text_size, text, length);
    tree->text[needed - 1] = '\0';
    *at = (uint32_t)tree->text_size;
    tree->text_size = needed;
    return 0;
}

/*
 * Names of NTFS hold neither '/' nor NUL, and none is "." or "..": where a record says so all the
 * same it must not lead out of its folder. What is not ASCII takes the longer way.
 */
static int add_name(struct ntfs_tree *tree, const uint8_t *utf16, size_t units, uint32_t *at,
                    uint32_t *length)
{
    char ascii[256];
    size_t n = 0;

    while (n < units) {
        uint16_t c = load_le16(utf16 + 2 * n);
        if (c < 0x20 || c > 0x7E || c == '/')
            break;
        ascii[n++] = (char)c;
    }
    if (n == units && n > 2) {
        *length = (uint32_t)n;
        return ntfs_tree_add_text(tree, ascii, n, at);
    }
    char *name = ntfs_name(utf16, units);
    if (!name)
        return -ENOMEM;
    *length = (uint32_t)strlen(name);
    int r = ntfs_tree_add_text(tree, name, *length, at);
    free(name);
    return r;
}

static int add_link(struct collector *c, uint64_t owner, const struct ntfs_attribute *a)
{
    const struct ntfs_file_name *name = (const void *)a->value;
    struct ntfs_link *link = vector_push(&c->tree->links);

    if (!link)
        return -ENOMEM;
    link->owner = owner;
    link->parent_reference = get_le64(name->parent);
    link->file = link->parent = NTFS_NOWHERE;
    link->is_short = name->name_space == NTFS_DOS;
    return add_name(c->tree, a->value + sizeof(*name), name->length, &link->name, &link->length);
}

static const struct ntfs_file_name *name_of(const struct ntfs_attribute *a)
{
    const struct ntfs_file_name *name = (const void *)a->value;

    return a->resident && a->value_length >= sizeof(*name) &&
                   range_fits(sizeof(*name), 2 * (size_t)name->length, a->value_length)
               ? name
               : NULL;
}

static void take_times(struct ntfs_file *file, const struct ntfs_attribute *a)
{
    const struct ntfs_standard_information *s = (const void *)a->value;

    if (!a->resident || a->value_length < NTFS_STANDARD_INFORMATION_OLD)
        return;
    file->created = get_le64(s->created);
    file->modified = get_le64(s->modified);
    file->changed = get_le64(s->changed);
    file->accessed = get_le64(s->accessed);
    file->file_attributes = get_le32(s->file_attributes);
}

static void take_data(struct ntfs_file *file, const struct ntfs_attribute *a)
{
    if (!a->resident)
        file->extents += ntfs_pairs_extents(a->value, a->value_length);
    if (!a->resident && a->first_vcn != 0)
        return;
    file->has_size = true;
    file->data_flags = a->flags;
    file->size = a->resident ? a->value_length : a->size;
    file->allocated_size = a->allocated_size;
}

static int take_target(struct collector *c, struct ntfs_file *file,
                       const struct ntfs_attribute *a, const void *record)
{
    CLEANUP_FREE char *target = NULL;

    if (a->resident) {
        file->reparse_tag = ntfs_reparse_tag(a->value, a->value_length);
        target = ntfs_reparse_target(a->value, a->value_length);
    } else if (a->size <= NTFS_REPARSE_MAX) {
        CLEANUP(ntfs_stream) struct ntfs_stream stream;
        uint8_t bytes[NTFS_REPARSE_MAX];
        int r = ntfs_stream_load(c->ntfs, ntfs_number(file->reference), record,
                                 NTFS_REPARSE_POINT, NULL, &stream);
        if (r < 0)
            return r == -ENOMEM ? r : 0;
        int64_t n = ntfs_stream_read(c->ntfs, &stream, 0, bytes, sizeof(bytes));
        if (n <= 0)
            return 0;
        file->reparse_tag = ntfs_reparse_tag(bytes, (size_t)n);
        target = ntfs_reparse_target(bytes, (size_t)n);
    }
    return target ? ntfs_tree_add_text(c->tree, target, strlen(target), &file->target) : 0;
}

/* All that a record says of its file. Short names count only where there is no other. */
static int take_attributes(struct collector *c, struct ntfs_file *file, const void *record)
{
    size_t first_link = c->tree->links.count;
    struct ntfs_attribute a, short_name = {0};
    const struct ntfs_file_name *name;
    struct ntfs_attributes list;
    int r = 0;

    ntfs_attributes_start(&list, record, c->ntfs->geometry.record_size);
    while (r == 0 && ntfs_attributes_next(&list, &a))
        switch (a.type) {
        case NTFS_STANDARD_INFORMATION:
            take_times(file, &a);
            break;
        case NTFS_ATTRIBUTE_LIST:
            file->list_size = (uint32_t)min_u64(a.resident ? a.value_length : a.size, UINT32_MAX);
            break;
        case NTFS_FILE_NAME:
            name = name_of(&a);
            if (name && name->name_space == NTFS_DOS)
                short_name = a;
            else if (name)
                r = add_link(c, file->reference, &a);
            break;
        case NTFS_DATA:
            if (a.name_length == 0)
                take_data(file, &a);
            break;
        case NTFS_REPARSE_POINT:
            r = take_target(c, file, &a, record);
            break;
        }
    if (r == 0 && c->tree->links.count == first_link && short_name.value)
        r = add_link(c, file->reference, &short_name);
    return r;
}

static bool is_wanted(struct collector *c, const struct ntfs_file *file, size_t first_link)
{
    for (size_t i = first_link; i < c->tree->links.count; i++)
        if (c->wanted(c->user, file, ntfs_tree_text(c->tree, c->tree->links.items[i].name)))
            return true;
    return false;
}

static void note_journal(struct collector *c, const struct ntfs_file *file, size_t first_link)
{
    for (size_t i = first_link; i < c->tree->links.count; i++) {
        const struct ntfs_link *link = &c->tree->links.items[i];
        if (ntfs_number(link->parent_reference) == NTFS_EXTEND &&
            strcmp(ntfs_tree_text(c->tree, link->name), "$UsnJrnl") == 0)
            c->tree->journal = ntfs_number(file->reference);
    }
}

static int visit_base(struct collector *c, uint64_t number, const void *record)
{
    const struct ntfs_record_header *header = record;
    size_t first_link = c->tree->links.count, text_size = c->tree->text_size;
    bool in_use = get_le16(header->flags) & NTFS_RECORD_IN_USE;
    uint16_t sequence = get_le16(header->sequence);
    struct ntfs_file file = {
        /* Freeing a record counts its sequence up; references to the file hold the number before. */
        .reference = ntfs_reference(number, in_use ? sequence : (uint16_t)(sequence - 1)),
        .records = 1,
        .in_use = in_use,
        .directory = get_le16(header->flags) & NTFS_RECORD_DIRECTORY,
    };

    int r = take_attributes(c, &file, record);
    if (r < 0)
        return r;
    if (in_use)
        note_journal(c, &file, first_link);
    file.wanted = file.directory || is_wanted(c, &file, first_link);
    if (file.wanted || file.list_size > 0) {
        struct ntfs_file *added = vector_push(&c->tree->files);
        if (!added)
            return -ENOMEM;
        *added = file;
        return 0;
    }
    c->tree->skipped += in_use;
    c->tree->links.count = first_link;
    c->tree->text_size = text_size;
    return 0;
}

static int visit_extension(struct collector *c, uint64_t owner, const void *record)
{
    struct ntfs_file part = {.reference = owner};
    int r = take_attributes(c, &part, record);

    if (r < 0)
        return r;
    struct ntfs_file *added = vector_push(&c->extensions);
    if (!added)
        return -ENOMEM;
    *added = part;
    return 0;
}

static int visit(void *user, uint64_t number, const void *record)
{
    struct collector *c = user;
    const struct ntfs_record_header *header = record;
    uint64_t owner = get_le64(header->base);

    if (owner != 0)
        return visit_extension(c, owner, record);
    /* The volume's own files; the folder for its later ones is needed for the change journal. */
    if (number < NTFS_FIRST_USER && number != NTFS_ROOT && number != NTFS_EXTEND)
        return 0;
    if (number == NTFS_ROOT)
        return 0; /* known without its record */
    return visit_base(c, number, record);
}

static void lost(void *user, uint64_t first, uint64_t last, const char *reason)
{
    struct ntfs_tree *tree = ((struct collector *)user)->tree;
    struct ntfs_lost *added = tree->lost.count < LOST_MAX ? vector_push(&tree->lost) : NULL;

    if (added)
        *added = (struct ntfs_lost){first, last, reason};
    else
        tree->lost_more++;
}

static void add_part(struct ntfs_file *file, const struct ntfs_file *part)
{
    file->records++;
    file->extents += part->extents;
    if (part->reparse_tag != 0) {
        file->reparse_tag = part->reparse_tag;
        file->target = part->target;
    }
    if (part->has_size) {
        file->size = part->size;
        file->allocated_size = part->allocated_size;
        file->data_flags = part->data_flags;
    }
}

static void apply_extensions(struct collector *c)
{
    for (size_t i = 0; i < c->extensions.count; i++) {
        struct ntfs_file *file = ntfs_tree_find(c->tree, c->extensions.items[i].reference);
        if (file)
            add_part(file, &c->extensions.items[i]);
    }
}

/* Gives each name its file; names of files that are not kept go. */
static void connect_links(struct ntfs_tree *tree)
{
    size_t kept = 0;

    for (size_t i = 0; i < tree->links.count; i++) {
        struct ntfs_link link = tree->links.items[i];
        struct ntfs_file *file = ntfs_tree_find(tree, link.owner);
        if (!file)
            continue;
        file->has_long_name |= !link.is_short;
        link.file = (uint32_t)(file - tree->files.items);
        tree->links.items[kept++] = link;
    }
    tree->links.count = kept;
}

/* A short name goes where another record has the long one. */
static void keep_links(struct collector *c)
{
    struct ntfs_tree *tree = c->tree;
    size_t kept = 0;

    connect_links(tree);
    for (size_t i = 0; i < tree->links.count; i++) {
        struct ntfs_link link = tree->links.items[i];
        struct ntfs_file *file = &tree->files.items[link.file];
        if (link.is_short && file->has_long_name)
            continue;
        if (!file->wanted)
            file->wanted = c->wanted(c->user, file, ntfs_tree_text(tree, link.name));
        tree->links.items[kept++] = link;
    }
    tree->links.count = kept;
    for (size_t i = 0; i < tree->files.count; i++)
        tree->skipped += tree->files.items[i].in_use && !tree->files.items[i].wanted;
}

int ntfs_collect(struct ntfs_tree *tree, const struct ntfs *ntfs, ntfs_wanted *wanted, void *user)
{
    struct collector c = {.tree = tree, .ntfs = ntfs, .wanted = wanted, .user = user};
    int r = ntfs_scan(ntfs, visit, lost, &c);

    if (r == 0 && tree->files.count + tree->links.count > NTFS_FILES_MAX)
        r = -ENOMEM;
    if (r == 0) {
        tree->found = tree->files.count;
        apply_extensions(&c);
        keep_links(&c);
    }
    vector_free(&c.extensions);
    return r;
}

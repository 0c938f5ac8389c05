/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "volume/ntfs_tree.h"

#include "base/strbuf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int ntfs_tree_build(struct ntfs_tree *tree, const struct ntfs *ntfs, ntfs_wanted *wanted,
                    void *user)
{
    *tree = (struct ntfs_tree){0};
    int r = ntfs_collect(tree, ntfs, wanted, user);
    if (r == 0)
        r = ntfs_place(tree);
    if (r < 0)
        ntfs_tree_free(tree);
    return r;
}

void ntfs_tree_free(struct ntfs_tree *tree)
{
    vector_free(&tree->files);
    vector_free(&tree->links);
    vector_free(&tree->steps);
    vector_free(&tree->lost);
    free(tree->text);
    *tree = (struct ntfs_tree){0};
}

const char *ntfs_tree_text(const struct ntfs_tree *tree, uint32_t at)
{
    return at < tree->text_size ? tree->text + at : "";
}

struct ntfs_file *ntfs_tree_find(const struct ntfs_tree *tree, uint64_t reference)
{
    uint64_t number = ntfs_number(reference);
    size_t low = 0, high = tree->found;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (ntfs_number(tree->files.items[middle].reference) < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low < tree->found && tree->files.items[low].reference == reference
               ? &tree->files.items[low]
               : NULL;
}

bool ntfs_tree_path(const struct ntfs_tree *tree, const struct ntfs_link *link,
                    struct strbuf *path)
{
    VECTOR(const struct ntfs_link *) names = {0};
    const struct ntfs_link *at = link;

    for (;;) {
        const struct ntfs_link **name = vector_push(&names);
        if (!name) {
            path->failed = true;
            break;
        }
        *name = at;
        if (at->parent >= NTFS_AT_ROOT || tree->files.items[at->parent].link == NTFS_NOWHERE)
            break;
        at = &tree->links.items[tree->files.items[at->parent].link];
    }
    for (size_t i = names.count; i > 0; i--) {
        strbuf_append_bytes(path, ntfs_tree_text(tree, names.items[i - 1]->name),
                            names.items[i - 1]->length);
        if (i > 1)
            strbuf_append_char(path, '/');
    }
    vector_free(&names);
    return at->parent == NTFS_AT_ROOT;
}

bool ntfs_tree_folder_path(const struct ntfs_tree *tree, uint64_t reference, struct strbuf *path)
{
    const struct ntfs_file *folder = ntfs_tree_find(tree, reference);

    if (ntfs_number(reference) == NTFS_ROOT)
        return true;
    if (!folder || !folder->directory || folder->link == NTFS_NOWHERE)
        return false;
    return ntfs_tree_path(tree, &tree->links.items[folder->link], path);
}

struct level {
    uint32_t step, end;
    size_t path_length;
};

struct walk {
    struct ntfs_tree *tree;
    ntfs_tree_visit *visit;
    void *user;
    struct strbuf path;
    VECTOR(struct level) levels;
};

static int enter(struct walk *walk, uint32_t first, uint32_t count)
{
    struct level *level = vector_push(&walk->levels);

    if (!level)
        return -ENOMEM;
    *level = (struct level){first, first + count, walk->path.length};
    return 0;
}

static int take(struct walk *walk, const struct level *level, uint32_t step)
{
    const struct ntfs_link *link = &walk->tree->links.items[step / 2];
    struct ntfs_file *file = &walk->tree->files.items[link->file];

    walk->path.length = level->path_length;
    if (level->path_length > 0)
        strbuf_append_char(&walk->path, '/');
    strbuf_append_bytes(&walk->path, ntfs_tree_text(walk->tree, link->name), link->length);
    if (walk->path.failed)
        return -ENOMEM;
    if (step % 2 != 0)
        return enter(walk, file->first_step, file->step_count);
    int r = walk->visit(walk->user, file, link, walk->path.text);
    file->visited = true;
    return r;
}

int ntfs_tree_walk(struct ntfs_tree *tree, ntfs_tree_visit *visit, void *user)
{
    struct walk walk = {.tree = tree, .visit = visit, .user = user};

    for (size_t i = 0; i < tree->files.count; i++)
        tree->files.items[i].visited = false;
    int r = enter(&walk, tree->root_first_step, tree->root_step_count);
    while (r == 0 && walk.levels.count > 0) {
        struct level *level = &walk.levels.items[walk.levels.count - 1];
        if (level->step == level->end) {
            walk.levels.count--;
            continue;
        }
        struct level here = *level;
        r = take(&walk, &here, tree->steps.items[level->step++]);
    }
    vector_free(&walk.levels);
    strbuf_free(&walk.path);
    return r;
}

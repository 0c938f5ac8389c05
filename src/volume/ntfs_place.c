/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * Every name is put below its folder. A folder counts as parent only when it is still the one that
 * the name refers to; names without one come into "$Orphan/N/", N being the number of their record.
 * So do one folder of each cycle, and folders whose path is longer than NTFS can have.
 */
#include "volume/ntfs_tree.h"

#include "base/strbuf.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_MAX_BYTES (3 * 32767) /* 32,767 units of UTF-16 */

static uint32_t find_parent(const struct ntfs_tree *tree, const struct ntfs_link *link)
{
    const struct ntfs_file *file = &tree->files.items[link->file];

    if (ntfs_number(link->parent_reference) == NTFS_ROOT)
        return NTFS_AT_ROOT;
    const struct ntfs_file *parent = ntfs_tree_find(tree, link->parent_reference);
    if (!parent || !parent->directory || (file->in_use && !parent->in_use))
        return NTFS_NOWHERE;
    return (uint32_t)(parent - tree->files.items);
}

static struct ntfs_link *link_of(const struct ntfs_tree *tree, const struct ntfs_file *file)
{
    return file->link == NTFS_NOWHERE ? NULL : &tree->links.items[file->link];
}

static void connect(struct ntfs_tree *tree)
{
    for (size_t i = 0; i < tree->files.count; i++)
        tree->files.items[i].link = NTFS_NOWHERE;
    for (size_t i = 0; i < tree->links.count; i++) {
        struct ntfs_link *link = &tree->links.items[i];
        link->parent = find_parent(tree, link);
        if (tree->files.items[link->file].link == NTFS_NOWHERE)
            tree->files.items[link->file].link = (uint32_t)i;
    }
}

/* The folder above a directory, NULL at the root or where the way ends. */
static struct ntfs_file *above(const struct ntfs_tree *tree, const struct ntfs_file *directory)
{
    const struct ntfs_link *link = link_of(tree, directory);

    return link && link->parent < NTFS_AT_ROOT ? &tree->files.items[link->parent] : NULL;
}

static struct ntfs_file *lowest_of_cycle(const struct ntfs_tree *tree, struct ntfs_file *in_cycle)
{
    struct ntfs_file *lowest = in_cycle;

    for (struct ntfs_file *d = above(tree, in_cycle); d != in_cycle; d = above(tree, d))
        if (d < lowest)
            lowest = d;
    return lowest;
}

static void place(struct ntfs_tree *tree, struct ntfs_file *directory)
{
    const struct ntfs_file *parent = above(tree, directory);
    struct ntfs_link *link = link_of(tree, directory);
    uint64_t length = (parent ? parent->path_length : 0) + 1 + (link ? link->length : 0);

    if (length > PATH_MAX_BYTES) {
        link->parent = NTFS_NOWHERE;
        length = link->length;
    }
    directory->path_length = (uint32_t)length;
    directory->placed = true;
}

typedef VECTOR(struct ntfs_file *) file_list;

/* The directories from this one up to one that is placed, or to the end of the way, or once round a
 * cycle. Returns where it stopped. */
static int climb(struct ntfs_tree *tree, struct ntfs_file *directory, file_list *way,
                 struct ntfs_file **stopped)
{
    struct ntfs_file *d = directory;

    way->count = 0;
    for (; d && !d->placed && !d->climbing; d = above(tree, d)) {
        struct ntfs_file **next = vector_push(way);
        if (!next)
            return -ENOMEM;
        *next = d;
        d->climbing = true;
    }
    for (size_t i = 0; i < way->count; i++)
        way->items[i]->climbing = false;
    *stopped = d;
    return 0;
}

/* The way is known from the bottom up, lengths of paths from the top down. */
static int place_directory(struct ntfs_tree *tree, struct ntfs_file *directory, file_list *way)
{
    struct ntfs_file *stopped;
    int r = climb(tree, directory, way, &stopped);

    if (r == 0 && stopped && !stopped->placed) {
        link_of(tree, lowest_of_cycle(tree, stopped))->parent = NTFS_NOWHERE;
        r = climb(tree, directory, way, &stopped);
    }
    for (size_t i = way->count; r == 0 && i > 0; i--)
        place(tree, way->items[i - 1]);
    return r;
}

static int place_directories(struct ntfs_tree *tree)
{
    file_list way = {0};
    int r = 0;

    for (size_t i = 0; i < tree->found && r == 0; i++)
        if (tree->files.items[i].directory && !tree->files.items[i].placed)
            r = place_directory(tree, &tree->files.items[i], &way);
    vector_free(&way);
    return r;
}

/* A folder that is on no disk. */
static int add_folder(struct ntfs_tree *tree, const char *name, uint32_t parent, uint32_t *index)
{
    struct ntfs_file *file = vector_push(&tree->files);
    struct ntfs_link *link = file ? vector_push(&tree->links) : NULL;

    if (!link)
        return -ENOMEM;
    *index = (uint32_t)(tree->files.count - 1);
    *file = (struct ntfs_file){
        .link = (uint32_t)(tree->links.count - 1),
        .in_use = true,
        .directory = true,
        .wanted = true,
        .placed = true,
    };
    *link = (struct ntfs_link){
        .file = *index,
        .parent = parent,
        .length = (uint32_t)strlen(name),
    };
    return ntfs_tree_add_text(tree, name, link->length, &link->name);
}

static bool is_shown(const struct ntfs_tree *tree, const struct ntfs_link *link)
{
    const struct ntfs_file *file = &tree->files.items[link->file];

    return file->in_use && file->wanted && ntfs_number(file->reference) != NTFS_EXTEND;
}

static int place_orphans(struct ntfs_tree *tree)
{
    uint32_t orphans = NTFS_NOWHERE, folder;
    size_t links = tree->links.count;

    for (size_t i = 0; i < links; i++) {
        char number[24];
        if (tree->links.items[i].parent != NTFS_NOWHERE || !is_shown(tree, &tree->links.items[i]))
            continue;
        int r = orphans == NTFS_NOWHERE ? add_folder(tree, "$Orphan", NTFS_AT_ROOT, &orphans) : 0;
        if (r < 0)
            return r;
        const struct ntfs_file *file = &tree->files.items[tree->links.items[i].file];
        snprintf(number, sizeof(number), "%" PRIu64, ntfs_number(file->reference));
        r = add_folder(tree, number, orphans, &folder);
        if (r < 0)
            return r;
        tree->links.items[i].parent = folder;
    }
    return 0;
}

static const struct ntfs_link *link_of_step(const struct ntfs_tree *tree, uint32_t step)
{
    return &tree->links.items[step / 2];
}

/* Names as they stand in paths: one that goes on with '/' against one that ends. */
static int compare_names(const struct ntfs_tree *tree, uint32_t a, uint32_t b)
{
    const struct ntfs_link *x = link_of_step(tree, a), *y = link_of_step(tree, b);
    const char *p = ntfs_tree_text(tree, x->name), *q = ntfs_tree_text(tree, y->name);
    size_t common = x->length < y->length ? x->length : y->length;
    int order = memcmp(p, q, common);

    if (order != 0)
        return order;
    unsigned char next_p = x->length > common ? (unsigned char)p[common] : a % 2 ? '/' : 0;
    unsigned char next_q = y->length > common ? (unsigned char)q[common] : b % 2 ? '/' : 0;
    if (next_p != next_q)
        return next_p < next_q ? -1 : 1;
    return (a > b) - (a < b); /* damage: two of one name */
}

static int compare_steps(const void *a, const void *b, void *user)
{
    const struct ntfs_tree *tree = user;
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    uint32_t parent_x = link_of_step(tree, x)->parent, parent_y = link_of_step(tree, y)->parent;

    if (parent_x != parent_y)
        return parent_x < parent_y ? -1 : 1;
    return compare_names(tree, x, y);
}

static int add_step(struct ntfs_tree *tree, size_t link, bool inwards)
{
    uint32_t *step = vector_push(&tree->steps);

    if (!step)
        return -ENOMEM;
    *step = (uint32_t)(2 * link + inwards);
    return 0;
}

/* A directory has one name; should damage give it more, it is entered under the first. */
static bool is_entered(const struct ntfs_tree *tree, size_t link)
{
    const struct ntfs_file *file = &tree->files.items[tree->links.items[link].file];

    return file->directory && file->link == link;
}

static void note_steps(struct ntfs_tree *tree)
{
    for (size_t i = 0; i < tree->steps.count; i++) {
        uint32_t parent = link_of_step(tree, tree->steps.items[i])->parent;
        uint32_t *first = &tree->root_first_step, *count = &tree->root_step_count;
        if (parent < NTFS_AT_ROOT) {
            first = &tree->files.items[parent].first_step;
            count = &tree->files.items[parent].step_count;
        }
        if ((*count)++ == 0)
            *first = (uint32_t)i;
    }
}

static int order_steps(struct ntfs_tree *tree)
{
    int r = 0;

    for (size_t i = 0; i < tree->links.count && r == 0; i++) {
        if (!is_shown(tree, &tree->links.items[i]))
            continue;
        r = add_step(tree, i, false);
        if (r == 0 && is_entered(tree, i))
            r = add_step(tree, i, true);
    }
    if (r == 0 && tree->steps.count > 0)
        qsort_r(tree->steps.items, tree->steps.count, sizeof(uint32_t), compare_steps, tree);
    note_steps(tree);
    return r;
}

int ntfs_place(struct ntfs_tree *tree)
{
    connect(tree);
    int r = place_directories(tree);
    if (r == 0)
        r = place_orphans(tree);
    return r == 0 ? order_steps(tree) : r;
}

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Chains drawn as a tree: the base at the left, each disk below and to the right of its parent. */
#include "report/html.h"

#include "base/checked.h"
#include "base/cleanup.h"
#include "report/page.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ROW_HEIGHT   26
#define LEVEL_WIDTH  22
#define LEVELS_DRAWN 24 /* deeper layers are not moved further to the right */
#define MARGIN       14
#define CHAR_WIDTH   8  /* of the labels, about */
#define ALIKE_MAX    12 /* more children of one class without children of their own … */
#define ALIKE_DRAWN  10 /* … are drawn so far, then counted */

struct node {
    size_t disk, depth, parent_row; /* parent_row: HOST_NONE for roots */
    size_t alike;                   /* not 0: so many disks like this one in one row */
    uint64_t alike_bytes;
};

struct drawing {
    const struct report *report;
    const size_t *disks;
    size_t count;
    bool *drawn;
    VECTOR(struct node) rows, stack;
    bool failed;
};

/* What a class looks like apart from its colour, for paper and for eyes that don't tell colours
 * apart; drawn around (0, 0). */
enum shape {
    SHAPE_CIRCLE,
    SHAPE_SQUARE,
    SHAPE_HEXAGON,
    SHAPE_TRIANGLE,
    SHAPE_DIAMOND,
    SHAPE_CROSS,
    SHAPE_RING
};

static const struct {
    const char *path, *meaning;
    enum severity severity; /* in the legend */
} shapes[] = {
    [SHAPE_CIRCLE] = {"M-6,0a6,6 0 1 0 12,0a6,6 0 1 0 -12,0z", "in use", SEVERITY_OK},
    [SHAPE_SQUARE] = {"M-6,-6h12v12h-12z", "base", SEVERITY_OK},
    [SHAPE_HEXAGON] = {"M-7,0l3.5,-6h7l3.5,6l-3.5,6h-7z", "checkpoint", SEVERITY_INFO},
    [SHAPE_TRIANGLE] = {"M-7,-5h14l-7,12z", "merge is owed", SEVERITY_PROBLEM},
    [SHAPE_DIAMOND] = {"M0,-8l8,8l-8,8l-8,-8z", "orphan or leftover", SEVERITY_WARNING},
    [SHAPE_CROSS] = {"M-7,-4l3,-3l4,4l4,-4l3,3l-4,4l4,4l-3,3l-4,-4l-4,4l-3,-3l4,-4z",
                     "damaged or broken", SEVERITY_DATA_LOSS_RISK},
    [SHAPE_RING] = {"M-6,0a6,6 0 1 0 12,0a6,6 0 1 0 -12,0zM-3,0a3,3 0 1 1 6,0a3,3 0 1 1 -6,0z",
                    "not a VM's here", SEVERITY_INFO},
};

static const enum shape class_shapes[CLASS_COUNT] = {
    [CLASS_CORRUPT] = SHAPE_CROSS,
    [CLASS_FOREIGN_CONTAINER] = SHAPE_RING,
    [CLASS_FOREIGN_PROFILE] = SHAPE_RING,
    [CLASS_ACTIVE] = SHAPE_CIRCLE,
    [CLASS_ACTIVE_UNTRACKED] = SHAPE_TRIANGLE,
    [CLASS_CHECKPOINT_LAYER] = SHAPE_HEXAGON,
    [CLASS_PENDING_MERGE] = SHAPE_TRIANGLE,
    [CLASS_BASE] = SHAPE_SQUARE,
    [CLASS_AUTORECOVERY_LEFTOVER] = SHAPE_DIAMOND,
    [CLASS_AUTORECOVERY_IN_USE] = SHAPE_CROSS,
    [CLASS_UNREGISTERED_VM_DISK] = SHAPE_RING,
    [CLASS_BROKEN_CHAIN_PARENT] = SHAPE_CROSS,
    [CLASS_ORPHAN_WITH_DATA] = SHAPE_DIAMOND,
    [CLASS_ORPHAN_SIDE_BRANCH] = SHAPE_DIAMOND,
    [CLASS_ORPHAN_EMPTY] = SHAPE_DIAMOND,
    [CLASS_ABANDONED_CHAIN] = SHAPE_DIAMOND,
    [CLASS_ORPHAN_NO_PARENT] = SHAPE_DIAMOND,
    [CLASS_ORPHAN_MISMATCH] = SHAPE_DIAMOND,
    [CLASS_VHDSET_BACKING] = SHAPE_SQUARE,
    [CLASS_UNATTACHED_DISK] = SHAPE_RING,
};

static int compare_index(const void *a, const void *b)
{
    size_t x = *(const size_t *)a, y = *(const size_t *)b;

    return (x > y) - (x < y);
}

/* Its place among the disks of this tree, or HOST_NONE. */
static size_t place_of(const struct drawing *d, size_t disk)
{
    const size_t *found =
        d->count > 0 ? bsearch(&disk, d->disks, d->count, sizeof(disk), compare_index) : NULL;

    return found ? (size_t)(found - d->disks) : HOST_NONE;
}

static void push_row(struct drawing *d, const struct node *node)
{
    struct node *slot = vector_push(&d->stack);

    if (slot)
        *slot = *node;
    else
        d->failed = true;
}

static void push(struct drawing *d, struct node node)
{
    size_t place = place_of(d, node.disk);

    if (place == HOST_NONE || d->drawn[place])
        return;
    d->drawn[place] = true;
    push_row(d, &node);
}

static bool is_leaf(const struct drawing *d, size_t disk)
{
    return d->report->verdict.disks[disk].children.count == 0 && place_of(d, disk) != HOST_NONE;
}

/* How many of a row's children, which are leaves of one class, become one row. */
static void count_alike(const struct drawing *d, const struct disk_verdict *v,
                        size_t counts[CLASS_COUNT])
{
    for (size_t i = 0; i < v->children.count; i++)
        if (is_leaf(d, v->children.items[i]))
            counts[d->report->verdict.disks[v->children.items[i]].class]++;
    for (size_t c = 0; c < CLASS_COUNT; c++)
        counts[c] = counts[c] > ALIKE_MAX ? counts[c] - ALIKE_DRAWN : 0;
}

/* Puts the children on the stack, the first on top; of many that are alike the last ones become
 * one row. */
static void push_children(struct drawing *d, const struct node *row, size_t at)
{
    const struct disk_verdict *v = &d->report->verdict.disks[row->disk];
    struct node alike[CLASS_COUNT] = {0};
    size_t left[CLASS_COUNT] = {0};

    count_alike(d, v, left);
    for (size_t i = v->children.count; i-- > 0;) {
        struct node child = {
            .disk = v->children.items[i], .depth = row->depth + 1, .parent_row = at};
        enum disk_class class = d->report->verdict.disks[child.disk].class;
        if (left[class] == 0 || !is_leaf(d, child.disk)) {
            push(d, child);
            continue;
        }
        child.alike = alike[class].alike + 1;
        child.alike_bytes =
            alike[class].alike_bytes + d->report->host.disks.items[child.disk].file_size;
        alike[class] = child;
        d->drawn[place_of(d, child.disk)] = true;
        if (--left[class] == 0)
            push_row(d, &child);
    }
}

/* From a root down; each disk comes once, also in a cycle. */
static void add_rows(struct drawing *d, size_t root)
{
    push(d, (struct node){.disk = root, .parent_row = HOST_NONE});
    while (d->stack.count > 0 && !d->failed) {
        struct node node = d->stack.items[--d->stack.count];
        struct node *row = vector_push(&d->rows);
        if (!row) {
            d->failed = true;
            return;
        }
        *row = node;
        if (node.alike == 0)
            push_children(d, &node, d->rows.count - 1);
    }
}

static bool is_root(const struct drawing *d, size_t disk)
{
    const struct disk_verdict *v = &d->report->verdict.disks[disk];

    return v->parent_state != PARENT_MATCHED || place_of(d, v->parent) == HOST_NONE;
}

static size_t x_of(const struct node *node)
{
    return MARGIN + LEVEL_WIDTH * (node->depth < LEVELS_DRAWN ? node->depth : LEVELS_DRAWN);
}

static size_t y_of(size_t row)
{
    return MARGIN + ROW_HEIGHT * row;
}

static void put_shape(struct output *out, enum shape shape, enum severity severity, size_t x,
                      size_t y)
{
    output_printf(out,
                  "<path class=\"f%d\" fill-rule=\"evenodd\" transform=\"translate(%zu,%zu)\" "
                  "d=\"",
                  (int)severity, x, y);
    output_text(out, shapes[shape].path);
    output_text(out, "\"/>");
}

static void put_edge(struct output *out, const struct drawing *d, size_t row)
{
    const struct node *node = &d->rows.items[row];

    if (node->parent_row == HOST_NONE)
        return;
    const struct node *parent = &d->rows.items[node->parent_row];
    size_t x = x_of(parent), y = y_of(row);
    if (x_of(node) > x)
        output_printf(out, "<path class=\"e\" d=\"M%zu,%zuV%zuH%zu\"/>", x,
                      y_of(node->parent_row) + 7, y, x_of(node) - 7);
    else
        output_printf(out, "<path class=\"e\" d=\"M%zu,%zuV%zu\"/>", x, y_of(node->parent_row) + 7,
                      y - 7);
}

/* "… and 490 more", of one class. */
static void put_alike(struct output *out, const struct drawing *d, size_t row)
{
    const struct node *node = &d->rows.items[row];
    const struct disk_verdict *v = &d->report->verdict.disks[node->disk];
    char size[BYTES_TEXT_SIZE];

    output_text(out, "<g>");
    put_shape(out, class_shapes[v->class], v->severity, x_of(node), y_of(row));
    output_printf(out,
                  "<text x=\"%zu\" y=\"%zu\">and %zu more<tspan class=\"c\" dx=\"10\">%s, %s "
                  "together; the table of disks has them all</tspan></text></g>\n",
                  x_of(node) + 14, y_of(row) + 4, node->alike, class_name(v->class),
                  bytes_format(node->alike_bytes, size));
}

static void put_node(struct output *out, const struct drawing *d, size_t row)
{
    const struct node *node = &d->rows.items[row];
    const struct host_disk *disk = &d->report->host.disks.items[node->disk];
    const struct disk_verdict *v = &d->report->verdict.disks[node->disk];
    char size[BYTES_TEXT_SIZE];

    output_text(out, "<g><title>");
    html_text(out, disk->path);
    output_text(out, "</title>");
    put_shape(out, class_shapes[v->class], v->severity, x_of(node), y_of(row));
    output_printf(out, "<text x=\"%zu\" y=\"%zu\">", x_of(node) + 14, y_of(row) + 4);
    html_text(out, path_file_name(disk->path));
    output_printf(out, "<tspan class=\"c\" dx=\"10\">%s, %s", class_name(v->class),
                  bytes_format(disk->file_size, size));
    if (node->depth >= LEVELS_DRAWN)
        output_printf(out, ", layer %zu", node->depth + 1);
    if (v->parent_state == PARENT_MISSING)
        output_text(out, ", parent missing");
    if (v->parent_state == PARENT_MISMATCHED)
        output_text(out, ", parent mismatched");
    output_text(out, "</tspan></text></g>\n");
}

static size_t width_of(const struct drawing *d)
{
    size_t width = 0;

    for (size_t i = 0; i < d->rows.count; i++) {
        const struct node *node = &d->rows.items[i];
        size_t length = strlen(path_file_name(d->report->host.disks.items[node->disk].path)) + 50;
        size_t right = x_of(node) + length * CHAR_WIDTH;
        width = right > width ? right : width;
    }
    return width;
}

void html_tree(struct output *out, const struct report *r, const size_t *disks, size_t count)
{
    CLEANUP_FREE bool *drawn = calloc(count + 1, sizeof(*drawn));
    struct drawing d = {
        .report = r, .disks = disks, .count = count, .drawn = drawn, .failed = !drawn};

    for (size_t i = 0; i < count && !d.failed; i++)
        if (is_root(&d, disks[i]))
            add_rows(&d, disks[i]);
    for (size_t i = 0; i < count && !d.failed; i++)
        add_rows(&d, disks[i]); /* what only a cycle leads to */
    if (d.failed) {
        output_fail(out, -ENOMEM);
    } else if (d.rows.count > 0) {
        output_printf(out,
                      "<div class=\"wide\"><svg role=\"img\" aria-label=\"Chains\" width=\"%zu\" "
                      "height=\"%zu\">\n",
                      width_of(&d), y_of(d.rows.count - 1) + MARGIN);
        for (size_t i = 0; i < d.rows.count; i++)
            put_edge(out, &d, i);
        for (size_t i = 0; i < d.rows.count; i++) {
            if (d.rows.items[i].alike > 0)
                put_alike(out, &d, i);
            else
                put_node(out, &d, i);
        }
        output_text(out, "</svg></div>\n");
    }
    vector_free(&d.rows);
    vector_free(&d.stack);
}

void html_legend(struct output *out)
{
    output_text(out, "<p class=\"legend\">");
    for (size_t i = 0; i < ARRAY_SIZE(shapes); i++) {
        output_text(out, "<span><svg width=\"20\" height=\"20\">");
        put_shape(out, (enum shape)i, shapes[i].severity, 10, 10);
        output_printf(out, "</svg> %s</span> ", shapes[i].meaning);
    }
    output_text(out, "</p>\n");
}

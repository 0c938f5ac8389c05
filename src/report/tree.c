/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "report/tree.h"

#include "base/checked.h"
#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Deeper layers are not moved further to the right, they get their number instead. */
#define DRAWN_DEPTH_MAX 8
#define MARK_COLUMNS    4 /* the mark and a blank */
#define LEVEL_COLUMNS   3
#define GAP             2 /* blanks between the columns */
#define SIZE_COLUMNS    (sizeof("1023.9 MiB") - 1)

/* A line of the tree. */
struct row {
    size_t disk;
    size_t depth;     /* 0: the base */
    bool absent;      /* not the disk itself but the parent that it lacks */
    bool last;        /* no sister follows */
    bool has_below;   /* a child follows */
    uint32_t guides;  /* levels at which a vertical line passes */
};

typedef VECTOR(struct row) row_list;

struct tree {
    struct page *page;
    const struct report *report;
    const size_t *disks;
    size_t count, machine;
    bool *drawn; /* as long as `disks` */
    row_list rows;
    size_t name_columns, class_columns; /* widths that line the columns up */
};

/* What the lines are drawn with: between sisters, at the last one, passing by, nothing. */
static const char *const box[][4] = {{"|- ", "`- ", "|  ", "   "}, {"├─ ", "└─ ", "│  ", "   "}};
enum { BOX_SISTER, BOX_LAST, BOX_PASSING, BOX_NOTHING };

static const struct host_disk *disk_of(const struct tree *t, const struct row *row)
{
    return &t->report->host.disks.items[row->disk];
}

static int compare_index(const void *a, const void *b)
{
    size_t x = *(const size_t *)a, y = *(const size_t *)b;

    return (x > y) - (x < y);
}

/* Its place in the list, or HOST_NONE when it is not to be drawn here or drawn already. */
static size_t waiting(const struct tree *t, size_t disk)
{
    const size_t *found =
        t->count > 0 ? bsearch(&disk, t->disks, t->count, sizeof(disk), compare_index) : NULL;
    size_t at = found ? (size_t)(found - t->disks) : HOST_NONE;

    return found && !t->drawn[at] ? at : HOST_NONE;
}

static bool push(row_list *rows, struct row row)
{
    struct row *slot = vector_push(rows);

    if (slot)
        *slot = row;
    return slot != NULL;
}

/* Puts the children on the stack, the first on top. */
static bool push_children(struct tree *t, row_list *stack, struct row *row)
{
    const struct disk_verdict *v = &t->report->verdict.disks[row->disk];
    size_t level = row->depth < DRAWN_DEPTH_MAX ? row->depth : DRAWN_DEPTH_MAX;
    struct row child = {.depth = row->depth + 1, .guides = row->guides, .last = true};

    if (!row->last && row->depth > 0 && level < DRAWN_DEPTH_MAX)
        child.guides |= 1u << level;
    for (size_t i = v->children.count; i-- > 0;) {
        child.disk = v->children.items[i];
        if (waiting(t, child.disk) == HOST_NONE)
            continue;
        if (!push(stack, child))
            return false;
        child.last = false;
        row->has_below = true;
    }
    return true;
}

/*
 * The rows below one root, in the order of printing. No recursion: the depth is the evidence's to
 * choose. Every disk is drawn once, which also ends cycles.
 */
static bool collect_tree(struct tree *t, size_t root)
{
    enum parent_state state = t->report->verdict.disks[root].parent_state;
    struct row row = {.disk = root, .last = true};
    row_list stack = {0};
    bool ok = true;

    if (state == PARENT_MISSING || state == PARENT_MISMATCHED) {
        row.absent = row.has_below = true;
        ok = push(&t->rows, row);
        row.absent = row.has_below = false;
        row.depth = 1;
    }
    ok = ok && push(&stack, row);
    while (ok && stack.count > 0) {
        row = stack.items[--stack.count];
        size_t at = waiting(t, row.disk);
        if (at == HOST_NONE)
            continue;
        t->drawn[at] = true;
        ok = push_children(t, &stack, &row) && push(&t->rows, row);
    }
    vector_free(&stack);
    return ok;
}

static bool is_root(const struct tree *t, size_t disk)
{
    const struct disk_verdict *v = &t->report->verdict.disks[disk];

    return v->parent_state != PARENT_MATCHED || waiting(t, v->parent) == HOST_NONE;
}

static size_t folder_length(const char *path)
{
    return (size_t)(path_file_name(path) - path);
}

static bool same_folder(const char *a, const char *b)
{
    size_t length = folder_length(a);

    return length == folder_length(b) && memcmp(a, b, length) == 0;
}

/* What the child recorded of a parent that is not here, the clearest first. */
static const char *recorded_parent(const struct host_disk *d)
{
    const struct disk_parent *p = d->facts ? d->facts->parent : NULL;

    if (p && p->absolute_path)
        return p->absolute_path;
    if (p && p->relative_path)
        return p->relative_path;
    return p && p->volume_path ? p->volume_path : "(no parent path recorded)";
}

/* The name in the first column, printable; the caller frees. NULL when memory is short. */
static char *row_name(const struct tree *t, const struct row *row)
{
    const struct host_disk *d = disk_of(t, row);
    const struct disk_verdict *v = &t->report->verdict.disks[row->disk];

    if (!row->absent)
        return page_printable(t->page, path_file_name(d->path));
    if (v->parent != HOST_NONE)
        return page_printable(t->page, path_file_name(t->report->host.disks.items[v->parent].path));
    return page_printable(t->page, recorded_parent(d));
}

static size_t drawn_level(const struct row *row)
{
    return row->depth < DRAWN_DEPTH_MAX ? row->depth : DRAWN_DEPTH_MAX;
}

/* The lines at the left of a row's first line, or (`first` false) of its later ones. */
static size_t put_guides(struct tree *t, const struct row *row, bool first)
{
    const char *const *lines = box[t->page->style.unicode];
    size_t level = drawn_level(row);

    for (size_t i = 1; i < level; i++)
        output_text(t->page->out, lines[row->guides & 1u << i ? BOX_PASSING : BOX_NOTHING]);
    if (level > 0 && first)
        output_text(t->page->out, lines[row->last ? BOX_LAST : BOX_SISTER]);
    else if (level > 0)
        output_text(t->page->out, lines[row->last ? BOX_NOTHING : BOX_PASSING]);
    if (!first)
        output_text(t->page->out,
                    lines[row->has_below && row->depth < DRAWN_DEPTH_MAX ? BOX_PASSING
                                                                        : BOX_NOTHING]);
    return MARK_COLUMNS + LEVEL_COLUMNS * (level + !first);
}

/* Where the next word of a row goes. */
struct cursor {
    const struct row *row;
    size_t column;
    bool fresh; /* nothing stands on this line yet */
};

static void break_line(struct tree *t, struct cursor *at)
{
    page_end_line(t->page);
    page_blank(t->page, MARK_COLUMNS);
    at->column = put_guides(t, at->row, false);
    at->fresh = true;
}

/* Puts a piece at `column` or behind what is there, on a new line when it would not fit. */
static void put_piece(struct tree *t, struct cursor *at, size_t column, enum ink ink,
                      const char *text)
{
    size_t width = text_width(text);
    size_t start = at->fresh ? at->column : max_u64(column, at->column + GAP);

    if (!at->fresh && start + width > t->page->style.width) {
        break_line(t, at);
        start = at->column;
    }
    page_blank(t->page, start - at->column);
    page_ink(t->page, ink, text);
    at->column = start + width;
    at->fresh = false;
}

static void put_printable_piece(struct tree *t, struct cursor *at, const char *text)
{
    CLEANUP_FREE char *printable = page_printable(t->page, text);

    if (printable)
        put_piece(t, at, 0, INK_PLAIN, printable);
}

static bool has_drive(const struct host_drive *drives, size_t count, size_t disk)
{
    for (size_t i = 0; i < count; i++)
        if (drives[i].disk == disk)
            return true;
    return false;
}

/* Who uses the disk: the VM itself, its checkpoints. */
static void put_uses(struct tree *t, struct cursor *at)
{
    if (t->machine == HOST_NONE)
        return;
    const struct host_machine *m = &t->report->host.machines.items[t->machine];
    if (has_drive(m->drives.items, m->drives.count, at->row->disk))
        put_piece(t, at, 0, INK_HEADING, "in use");
    for (size_t i = 0; i < m->checkpoints.count; i++) {
        const struct host_checkpoint *c = &m->checkpoints.items[i];
        if (!has_drive(c->drives.items, c->drives.count, at->row->disk))
            continue;
        CLEANUP_FREE char *text =
            c->name ? string_printf("checkpoint \"%s\"", c->name) : string_printf("checkpoint");
        if (text)
            put_printable_piece(t, at, text);
        else
            output_fail(t->page->out, -ENOMEM);
    }
}

static void put_overlays(struct tree *t, struct cursor *at, unsigned overlays)
{
    CLEANUP(strbuf) struct strbuf text = {0};

    for (enum disk_overlay o = 0; o < OVERLAY_COUNT; o++) {
        if (!(overlays & 1u << o))
            continue;
        strbuf_clear(&text);
        strbuf_printf(&text, "[%s]", overlay_name(o));
        put_piece(t, at, 0, INK_PLAIN, strbuf_text(&text));
    }
    if (text.failed)
        output_fail(t->page->out, -ENOMEM);
}

/* Said only where a disk lies elsewhere than the one that it was made on. */
static void put_other_folder(struct tree *t, struct cursor *at)
{
    const struct host_disk *d = disk_of(t, at->row);
    const struct disk_verdict *v = &t->report->verdict.disks[at->row->disk];

    if (at->row->depth == 0 || v->parent_state != PARENT_MATCHED ||
        same_folder(d->path, t->report->host.disks.items[v->parent].path))
        return;
    CLEANUP_FREE char *text =
        string_printf("in %.*s", (int)folder_length(d->path), d->path);
    if (text)
        put_printable_piece(t, at, text);
    else
        output_fail(t->page->out, -ENOMEM);
}

static void put_disk_pieces(struct tree *t, struct cursor *at)
{
    const struct host_disk *d = disk_of(t, at->row);
    const struct disk_verdict *v = &t->report->verdict.disks[at->row->disk];
    size_t class_column = max_u64(MARK_COLUMNS + t->name_columns, at->column) + GAP;
    size_t size_end = class_column + t->class_columns + GAP + SIZE_COLUMNS;
    char size[BYTES_TEXT_SIZE];

    bytes_format(d->file_size, size);
    if (size_end > t->page->style.width) /* class and size stay together */
        break_line(t, at);
    put_piece(t, at, class_column, severity_ink(v->severity), class_name(v->class));
    put_piece(t, at, size_end <= t->page->style.width ? size_end - strlen(size) : 0, INK_PLAIN,
              size);
    put_uses(t, at);
    put_overlays(t, at, v->overlays);
    if (v->in_cycle)
        put_piece(t, at, 0, INK_RISK, "its parents lead back to itself");
    put_other_folder(t, at);
}

static void put_row(struct tree *t, const struct row *row)
{
    const struct disk_verdict *v = &t->report->verdict.disks[row->disk];
    struct cursor at = {.row = row, .fresh = true};
    CLEANUP_FREE char *name = row_name(t, row);
    char number[32];

    if (!name)
        return;
    page_ink(t->page, row->absent ? INK_RISK : severity_ink(v->severity),
             row->absent ? "?  " : severity_mark(t->page, v->severity));
    page_blank(t->page, 1);
    at.column = put_guides(t, row, true);
    if (row->depth > DRAWN_DEPTH_MAX) {
        snprintf(number, sizeof(number), "(layer %zu)", row->depth + 1);
        put_piece(t, &at, 0, INK_FAINT, number);
    }
    put_piece(t, &at, 0, INK_PLAIN, name);
    if (!row->absent)
        put_disk_pieces(t, &at);
    else
        put_piece(t, &at, 0, INK_PLAIN,
                  v->parent_state == PARENT_MISSING ? "parent, not found"
                                                    : "parent, not as the child knew it");
    page_end_line(t->page);
}

/* Names wider than half the page don't push the columns of the others to the right. */
static void measure(struct tree *t, const struct row *row)
{
    CLEANUP_FREE char *name = row_name(t, row);
    size_t width = LEVEL_COLUMNS * drawn_level(row) + (name ? text_width(name) : 0);
    size_t class_width = strlen(class_name(t->report->verdict.disks[row->disk].class));

    if (row->absent)
        return;
    if (width > t->name_columns && width <= t->page->style.width / 2)
        t->name_columns = width;
    if (class_width > t->class_columns)
        t->class_columns = class_width;
}

static void put_rows(struct tree *t)
{
    const char *folder = NULL;

    for (size_t i = 0; i < t->rows.count; i++)
        measure(t, &t->rows.items[i]);
    for (size_t i = 0; i < t->rows.count; i++) {
        const struct row *row = &t->rows.items[i];
        const char *path = disk_of(t, row)->path;
        if (row->depth == 0 && !(folder && same_folder(folder, path))) {
            CLEANUP_FREE char *text = strndup(path, folder_length(path));
            if (text)
                page_line(t->page, MARK_COLUMNS, text);
            else
                output_fail(t->page->out, -ENOMEM);
            folder = path;
        }
        put_row(t, row);
    }
}

void tree_print(struct page *page, const size_t *disks, size_t count, size_t machine)
{
    CLEANUP_FREE bool *drawn = calloc(count + 1, sizeof(*drawn));
    CLEANUP_FREE bool *roots = calloc(count + 1, sizeof(*roots));
    struct tree t = {.page = page, .report = page->report, .disks = disks, .count = count,
                     .machine = machine, .drawn = drawn};
    bool ok = drawn && roots;

    for (size_t i = 0; ok && i < count; i++)
        roots[i] = is_root(&t, disks[i]);
    for (size_t i = 0; ok && i < count; i++)
        ok = !roots[i] || collect_tree(&t, disks[i]);
    for (size_t i = 0; ok && i < count; i++) /* cycles have no root */
        ok = drawn[i] || collect_tree(&t, disks[i]);
    if (ok)
        put_rows(&t);
    else
        output_fail(page->out, -ENOMEM);
    vector_free(&t.rows);
}

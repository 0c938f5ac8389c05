/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* The table of all disks. */
#include "report/html.h"

#include "report/page.h"
#include "report/text_sections.h"

#include <string.h>

/* The class, and below it the overlays. */
static void put_class_cell(struct output *out, const struct disk_verdict *v)
{
    output_printf(out, "<td class=\"s%d\" data-v=\"%d\">%s", (int)v->severity, (int)v->severity,
                  class_name(v->class));
    for (enum disk_overlay o = 0; o < OVERLAY_COUNT; o++)
        if (v->overlays & 1u << o)
            output_printf(out, "<br><span class=\"d\">%s</span>", overlay_name(o));
    output_text(out, "</td>");
}

/* In the disk's own folder the name is enough. */
static void put_parent_cell(struct output *out, const struct report *r, size_t index)
{
    size_t parent = r->verdict.disks[index].parent;
    const char *path = r->host.disks.items[index].path;
    const char *below = parent == HOST_NONE ? NULL : r->host.disks.items[parent].path;
    size_t folder = (size_t)(path_file_name(path) - path);

    html_path_cell(out, below && strncmp(path, below, folder) == 0 && !strchr(below + folder, '/')
                            ? below + folder
                            : below);
}

static void put_disk_row(struct output *out, const struct report *r, size_t index)
{
    const struct host_disk *d = &r->host.disks.items[index];
    const struct disk_verdict *v = &r->verdict.disks[index];
    const struct disk_facts *f = d->facts;
    char id[GUID_TEXT_SIZE];

    output_text(out, "<tr>");
    put_class_cell(out, v);
    html_cell(out, v->machine == HOST_NONE
                       ? NULL
                       : text_machine_name(&r->host.machines.items[v->machine], id));
    html_path_cell(out, d->path);
    html_bytes_cell(out, d->file_size);
    if (f && f->has_counts)
        html_bytes_cell(out, f->allocated_bytes);
    else
        html_cell(out, NULL);
    html_cell(out, f ? disk_kind_name(f->kind) : NULL);
    html_time_cell(out, d->modified);
    put_parent_cell(out, r, index);
    output_text(out, "</tr>\n");
}

void html_disks(struct output *out, const struct report *r)
{
    static const char *const heads[] = {
        "Class", "VM", "File", "Size", "Allocated", "Kind", "Written (UTC)", "Parent", NULL};

    output_text(out, "<h2 id=\"disks\">Disks</h2>\n");
    html_open_table(out, true, heads);
    for (size_t i = 0; i < r->host.disks.count; i++)
        put_disk_row(out, r, i);
    html_close_table(out);
}

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* The chains as a graph for Graphviz: an arrow leads from each disk to the one below it. */
#include "report/page.h"
#include "report/printers.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A quoted string of the DOT language; a backslash would begin an escape. */
static void put_string(struct output *out, const char *text)
{
    CLEANUP_FREE char *printable = text_printable(text);

    if (!printable) {
        output_fail(out, -ENOMEM);
        return;
    }
    for (const char *p = printable; *p; p++) {
        if (*p == '"' || *p == '\\')
            output_char(out, '\\');
        output_char(out, *p);
    }
}

/* Shape and colour both tell how bad it is. */
static const struct {
    const char *shape, *colour;
} looks[] = {
    [SEVERITY_OK] = {"box", "#009e73"},
    [SEVERITY_INFO] = {"ellipse", "#56b4e9"},
    [SEVERITY_WARNING] = {"hexagon", "#e69f00"},
    [SEVERITY_PROBLEM] = {"diamond", "#d55e00"},
    [SEVERITY_DATA_LOSS_RISK] = {"doubleoctagon", "#cc0000"},
};

static void put_node(struct output *out, const struct report *r, size_t index)
{
    const struct host_disk *d = &r->host.disks.items[index];
    const struct disk_verdict *v = &r->verdict.disks[index];

    output_printf(out, "    d%zu [label=\"", index);
    put_string(out, path_file_name(d->path));
    output_printf(out, "\\n%s\", tooltip=\"", class_name(v->class));
    put_string(out, d->path);
    output_printf(out, "\", shape=%s, color=\"%s\"];\n", looks[v->severity].shape,
                  looks[v->severity].colour);
}

static void put_group(struct output *out, const struct report *r, size_t machine)
{
    bool open = false;

    for (size_t i = 0; i < r->verdict.disk_count; i++) {
        if (r->verdict.disks[i].machine != machine)
            continue;
        if (!open && machine != HOST_NONE) {
            const char *name = r->host.machines.items[machine].name;
            output_printf(out, "  subgraph cluster_%zu {\n    label=\"VM ", machine);
            put_string(out, name ? name : "(unnamed)");
            output_text(out, "\";\n");
        }
        open = true;
        put_node(out, r, i);
    }
    if (open && machine != HOST_NONE)
        output_text(out, "  }\n");
}

static void put_edge(struct output *out, const struct report *r, size_t index)
{
    const struct disk_verdict *v = &r->verdict.disks[index];

    if (v->parent_state == PARENT_MATCHED)
        output_printf(out, "  d%zu -> d%zu;\n", index, v->parent);
    else if (v->parent_state == PARENT_MISMATCHED && v->parent != HOST_NONE)
        output_printf(out, "  d%zu -> d%zu [style=dashed, label=\"mismatched\"];\n", index,
                      v->parent);
    else if (v->parent_state == PARENT_MISSING)
        output_printf(out,
                      "  m%zu [label=\"missing parent\", shape=plaintext];\n"
                      "  d%zu -> m%zu [style=dotted];\n",
                      index, index, index);
}

void report_print_dot(struct output *out, const struct report *r, const struct report_style *style)
{
    output_text(out, "digraph hvchain {\n  rankdir=BT;\n  node [penwidth=2];\n");
    for (size_t i = 0; i < r->host.machines.count; i++)
        put_group(out, r, i);
    put_group(out, r, HOST_NONE);
    for (size_t i = 0; i < r->verdict.disk_count; i++)
        put_edge(out, r, i);
    output_text(out, "}\n");
}

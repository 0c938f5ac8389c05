/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Each machine with its tree, the worst first; many that are in order are folded away. */
#include "report/html.h"

#include "base/cleanup.h"
#include "report/members.h"
#include "report/page.h"
#include "report/text_sections.h"

#include <errno.h>
#include <stdlib.h>

#define OPEN_MAX 10 /* machines in order that are not folded away */

/* Drives that lead to no disk on the evidence. */
static void put_absent_drives(struct output *out, const char *owner,
                              const struct host_drive *drives, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (drives[i].disk != HOST_NONE)
            continue;
        output_printf(out, "<p class=\"s2\">? %s, %s: <code>", owner,
                      drives[i].match == MATCH_AMBIGUOUS ? "several files fit equally"
                      : drives[i].folder_is_known        ? "not there, though its folder is"
                                                         : "not on this evidence");
        html_text(out, drives[i].recorded_path);
        output_text(out, "</code></p>\n");
    }
}

static void put_machine(struct output *out, const struct report *r, const struct place *place,
                        const size_t *disks, size_t count)
{
    const struct host_machine *m = &r->host.machines.items[place->machine];
    char id[GUID_TEXT_SIZE];

    output_printf(out, "<h3 class=\"s%d\">VM ", (int)place->worst);
    html_text(out, text_machine_name(m, id));
    output_printf(out, "</h3>\n<p>%s; %zu checkpoint%s%s</p>\n",
                  m->registered == HOST_YES  ? "registered"
                  : m->registered == HOST_NO ? "not registered on its host"
                                             : "not known whether registered",
                  m->checkpoints.count, plural(m->checkpoints.count),
                  m->saved_state ? "; saved state" : "");
    html_tree(out, r, disks, count);
    put_absent_drives(out, "disk of the VM", m->drives.items, m->drives.count);
    for (size_t i = 0; i < m->checkpoints.count; i++)
        put_absent_drives(out, "disk of a checkpoint", m->checkpoints.items[i].drives.items,
                          m->checkpoints.items[i].drives.count);
}

/* The last ones, since the worst come first. */
static size_t count_in_order(const struct place *places, size_t count)
{
    size_t in_order = 0;

    while (in_order < count && places[count - 1 - in_order].worst < SEVERITY_WARNING)
        in_order++;
    return in_order;
}

void html_machines(struct output *out, const struct report *r)
{
    CLEANUP_FREE size_t *disks = calloc(r->verdict.disk_count + 1, sizeof(*disks));
    membership_list list = {0};
    bool ok = disks && members_collect(&list, &r->verdict);
    CLEANUP_FREE struct place *places = ok ? members_order(r, &list) : NULL;

    if (!places)
        output_fail(out, -ENOMEM);
    output_text(out, "<h2 id=\"machines\">Machines and their chains</h2>\n");
    html_legend(out);
    size_t machines = places ? r->host.machines.count : 0;
    size_t in_order = count_in_order(places, machines);
    for (size_t i = 0; i < machines; i++) {
        size_t at = places[i].first;
        size_t count = members_take(&list, &at, places[i].machine, disks);
        if (in_order > OPEN_MAX && i == machines - in_order)
            output_printf(out, "<details><summary>%zu machines in order</summary>\n", in_order);
        put_machine(out, r, &places[i], disks, count);
    }
    if (in_order > OPEN_MAX)
        output_text(out, "</details>\n");
    size_t at = 0, count = places ? members_take(&list, &at, HOST_NONE, disks) : 0;
    if (count > 0) {
        output_text(out, "<h3>Disks of no VM</h3>\n");
        html_tree(out, r, disks, count);
    }
    vector_free(&list);
}

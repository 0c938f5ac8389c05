/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Which part of what was found a report of chains shows. */
#include "report/report.h"

#include "base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool has_name(const struct host_disk *d, const char *path)
{
    bool is = strcmp(d->path, path) == 0;

    for (size_t i = 0; !is && i < d->aliases.count; i++)
        is = strcmp(d->aliases.items[i], path) == 0;
    return is;
}

/* On NTFS a name is the same in capitals. */
static bool has_name_in_image(const struct report *r, const struct host_disk *d, const char *path)
{
    return r->host.evidence.items[d->evidence].kind == EVIDENCE_VOLUME &&
           text_compare_folded(d->path, path) == 0;
}

static size_t find_disk(const struct report *r, const char *path)
{
    const struct host *host = &r->host;

    for (size_t i = 0; i < host->disks.count; i++)
        if (has_name(&host->disks.items[i], path))
            return i;
    for (size_t i = 0; i < host->disks.count; i++)
        if (has_name_in_image(r, &host->disks.items[i], path))
            return i;
    return HOST_NONE;
}

static bool chain_has(const struct chain *c, size_t disk)
{
    for (size_t i = 0; i < c->layers.count; i++)
        if (c->layers.items[i] == disk)
            return true;
    return false;
}

static void choose_disk(struct report *r, size_t disk)
{
    r->shown.disks[disk] = true;
    for (size_t i = 0; i < r->verdict.chains.count; i++) {
        const struct chain *c = &r->verdict.chains.items[i];
        if (!chain_has(c, disk))
            continue;
        r->shown.chains[i] = true;
        if (c->machine != HOST_NONE)
            r->shown.machines[c->machine] = true;
        for (size_t n = 0; n < c->layers.count; n++)
            r->shown.disks[c->layers.items[n]] = true;
    }
}

bool report_shows_finding(const struct report *r, size_t index)
{
    size_t disk = r->verdict.findings.items[index].disk;

    return !r->shown.disks || (disk != HOST_NONE && r->shown.disks[disk]);
}

/* What is printed decides: its disks and the findings about them. */
static void judge_shown(struct report *r)
{
    enum severity worst = SEVERITY_OK;

    for (size_t i = 0; i < r->verdict.disk_count; i++)
        if (r->shown.disks[i] && r->verdict.disks[i].severity > worst)
            worst = r->verdict.disks[i].severity;
    for (size_t i = 0; i < r->verdict.findings.count; i++)
        if (report_shows_finding(r, i) &&
            r->verdict.findings.items[i].severity > worst)
            worst = r->verdict.findings.items[i].severity;
    r->verdict.summary.worst = worst;
}

int report_choose_chains(struct report *r)
{
    r->shown.disks = calloc(r->verdict.disk_count + 1, sizeof(bool));
    r->shown.chains = calloc(r->verdict.chains.count + 1, sizeof(bool));
    r->shown.machines = calloc(r->host.machines.count + 1, sizeof(bool));
    if (!r->shown.disks || !r->shown.chains || !r->shown.machines)
        return -ENOMEM;
    for (size_t i = 0; i < r->subjects.count; i++) {
        size_t disk = find_disk(r, r->subjects.items[i]);
        if (disk == HOST_NONE)
            return -ENOENT;
        choose_disk(r, disk);
    }
    judge_shown(r);
    return 0;
}

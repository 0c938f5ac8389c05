/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* How well it is known where recorded paths lead. */
#include "chain/judge.h"

#include "base/strbuf.h"

#include <stdlib.h>
#include <string.h>

static bool is_sure(const struct host_drive *drive)
{
    return drive->match == MATCH_MAPPED || drive->match == MATCH_VOLUME;
}

/* What leads to no file is no fact about one: a place that is known and empty counts as a doubt. */
static bool are_sure(const drive_list *drives, size_t *count)
{
    for (size_t i = 0; i < drives->count; i++) {
        if (!judge_is_disk_path(drives->items[i].recorded_path))
            continue;
        if (!is_sure(&drives->items[i]))
            return false;
        ++*count;
    }
    return true;
}

static bool all_of_machine(const struct host_machine *machine, size_t *count)
{
    bool sure = are_sure(&machine->drives, count);

    for (size_t c = 0; c < machine->checkpoints.count && sure; c++)
        sure = are_sure(&machine->checkpoints.items[c].drives, count);
    return sure;
}

bool judge_paths_are_facts(const struct host *host, size_t node)
{
    size_t count = 0;

    for (size_t i = 0; i < host->machines.count; i++) {
        const struct host_machine *machine = &host->machines.items[i];
        bool reaches = machine->node == node || host->nodes.items[node].is_shared_storage;
        if (reaches && !all_of_machine(machine, &count))
            return false;
    }
    return count > 0;
}

/* The hive that names the volume on which a file of the evidence lies. */
static const char *hive_of(const struct host *host, size_t disk)
{
    const struct host_evidence *evidence = &host->evidence.items[host->disks.items[disk].evidence];

    for (size_t i = 0; i < host->mounts.count; i++)
        if (evidence->root && strcmp(host->mounts.items[i].to, evidence->root) == 0)
            return host->hives.items[host->mounts.items[i].hive].path;
    return NULL;
}

char *match_line(const struct host *host, enum host_match match, size_t tail, size_t disk)
{
    const char *hive = match == MATCH_VOLUME ? hive_of(host, disk) : NULL;

    switch (match) {
    case MATCH_MAPPED:
        return strdup("where --map says");
    case MATCH_VOLUME:
        return string_printf("on the volume that %s names in MountedDevices",
                             hive ? hive : "a hive");
    case MATCH_TAIL:
        return string_printf("the only file here whose path ends like that (%zu element%s)", tail,
                             tail == 1 ? "" : "s");
    default:
        return strdup("not found by its path");
    }
}

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Whether what the user says of drives (--map) agrees with what the machines record. */
#include "host/gather.h"

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "host/index.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What became of the recorded paths that go through one map. */
struct tally {
    const struct host_map *map;
    size_t through, found;
};

static void count_drives(struct tally *tally, const drive_list *drives)
{
    for (size_t i = 0; i < drives->count; i++) {
        const struct host_drive *drive = &drives->items[i];
        struct winpath path;
        if (winpath_parse(&path, drive->recorded_path) < 0)
            continue;
        if (winpath_is_below(&path, &tally->map->from)) {
            tally->through++;
            tally->found += drive->disk != HOST_NONE;
        }
        winpath_free(&path);
    }
}

static void count_all(const struct host *host, struct tally *tally)
{
    for (size_t m = 0; m < host->machines.count; m++) {
        const struct host_machine *machine = &host->machines.items[m];
        count_drives(tally, &machine->drives);
        for (size_t c = 0; c < machine->checkpoints.count; c++)
            count_drives(tally, &machine->checkpoints.items[c].drives);
    }
}

/* The evidence in which the map ends, else the first one. */
static struct host_evidence *concerned(struct host *host, const char *to)
{
    for (size_t i = 0; i < host->evidence.count; i++) {
        const char *path = host->evidence.items[i].path;
        if (strncmp(to, path, strlen(path)) == 0)
            return &host->evidence.items[i];
    }
    return &host->evidence.items[0];
}

int maps_check(struct host *host)
{
    for (size_t i = 0; i < host->maps.count && host->evidence.count > 0; i++) {
        const struct host_map *map = &host->maps.items[i];
        struct tally tally = {.map = map};
        count_all(host, &tally);
        if (tally.through == 0 || tally.found > 0)
            continue;
        CLEANUP_FREE char *from = winpath_text(&map->from, map->from.part_count);
        if (!from || host_complain(
                         concerned(host, map->to),
                         string_printf("--map '%s=%s': none of the %zu disks that VMs record below "
                                       "%s is there: is it another drive, or another folder?",
                                       from, map->to, tally.through, from)) < 0)
            return -ENOMEM;
    }
    return 0;
}

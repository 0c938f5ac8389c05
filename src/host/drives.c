/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* The drives of machines and checkpoints, and the disks that they lead to. */
#include "host/gather.h"

#include "base/text.h"

#include <errno.h>
#include <stdlib.h>

int host_add_drive(drive_list *list, int controller, int location, const char *path,
                   const char *type)
{
    struct host_drive *drive = vector_push(list);

    if (!drive)
        return -ENOMEM;
    drive->controller = controller;
    drive->location = location;
    drive->disk = HOST_NONE;
    drive->recorded_path = text_valid(path);
    drive->type = type ? text_valid(type) : NULL;
    return drive->recorded_path && (!type || drive->type) ? 0 : -ENOMEM;
}

static int resolve_drive(struct host *host, struct host_drive *drive, size_t node, void *user)
{
    struct host_found found;
    int r = host_find_path(host, drive->recorded_path, node, &found);

    if (r < 0)
        return r;
    drive->match = found.match;
    drive->tail = found.tail;
    drive->candidates = found.count;
    drive->folder_is_known = found.folder_is_known;
    drive->disk = found.count == 1 ? found.disks[0] : HOST_NONE;
    free(found.disks);
    return 0;
}

typedef int drive_visit(struct host *, struct host_drive *, size_t node, void *user);

static int each_drive(struct host *host, drive_visit *visit, void *user)
{
    int r = 0;

    for (size_t i = 0; i < host->machines.count; i++) {
        struct host_machine *machine = &host->machines.items[i];
        for (size_t d = 0; d < machine->drives.count && r == 0; d++)
            r = visit(host, &machine->drives.items[d], machine->node, user);
        for (size_t c = 0; c < machine->checkpoints.count; c++) {
            struct host_checkpoint *checkpoint = &machine->checkpoints.items[c];
            for (size_t d = 0; d < checkpoint->drives.count && r == 0; d++)
                r = visit(host, &checkpoint->drives.items[d], machine->node, user);
        }
    }
    return r;
}

/*
 * One file can't lie at two places: where two different paths of local drives lead to one file by
 * their tails, only the one that agrees longest is believed.
 */
static bool is_local_tail(const struct host_drive *drive)
{
    return drive->match == MATCH_TAIL && !host_path_is_shared(drive->recorded_path);
}

static int note_claim(struct host *host, struct host_drive *drive, size_t node, void *user)
{
    size_t *longest = user;

    if (is_local_tail(drive) && drive->tail > longest[drive->disk])
        longest[drive->disk] = drive->tail;
    return 0;
}

static int drop_weak_claim(struct host *host, struct host_drive *drive, size_t node, void *user)
{
    const size_t *longest = user;

    if (is_local_tail(drive) && drive->tail < longest[drive->disk]) {
        drive->match = MATCH_NOT_FOUND;
        drive->disk = HOST_NONE;
    }
    return 0;
}

int drives_resolve(struct host *host)
{
    size_t *longest = calloc(host->disks.count + 1, sizeof(*longest));
    int r = longest ? each_drive(host, resolve_drive, NULL) : -ENOMEM;

    if (r == 0) {
        each_drive(host, note_claim, longest);
        each_drive(host, drop_weak_claim, longest);
    }
    free(longest);
    return r;
}

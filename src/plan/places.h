/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Where disks lie on their host: the paths that Windows has for them. */
#ifndef PLAN_PLACES_H
#define PLAN_PLACES_H

#include "chain/verdict.h"
#include "host/host.h"

struct places {
    const struct host *host;
    const char **recorded; /* per disk: a path that is recorded of it, borrowed; NULL none */
};

/* 0 or -ENOMEM. */
int places_make(struct places *, const struct host *, const struct verdict *);
void places_free(struct places *);

/*
 * The path of a disk on its host: as a configuration, a checkpoint or a child records it; else as a
 * recorded path of another disk of the same folder or tree implies it; else by --map. *path is NULL
 * when none of that says anything, else the caller's. 0 or -ENOMEM.
 */
int places_windows_path(const struct places *, size_t disk, char **path);

#endif

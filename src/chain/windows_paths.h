/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Where disks lie on their host: the paths that Windows has for them. */
#ifndef CHAIN_WINDOWS_PATHS_H
#define CHAIN_WINDOWS_PATHS_H

#include "chain/verdict.h"
#include "host/host.h"

struct windows_paths {
    const struct host *host;
    const char **recorded; /* per disk: a path that is recorded of it, borrowed; NULL none */
};

/* 0 or -ENOMEM. */
int windows_paths_make(struct windows_paths *, const struct host *, const struct verdict *);
void windows_paths_free(struct windows_paths *);

/*
 * The path of a disk on its host: as a configuration, a checkpoint or a child records it; else by
 * --map or the letter of its volume; else as a recorded path of another disk of the same folder or
 * tree implies it. *path is NULL when none of that says anything, else the caller's. 0 or -ENOMEM.
 */
int windows_path_of(const struct windows_paths *, size_t disk, char **path);

#endif

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * Windows paths as they are recorded in configurations and parent locators, taken apart so that
 * two spellings of one place compare equal.
 */
#ifndef BASE_WINPATH_H
#define BASE_WINPATH_H

#include "base/guid.h"

#include <stdbool.h>
#include <stddef.h>

enum winpath_root {
    WINPATH_RELATIVE, /* ".\x", "..\x", "x": counted from somewhere */
    WINPATH_DRIVE,    /* C:\…, \\?\C:\…, \\.\C:\… */
    WINPATH_VOLUME,   /* \\?\Volume{guid}\… */
    WINPATH_UNC,      /* \\server\share\…, \\?\UNC\server\share\… */
    WINPATH_CLUSTER,  /* C:\ClusterStorage\VolumeN\…: the same on every node */
    WINPATH_OTHER,    /* \Device\HarddiskVolume3\…, a scheme, nothing that we know */
};

/*
 * `parts` are the folders and the file below the root, case kept, "." removed and ".." applied
 * (one that would climb over an absolute root is dropped; leading ".." of relative paths stay).
 * For CLUSTER the first part is the volume's folder; for UNC server and share stand in `server`
 * and `share`, for OTHER what a driver calls the volume in `server` ("HarddiskVolume3").
 */
struct winpath {
    enum winpath_root root;
    char drive;          /* 'A'-'Z' for DRIVE (and CLUSTER, where it does not count) */
    struct guid volume;  /* VOLUME */
    char *server, *share; /* NULL: none */
    char **parts;
    size_t part_count;
};

/* Both slashes are understood; trailing NULs, blanks and quotes around it are not part of it.
 * 0, -EINVAL for an empty path, -ENOMEM. */
int winpath_parse(struct winpath *, const char *text);
void winpath_free(struct winpath *);
/* The last part or NULL. */
const char *winpath_name(const struct winpath *);
/* A key that is equal exactly for paths that name the same place: folded, canonical, e.g.
 * "C:\A\B.VHDX", "VOLUME{…}\A", "\\SERVER\SHARE\A", "CLUSTER\VOLUME1\A". Caller frees. */
char *winpath_key(const struct winpath *);

/* How many of the last parts are those of a path with '/' between, compared as NTFS compares. */
size_t winpath_tail(const struct winpath *, const char *path);
/* Whether a path is the folder or lies below it, compared as NTFS compares names. */
bool winpath_is_below(const struct winpath *, const struct winpath *folder);
/* The path as Windows writes it, ending after so many of its parts: "D:\", "D:\VMs",
 * "\\server\share". Relative and other paths begin with their first part. Caller frees. */
char *winpath_text(const struct winpath *, size_t parts);

#endif

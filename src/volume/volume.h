/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * A tree of files: a directory of the running system, or later a volume inside an image. One walk
 * gives every entry once; what is of interest is opened as a byte source, read-only.
 */
#ifndef VOLUME_VOLUME_H
#define VOLUME_VOLUME_H

#include "base/guid.h"
#include "base/when.h"
#include "io/source.h"

#include <stdbool.h>
#include <stdint.h>

enum volume_entry_type {
    VOLUME_FILE,
    VOLUME_DIRECTORY,
    VOLUME_LINK,  /* symbolic link, junction, mount point: never followed by the walk */
    VOLUME_ALIAS, /* another name of a file that was visited already; `id` tells which */
    VOLUME_OTHER, /* device, FIFO, socket: never opened */
};

/* What the file system says of a file before anybody reads its data (overlay ntfs-limitation). */
enum volume_attribute {
    VOLUME_SPARSE = 1, /* set from NTFS only: sparse files of other file systems say nothing */
    VOLUME_COMPRESSED = 2,
    VOLUME_ENCRYPTED = 4,
    VOLUME_DEDUPLICATED = 8,
    VOLUME_OFFLINE = 16,
};

/* Valid only during the visit. */
struct volume_entry {
    const char *path;   /* relative to the root, '/' between, bytes as they are */
    const char *name;   /* last element of path */
    enum volume_entry_type type;
    uint64_t size;      /* bytes */
    filetime modified, changed, created; /* 0 unknown */
    uint32_t attributes;
    uint64_t id;        /* this file, not a later one of the same name; 0 unknown */
    const char *link_target; /* VOLUME_LINK: as recorded; NULL unknown */
};

/* Return 0 to go on, negative errno to end the walk with that status. */
typedef int volume_visit(void *user, const struct volume_entry *);
/* Something could not be listed: its path ("" is the root), offset or record in words; reason. */
typedef void volume_complaint(void *user, const char *path, const char *reason);

struct volume;

struct volume_ops {
    int (*walk)(struct volume *, volume_visit *, volume_complaint *, void *user);
    int (*open)(struct volume *, const char *path, uint64_t id, io_source **);
    void (*close)(struct volume *);
};

struct volume {
    const struct volume_ops *ops;
    char *display_root; /* what the report prints before an entry's path, with its separator */
    bool windows_names; /* names compare without case on this volume */
};

/*
 * A folder of the running system. Relative paths are made absolute, links in the path itself are
 * resolved once; below it no link is followed, no device, FIFO or socket is opened, no other file
 * system's special trees entered, a file with several names is listed once (the first in byte
 * order; the others come as VOLUME_ALIAS), entries come in byte order of their path.
 * 0; -ENOENT, -EACCES, -ENOTDIR …
 */
int volume_open_directory(struct volume **, const char *path);

/*
 * A volume of the one file that the user named; the entry's path is its name.
 * 0; -ENOENT, -EACCES; -EISDIR; -EOPNOTSUPP for devices, FIFOs and sockets.
 */
int volume_open_file(struct volume **, const char *path);

static inline int volume_walk(struct volume *v, volume_visit *visit, volume_complaint *complain,
                              void *user)
{
    return v->ops->walk(v, visit, complain, user);
}

/* Opens a file seen by the walk; `id` as the walk gave it (a file replaced since then is -ESTALE).
 * Safe from several threads. */
static inline int volume_open(struct volume *v, const char *path, uint64_t id, io_source **source)
{
    return v->ops->open(v, path, id, source);
}

void volume_close(struct volume *);

#endif

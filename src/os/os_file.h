/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * Files and folders of the running system, opened so that reading leaves no trace: read-only,
 * without a new access time where the system allows it, never through a link below a folder that
 * was opened, never a device or FIFO that nobody asked for. Each system has its own file beside
 * this header (linux_file.c, linux_folder.c, linux_output.c).
 */
#ifndef OS_OS_FILE_H
#define OS_OS_FILE_H

#include "base/when.h"
#include "io/source.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum os_type {
    OS_FILE,
    OS_FOLDER,
    OS_LINK,
    OS_DISK,  /* block device */
    OS_OTHER, /* FIFO, socket, character device */
};

struct os_stat {
    enum os_type type;
    uint64_t size;
    filetime modified, changed, created; /* 0 unknown */
    uint32_t windows_attributes;         /* FILE_ATTRIBUTE_…, where the file system has them */
    uint64_t links;                      /* names of the file */
    uint64_t device, number;             /* together: this file, as long as it exists */
    uint64_t id; /* the same and the time of birth, mixed; 0 where numbers don't last */
};

/*
 * Opens a file that the user named; links in the path are followed. A block device only when
 * device_allowed. The source keeps the size at opening: what is appended later is not read, and
 * where the file has become shorter reads give -ENODATA.
 * 0; -EISDIR; -EOPNOTSUPP for what is no file; other negative errno.
 */
int os_file_open(const char *path, bool device_allowed, io_source **);

/* A folder held open. It may be used from several threads. */
struct os_folder;

/* Links in the path are followed. 0; -ENOTDIR, -ENOENT … */
int os_folder_open(struct os_folder **, const char *path);
/*
 * The folder at `path` below another, '/' between the names, of any length; "" is the folder
 * itself. Nothing outside can be reached: -EINVAL for "." and "..", -ELOOP or -ENOTDIR for a link.
 */
int os_folder_open_below(struct os_folder **, const struct os_folder *, const char *path);
/* The folder that holds this one ("/" holds itself). */
int os_folder_open_parent(struct os_folder **, const struct os_folder *);
void os_folder_close(struct os_folder *); /* NULL is fine */

static inline void os_folder_cleanup(struct os_folder **folder)
{
    os_folder_close(*folder);
}

/* Return 0 to go on, negative errno to end the listing with that status. */
typedef int os_folder_name(void *user, const char *name, bool is_folder);
/* Calls `each` for every name but "." and "..", in the order of the file system. */
int os_folder_list(const struct os_folder *, os_folder_name *each, void *user);
/* Describes what the name stands for, a link itself; NULL or "" = the folder. */
int os_folder_stat(const struct os_folder *, const char *name, struct os_stat *);
/* What the link says, which the caller frees; NULL when it can't be read, or only at the price of
 * a new access time. */
char *os_folder_link_target(const struct os_folder *, const char *name);
/* The name of a file system that holds no files but views of the running system ("proc",
 * "sysfs"), or NULL. */
const char *os_folder_pseudo(const struct os_folder *);
/* True when the file system comes from Windows and compares names without case. */
bool os_folder_windows_names(const struct os_folder *);

/*
 * Opens a file below a folder, with the rules of os_folder_open_below() for the path and of
 * os_file_open() for the rest. With an id other than 0 it must be that very file.
 * -ESTALE when something else has taken its place.
 */
int os_file_open_below(const struct os_folder *, const char *path, uint64_t id,
                       bool device_allowed, io_source **);

/*
 * Opens (makes, or empties) the file for the report. Refused with -EPERM anywhere inside one of
 * the `count` evidence folders or files, however the path is disguised: links, "..", bind mounts;
 * a file with several names, of which one might be evidence; a block device.
 * The descriptor in *fd is the caller's.
 */
int os_output_open(const char *path, const char *const *evidence, size_t count, int *fd);

bool os_is_folder(const char *path);
/* Bytes that an ordinary user can still write to the volume of a file. 0 or negative errno. */
int os_free_space(const char *path, uint64_t *bytes);
/* Whether two files lie on one volume; true when that can't be found out. */
bool os_same_device(const char *a, const char *b);

#endif

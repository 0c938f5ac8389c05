/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* What the linux_*.c files share. */
#ifndef OS_LINUX_PRIVATE_H
#define OS_LINUX_PRIVATE_H

#include "base/cleanup.h"
#include "os/os_file.h"

#include <unistd.h>

struct os_folder {
    int fd;               /* O_PATH: holding it needs no right to list and leaves no trace */
    uint32_t magic;       /* f_type of statfs(2) */
    bool links_keep_time; /* mounted read-only or noatime: readlink(2) changes nothing */
    bool lasting_numbers; /* inode numbers stay the same while the file exists */
    bool ntfs;            /* Windows' attributes can be had */
};

static inline void linux_fd_cleanup(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

/* statx(2) of a name in a folder, or with "" of the descriptor itself. `flags`: 0 or
 * AT_SYMLINK_NOFOLLOW. */
int linux_stat(int fd, const char *name, int flags, struct os_stat *);
/* Opens for reading without a new access time where that is allowed. A descriptor or -errno. */
int linux_open_quietly(int folder, const char *name, int flags);
/* An O_PATH descriptor of the folder at path[0 … length) below another, or negative errno; the
 * rules of os_folder_open_below(). */
int linux_descend(int folder, const char *path, size_t length);

#endif

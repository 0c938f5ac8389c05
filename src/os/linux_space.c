/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "os/os_file.h"

#include <errno.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

bool os_is_folder(const char *path)
{
    struct stat s;

    return stat(path, &s) == 0 && S_ISDIR(s.st_mode);
}

int os_free_space(const char *path, uint64_t *bytes)
{
    struct statvfs space;

    if (statvfs(path, &space) < 0)
        return -errno;
    *bytes = (uint64_t)space.f_bavail * space.f_frsize;
    return 0;
}

bool os_same_device(const char *a, const char *b)
{
    struct stat x, y;

    return stat(a, &x) < 0 || stat(b, &y) < 0 || x.st_dev == y.st_dev;
}

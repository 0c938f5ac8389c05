/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Opening files on Linux. */
#include "os/linux_private.h"

#include "base/checked.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

static enum os_type type_of_mode(unsigned mode)
{
    switch (mode & S_IFMT) {
    case S_IFREG:
        return OS_FILE;
    case S_IFDIR:
        return OS_FOLDER;
    case S_IFLNK:
        return OS_LINK;
    case S_IFBLK:
        return OS_DISK;
    default:
        return OS_OTHER;
    }
}

static filetime time_of(const struct statx_timestamp *t)
{
    return when_from_timespec((struct timespec){t->tv_sec, t->tv_nsec});
}

/* Spreads each bit over all of the result (the finalizer of SplitMix64). */
static uint64_t mix(uint64_t v)
{
    v = (v ^ v >> 30) * 0xBF58476D1CE4E5B9u;
    v = (v ^ v >> 27) * 0x94D049BB133111EBu;
    return v ^ v >> 31;
}

/* A number is given to the next file as soon as one is deleted; with the time of birth the two
 * can be told apart. */
static uint64_t identity(uint64_t device, uint64_t number, filetime created)
{
    uint64_t id = mix(mix(mix(device) ^ number) ^ created);

    return id ? id : 1;
}

int linux_stat(int fd, const char *name, int flags, struct os_stat *out)
{
    struct statx s;

    flags |= AT_NO_AUTOMOUNT | (*name ? 0 : AT_EMPTY_PATH);
    if (statx(fd, name, flags, STATX_BASIC_STATS | STATX_BTIME, &s) < 0)
        return -errno;
    *out = (struct os_stat){
        .type = type_of_mode(s.stx_mode),
        .size = s.stx_size,
        .modified = time_of(&s.stx_mtime),
        .changed = time_of(&s.stx_ctime),
        .created = s.stx_mask & STATX_BTIME ? time_of(&s.stx_btime) : 0,
        .links = s.stx_nlink,
        .device = makedev(s.stx_dev_major, s.stx_dev_minor),
        .number = s.stx_ino,
    };
    out->id = identity(out->device, out->number, out->created);
    return 0;
}

int linux_open_quietly(int folder, const char *name, int flags)
{
    /* O_NONBLOCK, because a FIFO may have taken the name since we looked. */
    flags |= O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
    int fd = openat(folder, name, flags | O_NOATIME);

    if (fd < 0 && errno == EPERM) /* not the owner's privilege */
        fd = openat(folder, name, flags);
    return fd < 0 ? -errno : fd;
}

/* True when no name in the path is empty, "." or "..": it can only lead down. */
static bool leads_down(const char *path, size_t length)
{
    for (size_t start = 0; start < length;) {
        const char *slash = memchr(path + start, '/', length - start);
        size_t end = slash ? (size_t)(slash - path) : length;
        size_t name = end - start;

        if (name == 0 || (name <= 2 && memcmp(path + start, "..", name) == 0))
            return false;
        if (slash && end + 1 == length)
            return false;
        start = end + 1;
    }
    return true;
}

static int open_name(int folder, const char *name)
{
    int fd = openat(folder, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    return fd < 0 ? -errno : fd;
}

/* One name after the other, for kernels and sandboxes without openat2(2). Changes `path`. */
static int open_names(int folder, char *path)
{
    char *rest = path;
    int fd = open_name(folder, strsep(&rest, "/"));

    while (rest && fd >= 0) {
        int next = open_name(fd, strsep(&rest, "/"));
        close(fd);
        fd = next;
    }
    return fd;
}

static int open_piece(int folder, const char *path, size_t length)
{
    const struct open_how how = {
        .flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
    };
    char text[PATH_MAX];

    memcpy(text, path, length);
    text[length] = '\0';
    int fd = (int)syscall(SYS_openat2, folder, text, &how, sizeof(how));
    if (fd >= 0)
        return fd;
    if (errno == ENOSYS || errno == EPERM || errno == EAGAIN)
        return open_names(folder, text);
    return -errno;
}

/* The kernel takes less than PATH_MAX bytes at once: as many whole names as fit. */
static size_t piece_length(const char *path, size_t length)
{
    if (length < PATH_MAX)
        return length;
    const char *slash = memrchr(path, '/', PATH_MAX);
    return slash ? (size_t)(slash - path) : 0;
}

int linux_descend(int folder, const char *path, size_t length)
{
    if (!leads_down(path, length))
        return -EINVAL;
    int fd = fcntl(folder, F_DUPFD_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    while (length > 0) {
        size_t piece = piece_length(path, length);
        int next = piece > 0 ? open_piece(fd, path, piece) : -ENAMETOOLONG;

        close(fd);
        if (next < 0)
            return next;
        fd = next;
        piece += piece < length; /* the slash */
        path += piece;
        length -= piece;
    }
    return fd;
}

struct file {
    int fd;
};

static int64_t file_read(void *self, uint64_t offset, void *buffer, size_t length)
{
    const struct file *file = self;
    ssize_t n;

    if (offset > INT64_MAX)
        return -EINVAL;
    do
        n = pread(file->fd, buffer, length, (off_t)offset);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return -errno;
    return n == 0 && length > 0 ? -ENODATA : n; /* it has become shorter since it was opened */
}

static void file_close(void *self)
{
    struct file *file = self;

    close(file->fd);
    free(file);
}

/* Takes the descriptor, also when it fails. */
static int source_new(int fd, uint64_t size, io_source **out)
{
    static const struct io_ops ops = {file_read, file_close};
    struct file *file = malloc(sizeof(*file));

    if (!file) {
        close(fd);
        return -ENOMEM;
    }
    file->fd = fd;
    *out = io_source_new(&ops, file, size);
    return *out ? 0 : -ENOMEM;
}

static int check_type(const struct os_stat *s, bool device_allowed)
{
    if (s->type == OS_FILE || (s->type == OS_DISK && device_allowed))
        return 0;
    switch (s->type) {
    case OS_FOLDER:
        return -EISDIR;
    case OS_LINK:
        return -ELOOP;
    default:
        return -EOPNOTSUPP;
    }
}

/* Merely opening can start a tape or a watchdog: look first, open, and see that it is the same. */
static int open_checked(int folder, const char *name, bool follow, uint64_t id,
                        bool device_allowed, io_source **out)
{
    struct os_stat seen, opened;
    int r = linux_stat(folder, name, follow ? 0 : AT_SYMLINK_NOFOLLOW, &seen);

    if (r < 0)
        return r;
    if (id && seen.id != id)
        return -ESTALE;
    r = check_type(&seen, device_allowed);
    if (r < 0)
        return r;
    CLEANUP(linux_fd) int fd = linux_open_quietly(folder, name, follow ? 0 : O_NOFOLLOW);
    if (fd < 0)
        return fd == -ELOOP ? -ESTALE : fd;
    r = linux_stat(fd, "", 0, &opened);
    if (r < 0)
        return r;
    if (opened.device != seen.device || opened.number != seen.number || opened.type != seen.type)
        return -ESTALE;
    if (opened.type == OS_DISK) {
        off_t end = lseek(fd, 0, SEEK_END);
        if (end < 0)
            return -errno;
        opened.size = (uint64_t)end;
    }
    int mine = fd;
    fd = -1;
    return source_new(mine, opened.size, out);
}

int os_file_open(const char *path, bool device_allowed, io_source **out)
{
    return *path ? open_checked(AT_FDCWD, path, true, 0, device_allowed, out) : -ENOENT;
}

int os_file_open_below(const struct os_folder *folder, const char *path, uint64_t id,
                       bool device_allowed, io_source **out)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;

    if (!leads_down(path, strlen(path)) || !*name)
        return -EINVAL;
    CLEANUP(linux_fd)
    int parent = slash ? linux_descend(folder->fd, path, (size_t)(slash - path))
                       : fcntl(folder->fd, F_DUPFD_CLOEXEC, 0);
    if (parent < 0 && !slash)
        return -errno;
    if (id && (parent == -ELOOP || parent == -ENOTDIR)) /* a folder on the way was replaced */
        return -ESTALE;
    return parent < 0 ? parent : open_checked(parent, name, false, id, device_allowed, out);
}

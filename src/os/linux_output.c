/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * The one file that is ever written: the report, never inside the evidence. Paths can lie, so what
 * counts are device and inode numbers: from the folder of the output upwards, none may be a folder
 * of the evidence. A bind mount shows a part of a file system in a second place, from where the way
 * upwards misses the evidence; therefore each mount that shows a part of it counts as evidence too.
 */
#include "os/linux_private.h"

#include "base/vector.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* One line of /proc/self/mountinfo: the part `root` of the file system on `device` is seen at
 * `point` (proc(5)). */
struct mount {
    char *device, *root, *point;
};

/* A part of a file system that is evidence. */
struct part {
    const char *device; /* a mount's */
    char *path;         /* inside the file system */
};

struct place {
    dev_t device;
    ino_t number;
};

struct guard {
    VECTOR(struct mount) mounts;
    VECTOR(struct part) parts;
    VECTOR(struct place) places; /* forbidden: folders and files */
};

static void guard_cleanup(struct guard *guard)
{
    for (size_t i = 0; i < guard->mounts.count; i++) {
        free(guard->mounts.items[i].device);
        free(guard->mounts.items[i].root);
        free(guard->mounts.items[i].point);
    }
    for (size_t i = 0; i < guard->parts.count; i++)
        free(guard->parts.items[i].path);
    vector_free(&guard->mounts);
    vector_free(&guard->parts);
    vector_free(&guard->places);
}

/* Blanks and the like are written as \ooo. */
static void unescape(char *text)
{
    char *to = text;

    for (const char *from = text; *from; from++) {
        unsigned byte;
        int used = 0;

        if (*from == '\\' && sscanf(from + 1, "%3o%n", &byte, &used) == 1 && used == 3) {
            *to++ = (char)byte;
            from += 3;
        } else {
            *to++ = *from;
        }
    }
    *to = '\0';
}

static int read_mounts(struct guard *guard)
{
    FILE *file = fopen("/proc/self/mountinfo", "re");
    CLEANUP_FREE char *line = NULL;
    size_t capacity = 0;
    int r = 0;

    if (!file)
        return 0; /* no /proc: only plain paths can be seen through */
    while (r == 0 && getline(&line, &capacity, file) > 0) {
        struct mount *mount = vector_push(&guard->mounts);
        if (!mount) {
            r = -ENOMEM;
        } else if (sscanf(line, "%*s %*s %ms %ms %ms", &mount->device, &mount->root,
                          &mount->point) == 3) {
            unescape(mount->root);
            unescape(mount->point);
        } else {
            free(mount->device);
            free(mount->root);
            guard->mounts.count--;
        }
    }
    fclose(file);
    return r;
}

/* What follows `folder` in `path` ("" or "/…"), NULL when path is not inside. */
static const char *inside(const char *path, const char *folder)
{
    size_t length = strcmp(folder, "/") == 0 ? 0 : strlen(folder);

    if (strncmp(path, folder, length) != 0)
        return NULL;
    return path[length] == '\0' || path[length] == '/' ? path + length : NULL;
}

static const struct mount *mount_of(const struct guard *guard, const char *path)
{
    const struct mount *best = NULL;

    for (size_t i = 0; i < guard->mounts.count; i++) {
        const struct mount *mount = &guard->mounts.items[i];
        if (inside(path, mount->point) &&
            (!best || strlen(mount->point) >= strlen(best->point))) /* the last covers the others */
            best = mount;
    }
    return best;
}

static int forbid(struct guard *guard, const char *path)
{
    struct stat s;

    if (stat(path, &s) < 0)
        return 0; /* what can't be reached can't be written to either */
    struct place *place = vector_push(&guard->places);
    if (!place)
        return -ENOMEM;
    *place = (struct place){s.st_dev, s.st_ino};
    return 0;
}

static int add_part(struct guard *guard, const struct mount *mount, const char *below)
{
    struct part *part = vector_push(&guard->parts);

    if (!part)
        return -ENOMEM;
    part->device = mount->device;
    const char *root = strcmp(mount->root, "/") == 0 && *below ? "" : mount->root;
    return asprintf(&part->path, "%s%s", root, below) < 0 ? (part->path = NULL, -ENOMEM) : 0;
}

/* The folder or file itself, and every file system that is mounted below it. */
static int forbid_evidence(struct guard *guard, const char *evidence)
{
    CLEANUP_FREE char *path = realpath(evidence, NULL);

    if (!path)
        return errno == ENOMEM ? -ENOMEM : 0;
    const struct mount *holder = mount_of(guard, path);
    int r = forbid(guard, path);
    if (r == 0 && holder)
        r = add_part(guard, holder, inside(path, holder->point));
    for (size_t i = 0; r == 0 && i < guard->mounts.count; i++) {
        const struct mount *mount = &guard->mounts.items[i];
        if (!inside(mount->point, path))
            continue;
        r = forbid(guard, mount->point);
        if (r == 0)
            r = add_part(guard, mount, "");
    }
    return r;
}

static bool shows_evidence(const struct guard *guard, const struct mount *mount)
{
    for (size_t i = 0; i < guard->parts.count; i++)
        if (strcmp(mount->device, guard->parts.items[i].device) == 0 &&
            inside(mount->root, guard->parts.items[i].path))
            return true;
    return false;
}

static int guard_set(struct guard *guard, const char *const *evidence, size_t count)
{
    int r = read_mounts(guard);

    for (size_t i = 0; r == 0 && i < count; i++)
        r = forbid_evidence(guard, evidence[i]);
    for (size_t i = 0; r == 0 && i < guard->mounts.count; i++)
        if (shows_evidence(guard, &guard->mounts.items[i]))
            r = forbid(guard, guard->mounts.items[i].point);
    return r;
}

static bool is_forbidden(const struct guard *guard, const struct stat *s)
{
    for (size_t i = 0; i < guard->places.count; i++)
        if (guard->places.items[i].device == s->st_dev &&
            guard->places.items[i].number == s->st_ino)
            return true;
    return false;
}

/* From the folder up to "/". */
static int check_upwards(const struct guard *guard, int folder)
{
    CLEANUP(linux_fd) int fd = fcntl(folder, F_DUPFD_CLOEXEC, 0);
    struct stat here, above;

    if (fd < 0 || fstat(fd, &here) < 0)
        return -errno;
    for (;;) {
        if (is_forbidden(guard, &here))
            return -EPERM;
        int parent = openat(fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (parent < 0)
            return -errno;
        close(fd);
        fd = parent;
        if (fstat(fd, &above) < 0)
            return -errno;
        if (above.st_dev == here.st_dev && above.st_ino == here.st_ino)
            return 0;
        here = above;
    }
}

static int check_file(const struct guard *guard, const struct stat *s)
{
    if (S_ISDIR(s->st_mode))
        return -EISDIR;
    if (S_ISLNK(s->st_mode))
        return -ELOOP;
    if (S_ISBLK(s->st_mode) || is_forbidden(guard, s))
        return -EPERM;
    return S_ISREG(s->st_mode) && s->st_nlink > 1 ? -EPERM : 0;
}

/* The path with a link at its end resolved; what is before the last name need not be. */
static char *resolve(const char *path)
{
    struct stat s;

    if (lstat(path, &s) == 0 && S_ISLNK(s.st_mode))
        return realpath(path, NULL); /* one that leads nowhere would make a file there: refused */
    return strdup(path);
}

int os_output_open(const char *path, const char *const *evidence, size_t count, int *out)
{
    CLEANUP(guard) struct guard guard = {0};
    CLEANUP_FREE char *resolved = resolve(path);
    struct stat s;

    if (!resolved)
        return -errno;
    char *slash = strrchr(resolved, '/');
    const char *name = slash ? slash + 1 : resolved;
    if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return *path ? -EISDIR : -ENOENT;
    CLEANUP_FREE char *parent =
        slash ? strndup(resolved, (size_t)(name - resolved)) : strdup(".");
    if (!parent)
        return -ENOMEM;
    CLEANUP(linux_fd) int folder = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return -errno;

    int r = guard_set(&guard, evidence, count);
    if (r == 0)
        r = check_upwards(&guard, folder);
    if (r == 0 && fstatat(folder, name, &s, AT_SYMLINK_NOFOLLOW) == 0)
        r = check_file(&guard, &s);
    if (r < 0)
        return r;
    CLEANUP(linux_fd)
    int fd = openat(folder, name, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY, 0666);
    if (fd < 0 || fstat(fd, &s) < 0)
        return -errno;
    r = check_file(&guard, &s);
    if (r == 0 && S_ISREG(s.st_mode) && ftruncate(fd, 0) < 0)
        r = -errno;
    if (r < 0)
        return r;
    *out = fd;
    fd = -1;
    return 0;
}

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Folders on Linux: holding, listing and describing what is in them. */
#include "os/linux_private.h"

#include "base/bytes.h"
#include "base/checked.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <sys/xattr.h>

/* What one has to know of some file systems; the others are ordinary. */
static const struct file_system {
    uint32_t magic;
    enum {
        PSEUDO,        /* no files, but views of the running system */
        WINDOWS_NAMES, /* names compare without case */
        KERNEL_NTFS,   /* the same, and Windows' attributes can be had */
        USER_SPACE,    /* FUSE: perhaps ntfs-3g; else inode numbers may change at any time */
    } nature;
    const char *name;
} file_systems[] = {
    {PROC_SUPER_MAGIC, PSEUDO, "proc"},
    {SYSFS_MAGIC, PSEUDO, "sysfs"},
    {DEVPTS_SUPER_MAGIC, PSEUDO, "devpts"},
    {CGROUP_SUPER_MAGIC, PSEUDO, "cgroup"},
    {CGROUP2_SUPER_MAGIC, PSEUDO, "cgroup2"},
    {DEBUGFS_MAGIC, PSEUDO, "debugfs"},
    {TRACEFS_MAGIC, PSEUDO, "tracefs"},
    {SECURITYFS_MAGIC, PSEUDO, "securityfs"},
    {SELINUX_MAGIC, PSEUDO, "selinuxfs"},
    {SMACK_MAGIC, PSEUDO, "smackfs"},
    {BPF_FS_MAGIC, PSEUDO, "bpf"},
    {PSTOREFS_MAGIC, PSEUDO, "pstore"},
    {EFIVARFS_MAGIC, PSEUDO, "efivarfs"},
    {BINFMTFS_MAGIC, PSEUDO, "binfmt_misc"},
    {HUGETLBFS_MAGIC, PSEUDO, "hugetlbfs"},
    {NSFS_MAGIC, PSEUDO, "nsfs"},
    {0x62656570, PSEUDO, "configfs"},
    {0x65735543, PSEUDO, "fusectl"},
    {0x19800202, PSEUDO, "mqueue"},
    {0x67596969, PSEUDO, "rpc_pipefs"},
    {0x6E667364, PSEUDO, "nfsd"},
    {MSDOS_SUPER_MAGIC, WINDOWS_NAMES, "vfat"},
    {0x2011BAB0, WINDOWS_NAMES, "exfat"},
    {0xFF534D42, WINDOWS_NAMES, "cifs"},
    {0xFE534D42, WINDOWS_NAMES, "smb2"},
    {0x5346544E, KERNEL_NTFS, "ntfs"},
    {0x7366746E, KERNEL_NTFS, "ntfs3"},
    {FUSE_SUPER_MAGIC, USER_SPACE, "fuse"},
};

static const struct file_system *find_file_system(uint32_t magic)
{
    for (size_t i = 0; i < ARRAY_SIZE(file_systems); i++)
        if (file_systems[i].magic == magic)
            return &file_systems[i];
    return NULL;
}

static bool has_nature(const struct os_folder *folder, int nature)
{
    const struct file_system *fs = find_file_system(folder->magic);

    return fs && (int)fs->nature == nature;
}

/* What ntfs-3g and the kernel's drivers show of a file beyond stat(2), big-endian. There is no
 * getxattrat(2) yet, hence the way through /proc. */
static bool ntfs_value(int fd, const char *name, const char *attribute, void *value, size_t size)
{
    char path[NAME_MAX + 64];
    int n = snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", fd, name);

    return n > 0 && (size_t)n < sizeof(path) &&
           lgetxattr(path, attribute, value, size) == (ssize_t)size;
}

static bool ntfs_attributes(int fd, const char *name, uint32_t *attributes)
{
    be32 value;

    if (!ntfs_value(fd, name, "system.ntfs_attrib_be", &value, sizeof(value)))
        return false;
    *attributes = get_be32(value);
    return true;
}

static filetime ntfs_created(int fd, const char *name)
{
    be64 value;

    return ntfs_value(fd, name, "system.ntfs_crtime_be", &value, sizeof(value)) ? get_be64(value)
                                                                               : 0;
}

/* Takes the descriptor, also when it fails. */
static int folder_new(struct os_folder **out, int fd)
{
    struct os_folder *folder;
    struct statfs fs;
    uint32_t attributes;

    if (fd < 0)
        return fd;
    if (fstatfs(fd, &fs) < 0 || !(folder = malloc(sizeof(*folder)))) {
        int r = -errno;
        close(fd);
        return r;
    }
    *folder = (struct os_folder){.fd = fd, .magic = (uint32_t)fs.f_type};
    folder->links_keep_time = fs.f_flags & (ST_RDONLY | ST_NOATIME);
    folder->ntfs = (has_nature(folder, USER_SPACE) || has_nature(folder, KERNEL_NTFS)) &&
                   ntfs_attributes(fd, "", &attributes);
    folder->lasting_numbers = folder->ntfs || !has_nature(folder, USER_SPACE);
    *out = folder;
    return 0;
}

int os_folder_open(struct os_folder **out, const char *path)
{
    int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

    return folder_new(out, fd < 0 ? -errno : fd);
}

int os_folder_open_below(struct os_folder **out, const struct os_folder *folder, const char *path)
{
    return folder_new(out, linux_descend(folder->fd, path, strlen(path)));
}

int os_folder_open_parent(struct os_folder **out, const struct os_folder *folder)
{
    int fd = openat(folder->fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);

    return folder_new(out, fd < 0 ? -errno : fd);
}

void os_folder_close(struct os_folder *folder)
{
    if (!folder)
        return;
    close(folder->fd);
    free(folder);
}

static bool is_folder(int fd, const struct dirent *entry)
{
    struct stat s;

    if (entry->d_type != DT_UNKNOWN)
        return entry->d_type == DT_DIR;
    return fstatat(fd, entry->d_name, &s, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(s.st_mode);
}

int os_folder_list(const struct os_folder *folder, os_folder_name *each, void *user)
{
    int fd = linux_open_quietly(folder->fd, ".", O_DIRECTORY);
    int r = 0;

    if (fd < 0)
        return fd;
    DIR *listing = fdopendir(fd);
    if (!listing) {
        r = -errno;
        close(fd);
        return r;
    }
    while (r >= 0) {
        errno = 0;
        const struct dirent *entry = readdir(listing);
        if (!entry) {
            r = -errno;
            break;
        }
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            r = each(user, entry->d_name, is_folder(fd, entry));
    }
    closedir(listing);
    return r;
}

int os_folder_stat(const struct os_folder *folder, const char *name, struct os_stat *out)
{
    int r = linux_stat(folder->fd, name ? name : "", AT_SYMLINK_NOFOLLOW, out);

    if (r < 0)
        return r;
    if (!folder->lasting_numbers)
        out->id = 0;
    if (folder->ntfs && out->type == OS_FILE) {
        ntfs_attributes(folder->fd, name, &out->windows_attributes);
        if (!out->created)
            out->created = ntfs_created(folder->fd, name);
    }
    return 0;
}

char *os_folder_link_target(const struct os_folder *folder, const char *name)
{
    char target[PATH_MAX];

    if (!folder->links_keep_time)
        return NULL;
    ssize_t n = readlinkat(folder->fd, name, target, sizeof(target));
    return n < 0 ? NULL : strndup(target, (size_t)n);
}

/* devtmpfs looks like any tmpfs, but there is only one, and it is mounted on /dev. */
static bool is_device_tree(const struct os_folder *folder)
{
    struct stat here, devices, root;

    return (folder->magic == TMPFS_MAGIC || folder->magic == RAMFS_MAGIC) &&
           fstat(folder->fd, &here) == 0 && stat("/dev", &devices) == 0 && stat("/", &root) == 0 &&
           here.st_dev == devices.st_dev && devices.st_dev != root.st_dev;
}

const char *os_folder_pseudo(const struct os_folder *folder)
{
    if (has_nature(folder, PSEUDO))
        return find_file_system(folder->magic)->name;
    return is_device_tree(folder) ? "devtmpfs" : NULL;
}

bool os_folder_windows_names(const struct os_folder *folder)
{
    return folder->ntfs || has_nature(folder, KERNEL_NTFS) || has_nature(folder, WINDOWS_NAMES);
}

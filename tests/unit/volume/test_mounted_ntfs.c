/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* A volume that ntfs-3g has mounted: what Windows knows of a file comes along. */
#include "../testing.h"
#include "../temporary.h"

#include "base/bytes.h"
#include "base/checked.h"
#include "base/cleanup.h"
#include "volume/volume.h"

#include <sys/xattr.h>

#define CREATED 132223104001234567 /* 2020-01-01T00:00:00.1234567Z */

static int check(void *user, const struct volume_entry *entry)
{
    static const struct {
        const char *path;
        uint32_t attributes;
    } table[] = {{"plain", 0}, {"sparse", VOLUME_SPARSE}, {"offline", VOLUME_OFFLINE}};

    for (size_t i = 0; i < ARRAY_SIZE(table); i++)
        if (strcmp(entry->path, table[i].path) == 0 && entry->attributes == table[i].attributes &&
            entry->id != 0)
            ++*(int *)user;
    return strcmp(entry->path, "plain") == 0 && entry->created != CREATED ? -EBADMSG : 0;
}

static int set(const char *path, const char *attribute, const void *value, size_t size)
{
    return setxattr(path, attribute, value, size, 0);
}

static int fill(void)
{
    be64 created;
    be32 offline;

    store_be64(&created, CREATED);
    store_be32(&offline, 0x1020); /* FILE_ATTRIBUTE_OFFLINE | FILE_ATTRIBUTE_ARCHIVE */
    put_file("mounted/plain", "x");
    put_file("mounted/sparse", "x");
    put_file("mounted/offline", "x");
    return truncate("mounted/sparse", 4 << 20) < 0 ||
                   set("mounted/plain", "system.ntfs_crtime_be", &created, sizeof(created)) < 0 ||
                   set("mounted/offline", "system.ntfs_attrib_be", &offline, sizeof(offline)) < 0
               ? -1
               : 0;
}

static int walk_mounted(void)
{
    struct volume *volume;
    int right = 0;

    if (fill() < 0)
        return 1;
    if (volume_open_directory(&volume, "mounted") < 0)
        return 2;
    bool windows_names = volume->windows_names;
    int r = volume_walk(volume, check, NULL, &right);
    volume_close(volume);
    return windows_names && r == 0 && right == 3 ? 0 : 3;
}

static int on_ntfs(void)
{
    put_file("image", "");
    put_folder("mounted");
    if (truncate("image", 16 << 20) < 0 || private_mounts() < 0 ||
        system("PATH=$PATH:/usr/sbin:/sbin; exec >log 2>&1; mkntfs -Fq image && ntfs-3g image mounted") != 0)
        return CHILD_SKIPS;
    int result = walk_mounted();
    return umount("mounted") == 0 ? result : 4;
}

static void test_what_windows_knows(void **state)
{
    expect_child(on_ntfs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_windows_knows, temporary_enter, temporary_leave),
    };

    return cmocka_run_group_tests_name("volume-mounted-ntfs", tests, NULL, NULL);
}

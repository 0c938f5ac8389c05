/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "../testing.h"
#include "../temporary.h"

#include "base/cleanup.h"
#include "os/os_file.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

static int open_status(const char *path, bool device_allowed)
{
    io_source *source = NULL;
    int r = os_file_open(path, device_allowed, &source);

    io_unref(source);
    return r;
}

static int open_below_status(const char *path, uint64_t id)
{
    CLEANUP(os_folder) struct os_folder *here = NULL;
    io_source *source = NULL;

    assert_int_equal(os_folder_open(&here, "."), 0);
    int r = os_file_open_below(here, path, id, false, &source);
    io_unref(source);
    return r;
}

static uint64_t id_of(const char *name)
{
    CLEANUP(os_folder) struct os_folder *here = NULL;
    struct os_stat s;

    assert_int_equal(os_folder_open(&here, "."), 0);
    assert_int_equal(os_folder_stat(here, name, &s), 0);
    return s.id;
}

static void test_reads(void **state)
{
    io_source *source;
    char text[8] = "";

    put_file("file", "abcdef");
    assert_int_equal(symlink("file", "link"), 0);
    assert_int_equal(os_file_open("link", false, &source), 0);
    assert_int_equal(io_size(source), 6);
    assert_int_equal(io_read(source, 2, text, 4), 0);
    assert_string_equal(text, "cdef");
    assert_int_equal(io_read(source, 2, text, 5), -ENODATA);
    assert_int_equal(io_read_some(source, 6, text, 5), 0);
    io_unref(source);
}

static void test_only_files(void **state)
{
    put_folder("folder");
    assert_int_equal(mkfifo("fifo", 0644), 0);
    assert_int_equal(symlink("loop", "loop"), 0);
    assert_int_equal(open_status("", false), -ENOENT);
    assert_int_equal(open_status("missing", false), -ENOENT);
    assert_int_equal(open_status("folder", true), -EISDIR);
    assert_int_equal(open_status("fifo", true), -EOPNOTSUPP); /* and does not wait for a writer */
    assert_int_equal(open_status("/dev/null", true), -EOPNOTSUPP);
    assert_int_equal(open_status("loop", true), -ELOOP);
}

static void test_block_device_only_when_named(void **state)
{
    if (mknod("disk", S_IFBLK | 0600, makedev(7, 250)) < 0) {
        print_message("skipped: no device nodes here\n");
        skip();
    }
    assert_int_equal(open_status("disk", false), -EOPNOTSUPP);
    assert_int_not_equal(open_status("disk", true), -EOPNOTSUPP); /* nothing stands behind it */
    assert_int_equal(open_below_status("disk", 0), -EOPNOTSUPP);
}

static void test_growing_and_shrinking(void **state)
{
    io_source *source;
    char bytes[16];

    put_file("file", "0123456789");
    assert_int_equal(os_file_open("file", false, &source), 0);
    put_file("file", "0123456789abcdef");
    assert_int_equal(io_size(source), 10);
    assert_int_equal(io_read_some(source, 0, bytes, sizeof(bytes)), 10);
    assert_int_equal(truncate("file", 4), 0);
    assert_int_equal(io_read(source, 0, bytes, 4), 0);
    assert_int_equal(io_read(source, 0, bytes, 5), -ENODATA);
    assert_int_equal(io_read_some(source, 8, bytes, 1), -ENODATA);
    io_unref(source);
}

static void test_paths_only_lead_down(void **state)
{
    put_folder("a");
    put_file("a/file", "x");
    assert_int_equal(symlink("a", "link"), 0);
    assert_int_equal(symlink("a/file", "file-link"), 0);
    assert_int_equal(open_below_status("a/file", 0), 0);

    static const char *const climbing[] = {"",        "..",       ".",       "../a/file", "a/../a/file",
                                           "./a/file", "/a/file", "a//file", "a/file/",   "a/.",
                                           "/etc/passwd"};
    for (size_t i = 0; i < sizeof(climbing) / sizeof(*climbing); i++)
        assert_int_equal(open_below_status(climbing[i], 0), -EINVAL);
    assert_int_equal(open_below_status("link/file", 0), -ELOOP);
    assert_int_equal(open_below_status("file-link", 0), -ELOOP);
    assert_int_equal(open_below_status("a", 0), -EISDIR);
    assert_int_equal(open_below_status("a/file/x", 0), -ENOTDIR);
    assert_int_equal(open_below_status("a/...", 0), -ENOENT);
}

static void test_replaced_file_is_stale(void **state)
{
    put_file("file", "one");
    uint64_t id = id_of("file");
    if (id == 0)
        skip();
    assert_int_equal(open_below_status("file", id), 0);
    put_file("file", "one, and more"); /* grown: the same file */
    assert_int_equal(open_below_status("file", id), 0);

    assert_int_equal(unlink("file"), 0);
    assert_int_equal(open_below_status("file", id), -ENOENT);
    put_file("file", "two"); /* often with the same inode number */
    assert_int_equal(open_below_status("file", id), -ESTALE);
    assert_int_equal(open_below_status("file", 0), 0);
    assert_int_equal(unlink("file"), 0);
    assert_int_equal(symlink("/etc/passwd", "file"), 0);
    assert_int_equal(open_below_status("file", id), -ESTALE);
}

static void test_replaced_folder_is_stale(void **state)
{
    CLEANUP(os_folder) struct os_folder *a = NULL;
    struct os_stat s;

    put_folder("a");
    put_file("a/file", "x");
    assert_int_equal(os_folder_open(&a, "a"), 0);
    assert_int_equal(os_folder_stat(a, "file", &s), 0);
    assert_int_equal(rename("a", "b"), 0);
    assert_int_equal(symlink("b", "a"), 0);
    assert_int_equal(open_below_status("a/file", s.id ? s.id : 1), -ESTALE);
}

/* Deeper than the kernel takes in one path. */
static char *make_deep_file(void)
{
    struct strbuf path = {0};
    char name[201];

    memset(name, 'n', 200);
    name[200] = '\0';
    int here = open(".", O_RDONLY | O_DIRECTORY);
    assert_true(here >= 0);
    for (int i = 0; i < 50; i++) {
        put_folder(name);
        assert_int_equal(chdir(name), 0);
        strbuf_append(&path, name);
        strbuf_append_char(&path, '/');
    }
    put_file("file", "deep");
    strbuf_append(&path, "file");
    assert_int_equal(fchdir(here), 0);
    close(here);
    return strbuf_steal(&path);
}

static void test_path_longer_than_the_kernel_takes(void **state)
{
    CLEANUP_FREE char *path = make_deep_file();

    assert_int_equal(open(path, O_RDONLY), -1);
    assert_int_equal(errno, ENAMETOOLONG);
    assert_int_equal(open_below_status(path, 0), 0);
    CLEANUP_FREE char *name = string_printf("%s%5000d", "x", 1);
    assert_int_equal(open_below_status(name, 0), -ENAMETOOLONG);
    CLEANUP_FREE char *folder = string_printf("%5000d/x", 1);
    assert_int_equal(open_below_status(folder, 0), -ENAMETOOLONG);
}

/* From here on openat2(2) fails as on a kernel that lacks it. */
static int deny_openat2(void)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof(filter) / sizeof(*filter), filter};

    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
                   prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0
               ? 0
               : -1;
}

static int without_openat2(void)
{
    CLEANUP_FREE char *deep = make_deep_file();

    put_folder("a");
    put_folder("a/b");
    put_file("a/b/file", "x");
    if (symlink("a", "link") < 0 || deny_openat2() < 0)
        return CHILD_SKIPS;
    if (open_below_status("a/b/file", 0) != 0)
        return 1;
    if (open_below_status(deep, 0) != 0)
        return 2;
    int r = open_below_status("link/b/file", 0);
    if (r != -ELOOP && r != -ENOTDIR)
        return 3;
    return open_below_status("a/x/file", 0) == -ENOENT ? 0 : 4;
}

static void test_without_openat2(void **state)
{
    expect_child(without_openat2);
}

static int as_nobody(void)
{
    if (become_nobody() < 0)
        return CHILD_SKIPS;
    if (open_status("open", false) != 0) /* not ours: O_NOATIME is refused */
        return 1;
    return open_status("closed", false) == -EACCES ? 0 : 2;
}

static void test_files_of_others(void **state)
{
    put_file("open", "x");
    put_file("closed", "x");
    assert_int_equal(chmod("open", 0644), 0);
    assert_int_equal(chmod("closed", 0), 0);
    expect_child(as_nobody);
}

static void test_stat(void **state)
{
    CLEANUP(os_folder) struct os_folder *here = NULL;
    CLEANUP(os_folder) struct os_folder *parent = NULL;
    struct os_stat s, again;
    const struct timespec times[2] = {{1000000000, 0}, {1234567890, 123456700}};

    put_file("file", "abc");
    put_folder("folder");
    assert_int_equal(symlink("file", "link"), 0);
    assert_int_equal(utimensat(AT_FDCWD, "file", times, 0), 0);
    assert_int_equal(os_folder_open(&here, "."), 0);
    assert_int_equal(os_folder_stat(here, "file", &s), 0);
    assert_int_equal(s.type, OS_FILE);
    assert_int_equal(s.size, 3);
    assert_int_equal(s.links, 1);
    assert_int_equal(s.modified, when_from_timespec(times[1]));
    assert_true(s.changed > s.modified);
    assert_true(s.created == 0 || s.created > s.modified);
    assert_int_equal(os_folder_stat(here, "link", &s), 0);
    assert_int_equal(s.type, OS_LINK);
    assert_int_equal(os_folder_stat(here, "missing", &s), -ENOENT);
    assert_int_equal(os_folder_stat(here, NULL, &s), 0);
    assert_int_equal(s.type, OS_FOLDER);

    CLEANUP(os_folder) struct os_folder *folder = NULL;
    assert_int_equal(os_folder_open_below(&folder, here, "folder"), 0);
    assert_int_equal(os_folder_open_parent(&parent, folder), 0);
    assert_int_equal(os_folder_stat(parent, NULL, &again), 0);
    assert_int_equal(s.number, again.number);
    assert_int_equal(s.id, again.id);
}

static void test_pseudo_file_systems(void **state)
{
    CLEANUP(os_folder) struct os_folder *proc = NULL;
    CLEANUP(os_folder) struct os_folder *here = NULL;

    assert_int_equal(os_folder_open(&here, "."), 0);
    assert_null(os_folder_pseudo(here));
    assert_int_equal(os_folder_open(&proc, "/proc"), 0);
    assert_string_equal(os_folder_pseudo(proc), "proc");
}

#define on_files(test) cmocka_unit_test_setup_teardown(test, temporary_enter, temporary_leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        on_files(test_reads),
        on_files(test_only_files),
        on_files(test_block_device_only_when_named),
        on_files(test_growing_and_shrinking),
        on_files(test_paths_only_lead_down),
        on_files(test_replaced_file_is_stale),
        on_files(test_replaced_folder_is_stale),
        on_files(test_path_longer_than_the_kernel_takes),
        on_files(test_without_openat2),
        on_files(test_files_of_others),
        on_files(test_stat),
        on_files(test_pseudo_file_systems),
    };

    return cmocka_run_group_tests_name("os-file", tests, NULL, NULL);
}

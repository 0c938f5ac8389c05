/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Walks of folders of the running system, as awkward as they come. */
#include "../testing.h"
#include "../temporary.h"

#include "base/checked.h"
#include "base/cleanup.h"
#include "os/parallel.h"
#include "os/sandbox.h"
#include "volume/volume.h"

#include <limits.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/un.h>

static void volume_close_cleanup(struct volume **volume)
{
    volume_close(*volume);
}

/* A walk as text: a line "TYPE path" per entry and "! path: reason" per complaint. */
struct record {
    struct strbuf text, last;
    size_t entries, complaints;
    bool descends; /* some path was not behind the one before */
    void (*during)(const struct volume_entry *);
};

static void record_cleanup(struct record *record)
{
    strbuf_free(&record->text);
    strbuf_free(&record->last);
}

static int on_entry(void *user, const struct volume_entry *entry)
{
    static const char letters[] = {
        [VOLUME_FILE] = 'F',  [VOLUME_DIRECTORY] = 'D', [VOLUME_LINK] = 'L',
        [VOLUME_ALIAS] = 'A', [VOLUME_OTHER] = 'O'};
    struct record *record = user;
    const char *slash = strrchr(entry->path, '/');

    assert_string_equal(entry->name, slash ? slash + 1 : entry->path);
    if (strlen(entry->path) < PATH_MAX) /* of deep trees the rest would be hundreds of MiB */
        strbuf_printf(&record->text, "%c %s\n", letters[entry->type], entry->path);
    if (record->entries++ > 0 && strcmp(strbuf_text(&record->last), entry->path) >= 0)
        record->descends = true;
    strbuf_clear(&record->last);
    strbuf_append(&record->last, entry->path);
    if (record->during)
        record->during(entry);
    return 0;
}

static void on_complaint(void *user, const char *path, const char *reason)
{
    struct record *record = user;

    strbuf_printf(&record->text, "! %s: %s\n", path, reason);
    record->complaints++;
}

static void walk(const char *path, struct record *record)
{
    CLEANUP(volume_close) struct volume *volume = NULL;

    assert_int_equal(volume_open_directory(&volume, path), 0);
    assert_int_equal(volume_walk(volume, on_entry, on_complaint, record), 0);
    assert_false(record->descends);
}

static void expect_walk(const char *expected)
{
    CLEANUP(record) struct record record = {{0}};

    walk(".", &record);
    assert_string_equal(strbuf_text(&record.text), expected);
}

static void test_order_is_that_of_whole_paths(void **state)
{
    expect_walk("");
    put_folder("a");
    put_folder("a/b");
    put_folder("a-b");
    put_folder("empty");
    put_file("a/b/x", "");
    put_file("a/b.x", "");
    put_file("a-b/x", "");
    put_file("a b", "");
    put_file("a.vhdx", "");
    put_file("a0", "");
    put_file("B", "");
    put_file("ä", "");
    expect_walk("F B\n"
                "D a\n"
                "F a b\n"
                "D a-b\n"
                "F a-b/x\n"
                "F a.vhdx\n"
                "D a/b\n"
                "F a/b.x\n"
                "F a/b/x\n"
                "F a0\n"
                "D empty\n"
                "F ä\n");
}

static int check_facts(void *user, const struct volume_entry *entry)
{
    const struct timespec modified = {1234567890, 123456700};

    if (strcmp(entry->path, "file") == 0) {
        assert_int_equal(entry->size, 5);
        assert_int_equal(entry->modified, when_from_timespec(modified));
        assert_true(entry->changed > entry->modified);
        assert_int_equal(entry->attributes, 0); /* also of a sparse file outside NTFS */
        ++*(int *)user;
    }
    return 0;
}

static void test_facts_of_an_entry(void **state)
{
    const struct timespec times[2] = {{1000000000, 0}, {1234567890, 123456700}};
    CLEANUP(volume_close) struct volume *volume = NULL;
    int met = 0;

    put_folder("folder");
    put_file("file", "12345");
    assert_int_equal(utimensat(AT_FDCWD, "file", times, 0), 0);
    assert_int_equal(symlink("folder", "name"), 0);
    assert_int_equal(volume_open_directory(&volume, "folder/../name/.."), 0);
    CLEANUP_FREE char *root = string_printf("%s/", (char *)*state);
    assert_string_equal(volume->display_root, root);
    assert_false(volume->windows_names);
    assert_int_equal(volume_walk(volume, check_facts, NULL, &met), 0);
    assert_int_equal(met, 1);
}

static void test_roots_that_are_none(void **state)
{
    struct volume *volume = NULL;

    put_file("file", "");
    assert_int_equal(symlink("loop", "loop"), 0);
    assert_int_equal(volume_open_directory(&volume, "missing"), -ENOENT);
    assert_int_equal(volume_open_directory(&volume, ""), -ENOENT);
    assert_int_equal(volume_open_directory(&volume, "file"), -ENOTDIR);
    assert_int_equal(volume_open_directory(&volume, "loop"), -ELOOP);
    assert_null(volume);
    volume_close(NULL);
}

static int open_status(const char *path, uint64_t id)
{
    CLEANUP(volume_close) struct volume *volume = NULL;
    io_source *source = NULL;

    assert_int_equal(volume_open_directory(&volume, "."), 0);
    int r = volume_open(volume, path, id, &source);
    io_unref(source);
    return r;
}

static void test_links_are_not_followed(void **state)
{
    put_folder("in");
    put_file("in/file", "");
    assert_int_equal(symlink("/", "in/out"), 0);
    assert_int_equal(symlink("..", "in/up"), 0);
    assert_int_equal(symlink(".", "in/loop"), 0);
    assert_int_equal(symlink("nowhere", "in/nowhere"), 0);
    assert_int_equal(symlink("in/file", "to-file"), 0);
    expect_walk("D in\nF in/file\nL in/loop\nL in/nowhere\nL in/out\nL in/up\nL to-file\n");
    assert_int_equal(open_status("in/file", 0), 0);
    assert_int_equal(open_status("to-file", 0), -ELOOP);
    assert_int_equal(open_status("in/out/etc/passwd", 0), -ELOOP);
    assert_int_equal(open_status("in/loop/file", 0), -ELOOP);
}

static void test_what_is_no_file(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "socket"};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    assert_int_equal(mkfifo("fifo", 0666), 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    expect_walk("O fifo\nO socket\n");
    assert_int_equal(open_status("fifo", 0), -EOPNOTSUPP);
    assert_int_equal(open_status("socket", 0), -EOPNOTSUPP);
    close(fd);
}

static void test_devices(void **state)
{
    if (mknod("zero", S_IFCHR | 0666, makedev(1, 5)) < 0 ||
        mknod("disk", S_IFBLK | 0666, makedev(7, 250)) < 0) {
        print_message("skipped: no device nodes here\n");
        skip();
    }
    expect_walk("O disk\nO zero\n");
    assert_int_equal(open_status("zero", 0), -EOPNOTSUPP);
    assert_int_equal(open_status("disk", 0), -EOPNOTSUPP);
}

static void test_hard_links_once(void **state)
{
    put_folder("b");
    put_file("b/second", "x");
    put_file("other", "x");
    assert_int_equal(link("b/second", "z-third"), 0);
    assert_int_equal(link("b/second", "a-first"), 0);
    expect_walk("F a-first\nD b\nA b/second\nF other\nA z-third\n");
    assert_int_equal(open_status("z-third", 0), 0);
}

static void test_names_of_any_kind(void **state)
{
    char longest[NAME_MAX + 1];

    memset(longest, 'n', NAME_MAX);
    longest[NAME_MAX] = '\0';
    put_file("new\nline", "");
    put_file("bad\xFF\xC3", "");
    put_file("back\\slash", "");
    put_file(" ", "");
    put_file("...", "");
    put_file("日本.vhdx", "");
    put_folder("\x01");
    put_file("\x01/\x7F", "");
    put_file(longest, "");
    CLEANUP_FREE char *expected = string_printf("D \x01\nF \x01/\x7F\nF  \nF ...\nF back\\slash\n"
                                                "F bad\xFF\xC3\nF new\nline\nF %s\nF 日本.vhdx\n",
                                                longest);
    expect_walk(expected);
    assert_int_equal(open_status("\x01/\x7F", 0), 0);
    assert_int_equal(open_status("bad\xFF\xC3", 0), 0);
}

/* As many folders in one another, "d/d/d…", and a file in the last one. */
static void make_deep(size_t depth, const char *file)
{
    int here = open(".", O_RDONLY | O_DIRECTORY);

    assert_true(here >= 0);
    for (size_t i = 0; i < depth; i++) {
        put_folder("d");
        assert_int_equal(chdir("d"), 0);
    }
    put_file(file, "deep");
    assert_int_equal(fchdir(here), 0);
    close(here);
}

static char *deepest;
static uint64_t deepest_id;

static void remember_file(const struct volume_entry *entry)
{
    if (entry->type == VOLUME_FILE && strcmp(entry->name, "file") == 0) {
        deepest = strdup(entry->path);
        deepest_id = entry->id;
    }
}

static void test_ten_thousand_deep(void **state)
{
    CLEANUP(record) struct record record = {.during = remember_file};
    struct rlimit before, few;

    make_deep(10000, "file");
    put_file("d/z", "");
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    few = before;
    few.rlim_cur = 100; /* a level must not cost a descriptor */
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    walk(".", &record);
    assert_int_equal(record.entries, 10002);
    assert_int_equal(record.complaints, 0);
    assert_string_equal(strbuf_text(&record.last), "d/z"); /* met on the way back */
    assert_int_equal(strlen(deepest), 20004);
    assert_int_equal(open_status(deepest, deepest_id), 0);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    free(deepest);
}

static void test_too_deep_is_said(void **state)
{
    CLEANUP(record) struct record record = {{0}};

    make_deep(17000, "file");
    put_file("z", "");
    walk(".", &record);
    assert_int_equal(record.complaints, 1);
    assert_non_null(strstr(strbuf_text(&record.text), ": not entered: too deep\n"));
    assert_string_equal(strbuf_text(&record.last), "z");
}

/* More than two batches of names, with folders among them. */
static void test_large_folder(void **state)
{
    enum { NAMES = 70000, FOLDER_EVERY = 1000 };
    CLEANUP(record) struct record record = {{0}};
    char name[32];

    for (unsigned i = 0; i < NAMES; i++) {
        snprintf(name, sizeof(name), "%05u", i * 37 % NAMES); /* each once, in disorder */
        if (i % FOLDER_EVERY == 0) {
            put_folder(name);
            strcat(name, "/x");
        }
        assert_int_equal(mknod(name, S_IFREG | 0644, 0), 0);
    }
    walk(".", &record);
    assert_int_equal(record.entries, NAMES + NAMES / FOLDER_EVERY);
    assert_int_equal(record.complaints, 0);
}

static int unreadable_folders(void)
{
    CLEANUP(record) struct record record = {{0}};
    struct volume *volume;

    if (become_nobody() < 0)
        return CHILD_SKIPS;
    walk(".", &record);
    if (strcmp(strbuf_text(&record.text),
               "D a\n! a: can't be listed: Permission denied\nD b\nF b/file\nD c\n"
               "! c: can't be listed: Permission denied\nD d\nF d/file\n") != 0)
        return 1;
    if (volume_open_directory(&volume, "a") != -EACCES)
        return 2;
    return open_status("a/file", 0) == -EACCES && open_status("b/file", 0) == 0 ? 0 : 3;
}

static void test_unreadable_folders(void **state)
{
    static const char *const names[] = {"a", "b", "c", "d"};

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        put_folder(names[i]);
        CLEANUP_FREE char *file = string_printf("%s/file", names[i]);
        put_file(file, "");
    }
    assert_int_equal(chmod("a", 0), 0);    /* neither names nor files */
    assert_int_equal(chmod("b", 0755), 0); /* everything */
    assert_int_equal(chmod("c", geteuid() == 0 ? 0744 : 0400), 0); /* names, but no files */
    expect_child(unreadable_folders);
    assert_int_equal(chmod("a", 0755), 0);
    assert_int_equal(chmod("c", 0755), 0);
}

static struct timespec access_time(const char *path)
{
    struct stat s;

    assert_int_equal(lstat(path, &s), 0);
    return s.st_atim;
}

static void expect_old(const char *path)
{
    assert_int_equal(access_time(path).tv_sec, 1000000000);
}

static void read_it_all(const struct volume_entry *entry)
{
    CLEANUP(volume_close) struct volume *volume = NULL;
    io_source *source;
    char byte;

    if (entry->type != VOLUME_FILE)
        return;
    assert_int_equal(volume_open_directory(&volume, "."), 0);
    assert_int_equal(volume_open(volume, entry->path, entry->id, &source), 0);
    assert_int_equal(io_read(source, 0, &byte, 1), 0);
    io_unref(source);
}

/* Older than the last change: with relatime, any ordinary reading would renew it. */
static void test_access_times_stay(void **state)
{
    static const char *const names[] = {"folder/file", "folder/link", "folder", "control", "."};
    const struct timespec times[2] = {{1000000000, 0}, {0, UTIME_OMIT}};
    CLEANUP(record) struct record record = {.during = read_it_all};

    put_folder("folder");
    put_file("folder/file", "x");
    put_file("control", "x");
    assert_int_equal(symlink("file", "folder/link"), 0);
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        assert_int_equal(utimensat(AT_FDCWD, names[i], times, AT_SYMLINK_NOFOLLOW), 0);
    walk(".", &record);
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        expect_old(names[i]);

    char byte;
    int fd = open("control", O_RDONLY);
    assert_int_equal(read(fd, &byte, 1), 1);
    close(fd);
    if (access_time("control").tv_sec == 1000000000)
        print_message("note: this file system keeps no access times, so nothing was shown\n");
}

static void remove_what_follows(const struct volume_entry *entry)
{
    if (strcmp(entry->path, "a") != 0)
        return;
    assert_int_equal(unlink("b"), 0);
    assert_int_equal(unlink("c/x"), 0);
    assert_int_equal(rmdir("c"), 0);
    assert_int_equal(rmdir("d"), 0);
    put_file("d", ""); /* a folder when the names were read */
    put_file("e/new", "");
}

static void test_vanishing(void **state)
{
    CLEANUP(record) struct record record = {.during = remove_what_follows};

    put_file("a", "");
    put_file("b", "");
    put_folder("c");
    put_file("c/x", "");
    put_folder("d");
    put_folder("e");
    put_file("f", "");
    walk(".", &record);
    assert_string_equal(strbuf_text(&record.text),
                        "F a\nF d\n! d: can't be entered: Not a directory\nD e\nF e/new\nF f\n");
}

static uint64_t id_of_b;

static void take_id_of_b(const struct volume_entry *entry)
{
    if (strcmp(entry->path, "a/b") == 0)
        id_of_b = entry->id;
}

static void test_opening_what_changed(void **state)
{
    CLEANUP(record) struct record record = {.during = take_id_of_b};

    put_folder("a");
    put_file("a/b", "x");
    walk(".", &record);
    if (id_of_b == 0) {
        print_message("skipped: inode numbers don't last here\n");
        skip();
    }
    assert_int_equal(open_status("a/b", id_of_b), 0);
    assert_int_equal(unlink("a/b"), 0);
    assert_int_equal(open_status("a/b", id_of_b), -ENOENT);
    put_file("a/b", "y");
    assert_int_equal(open_status("a/b", id_of_b), -ESTALE);
    put_file("c", "z");
    assert_int_equal(rename("c", "a/b"), 0);
    assert_int_equal(open_status("a/b", id_of_b), -ESTALE);
    assert_int_equal(rename("a", "moved"), 0);
    assert_int_equal(open_status("a/b", id_of_b), -ENOENT);
    assert_int_equal(symlink("moved", "a"), 0);
    assert_int_equal(open_status("a/b", id_of_b), -ESTALE);
}

/* While the walk is deep enough to have closed the upper folders, they are moved: first one that
 * it can find again, then one that it can't. */
static void move_upper_folder(const struct volume_entry *entry)
{
    if (strcmp(entry->name, "file") == 0)
        assert_int_equal(rename("d/d", "away/d"), 0);
}

static void move_both_ends(const struct volume_entry *entry)
{
    if (strcmp(entry->name, "file") != 0)
        return;
    assert_int_equal(rename("d/d/d/d", "away/d"), 0);
    assert_int_equal(rename("d", "renamed"), 0);
}

static void test_moving_under_the_walk(void **state)
{
    CLEANUP(record) struct record record = {.during = move_upper_folder};

    make_deep(200, "file");
    put_folder("away");
    put_file("d/z", "");
    put_file("z", "");
    walk(".", &record);
    assert_int_equal(record.complaints, 0);
    assert_string_equal(strbuf_text(&record.last), "z");
    assert_non_null(strstr(strbuf_text(&record.text), "F d/z\nF z\n"));
}

static void test_moving_out_of_reach(void **state)
{
    CLEANUP(record) struct record record = {.during = move_both_ends};

    make_deep(200, "file");
    put_folder("away");
    put_file("d/d/z", "");
    put_file("z", "");
    walk(".", &record);
    assert_int_equal(record.complaints, 3); /* d/d/d, d/d and d */
    assert_non_null(strstr(strbuf_text(&record.text), "! d/d: was moved or replaced"));
    assert_null(strstr(strbuf_text(&record.text), "F d/d/z\n"));
    assert_string_equal(strbuf_text(&record.last), "z");
}

static int bind_mounts(void)
{
    CLEANUP(record) struct record record = {{0}};

    put_folder("a");
    put_folder("a/loop");
    put_folder("b");
    put_file("b/file", "");
    put_folder("c");
    put_folder("disk");
    put_folder("devices");
    put_folder("system");
    if (private_mounts() < 0 || mount(".", "a/loop", NULL, MS_BIND, NULL) < 0 ||
        mount("b", "c", NULL, MS_BIND, NULL) < 0 ||
        mount("none", "disk", "tmpfs", 0, "size=64k") < 0 ||
        mount("none", "devices", "devtmpfs", 0, NULL) < 0 ||
        mount("none", "system", "proc", 0, NULL) < 0)
        return CHILD_SKIPS;
    put_file("disk/file", "");
    walk(".", &record);
    return strcmp(strbuf_text(&record.text),
                  "D a\nD a/loop\n! a/loop: not entered: the same folder as one above it\n"
                  "D b\nF b/file\n"
                  "D c\n! c: not entered: the same folder as one that was listed before\n"
                  "D devices\n! devices: not entered: a special file system of the running system\n"
                  "D disk\nF disk/file\n"
                  "D system\n! system: not entered: a special file system of the running system\n");
}

static void test_mounts(void **state)
{
    expect_child(bind_mounts);
}

static void test_special_root(void **state)
{
    CLEANUP(record) struct record record = {{0}};

    walk("/proc", &record);
    assert_string_equal(strbuf_text(&record.text),
                        "! : not entered: a special file system of the running system\n");
}

/* What the sandbox leaves is all that a walk needs, and nothing beside the evidence. */
static int inside_the_sandbox(void)
{
    static const char *const readable[] = {"evidence"};
    CLEANUP(record) struct record record = {{0}};
    struct sandbox_state state;
    struct volume *volume = NULL;

    put_folder("evidence");
    put_folder("evidence/folder");
    put_file("evidence/folder/file", "");
    put_folder("beside");
    sandbox_enter(readable, 1, &state);
    walk("evidence", &record);
    if (strcmp(strbuf_text(&record.text), "D folder\nF folder/file\n") != 0)
        return 1;
    int r = volume_open_directory(&volume, "beside");
    volume_close(volume);
    if (state.landlock && r != -EACCES)
        return 2;
    volume = NULL;
    io_source *source = NULL;
    if (volume_open_directory(&volume, "evidence") < 0 ||
        volume_open(volume, "folder/file", 0, &source) < 0)
        return 3;
    io_unref(source);
    volume_close(volume);
    return 0;
}

static void test_inside_the_sandbox(void **state)
{
    expect_child(inside_the_sandbox);
}

static int end_at_second(void *user, const struct volume_entry *entry)
{
    return ++*(int *)user == 2 ? -ECANCELED : 0;
}

static void test_visitor_ends_the_walk(void **state)
{
    CLEANUP(volume_close) struct volume *volume = NULL;
    int entries = 0;

    make_deep(3, "file");
    assert_int_equal(volume_open_directory(&volume, "."), 0);
    assert_int_equal(volume_walk(volume, end_at_second, NULL, &entries), -ECANCELED);
    assert_int_equal(entries, 2);
    assert_int_equal(volume_walk(volume, end_at_second, NULL, &entries), 0); /* once more */
    assert_int_equal(entries, 6);
}

static void test_one_file(void **state)
{
    CLEANUP(volume_close) struct volume *volume = NULL;
    CLEANUP(record) struct record record = {{0}};
    io_source *source;

    put_folder("folder");
    put_file("folder/a.vhdx", "content");
    put_file("folder/b.vhdx", "");
    assert_int_equal(symlink("folder/a.vhdx", "link"), 0);
    assert_int_equal(mkfifo("fifo", 0644), 0);
    assert_int_equal(volume_open_file(&volume, "missing"), -ENOENT);
    assert_int_equal(volume_open_file(&volume, "folder"), -EISDIR);
    assert_int_equal(volume_open_file(&volume, "fifo"), -EOPNOTSUPP);
    assert_int_equal(volume_open_file(&volume, "/dev/null"), -EOPNOTSUPP);

    assert_int_equal(volume_open_file(&volume, "link"), 0);
    CLEANUP_FREE char *root = string_printf("%s/folder/", (char *)*state);
    assert_string_equal(volume->display_root, root);
    assert_int_equal(volume_walk(volume, on_entry, on_complaint, &record), 0);
    assert_string_equal(strbuf_text(&record.text), "F a.vhdx\n");
    assert_int_equal(volume_open(volume, "a.vhdx", 0, &source), 0);
    assert_int_equal(io_size(source), 7);
    io_unref(source);
    assert_int_equal(volume_open(volume, "b.vhdx", 0, &source), -ENOENT);
}

struct opening {
    struct volume *volume;
    atomic_size_t opened;
};

static void open_one(void *user, size_t index)
{
    struct opening *opening = user;
    io_source *source;
    char path[32];

    snprintf(path, sizeof(path), "folder/%zu", index);
    if (volume_open(opening->volume, path, 0, &source) == 0) {
        if (io_size(source) == index)
            atomic_fetch_add(&opening->opened, 1);
        io_unref(source);
    }
}

static void test_opening_from_several_threads(void **state)
{
    struct opening opening = {0};
    char path[32];

    put_folder("folder");
    for (size_t i = 0; i < 200; i++) {
        snprintf(path, sizeof(path), "folder/%zu", i);
        put_file(path, "");
        assert_int_equal(truncate(path, (off_t)i), 0);
    }
    assert_int_equal(volume_open_directory(&opening.volume, "."), 0);
    assert_int_equal(parallel_for(200, 8, open_one, &opening), 0);
    assert_int_equal(opening.opened, 200);
    volume_close(opening.volume);
}

#define on_files(test) cmocka_unit_test_setup_teardown(test, temporary_enter, temporary_leave)
#define on_many_files(test)                                                                        \
    cmocka_unit_test_setup_teardown(test, temporary_enter_memory, temporary_leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        on_files(test_order_is_that_of_whole_paths),
        on_files(test_facts_of_an_entry),
        on_files(test_roots_that_are_none),
        on_files(test_links_are_not_followed),
        on_files(test_what_is_no_file),
        on_files(test_devices),
        on_files(test_hard_links_once),
        on_files(test_names_of_any_kind),
        on_many_files(test_ten_thousand_deep),
        on_many_files(test_too_deep_is_said),
        on_many_files(test_large_folder),
        on_files(test_unreadable_folders),
        on_files(test_access_times_stay),
        on_files(test_vanishing),
        on_files(test_opening_what_changed),
        on_files(test_moving_under_the_walk),
        on_files(test_moving_out_of_reach),
        on_files(test_mounts),
        on_files(test_special_root),
        on_files(test_inside_the_sandbox),
        on_files(test_visitor_ends_the_walk),
        on_files(test_one_file),
        on_files(test_opening_from_several_threads),
    };

    return cmocka_run_group_tests_name("volume-directory", tests, NULL, NULL);
}

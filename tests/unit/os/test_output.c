/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* The report must not be written into the evidence, however its path is disguised. */
#include "../testing.h"
#include "../temporary.h"

#include "base/cleanup.h"
#include "os/os_file.h"

#include <sys/sysmacros.h>

static const char *const evidence[] = {"evidence", "single"};

static int output_status(const char *path)
{
    int fd = -1;
    int r = os_output_open(path, evidence, 2, &fd);

    if (fd >= 0)
        close(fd);
    return r;
}

static int set_up(void **state)
{
    if (temporary_enter(state) < 0)
        return -1;
    put_folder("evidence");
    put_folder("evidence/sub");
    put_file("evidence/disk", "data");
    put_file("single", "data");
    put_folder("outside");
    return 0;
}

static void expect_untouched(const char *path)
{
    char text[8] = "";
    FILE *file = fopen(path, "r");

    assert_non_null(file);
    assert_int_equal(fread(text, 1, sizeof(text), file), 4);
    assert_string_equal(text, "data");
    fclose(file);
}

static void test_allowed(void **state)
{
    int fd;

    put_file("outside/old", "long text of last time");
    assert_int_equal(output_status("outside/new"), 0);
    assert_int_equal(output_status("beside"), 0);
    assert_int_equal(output_status("evidence-report"), 0); /* begins like the evidence */
    assert_int_equal(symlink("old", "outside/link"), 0);
    assert_int_equal(os_output_open("outside/link", evidence, 2, &fd), 0);
    assert_int_equal(write(fd, "new", 3), 3);
    close(fd);

    struct stat s;
    assert_int_equal(stat("outside/old", &s), 0);
    assert_int_equal(s.st_size, 3);
    assert_int_equal(output_status("/dev/null"), 0);
    assert_int_equal(os_output_open("evidence/sub/x", NULL, 0, &fd), 0); /* there is no evidence */
    close(fd);
}

static void test_plain_refusals(void **state)
{
    assert_int_equal(output_status(""), -ENOENT);
    assert_int_equal(output_status("outside"), -EISDIR);
    assert_int_equal(output_status("outside/"), -EISDIR);
    assert_int_equal(output_status("outside/.."), -EISDIR);
    assert_int_equal(output_status("missing/report"), -ENOENT);
    if (mknod("disk", S_IFBLK | 0600, makedev(7, 250)) == 0)
        assert_int_equal(output_status("disk"), -EPERM);
}

static void test_refused_inside(void **state)
{
    CLEANUP_FREE char *absolute = string_printf("%s/evidence/new", (char *)*state);
    CLEANUP_FREE char *climbing = string_printf("outside/../../%s/evidence/new",
                                                strrchr(*state, '/') + 1);

    assert_int_equal(symlink("../evidence/sub", "outside/to-folder"), 0);
    assert_int_equal(symlink("../evidence/disk", "outside/to-file"), 0);
    assert_int_equal(symlink("../evidence/new", "outside/to-nothing"), 0);
    assert_int_equal(symlink("to-file", "outside/to-link"), 0);
    assert_int_equal(symlink("../single", "outside/to-single"), 0);
    assert_int_equal(symlink("../outside", "evidence/way-out"), 0);

    const char *const refused[] = {
        "evidence/new",
        "evidence/disk",
        "./evidence/./sub/../new",
        "evidence/sub/new",
        absolute,
        climbing,
        "outside/to-folder/new",
        "outside/to-folder/../new",
        "outside/to-file",
        "outside/to-link",
        "outside/to-single",
        "single",
    };
    for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
        int r = output_status(refused[i]);
        if (r != -EPERM)
            print_error("%s: %d\n", refused[i], r);
        assert_int_equal(r, -EPERM);
    }
    assert_int_equal(output_status("outside/to-nothing"), -ENOENT);
    /* A link inside the evidence that leads out of it names a place outside. */
    assert_int_equal(output_status("evidence/way-out/report"), 0);

    expect_untouched("evidence/disk");
    expect_untouched("single");
    assert_int_equal(access("evidence/new", F_OK), -1);
    assert_int_equal(access("evidence/sub/new", F_OK), -1);
}

static void test_hard_links_refused(void **state)
{
    assert_int_equal(link("evidence/disk", "outside/report"), 0);
    assert_int_equal(output_status("outside/report"), -EPERM);
    expect_untouched("evidence/disk");
}

static void test_evidence_named_through_a_link(void **state)
{
    static const char *const named[] = {"outside/name"};
    int fd;

    assert_int_equal(symlink("../evidence", "outside/name"), 0);
    assert_int_equal(os_output_open("evidence/sub/new", named, 1, &fd), -EPERM);
    assert_int_equal(os_output_open("outside/new", named, 1, &fd), 0);
    close(fd);
}

static int bind(const char *from, const char *to)
{
    return mount(from, to, NULL, MS_BIND, NULL);
}

/* The evidence, a part of it, one file of it, and what is mounted below it, seen elsewhere. */
static int through_bind_mounts(void)
{
    put_folder("all");
    put_folder("part of it");
    put_folder("other");
    put_folder("shown");
    put_file("report", "");
    if (private_mounts() < 0 || bind("evidence", "all") < 0 || bind("evidence/sub", "part of it") < 0 ||
        bind("evidence/disk", "report") < 0 || mount("none", "other", "tmpfs", 0, "size=64k") < 0)
        return CHILD_SKIPS;
    put_folder("other/deep");
    put_folder("evidence/mounted");
    if (bind("other/deep", "evidence/mounted") < 0 || bind("other", "shown") < 0)
        return CHILD_SKIPS;
    if (output_status("all/new") != -EPERM)
        return 1;
    if (output_status("all/sub/new") != -EPERM)
        return 2;
    if (output_status("part of it/new") != -EPERM)
        return 3;
    if (output_status("report") != -EPERM)
        return 4;
    if (output_status("evidence/mounted/new") != -EPERM)
        return 5;
    if (output_status("other/deep/new") != -EPERM || output_status("shown/deep/new") != -EPERM)
        return 6;
    if (output_status("other/new") != 0) /* beside the part that is evidence */
        return 7;
    return output_status("outside/new") == 0 ? 0 : 8;
}

static void test_bind_mounts(void **state)
{
    expect_child(through_bind_mounts);
    expect_untouched("evidence/disk");
}

#define on_files(test) cmocka_unit_test_setup_teardown(test, set_up, temporary_leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        on_files(test_allowed),
        on_files(test_plain_refusals),
        on_files(test_refused_inside),
        on_files(test_hard_links_refused),
        on_files(test_evidence_named_through_a_link),
        on_files(test_bind_mounts),
    };

    return cmocka_run_group_tests_name("os-output", tests, NULL, NULL);
}

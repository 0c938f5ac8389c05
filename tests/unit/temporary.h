/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * Tests on real files: temporary_enter() as a test's setup makes an empty folder and goes there,
 * temporary_leave() as its teardown removes it with all that is in it. Include after testing.h.
 */
#ifndef TESTS_TEMPORARY_H
#define TESTS_TEMPORARY_H

#include "base/strbuf.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static inline int temporary_enter_in(const char *base, void **state)
{
    char *path = string_printf("%s/hvchain-test-XXXXXX", base);

    *state = path;
    return path && mkdtemp(path) && chmod(path, 0755) == 0 && chdir(path) == 0 ? 0 : -1;
}

static inline int temporary_enter(void **state)
{
    const char *base = getenv("TMPDIR");

    return temporary_enter_in(base && *base ? base : "/tmp", state);
}

/* In memory if possible, for tests that make ten thousands of files and folders. */
static inline int temporary_enter_memory(void **state)
{
    return access("/dev/shm", W_OK | X_OK) == 0 ? temporary_enter_in("/dev/shm", state)
                                                : temporary_enter(state);
}

static inline int temporary_leave(void **state)
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        execlp("rm", "rm", "-rf", "--", (char *)*state, (char *)NULL);
        _exit(127);
    }
    free(*state);
    *state = NULL;
    return chdir("/") == 0 && pid > 0 && waitpid(pid, &status, 0) == pid && status == 0 ? 0 : -1;
}

static inline void put_file(const char *path, const char *content)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(content, 1, strlen(content), file), strlen(content));
    assert_int_equal(fclose(file), 0);
}

static inline void put_folder(const char *path)
{
    assert_int_equal(mkdir(path, 0755), 0);
}

/* Runs fn in a process of its own, which may give up rights. Its result, 0 … 255. */
static inline int in_child(int (*fn)(void))
{
    int status;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0)
        _exit(fn());
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* What a child returns when it can't do its test here. */
#define CHILD_SKIPS 77

#define expect_child(fn)                                                                           \
    do {                                                                                           \
        int result_ = in_child(fn);                                                                \
        if (result_ == CHILD_SKIPS) {                                                              \
            print_message("skipped: %s is not possible here\n", #fn);                              \
            skip();                                                                                \
        }                                                                                          \
        assert_int_equal(result_, 0);                                                              \
    } while (0)

/* In a child: from here on nobody in particular, without privileges. */
static inline int become_nobody(void)
{
    if (geteuid() != 0)
        return 0;
    return setgroups(0, NULL) == 0 && setgid(65534) == 0 && setuid(65534) == 0 ? 0 : -1;
}

/* In a child: from here on mounts are its own. */
static inline int private_mounts(void)
{
    return unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 ? 0
                                                                                               : -1;
}

#endif

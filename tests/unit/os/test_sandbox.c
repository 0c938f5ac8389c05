/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Every check runs in a child, since there is no way back out of a sandbox. */
#include "../testing.h"

#include "base/checked.h"
#include "os/sandbox.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char inside[4096], outside[4096], inner_file[8192], outer_file[8192], new_file[8192];
static int open_before = -1; /* for writing */

static void write_file(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, "text", 4), 4);
    close(fd);
}

static int make_files(void **state)
{
    const char *build = getenv("HVCHAIN_BUILD");

    snprintf(inside, sizeof(inside), "%s/sandbox-XXXXXX", build ? build : "/tmp");
    snprintf(outside, sizeof(outside), "%s/sandbox-XXXXXX", build ? build : "/tmp");
    if (!mkdtemp(inside) || !mkdtemp(outside))
        return -1;
    snprintf(inner_file, sizeof(inner_file), "%s/file", inside);
    snprintf(outer_file, sizeof(outer_file), "%s/file", outside);
    snprintf(new_file, sizeof(new_file), "%s/new", inside);
    write_file(inner_file);
    write_file(outer_file);
    open_before = open(outer_file, O_WRONLY | O_APPEND | O_CLOEXEC);
    return open_before < 0;
}

static int remove_files(void **state)
{
    close(open_before);
    unlink(new_file); /* when a check failed */
    return unlink(inner_file) | unlink(outer_file) | rmdir(inside) | rmdir(outside);
}

/* Enters the sandbox in a child, with `inside` readable, and runs the check there: what it
 * returns is 0 when all is well, else the number of the line that was not. */
static int in_sandbox(int (*check)(const struct sandbox_state *))
{
    int status;
    pid_t child = fork();

    if (child == 0) {
        const char *readable[] = {inside, "/nowhere/at/all"};
        struct sandbox_state state;
        sandbox_enter(readable, ARRAY_SIZE(readable), &state);
        int line = check(&state);
        if (line > 0)
            fprintf(stderr, "the check in line %d failed in the sandbox\n", line);
        _exit(line > 0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition))                                                                          \
            return __LINE__;                                                                       \
    } while (0)
/* Refused for want of a right, whichever of the two said so. */
#define REFUSED(call) ((call) < 0 && (errno == EPERM || errno == EACCES))

static int check_reading(const struct sandbox_state *state)
{
    char text[8];
    int fd = open(inner_file, O_RDONLY);
    DIR *folder = opendir(inside);

    REQUIRE(fd >= 0 && read(fd, text, sizeof(text)) == 4);
    REQUIRE(folder && readdir(folder));
    close(fd);
    closedir(folder);
    if (state->landlock) {
        REQUIRE(REFUSED(open(outer_file, O_RDONLY)));
        REQUIRE(REFUSED(open("/etc/passwd", O_RDONLY)));
        REQUIRE(REFUSED(open(outside, O_RDONLY | O_DIRECTORY)));
    }
    return 0;
}

static int check_writing(const struct sandbox_state *state)
{
    REQUIRE(REFUSED(open(inner_file, O_WRONLY)));
    REQUIRE(REFUSED(open(inner_file, O_RDWR)));
    REQUIRE(REFUSED(open(inner_file, O_RDONLY | O_TRUNC)));
    REQUIRE(REFUSED(open(outer_file, O_WRONLY)));
    REQUIRE(REFUSED(open(new_file, O_WRONLY | O_CREAT, 0600)));
    REQUIRE(REFUSED(open(inside, O_TMPFILE | O_RDWR, 0600)));
    REQUIRE(REFUSED(creat(new_file, 0600)));
    REQUIRE(REFUSED(truncate(inner_file, 0)));
    REQUIRE(REFUSED(unlink(inner_file)));
    REQUIRE(REFUSED(rename(inner_file, new_file)));
    REQUIRE(REFUSED(link(inner_file, new_file)));
    REQUIRE(REFUSED(symlink(inner_file, new_file)));
    REQUIRE(REFUSED(mkdir(new_file, 0700)));
    REQUIRE(REFUSED(mknod(new_file, S_IFIFO | 0600, 0)));
    return 0;
}

/* Seccomp's part: Landlock does not know these. */
static int check_attributes(const struct sandbox_state *state)
{
    int fd = open(inner_file, O_RDONLY), flags = 0;

    if (!state->seccomp)
        return 0;
    REQUIRE(fd >= 0);
    REQUIRE(REFUSED(chmod(inner_file, 0600)));
    REQUIRE(REFUSED(fchmod(fd, 0600)));
    REQUIRE(REFUSED(chown(inner_file, getuid(), getgid())));
    REQUIRE(REFUSED(utimensat(AT_FDCWD, inner_file, NULL, 0)));
    REQUIRE(REFUSED(futimens(fd, NULL)));
    REQUIRE(REFUSED(ioctl(fd, FS_IOC_SETFLAGS, &flags)));
    REQUIRE(REFUSED(mount("none", inside, "tmpfs", 0, NULL)));
    close(fd);
    return 0;
}

static int check_processes_and_network(const struct sandbox_state *state)
{
    REQUIRE(REFUSED(execl("/bin/true", "true", (char *)NULL)));
    if (!state->seccomp)
        return 0;
    REQUIRE(REFUSED(fork()));
    REQUIRE(REFUSED(vfork()));
    REQUIRE(REFUSED(socket(AF_INET, SOCK_STREAM, 0)));
    REQUIRE(REFUSED(socket(AF_UNIX, SOCK_STREAM, 0)));
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(9)};
    REQUIRE(REFUSED(connect(0, (struct sockaddr *)&address, sizeof(address))));
    return 0;
}

static void *answer(void *argument)
{
    *(int *)argument = 42;
    return argument;
}

static int check_what_stays(const struct sandbox_state *state)
{
    pthread_t threads[4];
    int answers[ARRAY_SIZE(threads)] = {0};

    for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
        REQUIRE(pthread_create(&threads[i], NULL, answer, &answers[i]) == 0);
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
        REQUIRE(pthread_join(threads[i], NULL) == 0 && answers[i] == 42);
    REQUIRE(write(open_before, "more", 4) == 4);
    void *memory = malloc(64 * MIB);
    REQUIRE(memory);
    free(memory);
    return 0;
}

/* What is true in a thread must be true for those who come later, too. */
static void *check_in_thread(void *state)
{
    return (void *)(intptr_t)(check_writing(state) || check_reading(state));
}

static int check_threads_are_inside(const struct sandbox_state *state)
{
    pthread_t thread;
    void *result;

    REQUIRE(pthread_create(&thread, NULL, check_in_thread, (void *)(uintptr_t)state) == 0);
    REQUIRE(pthread_join(thread, &result) == 0 && !result);
    return 0;
}

static int give_up_root(void)
{
    return getuid() == 0 ? setgid(65534) | setuid(65534) : 0;
}


static void test_reading(void **state)
{
    assert_int_equal(in_sandbox(check_reading), 0);
}

static void test_writing(void **state)
{
    struct stat before, after;

    assert_int_equal(stat(inner_file, &before), 0);
    assert_int_equal(in_sandbox(check_writing), 0);
    assert_int_equal(stat(inner_file, &after), 0);
    assert_int_equal(after.st_size, 4);
    assert_int_equal(after.st_mtim.tv_nsec, before.st_mtim.tv_nsec);
}

static void test_attributes(void **state)
{
    assert_int_equal(in_sandbox(check_attributes), 0);
}

static void test_processes_and_network(void **state)
{
    assert_int_equal(in_sandbox(check_processes_and_network), 0);
}

static void test_what_stays(void **state)
{
    struct stat status;

    assert_int_equal(in_sandbox(check_what_stays), 0);
    assert_int_equal(stat(outer_file, &status), 0);
    assert_int_equal(status.st_size, 8);
}

static void test_threads_are_inside(void **state)
{
    assert_int_equal(in_sandbox(check_threads_are_inside), 0);
}

/* Root and nobody get the same sandbox. */
static void test_unprivileged(void **state)
{
    struct sandbox_state both[2];

    for (int i = 0; i < 2; i++) {
        int fds[2], status;
        assert_int_equal(pipe(fds), 0);
        pid_t child = fork();
        if (child == 0) {
            struct sandbox_state mine = {0};
            if (i == 1 && give_up_root() != 0)
                _exit(1);
            sandbox_enter(NULL, 0, &mine);
            _exit(write(fds[1], &mine, sizeof(mine)) != sizeof(mine));
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
        assert_int_equal(read(fds[0], &both[i], sizeof(both[i])), sizeof(both[i]));
        close(fds[0]);
        close(fds[1]);
    }
    assert_int_equal(both[0].landlock, both[1].landlock);
    assert_int_equal(both[0].seccomp, both[1].seccomp);
    print_message("here: landlock %d, seccomp %d\n", both[0].landlock, both[0].seccomp);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reading),
        cmocka_unit_test(test_writing),
        cmocka_unit_test(test_attributes),
        cmocka_unit_test(test_processes_and_network),
        cmocka_unit_test(test_what_stays),
        cmocka_unit_test(test_threads_are_inside),
        cmocka_unit_test(test_unprivileged),
    };

    return cmocka_run_group_tests_name("sandbox", tests, make_files, remove_files);
}

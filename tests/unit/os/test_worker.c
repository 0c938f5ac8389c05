/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "../group_workers.h"
#include "../testing.h"

#include "base/checked.h"
#include "os/sandbox.h"
#include "os/sanitized.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LONG_TIME  120000 /* ms: never reached */
#define SHORT_TIME 200    /* ms: always reached, by workers that never end */

static struct worker_job job_of(const char *behaviour, io_source *const *sources, size_t count)
{
    return (struct worker_job){
        .name = "test",
        .sources = sources,
        .source_count = count,
        .parameters = behaviour,
        .parameters_size = strlen(behaviour),
        .timeout_ms = LONG_TIME,
    };
}

static int64_t run_for(struct workers *workers, const char *behaviour, unsigned timeout_ms)
{
    uint64_t reply;
    io_source *source = io_memory_new("abc", 3);
    struct worker_job job = job_of(behaviour, &source, 1);

    job.timeout_ms = timeout_ms;
    int64_t n = workers_run(workers, &job, &reply, sizeof(reply));
    io_unref(source);
    return n;
}

static uint64_t ask_number(struct workers *workers, const char *behaviour)
{
    uint64_t number = 0;
    struct worker_job job = job_of(behaviour, NULL, 0);

    assert_int_equal(workers_run(workers, &job, &number, sizeof(number)), sizeof(number));
    return number;
}

static bool is_gone(uint64_t pid)
{
    return kill((pid_t)pid, 0) < 0 && errno == ESRCH;
}

static void test_echo(void **state)
{
    char reply[64];
    struct worker_job job = job_of("hello", NULL, 0);

    assert_int_equal(workers_run(*state, &job, reply, sizeof(reply)), 5);
    assert_memory_equal(reply, "hello", 5);
}

static io_source *pattern(size_t size, uint64_t *sum)
{
    uint8_t *bytes = malloc(size);

    for (size_t i = 0; i < size; i++) {
        bytes[i] = (uint8_t)(i * 31 + i / 4096);
        *sum += bytes[i];
    }
    io_source *source = io_memory_new(bytes, size);
    free(bytes);
    return source;
}

static void test_reads_sources(void **state)
{
    uint64_t expected = 0, sum = 0;
    io_source *sources[] = {pattern(5 * MIB + 123, &expected), pattern(0, &expected),
                            pattern(4096, &expected)};
    struct worker_job job = job_of("sum", sources, ARRAY_SIZE(sources));

    assert_int_equal(workers_run(*state, &job, &sum, sizeof(sum)), sizeof(sum));
    assert_int_equal(sum, expected);
    for (size_t i = 0; i < ARRAY_SIZE(sources); i++)
        io_unref(sources[i]);
}

static int64_t broken_read(void *self, uint64_t offset, void *buffer, size_t length)
{
    return -EIO;
}

static void test_source_error_reaches_worker(void **state)
{
    static const struct io_ops ops = {broken_read, NULL};
    io_source *source = io_source_new(&ops, NULL, 4096);
    struct worker_job job = job_of("sum", &source, 1);
    uint64_t sum;

    assert_int_equal(workers_run(*state, &job, &sum, sizeof(sum)), -EIO);
    io_unref(source);
}

static void test_worker_is_used_again(void **state)
{
    uint64_t pid = ask_number(*state, "pid");

    assert_int_equal(run_for(*state, "refuse", LONG_TIME), -EBADMSG);
    assert_int_equal(ask_number(*state, "pid"), pid);
}

static void test_worker_retires(void **state)
{
    uint64_t first = ask_number(*state, "pid");

    for (int i = 0; i < 1000 && ask_number(*state, "pid") == first; i++)
        ;
    assert_int_not_equal(ask_number(*state, "pid"), first);
    assert_true(is_gone(first));
}

static void test_no_such_program(void **state)
{
    struct worker_job job = job_of("x", NULL, 0);

    job.name = "nobody";
    assert_int_equal(workers_run(*state, &job, NULL, 0), -ENOENT);
    job.name = "../test";
    assert_int_equal(workers_run(*state, &job, NULL, 0), -EINVAL);
    job.name = "a-name-that-is-much-too-long-for-a-program";
    assert_int_equal(workers_run(*state, &job, NULL, 0), -EINVAL);
    job.name = "";
    assert_int_equal(workers_run(*state, &job, NULL, 0), -EINVAL);
}

static void test_too_big_a_job(void **state)
{
    struct worker_job job = job_of("x", NULL, 0);

    job.parameters_size = WORKER_PARAMETERS_MAX + 1;
    assert_int_equal(workers_run(*state, &job, NULL, 0), -EINVAL);
    ask_number(*state, "pid");
}

/* Each way to fail costs that worker and no other job. */
static void test_broken_workers_are_replaced(void **state)
{
    static const struct {
        const char *behaviour;
        unsigned timeout_ms;
        int64_t result;
    } cases[] = {
        {"sleep", SHORT_TIME, -ETIMEDOUT},
        {"ask-for-ever", SHORT_TIME, -ETIMEDOUT},
        {"die", LONG_TIME, -EPIPE},
        {"half-a-message", LONG_TIME, -EPIPE},
        {"nonsense", LONG_TIME, -EPROTO},
        {"read-too-much", LONG_TIME, -EPROTO},
        {"read-before-start", LONG_TIME, -EPROTO},
        {"read-unknown-source", LONG_TIME, -EPROTO},
        {"long-reply", LONG_TIME, -EPROTO},
        {"claim-bytes", LONG_TIME, -EPROTO},
        {"claim-error", LONG_TIME, -EPROTO},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        uint64_t pid = ask_number(*state, "pid");
        assert_int_equal(run_for(*state, cases[i].behaviour, cases[i].timeout_ms),
                         cases[i].result);
        assert_true(is_gone(pid));
        assert_int_not_equal(ask_number(*state, "pid"), pid);
    }
}

static void test_worker_that_died_idle(void **state)
{
    uint64_t pid = ask_number(*state, "pid");

    kill((pid_t)pid, SIGKILL);
    while (!is_gone(pid)) /* the spawner waits for it */
        nanosleep(&(struct timespec){0, 1000000}, NULL);
    assert_int_not_equal(ask_number(*state, "pid"), pid);
}

/* What it says before it is asked is no answer to the next job. */
static void test_speaks_out_of_turn(void **state)
{
    uint64_t pid = ask_number(*state, "pid");

    assert_int_equal(run_for(*state, "speak-out-of-turn", LONG_TIME), 0);
    assert_int_not_equal(ask_number(*state, "pid"), pid);
    assert_true(is_gone(pid));
}

static void test_memory_is_limited(void **state)
{
    if (BUILT_SANITIZED) {
        print_message("a sanitizer needs the address space: no limit to test\n");
        skip();
    }
    assert_int_equal(run_for(*state, "eat", LONG_TIME), -ENOMEM);
}

static void test_worker_cannot_escape(void **state)
{
    int64_t results[16];
    struct worker_job job = job_of("escape", NULL, 0);
    int64_t n = workers_run(*state, &job, results, sizeof(results));

    assert_int_equal(n, 9 * sizeof(results[0]));
    for (size_t i = 0; i < 9; i++)
        assert_int_equal(results[i], EPERM);
}

static void test_no_descriptors_are_inherited(void **state)
{
    uint64_t standard_and_socket = 0xF;

    assert_int_equal(ask_number(*state, "descriptors"), standard_and_socket);
}

static void *many_jobs(void *workers)
{
    for (int i = 0; i < 30; i++) {
        uint64_t expected = 0, sum = 0;
        io_source *source = pattern((size_t)(1 + i * 5000), &expected);
        struct worker_job job = job_of("sum", &source, 1);
        if (i % 10 == 9)
            job = job_of("die", NULL, 0);
        int64_t n = workers_run(workers, &job, &sum, sizeof(sum));
        io_unref(source);
        if (i % 10 == 9 ? n != -EPIPE : n != sizeof(sum) || sum != expected)
            return (void *)(intptr_t)1;
    }
    return NULL;
}

static void test_many_threads(void **state)
{
    pthread_t threads[8];
    void *result;

    for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, many_jobs, *state), 0);
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++) {
        assert_int_equal(pthread_join(threads[i], &result), 0);
        assert_null(result);
    }
}

static void test_stop_ends_all(void **state)
{
    struct workers *workers;

    assert_int_equal(workers_start(&workers), 0);
    uint64_t pid = ask_number(workers, "pid");
    workers_stop(workers);
    assert_true(is_gone(pid));
    assert_int_equal(waitpid(-1, NULL, WNOHANG), 0); /* only the group's own spawner is left */
    workers_stop(NULL);
}

static void test_workers_die_with_us(void **state)
{
    int fds[2];
    uint64_t pid;

    assert_int_equal(pipe(fds), 0);
    pid_t child = fork();
    if (child == 0) {
        struct workers *workers;
        if (workers_start(&workers) == 0)
            pid = ask_number(workers, "pid");
        if (write(fds[1], &pid, sizeof(pid)) != sizeof(pid))
            _exit(1);
        pause();
    }
    assert_int_equal(read(fds[0], &pid, sizeof(pid)), sizeof(pid));
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    while (!is_gone(pid))
        nanosleep(&(struct timespec){0, 1000000}, NULL);
    close(fds[0]);
    close(fds[1]);
}

/* Decoded sources. */

static void check_turned_over(io_source *decoded, io_source *plain, uint64_t offset, size_t length)
{
    uint8_t *a = malloc(length), *b = malloc(length);

    assert_int_equal(io_read(decoded, offset, a, length), 0);
    assert_int_equal(io_read(plain, offset, b, length), 0);
    for (size_t i = 0; i < length; i++)
        a[i] ^= 0xFF;
    assert_memory_equal(a, b, length);
    free(a);
    free(b);
}

static void test_decoded_source(void **state)
{
    uint64_t sum = 0;
    io_source *plain = pattern(3 * MIB + 5, &sum), *decoded, *twice;
    struct worker_job job = job_of("turn", &plain, 1);

    assert_int_equal(workers_open_source(*state, &job, &decoded), 0);
    assert_int_equal(io_size(decoded), 3 * MIB + 5);
    check_turned_over(decoded, plain, 0, 3 * MIB + 5);
    check_turned_over(decoded, plain, MIB - 3, 77);

    /* A worker may read what another one decodes. */
    job = job_of("turn", &decoded, 1);
    assert_int_equal(workers_open_source(*state, &job, &twice), 0);
    io_unref(plain);
    check_turned_over(twice, decoded, 12345, 2 * MIB);
    io_unref(twice);
    io_unref(decoded);
}

static void test_decoded_source_refused(void **state)
{
    io_source *plain = io_memory_new("abc", 3), *decoded;
    struct worker_job job = job_of("refuse", &plain, 1);

    assert_int_equal(workers_open_source(*state, &job, &decoded), -EBADMSG);
    assert_null(decoded);
    job = job_of("sleep", &plain, 1);
    job.timeout_ms = SHORT_TIME;
    assert_int_equal(workers_open_source(*state, &job, &decoded), -ETIMEDOUT);
    assert_null(decoded);
    job.name = "nobody";
    assert_int_equal(workers_open_source(*state, &job, &decoded), -ENOENT);
    io_unref(plain);
}

static void test_decoded_source_outlives_its_worker(void **state)
{
    uint64_t sum = 0;
    io_source *plain = pattern(3 * MIB, &sum), *decoded;
    struct worker_job job = job_of("trap", &plain, 1);
    uint8_t byte;

    job.timeout_ms = 3000; /* the trap hangs for ever, the rest takes no time */
    assert_int_equal(workers_open_source(*state, &job, &decoded), 0);
    check_turned_over(decoded, plain, 0, 4096);
    assert_int_equal(io_read(decoded, MIB, &byte, 1), -ETIMEDOUT);
    check_turned_over(decoded, plain, 2 * MIB, MIB);
    io_unref(decoded);
    io_unref(plain);
}

/* In a process of its own, since there is no way back out of a sandbox. */
static void test_workers_start_from_within_the_sandbox(void **state)
{
    pid_t child = fork();
    int status;

    if (child == 0) {
        struct sandbox_state sandbox;
        struct workers *workers;
        if (workers_start(&workers) < 0)
            _exit(1);
        sandbox_enter(NULL, 0, &sandbox);
        bool works = ask_number(workers, "pid") > 0 &&
                     run_for(workers, "sleep", SHORT_TIME) == -ETIMEDOUT &&
                     ask_number(workers, "pid") > 0;
        workers_stop(workers);
        _exit(works ? 0 : 2);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_echo),
        cmocka_unit_test(test_reads_sources),
        cmocka_unit_test(test_source_error_reaches_worker),
        cmocka_unit_test(test_worker_is_used_again),
        cmocka_unit_test(test_worker_retires),
        cmocka_unit_test(test_no_such_program),
        cmocka_unit_test(test_too_big_a_job),
        cmocka_unit_test(test_broken_workers_are_replaced),
        cmocka_unit_test(test_worker_that_died_idle),
        cmocka_unit_test(test_speaks_out_of_turn),
        cmocka_unit_test(test_memory_is_limited),
        cmocka_unit_test(test_worker_cannot_escape),
        cmocka_unit_test(test_no_descriptors_are_inherited),
        cmocka_unit_test(test_many_threads),
        cmocka_unit_test(test_stop_ends_all),
        cmocka_unit_test(test_workers_die_with_us),
        cmocka_unit_test(test_decoded_source),
        cmocka_unit_test(test_decoded_source_refused),
        cmocka_unit_test(test_decoded_source_outlives_its_worker),
        cmocka_unit_test(test_workers_start_from_within_the_sandbox),
    };

    /* Something that a worker must not inherit. */
    int leak = fcntl(STDIN_FILENO, F_DUPFD, 40);
    int r = cmocka_run_group_tests_name("worker", tests, start_workers, stop_workers);
    close(leak);
    return r;
}

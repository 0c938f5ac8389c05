/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "worker/protocol.h"

#include "base/checked.h"
#include "os/worker_wire.h"
#include "worker/sandbox.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define CPU_PER_REQUEST 60 /* seconds */

/* The other side is gone, or speaks nonsense: either way there is nobody left to tell. */
_Noreturn static void leave(void)
{
    _exit(0);
}

static void send_all(const void *bytes, size_t length)
{
    const char *at = bytes;

    while (length > 0) {
        ssize_t n = send(WIRE_SOCKET, at, length, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            leave();
        at += n;
        length -= (size_t)n;
    }
}

static void receive_all(void *bytes, size_t length)
{
    char *at = bytes;

    while (length > 0) {
        ssize_t n = recv(WIRE_SOCKET, at, length, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            leave();
        at += n;
        length -= (size_t)n;
    }
}

static int64_t read_piece(unsigned source, uint64_t offset, void *buffer, uint32_t count)
{
    struct wire_message question = {
        .type = WIRE_READ,
        .value = (int64_t)offset,
        .source = source,
        .count = count,
    };
    struct wire_message answer;

    send_all(&question, sizeof(question));
    receive_all(&answer, sizeof(answer));
    if (answer.type != WIRE_DATA || answer.length > count)
        leave();
    receive_all(buffer, answer.length);
    return answer.value;
}

int64_t worker_read(unsigned source, uint64_t offset, void *buffer, size_t length)
{
    size_t done = 0;

    while (done < length) {
        uint64_t at;
        if (ADD_OVERFLOW(offset, done, &at) || at > INT64_MAX)
            break;
        int64_t n = read_piece(source, at, (char *)buffer + done,
                               (uint32_t)min_u64(length - done, WIRE_DATA_MAX));
        if (n < 0)
            return n;
        if (n == 0)
            break;
        done += (size_t)n;
    }
    return (int64_t)done;
}

static void send_done(int64_t value, const void *reply, size_t length)
{
    struct wire_message done = {.type = WIRE_DONE, .length = (uint32_t)length, .value = value};

    send_all(&done, sizeof(done));
    send_all(reply, length);
}

static void *allocate_or_leave(size_t size)
{
    void *bytes = malloc(size);

    if (!bytes)
        leave();
    return bytes;
}

/* The limit of processor time counts from the start of the process, but belongs to one request. */
static void renew_cpu_limit(void)
{
    struct rlimit limit;
    struct rusage usage;

    if (getrlimit(RLIMIT_CPU, &limit) < 0 || getrusage(RUSAGE_SELF, &usage) < 0)
        return;
    limit.rlim_cur = min_u64((uint64_t)usage.ru_utime.tv_sec + (uint64_t)usage.ru_stime.tv_sec +
                                 CPU_PER_REQUEST,
                             limit.rlim_max);
    setrlimit(RLIMIT_CPU, &limit);
}

/* The process serves one stream, and the job that it came from lives as long. */
static void *stream;

static void do_job(const struct worker_program *program, const struct wire_message *message,
                   void *reply)
{
    uint8_t *payload = allocate_or_leave(message->length + 1);
    size_t sizes = message->source * sizeof(uint64_t);
    int64_t result = -ENOTSUP;

    receive_all(payload, message->length);
    if (sizes > message->length)
        leave();
    const struct job job = {
        .source_count = message->source,
        .sizes = (const uint64_t *)(const void *)payload,
        .parameters = payload + sizes,
        .parameters_size = message->length - sizes,
    };
    if (message->value == WIRE_RUN) {
        if (program->run)
            result = program->run(&job, reply);
        send_done(result, reply, result > 0 ? (size_t)result : 0);
        free(payload);
    } else {
        struct job *kept = allocate_or_leave(sizeof(*kept));
        *kept = job;
        if (program->open)
            result = program->open(kept, &stream);
        send_done(result, NULL, 0);
    }
}

static void serve_read(const struct worker_program *program, const struct wire_message *message,
                       void *reply)
{
    if (!program->read || message->count > WORKER_REPLY_MAX)
        leave();
    int64_t n = program->read(stream, (uint64_t)message->value, reply, message->count);
    send_done(n, reply, n > 0 ? (size_t)n : 0);
}

int worker_main(const struct worker_program *program)
{
    struct wire_message message = {.type = WIRE_HELLO, .value = WIRE_VERSION};
    void *reply = allocate_or_leave(WORKER_REPLY_MAX);
    int type;
    socklen_t size = sizeof(type);

    if (getsockopt(WIRE_SOCKET, SOL_SOCKET, SO_TYPE, &type, &size) < 0) {
        fputs("This program works for hvchain and can't be used alone.\n", stderr);
        return 1;
    }
    worker_enter_sandbox(WIRE_SOCKET);
    send_all(&message, sizeof(message));
    for (;;) {
        receive_all(&message, sizeof(message));
        renew_cpu_limit();
        if (message.type == WIRE_JOB)
            do_job(program, &message, reply);
        else if (message.type == WIRE_READ)
            serve_read(program, &message, reply);
        else
            leave();
    }
}

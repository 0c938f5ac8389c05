/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "os/linux_worker_link.h"

#include "base/checked.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>

#define ERRNO_MAX 4095

int64_t link_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int wait_for(int socket, short events, int64_t deadline)
{
    for (;;) {
        int64_t left = deadline - link_now();
        if (left <= 0)
            return -ETIMEDOUT;
        struct pollfd pollfd = {.fd = socket, .events = events};
        int n = poll(&pollfd, 1, (int)min_u64((uint64_t)left, INT_MAX));
        if (n > 0)
            return 0;
        if (n < 0 && errno != EINTR)
            return -errno;
    }
}

/* The deadline is looked at before every piece: a worker that always answers runs out of time
 * all the same. */
static int send_all(int socket, const void *bytes, size_t length, int64_t deadline)
{
    const char *at = bytes;

    while (length > 0) {
        int r = wait_for(socket, POLLOUT, deadline);
        if (r < 0)
            return r;
        ssize_t n = send(socket, at, length, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            return -EPIPE;
        if (n > 0) {
            at += n;
            length -= (size_t)n;
        }
    }
    return 0;
}

static int receive_all(int socket, void *bytes, size_t length, int64_t deadline)
{
    char *at = bytes;

    while (length > 0) {
        int r = wait_for(socket, POLLIN, deadline);
        if (r < 0)
            return r;
        ssize_t n = recv(socket, at, length, MSG_DONTWAIT);
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
            return -EPIPE;
        if (n > 0) {
            at += n;
            length -= (size_t)n;
        }
    }
    return 0;
}

int link_greet(struct worker_link *link, int64_t deadline)
{
    struct wire_message hello;
    int r = receive_all(link->socket, &hello, sizeof(hello), deadline);

    if (r < 0)
        return r;
    if (hello.type != WIRE_HELLO || hello.length != 0)
        return -EPROTO;
    if (hello.value < 0 && hello.value >= -ERRNO_MAX)
        return (int)hello.value;
    return hello.value == WIRE_VERSION ? 0 : -EPROTO;
}

static int answer_read(struct worker_link *link, const struct wire_message *question,
                       const struct link_sources *sources, int64_t deadline)
{
    if (question->length != 0 || question->value < 0 || question->count > WIRE_DATA_MAX ||
        question->source >= sources->count)
        return -EPROTO;

    int64_t n = io_read_some(sources->items[question->source], (uint64_t)question->value,
                             link->buffer, question->count);
    struct wire_message answer = {
        .type = WIRE_DATA,
        .length = n > 0 ? (uint32_t)n : 0,
        .value = n,
    };
    int r = send_all(link->socket, &answer, sizeof(answer), deadline);
    return r < 0 ? r : send_all(link->socket, link->buffer, answer.length, deadline);
}

static int take_reply(struct worker_link *link, const struct wire_message *done, int64_t deadline,
                      void *reply, size_t reply_size, int64_t *status)
{
    bool counts = reply || done->value < 0; /* else the value is the size of a stream */
    int64_t bytes = done->value < 0 ? 0 : done->value;

    if (done->length > reply_size || done->value < -ERRNO_MAX ||
        (counts && done->length != bytes))
        return -EPROTO;
    *status = done->value;
    return receive_all(link->socket, reply, done->length, deadline);
}

int link_call(struct worker_link *link, const struct wire_message *message, const void *payload,
              const struct link_sources *sources, int64_t deadline, void *reply, size_t reply_size,
              int64_t *status)
{
    int r = send_all(link->socket, message, sizeof(*message), deadline);

    if (r == 0)
        r = send_all(link->socket, payload, message->length, deadline);
    while (r == 0) {
        struct wire_message heard;
        r = receive_all(link->socket, &heard, sizeof(heard), deadline);
        if (r == 0 && heard.type == WIRE_DONE)
            return take_reply(link, &heard, deadline, reply, reply_size, status);
        if (r == 0)
            r = heard.type == WIRE_READ ? answer_read(link, &heard, sources, deadline) : -EPROTO;
    }
    return r;
}

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * Our end of the connection to one worker. What comes in is hostile: nothing is believed that the
 * protocol does not allow at that moment, and nothing is waited for longer than the deadline.
 */
#ifndef OS_LINUX_WORKER_LINK_H
#define OS_LINUX_WORKER_LINK_H

#include "io/source.h"
#include "os/worker_wire.h"

#include <stddef.h>
#include <stdint.h>

struct worker_link {
    int socket;
    uint8_t *buffer; /* WIRE_DATA_MAX bytes, for what the worker asks for */
};

/* The sources that the worker may read during a call. */
struct link_sources {
    io_source *const *items;
    size_t count;
};

/* Milliseconds of a clock that only goes forward. */
int64_t link_now(void);

/* Waits for the worker's HELLO: 0, -EPROTO when its version is not ours, or the negative errno
 * with which it could not be started. */
int link_greet(struct worker_link *, int64_t deadline);

/*
 * Sends one message and serves the worker's reads until it is done.
 * *status is what the worker said: the number of reply bytes, of which at most reply_size are
 * allowed, or a negative errno; with reply NULL and reply_size 0 any number. Returns 0, or -ETIMEDOUT, -EPIPE, -EPROTO when the link is of no more use.
 */
int link_call(struct worker_link *, const struct wire_message *, const void *payload,
              const struct link_sources *, int64_t deadline, void *reply, size_t reply_size,
              int64_t *status);

#endif

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* What a worker that went over to the enemy may say: the input is all that it sends. */
#include "base/checked.h"
#include "base/cleanup.h"
#include "os/linux_worker_link.h"

#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Fits into the buffer of a socket, as do our answers of a few bytes each. */
#define SENT_MAX (32 * KIB)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(io_unref) io_source *source = io_memory_new("0123456789", 10);
    io_source *items[] = {source};
    const struct link_sources sources = {items, 1};
    const struct wire_message job = {.type = WIRE_JOB, .source = 1};
    CLEANUP_FREE uint8_t *buffer = malloc(WIRE_DATA_MAX);
    char reply[64];
    int64_t status, deadline = link_now() + 10000;
    int pair[2];

    if (!source || !buffer || socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
        return 0;
    if (send(pair[1], data, min_u64(size, SENT_MAX), 0) >= 0) {
        struct worker_link link = {pair[0], buffer};
        shutdown(pair[1], SHUT_WR);
        if (link_greet(&link, deadline) == 0)
            while (link_call(&link, &job, NULL, &sources, deadline, reply, sizeof(reply),
                             &status) == 0)
                ;
    }
    close(pair[0]);
    close(pair[1]);
    return 0;
}

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * The worker's side: a worker program is one struct worker_program and a main() that hands it to
 * worker_main(). It has no files, no network, no processes: its input is its job's sources, its
 * output the reply.
 */
#ifndef WORKER_PROTOCOL_H
#define WORKER_PROTOCOL_H

#include <stddef.h>
#include <stdint.h>

/* Valid until the job's reply (run) or until the process ends (serve). */
struct job {
    size_t source_count;
    const uint64_t *sizes; /* of the sources, bytes */
    const uint8_t *parameters;
    size_t parameters_size;
};

struct worker_program {
    /* One job, one reply: its size, at most WORKER_REPLY_MAX, or negative errno. NULL: the program
     * only serves. */
    int64_t (*run)(const struct job *, void *reply);
    /* Opens the stream that the job describes: its size or negative errno. One per process. NULL:
     * the program only runs jobs. */
    int64_t (*open)(const struct job *, void **stream);
    /* Bytes read (0 only at the end), or negative errno. */
    int64_t (*read)(void *stream, uint64_t offset, void *buffer, size_t length);
};

#define WORKER_REPLY_MAX (1024 * 1024)

/* Enters the sandbox and works until we hang up. The value is for main() to return. */
int worker_main(const struct worker_program *);

/* Reads of a source of the job what there is, up to length: the number of bytes (0 at or behind
 * the end) or negative errno. */
int64_t worker_read(unsigned source, uint64_t offset, void *buffer, size_t length);

#endif

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * Worker processes: code that we don't own reads hostile bytes only there. A worker is a small
 * program of its own (one per library, so that libraries never meet), holds nothing but a socket
 * to us, is limited in time and memory, and asks for bytes of our sources over that socket.
 */
#ifndef OS_WORKER_H
#define OS_WORKER_H

#include "io/source.h"

#include <stddef.h>
#include <stdint.h>

struct workers;

/*
 * Starts the spawner process. Call before any thread is made and before sandbox_enter(), which
 * takes the right to start programs from the caller. Worker programs are looked for in
 * $HVCHAIN_WORKERS, beside a program that was not installed, then where they were installed.
 * 0 or negative errno.
 */
int workers_start(struct workers **);
/* Ends every worker and waits for it. No job may be running, and every source that
 * workers_open_source() gave must be closed before. NULL is fine. */
void workers_stop(struct workers *);

/* Limits of a job, for sizing buffers; more is -EINVAL. */
#define WORKER_SOURCES_MAX    1024
#define WORKER_PARAMETERS_MAX 65536

struct worker_job {
    const char *name; /* of the program hvchain-worker-NAME */
    io_source *const *sources; /* what the worker may read, borrowed */
    size_t source_count;
    const void *parameters; /* what the program takes beside them; NULL = none */
    size_t parameters_size;
    unsigned timeout_ms; /* wall time of the job, our own reading included */
};

/*
 * Lets a worker do one job and answer with at most reply_size bytes. An idle worker is used
 * again; one that died, broke the protocol or overran its limits is ended, and the next job gets
 * a new one. Thread-safe.
 * Number of reply bytes; -ENOENT no such program; -ETIMEDOUT; -EPIPE it died; -EPROTO; or the
 * negative errno that the program answered with, -ENOMEM and -EBADMSG among them.
 */
int64_t workers_run(struct workers *, const struct worker_job *, void *reply, size_t reply_size);

/*
 * A source whose bytes a worker decodes out of the job's sources (a container, a compressed
 * file). The worker belongs to it until it is closed. Every read has the job's time; after one
 * that broke the worker, the next read opens a new one. Reads of several threads take turns.
 * 0, or as workers_run(); *decoded is NULL then.
 */
int workers_open_source(struct workers *, const struct worker_job *, io_source **decoded);

#endif

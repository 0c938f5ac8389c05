/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * Worker processes: code that we don't own reads hostile bytes only there. A worker is a small
 * program of its own (one per library, so that libraries never meet), holds nothing but a socket
 * to us, is limited in time and memory, and asks for bytes of a source over that socket.
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
 * $HVCHAIN_WORKERS, then where they were installed. 0 or negative errno.
 */
int workers_start(struct workers **);
void workers_stop(struct workers *); /* NULL is fine */

/*
 * Lets the worker program NAME do one job over `source`: it reads what it wants and answers with
 * at most reply_size bytes. An idle worker is used again; one that died, broke the protocol or
 * overran the limits is replaced. Thread-safe.
 * Number of reply bytes; -ENOENT no such program; -ETIMEDOUT; -ENOMEM; -EPIPE it died;
 * -EPROTO.
 */
int64_t workers_run(struct workers *, const char *name, io_source *source, unsigned timeout_ms,
                    void *reply, size_t reply_size);

#endif

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * A small single-threaded process that starts and ends worker programs for us: it was forked
 * while we had no threads, and it keeps the right to execute that we give up. It ends, and its
 * workers with it, when we do.
 */
#ifndef OS_LINUX_SPAWNER_H
#define OS_LINUX_SPAWNER_H

#include <sys/types.h>

#define SPAWNER_NAME_SIZE 32

struct spawner {
    int control;
    pid_t pid;
};

/* Directories to look into, in this order, ended by NULL. 0 or negative errno. */
int spawner_start(struct spawner *, const char *const *directories);
/* Ends the workers and the spawner, and waits for both. */
void spawner_stop(struct spawner *);

/*
 * Starts the program hvchain-worker-NAME; *socket is our end. When there is no such program, the
 * socket says so (worker_wire.h, HELLO). One thread at a time. 0 or negative errno.
 */
int spawner_start_worker(struct spawner *, const char *name, int *socket, pid_t *worker);
/* Ends a worker and waits for it; one that has ended already is fine. One thread at a time. */
void spawner_end_worker(struct spawner *, pid_t worker);

#endif

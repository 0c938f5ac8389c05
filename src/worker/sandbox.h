/* SPDX-License-Identifier: LGPL-3.0-or-later */
#ifndef WORKER_SANDBOX_H
#define WORKER_SANDBOX_H

/*
 * Keeps of all system calls those for memory, for leaving, and for speaking over one socket.
 * Everything else fails with EPERM from then on. Where the kernel can't do it, the worker goes on
 * with what the spawner took away: descriptors, memory, time.
 */
void worker_enter_sandbox(int socket);

#endif

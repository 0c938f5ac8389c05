/* SPDX-License-Identifier: LGPL-3.0-or-later */
#ifndef OS_SANDBOX_H
#define OS_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>

/* What the process gave up; part of the report. */
struct sandbox_state {
    bool landlock; /* no writing, no reading outside the paths named */
    bool seccomp;  /* no executing, no network, no new processes, no writing system calls */
};

/*
 * Gives up the right to write files, to execute, to use the network and to read outside
 * `readable` (evidence and inventories). Descriptors that are open stay usable. What the kernel
 * does not offer is left out and shows in *state; never an error. Call once, before the first
 * byte of evidence is read and before threads are made.
 */
void sandbox_enter(const char *const *readable, size_t count, struct sandbox_state *state);

#endif

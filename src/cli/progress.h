/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* One line on standard error that says how far the work is; only where a person looks at it. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct progress {
    bool wanted, shown;
    unsigned columns;
    struct timespec last;
    const char *stage;     /* the current one, and since when */
    struct timespec began;
    uint64_t done;
};

/* Looks at standard error; nothing is ever shown when it is no terminal, or `quiet`. */
void progress_start(struct progress *, bool quiet);
/* An hvchain_progress; `user` is the struct. */
void progress_show(void *user, const char *stage, uint64_t done, uint64_t total);
/* Wipes the line away. */
void progress_end(struct progress *);

#endif

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * libvhdi as a second witness. It runs in a worker process, limited in time and memory, and reads
 * the replayed source through us; what it says of type, size, sector size, identifier and parent
 * is compared with our facts. Its known errors are told apart from real contradictions.
 */
#ifndef DISK_WITNESS_H
#define DISK_WITNESS_H

#include "base/notes.h"
#include "disk/disk.h"

struct workers; /* os/worker.h */

enum witness_verdict {
    WITNESS_AGREES,
    WITNESS_KNOWN_DIFFERENCE, /* differs only where it is known to be wrong */
    WITNESS_CONTRADICTS,      /* noted as rule WITNESS-… with both values */
    WITNESS_UNAVAILABLE,      /* no worker, died, out of time or memory: noted as info */
};

/* Thread-safe; a worker serves one disk at a time. Notes name every difference. Without workers
 * (NULL) the witness is unavailable. */
enum witness_verdict witness_compare(struct workers *, struct disk *, struct notes *);

/* "agrees", "known-difference", "contradicts", "unavailable" */
const char *witness_verdict_name(enum witness_verdict);
/* The rule of the note that says why the witness was unavailable. */
#define WITNESS_UNAVAILABLE_RULE "WITNESS-UNAVAILABLE"

#endif

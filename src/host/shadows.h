/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * The host as it was: shadow copies of the volumes among the evidence. Each is evidence of its own,
 * but never part of the model of today: the copies that were made at once are a model of their own,
 * in which each stands in the place of its volume, under the same paths.
 */
#ifndef HOST_SHADOWS_H
#define HOST_SHADOWS_H

#include "host/host.h"

/* Shadow copies that were made at once, of each volume at most one: indexes of evidence. */
struct host_moment {
    VECTOR(size_t) copies;
};

struct host_moments {
    struct host_moment *items; /* in the order of time */
    size_t count, capacity;
};

/*
 * Adds every shadow copy of a scanned host to its evidence, behind all other. What can't be listed
 * is a complaint of its volume. 0 or -ENOMEM.
 */
int host_find_shadows(struct host *, struct workers *, struct host_moments *);
void host_moments_free(struct host_moments *);

/*
 * Scans the host as it was at that moment; `then` is new, and its evidence i is the moment's copy
 * i. What was counted and what could not be read is also kept with the copies' evidence in `now`.
 * Event logs are left out: those of today tell of the past. 0, also when nothing could be read, or
 * -ENOMEM; host_free() it in any case.
 */
int host_scan_moment(struct host *then, struct host *now, const struct host_moment *,
                     const struct host_options *);

#endif

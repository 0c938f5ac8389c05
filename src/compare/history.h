/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * What changed from one shadow copy of a volume to the next, and from the last one to today. Each
 * point in time was judged alone, by the same rules; here the verdicts are compared.
 */
#ifndef COMPARE_HISTORY_H
#define COMPARE_HISTORY_H

#include "compare/compare.h"

/* A disk as it was in a shadow copy. Paths are those it would have on the volume today. */
struct history_disk {
    size_t evidence; /* the copy */
    char *path;
    char *parent; /* the file found, or NULL */
    uint64_t file_size;
    filetime modified;
    enum disk_class class;
    enum severity severity;
    unsigned overlays;
    struct guid vm;
    bool has_vm;
};

struct history_change {
    struct change change; /* its machine is HOST_NONE */
    struct guid vm;
    bool has_vm;
    size_t from, to; /* evidence: a copy, and a later one or the volume itself */
    size_t order;    /* in which it was found */
};

struct past;

struct history {
    VECTOR(struct history_disk) disks;     /* by time of the copy, then by path */
    VECTOR(struct history_change) changes; /* by subject, then by time */
    /* Disks of which it can't be said whether their class changed: what is known of machines is
     * not the same at both times. Each pair of times counts. */
    size_t undecided;
    VECTOR(struct past) pasts; /* what each volume was last compared with; private */
};

/*
 * One point in time, from the earliest on: `then` and its verdict as host_scan_moment() made them,
 * `copies` the evidence in `now` of each of its volumes. 0 or -ENOMEM.
 */
int history_add(struct history *, const struct host *now, const struct host *then,
                const struct verdict *, const size_t *copies);
/* Last of all, today. */
int history_end(struct history *, const struct host *now, const struct verdict *);
void history_free(struct history *);

#endif

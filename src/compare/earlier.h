/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* An earlier report, read back from its JSON: as much of it as a comparison needs. */
#ifndef COMPARE_EARLIER_H
#define COMPARE_EARLIER_H

#include "base/vector.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Strings are valid UTF-8, never NULL where not said otherwise, and live as long as the whole. */
struct earlier_disk {
    const char *path, *class;
    const char *parent; /* the file found, or NULL */
    const char *vm;     /* identifier, or NULL */
    bool is_layer;      /* it had a parent, found or not */
};

/* A chain of a machine's current disk. */
struct earlier_chain {
    const char *vm, *base;
    uint64_t depth;
};

struct earlier_finding {
    const char *code, *subject;
    const char *vm, *summary; /* or NULL */
};

struct earlier {
    const char *finished;              /* or NULL */
    VECTOR(struct earlier_disk) disks; /* in order of path */
    VECTOR(struct earlier_chain) chains;
    VECTOR(struct earlier_finding) findings; /* in order of subject, then code */
    bool has_findings;                       /* the report tells of any, be it none */
    void *json;
};

/*
 * 0; -EBADMSG when the file is no such report, -EFBIG when it is larger than any report; -ENOENT …
 * -ENOMEM. After a failure there is nothing to free.
 */
int earlier_read(struct earlier *, const char *path);
void earlier_free(struct earlier *);
const struct earlier_disk *earlier_find(const struct earlier *, const char *path);
bool earlier_has_finding(const struct earlier *, const char *subject, const char *code);

#endif

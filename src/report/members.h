/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Which disks are shown with which machine, and in which order the machines come. */
#ifndef REPORT_MEMBERS_H
#define REPORT_MEMBERS_H

#include "report/report.h"

#include <stdbool.h>
#include <stddef.h>

/* One disk drawn under one machine; HOST_NONE sorts behind all machines. */
struct membership {
    size_t machine, disk;
};

typedef VECTOR(struct membership) membership_list;

/* Where a machine stands in the report: the worst first, else as the model has them. */
struct place {
    size_t machine, first; /* first: of its memberships */
    enum severity worst;
};

/* Every disk under its machine, and every layer under the machine that stands on it. False when
 * memory is short. */
bool members_collect(membership_list *, const struct verdict *);
/* The next run of one machine: its disks, each once. Advances *at. */
size_t members_take(const membership_list *, size_t *at, size_t machine, size_t *disks);
/* As many as there are machines; the caller frees. NULL when memory is short. */
struct place *members_order(const struct report *, const membership_list *);

#endif

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Disks of a plan as files to be read. Private. */
#ifndef PLAN_COST_H
#define PLAN_COST_H

#include "plan/planner.h"

/* Opens a disk of the host; the caller closes it. As volume_open() and disk_open(). */
int plan_open_layer(const struct planner *, size_t disk, struct disk **);

#endif

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* The second reading of compared data, by libvhdi. Private. */
#ifndef PLAN_SECOND_H
#define PLAN_SECOND_H

#include "plan/measure.h"
#include "plan/planner.h"

/* Reads what the plan's whole chain shows once more, where some layer holds something, and fills
 * plan->second. The reader that can't be had is said there. 0, -ENOMEM, or what our own reading
 * gave. */
int plan_read_again(const struct planner *, struct plan *, const struct measure_layer *layers);

#endif

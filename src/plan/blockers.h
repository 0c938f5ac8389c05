/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* What forbids a plan. Private. */
#ifndef PLAN_BLOCKERS_H
#define PLAN_BLOCKERS_H

#include "plan/plan.h"
#include "plan/texts.h"

/* Adds one, unless it is there with the same detail (copied; NULL: none). 0 or -ENOMEM. */
int blocker_add(struct plan *, const struct blocker_text *, const char *detail);

#endif

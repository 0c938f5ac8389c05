/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* The plan's commands as PowerShell text: what only looks is plain, what changes is a comment. */
#ifndef PLAN_SCRIPT_H
#define PLAN_SCRIPT_H

#include "plan/plan.h"

/* Fills plan->commands and plan->checks_after. 0 or -ENOMEM. */
int script_write(struct plan *, const struct host *, const struct verdict *);

#endif

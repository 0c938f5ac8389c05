/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Every sentence of a plan, in one place per kind and blocker. */
#ifndef PLAN_TEXTS_H
#define PLAN_TEXTS_H

#include "plan/plan.h"

struct blocker_text {
    const char *code;
    enum severity severity;
    const char *text;
};

extern const struct blocker_text blocker_missing_parent, blocker_mismatch, blocker_other_child,
    blocker_space, blocker_space_unknown, blocker_unreadable, blocker_bigger_child,
    blocker_sector_size, blocker_cycle, blocker_many_layers,
    blocker_fragmented;

/* NULL when the overlay forbids nothing. */
const struct blocker_text *blocker_of_overlay(enum disk_overlay);
/* What is at stake with an orphan of that class, and the choice. */
const char *choice_of_class(enum disk_class);

extern const char *const choice_hyper_v, *const choice_nothing;
/* What to check when a merge is done; NULL-terminated. */
extern const char *const checks_after_merge[], *const checks_after_quarantine[];

#endif

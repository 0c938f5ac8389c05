/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* What may be done: what the decision table allows of the class, less what an overlay forbids. */
#include "plan/planner.h"
#include "plan/texts.h"

static enum disk_class deciding_class(const struct planner *planner, const struct plan *plan)
{
    return plan->stake.is_orphan ? planner->verdict->disks[plan->leaf].class : CLASS_PENDING_MERGE;
}

static const char *barred_by(unsigned overlays, enum plan_choice choice)
{
    for (const struct offer_bar *bar = offer_bars(); bar->why; bar++)
        if ((overlays & 1u << bar->overlay) && (bar->choices & 1u << choice))
            return bar->why;
    return NULL;
}

void plan_choose(const struct planner *planner, struct plan *plan, enum plan_kind wanted)
{
    const struct plan_offer *table = offers_of_class(deciding_class(planner, plan));
    unsigned overlays = plan_overlays(planner, plan);

    for (enum plan_choice choice = 0; choice < CHOICE_COUNT; choice++) {
        const char *bar = table[choice].offered ? barred_by(overlays, choice) : NULL;
        plan->offers[choice] = bar ? (struct plan_offer){false, bar} : table[choice];
    }
    plan->kind = plan->offers[wanted].offered ? wanted : PLAN_KEEP;
}

/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "report/plan_words.h"

const struct plan_words plan_words = {
    .intro = "What could be cleaned up, and what forbids it. Nothing of it was done.",
    .nothing = "There is nothing to clean up.",
    .what_to_do = "What to do: ",
    .at_stake = "At stake: ",
    .what_it_is = "What it is:",
    .settle = "First settle:",
    .nothing_forbids = "First settle: nothing was found that forbids it.",
    .linkage = "Why the linkage does not match, as far as the evidence shows:",
    .candidates = "What may be the lost parent, the likeliest first:",
    .ignore_mismatch = "-IgnoreIdMismatch: ",
    .choice = "The choice:",
    .second = "Second reader (libvhdi): ",
    .second_read = "compared ",
    .second_known = "different where it is known to be wrong ",
    .second_other = "different elsewhere ",
    .layers = "Layers, youngest first, and when each was written; unique is what no layer "
              "below it holds:",
    .steps = "Steps, in this order and no other:",
    .together = "All steps together:",
    .copies = "copies ",
    .equal = "of them equal ",
    .grows = "grows it by ",
    .frees = "frees ",
    .no_figures = "The figures are not known: not every layer could be read.",
    .space = "Extra space at the worst moment:",
    .script = "Script; every line that would change something is commented out:",
    .before = "Before anything is changed (tick and sign):",
    .sign = "Name, date: ______________________________",
    .after = "Afterwards:",
};

const char *plan_kind_words(enum plan_kind kind)
{
    static const char *const texts[] = {
        [PLAN_HYPER_V_MERGES] = "let Hyper-V merge",
        [PLAN_MANUAL_MERGE_ON_COPIES] = "merge by hand, on copies only",
        [PLAN_QUARANTINE] = "move to quarantine",
        [PLAN_KEEP] = "keep it where it is",
        [PLAN_NOTHING_TO_DO] = "nothing to do",
    };

    return texts[kind];
}

const char *plan_second_words(enum witness_verdict verdict)
{
    static const char *const texts[] = {
        [WITNESS_AGREES] = "reads the same",
        [WITNESS_KNOWN_DIFFERENCE] = "reads the same, but where it is known to be wrong",
        [WITNESS_CONTRADICTS] = "contradicts",
        [WITNESS_UNAVAILABLE] = "could not read it",
    };

    return texts[verdict];
}

const char *plan_space_words(const struct plan_volume *volume)
{
    static const char *const words[2][2] = {
        {"so much is free where the evidence lies", "more than is free where the evidence lies"},
        {"so much is free", "more than is free"},
    };

    return volume->has_free
               ? words[volume->is_stated][volume->free_bytes < volume->peak_extra_bytes]
               : "free space not known";
}

struct plan_step plan_sum(const struct plan *plan)
{
    struct plan_step sum = {0};

    for (size_t i = 0; i < plan->steps.count; i++) {
        const struct plan_step *step = &plan->steps.items[i];
        sum.copy_bytes += step->copy_bytes;
        sum.equal_bytes += step->equal_bytes;
        sum.grow_bytes += step->grow_bytes;
        sum.free_bytes += step->free_bytes;
    }
    return sum;
}

size_t plan_count(const struct plan_list *plans, enum plan_kind kind)
{
    size_t count = 0;

    for (size_t i = 0; i < plans->count; i++)
        count += plans->items[i].kind == kind;
    return count;
}

enum severity plan_worst(const struct plan *plan)
{
    enum severity worst = SEVERITY_INFO;

    for (size_t i = 0; i < plan->blockers.count; i++)
        if (plan->blockers.items[i].severity > worst)
            worst = plan->blockers.items[i].severity;
    return worst;
}

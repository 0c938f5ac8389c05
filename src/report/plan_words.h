/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* The words that plans are shown in, the same in text and on the page for browsers. */
#ifndef REPORT_PLAN_WORDS_H
#define REPORT_PLAN_WORDS_H

#include "plan/plan.h"

/* Titles of a plan's parts, in order of printing. */
extern const struct plan_words {
    const char *intro, *nothing; /* above all plans */
    const char *what_to_do, *at_stake, *what_it_is;
    const char *settle, *nothing_forbids;
    const char *linkage, *candidates, *ignore_mismatch;
    const char *choice;
    const char *second, *second_read, *second_known, *second_other;
    const char *layers;
    const char *steps, *together, *no_figures, *space;
    const char *copies, *equal, *grows, *frees; /* figures of a step */
    const char *script;
    const char *before, *sign, *after;
} plan_words;

/* "let Hyper-V merge" … */
const char *plan_kind_words(enum plan_kind);
/* What a second reader says: "reads the same" … */
const char *plan_second_words(enum witness_verdict);
/* Whether the space suffices, as far as it is known: "so much is free" … */
const char *plan_space_words(const struct plan_volume *);
/* What all steps cost together; its disks mean nothing. */
struct plan_step plan_sum(const struct plan *);
/* So many are of that kind. */
size_t plan_count(const struct plan_list *, enum plan_kind);
/* The worst blocker's, SEVERITY_INFO without one. */
enum severity plan_worst(const struct plan *);

#endif

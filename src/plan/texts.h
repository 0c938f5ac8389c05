/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * Every sentence of a plan, in one place per rule: what a translation would replace. Texts with
 * {names} in braces are filled by string_fill(); what may stand in each is said where it is filled.
 */
#ifndef PLAN_TEXTS_H
#define PLAN_TEXTS_H

#include "plan/plan.h"

struct blocker_text {
    const char *code;
    enum severity severity;
    const char *text;
    bool names_file; /* its detail is the file that it is about */
};

extern const struct blocker_text blocker_missing_parent, blocker_mismatch, blocker_other_child,
    blocker_space, blocker_space_unknown, blocker_unreadable, blocker_bigger_child,
    blocker_sector_size, blocker_cycle, blocker_many_layers, blocker_fragmented,
    blocker_second_reader, blocker_autorecovery;
/* What blockers say beside their text. */
extern const char detail_recorded_parent[], detail_and_more[], detail_explained[], detail_space[],
    detail_space_needed[], detail_second_reader[];

/* More steps than that are no merge for one sitting (it is the limit of checkpoints, too). */
#define MANY_LAYERS 50

/* NULL when the overlay forbids nothing. */
const struct blocker_text *blocker_of_overlay(enum disk_overlay);
/* What is at stake with an orphan of that class, and the choice; NULL: no plan is made for it. */
const char *choice_of_class(enum disk_class);
extern const char choice_hyper_v[], choice_nothing[], choice_hold[], choice_broken[];

/* texts_offers.c: CHOICE_COUNT offers. */
const struct plan_offer *offers_of_class(enum disk_class);
extern const struct plan_offer offers_of_broken_chain[];
/* An overlay that takes choices (as bits) away; the list ends with a NULL `why`. */
struct offer_bar {
    enum disk_overlay overlay;
    unsigned choices;
    const char *why;
};
const struct offer_bar *offer_bars(void);

/* What is at stake with an orphan. */
extern const char stake_amount[], stake_amount_undated[], stake_no_fork[], stake_on_leaf[],
    stake_fork[], stake_fork_since[], stake_fork_not_before[], stake_sides[], stake_others[],
    stake_newer[], stake_older[], stake_same_age[], stake_not_comparable[], stake_not_compared[],
    stake_empty[], stake_equal[], stake_differs[];

/* Why a disk may be the parent that was lost. */
extern const char *const reason_identifier,
    *const reason_virtual_disk,
        *const reason_path, *const reason_name, *const reason_size, *const reason_time,
                                                                        *const reason_folder,
                                                                            *const reason_format;
/* Whether a mismatch of identifiers may be ignored, and why. */
extern const char *const sanity_identifier,
    *const sanity_unreadable,
        *const sanity_format, *const sanity_other_disk,
                                  *const sanity_size, *const sanity_written, *const sanity_opened;
extern const char sanity_unknown[], sanity_equal[], sanity_differs[];

extern const char text_no_machine[], text_no_path[], text_no_identifier[];
/* What is going on, for a progress line. */
extern const char stage_measuring[], stage_comparing[], stage_candidates[], stage_second_reader[];

/* What to check when a merge is done; NULL-terminated. */
extern const char *const checks_after_merge[], *const checks_after_quarantine[];

#endif

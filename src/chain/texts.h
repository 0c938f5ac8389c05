/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Every sentence of a finding, in one place per code: what a translation would replace. */
#ifndef CHAIN_TEXTS_H
#define CHAIN_TEXTS_H

#include "chain/verdict.h"

#define TEXT_COMMANDS 4

/*
 * In summaries and commands {file} is the file's name, {vm} the machine's; in commands {path} is
 * the path that Windows uses (or the one on the evidence, when no other is known), quoted.
 */
struct finding_text {
    const char *code;
    enum severity severity;
    enum confidence confidence; /* no more than the rule itself can carry */
    const char *summary, *explanation, *next_step;
    const char *cautious_step; /* instead, when the evidence is incomplete or the VM holds state */
    const char *commands[TEXT_COMMANDS]; /* NULL-terminated unless full */
};

const struct finding_text *class_text(enum disk_class);     /* NULL: no finding */
const struct finding_text *overlay_text(enum disk_overlay); /* NULL: no finding */
/* What has to be settled first, in a few words; NULL when it hinders nothing. */
const char *blocking_text(enum disk_overlay);
/* Integrity rules by the beginning of the rule's name; never NULL. */
const struct finding_text *rule_text(const char *rule);

extern const struct finding_text text_backup_checkpoint, text_missing_disk, text_ambiguous_path,
    text_ambiguous_parent, text_missing_config, text_missing_checkpoint, text_config_unreadable,
    text_config_unopened, text_config_damaged,
    text_journal_unreadable, text_merge_pending, text_merge_failed,
    text_merge_open, text_merge_settled, text_merge_incomplete, text_chain_cycle, text_chain_depth,
    text_sector_mismatch, text_fragmented,
    text_untracked_layers;

/* Why a linkage does not match. */
extern const char mismatch_unreadable[], mismatch_format[], mismatch_other_disk[],
    mismatch_written[], mismatch_other_state[], mismatch_unknown[];

#endif

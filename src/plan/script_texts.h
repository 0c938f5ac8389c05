/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * The lines of a plan's script. What only looks is plain; what changes something, and what has a
 * <place> in it that a person has to fill in, is a comment. {names} are filled in and quoted:
 *   {id} {vm}            the machine's identifier and name
 *   {file} {child} {parent} {leaf}       paths of disks on their host
 *   {file-copy} {child-copy} {parent-copy} {base-copy}   of their copies in the folder <copies>
 *   {kept} {renamed}     a disk's path in the folder <quarantine>, and a name for a test
 * A line with a name that has no value is left out.
 */
#ifndef PLAN_SCRIPT_TEXTS_H
#define PLAN_SCRIPT_TEXTS_H

/* Lists end with NULL. */
typedef const char *const script_lines[];

extern script_lines script_look_machine;
extern script_lines script_look_disk, script_pattern_warning, script_unknown_path;
extern script_lines script_look_events, script_export, script_hyper_v, script_recovery_checkpoint,
    script_trigger_merge;
extern script_lines script_copies, script_copy, script_reconnect_title, script_reconnect,
    script_merges, script_merge, script_repoint;
extern script_lines script_lost_parent, script_reconnect_candidate, script_ignore_mismatch,
    script_never_ignore_mismatch;
extern script_lines script_quarantine, script_move, script_rename_test, script_delete_title,
    script_delete;

#endif

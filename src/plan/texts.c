/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "plan/texts.h"

#include <stddef.h>

const char *plan_kind_name(enum plan_kind kind)
{
    static const char *const names[] = {"hyper-v-merges", "manual-merge-on-copies", "quarantine",
                                        "keep", "nothing-to-do"};

    return names[kind];
}

const struct blocker_text blocker_missing_parent = {
    "missing-parent", SEVERITY_DATA_LOSS_RISK,
    "A parent is missing: nothing can be merged before the disk with the recorded identifier is "
    "found."};
const struct blocker_text blocker_mismatch = {
    "linkage-mismatch", SEVERITY_DATA_LOSS_RISK,
    "The file at the parent's place is not the disk that the child was made on. Set-VHD "
    "-IgnoreIdMismatch is sane only on copies, and only when the parent's content is known to be "
    "unchanged."};
const char detail_recorded_parent[] = "recorded parent {path}, identifier {id}";
const struct blocker_text blocker_other_child = {
    "other-child", SEVERITY_DATA_LOSS_RISK,
    "The parent has another child: merging into it makes that child useless."};
const char detail_and_more[] = "{path} and {more} more";
const struct blocker_text blocker_space = {
    "free-space", SEVERITY_PROBLEM,
    "The volume has less free space than the merge needs at its worst moment."};
const char detail_space[] = "{volume}: {needed} bytes needed, {free} free";
const struct blocker_text blocker_space_unknown = {
    "free-space-unknown", SEVERITY_INFO,
    "The free space of the volume is not known; state it with --free or look at the host."};
const char detail_space_needed[] = "{volume}: {needed} bytes needed";
const struct blocker_text blocker_unreadable = {
    "unreadable-layer", SEVERITY_DATA_LOSS_RISK,
    "A layer cannot be read, so that its figures are unknown and a merge would fail or lose data."};
const struct blocker_text blocker_bigger_child = {
    "child-larger", SEVERITY_WARNING,
    "The child's disk is larger than the parent's: the merge has to enlarge the parent."};
const struct blocker_text blocker_sector_size = {
    "sector-size", SEVERITY_PROBLEM,
    "The layers have different logical sector sizes: Windows refuses the chain."};
const struct blocker_text blocker_autorecovery = {
    "autorecovery-in-use", SEVERITY_DATA_LOSS_RISK,
    "An automatic-recovery disk, which backups throw away, has become part of the chain: touch "
    "nothing, back up the whole chain, open a case with the vendor of the backup or Microsoft.",
    true};
const struct blocker_text blocker_cycle = {"chain-cycle", SEVERITY_DATA_LOSS_RISK,
                                           "The chain leads back to itself."};
const struct blocker_text blocker_many_layers = {
    "many-layers", SEVERITY_WARNING,
    "More than 50 layers: merge in several sittings, youngest layers first."};
const struct blocker_text blocker_fragmented = {
    "fragmented", SEVERITY_WARNING,
    "The parent lies in so many pieces that NTFS may be unable to extend it (0x80070299): copy it "
    "first."};
const struct blocker_text blocker_second_reader = {
    "second-reader", SEVERITY_PROBLEM,
    "libvhdi reads other data than we do, in places where it is not known to be wrong: trust "
    "neither before somebody has looked into it."};
const char detail_second_reader[] = "{bytes} bytes, the first at offset {offset} of the disk";
const char detail_explained[] = "{event}; {code}";

static const struct blocker_text overlay_blockers[OVERLAY_COUNT] = {
    [OVERLAY_HOLD] = {"hold", SEVERITY_DATA_LOSS_RISK,
                      "Do not restart, migrate, shut down or merge: open a case with Microsoft."},
    [OVERLAY_BROKEN_CHAIN] = {"broken-chain", SEVERITY_DATA_LOSS_RISK,
                              "The chain is broken: back up what runs and repair the link first.",
                              true},
    [OVERLAY_MERGE_IN_PROGRESS] = {"merge-in-progress", SEVERITY_WARNING,
                                   "A merge is under way: wait for its end (event 19080)."},
    [OVERLAY_MERGE_FAILED] = {"merge-failed", SEVERITY_PROBLEM,
                              "A merge failed: settle its cause before the next attempt."},
    [OVERLAY_BACKUP_ACTIVE] = {"backup-active", SEVERITY_WARNING,
                               "A backup is running: one more layer is normal until it ends."},
    [OVERLAY_REPLICA] = {"replica", SEVERITY_WARNING,
                         "The VM is replicated: a merge by hand forces a full resynchronisation."},
    [OVERLAY_CLUSTER_UNKNOWN] = {"cluster-unknown", SEVERITY_WARNING,
                                 "Other cluster nodes were not examined: one of them may use it."},
    [OVERLAY_SAVED_STATE] = {"vm-has-saved-state", SEVERITY_PROBLEM,
                             "The VM has saved state, which fits only the disks as they are."},
    [OVERLAY_LOW_CONFIDENCE] = {"low-confidence", SEVERITY_WARNING,
                                "The evidence of what is tracked is incomplete."},
    [OVERLAY_NTFS_LIMITATION] = {"ntfs-limitation", SEVERITY_WARNING,
                                 "The file has attributes that Hyper-V refuses (0xC03A001A): it is "
                                 "compressed, encrypted, sparse or deduplicated. Copy it to one "
                                 "without them first.",
                                 true},
    [OVERLAY_TIME_ANOMALY] = {"time-anomaly", SEVERITY_PROBLEM,
                              "A parent was changed after its child was made: find out by whom.",
                              true},
};

const struct blocker_text *blocker_of_overlay(enum disk_overlay overlay)
{
    return overlay_blockers[overlay].code ? &overlay_blockers[overlay] : NULL;
}

const char choice_hyper_v[] =
    "Hyper-V still owes these merges. Settle the blockers, then let it merge by itself: no backup "
    "running, VM shut down, watch events 19070, 19080 and 19100. Merge by hand only when that "
    "fails, offline and on copies, youngest layer first.";
const char choice_nothing[] = "Every layer belongs to the VM or to a checkpoint.";
const char choice_broken[] =
    "The VM's chain is broken: it will not start next time. Back up what runs, now, then find the "
    "parent that carries the recorded identifier; try every repair on copies.";
const char choice_hold[] =
    "Merges are owed, but the VM is on hold: do nothing to it or its disks, not even a restart or "
    "a shutdown, before Microsoft has said so.";

static const char *const choices[CLASS_COUNT] = {
    [CLASS_AUTORECOVERY_LEFTOVER] = "A backup's leftover that nothing depends on: rename it, run a "
                                    "checkpoint or backup as a test, remove it only after that.",
    [CLASS_AUTORECOVERY_IN_USE] = "It has become part of a chain: keep it and ask the vendor.",
    [CLASS_UNREGISTERED_VM_DISK] = "It belongs to a machine that is not registered here: keep it "
                                   "until its owner is found.",
    [CLASS_BROKEN_CHAIN_PARENT] = "A disk in use expects another state of this file: keep both, "
                                  "repair the link on copies.",
    [CLASS_ORPHAN_WITH_DATA] = "It holds data on top of the VM's current disk. If that data is "
                               "wanted, merge on copies; if not, quarantine it.",
    [CLASS_ORPHAN_SIDE_BRANCH] = "Never merge it: its parent has another child in use. Quarantine "
                                 "it when its owner does not need the data.",
    [CLASS_ORPHAN_EMPTY] = "It changes nothing of its parent: merging is pointless, quarantine it.",
    [CLASS_ABANDONED_CHAIN] = "Nothing refers to the whole chain: quarantine it as a whole, or "
                              "merge copies of it for an archive.",
    [CLASS_ORPHAN_NO_PARENT] = "Without its parent nothing can be done: keep it and search.",
    [CLASS_ORPHAN_MISMATCH] = "Its parent is not the disk it was made on: keep it and search for "
                              "the true parent.",
};

const char *choice_of_class(enum disk_class class)
{
    return choices[class];
}

const char stake_amount[] =
    "Layers that nothing tracks: {layers}, with {allocated} bytes allocated, written from {oldest} "
    "to {newest}.";
const char stake_amount_undated[] =
    "Layers that nothing tracks: {layers}, with {allocated} bytes allocated, written at unknown "
    "times.";
const char stake_no_fork[] = "No chain in use has a layer in common with it.";
const char stake_on_leaf[] = "It stands on {ancestor}, on which {vm} itself lives.";
const char stake_fork[] = "Forks from {ancestor}; {vm} lives on {living}.";
const char stake_fork_since[] =
    "Forks from {ancestor}; {vm} lives on {living}, on its own side since {when} (a checkpoint's "
    "time).";
const char stake_fork_not_before[] =
    "Forks from {ancestor}; {vm} lives on {living}, on its own side not before {when}, when the "
    "common layer was last written.";
const char stake_sides[] =
    "Layers above the common one: {layers} here, {living-layers} in the living chain.";
const char stake_others[] = "Further chains in use on the common layer: {others}.";
const char stake_newer[] =
    "It was written later ({newest}) than the disk that {vm} lives on ({living-time}): it may hold "
    "what people miss.";
const char stake_older[] =
    "It was written earlier ({newest}) than the disk that {vm} lives on ({living-time}).";
const char stake_same_age[] = "It and the disk that {vm} lives on were written at the same time.";
const char stake_not_comparable[] =
    "There is nothing to compare its data with: its chain is not complete.";
const char stake_not_compared[] =
    "Whether its data differs from {against} is not known; --compare reads both.";
const char stake_empty[] = "It has no block of its own: a guest sees exactly what {against} shows.";
const char stake_equal[] = "It differs in nothing from {against}: both were read.";
const char stake_differs[] = "{differing} bytes of it differ from {against}: both were read.";

const char *const reason_identifier = "it carries the recorded identifier";
const char *const reason_virtual_disk = "it belongs to the same virtual disk (VirtualDiskId)";
const char *const reason_path = "it lies where the path of the parent leads";
const char *const reason_name = "it has the recorded name";
const char *const reason_size = "its virtual size is the same";
const char *const reason_time = "it was last written before the child";
const char *const reason_folder = "it lies in the child's folder";
const char *const reason_format = "format and sector size fit";

const char *const sanity_identifier =
    "the identifiers agree: Set-VHD -ParentPath reconnects it without that switch";
const char *const sanity_unreadable = "it cannot be read";
const char *const sanity_format = "format or sector size differ: it is another disk";
const char *const sanity_other_disk = "it belongs to another virtual disk";
const char *const sanity_size = "its size differs: it was resized or replaced";
const char *const sanity_written = "it was written after the child: its content has changed";
const char *const sanity_opened =
    "the log shows that it was mounted or opened for writing after the child was made";
const char sanity_unknown[] =
    "nothing shows that its content changed, and nothing that it did not: compare it with a backup "
    "of the time when the child was made";

const char sanity_equal[] =
    "both were read: it shows byte for byte what a disk with the recorded identifier shows";
const char sanity_differs[] = "both were read: it differs from a disk with the recorded identifier";

const char text_no_machine[] = "a VM";
const char text_no_path[] = "(no path)";
const char text_no_identifier[] = "(none)";

const char stage_measuring[] = "measuring merges";
const char stage_comparing[] = "comparing data";
const char stage_candidates[] = "comparing candidates";
const char stage_second_reader[] = "reading again with libvhdi";

static const char *const before_merge[] = {
    "A backup of every layer exists, and a restore of it was tried.",
    "All layers were copied to another volume before the first change.",
    "The VM is off, no backup and no replication touches it.",
    "Every blocker above is settled.",
    "The paths of the steps were compared with Get-VHD on the host, one by one.",
    "The volume has the extra space that is named above.",
    NULL,
};

static const char *const before_quarantine[] = {
    "No VM, checkpoint, backup or other cluster node uses the file.",
    "Every blocker above is settled.",
    "A backup of the file exists.",
    NULL,
};

static const char *const nothing_before[] = {NULL};

const char *const *plan_checks_before(enum plan_kind kind)
{
    static const char *const *const lists[] = {
        [PLAN_HYPER_V_MERGES] = before_merge,  [PLAN_MANUAL_MERGE_ON_COPIES] = before_merge,
        [PLAN_QUARANTINE] = before_quarantine, [PLAN_KEEP] = nothing_before,
        [PLAN_NOTHING_TO_DO] = nothing_before,
    };

    return lists[kind];
}

const char *plan_choice_name(enum plan_choice choice)
{
    return choice == CHOICE_DELETE ? "delete" : plan_kind_name((enum plan_kind)choice);
}

const char *const checks_after_merge[] = {
    "After each step: Get-VHD on the destination shows the expected parent and size.",
    "Read the identifiers again: a merge may change them.",
    "Start the VM isolated from the network and check its file systems.",
    "Take a new full backup, and see that no new layer stays behind after it.",
    "Scan again and compare with this report.",
    NULL,
};

const char *const checks_after_quarantine[] = {
    "Start the VM or take a checkpoint: nothing may miss the file.",
    "Keep the file for at least one complete backup cycle.",
    "Scan again and compare with this report.",
    NULL,
};

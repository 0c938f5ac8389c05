/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Merges and checkpoints that fail: the logon right first, then each look-alike by its code. */
#include "diagnose/clues.h"

#define VMMS_SOURCE "Microsoft-Windows-Hyper-V-VMMS-Admin.evtx"

#define MERGE_KINDS                                                                                \
    "merge-failed merge-interrupted merge-job-failed image-job-failed reference-point-failed "     \
    "collection-checkpoint-destroy-failed disk-operation-failed"
#define ANY_KINDS                                                                                  \
    MERGE_KINDS " checkpoint-failed checkpoint-start-failed checkpoint-job-failed "                \
                "checkpoint-delete-failed backup-checkpoint-failed backup-checkpoint-left "        \
                "disk-not-deleted checkpoint-storage-failed"

#define UNTRACKED                                                                                  \
    {                                                                                              \
        .text = "layers on the evidence that no checkpoint owns", .test = clue_untracked_layers,   \
        .source = "the folder of the VM's disks"                                                   \
    }
#define SETTLED                                                                                    \
    {                                                                                              \
        .text = "a later merge of the machine finished, and no layer waits any more",              \
        .test = clue_merge_settled                                                                 \
    }
/* It was of other layers, then. */
#define LATER_ONE_FINISHED                                                                         \
    {                                                                                              \
        .text = "a later merge of the machine finished", .test = clue_later_merge_finished         \
    }

#define FAILED_SWITCH                                                                              \
    .codes = {0x80048102, 0x800480BD, 0x800480BC, 0x800703EE},                                     \
    .or = &(const struct clue)                                                                     \
    {                                                                                              \
        .kinds = "checkpoint-switch-failed"                                                        \
    }

/* The same shape for every code: the merge failed with it, and layers are left. */
#define CODE_RULE(rule_name, rule_summary, ...)                                                    \
    .name = rule_name, .summary = rule_summary, .per_machine = true, .needs_more = true,           \
    .indicator = CLUES({.text = "failed", .kinds = ANY_KINDS, .codes = {__VA_ARGS__}}),            \
    .required = CLUES({.text = "a merge or checkpoint that failed with this code",                 \
                       .kinds = ANY_KINDS,                                                         \
                       .codes = {__VA_ARGS__},                                                     \
                       .source = VMMS_SOURCE}),                                                    \
    .weakening = CLUES(LATER_ONE_FINISHED), .excluding = CLUES(SETTLED)

const struct rule rules_merge[] = {
    {.name = "orphaned-checkpoint-logon-right",
     .summary = "Backups leave checkpoints behind that Hyper-V no longer shows: their merge fails "
                "because the special identity of the virtual machines lacks the right to log on "
                "as a service.",
     .per_machine = true,
     .needs = VMMS_SOURCE,
     .asks = clue_unexplained_layers,
     .core_is_telling = true,
     .needs_more = true,
     .indicator = CLUES({.text = "failed with the code",
                         .kinds = ANY_KINDS,
                         .codes = {0x8007052F}}),
     .required = CLUES({.text = "VMMS 19100 with 0x8007052F",
                        .kinds = "merge-failed",
                        .codes = {0x8007052F},
                        .source = VMMS_SOURCE},
                       UNTRACKED),
     .supporting =
         CLUES({.text = "the backup's log says that the checkpoint was removed, although the "
                        "merge failed",
                .kinds = "collection-checkpoint-destroyed reference-point-created "
                         "checkpoint-cleanup-reported-success backup-product-error",
                .host_wide = true,
                .source = "logs of the backup product, " VMMS_SOURCE},
               {.text = "the right missing in the host's registry or in a policy",
                .test = clue_logon_right_missing,
                .source = "SECURITY hive of the host, GptTmpl.inf or gpt*.inf of a policy"},
               {.text = "0x80070569 at the start or migration of a VM",
                .codes = {0x80070569},
                .host_wide = true,
                .source = VMMS_SOURCE},
               {.text = "the account of the virtual machines could not be mapped",
                .kinds = "vm-account-problem",
                .host_wide = true,
                .source = VMMS_SOURCE}),
     .weakening = CLUES({.text = "the right is there", .test = clue_logon_right_there},
                        LATER_ONE_FINISHED),
     .excluding = CLUES(SETTLED),
     REMEDIES(
         {"Copy the logs and the disks first.", REMEDY_NONE, NULL},
         {"Find the group policy that defines \"Log on as a service\" and add NT VIRTUAL "
          "MACHINE\\Virtual Machines to it, or move the hosts out of its reach.",
          REMEDY_SERVICE, "gpresult /h report.html"},
         {"Refresh the policy. This alone helps only until the next refresh takes the right away "
          "again.",
          REMEDY_SERVICE, "gpupdate /force"},
         {"Restart the management service at a quiet time; running VMs keep running.",
          REMEDY_SERVICE, "Restart-Service vmms"},
         {"Shut the VM down and let Hyper-V merge what it still tracks; watch 19070 and 19080.",
          REMEDY_DATA, NULL},
         {"Layers that Hyper-V no longer tracks: hvchain plan. By hand only on copies, leaf first.",
          REMEDY_DATA, NULL})},

    {CODE_RULE("merge-sharing-violation",
               "A file of the chain is open elsewhere: a backup job, a virus scanner, or a handle "
               "on another cluster node.",
               0x80070020, 0xC0000043),
     .supporting = CLUES(UNTRACKED),
     REMEDIES({"Find who holds the file: backup jobs, antivirus exclusions, mounted disks.",
               REMEDY_NONE, "Get-SmbOpenFile | Where-Object Path -like '*.avhdx'"},
              {"No local holder on a cluster: evacuate and restart the node that owns the handle.",
               REMEDY_SERVICE, NULL})},

    {CODE_RULE("merge-disk-full", "The volume has no room for the growth of the parent.",
               0x80070070, 0xC000007F),
     .supporting = CLUES(UNTRACKED, {.text = "warnings of a full volume",
                                     .kinds = "space-low paused-no-space volume-full",
                                     .near = ANY_KINDS,
                                     .minutes = 24 * 60,
                                     .host_wide = true,
                                     .source = "System.evtx"}),
     REMEDIES({"Free space on that very volume without deleting any .avhdx, or extend it.",
               REMEDY_NONE, NULL},
              {"hvchain plan says how much the merge needs.", REMEDY_NONE, NULL})},

    {CODE_RULE("merge-file-system-limitation",
               "The disk's file is so fragmented that NTFS can't extend it any more.", 0x80070299,
               0xC0000427),
     .supporting = CLUES(UNTRACKED),
     REMEDIES({"Copy the disk to a volume formatted with large file records, and back.",
               REMEDY_DATA, "Format-Volume -DriveLetter <X> -UseLargeFRS"})},

    {CODE_RULE("chain-id-mismatch",
               "A parent was changed after its child was made, so that the chain no longer fits.",
               0xC03A000E, 0xC03A000F),
     .supporting =
         CLUES({.text = "disks on the evidence whose parent no longer matches",
                .test = clue_mismatched_disks,
                .source = "the folder of the VM's disks"},
               {.text = "VHDMP 7 or a mismatch in the logs",
                .kinds = "chain-mismatch",
                .host_wide = true,
                .source = "Microsoft-Windows-VHDMP-Operational.evtx"},
               {.text = "who opened the parent writable or mounted it",
                .test = clue_parent_opened,
                .source = "Microsoft-Windows-VHDMP-Operational.evtx"}),
     REMEDIES({"Find out who opened the parent (VHDMP 1 and 12 before that time).", REMEDY_NONE,
               NULL},
              {"Bring back the parent that carries the recorded identifier.", REMEDY_DATA, NULL},
              {"Only when the parent's content is known to be unchanged, and on copies: reconnect "
               "with -IgnoreIdMismatch.",
               REMEDY_DATA, "Set-VHD -Path <child> -ParentPath <parent> -IgnoreIdMismatch"})},

    {CODE_RULE("merge-media-error", "The storage could not read or write a part of the file.",
               0x8007045D, 0x80070017, 0xC0000185),
     .supporting = CLUES(UNTRACKED, {.text = "errors of the disk",
                                     .kinds = "disk-error disk-failing file-system-corrupt",
                                     .near = ANY_KINDS,
                                     .minutes = 24 * 60,
                                     .host_wide = true,
                                     .source = "System.evtx"}),
     REMEDIES({"Copy the files out first; then look at the disk and its controller.", REMEDY_NONE,
               NULL})},

    {.name = "merge-not-ended",
     .summary = "A merge was started and never ended.",
     .per_machine = true,
     .indicator = CLUES({.text = "open", .test = clue_open_merge}),
     .required = CLUES({.text = "a merge without end", .test = clue_open_merge}, UNTRACKED),
     REMEDIES({"Wait for it while the disk still works; see whether the files still change.",
               REMEDY_NONE, NULL},
              {"Free space, stop backups, shut the VM down and let Hyper-V merge.", REMEDY_SERVICE,
               NULL})},

    {.name = "merge-blocked-by-saved-state",
     .summary = "A saved state keeps the merge from starting.",
     .per_machine = true,
     .indicator = CLUES({.text = "saved", .test = clue_saved_state}),
     .required = CLUES({.text = "unmerged layers of a VM with saved state",
                        .test = clue_saved_state}),
     .needs_more = true,
     REMEDIES({"Start the VM and shut it down properly. Deleting the saved state loses its memory.",
               REMEDY_SERVICE, NULL})},

    {.name = "fork-commit-hold",
     .summary = "The VM failed to switch to its new layers: what it has in memory can differ from "
                "what the files say.",
     .per_machine = true,
     .indicator = CLUES({.text = "switch", FAILED_SWITCH}),
     .required = CLUES({.text = "Worker 3216 or one of the codes of a failed commit",
                        FAILED_SWITCH,
                        .source = "Microsoft-Windows-Hyper-V-Worker-Admin.evtx"},
                       UNTRACKED),
     .needs_more = true,
     .weakening = CLUES({.text = "known from a single public source", FAILED_SWITCH}),
     REMEDIES({"Do not restart, migrate, shut down or merge. Open a case with Microsoft.",
               REMEDY_NONE, NULL})},

    {.name = "chain-parent-moved",
     .summary = "A parent of the chain is not at its recorded place.",
     .per_machine = true,
     .indicator = CLUES({.text = "code", .codes = {0xC03A000D}},
                        {.text = "unreadable member", .kinds = "chain-member-unreadable "
                                                               "checkpoint-missing"}),
     .required = CLUES({.text = "0xC03A000D, or an event that names the missing member",
                        .kinds = "chain-member-unreadable checkpoint-missing disk-open-failed "
                                 "vm-start-failed image-job-failed",
                        .source = VMMS_SOURCE},
                       {.text = "a disk on the evidence whose parent is missing",
                        .test = clue_missing_parent,
                        .source = "the folder of the VM's disks"}),
     REMEDIES({"Find the file (hvchain searches by identifier) and put it back, or reconnect it.",
               REMEDY_DATA, "Set-VHD -Path <child> -ParentPath <parent>"})},

    {.name = "checkpoint-leftover-file",
     .summary = "Hyper-V finished with a layer but could not delete its file.",
     .per_machine = true,
     .indicator = CLUES({.text = "not deleted", .kinds = "disk-not-deleted"}),
     .required = CLUES({.text = "an event that names the file", .kinds = "disk-not-deleted",
                        .source = VMMS_SOURCE},
                       UNTRACKED),
     REMEDIES({"Compare the event's file with the scan before anything is removed.", REMEDY_NONE,
               NULL})},
    {0},
};

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Failing backups of the host: the VSS writer's counter, shared protection points, leftovers. */
#include "diagnose/clues.h"

#define WRITER_SOURCE "Application.evtx of the host"
#define VMMS_SOURCE   "Microsoft-Windows-Hyper-V-VMMS-Admin.evtx"

#define BACKUP_FAILURES                                                                            \
    "backup-failed backup-snapshot-failed backup-partly-failed backup-stopped"
#define DISK_TROUBLE                                                                               \
    {                                                                                              \
        .text = "errors of the disk or its file system on the same day",                           \
        .kinds = "disk-error disk-failing disk-slow file-system-corrupt file-system-error "        \
                 "file-system-health write-lost volume-full space-low paused-no-space "            \
                 "backup-target-problem",                                                          \
        .near = BACKUP_FAILURES " vss-writer-rejected", .minutes = 24 * 60,                        \
        .host_wide = true                                                                          \
    }

#define UNSUPPORTED_DISK "backup-disk-skipped backup-refused checkpoint-refused"

const struct rule rules_backup[] = {
    {.name = "vss-writer-counter",
     .summary = "The host's backup fails a second time although its cause in the guest was "
                "removed: the guest's Hyper-V VSS service still counts the volumes of the failed "
                "run.",
     .needs = "Application.evtx",
     .needs_more = true,
     .indicator = CLUES({.text = "rejected", .test = clue_writer_rejected}),
     .required = CLUES({.text = "VSS 8229 with 0x800423F4 of the Hyper-V VSS writer (vmms.exe) in "
                                "just two backup runs in a row",
                        .test = clue_writer_rejected_twice,
                        .source = WRITER_SOURCE}),
     .supporting =
         CLUES({.text = "checkpoint failures of a VM at the time of the rejections",
                .kinds = "production-checkpoint-failed guest-writers-failed "
                         "backup-checkpoint-failed",
                .near = "vss-writer-rejected",
                .minutes = 10,
                .source = VMMS_SOURCE " and -Worker-Admin.evtx"},
               {.text = "the guest's own logs: an error of VSS in the first run, none in the last",
                .test = clue_guest_vss_failed_first,
                .source = "Application.evtx of the guest"}),
     .weakening = CLUES(DISK_TROUBLE),
     .excluding =
         CLUES({.text = "rejected in three or more runs in a row: a writer that really fails",
                .test = clue_writer_rejected_often},
               {.text = "several VMs failed at once: the host's trouble",
                .test = clue_writer_rejected_for_several},
               {.text = "the guest's service was restarted in between: it counts anew",
                .test = clue_guest_service_restarted}),
     REMEDIES({"Remove the cause in the guest first: list its writers and look at its VSS events.",
               REMEDY_NONE, "vssadmin list writers"},
              {"Before the next try, restart the guest's service, so that its counter starts anew "
               "(or restart the VM).",
               REMEDY_SERVICE, "Restart-Service vmicvss"},
              {"Or run the backup once more: the third run succeeds.", REMEDY_NONE, NULL})},

    {.name = "spp-timeout",
     .summary = "Windows Server Backup gave up because making the shadow copies of all VMs took "
                "longer than the time limit of a shared protection point.",
     .needs = "Application.evtx|Microsoft-Windows-Backup.evtx",
     .needs_more = true,
     .indicator = CLUES({.text = "a backup that failed with one of the codes",
                         .kinds = BACKUP_FAILURES " backup-finished",
                         .codes = {0x80780021, 0x807800A1, 0x81000101}}),
     .required = CLUES({.text = "the inner code 0x81000101 or a text that a shared protection "
                                "point timed out",
                        .kinds = BACKUP_FAILURES,
                        .codes = {0x81000101, 0x80780021},
                        .or = &(const struct clue){.kinds = BACKUP_FAILURES,
                                                   .words = "shared protection point"},
                        .source = "Application.evtx and Microsoft-Windows-Backup.evtx"}),
     .supporting =
         CLUES({.text = "the same failure in more than one record",
                .kinds = "backup-failed backup-snapshot-failed",
                .codes = {0x81000101},
                .times = 2,
                .source = "Microsoft-Windows-Backup.evtx"},
               {.text = "shadow copies that timed out or ran out of space",
                .kinds = "shadow-copy-timeout shadow-copy-storage-full shadow-copy-storage-scattered "
                         "vss-hold-failed vss-commit-timeout",
                .near = BACKUP_FAILURES,
                .minutes = 60,
                .source = "System.evtx"}),
     .context = CLUES({.text = "the time limit that is set",
                       .test = clue_create_timeout,
                       .source = "SOFTWARE hive of the host"},
                      {.text = "the time from the backup's start to its failure",
                       .test = clue_time_to_failure,
                       .source = "Application.evtx"}),
     .weakening = CLUES(DISK_TROUBLE,
                        {.text = "as many shadow copies as there may be, as after a bare-metal "
                                 "recovery: they run into the same limit (KB956136)",
                         .kinds = "shadow-copies-too-many"}),
     .excluding = CLUES({.text = "the inner code is that of a writer, not of the time limit",
                         .kinds = "backup-failed backup-snapshot-failed",
                         .codes = {0x807800A1},
                         .inner = 0x800423F4}),
     REMEDIES(
         {"Rule out the disk first: events 7, 11, 51, 153 of disk and 55 of Ntfs, SMART, the "
          "vendor's tool. Do not run chkdsk on a mounted VM disk.",
          REMEDY_NONE, NULL},
         {"Test once with all VMs shut down or saved. When that succeeds, load is the cause.",
          REMEDY_SERVICE, NULL},
         {"Raise the time limit: CreateTimeout is in milliseconds, the default is 10 minutes = "
          "600000. Rule of thumb: 10 minutes times (VMs on the host / VMs that still succeed), "
          "plus 10 minutes; 12 VMs of which 6 work: 30 minutes = 1800000. Restart the host.",
          REMEDY_SERVICE,
          "New-ItemProperty -Path 'HKLM:\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\SPP' "
          "-Name CreateTimeout -PropertyType DWord -Value 1800000"},
         {"Split the job or move VMs to faster storage.", REMEDY_NONE, NULL},
         {"Event volsnap 27 with C000000E after a successful backup is harmless: the backup's "
          "temporary disk was detached.",
          REMEDY_NONE, NULL})},

    {.name = "shadow-copies-lost",
     .summary = "Windows gave up shadow copies of a volume: the backups and previous versions that "
                "were kept in them are gone.",
     .needs_more = true,
     .indicator = CLUES({.text = "lost", .test = clue_shadow_copies_lost}),
     .required = CLUES({.text = "volsnap 14, 25, 35 or 36, or 27 with another status than C000000E",
                        .test = clue_shadow_copies_lost,
                        .source = "System.evtx"}),
     .supporting = CLUES({.text = "within an hour of it: a disk or file system that failed, or a "
                                  "storage of shadow copies without room",
                          .kinds = "disk-error disk-failing disk-slow disk-removed volume-full "
                                   "file-system-corrupt file-system-error write-lost "
                                   "shadow-copy-storage-full shadow-copy-storage-missing "
                                   "shadow-copy-timeout",
                          .near = "shadow-copies-lost shadow-copies-not-found",
                          .minutes = 60,
                          .source = "System.evtx"}),
     REMEDIES({"What was kept in them can't be brought back: take a new full backup, and see which "
               "older versions of it are still listed.",
               REMEDY_NONE, "wbadmin get versions"},
              {"Rule out the disk first: events 7, 11, 51, 153 of disk and 55 of Ntfs.",
               REMEDY_NONE, NULL},
              {"Look how much room the storage of shadow copies has, and on which volume it lies.",
               REMEDY_NONE, "vssadmin list shadowstorage"},
              {"Give it more room, or a volume that is less busy during backups. Less room, or "
               "another volume, deletes the shadow copies that are left.",
               REMEDY_DATA,
               "vssadmin resize shadowstorage /for=<volume> /on=<volume> /maxsize=<size>"})},

    {.name = "backup-leftover",
     .summary = "A backup did not clean up its checkpoint.",
     .per_machine = true,
     .indicator = CLUES({.text = "clean-up failed", .kinds = "backup-checkpoint-left "
                                                             "recovery-checkpoint-kept"},
                        {.text = "recovery checkpoint", .test = clue_recovery_checkpoint}),
     .required = CLUES({.text = "an event that the backup's checkpoint could not be removed",
                        .kinds = "backup-checkpoint-left recovery-checkpoint-kept",
                        .source = VMMS_SOURCE},
                       {.text = "a recovery checkpoint or unmerged layers on the evidence",
                        .test = clue_recovery_checkpoint,
                        .source = "the VM's configuration folder"}),
     REMEDIES({"Make sure that no backup job runs.", REMEDY_NONE, NULL},
              {"Remove the recovery checkpoint with its cmdlet, never its files.", REMEDY_DATA,
               "Get-VMSnapshot -VMName <VM> -SnapshotType Recovery | Remove-VMSnapshot"},
              {"Restart the virtual machine management service if the cmdlet hangs.",
               REMEDY_SERVICE, "Restart-Service vmms"})},

    {.name = "autorecovery-leftover",
     .summary = "A stale automatic-recovery disk blocks the next checkpoint or backup.",
     .per_machine = true,
     .indicator = CLUES({.text = "file", .test = clue_autorecovery_leftover},
                        {.text = "event", .kinds = "autorecovery-not-deleted"},
                        {.text = "code",
                         .kinds = "checkpoint-start-failed checkpoint-failed "
                                  "backup-checkpoint-failed",
                         .codes = {0x80070050, 0x800423FB}}),
     .required = CLUES({.text = "a *-AutoRecovery.avhdx that nothing depends on",
                        .test = clue_autorecovery_leftover,
                        .source = "the folder of the VM's disks"},
                       {.text = "an event that it could not be deleted, or 0x80070050",
                        .kinds = "autorecovery-not-deleted checkpoint-start-failed "
                                 "checkpoint-failed backup-checkpoint-failed",
                        .codes = {0x80070050, 0x800423FB, 0x80070020, 0x80070005},
                        .source = VMMS_SOURCE}),
     .supporting = CLUES({.text = "0x800423FB of the Hyper-V VSS writer, which names no VM",
                          .kinds = "vss-writer-rejected",
                          .codes = {0x800423FB},
                          .host_wide = true,
                          .source = WRITER_SOURCE}),
     REMEDIES({"Check that it is nobody's parent and no VM uses it (hvchain scan says so).",
               REMEDY_NONE, NULL},
              {"With no backup running: rename it, run a checkpoint or backup, delete it later.",
               REMEDY_DATA, "Rename-Item -LiteralPath <file> -NewName <file>.old"})},

    {.name = "backup-overlap",
     .summary = "Two backups or operations ran into each other.",
     .indicator = CLUES({.text = "conflict", .kinds = "backup-conflict"},
                        {.text = "snapshot set in progress", .codes = {0x80042316}}),
     .required = CLUES({.text = "conflicting backups at least twice", .kinds = "backup-conflict",
                        .times = 2, .source = VMMS_SOURCE " and Microsoft-Windows-Backup.evtx"}),
     REMEDIES({"Give each product its own window; one backup of a VM at a time.", REMEDY_NONE,
               NULL})},

    {.name = "backup-unsupported-disk",
     .summary = "Disks of the VM can't be part of a host backup (pass-through, iSCSI, fibre "
                "channel, shared).",
     .per_machine = true,
     .indicator = CLUES({.text = "skipped", .kinds = UNSUPPORTED_DISK}),
     .required = CLUES({.text = "an event that names the kind of disk",
                        .kinds = UNSUPPORTED_DISK,
                        .source = VMMS_SOURCE}),
     .needs_more = true,
     .supporting = CLUES({.text = "several such events",
                          .kinds = UNSUPPORTED_DISK,
                          .times = 2,
                          .source = VMMS_SOURCE}),
     REMEDIES({"Back these disks up from inside the guest, with an agent.", REMEDY_NONE, NULL})},
    {0},
};

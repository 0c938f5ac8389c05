/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "chain/texts.h"

#include "base/checked.h"

#include <string.h>

#define CHAIN_COMMAND "Get-VHD -Path {path} | Format-List Path,VhdType,ParentPath,FileSize"
#define SNAPSHOT_COMMAND "Get-VMSnapshot -VMName {vm} | Format-List Name,SnapshotType,Path"

static const struct finding_text class_texts[CLASS_COUNT] = {
    [CLASS_CORRUPT] =
        {"corrupt", SEVERITY_DATA_LOSS_RISK, CONFIDENCE_CONFIRMED,
         "{file} cannot be read as a virtual disk.",
         "Its structures are damaged, incomplete or of another format. A chain that needs it "
         "cannot be opened or merged, and a repair attempt on the original can destroy what is "
         "left.",
         "Copy the file as it is, then look for a good copy in a backup. Never merge, compact or "
         "repair the original.",
         NULL,
         {"Test-VHD -Path {path}", CHAIN_COMMAND}},
    [CLASS_ACTIVE_UNTRACKED] =
        {"active-untracked", SEVERITY_PROBLEM, CONFIDENCE_LIKELY,
         "{vm} runs on {file}, a checkpoint disk that belongs to no checkpoint.",
         "The checkpoint is gone from the configuration but its disk was not merged. It holds the "
         "VM's newest data, although neither Hyper-V Manager nor PowerShell shows a checkpoint.",
         "Never delete this file. Make sure that no backup job runs, find out why the merge "
         "failed, then plan a shutdown of the VM and watch events 19070 and 19080. If nothing "
         "happens, take a checkpoint and remove it to trigger a merge. Only then merge offline, "
         "on copies.",
         "Never delete this file. Do not merge offline while the VM has saved state or while "
         "evidence is missing; settle that first.",
         {SNAPSHOT_COMMAND, CHAIN_COMMAND}},
    [CLASS_PENDING_MERGE] =
        {"pending-merge", SEVERITY_PROBLEM, CONFIDENCE_LIKELY,
         "{file} is a layer of {vm}'s living chain whose checkpoint no longer exists.",
         "Its checkpoint was removed but the merge did not happen or did not end. Everything "
         "above it depends on it: deleting it destroys the VM's disk.",
         "Never delete this file. Look for merge events 19090, 19100 and 16210 and for 10154, "
         "10155 and 10171 after backups; settle their cause, then let Hyper-V merge: no backup "
         "running, VM shut down, watch 19070 and 19080.",
         "Never delete this file. Do not merge offline while the VM has saved state or while "
         "evidence is missing; settle that first.",
         {SNAPSHOT_COMMAND, CHAIN_COMMAND}},
    [CLASS_AUTORECOVERY_LEFTOVER] =
        {"autorecovery-leftover", SEVERITY_WARNING, CONFIDENCE_LIKELY,
         "{file} was left behind by a backup's automatic recovery.",
         "Such a disk exists only while a backup runs. A stale one makes the next checkpoint fail "
         "with 0x80070050 or 0x800423FB.",
         "With no backup running: rename it, run a checkpoint or backup as a test, and remove it "
         "only after that went well.",
         "Leave it where it is until the missing evidence is there and no backup runs.",
         {CHAIN_COMMAND}},
    [CLASS_AUTORECOVERY_IN_USE] =
        {"autorecovery-in-use", SEVERITY_DATA_LOSS_RISK, CONFIDENCE_LIKELY,
         "{file} is an automatic-recovery disk, yet something depends on it.",
         "These disks are thrown away after a backup. One with children or references has become "
         "part of a chain and holds data that exists nowhere else.",
         "Touch nothing. Back up the whole chain as it is and open a case with the backup vendor "
         "or Microsoft.",
         NULL,
         {SNAPSHOT_COMMAND, CHAIN_COMMAND}},
    [CLASS_UNREGISTERED_VM_DISK] =
        {"unregistered-vm-disk", SEVERITY_WARNING, CONFIDENCE_LIKELY,
         "{file} belongs to {vm}, which is not registered on the hosts examined.",
         "It may be an export, a machine of another node, a replica, or what is left of a removed "
         "machine.",
         "Find the owner before anything else: other nodes' lists of machines, the cluster's "
         "resources, export folders.",
         NULL,
         {"Get-VM | Format-Table Name,VMId,ComputerName", "Get-ClusterResource"}},
    [CLASS_BROKEN_CHAIN_PARENT] =
        {"broken-chain-parent", SEVERITY_DATA_LOSS_RISK, CONFIDENCE_CONFIRMED,
         "{file} is where a disk in use expects its parent, but it is not the same disk any more.",
         "The child's recorded linkage differs from this file's identifier: the VM will not start "
         "with this chain, or fails at its next start.",
         "Keep the VM as it is, copy the whole chain, and find the parent that carries the "
         "recorded identifier. Set-VHD -IgnoreIdMismatch is for copies only, and only when the "
         "parent's content is known to be unchanged.",
         NULL,
         {CHAIN_COMMAND}},
    [CLASS_ORPHAN_WITH_DATA] =
        {"orphan-with-data", SEVERITY_PROBLEM, CONFIDENCE_LIKELY,
         "{file} holds data and grows on {vm}'s current disk, but nothing refers to it.",
         "Its data may be newer than the VM's disk (the VM was pointed back to the parent) or "
         "older (a discarded branch).",
         "Compare times and ask the owner. Export the VM, shut it down, copy everything; then "
         "decide on the copies. Never delete it first.",
         "Leave it where it is. Complete the evidence first; then compare times and ask the "
         "owner.",
         {SNAPSHOT_COMMAND, CHAIN_COMMAND}},
    [CLASS_ORPHAN_SIDE_BRANCH] =
        {"orphan-side-branch", SEVERITY_PROBLEM, CONFIDENCE_LIKELY,
         "{file} is a side branch of {vm}'s chain that nothing refers to.",
         "Its parent has another child in use. Merging this file into the parent would change the "
         "parent and break the living branch.",
         "Never merge it. When the owner says that its data is not needed, move it away and keep "
         "it for at least one backup cycle.",
         "Never merge it, and leave it where it is until the missing evidence is there.",
         {SNAPSHOT_COMMAND, CHAIN_COMMAND}},
    [CLASS_ORPHAN_EMPTY] =
        {"orphan-empty", SEVERITY_WARNING, CONFIDENCE_LIKELY,
         "{file} is a checkpoint disk without any data that nothing refers to.",
         "No block of it is allocated or zeroed: it changes nothing of what its parent holds.",
         "Merging it is pointless. Move it away; remove it later, when a backup has gone well.",
         "Leave it where it is until the missing evidence is there.",
         {CHAIN_COMMAND}},
    [CLASS_ABANDONED_CHAIN] =
        {"abandoned-chain", SEVERITY_WARNING, CONFIDENCE_LIKELY,
         "{file} is part of a chain that no configuration refers to.",
         "Deleting a VM leaves its disks behind; the whole chain stands or falls together.",
         "Document the chain, ask the owner, and quarantine it as a whole. For an archive, merge "
         "on copies, leaf first.",
         "Leave the whole chain where it is until the missing evidence is there.",
         {CHAIN_COMMAND}},
    [CLASS_ORPHAN_NO_PARENT] =
        {"orphan-no-parent", SEVERITY_PROBLEM, CONFIDENCE_LIKELY,
         "{file} is a differencing disk whose parent is nowhere on the evidence.",
         "Without its parent it cannot be read or merged; with it, it may be the only copy of "
         "somebody's data.",
         "Search all volumes and backups for the disk with the recorded identifier before you "
         "touch it; then reconnect it on copies.",
         NULL,
         {CHAIN_COMMAND}},
    [CLASS_ORPHAN_MISMATCH] =
        {"orphan-mismatch", SEVERITY_PROBLEM, CONFIDENCE_LIKELY,
         "{file} names a parent that is no longer the disk it was made on.",
         "The parent was written to after this child was made, or replaced. Merging would mix "
         "two states of the disk.",
         "Search for the true parent by the recorded identifier. Never merge the originals.",
         NULL,
         {CHAIN_COMMAND}},
    [CLASS_UNATTACHED_DISK] =
        {"unattached-disk", SEVERITY_WARNING, CONFIDENCE_LIKELY,
         "{file} is a whole disk that no configuration refers to.",
         "It may be a template, a data disk that was detached, or the rest of a removed VM.",
         "Ask the owner; keep it until somebody has decided.",
         NULL,
         {CHAIN_COMMAND}},
};

static const struct finding_text overlay_texts[OVERLAY_COUNT] = {
    [OVERLAY_HOLD] =
        {"hold", SEVERITY_DATA_LOSS_RISK, CONFIDENCE_LIKELY,
         "{vm} may only look healthy: switching to new layers failed while {file} is unmerged.",
         "The layers in the service's memory can differ from those in the files. A restart, a "
         "migration or a merge makes the difference permanent.",
         "Do not restart, migrate, shut down or merge this VM. Open a case with Microsoft.",
         NULL,
         {NULL}},
    [OVERLAY_BROKEN_CHAIN] =
        {"broken-chain", SEVERITY_DATA_LOSS_RISK, CONFIDENCE_CONFIRMED,
         "The chain below {file} is broken.",
         "Its parent is missing, is another disk than the recorded one, or leads back to itself. "
         "A VM that runs now will not start next time.",
         "Back up what runs, now. Then find the parent that carries the recorded identifier "
         "before anybody restarts the VM.",
         NULL,
         {CHAIN_COMMAND}},
    [OVERLAY_REPLICA] =
        {"replica", SEVERITY_WARNING, CONFIDENCE_LIKELY,
         "{file} is replicated.",
         "Logs of Hyper-V Replica lie beside it or its configuration names replication: changing "
         "or merging it by hand forces a full resynchronisation.",
         "Use only the replication's own ways (resume, resynchronise, remove replication).",
         NULL,
         {"Get-VMReplication -VMName {vm}"}},
    [OVERLAY_CLUSTER_UNKNOWN] =
        {"cluster-unknown", SEVERITY_WARNING, CONFIDENCE_LIKELY,
         "Disks lie on shared storage, and the configurations of other nodes were not given.",
         "A disk that this node does not know can be in use on another one.",
         "Scan again with the other nodes' folders (--host) or inventories (--inventory) before "
         "you decide about any disk on the shared storage.",
         NULL,
         {"Get-ClusterNode", "Get-VM -ComputerName (Get-ClusterNode).Name | "
                             "Get-VMHardDiskDrive | ConvertTo-Json"}},
    [OVERLAY_NTFS_LIMITATION] =
        {"ntfs-limitation", SEVERITY_WARNING, CONFIDENCE_CONFIRMED,
         "{file} is compressed, encrypted, sparse, deduplicated or offline on its volume.",
         "Hyper-V refuses such disks with 0xC03A001A, and a merge can fail on them.",
         "Copy it to a file without these attributes before any merge.",
         NULL,
         {"(Get-Item {path}).Attributes"}},
    [OVERLAY_TIME_ANOMALY] =
        {"time-anomaly", SEVERITY_PROBLEM, CONFIDENCE_LIKELY,
         "{file} was changed after a disk that was made on it.",
         "A parent must not change while children exist. Mounting it writable, booting it or "
         "restoring it makes its children useless.",
         "Find out who opened it (event 12 of VHDMP names the process' access), and do not merge "
         "before that is clear.",
         NULL,
         {CHAIN_COMMAND}},
};

const struct finding_text *class_text(enum disk_class class)
{
    return class_texts[class].code ? &class_texts[class] : NULL;
}

const struct finding_text *overlay_text(enum disk_overlay overlay)
{
    return overlay_texts[overlay].code ? &overlay_texts[overlay] : NULL;
}

const char *blocking_text(enum disk_overlay overlay)
{
    static const char *const texts[OVERLAY_COUNT] = {
        [OVERLAY_HOLD] = "the VM is in a state that only Microsoft support can resolve",
        [OVERLAY_BROKEN_CHAIN] = "the chain is broken",
        [OVERLAY_MERGE_IN_PROGRESS] = "a merge is running",
        [OVERLAY_MERGE_FAILED] = "a merge failed and its cause is not settled",
        [OVERLAY_BACKUP_ACTIVE] = "a backup is running",
        [OVERLAY_REPLICA] = "the VM is replicated",
        [OVERLAY_CLUSTER_UNKNOWN] = "other cluster nodes were not examined",
        [OVERLAY_SAVED_STATE] = "the VM has saved state",
        [OVERLAY_LOW_CONFIDENCE] = "the evidence of what is tracked is incomplete",
        [OVERLAY_NTFS_LIMITATION] = "the file has attributes that Hyper-V refuses",
    };

    return texts[overlay];
}

const struct finding_text text_backup_checkpoint = {
    "backup-checkpoint", SEVERITY_WARNING, CONFIDENCE_LIKELY,
    "{vm} has a recovery checkpoint of a backup.",
    "Backup products create it and remove it at the end of the job. One that stays makes the "
    "chain grow, and Hyper-V Manager offers no way to delete it.",
    "If no backup job is running, remove the checkpoint with its cmdlet, never its files.",
    "Wait until the backup is over or the missing evidence is there; never delete its files.",
    {"Get-VMSnapshot -VMName {vm} -SnapshotType Recovery",
     "Get-VMSnapshot -VMName {vm} -SnapshotType Recovery | Remove-VMSnapshot"}};

const struct finding_text text_missing_disk = {
    "missing-disk", SEVERITY_PROBLEM, CONFIDENCE_LIKELY,
    "{vm} refers to a disk that is not in its folder.",
    "The folder is on the evidence and the file is not: the VM or checkpoint cannot use it.",
    "Find out whether it was moved, renamed or deleted before the VM is started.", NULL,
    {"Get-VMHardDiskDrive -VMName {vm}"}};

const struct finding_text text_ambiguous_path = {
    "ambiguous-path", SEVERITY_WARNING, CONFIDENCE_CONFIRMED,
    "{vm} refers to a disk, and several files fit the recorded path equally.",
    "Which of them is in use cannot be told from the path alone; none of them may be taken for "
    "unused.",
    "Tell where the drive is mounted (--map 'D:\\=/mnt/d') and scan again.", NULL,
    {"Get-VMHardDiskDrive -VMName {vm}"}};

const struct finding_text text_ambiguous_parent = {
    "ambiguous-parent", SEVERITY_WARNING, CONFIDENCE_CONFIRMED,
    "Several copies of the parent of {file} exist, none at a recorded path.",
    "They carry the same identifier, so that the linkage cannot choose among them.",
    "Find out which copy is the original; do not merge into a copy that another chain uses.", NULL,
    {CHAIN_COMMAND}};

const struct finding_text text_missing_config = {
    "missing-config", SEVERITY_PROBLEM, CONFIDENCE_LIKELY,
    "A registered machine's configuration is not in its folder.",
    "The host's list of machines names it, its folder is on the evidence, and the file is gone: "
    "the machine is shown as critical or not at all.",
    "Restore the configuration file from a backup; its disks are still needed.", NULL,
    {"Get-VM | Format-Table Name,State,Path"}};

const struct finding_text text_missing_checkpoint = {
    "missing-config", SEVERITY_PROBLEM, CONFIDENCE_LIKELY,
    "A registered checkpoint's configuration is not in its folder.",
    "The host's registration folder links to it, its folder is on the evidence, and the file is "
    "gone: the layers that it tracked look like orphans.",
    "Restore the configuration file from a backup; its layers are still needed.", NULL,
    {"Get-VMSnapshot -VMName * | Format-List VMName,Name,Path"}};

const struct finding_text text_config_unreadable = {
    "config-unreadable", SEVERITY_PROBLEM, CONFIDENCE_CONFIRMED,
    "{file} cannot be read as a configuration.",
    "What it tracks is unknown: no disk of this host can be called unused.",
    "Restore it from a backup, or scan with an inventory of the running host (--inventory).", NULL,
    {"Get-VM | Get-VMHardDiskDrive | ConvertTo-Json"}};

const struct finding_text text_config_unopened = {
    "config-unreadable", SEVERITY_PROBLEM, CONFIDENCE_POSSIBLE,
    "{file} could not be opened.",
    "The file itself may be healthy. What it tracks is unknown: no disk of this host can be called "
    "unused.",
    "Scan again with the right to read it, or with an inventory of the running host "
    "(--inventory).",
    NULL,
    {"Get-VM | Get-VMHardDiskDrive | ConvertTo-Json"}};

const struct finding_text text_config_damaged = {
    "config-damaged", SEVERITY_WARNING, CONFIDENCE_CONFIRMED,
    "{file} was read, but some of its structures are damaged.",
    "Checksums or structures of the container do not agree; single keys may be wrong or missing.",
    "Compare with what the running host says (--inventory) before you rely on it.", NULL,
    {"Get-VM | Get-VMHardDiskDrive | ConvertTo-Json"}};

const struct finding_text text_journal_unreadable = {
    "journal-unreadable", SEVERITY_WARNING, CONFIDENCE_CONFIRMED,
    "{file} has pending changes in its journal that could not be applied.",
    "The configuration was being written when this copy was taken: disks may have changed since.",
    "Take another copy of the file or an inventory of the running host, and scan again.", NULL,
    {"Get-VM | Get-VMHardDiskDrive | ConvertTo-Json"}};

const struct finding_text text_merge_pending = {
    "disk-merge-pending", SEVERITY_WARNING, CONFIDENCE_LIKELY,
    "{vm}'s configuration itself says that a merge of its disks is pending.",
    "Hyper-V set the flag when a checkpoint was removed and clears it when the merge has ended.",
    "Let the merge run: no backup job, VM shut down, and watch events 19070, 19080 and 19100.",
    NULL, {"Get-VM -Name {vm} | Format-List State,Status", SNAPSHOT_COMMAND}};

const struct finding_text text_merge_failed = {
    "merge-failed", SEVERITY_PROBLEM, CONFIDENCE_CONFIRMED,
    "The last merge of {vm} did not succeed.",
    "The events name the machine and the error; the layers below were left behind unmerged.",
    "Settle the cause of the error first; then let Hyper-V merge again and watch event 19080.",
    NULL, {SNAPSHOT_COMMAND}};

const struct finding_text text_merge_open = {
    "merge-in-progress", SEVERITY_WARNING, CONFIDENCE_LIKELY,
    "A merge of {vm} was started, and the events do not show its end.",
    "It may still be running, or the log was taken before it ended.",
    "Wait, and look for event 19080 or 19100 before you do anything to the disks.",
    NULL, {"Get-VM -Name {vm} | Format-List State,Status"}};

const struct finding_text text_merge_incomplete = {
    "merge-incomplete", SEVERITY_WARNING, CONFIDENCE_LIKELY,
    "A merge of {vm} failed; a later one went well, and still not everything is merged.",
    "What went well later may have been another disk or another layer: Hyper-V's events do not "
    "name it.",
    "See whether the layers below are owed a merge or no longer known to Hyper-V; their own "
    "findings tell.",
    NULL, {SNAPSHOT_COMMAND}};

const struct finding_text text_merge_settled = {
    "merge-settled", SEVERITY_INFO, CONFIDENCE_CONFIRMED,
    "A merge of {vm} failed, and a later one went well or left nothing behind.",
    "No layer of the machine waits for a merge now.", "Nothing; keep the cause in mind.",
    NULL, {NULL}};

const struct finding_text text_chain_cycle = {
    "chain-cycle", SEVERITY_DATA_LOSS_RISK, CONFIDENCE_CONFIRMED,
    "The chain of {file} leads back to itself.",
    "A disk can't be its own ancestor: somebody gave it a wrong parent by hand.",
    "Work on copies: find which link is wrong by the recorded paths, and give that disk its true "
    "parent.",
    NULL, {CHAIN_COMMAND}};

const struct finding_text text_chain_depth = {
    "chain-too-deep", SEVERITY_PROBLEM, CONFIDENCE_CONFIRMED,
    "The chain of {file} is deeper than 256 layers.",
    "No reader opens it as a whole; chains beyond 50 checkpoints fail to merge in one go.",
    "Collapse it in steps, on copies, from the youngest layer down.", NULL, {CHAIN_COMMAND}};

const struct finding_text text_sector_mismatch = {
    "parent-sector-size-differs", SEVERITY_PROBLEM, CONFIDENCE_CONFIRMED,
    "{file} has another logical sector size than its parent.",
    "A chain must have one sector size; Windows refuses this one.",
    "Find the parent that the disk was made on.", NULL, {CHAIN_COMMAND}};

const struct finding_text text_untracked_layers = {
    "untracked-layers", SEVERITY_WARNING, CONFIDENCE_LIKELY,
    "The chain of {file} has more checkpoint disks than {vm} has checkpoints for it.",
    "Each checkpoint of a disk adds one layer. A layer too many is what a checkpoint left behind "
    "when it was removed and its merge did not happen, even where another checkpoint names it.",
    "Make sure that no backup runs (one layer more is normal until it ends) and that all of the "
    "VM's checkpoint configurations were scanned; then let Hyper-V merge. Never delete a layer.",
    NULL, {SNAPSHOT_COMMAND, CHAIN_COMMAND}};

const struct finding_text text_fragmented = {
    "fragmented", SEVERITY_WARNING, CONFIDENCE_LIKELY,
    "{file} lies in so many pieces that NTFS may soon be unable to extend it.",
    "The list of a file's pieces has a fixed limit; a merge that grows the file then fails with "
    "0x80070299.",
    "Copy the file to a volume formatted with large file records before the merge.", NULL,
    {"fsutil file queryExtents {path}"}};

const char mismatch_unreadable[] = "the file at the parent's place cannot be read";
const char mismatch_format[] = "the file there has another format: it was replaced";
const char mismatch_other_disk[] =
    "the two files belong to different virtual disks: the parent was replaced";
const char mismatch_written[] = "the parent was written after this child: mounted writable, "
                                "booted, resized or merged into";
const char mismatch_other_state[] = "same virtual disk in another state: a restored or copied "
                                    "older version of the parent, or one that was written to";
const char mismatch_unknown[] = "the identifiers differ; the files do not show why";

static const struct {
    const char *prefix;
    struct finding_text text;
} rules[] = {
    {"WITNESS-",
     {NULL, SEVERITY_PROBLEM, CONFIDENCE_LIKELY,
      "A second, independent reader sees {file} differently.",
      "libvhdi, which reads disks, or libfsntfs, which reads volumes, contradicts our reading in a "
      "point where it is known to be right.",
      "Trust neither: copy the file and have the difference looked into before any merge.", NULL,
      {"Test-VHD -Path {path}"}}},
    {"",
     {NULL, SEVERITY_WARNING, CONFIDENCE_CONFIRMED, "{file} breaks a rule of its format.",
      "The file can be read all the same; the rule's violation may be a trace of a torn write, a "
      "damaged volume or a foreign tool.",
      "Copy the file before anything writes to it, and check the volume that it lies on.", NULL,
      {"Test-VHD -Path {path}"}}},
};

const struct finding_text *rule_text(const char *rule)
{
    size_t i = 0;

    while (strncmp(rule, rules[i].prefix, strlen(rules[i].prefix)) != 0)
        i++;
    return &rules[i].text;
}

/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "plan/script_texts.h"

#include <stddef.h>

#define LOOK "Format-List Path,VhdType,ParentPath,FileSize,DiskIdentifier"

script_lines script_look_machine = {
    "# The VM {vm}:", "Get-VM -Id {id} | Format-List Name,State,Status",
    "Get-VM -Id {id} | Get-VMSnapshot | Format-List Name,SnapshotType,CreationTime",
    "Get-VM -Id {id} | Get-VMHardDiskDrive | Format-List ControllerType,ControllerLocation,Path",
    NULL};
script_lines script_look_disk = {"Get-VHD -Path {file} | " LOOK, NULL};
script_lines script_pattern_warning = {
    "# The cmdlets of Hyper-V have no -LiteralPath, and [ ] may mean a pattern: see that exactly "
    "this file is shown.",
    NULL};
script_lines script_unknown_path = {
    "# The path of the next disk on its host is not known; this is the one on the evidence.", NULL};

script_lines script_look_events = {
    "Get-WinEvent -FilterHashtable @{LogName='Microsoft-Windows-Hyper-V-VMMS-Admin';"
    "Id=19070,19080,19090,19100} -MaxEvents 20 | Format-List TimeCreated,Id,Message",
    NULL};

script_lines script_export = {
    "# Export the VM first; <export> is a folder on another volume. While it runs (2016 or newer):",
    "# Get-VM -Id {id} | Export-VM -Path '<export>' -CaptureLiveState CaptureCrashConsistentState",
    "# or when it is off:", "# Get-VM -Id {id} | Export-VM -Path '<export>'", NULL};
script_lines script_recovery_checkpoint = {
    "# With no backup running, the checkpoint that a backup left behind:",
    "# Get-VM -Id {id} | Get-VMSnapshot -SnapshotType Recovery | Remove-VMSnapshot", NULL};
script_lines script_hyper_v = {"# Let Hyper-V merge: shut the VM down and wait for event 19080.",
                               "# Get-VM -Id {id} | Stop-VM", NULL};
script_lines script_trigger_merge = {
    "# If nothing happens, a checkpoint that is removed triggers the merge:",
    "# Get-VM -Id {id} | Checkpoint-VM -SnapshotName 'trigger merge'",
    "# Get-VM -Id {id} | Get-VMSnapshot -Name 'trigger merge' | Remove-VMSnapshot", NULL};

script_lines script_copies = {
    "# By hand only on copies, VM off. <copies> is an empty folder on another volume:", NULL};
script_lines script_copy = {"# Copy-Item -LiteralPath {file} -Destination {file-copy}", NULL};
script_lines script_reconnect_title = {
    "# Tie the copies to each other, base first: a copy still names the original as its parent.",
    NULL};
script_lines script_reconnect = {"# Set-VHD -Path {child-copy} -ParentPath {parent-copy}", NULL};
script_lines script_merges = {
    "# One step at a time, in this order, looking at the chain before and between:",
    "# Get-VHD -Path {child-copy} | " LOOK, NULL};
script_lines script_merge = {"# Merge-VHD -Path {child-copy} -DestinationPath {parent-copy}",
                             "# Get-VHD -Path {parent-copy} | " LOOK, NULL};
script_lines script_repoint = {
    "# When the merged copy was tried and is good, let the VM use it; keep the originals:",
    "# Get-VM -Id {id} | Get-VMHardDiskDrive | Where-Object Path -EQ {leaf} | "
    "Set-VMHardDiskDrive -Path {base-copy}",
    NULL};

script_lines script_lost_parent = {
    "# Reconnecting is tried on copies only. <copies> is an empty folder on another volume:", NULL};
script_lines script_reconnect_candidate = {
    "# Copy-Item -LiteralPath {child} -Destination {child-copy}",
    "# Copy-Item -LiteralPath {parent} -Destination {parent-copy}",
    "# Set-VHD -Path {child-copy} -ParentPath {parent-copy}",
    "# Get-VHD -Path {child-copy} | " LOOK,
    "# Test-VHD -Path {child-copy}",
    NULL};
script_lines script_ignore_mismatch = {
    "# Or with this one, which was read and shows the same, so that its identifier may differ:",
    "# Copy-Item -LiteralPath {parent} -Destination {parent-copy}",
    "# Set-VHD -Path {child-copy} -ParentPath {parent-copy} -IgnoreIdMismatch", NULL};
script_lines script_never_ignore_mismatch = {
    "# No command with -IgnoreIdMismatch is given: nothing here makes it sane.", NULL};

script_lines script_quarantine = {
    "# Move away, note the checksums, keep for at least one backup cycle; <quarantine> is a "
    "folder:",
    NULL};
script_lines script_move = {
    "Get-FileHash -LiteralPath {file} -Algorithm SHA256 | Format-List Path,Hash",
    "# Move-Item -LiteralPath {file} -Destination {kept}", NULL};
script_lines script_rename_test = {
    "# Rename it as a test, run a checkpoint or a backup, and see that nothing misses it:",
    "# Rename-Item -LiteralPath {file} -NewName {renamed}", NULL};
script_lines script_delete_title = {
    "# Only when all of that went well, a backup cycle has passed and the owner agrees:", NULL};
script_lines script_delete = {"# Remove-Item -LiteralPath {kept} -Confirm", NULL};

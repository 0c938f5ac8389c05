/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* The report's words for classes, overlays and states: one table each. */
#include "chain/judge.h"

static const struct {
    const char *name;
    enum severity severity;
    bool is_orphan;
} classes[CLASS_COUNT] = {
    [CLASS_CORRUPT] = {"corrupt", SEVERITY_DATA_LOSS_RISK, false},
    [CLASS_FOREIGN_CONTAINER] = {"foreign-container", SEVERITY_INFO, false},
    [CLASS_FOREIGN_PROFILE] = {"foreign-profile", SEVERITY_INFO, false},
    [CLASS_ACTIVE] = {"active", SEVERITY_OK, false},
    [CLASS_ACTIVE_UNTRACKED] = {"active-untracked", SEVERITY_PROBLEM, true},
    [CLASS_BACKUP_CHECKPOINT] = {"backup-checkpoint", SEVERITY_WARNING, false},
    [CLASS_CHECKPOINT_LAYER] = {"checkpoint-layer", SEVERITY_INFO, false},
    [CLASS_PENDING_MERGE] = {"pending-merge", SEVERITY_PROBLEM, true},
    [CLASS_BASE] = {"base", SEVERITY_OK, false},
    [CLASS_AUTORECOVERY_LEFTOVER] = {"autorecovery-leftover", SEVERITY_WARNING, true},
    [CLASS_AUTORECOVERY_IN_USE] = {"autorecovery-in-use", SEVERITY_DATA_LOSS_RISK, false},
    [CLASS_UNREGISTERED_VM_DISK] = {"unregistered-vm-disk", SEVERITY_WARNING, false},
    [CLASS_BROKEN_CHAIN_PARENT] = {"broken-chain-parent", SEVERITY_DATA_LOSS_RISK, false},
    [CLASS_ORPHAN_WITH_DATA] = {"orphan-with-data", SEVERITY_PROBLEM, true},
    [CLASS_ORPHAN_SIDE_BRANCH] = {"orphan-side-branch", SEVERITY_PROBLEM, true},
    [CLASS_ORPHAN_EMPTY] = {"orphan-empty", SEVERITY_WARNING, true},
    [CLASS_ABANDONED_CHAIN] = {"abandoned-chain", SEVERITY_WARNING, true},
    [CLASS_ORPHAN_NO_PARENT] = {"orphan-no-parent", SEVERITY_PROBLEM, true},
    [CLASS_ORPHAN_MISMATCH] = {"orphan-mismatch", SEVERITY_PROBLEM, true},
    [CLASS_VHDSET_BACKING] = {"vhdset-backing", SEVERITY_OK, false},
    [CLASS_UNATTACHED_DISK] = {"unattached-disk", SEVERITY_WARNING, false},
};

const char *class_name(enum disk_class class)
{
    return classes[class].name;
}

enum severity class_severity(enum disk_class class)
{
    return classes[class].severity;
}

bool class_is_orphan(enum disk_class class)
{
    return classes[class].is_orphan;
}

const char *overlay_name(enum disk_overlay overlay)
{
    static const char *const names[OVERLAY_COUNT] = {
        "hold",          "broken-chain",   "merge-in-progress", "merge-failed", "backup-active",
        "replica",       "cluster-unknown", "vm-has-saved-state", "low-confidence",
        "ntfs-limitation", "cloned-disk",  "dirty-log",         "time-anomaly",
    };

    return names[overlay];
}

const char *parent_state_name(enum parent_state state)
{
    static const char *const names[] = {NULL, "matched", "mismatched", "missing"};

    return names[state];
}

const char *parent_key_name(enum parent_key key)
{
    static const char *const names[] = {NULL, "relative_path", "volume_path", "absolute_path",
                                        "identifier"};

    return names[key];
}

const char *episode_end_name(enum episode_end end)
{
    static const char *const names[] = {"never ended", "finished", "was interrupted", "failed"};

    return names[end];
}

const char *confidence_name(enum confidence confidence)
{
    static const char *const names[] = {"possible", "likely", "confirmed"};

    return names[confidence];
}

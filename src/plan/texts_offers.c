/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* What the decision table allows of each class, and why (docs/verdicts.md). */
#include "plan/texts.h"

#define KEEP_IT                                                                                    \
    {                                                                                              \
        true, "Nothing is lost by keeping it; it goes on taking space."                            \
    }
#define NOT_TRACKED                                                                                \
    {                                                                                              \
        false, "Hyper-V does not track it and never merges it by itself."                          \
    }
#define LAYER_IN_USE "Everything above it depends on it: without it the VM's disk is lost."

/* A layer of a chain in use that is owed a merge: both classes of them. */
#define OWED_A_MERGE                                                                               \
    {                                                                                              \
        [CHOICE_HYPER_V] = {true, "Hyper-V still owes this merge and does it without any tool."},  \
        [CHOICE_COPIES] = {true, "Only when Hyper-V does not do it: VM off, every layer copied."}, \
        [CHOICE_QUARANTINE] = {false, LAYER_IN_USE},                                               \
        [CHOICE_KEEP] = {true, "The VM runs on; the chain goes on growing."},                      \
        [CHOICE_DELETE] = {false, LAYER_IN_USE},                                                   \
    }

static const struct plan_offer offers[CLASS_COUNT][CHOICE_COUNT] = {
    [CLASS_ACTIVE_UNTRACKED] = OWED_A_MERGE,
    [CLASS_PENDING_MERGE] = OWED_A_MERGE,
    [CLASS_AUTORECOVERY_LEFTOVER] =
        {
            [CHOICE_HYPER_V] = NOT_TRACKED,
            [CHOICE_COPIES] = {false, "It is a backup's scratch disk: its data belongs nowhere."},
            [CHOICE_QUARANTINE] = {true, "With no backup running, nothing should miss it."},
            [CHOICE_KEEP] = {true, "The next backup can fail with 0x80070050 or 0x800423FB."},
            [CHOICE_DELETE] = {true, "Only after the test: rename it, run a checkpoint or backup, "
                                     "see that nothing misses it."},
        },
    [CLASS_AUTORECOVERY_IN_USE] =
        {
            [CHOICE_HYPER_V] = {false, "It has become part of a chain: ask the vendor first."},
            [CHOICE_COPIES] = {false, "It has become part of a chain: ask the vendor first."},
            [CHOICE_QUARANTINE] = {false, "Something depends on it."},
            [CHOICE_KEEP] = {true, "Back up the whole chain as it is."},
            [CHOICE_DELETE] = {false, "Something depends on it."},
        },
    [CLASS_UNREGISTERED_VM_DISK] =
        {
            [CHOICE_HYPER_V] = {false, "Its VM is not registered here."},
            [CHOICE_COPIES] = {false, "Its owner has to be found first."},
            [CHOICE_QUARANTINE] = {false, "Its owner has to be found first."},
            [CHOICE_KEEP] = KEEP_IT,
            [CHOICE_DELETE] = {false, "Its owner has to be found first."},
        },
    [CLASS_BROKEN_CHAIN_PARENT] =
        {
            [CHOICE_HYPER_V] = {false, "The link to its child is broken: a merge fails."},
            [CHOICE_COPIES] = {false, "The link has to be repaired first, on copies."},
            [CHOICE_QUARANTINE] = {false, "A disk in use names it as its parent."},
            [CHOICE_KEEP] = {true, "Keep it and its child until the link is repaired on copies."},
            [CHOICE_DELETE] = {false, "A disk in use names it as its parent."},
        },
    [CLASS_ORPHAN_WITH_DATA] =
        {
            [CHOICE_HYPER_V] = NOT_TRACKED,
            [CHOICE_COPIES] = {true, "If its data is wanted: it can be newer than what the VM "
                                     "has, or a branch that was discarded. Compare the times and "
                                     "ask the owner."},
            [CHOICE_QUARANTINE] = {true, "If its owner does not need the data."},
            [CHOICE_KEEP] = KEEP_IT,
            [CHOICE_DELETE] = {false, "It may hold the only copy of data: quarantine it first."},
        },
    [CLASS_ORPHAN_SIDE_BRANCH] =
        {
            [CHOICE_HYPER_V] = NOT_TRACKED,
            [CHOICE_COPIES] = {false, "Its parent has another child in use: merging into it "
                                      "breaks that one."},
            [CHOICE_QUARANTINE] = {true, "After its owner has said that the data is not needed."},
            [CHOICE_KEEP] = KEEP_IT,
            [CHOICE_DELETE] = {false, "It may hold the only copy of data: quarantine it first."},
        },
    [CLASS_ORPHAN_EMPTY] =
        {
            [CHOICE_HYPER_V] = NOT_TRACKED,
            [CHOICE_COPIES] = {false, "It changes nothing: there is nothing to merge."},
            [CHOICE_QUARANTINE] = {true, "It holds no block, so that no data goes with it."},
            [CHOICE_KEEP] = KEEP_IT,
            [CHOICE_DELETE] = {true, "Later, after a backup cycle in quarantine."},
        },
    [CLASS_ABANDONED_CHAIN] =
        {
            [CHOICE_HYPER_V] = NOT_TRACKED,
            [CHOICE_COPIES] = {true, "For an archive: leaf first, on copies."},
            [CHOICE_QUARANTINE] = {true, "As a whole, after the owner has agreed."},
            [CHOICE_KEEP] = KEEP_IT,
            [CHOICE_DELETE] = {true, "As a whole, after the owner has agreed and a backup cycle "
                                     "in quarantine has passed."},
        },
    [CLASS_ORPHAN_NO_PARENT] =
        {
            [CHOICE_HYPER_V] = NOT_TRACKED,
            [CHOICE_COPIES] = {false, "Without its parent it cannot be read, let alone merged."},
            [CHOICE_QUARANTINE] = {false, "Its parent has to be searched for first."},
            [CHOICE_KEEP] = {true, "Keep it where the search for its parent begins."},
            [CHOICE_DELETE] = {false, "Not before all volumes and backups were searched for the "
                                      "recorded identifier."},
        },
    [CLASS_ORPHAN_MISMATCH] =
        {
            [CHOICE_HYPER_V] = NOT_TRACKED,
            [CHOICE_COPIES] = {false, "Its parent is not the disk that it was made on: a merge "
                                      "mixes two states."},
            [CHOICE_QUARANTINE] = {false, "Its true parent has to be searched for first."},
            [CHOICE_KEEP] = {true, "Keep it where the search for its parent begins."},
            [CHOICE_DELETE] = {false, "Not before all volumes and backups were searched for the "
                                      "recorded identifier."},
        },
};

const struct plan_offer *offers_of_class(enum disk_class class)
{
    return offers[class];
}

/* A chain in use whose lowest layer has lost its parent. */
const struct plan_offer offers_of_broken_chain[CHOICE_COUNT] = {
    [CHOICE_HYPER_V] = {false, "The chain is broken: the VM does not start and nothing merges."},
    [CHOICE_COPIES] = {false, "The link has to be repaired first, on copies."},
    [CHOICE_QUARANTINE] = {false, LAYER_IN_USE},
    [CHOICE_KEEP] = {true, "Back up what still runs, keep every layer, find the true parent."},
    [CHOICE_DELETE] = {false, LAYER_IN_USE},
};

#define AT(choice) (1u << CHOICE_##choice)
#define MOVES      (AT(COPIES) | AT(QUARANTINE) | AT(DELETE))

/* An overlay overrules the class. The first that applies to a choice is said. */
static const struct offer_bar bars[] = {
    {OVERLAY_HOLD, AT(HYPER_V) | MOVES,
     "On hold: switching to new layers failed, and what the service holds in memory may differ "
     "from the files. Open a case with Microsoft first."},
    {OVERLAY_LOW_CONFIDENCE, MOVES,
     "The evidence of what is tracked is incomplete: something may use it."},
    {OVERLAY_CLUSTER_UNKNOWN, MOVES, "Other cluster nodes were not examined: one may use it."},
    {OVERLAY_SAVED_STATE, MOVES,
     "The VM is live or has saved state, which fits only the disks "
     "as they are."},
    {OVERLAY_MERGE_IN_PROGRESS, MOVES, "A merge of the VM was started and has not ended."},
    {OVERLAY_BACKUP_ACTIVE, MOVES, "A backup is running and may be using it."},
    {OVERLAY_BROKEN_CHAIN, MOVES, "The chain is broken."},
    {OVERLAY_REPLICA, AT(COPIES) | AT(DELETE), "It is replicated: use the replication's own ways."},
    {OVERLAY_DIRTY_LOG, AT(DELETE),
     "Its log has entries to apply: something had it open when it was read."},
    {OVERLAY_COUNT, 0, NULL},
};

const struct offer_bar *offer_bars(void)
{
    return bars;
}

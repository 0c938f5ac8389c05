/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Every kind of change: its name, which never changes, and its sentence. */
#include "compare/comparison.h"

const struct change_text change_texts[] = {
    [CHANGE_NEW_DISK] = {"new-disk", "This disk is new."},
    [CHANGE_VANISHED_DISK] = {"vanished-disk", "This disk is no longer there."},
    [CHANGE_NEW_ORPHAN] = {"new-orphan", "This disk is an orphan now and was none before."},
    [CHANGE_ORPHAN_GONE] = {"orphan-gone", "This disk was an orphan and is none any more."},
    [CHANGE_CLASS_CHANGED] = {"class-changed", "This disk has another class than before."},
    [CHANGE_CHAIN_GROWN] = {"chain-grown", "The chain on this base has more layers than before."},
    [CHANGE_CHAIN_SHRUNK] = {"chain-shrunk",
                             "The chain on this base has fewer layers than before."},
    [CHANGE_MERGE_DONE] = {"merge-done", "This layer was merged into the disk below it."},
    [CHANGE_LAYER_VANISHED] = {"layer-vanished", "This layer is no longer there, and nothing tells "
                                                 "of a merge: what it held may be lost."},
    [CHANGE_NEW_FINDING] = {"new-finding", "This finding is new."},
    [CHANGE_FINDING_SETTLED] = {"finding-settled", "This finding is settled."},
    [CHANGE_DISK_GROWN] = {"disk-grown", "The file of this disk is larger than before."},
    [CHANGE_DISK_SHRUNK] = {"disk-shrunk", "The file of this disk is smaller than before."},
};

const char *change_kind_name(enum change_kind kind)
{
    return change_texts[kind].name;
}

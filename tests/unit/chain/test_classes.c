/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* A situation per class and overlay, each beside a twin that must not match. */
#include "../testing.h"

#include "model.h"

#include "base/checked.h"
#include "base/strbuf.h"
#include "chain/verdict.h"

#include <stdlib.h>
#include <string.h>

#define LINES  14
#define EXPECT 8

/* `expect`: "path class overlay overlay …". */
struct situation {
    const char *about;
    const char *lines[LINES];
    const char *expect[EXPECT];
};

static const struct situation situations[] = {
    {"corrupt: unreadable beats every reference",
     {"list", "disk a.vhdx corrupt", "vm v drive=a.vhdx"},
     {"a.vhdx corrupt"}},
    {"container layers are not ours",
     {"list", "disk Containers/x.vhdx", "disk Contained/x.vhdx", "vm z"},
     {"Containers/x.vhdx foreign-container", "Contained/x.vhdx unattached-disk"}},
    {"profile disks are not ours",
     {"list", "disk p/Profile_bob.vhdx", "disk p/Profiles.vhdx", "vm z"},
     {"p/Profile_bob.vhdx foreign-profile", "p/Profiles.vhdx unattached-disk"}},
    {"a name is a hint, a reference is a fact",
     {"list", "disk p/Profile_bob.vhdx", "vm v drive=p/Profile_bob.vhdx"},
     {"p/Profile_bob.vhdx active"}},
    {"a VM's own disk", {"list", "disk a.vhdx", "vm v drive=a.vhdx"}, {"a.vhdx active"}},
    {"leaf of a checkpoint tree",
     {"list", "disk a.vhdx", "disk a_1.avhdx parent=a.vhdx", "vm v drive=a_1.avhdx",
      "cp c drive=a.vhdx"},
     {"a_1.avhdx active", "a.vhdx base"}},
    {"leaf whose checkpoint is gone",
     {"list", "disk a.vhdx", "disk a_1.avhdx parent=a.vhdx", "vm v drive=a_1.avhdx"},
     {"a_1.avhdx active-untracked", "a.vhdx base"}},
    {"a deliberate differencing disk is no leftover",
     {"list", "disk gold.vhdx", "disk a.vhdx parent=gold.vhdx", "vm v drive=a.vhdx"},
     {"a.vhdx active", "gold.vhdx base"}},
    {"checkpoint layers and a pending one below them",
     {"list", "disk a.vhdx", "disk a_1.avhdx parent=a.vhdx", "disk a_2.avhdx parent=a_1.avhdx",
      "disk a_3.avhdx parent=a_2.avhdx", "vm v drive=a_3.avhdx", "cp c drive=a_2.avhdx"},
     {"a_3.avhdx active", "a_2.avhdx checkpoint-layer", "a_1.avhdx pending-merge", "a.vhdx base"}},
    {"a deliberate parent in the middle is a base",
     {"list", "disk a.vhdx", "disk b.vhdx parent=a.vhdx", "disk c.vhdx parent=b.vhdx",
      "vm v drive=c.vhdx"},
     {"b.vhdx base", "a.vhdx base"}},
    {"a stale AutoRecovery disk",
     {"list", "disk a.vhdx", "disk a-AutoRecovery.avhdx parent=a.vhdx", "vm v drive=a.vhdx"},
     {"a-AutoRecovery.avhdx autorecovery-leftover", "a.vhdx active"}},
    {"an AutoRecovery disk that became part of a chain",
     {"list", "disk a.vhdx", "disk a-AutoRecovery.avhdx parent=a.vhdx",
      "disk a_1.avhdx parent=a-AutoRecovery.avhdx", "vm v drive=a_1.avhdx"},
     {"a-AutoRecovery.avhdx autorecovery-in-use"}},
    {"an AutoRecovery disk that a child names by path only",
     {"list", "disk a.vhdx", "disk a-AutoRecovery.avhdx parent=a.vhdx",
      "disk a_1.avhdx parent=a-AutoRecovery.avhdx linkage=99", "vm v drive=a.vhdx"},
     {"a-AutoRecovery.avhdx autorecovery-in-use", "a_1.avhdx orphan-mismatch"}},
    {"a machine that no list names, all layers",
     {"list", "disk a.vhdx", "disk a_1.avhdx parent=a.vhdx", "disk a_2.avhdx parent=a_1.avhdx",
      "vm v unlisted drive=a_2.avhdx"},
     {"a_2.avhdx unregistered-vm-disk", "a_1.avhdx unregistered-vm-disk",
      "a.vhdx unregistered-vm-disk"}},
    {"a planned machine is not the host's yet",
     {"list", "disk a.vhdx", "vm v planned drive=a.vhdx"},
     {"a.vhdx unregistered-vm-disk"}},
    {"the base was written to after the child was made",
     {"list", "disk a.vhdx", "disk a_1.avhdx parent=a.vhdx linkage=99", "vm v drive=a_1.avhdx",
      "cp c drive=a.vhdx"},
     {"a.vhdx broken-chain-parent", "a_1.avhdx active broken-chain"}},
    {"everything below a broken link belongs to the broken chain",
     {"list", "disk a.vhdx", "disk a_1.avhdx parent=a.vhdx",
      "disk a_2.avhdx parent=a_1.avhdx linkage=99", "vm v drive=a_2.avhdx"},
     {"a_2.avhdx active-untracked broken-chain", "a_1.avhdx broken-chain-parent",
      "a.vhdx broken-chain-parent"}},
    {"a VM's disk whose parent is gone",
     {"list", "disk a_1.avhdx parent=a.vhdx linkage=99 abs=a.vhdx", "vm v drive=a_1.avhdx",
      "cp c drive=a.vhdx"},
     {"a_1.avhdx active broken-chain"}},
    {"an orphan on the VM's current disk",
     {"list", "disk a.vhdx", "disk a_1.avhdx parent=a.vhdx", "vm v drive=a.vhdx"},
     {"a_1.avhdx orphan-with-data", "a.vhdx active"}},
    {"an orphan beside the living branch",
     {"list", "disk a.vhdx", "disk a_1.avhdx parent=a.vhdx", "disk a_2.avhdx parent=a.vhdx",
      "vm v drive=a_1.avhdx", "cp c drive=a.vhdx"},
     {"a_2.avhdx orphan-side-branch", "a_1.avhdx active", "a.vhdx base"}},
    {"an empty orphan beats a side branch",
     {"list", "disk a.vhdx", "disk a_1.avhdx parent=a.vhdx", "disk a_2.avhdx parent=a.vhdx blocks=0",
      "disk a_3.avhdx parent=a.vhdx blocks=0 zero=1",
      "disk a_4.avhdx parent=a.vhdx blocks=0 unmapped=1", "vm v drive=a_1.avhdx",
      "cp c drive=a.vhdx"},
     {"a_2.avhdx orphan-empty", "a_3.avhdx orphan-side-branch", "a_4.avhdx orphan-side-branch"}},
    {"orphans on top of an orphan",
     {"list", "disk a.vhdx", "disk a_1.avhdx parent=a.vhdx", "disk a_2.avhdx parent=a_1.avhdx",
      "disk a_3.avhdx parent=a_2.avhdx blocks=0", "vm v drive=a.vhdx"},
     {"a_1.avhdx orphan-with-data", "a_2.avhdx orphan-with-data", "a_3.avhdx orphan-empty"}},
    {"a chain that nothing refers to",
     {"list", "disk a.vhdx", "disk a_1.avhdx parent=a.vhdx", "disk b.vhdx", "vm v drive=b.vhdx"},
     {"a.vhdx abandoned-chain", "a_1.avhdx abandoned-chain", "b.vhdx active"}},
    {"a missing parent beats an abandoned chain",
     {"list", "disk a_1.avhdx parent=a.vhdx linkage=99", "disk a_2.avhdx parent=a_1.avhdx", "vm z"},
     {"a_1.avhdx orphan-no-parent", "a_2.avhdx orphan-no-parent"}},
    {"an orphan whose parent is another disk now",
     {"list", "disk a.vhdx", "disk a_1.avhdx parent=a.vhdx linkage=99", "vm v drive=a.vhdx"},
     {"a_1.avhdx orphan-mismatch", "a.vhdx active"}},
    {"the backing file of a VHD set is the disk",
     {"list", "disk s_1.avhdx vhds", "disk t_1.avhdx", "vm z"},
     {"s_1.avhdx vhdset-backing", "t_1.avhdx unattached-disk"}},
    {"a cycle nobody uses",
     {"list", "disk a.avhdx parent=b.avhdx linkage=3", "disk b.avhdx parent=a.avhdx linkage=2", "vm z"},
     {"a.avhdx orphan-no-parent broken-chain", "b.avhdx orphan-no-parent broken-chain"}},
    {"a cycle below a VM",
     {"list", "disk a.avhdx parent=b.avhdx linkage=3", "disk b.avhdx parent=a.avhdx linkage=2",
      "vm v drive=b.avhdx", "cp c drive=a.avhdx"},
     {"a.avhdx checkpoint-layer broken-chain", "b.avhdx active broken-chain"}},
    {"replication, by its log and by the configuration",
     {"list", "disk a.vhdx hrl", "disk b.vhdx", "disk c.vhdx", "vm v drive=a.vhdx",
      "vm w replica drive=b.vhdx", "vm x drive=c.vhdx"},
     {"a.vhdx active replica", "b.vhdx active replica", "c.vhdx active"}},
    {"shared storage with one node",
     {"node n1", "list", "disk a.vhdx", "disk b.avhdx parent=a.vhdx",
      "vm v drive=C:\\ClusterStorage\\Volume1\\a.vhdx"},
     {"a.vhdx active cluster-unknown", "b.avhdx orphan-with-data cluster-unknown"}},
    {"shared storage with both nodes",
     {"node n1", "list", "disk a.vhdx", "disk b.vhdx",
      "vm v drive=C:\\ClusterStorage\\Volume1\\a.vhdx", "node n2", "list",
      "vm w drive=C:\\ClusterStorage\\Volume1\\b.vhdx"},
     {"a.vhdx active", "b.vhdx active"}},
    {"saved state",
     {"list", "disk a.vhdx", "disk a_1.avhdx parent=a.vhdx", "vm v saved drive=a.vhdx"},
     {"a.vhdx active vm-has-saved-state", "a_1.avhdx orphan-with-data vm-has-saved-state"}},
    {"no list of machines: candidates",
     {"disk a.vhdx", "disk b.vhdx", "vm v unknown drive=a.vhdx"},
     {"a.vhdx active low-confidence", "b.vhdx unattached-disk low-confidence"}},
    {"no configuration at all",
     {"disk a.vhdx", "disk a_1.avhdx parent=a.vhdx"},
     {"a.vhdx abandoned-chain low-confidence", "a_1.avhdx abandoned-chain low-confidence"}},
    {"a journal that could not be applied",
     {"list", "disk a.vhdx", "disk b.vhdx", "vm v unreadable drive=a.vhdx", "vm w drive=b.vhdx"},
     {"a.vhdx active low-confidence", "b.vhdx active"}},
    {"two machines with one disk identity",
     {"list", "disk a.vhdx vid=7", "disk b.vhdx vid=7", "disk c.vhdx", "vm v drive=a.vhdx",
      "vm w drive=b.vhdx", "vm x drive=c.vhdx"},
     {"a.vhdx active cloned-disk", "b.vhdx active cloned-disk", "c.vhdx active"}},
    {"a lost layer is no clone",
     {"list", "disk a.vhdx vid=7", "disk a_1.avhdx parent=a.vhdx linkage=99 vid=7",
      "vm v drive=a.vhdx"},
     {"a.vhdx active", "a_1.avhdx orphan-mismatch"}},
    {"a pending log",
     {"list", "disk a.vhdx dirty", "vm v drive=a.vhdx"},
     {"a.vhdx active dirty-log"}},
    {"attributes that Hyper-V refuses",
     {"list", "disk a.vhdx ntfs", "vm v drive=a.vhdx"},
     {"a.vhdx active ntfs-limitation"}},
    {"a parent that is clearly newer than its child",
     {"list", "disk a.vhdx time=500", "disk a_1.avhdx parent=a.vhdx time=100",
      "vm v drive=a_1.avhdx", "cp c drive=a.vhdx"},
     {"a.vhdx base time-anomaly", "a_1.avhdx active"}},
    {"a merge that failed, on exactly the layers that are owed one",
     {"list", "disk a.vhdx", "disk a_1.avhdx parent=a.vhdx", "disk b.vhdx",
      "disk b_1.avhdx parent=b.vhdx", "vm v drive=a_1.avhdx", "vm w drive=b_1.avhdx",
      "event merge-started vm=v", "event merge-failed vm=v code=8007052f"},
     {"a_1.avhdx active-untracked merge-failed", "a.vhdx base", "b_1.avhdx active-untracked"}},
    {"a merge that a later one settled",
     {"list", "disk a.vhdx", "disk a_1.avhdx parent=a.vhdx", "vm v drive=a_1.avhdx",
      "event merge-failed vm=v code=80070020", "event merge-started vm=v",
      "event merge-finished vm=v"},
     {"a_1.avhdx active-untracked"}},
    {"a merge that has not ended",
     {"list", "disk a.vhdx", "disk a_1.avhdx parent=a.vhdx", "vm v drive=a_1.avhdx",
      "event merge-started vm=v"},
     {"a_1.avhdx active-untracked merge-in-progress", "a.vhdx base"}},
    {"a merge that the service's restart cut off",
     {"list", "disk a.vhdx", "disk a_1.avhdx parent=a.vhdx", "vm v drive=a_1.avhdx",
      "event merge-started vm=v", "event vmms-started"},
     {"a_1.avhdx active-untracked merge-failed"}},
    {"layers switched in memory only",
     {"list", "disk a.vhdx", "disk a_1.avhdx parent=a.vhdx", "vm v drive=a_1.avhdx",
      "event checkpoint-switch-failed vm=v code=80048102"},
     {"a_1.avhdx active-untracked hold"}},
    {"the same sign without unmerged layers",
     {"list", "disk a.vhdx", "vm v drive=a.vhdx",
      "event checkpoint-switch-failed vm=v code=80048102"},
     {"a.vhdx active"}},
    {"a backup that runs",
     {"list", "disk a.vhdx", "disk a_1.avhdx parent=a.vhdx", "vm v drive=a_1.avhdx",
      "event backup-started"},
     {"a_1.avhdx active-untracked backup-active", "a.vhdx base"}},
    {"a backup that has ended",
     {"list", "disk a.vhdx", "disk a_1.avhdx parent=a.vhdx", "vm v drive=a_1.avhdx",
      "event backup-started", "event backup-finished"},
     {"a_1.avhdx active-untracked"}},
    {"minutes between parent and child say nothing",
     {"list", "disk a.vhdx time=109", "disk a_1.avhdx parent=a.vhdx time=100",
      "vm v drive=a_1.avhdx", "cp c drive=a.vhdx"},
     {"a.vhdx base", "a_1.avhdx active"}},
};

static size_t length_of(const char *const *list, size_t most)
{
    size_t n = 0;

    while (n < most && list[n])
        n++;
    return n;
}

static char *verdict_text(const char *path, const struct disk_verdict *verdict)
{
    char *text = string_printf("%s %s", path, class_name(verdict->class));

    for (enum disk_overlay i = 0; i < OVERLAY_COUNT; i++)
        if (verdict->overlays & 1u << i) {
            char *longer = string_printf("%s %s", text, overlay_name(i));
            free(text);
            text = longer;
        }
    return text;
}

static void test_situation(void **state)
{
    const struct situation *situation = *state;
    struct host host;
    struct verdict verdict;

    model_make(&host, situation->lines, length_of(situation->lines, LINES));
    assert_int_equal(verdict_make(&verdict, &host), 0);
    for (size_t i = 0; i < length_of(situation->expect, EXPECT); i++) {
        size_t length = strcspn(situation->expect[i], " ");
        char *path = strndup(situation->expect[i], length);
        char *got = verdict_text(path, &verdict.disks[model_disk(&host, path)]);
        assert_string_equal(got, situation->expect[i]);
        free(got);
        free(path);
    }
    verdict_free(&verdict);
    host_free(&host);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_SIZE(situations)];

    for (size_t i = 0; i < ARRAY_SIZE(situations); i++)
        tests[i] = (struct CMUnitTest){.name = situations[i].about,
                                       .test_func = test_situation,
                                       .initial_state = (void *)(uintptr_t)&situations[i]};
    return _cmocka_run_group_tests("classes", tests, ARRAY_SIZE(tests), NULL, NULL);
}

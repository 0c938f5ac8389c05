/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* What plans offer, forbid and tell, of hosts in a few lines; no file is read here. */
#include "../testing.h"

#include "../chain/model.h"

#include "base/checked.h"
#include "chain/verdict.h"
#include "plan/plan.h"

#include <stdlib.h>
#include <string.h>

struct planned {
    struct host host;
    struct verdict verdict;
    struct plan_list plans;
};

static void plan_lines(struct planned *p, const char *const *lines, size_t count)
{
    static const struct plan_options options = {0};

    model_make(&p->host, lines, count);
    assert_int_equal(verdict_make(&p->verdict, &p->host), 0);
    assert_int_equal(plan_make(&p->plans, &p->host, &p->verdict, &options), 0);
}

#define PLAN(p, ...)                                                                               \
    do {                                                                                           \
        static const char *const lines_[] = {__VA_ARGS__};                                         \
        plan_lines((p), lines_, ARRAY_SIZE(lines_));                                               \
    } while (0)

static void planned_free(struct planned *p)
{
    plan_free(&p->plans);
    verdict_free(&p->verdict);
    host_free(&p->host);
}

static const struct plan *plan_of(const struct planned *p, const char *leaf)
{
    for (size_t i = 0; i < p->plans.count; i++)
        if (p->plans.items[i].leaf == model_disk(&p->host, leaf))
            return &p->plans.items[i];
    fail_msg("no plan for %s", leaf);
    return NULL;
}

static bool has_text(const string_list *list, const char *piece)
{
    for (size_t i = 0; i < list->count; i++)
        if (strstr(list->items[i], piece))
            return true;
    return false;
}

static unsigned offered(const struct plan *plan)
{
    unsigned choices = 0;

    for (enum plan_choice c = 0; c < CHOICE_COUNT; c++) {
        assert_non_null(plan->offers[c].why);
        choices |= (unsigned)plan->offers[c].offered << c;
    }
    return choices;
}

static bool is_blocked(const struct plan *plan, const char *code)
{
    for (size_t i = 0; i < plan->blockers.count; i++)
        if (strcmp(plan->blockers.items[i].code, code) == 0)
            return true;
    return false;
}

#define YES(choice) (1u << CHOICE_##choice)

/* An empty orphan in quiet surroundings may be deleted in the end; each row adds one thing. */
static void test_what_forbids_removal(void **state)
{
    static const struct {
        const char *what;
        const char *lines[5];
        unsigned offered;
    } rows[] = {
        {"nothing",
         {"list", "disk d/b.vhdx", "disk d/o.avhdx parent=d/b.vhdx blocks=0",
          "vm web drive=d/b.vhdx"},
         YES(QUARANTINE) | YES(KEEP) | YES(DELETE)},
        {"hold",
         {"list", "disk d/b.vhdx", "disk d/o.avhdx parent=d/b.vhdx blocks=0",
          "vm web drive=d/b.vhdx", "event checkpoint-switch-failed vm=web"},
         YES(KEEP)},
        {"no list of machines",
         {"disk d/b.vhdx", "disk d/o.avhdx parent=d/b.vhdx blocks=0", "vm web drive=d/b.vhdx"},
         YES(KEEP)},
        {"other nodes of the cluster",
         {"list", "disk d/ClusterStorage/Volume1/b.vhdx",
          "disk d/ClusterStorage/Volume1/o.avhdx parent=d/ClusterStorage/Volume1/b.vhdx blocks=0",
          "vm web drive=C:\\ClusterStorage\\Volume1\\b.vhdx"},
         YES(KEEP)},
        {"live or saved",
         {"list", "disk d/b.vhdx", "disk d/o.avhdx parent=d/b.vhdx blocks=0",
          "vm web saved drive=d/b.vhdx"},
         YES(KEEP)},
        {"a merge that runs",
         {"list", "disk d/b.vhdx", "disk d/o.avhdx parent=d/b.vhdx blocks=0",
          "vm web drive=d/b.vhdx", "event merge-started vm=web"},
         YES(KEEP)},
        {"a backup that runs",
         {"list", "disk d/b.vhdx", "disk d/o.avhdx parent=d/b.vhdx blocks=0",
          "vm web drive=d/b.vhdx", "event backup-started"},
         YES(KEEP)},
        {"open when it was read",
         {"list", "disk d/b.vhdx", "disk d/o.avhdx parent=d/b.vhdx blocks=0 dirty",
          "vm web drive=d/b.vhdx"},
         YES(QUARANTINE) | YES(KEEP)},
        {"replicated",
         {"list", "disk d/b.vhdx", "disk d/o.avhdx parent=d/b.vhdx blocks=0 hrl",
          "vm web drive=d/b.vhdx"},
         YES(QUARANTINE) | YES(KEEP)},
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct planned p;
        size_t count = 0;
        while (count < ARRAY_SIZE(rows[i].lines) && rows[i].lines[count])
            count++;
        plan_lines(&p, rows[i].lines, count);
        assert_int_equal(p.plans.count, 1);
        const struct plan *plan = &p.plans.items[0];
        bool removes = rows[i].offered & YES(QUARANTINE);
        if (offered(plan) != rows[i].offered)
            fail_msg("%s: offered 0x%x", rows[i].what, offered(plan));
        assert_int_equal(plan->kind, removes ? PLAN_QUARANTINE : PLAN_KEEP);
        assert_int_equal(has_text(&plan->commands, "Move-Item"), removes);
        assert_int_equal(has_text(&plan->commands, "Remove-Item"),
                         (rows[i].offered & YES(DELETE)) != 0);
        planned_free(&p);
    }
}

/* What forbids the removal of a layer below forbids that of what stands on it. */
static void test_every_untracked_layer_counts(void **state)
{
    struct planned p;

    PLAN(&p, "list", "disk d/b.vhdx", "disk d/o1.avhdx parent=d/b.vhdx blocks=0 dirty",
         "disk d/o2.avhdx parent=d/o1.avhdx blocks=0", "vm web drive=d/b.vhdx");
    assert_int_equal(offered(plan_of(&p, "d/o2.avhdx")), YES(QUARANTINE) | YES(KEEP));
    planned_free(&p);
}

static void test_what_the_table_allows(void **state)
{
    struct planned p;

    PLAN(&p, "list", "disk web/b.vhdx time=100", "disk web/1.avhdx parent=web/b.vhdx time=300",
         "disk web/side.avhdx parent=web/b.vhdx time=200", "vm web drive=web/1.avhdx",
         "cp c drive=web/b.vhdx", "disk db/b.vhdx", "disk db/o.avhdx parent=db/b.vhdx",
         "vm db drive=db/b.vhdx", "disk old/b.vhdx", "disk old/1.avhdx parent=old/b.vhdx",
         "disk lost/1.avhdx parent=lost/b.vhdx linkage=999", "disk ex/b.vhdx",
         "vm ex unlisted drive=ex/b.vhdx");
    assert_int_equal(offered(plan_of(&p, "web/side.avhdx")), YES(QUARANTINE) | YES(KEEP));
    assert_int_equal(offered(plan_of(&p, "db/o.avhdx")), YES(COPIES) | YES(QUARANTINE) | YES(KEEP));
    assert_int_equal(offered(plan_of(&p, "old/1.avhdx")),
                     YES(COPIES) | YES(QUARANTINE) | YES(KEEP) | YES(DELETE));
    assert_int_equal(offered(plan_of(&p, "lost/1.avhdx")), YES(KEEP));
    assert_int_equal(offered(plan_of(&p, "ex/b.vhdx")), YES(KEEP));
    planned_free(&p);
}

/* A machine that may not be shut down for one of its disks keeps the leftovers of the others. */
static void test_hold_of_another_disk(void **state)
{
    struct planned p;

    PLAN(&p, "list", "disk d/b.vhdx", "disk d/o.avhdx parent=d/b.vhdx blocks=0", "disk d/2.vhdx",
         "disk d/2-1.avhdx parent=d/2.vhdx", "vm web drive=d/b.vhdx drive=d/2-1.avhdx",
         "event checkpoint-switch-failed vm=web");
    const struct plan *plan = plan_of(&p, "d/o.avhdx");
    assert_int_equal(plan->kind, PLAN_KEEP);
    assert_int_equal(offered(plan), YES(KEEP));
    assert_true(is_blocked(plan, "hold"));
    planned_free(&p);
}

/* Nothing is said of merging while the machine is on hold. */
static void test_hold_stops_owed_merges(void **state)
{
    struct planned p;

    PLAN(&p, "list", "disk d/b.vhdx", "disk d/1.avhdx parent=d/b.vhdx", "vm web drive=d/1.avhdx");
    const struct plan *plan = plan_of(&p, "d/1.avhdx");
    assert_int_equal(plan->kind, PLAN_HYPER_V_MERGES);
    assert_int_equal(offered(plan), YES(HYPER_V) | YES(COPIES) | YES(KEEP));
    assert_int_equal(plan->steps.count, 1);
    assert_true(has_text(&plan->commands, "Stop-VM"));
    planned_free(&p);

    PLAN(&p, "list", "disk d/b.vhdx", "disk d/1.avhdx parent=d/b.vhdx", "vm web drive=d/1.avhdx",
         "event checkpoint-switch-failed vm=web");
    plan = plan_of(&p, "d/1.avhdx");
    assert_int_equal(plan->kind, PLAN_KEEP);
    assert_int_equal(offered(plan), YES(KEEP));
    assert_int_equal(plan->steps.count, 0);
    assert_false(has_text(&plan->commands, "Stop-VM"));
    assert_false(has_text(&plan->commands, "Merge-VHD"));
    planned_free(&p);
}

/* By hand is not offered with saved state; Hyper-V itself knows what it does. */
static void test_saved_state_forbids_copies(void **state)
{
    struct planned p;

    PLAN(&p, "list", "disk d/b.vhdx", "disk d/1.avhdx parent=d/b.vhdx",
         "vm web saved drive=d/1.avhdx");
    const struct plan *plan = plan_of(&p, "d/1.avhdx");
    assert_int_equal(offered(plan), YES(HYPER_V) | YES(KEEP));
    assert_false(has_text(&plan->commands, "Merge-VHD"));
    planned_free(&p);
}

static void test_fork(void **state)
{
    struct planned p;

    PLAN(&p, "list", "disk d/b.vhdx time=100", "disk d/1.avhdx parent=d/b.vhdx time=200",
         "disk d/2.avhdx parent=d/1.avhdx time=500", "disk d/o1.avhdx parent=d/b.vhdx time=300",
         "disk d/o2.avhdx parent=d/o1.avhdx time=400", "vm web drive=d/2.avhdx",
         "cp c drive=d/1.avhdx", "cp e drive=d/b.vhdx");
    p.host.machines.items[0].checkpoints.items[1].created = (filetime)10000000 * 60 * 150;
    plan_free(&p.plans);
    static const struct plan_options options = {0};
    assert_int_equal(plan_make(&p.plans, &p.host, &p.verdict, &options), 0);
    const struct plan_stake *stake = &plan_of(&p, "d/o2.avhdx")->stake;
    assert_true(stake->is_orphan);
    assert_int_equal(stake->layers, 2);
    assert_int_equal(stake->oldest, (filetime)10000000 * 60 * 300);
    assert_int_equal(stake->newest, (filetime)10000000 * 60 * 400);
    assert_int_equal(stake->fork.ancestor, model_disk(&p.host, "d/b.vhdx"));
    assert_int_equal(stake->fork.living, model_disk(&p.host, "d/2.avhdx"));
    assert_int_equal(stake->fork.living_layers, 2);
    assert_int_equal(stake->fork.other_chains, 0);
    assert_int_equal(stake->fork.since_by, SINCE_CHECKPOINT);
    assert_int_equal(stake->fork.since, (filetime)10000000 * 60 * 150);
    assert_int_equal(stake->against, stake->fork.ancestor);
    assert_true(has_text(&stake->lines, "Forks from /e/d/b.vhdx; web lives on /e/d/2.avhdx"));
    assert_true(has_text(&stake->lines, "was written earlier"));
    planned_free(&p);
}

/* What Hyper-V owes waits while something worse is wrong with the chain. */
static void test_owed_but_not_now(void **state)
{
    static const struct {
        const char *lines[6], *leaf, *blocker;
    } rows[] = {
        {{"list", "disk d/b.vhdx", "disk d/web-AutoRecovery.avhdx parent=d/b.vhdx",
          "vm web drive=d/web-AutoRecovery.avhdx"},
         "d/web-AutoRecovery.avhdx",
         "autorecovery-in-use"},
        {{"list", "disk d/b.vhdx", "disk d/web-AutoRecovery.avhdx parent=d/b.vhdx",
          "disk d/1.avhdx parent=d/web-AutoRecovery.avhdx", "vm web drive=d/1.avhdx"},
         "d/1.avhdx",
         "autorecovery-in-use"},
        {{"list", "disk d/1.avhdx parent=d/gone.vhdx", "disk d/2.avhdx parent=d/1.avhdx",
          "vm web drive=d/2.avhdx"},
         "d/2.avhdx",
         "missing-parent"},
        {{"list", "disk d/b.vhdx id=1", "disk d/1.avhdx parent=d/b.vhdx linkage=2",
          "disk d/2.avhdx parent=d/1.avhdx", "vm web drive=d/2.avhdx"},
         "d/2.avhdx",
         "linkage-mismatch"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct planned p;
        size_t count = 0;
        while (count < ARRAY_SIZE(rows[i].lines) && rows[i].lines[count])
            count++;
        plan_lines(&p, rows[i].lines, count);
        const struct plan *plan = plan_of(&p, rows[i].leaf);
        assert_int_equal(plan->kind, PLAN_KEEP);
        assert_int_equal(offered(plan), YES(KEEP));
        assert_int_equal(plan->steps.count, 0);
        assert_true(is_blocked(plan, rows[i].blocker));
        assert_false(has_text(&plan->commands, "# Merge-VHD"));
        assert_false(has_text(&plan->commands, "Stop-VM"));
        planned_free(&p);
    }
}

/* Without a checkpoint of that time only the ancestor's last change is known. */
static void test_fork_without_checkpoint(void **state)
{
    struct planned p;

    PLAN(&p, "list", "disk d/b.vhdx time=100", "disk d/1.vhdx parent=d/b.vhdx time=200",
         "disk d/o.avhdx parent=d/b.vhdx time=300", "disk d/3.vhdx parent=d/b.vhdx time=200",
         "vm web drive=d/1.vhdx", "vm db drive=d/3.vhdx");
    const struct plan_stake *stake = &plan_of(&p, "d/o.avhdx")->stake;
    assert_int_equal(stake->fork.since_by, SINCE_ANCESTOR_WRITTEN);
    assert_int_equal(stake->fork.since, (filetime)10000000 * 60 * 100);
    assert_int_equal(stake->fork.other_chains, 1);
    assert_true(has_text(&stake->lines, "was written later"));
    planned_free(&p);
}

static void test_fork_on_the_leaf_itself(void **state)
{
    struct planned p;

    PLAN(&p, "list", "disk d/b.vhdx", "disk d/o.avhdx parent=d/b.vhdx", "vm web drive=d/b.vhdx",
         "disk z/b.vhdx", "disk z/1.avhdx parent=z/b.vhdx");
    const struct plan_stake *stake = &plan_of(&p, "d/o.avhdx")->stake;
    assert_int_equal(stake->fork.living_layers, 0);
    assert_true(has_text(&stake->lines, "on which web itself lives"));
    stake = &plan_of(&p, "z/1.avhdx")->stake;
    assert_int_equal(stake->fork.ancestor, HOST_NONE);
    assert_int_equal(stake->layers, 2);
    assert_int_equal(stake->against, model_disk(&p.host, "z/b.vhdx"));
    assert_true(has_text(&stake->lines, "No chain in use"));
    planned_free(&p);
}

static const struct plan_candidate *candidate(const struct planned *p, const char *leaf, size_t i,
                                              const char *disk)
{
    const struct plan *plan = plan_of(p, leaf);

    assert_true(i < plan->candidates.count);
    assert_int_equal(plan->candidates.items[i].disk, model_disk(&p->host, disk));
    return &plan->candidates.items[i];
}

/* Two copies carry the identifier, so that none was taken; another state ranks behind them. */
static void test_candidates_in_order(void **state)
{
    struct planned p;

    PLAN(&p, "list", "disk q/copy1.vhdx id=77 vid=7", "disk q/copy2.vhdx id=77 vid=7",
         "disk q/state.vhdx id=78 vid=7", "disk q/stranger.vhdx id=79 vid=8",
         "disk d/b.vhdx id=80 vid=9", "disk d/o.avhdx parent=d/x.vhdx linkage=77 vid=7",
         "disk d/on.avhdx parent=d/o.avhdx vid=7");
    assert_int_equal(plan_of(&p, "d/on.avhdx")->candidates.count, 3);
    assert_int_equal(candidate(&p, "d/on.avhdx", 0, "q/copy1.vhdx")->ignore_mismatch,
                     SANITY_NOT_NEEDED);
    assert_int_equal(candidate(&p, "d/on.avhdx", 1, "q/copy2.vhdx")->ignore_mismatch,
                     SANITY_NOT_NEEDED);
    assert_int_equal(candidate(&p, "d/on.avhdx", 2, "q/state.vhdx")->ignore_mismatch,
                     SANITY_UNKNOWN);
    const struct plan *plan = plan_of(&p, "d/on.avhdx");
    assert_true(has_text(&plan->commands, "# Set-VHD -Path '<copies>\\o.avhdx' -ParentPath "
                                          "'<copies>\\copy1.vhdx'"));
    assert_false(has_text(&plan->commands, "# Set-VHD -Path '<copies>\\o.avhdx' -ParentPath "
                                           "'<copies>\\copy1.vhdx' -IgnoreIdMismatch"));
    planned_free(&p);
}

static const struct sanity_row {
    const char *what;
    const char *lines[5];
    enum plan_sanity sanity;
} sanity_rows[] = {
    {"nothing is known",
     {"list", "disk d/b.vhdx id=1 vid=7 time=100",
      "disk d/o.avhdx parent=d/b.vhdx linkage=2 vid=7 time=200"},
     SANITY_UNKNOWN},
    {"written after the child",
     {"list", "disk d/b.vhdx id=1 vid=7 time=300",
      "disk d/o.avhdx parent=d/b.vhdx linkage=2 vid=7 time=200"},
     SANITY_NO},
    {"another virtual disk",
     {"list", "disk d/b.vhdx id=1 vid=8 time=100",
      "disk d/o.avhdx parent=d/b.vhdx linkage=2 vid=7 time=200"},
     SANITY_NO},
    {"unreadable",
     {"list", "disk d/b.vhdx id=1 vid=7 time=100 corrupt",
      "disk d/o.avhdx parent=d/b.vhdx linkage=2 vid=7 time=200"},
     SANITY_NO},
};

static void test_mismatch(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(sanity_rows); i++) {
        const struct sanity_row *row = &sanity_rows[i];
        struct planned p;
        plan_lines(&p, row->lines, 3);
        const struct plan *plan = plan_of(&p, "d/o.avhdx");
        if (plan->candidates.count != 1 || plan->candidates.items[0].ignore_mismatch != row->sanity)
            fail_msg("%s: %zu candidates, %s", row->what, plan->candidates.count,
                     plan->candidates.count
                         ? plan_sanity_name(plan->candidates.items[0].ignore_mismatch)
                         : "none");
        assert_true(plan->link_evidence.count > 0);
        assert_false(has_text(&plan->commands, "-IgnoreIdMismatch '"));
        assert_true(has_text(&plan->commands, "No command with -IgnoreIdMismatch"));
        planned_free(&p);
    }
}

/* The VM's own chain is broken: the log shows its parent opened for writing after the checkpoint
 * that its leaf was made for. Opened before, or for reading, it would have told nothing. */
static void test_mismatch_with_events(void **state)
{
    static const char *const lines[] = {
        "list",
        "disk d/b.vhdx id=1 vid=7 time=100",
        "disk d/o.avhdx parent=d/b.vhdx linkage=2 vid=7 time=200",
        "vm web drive=d/o.avhdx",
        "cp c drive=d/b.vhdx",
        "event disk-opened disk=d/b.vhdx ReadOnly=true GetInfoOnly=false time=181",
        "event disk-opened disk=d/b.vhdx ReadOnly=false GetInfoOnly=false time=140",
        "event disk-opened disk=d/b.vhdx ReadOnly=false GetInfoOnly=false time=180",
    };
    static const struct plan_options options = {0};

    for (size_t count = ARRAY_SIZE(lines) - 1; count <= ARRAY_SIZE(lines); count++) {
        bool after = count == ARRAY_SIZE(lines);
        struct planned p;
        plan_lines(&p, lines, count);
        p.host.machines.items[0].checkpoints.items[0].created = (filetime)10000000 * 60 * 150;
        plan_free(&p.plans);
        assert_int_equal(plan_make(&p.plans, &p.host, &p.verdict, &options), 0);
        const struct plan *plan = plan_of(&p, "d/o.avhdx");
        assert_int_equal(plan->kind, PLAN_KEEP);
        assert_int_equal(offered(plan), YES(KEEP));
        assert_int_equal(plan->link_evidence.count, after ? 3 : 2);
        assert_true(has_text(&plan->link_evidence, "opened writable"));
        assert_int_equal(plan->candidates.items[0].ignore_mismatch,
                         after ? SANITY_NO : SANITY_UNKNOWN);
        planned_free(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_forbids_removal),
        cmocka_unit_test(test_every_untracked_layer_counts),
        cmocka_unit_test(test_what_the_table_allows),
        cmocka_unit_test(test_hold_stops_owed_merges),
        cmocka_unit_test(test_saved_state_forbids_copies),
        cmocka_unit_test(test_fork),
        cmocka_unit_test(test_fork_without_checkpoint),
        cmocka_unit_test(test_fork_on_the_leaf_itself),
        cmocka_unit_test(test_owed_but_not_now),
        cmocka_unit_test(test_hold_of_another_disk),
        cmocka_unit_test(test_candidates_in_order),
        cmocka_unit_test(test_mismatch),
        cmocka_unit_test(test_mismatch_with_events),
    };

    return cmocka_run_group_tests_name("plans", tests, NULL, NULL);
}

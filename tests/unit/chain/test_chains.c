/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Parents, chains, findings and the summary that follow from a model. */
#include "../testing.h"

#include "model.h"

#include "base/checked.h"
#include "base/strbuf.h"
#include "chain/verdict.h"

#include <stdlib.h>
#include <string.h>

struct judged {
    struct host host;
    struct verdict verdict;
};

static void judge_lines(struct judged *judged, const char *const *lines, size_t count)
{
    model_make(&judged->host, lines, count);
    assert_int_equal(verdict_make(&judged->verdict, &judged->host), 0);
}

#define JUDGE(judged, ...)                                                                         \
    do {                                                                                           \
        static const char *const lines_[] = {__VA_ARGS__};                                         \
        judge_lines((judged), lines_, ARRAY_SIZE(lines_));                                         \
    } while (0)

static void judged_free(struct judged *judged)
{
    verdict_free(&judged->verdict);
    host_free(&judged->host);
}

static const struct disk_verdict *verdict_of(const struct judged *judged, const char *path)
{
    return &judged->verdict.disks[model_disk(&judged->host, path)];
}

static const struct finding *finding_of(const struct judged *judged, const char *code)
{
    for (size_t i = 0; i < judged->verdict.findings.count; i++)
        if (strcmp(judged->verdict.findings.items[i].code, code) == 0)
            return &judged->verdict.findings.items[i];
    return NULL;
}

static void test_keys_in_order(void **state)
{
    struct judged j;

    JUDGE(&j, "list", "disk x/a.vhdx id=50", "disk x/r.avhdx parent=x/a.vhdx",
          "disk y/b.avhdx parent=y/a.vhdx linkage=50 abs=x/a.vhdx",
          "disk z/c.avhdx parent=z/a.vhdx linkage=50 norel");
    assert_int_equal(verdict_of(&j, "x/r.avhdx")->parent_key, PARENT_BY_RELATIVE_PATH);
    assert_int_equal(verdict_of(&j, "y/b.avhdx")->parent_key, PARENT_BY_ABSOLUTE_PATH);
    assert_int_equal(verdict_of(&j, "z/c.avhdx")->parent_key, PARENT_BY_IDENTIFIER);
    for (size_t i = 1; i < j.verdict.disk_count; i++)
        assert_int_equal(j.verdict.disks[i].parent, model_disk(&j.host, "x/a.vhdx"));
    judged_free(&j);
}

/* A path is believed only when the linkage matches: the identifier finds the true parent. */
static void test_wrong_file_at_the_path(void **state)
{
    struct judged j;

    JUDGE(&j, "list", "disk x/a.vhdx id=1", "disk y/old.vhdx id=50",
          "disk x/b.avhdx parent=x/a.vhdx linkage=50");
    assert_int_equal(verdict_of(&j, "x/b.avhdx")->parent_state, PARENT_MATCHED);
    assert_int_equal(verdict_of(&j, "x/b.avhdx")->parent_key, PARENT_BY_IDENTIFIER);
    assert_int_equal(verdict_of(&j, "x/b.avhdx")->parent, model_disk(&j.host, "y/old.vhdx"));
    judged_free(&j);
}

static void test_copies_are_not_guessed(void **state)
{
    struct judged j;

    JUDGE(&j, "list", "disk x/a.vhdx id=50", "disk y/a.vhdx id=50",
          "disk z/b.avhdx parent=z/gone.vhdx linkage=50", "vm v drive=z/b.avhdx");
    assert_int_equal(verdict_of(&j, "z/b.avhdx")->parent_state, PARENT_MISSING);
    assert_int_equal(verdict_of(&j, "z/b.avhdx")->parent_copies, 2);
    const struct finding *finding = finding_of(&j, "ambiguous-parent");
    assert_non_null(finding);
    assert_int_equal(finding->evidence.count, 2);
    judged_free(&j);
}

static void test_zero_linkage_matches_nothing(void **state)
{
    struct judged j;

    JUDGE(&j, "list", "disk a.vhdx id=0", "disk b.avhdx parent=a.vhdx linkage=0");
    assert_int_equal(verdict_of(&j, "b.avhdx")->parent_state, PARENT_MISMATCHED);
    judged_free(&j);
}

static void test_chain_of_a_machine(void **state)
{
    struct judged j;

    JUDGE(&j, "list", "disk a.vhdx", "disk a_1.avhdx parent=a.vhdx",
          "disk a_2.avhdx parent=a_1.avhdx", "disk a_3.avhdx parent=a_2.avhdx",
          "vm v drive=a_3.avhdx", "cp c drive=a_2.avhdx");
    assert_int_equal(j.verdict.chains.count, 2);
    for (size_t i = 0; i < 2; i++) {
        const struct chain *chain = &j.verdict.chains.items[i];
        bool own = chain->checkpoint == HOST_NONE;
        assert_true(chain->complete);
        assert_int_equal(chain->leaf, model_disk(&j.host, own ? "a_3.avhdx" : "a_2.avhdx"));
        assert_int_equal(chain->layers.count, own ? 4 : 3);
        assert_int_equal(chain->untracked_layers, own ? 2 : 1);
        assert_int_equal(chain->layers.items[chain->layers.count - 1],
                         model_disk(&j.host, "a.vhdx"));
    }
    judged_free(&j);
}

static void test_cycle_is_said_once(void **state)
{
    struct judged j;
    size_t said = 0;

    JUDGE(&j, "list", "disk a.avhdx parent=b.avhdx linkage=3",
          "disk b.avhdx parent=c.avhdx linkage=4", "disk c.avhdx parent=a.avhdx linkage=2",
          "disk d.avhdx parent=c.avhdx", "vm v drive=d.avhdx");
    for (size_t i = 0; i < j.verdict.findings.count; i++)
        said += strcmp(j.verdict.findings.items[i].code, "chain-cycle") == 0;
    assert_int_equal(said, 1);
    assert_int_equal(finding_of(&j, "chain-cycle")->evidence.count, 3);
    assert_int_equal(j.verdict.chains.count, 1);
    assert_false(j.verdict.chains.items[0].complete);
    assert_int_equal(j.verdict.chains.items[0].layers.count, 4);
    judged_free(&j);
}

static void test_deep_chain(void **state)
{
    enum { DEPTH = 300 };
    char *lines[DEPTH + 3];
    struct judged j;

    lines[0] = strdup("list");
    lines[1] = strdup("disk d0.vhdx");
    for (int i = 1; i <= DEPTH; i++)
        lines[i + 1] = string_printf("disk d%d.%s parent=d%d.%s", i, i ? "avhdx" : "vhdx", i - 1,
                                     i > 1 ? "avhdx" : "vhdx");
    lines[DEPTH + 2] = string_printf("vm v drive=d%d.avhdx", DEPTH);
    judge_lines(&j, (const char *const *)lines, DEPTH + 3);
    assert_int_equal(j.verdict.chains.items[0].layers.count, DEPTH + 1);
    assert_int_equal(j.verdict.chains.items[0].untracked_layers, DEPTH);
    assert_non_null(finding_of(&j, "chain-too-deep"));
    judged_free(&j);
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
        free(lines[i]);
}

static void test_reason_of_a_mismatch(void **state)
{
    struct judged j;

    JUDGE(&j, "list", "disk a.vhdx vid=7 time=200",
          "disk b.avhdx parent=a.vhdx linkage=99 vid=7 time=100",
          "disk c.avhdx parent=a.vhdx linkage=98 vid=8");
    size_t replaced = 0, written = 0;
    for (size_t i = 0; i < j.verdict.findings.count; i++) {
        const struct finding *finding = &j.verdict.findings.items[i];
        for (size_t e = 0; e < finding->evidence.count; e++) {
            replaced += strstr(finding->evidence.items[e], "parent was replaced") != NULL;
            written += strstr(finding->evidence.items[e], "written after this child") != NULL;
        }
    }
    assert_int_equal(replaced, 1);
    assert_int_equal(written, 1);
    judged_free(&j);
}

/* Without all evidence nothing is called safe, and nothing is certain. */
static void test_caution(void **state)
{
    struct judged sure, unsure;

    JUDGE(&sure, "list", "disk a.vhdx", "disk a-AutoRecovery.avhdx parent=a.vhdx",
          "vm v drive=a.vhdx");
    const struct finding *finding = finding_of(&sure, "autorecovery-leftover");
    assert_non_null(strstr(finding->next_step, "remove it"));
    assert_int_equal(finding->blocked_by.count, 0);
    JUDGE(&unsure, "disk a.vhdx", "disk a-AutoRecovery.avhdx parent=a.vhdx",
          "vm v unknown drive=a.vhdx");
    finding = finding_of(&unsure, "autorecovery-leftover");
    assert_null(strstr(finding->next_step, "remove it"));
    assert_int_equal(finding->confidence, CONFIDENCE_POSSIBLE);
    assert_int_equal(finding->blocked_by.count, 1);
    judged_free(&sure);
    judged_free(&unsure);
}

static void test_commands_are_quoted(void **state)
{
    struct judged j;

    JUDGE(&j, "list", "disk a.vhdx", "disk a_1.avhdx parent=a.vhdx",
          "vm it's drive=a_1.avhdx");
    const struct finding *finding = finding_of(&j, "active-untracked");
    assert_non_null(strstr(finding->commands.items[0], "-VMName 'it''s'"));
    assert_non_null(strstr(finding->commands.items[1], "-Path 'C:\\e\\a_1.avhdx'"));
    judged_free(&j);
}

static void test_unopened_is_not_said_to_be_damaged(void **state)
{
    struct judged j;

    JUDGE(&j, "list", "disk a.vhdx corrupt", "vm v drive=a.vhdx");
    assert_null(strstr(finding_of(&j, "corrupt")->explanation, "healthy"));
    assert_int_equal(finding_of(&j, "corrupt")->confidence, CONFIDENCE_CONFIRMED);
    judged_free(&j);
    JUDGE(&j, "list", "disk a.vhdx unopened", "vm v drive=a.vhdx");
    assert_non_null(strstr(finding_of(&j, "corrupt")->explanation, "may be healthy"));
    assert_int_equal(finding_of(&j, "corrupt")->confidence, CONFIDENCE_POSSIBLE);
    judged_free(&j);
}

/* Every layer is somebody's, and yet there is one more than checkpoints. */
static void test_layer_too_many(void **state)
{
    struct judged j, whole;

    JUDGE(&j, "list", "disk a.vhdx", "disk a_1.avhdx parent=a.vhdx",
          "disk a_2.avhdx parent=a_1.avhdx", "vm v drive=a_2.avhdx", "cp c drive=a_1.avhdx");
    assert_non_null(finding_of(&j, "untracked-layers"));
    JUDGE(&whole, "list", "disk a.vhdx", "disk a_1.avhdx parent=a.vhdx",
          "disk a_2.avhdx parent=a_1.avhdx", "vm v drive=a_2.avhdx", "cp b drive=a.vhdx",
          "cp c drive=a_1.avhdx");
    assert_int_equal(whole.verdict.findings.count, 0);
    judged_free(&j);
    judged_free(&whole);
}

static void test_healthy_host_has_no_findings(void **state)
{
    struct judged j;

    JUDGE(&j, "list", "disk a.vhdx", "disk a_1.avhdx parent=a.vhdx", "disk b.vhdx",
          "vm v drive=a_1.avhdx drive=b.vhdx", "cp c drive=a.vhdx drive=b.vhdx");
    assert_int_equal(j.verdict.findings.count, 0);
    assert_true(j.verdict.summary.worst <= SEVERITY_INFO);
    assert_int_equal(j.verdict.summary.orphan_bytes, 0);
    judged_free(&j);
}

static void test_summary(void **state)
{
    struct judged j;

    JUDGE(&j, "list", "disk a.vhdx", "disk a_1.avhdx parent=a.vhdx", "disk b.vhdx",
          "disk b_1.avhdx parent=b.vhdx", "vm v drive=a_1.avhdx");
    assert_int_equal(j.verdict.summary.by_class[CLASS_ACTIVE_UNTRACKED], 1);
    assert_int_equal(j.verdict.summary.by_class[CLASS_ABANDONED_CHAIN], 2);
    /* The abandoned base is a whole disk, not what people call an orphaned checkpoint. */
    assert_int_equal(j.verdict.summary.orphan_bytes, 2 * (4 << 20));
    judged_free(&j);
}

static void test_recovery_checkpoint(void **state)
{
    struct judged j;

    JUDGE(&j, "list", "disk a.vhdx", "disk a_1.avhdx parent=a.vhdx", "vm v drive=a_1.avhdx",
          "cp Avamar-Backup drive=a.vhdx");
    assert_non_null(finding_of(&j, "backup-checkpoint"));
    assert_int_equal(verdict_of(&j, "a_1.avhdx")->class, CLASS_ACTIVE);
    judged_free(&j);
}

static void test_ambiguous_path(void **state)
{
    struct judged j;

    JUDGE(&j, "list", "disk x/s/a.vhdx", "disk y/s/a.vhdx", "vm v drive=D:\\s\\a.vhdx");
    assert_non_null(finding_of(&j, "ambiguous-path"));
    for (size_t i = 0; i < 2; i++)
        assert_true(j.verdict.disks[i].overlays & 1u << OVERLAY_LOW_CONFIDENCE);
    judged_free(&j);
}

/* Two drives of one machine that are ambiguous: two findings that a reader can tell apart. */
static void test_equal_summaries(void **state)
{
    struct judged j;

    JUDGE(&j, "list", "disk x/s/a.vhdx", "disk y/s/a.vhdx", "disk x/s/b.vhdx", "disk y/s/b.vhdx",
          "vm v drive=D:\\s\\a.vhdx drive=D:\\s\\b.vhdx");
    const struct finding *first = finding_of(&j, "ambiguous-path");
    assert_string_equal(first[1].code, "ambiguous-path");
    assert_string_equal(first[0].subject, first[1].subject);
    assert_non_null(strstr(first[0].summary, "D:\\s\\a.vhdx"));
    assert_non_null(strstr(first[1].summary, "D:\\s\\b.vhdx"));
    judged_free(&j);
}

/* Half of what NTFS can describe is the line. */
static void test_fragmented(void **state)
{
    struct host host;
    struct verdict verdict;

    for (unsigned more = 0; more < 2; more++) {
        static const char *const lines[] = {"list", "disk a.vhdx", "vm v drive=a.vhdx"};
        model_make(&host, lines, ARRAY_SIZE(lines));
        host.disks.items[0].extents = 9000;
        host.disks.items[0].mft_records = 4000;
        host.disks.items[0].attribute_list_size = 128 * 1024 - 1 + more;
        assert_int_equal(verdict_make(&verdict, &host), 0);
        assert_int_equal(verdict.findings.count, more);
        if (more > 0) {
            assert_string_equal(verdict.findings.items[0].code, "fragmented");
            assert_non_null(strstr(verdict.findings.items[0].evidence.items[0],
                                   "9000 extents in 4000 records"));
            assert_non_null(strstr(verdict.findings.items[0].explanation, "0x80070299"));
        }
        verdict_free(&verdict);
        host_free(&host);
    }
}

/* Commands are for the host: with its path where that can be known, else with a word of warning. */
static void test_paths_in_commands(void **state)
{
    struct judged j;

    JUDGE(&j, "list", "disk VMs/a.vhdx", "disk VMs/a_1.avhdx parent=VMs/a.vhdx",
          "disk other/b.vhdx", "vm v drive=D:\\VMs\\a.vhdx");
    const struct finding *orphan = finding_of(&j, "orphan-with-data");
    assert_non_null(strstr(orphan->commands.items[1], "-Path 'D:\\VMs\\a_1.avhdx' |"));
    assert_null(strstr(orphan->commands.items[1], "#"));
    judged_free(&j);
    JUDGE(&j, "list", "disk other/b.vhdx");
    const struct finding *stray = finding_of(&j, "unattached-disk");
    assert_non_null(strstr(stray->commands.items[0], "'/e/other/b.vhdx' | "));
    assert_non_null(strstr(stray->commands.items[0], "# put the file's path on the host"));
    judged_free(&j);
}

static bool says(const struct finding *finding, const char *words)
{
    for (size_t i = 0; i < finding->evidence.count; i++)
        if (strstr(finding->evidence.items[i], words))
            return true;
    return false;
}

#define OPENED "event disk-opened disk=a.vhdx "
#define BROKEN                                                                                     \
    "list", "disk a.vhdx", "disk a_1.avhdx parent=a.vhdx linkage=77", "vm web drive=a_1.avhdx"

/* Who touched the parent, and which chain was refused, is told to child and parent. */
static void test_who_broke_the_linkage(void **state)
{
    static const char *const codes[] = {"broken-chain", "broken-chain-parent"};
    struct judged j;

    JUDGE(&j, BROKEN, OPENED "ReadOnly=false GetInfoOnly=false", "event disk-mounted disk=a.vhdx",
          OPENED "vm=web ReadOnly=0 GetInfoOnly=0",
          "event disk-operation-started disk=a.vhdx VhdMetaOps=Merge",
          "event chain-mismatch disk=a_1.avhdx ParentLastWriteGUID=P1 "
          "ExpectedParentLastWriteGUID1=E1 ExpectedParentLastWriteGUID2=E2");
    for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
        const struct finding *finding = finding_of(&j, codes[i]);
        assert_non_null(finding);
        assert_true(says(finding, "opened writable by the host itself, not a VM"));
        assert_true(says(finding, "mounted in the host by the host itself"));
        assert_true(says(finding, "opened writable by VM web"));
        assert_true(says(finding, "changed by an operation by the host itself, not a VM, Merge"));
    }
    assert_true(says(finding_of(&j, "broken-chain"), "its parent has P1, expected was E1 or E2"));
    assert_false(says(finding_of(&j, "broken-chain-parent"), "expected was"));
    judged_free(&j);

    /* Reading breaks nothing, another disk's handle says nothing, and only the last ones count. */
    JUDGE(&j, BROKEN, OPENED "ReadOnly=true GetInfoOnly=false",
          OPENED "ReadOnly=false GetInfoOnly=true", OPENED "",
          "event disk-opened disk=a_1.avhdx ReadOnly=false GetInfoOnly=false");
    assert_false(says(finding_of(&j, "broken-chain"), "opened writable"));
    judged_free(&j);
    JUDGE(&j, BROKEN, OPENED "ReadOnly=0", OPENED "ReadOnly=0", OPENED "ReadOnly=0",
          OPENED "ReadOnly=0", OPENED "ReadOnly=0", OPENED "ReadOnly=0", OPENED "ReadOnly=0");
    assert_true(says(finding_of(&j, "broken-chain"),
                     "a.vhdx was opened writable or mounted 7 times, last:"));
    assert_false(says(finding_of(&j, "broken-chain"), "record 5)"));
    assert_true(says(finding_of(&j, "broken-chain"), "record 6)"));
    judged_free(&j);

    JUDGE(&j, "list", "disk a.vhdx", "vm web drive=a.vhdx", OPENED "ReadOnly=0");
    assert_int_equal(j.verdict.findings.count, 0);
    judged_free(&j);
}

#define WAITING "list", "disk a.vhdx", "disk a_1.avhdx parent=a.vhdx", "vm v drive=a_1.avhdx"
#define MERGED  "list", "disk a.vhdx", "vm v drive=a.vhdx"

/* Which file a merge left behind, with which error, and whether a later one settled it. */
static void test_merges_that_went_wrong(void **state)
{
    static const struct {
        const char *lines[9];
        const char *code; /* NULL: no finding about merges */
        const char *says[3], *never;
    } cases[] = {
        {{WAITING, "event merge-started vm=v", "event merge-failed vm=v code=8007052f"},
         "merge-failed",
         {"record 5)", "0x8007052f ERROR_ACCOUNT_RESTRICTION: ", "left behind: /e/a_1.avhdx"},
         "started anew"},
        {{WAITING, "event merge-started vm=v", "event merge-interrupted vm=v"},
         "merge-failed",
         {"record 6)", "left behind: /e/a_1.avhdx"}, "0x"},
        {{WAITING, "event merge-started vm=v"},
         "merge-in-progress",
         {"record 5)", "left behind: /e/a_1.avhdx"}, "started anew"},
        {{WAITING, "event merge-started vm=v", "event vmms-started"},
         "merge-failed",
         {"left behind: /e/a_1.avhdx", "was started anew"}, NULL},
        {{MERGED, "event merge-failed vm=v code=80070070", "event merge-started vm=v",
          "event merge-finished vm=v"},
         "merge-settled",
         {"0x80070070 ERROR_DISK_FULL", "record 4)", "record 6)"}, "left behind"},
        {{WAITING, "event merge-failed vm=v code=80070070", "event merge-finished vm=v"},
         "merge-incomplete",
         {"0x80070070", "record 6)", "left behind: /e/a_1.avhdx"}, NULL},
        {{MERGED, "event merge-failed vm=v code=80070070"},
         "merge-settled", {"record 4)"}, "left behind"},
        {{WAITING, "event merge-finished vm=v"}, NULL, {NULL}, NULL},
        {{WAITING, "event merge-failed vm=another code=80070070"}, NULL, {NULL}, NULL},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct judged j;
        size_t count = 0;
        while (count < ARRAY_SIZE(cases[i].lines) && cases[i].lines[count])
            count++;
        judge_lines(&j, cases[i].lines, count);
        const struct finding *found = NULL;
        for (size_t f = 0; f < j.verdict.findings.count; f++)
            if (strncmp(j.verdict.findings.items[f].code, "merge-", 6) == 0)
                found = &j.verdict.findings.items[f];
        assert_string_equal(found ? found->code : "", cases[i].code ? cases[i].code : "");
        for (size_t s = 0; s < ARRAY_SIZE(cases[i].says) && cases[i].says[s]; s++)
            assert_true(says(found, cases[i].says[s]));
        if (cases[i].never)
            assert_false(says(found, cases[i].never));
        judged_free(&j);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys_in_order),
        cmocka_unit_test(test_who_broke_the_linkage),
        cmocka_unit_test(test_merges_that_went_wrong),
        cmocka_unit_test(test_wrong_file_at_the_path),
        cmocka_unit_test(test_copies_are_not_guessed),
        cmocka_unit_test(test_zero_linkage_matches_nothing),
        cmocka_unit_test(test_chain_of_a_machine),
        cmocka_unit_test(test_cycle_is_said_once),
        cmocka_unit_test(test_deep_chain),
        cmocka_unit_test(test_reason_of_a_mismatch),
        cmocka_unit_test(test_caution),
        cmocka_unit_test(test_commands_are_quoted),
        cmocka_unit_test(test_unopened_is_not_said_to_be_damaged),
        cmocka_unit_test(test_layer_too_many),
        cmocka_unit_test(test_healthy_host_has_no_findings),
        cmocka_unit_test(test_equal_summaries),
        cmocka_unit_test(test_fragmented),
        cmocka_unit_test(test_paths_in_commands),
        cmocka_unit_test(test_summary),
        cmocka_unit_test(test_recovery_checkpoint),
        cmocka_unit_test(test_ambiguous_path),
    };

    return cmocka_run_group_tests_name("chains", tests, NULL, NULL);
}

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Each rule in a situation of its own, and beside the look-alikes that it must be told from. */
#include "../testing.h"

#include "../chain/model.h"

#include "base/checked.h"
#include "base/strbuf.h"
#include "diagnose/rule.h"
#include "diagnose/sources.h"
#include "event/kinds.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINES 12

/* `expect`: "rule verdict" of everything that is diagnosed, blanks between; "" nothing. */
struct situation {
    const char *about;
    const char *lines[LINES];
    const char *expect;
    bool on_request;
};

#define VMMS_LOG "log Microsoft-Windows-Hyper-V-VMMS-Admin"
#define ALL_LOGS VMMS_LOG, "log Application", "log Microsoft-Windows-Backup", "log System"

#define REJECTED "event vss-writer-rejected code=800423f4 text=vmms.exe time="
#define SHARED_CHAIN                                                                               \
    "disk a.vhdx", "disk a_1.avhdx parent=a.vhdx", "vm v drive=a_1.avhdx"
#define CHAIN    "list", "disk a.vhdx", "disk a_1.avhdx parent=a.vhdx", "vm v drive=a_1.avhdx"

static const struct situation situations[] = {
    {"the writer rejected two backups in a row", {REJECTED "100", REJECTED "2000"},
     "vss-writer-counter likely"},
    {"… with the VM's own failure beside it",
     {REJECTED "100", REJECTED "2000", "event production-checkpoint-failed time=2001"},
     "vss-writer-counter confirmed"},
    {"one rejection alone", {REJECTED "100"}, "vss-writer-counter possible"},
    {"two records of one run", {REJECTED "100", REJECTED "102"}, "vss-writer-counter possible"},
    {"three runs in a row are a writer that really fails",
     {REJECTED "100", REJECTED "2000", REJECTED "4000"}, "vss-writer-counter excluded"},
    {"a success between them", {REJECTED "100", "event backup-finished time=1000", REJECTED "2000"},
     "vss-writer-counter possible"},
    {"another application's writer",
     {"event vss-writer-rejected code=800423f4 text=sqlwriter.exe",
      "event vss-writer-rejected code=800423f4 text=sqlwriter.exe"},
     ""},
    {"another error of the same writer", {"event vss-writer-rejected code=800423f3 text=vmms.exe"},
     ""},

    {"the general code of a backup alone", {"event backup-failed code=807800a1"},
     "spp-timeout possible"},
    {"the inner code of the time limit, once", {"event backup-failed code=807800a1 inner=81000101"},
     "spp-timeout likely"},
    {"the inner code, with shadow copies that timed out",
     {"event backup-failed code=807800a1 inner=81000101", "event shadow-copy-timeout"},
     "spp-timeout confirmed"},
    {"the time-out's own code", {"event backup-snapshot-failed code=80780021"},
     "spp-timeout likely"},
    {"a writer's error inside is not the time limit",
     {"event backup-failed code=807800a1 inner=800423f4"}, "spp-timeout excluded"},
    {"errors of the disk come first",
     {"event backup-failed code=80780021 inner=81000101", "event shadow-copy-timeout",
      "event disk-error"},
     "spp-timeout likely"},

    {"the logon right, with the files that it left",
     {CHAIN, "event merge-failed vm=v code=8007052f"}, "orphaned-checkpoint-logon-right confirmed"},
    {"the event alone", {"event merge-failed vm=x code=8007052f"},
     "orphaned-checkpoint-logon-right likely"},
    {"… and the same right missing elsewhere",
     {"event merge-failed vm=x code=8007052f", "event vm-start-failed vm=y code=80070569"},
     "orphaned-checkpoint-logon-right likely"},
    {"a checkpoint that failed with the code", {"event checkpoint-failed vm=x code=8007052f"},
     "orphaned-checkpoint-logon-right possible"},
    {"a later merge settled it",
     {"list", "disk a.vhdx", "vm v drive=a.vhdx", "event merge-failed vm=v code=8007052f",
      "event merge-started vm=v", "event merge-finished vm=v"},
     "orphaned-checkpoint-logon-right excluded"},
    {"a later merge left the layers behind",
     {CHAIN, "event merge-failed vm=v code=8007052f", "event merge-started vm=v",
      "event merge-finished vm=v"},
     "orphaned-checkpoint-logon-right likely"},
    {"the event, and the right missing in the registry",
     {"event merge-failed vm=x code=8007052f", "hive logon=no"},
     "orphaned-checkpoint-logon-right likely"},
    {"the right is there", {CHAIN, "event merge-failed vm=v code=8007052f", "hive logon=yes"},
     "orphaned-checkpoint-logon-right likely"},
    {"… but a policy takes it away again",
     {CHAIN, "event merge-failed vm=v code=8007052f", "hive logon=yes policy=no"},
     "orphaned-checkpoint-logon-right confirmed"},
    {"… on another host",
     {"node a", CHAIN, "event merge-failed vm=v code=8007052f", "node b", "hive logon=yes"},
     "orphaned-checkpoint-logon-right confirmed"},
    {"a registry without the right alone",
     {CHAIN, VMMS_LOG, "hive logon=no policy=no"}, ""},
    {"a lock is another failure", {CHAIN, "event merge-failed vm=v code=80070020"},
     "merge-sharing-violation confirmed"},
    {"a full volume is another failure", {CHAIN, "event merge-failed vm=v code=80070070"},
     "merge-disk-full confirmed"},
    {"fragmentation is another failure", {CHAIN, "event merge-failed vm=v code=80070299"},
     "merge-file-system-limitation confirmed"},
    {"a changed parent is another failure",
     {"list", "disk a.vhdx", "disk a_1.avhdx parent=a.vhdx linkage=99", "vm v drive=a_1.avhdx",
      "event merge-failed vm=v code=c03a000e"},
     "chain-id-mismatch confirmed parent-changed possible"},
    {"… with who opened the parent",
     {"list", "disk a.vhdx", "disk a_1.avhdx parent=a.vhdx linkage=99", "vm v drive=a_1.avhdx",
      "event merge-failed vm=v code=c03a000e", "event disk-mounted disk=a.vhdx"},
     "chain-id-mismatch confirmed parent-changed likely"},
    {"an error of the storage is another failure", {CHAIN, "event merge-failed vm=v code=8007045d"},
     "merge-media-error confirmed"},
    {"another provider's failure is not a merge", {"event vm-start-failed vm=x code=8007052f"}, ""},

    {"a snapshot that could not be quiesced",
     {"event quiesce-failed line code=80042301 text=VssSyncStart",
      "event quiesce-failed line text=ApplicationQuiesceFault"},
     "vmware-quiesce-timeout confirmed"},
    {"… all of it in one line",
     {"event quiesce-failed line code=80042301 text=VssSyncStart,msg.snapshot.quiesce.vmerr"},
     "vmware-quiesce-timeout likely"},
    {"one half of it", {"event quiesce-failed text=ApplicationQuiesceFault"},
     "vmware-quiesce-timeout possible"},

    {"all writers gone",
     {"writers 0", "event vss-routine-failed code=800401fb",
      "event vss-com-server-failed code=800401fb", "services 3"},
     "vss-writers-vanished confirmed"},
    {"an empty list alone", {"writers 0"}, "vss-writers-vanished possible"},
    {"EventSystem runs alone",
     {"writers 0", "event vss-routine-failed code=800401fb",
      "event vss-com-server-failed code=800401fb", "services 0"},
     "vss-writers-vanished excluded"},
    {"EventSystem is set up to run alone",
     {"writers 0", "event vss-routine-failed code=800401fb",
      "event vss-com-server-failed code=800401fb", "hive service=own"},
     "vss-writers-vanished excluded"},
    {"… but is seen sharing its process",
     {"writers 0", "event vss-routine-failed code=800401fb",
      "event vss-com-server-failed code=800401fb", "services 3", "hive service=own"},
     "vss-writers-vanished confirmed"},
    {"an empty list, and EventSystem set up to share on an old Windows",
     {"writers 0", "hive service=share build=14393"}, "vss-writers-vanished likely"},
    {"… on a Windows that splits services", {"writers 0", "hive service=share build=17763"},
     "vss-writers-vanished possible"},
    {"… where it is told not to split", {"writers 0", "hive service=unsplit build=17763"},
     "vss-writers-vanished likely"},
    {"… on an unknown Windows", {"writers 0", "hive service=share"},
     "vss-writers-vanished possible"},
    {"event classes that are not as installed", {"hive typelib=wrong"},
     "vss-component-registration possible"},
    {"… with the code beside them",
     {"event vss-routine-failed code=80040154", "hive typelib=wrong"},
     "vss-component-registration likely"},
    {"event classes as installed", {"hive typelib=right service=share timeout=default"}, ""},
    {"writers are there", {"writers 12"}, ""},
    {"another registration problem", {"event vss-routine-failed code=80040154"},
     "vss-component-registration possible"},
    {"a failed writer", {"writers 3 failed"}, "vss-writer-failed possible"},

    {"a healthy host", {CHAIN, "cp c drive=a.vhdx", "event merge-started vm=v",
                        "event merge-finished vm=v"}, ""},
    {"a stale automatic-recovery disk that blocks",
     {"list", "disk a.vhdx", "disk a-AutoRecovery.avhdx parent=a.vhdx", "vm v drive=a.vhdx",
      "event checkpoint-start-failed vm=v code=80070050"},
     "autorecovery-leftover confirmed"},
    {"a deleted machine whose disks are left",
     {"list", "disk a.vhdx", "vm z", "event vm-deleted"}, "vm-deleted-disks-left confirmed"},
    {"a merge that never ended", {CHAIN, "event merge-started vm=v"}, "merge-not-ended confirmed"},
    {"layers on hold",
     {CHAIN, VMMS_LOG, "event checkpoint-switch-failed vm=v code=80048102"},
     "fork-commit-hold likely"},
    {"replication that stands still",
     {"list", "disk a.vhdx hrl", "vm v drive=a.vhdx", "event replica-log-large vm=v"},
     "replica-log-growth confirmed"},
    {"a provider that fails, and the writer that it took along",
     {"event vss-provider-failed code=80042301", "event vss-writer-rejected code=800423f4"},
     "guest-vss-provider confirmed"},
    {"a full volume", {"event paused-no-space", "event volume-full"}, "volume-full confirmed"},
    {"change tracking after a crash", {"event change-tracking-corrupt", "event host-crashed"},
     "change-tracking-lost confirmed"},
    {"a paused cluster volume", {"event csv-paused"}, "cluster-volume-paused likely"},

    /* What can't be judged. */
    {"a layer left behind, and no log", {CHAIN}, "orphaned-checkpoint-logon-right no-data"},
    {"… a log that reaches back",
     {"list", "disk a.vhdx time=50", "disk a_1.avhdx parent=a.vhdx time=900",
      "vm v drive=a_1.avhdx", VMMS_LOG " from=40"},
     ""},
    {"… one that begins when the layer was there already",
     {"list", "disk a.vhdx time=50", "disk a_1.avhdx parent=a.vhdx time=900",
      "vm v drive=a_1.avhdx", VMMS_LOG " from=60"},
     "orphaned-checkpoint-logon-right no-data"},
    {"… an older copy of it beside it",
     {"list", "disk a.vhdx time=50", "disk a_1.avhdx parent=a.vhdx time=900",
      "vm v drive=a_1.avhdx", VMMS_LOG " from=60", VMMS_LOG " from=1"},
     ""},
    {"… the log of another host",
     {"node a", CHAIN, "node b", VMMS_LOG}, "orphaned-checkpoint-logon-right no-data"},
    {"… on storage that two hosts share, and the log of one of them",
     {"node csv shared", SHARED_CHAIN, "node a", "list", VMMS_LOG, "node b", "list"},
     "orphaned-checkpoint-logon-right no-data"},
    {"… of both",
     {"node csv shared", SHARED_CHAIN, "node a", "list", VMMS_LOG, "node b", "list", VMMS_LOG},
     ""},
    {"… each machine for itself",
     {"list", "disk a.vhdx", "disk a_1.avhdx parent=a.vhdx", "vm v drive=a_1.avhdx",
      "disk b.vhdx", "disk b_1.avhdx parent=b.vhdx", "vm w drive=b_1.avhdx",
      "event merge-failed vm=w code=80070020"},
     "merge-sharing-violation confirmed orphaned-checkpoint-logon-right no-data"},
    {"a healthy host without any log", {"list", "disk a.vhdx", "vm v drive=a.vhdx"}, ""},
    {"… of which a person asks",
     {"list", "disk a.vhdx", "vm v drive=a.vhdx"},
     "vss-writer-counter no-data spp-timeout no-data orphaned-checkpoint-logon-right no-data "
     "vss-writers-vanished no-data",
     true},
    {"… with all logs", {"list", "disk a.vhdx", "vm v drive=a.vhdx", ALL_LOGS}, "", true},
    {"… with some of them",
     {"list", "disk a.vhdx", "vm v drive=a.vhdx", "log Microsoft-Windows-Backup", "writers 12"},
     "vss-writer-counter no-data orphaned-checkpoint-logon-right no-data", true},
    {"nothing at all, of which a person asks", {"list"},
     "vss-writer-counter no-data spp-timeout no-data orphaned-checkpoint-logon-right no-data "
     "vmware-quiesce-timeout no-data vss-writers-vanished no-data",
     true},
    {"one host of two has the logs",
     {"node a", ALL_LOGS, "node b", "log Application"}, "orphaned-checkpoint-logon-right no-data",
     true},
    {"what is judged stands first",
     {VMMS_LOG, "event merge-failed vm=x code=8007052f"},
     "orphaned-checkpoint-logon-right likely vss-writer-counter no-data spp-timeout no-data "
     "vss-writers-vanished no-data",
     true},
};

static void test_situation(void **state)
{
    const struct situation *situation = *state;
    struct diagnosis_list list;
    struct strbuf got = {0};
    struct verdict verdict;
    struct host host;
    size_t count = 0;

    while (count < LINES && situation->lines[count])
        count++;
    model_make(&host, situation->lines, count);
    assert_int_equal(verdict_make(&verdict, &host), 0);
    assert_int_equal(diagnose(&list, &host, &verdict, situation->on_request), 0);
    for (size_t i = 0; i < list.count; i++)
        strbuf_printf(&got, "%s%s %s", i ? " " : "", list.items[i].rule,
                      diagnosis_verdict_name(list.items[i].verdict));
    assert_string_equal(strbuf_text(&got), situation->expect);
    for (size_t i = 0; i < list.count; i++) {
        bool judged = list.items[i].verdict != DIAGNOSIS_NO_DATA;
        assert_true(judged ? list.items[i].evidence.count > 0 : list.items[i].missing.count > 0);
        assert_int_equal(judged, list.items[i].remedy_count > 0);
    }
    strbuf_free(&got);
    diagnosis_list_free(&list);
    verdict_free(&verdict);
    host_free(&host);
}

#define BACKUP "event backup-failed code=807800a1"
#define MERGE  "event merge-failed vm=x code=8007052f"

/* What a diagnosis says of the registry. */
static const struct {
    const char *lines[LINES];
    const char *says; /* in one line of the evidence */
    const char *never; /* in none; NULL */
} sayings[] = {
    {{BACKUP, "hive timeout=default"}, "CreateTimeout is not set: the default of 10 minutes", NULL},
    {{BACKUP, "hive timeout=1800000"}, "CreateTimeout is 1800000 ms = 30.0 minutes", "more than an hour"},
    {{BACKUP, "hive timeout=12000000"}, "12000000 ms = 200.0 minutes, more than an hour", "restart"},
    {{BACKUP, "hive timeout=90000"}, "90000 ms = 1.5 minutes, less than the default", NULL},
    {{BACKUP, "hive timeout=text"}, "CreateTimeout is no REG_DWORD but of type 1", "minutes"},
    {{BACKUP, "hive timeout=1800000 written=500", "event host-started time=400"},
     "takes effect with a restart", NULL},
    {{BACKUP, "hive timeout=1800000 written=500", "event host-started time=600"}, "30.0 minutes",
     "takes effect with a restart"},
    {{BACKUP, "hive timeout=1800000 written=500"}, "30.0 minutes", "takes effect with a restart"},
    {{MERGE, "hive logon=no"}, "/e/SECURITY: NT VIRTUAL MACHINE\\Virtual Machines (S-1-5-83-0) has "
                               "no right to log on as a service", "policy"},
    {{MERGE, "hive logon=denied"}, "is denied to log on as a service", NULL},
    {{MERGE, "hive policy=no"}, "/e/security template: a policy says who may log on", NULL},
    {{MERGE, "hive policy=yes"}, "", "policy"},
    {{"writers 0", "hive service=share"}, "only tasklist /svc tells", NULL},
    {{"writers 0", "hive service=share build=14393"}, "group LocalService, as 1 other service is",
     "tasklist"},
    {{"hive typelib=wrong"}, "EVENTCLS.DLL\" of type 1, it should be", NULL},
};

static bool says(const struct diagnosis *diagnosis, const char *words)
{
    for (size_t i = 0; i < diagnosis->evidence.count; i++)
        if (strstr(diagnosis->evidence.items[i], words))
            return true;
    return false;
}

static void test_sayings(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(sayings); i++) {
        struct diagnosis_list list;
        struct verdict verdict;
        struct host host;
        size_t count = 0;
        while (sayings[i].lines[count])
            count++;
        model_make(&host, sayings[i].lines, count);
        assert_int_equal(verdict_make(&verdict, &host), 0);
        assert_int_equal(diagnose(&list, &host, &verdict, false), 0);
        assert_int_equal(list.count, 1);
        assert_true(says(&list.items[0], sayings[i].says));
        assert_false(sayings[i].never && says(&list.items[0], sayings[i].never));
        diagnosis_list_free(&list);
        verdict_free(&verdict);
        host_free(&host);
    }
}

static void check_kinds(const struct rule *rule, const char *kinds)
{
    for (const char *at = kinds; at && *at;) {
        size_t length = strcspn(at, " ");
        char *kind = strndup(at, length);
        if (!event_kind_exists(kind))
            fail_msg("%s: no event has kind %s", rule->name, kind);
        free(kind);
        at += length + (at[length] == ' ');
    }
}

/* Whether what is missing was looked for in vain, or could not be looked for. */
static void test_what_is_missing(void **state)
{
    static const struct {
        const char *lines[LINES];
        const char *says;
    } cases[] = {
        {{"writers 0"}, "VSS 8193 with 0x800401FB (Application.evtx: not on the evidence)"},
        {{"writers 0", "log Application"},
         "VSS 8193 with 0x800401FB (Application.evtx: on the evidence, where it is not logged)"},
        {{BACKUP, "log Application"},
         "(Application.evtx and Microsoft-Windows-Backup.evtx: not all of it on the evidence)"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct diagnosis_list list;
        struct verdict verdict;
        struct host host;
        size_t count = 0;
        bool said = false;
        while (cases[i].lines[count])
            count++;
        model_make(&host, cases[i].lines, count);
        assert_int_equal(verdict_make(&verdict, &host), 0);
        assert_int_equal(diagnose(&list, &host, &verdict, false), 0);
        assert_int_equal(list.count, 1);
        for (size_t m = 0; m < list.items[0].missing.count; m++)
            said = said || strstr(list.items[0].missing.items[m], cases[i].says);
        if (!said)
            fail_msg("nobody misses: %s", cases[i].says);
        diagnosis_list_free(&list);
        verdict_free(&verdict);
        host_free(&host);
    }
}

static void check_clues(const struct rule *rule, const struct clue *clues)
{
    for (; clues && clues->text; clues++) {
        assert_true(clues->test || clues->kinds || clues->codes[0] || clues->words);
        assert_true(!clues->near == !clues->minutes);
        check_kinds(rule, clues->kinds);
        check_kinds(rule, clues->near);
        check_kinds(rule, clues->or ? clues->or->kinds : NULL);
    }
}

/* Each name of `needs` is one that can be looked for. */
static void check_needs(const struct rule *rule)
{
    for (const char *at = rule->needs; at; at = source_next(at))
        if (!source_of(at))
            fail_msg("%s: no source %s", rule->name, at);
}

/* A kind that no reader gives would make a clue that is never seen. */
static void test_rules_ask_for_what_exists(void **state)
{
    const struct rule *const families[] = {rules_backup, rules_merge, rules_guest, rules_host};

    for (size_t f = 0; f < ARRAY_SIZE(families); f++)
        for (const struct rule *rule = families[f]; rule->name; rule++) {
            check_clues(rule, rule->indicator);
            check_clues(rule, rule->required);
            check_clues(rule, rule->supporting);
            check_clues(rule, rule->context);
            check_clues(rule, rule->weakening);
            check_clues(rule, rule->excluding);
            check_needs(rule);
            assert_true(rule->remedy_count > 0);
        }
}

/* ---- never from one event ---- */

/* Everything that any rule asks for. */
struct asked {
    char kinds[256][40];
    uint32_t codes[256];
    size_t kind_count, code_count;
    struct strbuf words;
};

static void ask_kind(struct asked *asked, const char *kind, size_t length)
{
    for (size_t i = 0; i < asked->kind_count; i++)
        if (strlen(asked->kinds[i]) == length && strncmp(asked->kinds[i], kind, length) == 0)
            return;
    assert_true(asked->kind_count < ARRAY_SIZE(asked->kinds) && length < 40);
    memcpy(asked->kinds[asked->kind_count++], kind, length);
}

static void ask_code(struct asked *asked, uint32_t code)
{
    for (size_t i = 0; i < asked->code_count; i++)
        if (asked->codes[i] == code)
            return;
    assert_true(asked->code_count < ARRAY_SIZE(asked->codes));
    asked->codes[asked->code_count++] = code;
}

static void ask_clues(struct asked *asked, const struct clue *clues)
{
    for (; clues && clues->text; clues++) {
        for (const char *at = clues->kinds; at && *at;) {
            size_t length = strcspn(at, " ");
            ask_kind(asked, at, length);
            at += length + (at[length] == ' ');
        }
        for (size_t i = 0; i < CLUE_CODES && clues->codes[i]; i++)
            ask_code(asked, clues->codes[i]);
        ask_code(asked, clues->inner);
        if (clues->or) {
            struct clue either[] = {*clues->or, {0}};
            either[0].text = clues->text;
            ask_clues(asked, either);
        }
        if (clues->words)
            strbuf_printf(&asked->words, "%s ", clues->words);
    }
}

static void ask_everything(struct asked *asked)
{
    const struct rule *const families[] = {rules_backup, rules_merge, rules_guest, rules_host};

    for (size_t f = 0; f < ARRAY_SIZE(families); f++)
        for (const struct rule *rule = families[f]; rule->name; rule++) {
            ask_clues(asked, rule->indicator);
            ask_clues(asked, rule->required);
            ask_clues(asked, rule->supporting);
        }
}

#define COPIES 6 /* of the event, half an hour apart */

/* One event that says all words that any rule looks for, logged again and again. */
static void check_event(const struct asked *asked, const char *kind, uint32_t code, uint32_t inner)
{
    const char *lines[COPIES + 1] = {"vm v"};
    char text[COPIES][128];
    struct diagnosis_list list;
    struct verdict verdict;
    struct host host;

    for (size_t i = 0; i < COPIES; i++) {
        snprintf(text[i], sizeof(text[i]), "event %s vm=v time=%zu code=%x inner=%x", kind,
                 100 + 30 * i, code, inner);
        lines[1 + i] = text[i];
    }
    model_make(&host, lines, COPIES + 1);
    for (size_t i = 0; i < COPIES; i++)
        host.events.items[i].event.message = strdup(strbuf_text(&asked->words));
    assert_int_equal(verdict_make(&verdict, &host), 0);
    assert_int_equal(diagnose(&list, &host, &verdict, true), 0);
    for (size_t i = 0; i < list.count; i++)
        if (list.items[i].verdict == DIAGNOSIS_CONFIRMED)
            fail_msg("%s is confirmed by %s with %08x and %08x alone", list.items[i].rule, kind,
                     code, inner);
    diagnosis_list_free(&list);
    verdict_free(&verdict);
    host_free(&host);
}

static void test_one_event_confirms_nothing(void **state)
{
    static const uint32_t inner_codes[] = {0, 0x81000101, 0x800423F4};
    static struct asked asked;

    ask_everything(&asked);
    assert_true(asked.kind_count > 40 && asked.code_count > 20);
    for (size_t k = 0; k < asked.kind_count; k++)
        for (size_t c = 0; c < asked.code_count; c++)
            for (size_t i = 0; i < ARRAY_SIZE(inner_codes); i++)
                check_event(&asked, asked.kinds[k], asked.codes[c], inner_codes[i]);
    strbuf_free(&asked.words);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_SIZE(situations) + 4];

    for (size_t i = 0; i < ARRAY_SIZE(situations); i++)
        tests[i] = (struct CMUnitTest){.name = situations[i].about,
                                       .test_func = test_situation,
                                       .initial_state = (void *)(uintptr_t)&situations[i]};
    tests[ARRAY_SIZE(situations)] =
        (struct CMUnitTest)cmocka_unit_test(test_rules_ask_for_what_exists);
    tests[ARRAY_SIZE(situations) + 1] = (struct CMUnitTest)cmocka_unit_test(test_sayings);
    tests[ARRAY_SIZE(situations) + 2] =
        (struct CMUnitTest)cmocka_unit_test(test_one_event_confirms_nothing);
    tests[ARRAY_SIZE(situations) + 3] = (struct CMUnitTest)cmocka_unit_test(test_what_is_missing);
    return _cmocka_run_group_tests("rules", tests, ARRAY_SIZE(tests), NULL, NULL);
}

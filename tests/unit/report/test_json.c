/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* JSON and NDJSON, held to the documented schema by another program's parser. */
#include "model.h"

#include "base/checked.h"
#include "base/text.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/*
 * What docs/report.md promises: "name:types" in order, where the types are s string, i integer,
 * b boolean, n null, a array, o object.
 */
static const char *const top_fields[] = {
    "schema:s", "run:o", "evidence:a", "registry:a", "vms:a", "disks:a", "chains:a", "events:a", "diagnoses:a",
    "traces:a", "timeline:a", "findings:a", "summary:o", NULL};
static const char *const run_fields[] = {
    "tool:s", "version:s", "started:s", "finished:s", "arguments:a", "sandbox:o", NULL};
static const char *const evidence_fields[] = {
    "path:s", "kind:s", "host:sn", "files_seen:i", "files_read:i", "bytes_read:i", "errors:a",
    "volume:on", "links:a", "shadow_copies:in", "shadow_copy:on", NULL};
static const char *const vm_fields[] = {
    "id:sn", "name:sn", "host:sn", "config:sn", "config_format:sn", "config_version:sn",
    "generation:in", "registered:bn", "planned:b", "merge_pending:bn", "saved_state:b",
    "replicated:b", "clustered:b", "journal:sn", "disks:a", "checkpoints:a", NULL};
static const char *const drive_fields[] = {
    "controller:in", "location:in", "recorded_path:s", "disk:sn", "match:s", NULL};
static const char *const checkpoint_fields[] = {
    "id:sn", "name:sn", "config:sn", "created:sn", "kind:s", "disks:a", NULL};
static const char *const disk_fields[] = {
    "path:s", "evidence:i", "file_size:i", "modified:sn", "format:sn", "kind:sn",
    "virtual_size:in", "block_size:in", "logical_sector_size:in", "physical_sector_size:in",
    "virtual_disk_id:sn", "data_write_guid:sn", "file_write_guid:sn", "creator:sn", "log:sn",
    "allocated_bytes:in", "allocated_blocks:in", "partial_blocks:in", "parent:on", "children:a",
    "vm:sn", "class:s", "severity:s", "overlays:a", "integrity:a", "witness:sn", "on_volume:on",
    "error:sn", NULL};
static const char *const parent_fields[] = {
    "linkage:sn", "linkage2:sn", "relative_path:sn", "volume_path:sn", "absolute_path:sn",
    "resolved:sn", "resolved_by:sn", "state:s", NULL};
static const char *const chain_fields[] = {
    "leaf:s", "vm:sn", "checkpoint:sn", "layers:a", "complete:b", "depth:i",
    "untracked_layers:i", NULL};
static const char *const finding_fields[] = {
    "code:s", "severity:s", "subject:s", "vm:sn", "summary:s", "evidence:a", "explanation:sn",
    "next_step:sn", "commands:a", "blocked_by:a", "confidence:s", NULL};
static const char *const hive_fields[] = {
    "path:s", "host:sn", "kind:s", "written:sn", "pending_log:b", "computer_name:sn",
    "time_zone:sn", "bias_minutes:in", "windows:sn", "build:in", "spp_create_timeout_ms:in",
    "spp_changed:sn", "eventsystem_type:in", "eventsystem_group:sn", "eventsystem_peers:a",
    "event_classes_typelib:sn", "service_logon_right:sn", NULL};
static const char *const event_fields[] = {
    "time:sn", "provider:sn", "channel:sn", "event_id:i", "record:in", "level:sn", "computer:sn",
    "user:sn", "process_id:in", "source:s", "kind:s", "vm_id:sn", "vm_name:sn", "vm:sn",
    "vm_by:sn", "code:sn", "code_name:sn", "code_meaning:sn", "code_cause:sn", "code_remedy:sn",
    "inner_code:sn", "inner_code_name:sn", "inner_code_meaning:sn", "message:sn", "data:o", "disks:a", "recovered:b",
    "local_time:b", "zone_hive:sn", NULL};
static const char *const diagnosis_fields[] = {
    "rule:s", "verdict:s", "vm:sn", "summary:s", "evidence:a", "missing:a", "contradictions:a",
    "remedies:a", "first:sn", "last:sn", NULL};
static const char *const summary_fields[] = {
    "vms:i", "checkpoints:i", "disks:i", "by_class:o", "by_severity:o", "orphans:i",
    "orphan_bytes:i", "worst_severity:s", NULL};

static char type_letter(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_STRING:
        return 's';
    case JSON_INTEGER:
        return 'i';
    case JSON_TRUE:
    case JSON_FALSE:
        return 'b';
    case JSON_NULL:
        return 'n';
    case JSON_ARRAY:
        return 'a';
    case JSON_OBJECT:
        return 'o';
    default:
        return '?';
    }
}

/* Exactly these members, in this order, of these types. */
static void check_members(json_t *object, const char *const *fields)
{
    size_t i = 0;
    const char *name;
    json_t *value;

    assert_true(json_is_object(object));
    json_object_foreach(object, name, value) {
        assert_non_null(fields[i]);
        size_t length = strcspn(fields[i], ":");
        if (strlen(name) != length || strncmp(name, fields[i], length) != 0)
            fail_msg("member '%s' where '%s' was expected", name, fields[i]);
        if (!strchr(fields[i] + length + 1, type_letter(value)))
            fail_msg("member '%s' has type '%c', not '%s'", name, type_letter(value), fields[i]);
        i++;
    }
    if (fields[i])
        fail_msg("member '%s' is missing", fields[i]);
}

static void check_strings(const json_t *array)
{
    assert_true(json_is_array(array));
    for (size_t i = 0; i < json_array_size(array); i++)
        assert_true(json_is_string(json_array_get(array, i)));
}

static void check_drives(const json_t *array)
{
    for (size_t i = 0; i < json_array_size(array); i++)
        check_members(json_array_get(array, i), drive_fields);
}

static void check_vm(json_t *vm)
{
    json_t *checkpoints = json_object_get(vm, "checkpoints");

    check_drives(json_object_get(vm, "disks"));
    for (size_t i = 0; i < json_array_size(checkpoints); i++) {
        check_members(json_array_get(checkpoints, i), checkpoint_fields);
        check_drives(json_object_get(json_array_get(checkpoints, i), "disks"));
    }
}

static void check_disk(json_t *disk)
{
    if (!json_is_null(json_object_get(disk, "parent")))
        check_members(json_object_get(disk, "parent"), parent_fields);
    check_strings(json_object_get(disk, "children"));
    check_strings(json_object_get(disk, "overlays"));
    check_strings(json_object_get(disk, "integrity"));
}

static void check_chain(json_t *chain)
{
    check_strings(json_object_get(chain, "layers"));
}

static void check_finding(json_t *finding)
{
    check_strings(json_object_get(finding, "evidence"));
    check_strings(json_object_get(finding, "commands"));
    check_strings(json_object_get(finding, "blocked_by"));
}

static const struct {
    const char *list, *record;
    const char *const *fields;
    void (*check)(json_t *);
} lists[] = {
    {"evidence", "evidence", evidence_fields, NULL},
    {"vms", "vm", vm_fields, check_vm},
    {"disks", "disk", disk_fields, check_disk},
    {"chains", "chain", chain_fields, check_chain},
    {"findings", "finding", finding_fields, check_finding},
};

static json_t *parse(const char *text)
{
    json_error_t error;
    json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, &error);

    if (!root)
        fail_msg("line %d: %s", error.line, error.text);
    return root;
}

static json_t *print_and_parse(const struct report *r)
{
    char *text = model_print(r, "json", 80, false, true);
    json_t *root = parse(text);

    assert_true(text_is_valid(text, strlen(text)));
    free(text);
    return root;
}

static void test_every_field(void **state)
{
    struct report r;

    model_full(&r);
    json_t *root = print_and_parse(&r);
    check_members(root, top_fields);
    check_members(json_object_get(root, "run"), run_fields);
    check_members(json_object_get(root, "summary"), summary_fields);
    for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
        json_t *list = json_object_get(root, lists[i].list);
        assert_true(json_array_size(list) > 0);
        for (size_t n = 0; n < json_array_size(list); n++) {
            check_members(json_array_get(list, n), lists[i].fields);
            if (lists[i].check)
                lists[i].check(json_array_get(list, n));
        }
    }
    assert_int_equal(json_array_size(json_object_get(root, "events")), 0);
    assert_int_equal(json_array_size(json_object_get(root, "diagnoses")), 0);
    json_decref(root);
    report_free(&r);
}

/* "disks.5.error" */
static json_t *at(json_t *root, const char *path)
{
    char copy[256], *rest = NULL;

    snprintf(copy, sizeof(copy), "%s", path);
    for (char *part = strtok_r(copy, ".", &rest); part; part = strtok_r(NULL, ".", &rest))
        root = json_is_array(root) ? json_array_get(root, strtoul(part, NULL, 10))
                                   : json_object_get(root, part);
    if (!root)
        fail_msg("nothing at %s", path);
    return root;
}

static void test_values(void **state)
{
    static const struct {
        const char *path, *value; /* NULL: null */
    } strings[] = {
        {"schema", "hvchain/1"},
        {"run.tool", "hvchain"},
        {"run.arguments.2", "n1=/ev/n1"},
        {"evidence.0.host", "n1"},
        {"evidence.0.errors.0", "/ev/n1/locked.vhdx: Permission denied"},
        {"evidence.1.kind", "inventory"},
        {"vms.0.id", "11111111-0000-0000-0000-000000000001"},
        {"vms.0.config_format", "vmcx"},
        {"vms.0.config_version", "9.0"},
        {"vms.0.journal", "clean"},
        {"vms.0.disks.0.disk", "/ev/n1/VMs/web01/web01_3.avhdx"},
        {"vms.0.disks.1.disk", NULL},
        {"vms.0.disks.1.controller", NULL},
        {"vms.0.disks.1.match", "not-found"},
        {"vms.0.checkpoints.0.kind", "standard"},
        {"vms.0.checkpoints.0.created", "2023-09-24T03:33:20.0000000Z"},
        {"vms.1.id", NULL},
        {"vms.1.name", NULL},
        {"vms.1.config", NULL},
        {"vms.1.config_format", NULL},
        {"vms.1.config_version", NULL},
        {"vms.1.generation", NULL},
        {"vms.1.registered", NULL},
        {"vms.1.journal", NULL},
        {"disks.0.kind", "dynamic"},
        {"disks.0.parent", NULL},
        {"disks.0.modified", NULL},
        {"disks.0.children.0", "/ev/n1/VMs/web01/web01_1.avhdx"},
        {"disks.1.parent.resolved", "/ev/n1/VMs/web01/web01.vhdx"},
        {"disks.1.parent.resolved_by", "relative_path"},
        {"disks.1.parent.state", "matched"},
        {"disks.1.parent.linkage", "00000000-0000-0000-0000-0000000000d2"},
        {"disks.1.parent.linkage2", NULL},
        {"disks.1.vm", "11111111-0000-0000-0000-000000000001"},
        {"disks.1.log", "replayed"},
        {"disks.3.modified", "2024-01-17T21:20:00.1234567Z"},
        {"disks.5.class", "corrupt"},
        {"disks.5.severity", "data-loss-risk"},
        {"disks.5.format", NULL},
        {"disks.5.virtual_size", NULL},
        {"disks.5.log", NULL},
        {"disks.5.error", "neither header is valid"},
        {"disks.5.integrity.0", "VHDX-A9"},
        {"disks.5.integrity.1", "VHDX-H2"},
        {"disks.6.parent.state", "missing"},
        {"disks.6.parent.resolved", NULL},
        {"disks.6.parent.resolved_by", NULL},
        {"disks.6.parent.absolute_path", "C:\\VMs\\lost.vhd"},
        {"disks.6.overlays.0", "low-confidence"},
        {"disks.6.overlays.1", "dirty-log"},
        {"disks.7.allocated_bytes", NULL},
        {"disks.7.vm", NULL},
        {"disks.7.witness", NULL},
        {"disks.0.witness", "agrees"},
        {"disks.1.witness", "unavailable"},
        {"chains.0.checkpoint", "22222222-0000-0000-0000-000000000002"},
        {"chains.1.layers.3", "/ev/n1/VMs/web01/web01.vhdx"},
        {"chains.3.vm", NULL},
        {"findings.1.next_step",
         "Copy the file before anything else touches it, then look for a backup of it."},
        {"findings.0.confidence", "likely"},
        {"findings.0.explanation", NULL},
        {"findings.3.subject", "11111111-0000-0000-0000-000000000001"},
        {"summary.worst_severity", "data-loss-risk"},
    };
    static const struct {
        const char *path;
        json_int_t value;
    } numbers[] = {
        {"evidence.0.bytes_read", 5000000000},
        {"vms.0.generation", 2},
        {"vms.0.disks.0.location", 1},
        {"disks.0.file_size", 4294967296},
        {"disks.0.virtual_size", 42949672960},
        {"disks.0.partial_blocks", 3},
        {"chains.1.depth", 4},
        {"chains.1.untracked_layers", 1},
        {"summary.by_class.pending-merge", 1},
        {"summary.by_class.foreign-profile", 0},
        {"summary.by_severity.problem", 2},
        {"summary.orphans", 3},
        {"summary.orphan_bytes", 6291456 + 1048576 + 2048},
    };
    struct report r;

    model_full(&r);
    json_t *root = print_and_parse(&r);
    for (size_t i = 0; i < ARRAY_SIZE(strings); i++) {
        json_t *value = at(root, strings[i].path);
        if (!strings[i].value != json_is_null(value))
            fail_msg("%s: null or not", strings[i].path);
        if (strings[i].value)
            assert_string_equal(json_string_value(value), strings[i].value);
    }
    for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
        assert_true(json_is_integer(at(root, numbers[i].path)));
        assert_int_equal(json_integer_value(at(root, numbers[i].path)), numbers[i].value);
    }
    assert_int_equal(json_array_size(at(root, "disks.5.integrity")), 2);
    assert_int_equal(json_object_size(at(root, "summary.by_class")), CLASS_COUNT - 2);
    assert_true(json_is_false(at(root, "chains.3.complete")));
    json_decref(root);
    report_free(&r);
}

/* The largest sizes stay exact, and those that no reader could hold don't break the report. */
static void test_large_numbers(void **state)
{
    struct report r = {0};

    host_init(&r.host);
    model_disk(&r, "/a", INT64_MAX, CLASS_UNATTACHED_DISK);
    model_facts(&r, 0, DISK_DYNAMIC)->virtual_size = UINT64_MAX;
    model_finish(&r);
    json_t *root = print_and_parse(&r);
    assert_int_equal(json_integer_value(at(root, "disks.0.file_size")), INT64_MAX);
    assert_true(json_is_null(at(root, "disks.0.virtual_size")));
    json_decref(root);
    report_free(&r);
}

static void test_empty(void **state)
{
    struct report r = {0};

    host_init(&r.host);
    model_finish(&r);
    json_t *root = print_and_parse(&r);
    check_members(root, top_fields);
    for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
        assert_int_equal(json_array_size(json_object_get(root, lists[i].list)), 0);
    json_decref(root);
    report_free(&r);
}

/* What comes back is the name, with \xNN for bytes that are no UTF-8; nothing else is lost. */
static void test_hostile_names(void **state)
{
    static const struct {
        const char *name, *back;
    } names[] = {
        {"/ev/\"quoted\"\\back.vhdx", "/ev/\"quoted\"\\back.vhdx"},
        {"/ev/line\nbell\a\x1b[31mred\x7f.vhdx", "/ev/line\nbell\a\x1b[31mred\x7f.vhdx"},
        {"/ev/bad\xff\xc3.vhdx", "/ev/bad\\xFF\\xC3.vhdx"},
        {"/ev/c1\xc2\x9b""31m.vhdx", "/ev/c1\xc2\x9b""31m.vhdx"},
        {"/ev/turned\u202Exdhv.exe", "/ev/turned\u202Exdhv.exe"},
        {"/ev/日本語 עברית 😀.vhdx", "/ev/日本語 עברית 😀.vhdx"},
        {"/ev/surrogate\xed\xa0\x80.vhdx", "/ev/surrogate\\xED\\xA0\\x80.vhdx"},
    };
    struct report r = {0};

    host_init(&r.host);
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        model_disk(&r, names[i].name, 1, CLASS_UNATTACHED_DISK);
    model_finish(&r);
    char *text = model_print(&r, "json", 80, false, true);
    for (const char *p = text; *p; p++)
        assert_true(*p == '\n' || ((unsigned char)*p >= 0x20 && *p != 0x7F));
    assert_null(strstr(text, "\xc2\x9b"));
    assert_null(strstr(text, "\u202E"));
    json_t *root = parse(text);
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        assert_string_equal(
            json_string_value(json_object_get(json_array_get(at(root, "disks"), i), "path")),
            names[i].back);
    json_decref(root);
    free(text);
    report_free(&r);
}

/* Any bytes in every string of the report: always valid UTF-8 that a parser takes. */
static void test_random_names(void **state)
{
    uint32_t seed = 12345;

    for (int round = 0; round < 200; round++) {
        struct report r = {0};
        char name[64];
        for (size_t i = 0; i < sizeof(name) - 1; i++) {
            seed = seed * 1664525 + 1013904223;
            name[i] = (char)(seed >> 24);
            if (name[i] == '\0')
                name[i] = '/';
        }
        name[sizeof(name) - 1] = '\0';
        host_init(&r.host);
        model_disk(&r, name, 1, CLASS_CORRUPT);
        model_machine(&r, name, NULL);
        model_string(&r.arguments, name);
        model_finding(&r, "corrupt", SEVERITY_PROBLEM, 0, HOST_NONE, name);
        model_finish(&r);
        json_decref(print_and_parse(&r));
        report_free(&r);
    }
}

static struct host_hive *add_hive(struct report *r, enum hive_kind kind, const char *path)
{
    struct host_hive *hive = vector_push(&r->host.hives);

    hive->path = strdup(path);
    hive->facts.kind = kind;
    return hive;
}

static struct host_event *add_event(struct report *r, const char *kind)
{
    struct host_event *e = vector_push(&r->host.events);

    e->event.kind = kind;
    e->machine = HOST_NONE;
    return e;
}

/* What the registry, the logs and the rules say. */
static void test_events(void **state)
{
    static const struct remedy remedy = {"do", REMEDY_SERVICE, "net stop vmms"};
    struct report r;

    model_full(&r);
    *(struct host_log *)vector_push(&r.host.logs) = (struct host_log){.path = strdup("/ev/log")};
    struct host_hive *system = add_hive(&r, HIVE_SYSTEM, "/ev/SYSTEM");
    system->facts.has_zone = true;
    system->facts.zone.bias = -540;
    system->facts.computer_name = strdup("HOST01");
    struct host_hive *software = add_hive(&r, HIVE_SOFTWARE, "/ev/SOFTWARE");
    software->facts.build = 14393;
    software->facts.create_timeout = (struct hive_number){true, HIVE_DWORD, 1800000};
    add_hive(&r, HIVE_SECURITY, "/ev/SECURITY")->facts.logon_right = LOGON_RIGHT_MISSING;
    struct host_event *first = add_event(&r, "merge-failed");
    first->event.process_id = 4;
    first->event.user = strdup("S-1-5-18");
    first->event.has_code = first->event.has_inner_code = true;
    first->event.code = 0x807800A1;
    first->event.inner_code = 0x8007052F;
    first->machine = 0;
    first->tie = TIE_BY_NAME;
    add_event(&r, "other")->zone_hive = "/ev/SYSTEM";
    *(struct diagnosis *)vector_push(&r.diagnoses) = (struct diagnosis){
        .rule = "a-rule", .summary = "s", .machine = 0, .remedies = &remedy, .remedy_count = 1};
    json_t *root = print_and_parse(&r);
    check_members(root, top_fields);
    static const struct {
        const char *list;
        const char *const *fields;
        size_t count;
    } expect[] = {
        {"registry", hive_fields, 3}, {"events", event_fields, 2}, {"diagnoses", diagnosis_fields, 1}};
    for (size_t i = 0; i < ARRAY_SIZE(expect); i++) {
        json_t *list = json_object_get(root, expect[i].list);
        assert_int_equal(json_array_size(list), expect[i].count);
        for (size_t n = 0; n < expect[i].count; n++)
            check_members(json_array_get(list, n), expect[i].fields);
    }
    assert_int_equal(json_integer_value(at(root, "registry.0.bias_minutes")), -540);
    assert_true(json_is_null(at(root, "registry.1.bias_minutes")));
    assert_int_equal(json_integer_value(at(root, "registry.1.spp_create_timeout_ms")), 1800000);
    assert_string_equal(json_string_value(at(root, "registry.2.service_logon_right")), "missing");
    assert_string_equal(json_string_value(at(root, "events.0.vm")),
                        "11111111-0000-0000-0000-000000000001");
    assert_string_equal(json_string_value(at(root, "events.0.vm_by")), "name");
    assert_string_equal(json_string_value(at(root, "events.0.code")), "0x807800a1");
    assert_true(json_is_string(at(root, "events.0.code_meaning")));
    assert_string_equal(json_string_value(at(root, "events.0.inner_code_name")),
                        "ERROR_ACCOUNT_RESTRICTION");
    assert_true(json_is_null(at(root, "events.1.process_id")));
    assert_string_equal(json_string_value(at(root, "events.1.zone_hive")), "/ev/SYSTEM");
    json_decref(root);
    report_free(&r);
}

static void test_ndjson(void **state)
{
    static const char *const order[] = {"run", "evidence", "vm", "disk", "chain", "finding",
                                        "summary"};
    struct report r;
    size_t stage = 0, lines = 0;
    char *rest = NULL;

    model_full(&r);
    json_t *whole = print_and_parse(&r);
    char *text = model_print(&r, "ndjson", 80, false, true);
    assert_int_equal(text[strlen(text) - 1], '\n');
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        json_t *record = parse(line);
        const char *kind = json_string_value(json_object_get(record, "record"));
        while (stage < ARRAY_SIZE(order) && strcmp(order[stage], kind) != 0)
            stage++;
        assert_true(stage < ARRAY_SIZE(order));
        assert_string_equal(json_object_iter_key(json_object_iter(record)), "record");
        for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
            if (strcmp(lists[i].record, kind) != 0)
                continue;
            json_object_del(record, "record"); /* and with it `kind` */
            check_members(record, lists[i].fields);
            break;
        }
        json_decref(record);
        lines++;
    }
    size_t expected = 2;
    for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
        expected += json_array_size(json_object_get(whole, lists[i].list));
    assert_int_equal(lines, expected);
    json_decref(whole);
    free(text);
    report_free(&r);
}

static void test_layout(void **state)
{
    static const char start[] = "{\n  \"schema\": \"hvchain/1\",\n  \"run\": {\n    \"tool\": ";
    struct report r;

    model_full(&r);
    char *once = model_print(&r, "json", 80, false, true);
    char *again = model_print(&r, "json", 40, true, false);
    assert_memory_equal(once, start, sizeof(start) - 1);
    assert_non_null(strstr(once, "\n  \"events\": [],\n  \"diagnoses\": [],\n"));
    assert_string_equal(once + strlen(once) - 5, " }\n}\n");
    assert_string_equal(once, again); /* looks are for text only, and nothing else varies */
    free(once);
    free(again);
    report_free(&r);
}

struct bad_sink {
    size_t room;
    int status;
    unsigned calls_after;
};

static int fail_later(void *user, const void *bytes, size_t length)
{
    struct bad_sink *sink = user;

    if (sink->status < 0)
        sink->calls_after++;
    if (length > sink->room)
        return sink->status = -ENOSPC;
    sink->room -= length;
    return 0;
}

/* The sink's own words come back, and it is not asked again. */
static void test_sink_fails(void **state)
{
    struct report_style style = {80, false, true};
    struct report r;

    model_full(&r);
    for (size_t i = 0; report_formats()[i]; i++) {
        for (size_t room = 0; room < 3; room++) {
            struct bad_sink sink = {.room = room};
            int status = report_print(&r, report_formats()[i], &style, fail_later, &sink);
            assert_int_equal(status, -ENOSPC);
            assert_int_equal(sink.calls_after, 0);
        }
    }
    assert_int_equal(report_print(&r, "xml", &style, fail_later, NULL), -EINVAL);
    assert_int_equal(report_print(&r, "", &style, fail_later, NULL), -EINVAL);
    report_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_field),   cmocka_unit_test(test_values),
        cmocka_unit_test(test_large_numbers), cmocka_unit_test(test_empty),
        cmocka_unit_test(test_hostile_names), cmocka_unit_test(test_random_names),
        cmocka_unit_test(test_events),
        cmocka_unit_test(test_ndjson),        cmocka_unit_test(test_layout),
        cmocka_unit_test(test_sink_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

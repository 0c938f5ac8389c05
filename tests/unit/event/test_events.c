/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* What records mean: kinds, machines, codes, files; and what they do not mean. */
#include "../testing.h"

#include "evtx_events.h"

#include "base/checked.h"
#include "event/event_text.h"
#include "event/events.h"
#include "event/kinds.h"
#include "event/kinds_table.h"

#include <stdlib.h>
#include <string.h>

#define VM_ID "E0D09432-A320-44CC-8A12-E1300549B99D"

static const struct evtx_vm vm = {"web01", VM_ID};

static void assert_vm(const struct event *event)
{
    char text[GUID_TEXT_SIZE];

    assert_true(event->has_vm_id);
    assert_string_equal(guid_format(&event->vm_id, text), "e0d09432-a320-44cc-8a12-e1300549b99d");
    assert_string_equal(event->vm_name, "web01");
}

static void assert_value(const struct event *event, const char *name, const char *value)
{
    const char *found = event_value(event, name);

    if (!found)
        fail_msg("no value %s", name);
    assert_string_equal(found, value);
}

/* ---- a log of what the test writes, as events ---- */

struct events {
    VECTOR(struct event) list;
};

static struct events read_events(struct evtx_writer *w)
{
    struct events events = {0};
    const struct event_record *record;
    struct event_log *log;
    size_t size;
    const uint8_t *bytes = evtx_writer_finish(w, &size);
    io_source *source = io_memory_new(bytes, size);

    assert_int_equal(event_log_open(&log, source, NULL), 0);
    event_log_set_filter(log, event_is_relevant, NULL);
    while (event_log_next(log, &record) > 0) {
        struct event event;
        int r = event_from_record(&event, record);
        assert_true(r >= 0);
        if (r > 0)
            *vector_push(&events.list) = event;
    }
    event_log_close(log);
    io_unref(source);
    evtx_writer_free(w);
    return events;
}

static void free_events(struct events *events)
{
    for (size_t i = 0; i < events->list.count; i++)
        event_free(&events->list.items[i]);
    vector_free(&events->list);
}

static struct evtx_writer *new_log(void)
{
    return evtx_writer_new(&(struct evtx_recipe){0});
}

/* ---- merges ---- */

static void test_merge_episode(void **state)
{
    static const char *const parameters[] = {"web01", VM_ID, "%%2147943727", "0x8007052F"};
    static const char *const kinds[] = {"merge-started", "merge-finished", "merge-interrupted",
                                        "merge-failed", "merge-failed"};
    struct evtx_writer *w = new_log();

    evtx_write_vmms(w, 0, 19070, 4, &vm, 0, NULL, 0);
    evtx_write_vmms(w, 0, 19080, 4, &vm, 0, NULL, 0);
    evtx_write_vmms(w, 0, 19090, 3, &vm, 0, NULL, 0);
    evtx_write_vmms(w, 0, 19100, 2, &vm, 0x8007052F, NULL, 0);
    evtx_write_vmms_parameters(w, 0, 19100, 2, parameters, ARRAY_SIZE(parameters));
    struct events events = read_events(w);
    assert_int_equal(events.list.count, ARRAY_SIZE(kinds));
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        struct event *event = &events.list.items[i];
        assert_string_equal(event->kind, kinds[i]);
        assert_vm(event);
        assert_string_equal(event->channel, CHANNEL_VMMS);
        assert_int_equal(event->record, i + 1);
        assert_int_equal(event->has_code, i >= 3);
        assert_false(event->has_inner_code);
        if (event->has_code) {
            assert_int_equal(event->code, 0x8007052F);
            assert_value(event, "ErrorMessage", "%%2147943727");
            assert_value(event, "errorcode", "0x8007052F");
        }
        assert_value(event, "VmName", "web01");
    }
    free_events(&events);
}

/* The odd twin of a pair, and the same number elsewhere, are other events or none. */
static void test_look_alikes(void **state)
{
    static const struct evtx_field fields[] = {{"VmName", "web01"}, {"VmId", VM_ID}};
    struct evtx_event stranger = {.provider = "Contoso-Backup",
                                  .channel = CHANNEL_VMMS,
                                  .event_id = 19100,
                                  .level = 2,
                                  .fields = fields,
                                  .field_count = 2};
    struct evtx_event elsewhere = stranger, worker = stranger, restore = stranger;
    struct evtx_writer *w = new_log();

    evtx_write_vmms(w, 0, 19101, 2, &vm, 0x8007052F, NULL, 0); /* 0: the twin */
    evtx_write(w, &stranger);
    elsewhere.provider = "Microsoft-Windows-Hyper-V-VMMS";
    elsewhere.channel = "Application"; /* where VMMS never writes */
    evtx_write(w, &elsewhere);
    worker.provider = "Microsoft-Windows-Hyper-V-Worker"; /* 1: not known of this provider */
    evtx_write(w, &worker);
    restore.provider = "System Restore";
    restore.channel = "Application";
    restore.event_id = 8194;
    evtx_write(w, &restore);
    evtx_write_backup(w, 0, 4, 4, NULL, 0); /* 2: finished, in its own channel */
    evtx_write(w, &(struct evtx_event){.provider = "Microsoft-Windows-Backup",
                                       .channel = "Application", /* 4 is nothing there */
                                       .event_id = 4,
                                       .level = 4});
    struct events events = read_events(w);
    assert_int_equal(events.list.count, 3);
    assert_string_equal(events.list.items[0].kind, "other");
    assert_int_equal(events.list.items[0].code, 0x8007052F);
    assert_vm(&events.list.items[0]);
    assert_string_equal(events.list.items[1].kind, "other");
    assert_string_equal(events.list.items[2].kind, "backup-finished");
    free_events(&events);
}

/* By name in any case, by GUID, or by the classic name beside a GUID. */
static void test_providers(void **state)
{
    struct event_record record = {.provider = "microsoft-windows-hyper-v-vmms",
                                  .source_name = "",
                                  .channel = "Microsoft-Windows-Hyper-V-VMMS-Operational"};

    assert_int_equal(event_provider_of(&record), PROVIDER_VMMS);
    record.channel = "Application";
    assert_int_equal(event_provider_of(&record), PROVIDER_OTHER);
    record.channel = "";
    assert_int_equal(event_provider_of(&record), PROVIDER_VMMS);
    record.provider = "{e2816346-87f4-4f85-95c3-0c79409aa89d}";
    record.has_provider_guid =
        guid_parse_string("e2816346-87f4-4f85-95c3-0c79409aa89d", &record.provider_guid);
    record.channel = "Microsoft-Windows-VHDMP-Operational";
    assert_int_equal(event_provider_of(&record), PROVIDER_VHDMP);
    record =
        (struct event_record){.provider = "Storage", .source_name = "VOLSNAP", .channel = "System"};
    assert_int_equal(event_provider_of(&record), PROVIDER_VOLSNAP);
    record = (struct event_record){.provider = "Microsoft-Windows-Hyper-V-Something",
                                   .source_name = "",
                                   .channel = "Microsoft-Windows-Hyper-V-Something-Admin",
                                   .level = 4};
    assert_int_equal(event_provider_of(&record), PROVIDER_HYPERV);
    assert_false(event_is_relevant(&record, NULL));
    record.level = 2;
    assert_true(event_is_relevant(&record, NULL));
}

/* ---- files ---- */

static void test_files_of_events(void **state)
{
    static const struct evtx_field left[] = {{"FileName", "D:\\VMs\\web 01_1F2E.avhdx"}};
    static const struct evtx_field chain[] = {
        {"Disk", "D:\\VMs\\leaf.avhdx"},  {"ErrorMessage", "%%3225026573"},
        {"ErrorCode", "0xC03A000D"},      {"File", "D:\\VMs\\base.vhdx"},
        {"Child", "D:\\VMs\\leaf.avhdx"},
    };
    static const struct evtx_field mismatch[] = {
        {"ParentLastWriteGUID", "{E0D09432-A320-44CC-8A12-E1300549B99D}", BINXML_GUID},
        {"ExpectedParentLastWriteGUID1", "{11111111-A320-44CC-8A12-E1300549B99D}", BINXML_GUID},
        {"ExpectedParentLastWriteGUID2", "{00000000-0000-0000-0000-000000000000}", BINXML_GUID},
        {"VhdFileName", "\\\\?\\D:\\VMs\\leaf.avhdx"},
    };
    static const struct evtx_field opened[] = {
        {"Status", "0", BINXML_UINT32},
        {"VhdFile", "\\\\?\\C:\\ClusterStorage\\Volume1\\a.vhdx"},
        {"VmId", "{E0D09432-A320-44CC-8A12-E1300549B99D}", BINXML_GUID},
        {"AccessMask", "0x80070020", BINXML_HEX32}, /* looks like a code, is none */
        {"ReadOnly", "0", BINXML_BOOL},
    };
    static const struct evtx_field io[] = {
        {"VhdIoType", "Write", BINXML_ANSI},
        {"VhdFileName", "\\\\srv\\share\\a.vhd"},
        {"Status", "3221225524", BINXML_UINT32},
    };
    struct evtx_writer *w = new_log();
    evtx_write_vmms(w, 0, 16220, 3, &vm, 0x80070020, left, ARRAY_SIZE(left));
    evtx_write_worker(w, 0, 12142, 2, &vm, 0, chain, ARRAY_SIZE(chain));
    evtx_write_vhdmp(w, 0, 7, 2, mismatch, ARRAY_SIZE(mismatch));
    evtx_write_vhdmp(w, 0, 12, 4, opened, ARRAY_SIZE(opened));
    evtx_write_vhdmp(w, 0, 6, 2, io, ARRAY_SIZE(io));
    struct events events = read_events(w);
    struct event *e = events.list.items;

    assert_int_equal(events.list.count, 5);
    assert_string_equal(e[0].kind, "disk-not-deleted");
    assert_int_equal(e[0].code, 0x80070020);
    assert_int_equal(e[0].paths.count, 1);
    assert_string_equal(e[0].paths.items[0], "D:\\VMs\\web 01_1F2E.avhdx");
    assert_string_equal(e[1].kind, "chain-member-unreadable");
    assert_int_equal(e[1].code, 0xC03A000D);
    assert_int_equal(e[1].paths.count, 2); /* the child is named twice */
    assert_string_equal(e[1].paths.items[1], "D:\\VMs\\base.vhdx");
    assert_string_equal(e[2].kind, "chain-mismatch");
    assert_false(e[2].has_code);
    assert_false(e[2].has_vm_id);
    assert_value(&e[2], "ParentLastWriteGUID", "{E0D09432-A320-44CC-8A12-E1300549B99D}");
    assert_string_equal(e[2].paths.items[0], "\\\\?\\D:\\VMs\\leaf.avhdx");
    assert_string_equal(e[3].kind, "disk-opened");
    assert_false(e[3].has_code);
    assert_true(e[3].has_vm_id);
    assert_null(e[3].vm_name);
    assert_value(&e[3], "ReadOnly", "false");
    assert_string_equal(e[4].kind, "storage-io-failed");
    assert_int_equal(e[4].code, 0xC0000034);
    assert_string_equal(e[4].paths.items[0], "\\\\srv\\share\\a.vhd");
    free_events(&events);
}

static void test_paths_in_text(void **state)
{
    static const struct {
        const char *text;
        const char *paths[3];
    } cases[] = {
        {"'C:\\VMs\\a.vhdx' could not be opened, see C:\\VMs\\b b.AVHDX.",
         {"C:\\VMs\\a.vhdx", "C:\\VMs\\b b.AVHDX"}},
        {"C:\\VMs\\a.vhdx.rct and C:\\VMs\\a.vhdx", {"C:\\VMs\\a.vhdx.rct", "C:\\VMs\\a.vhdx"}},
        {"C:\\VMs\\a.vhdx;C:\\VMs\\a.vhdx", {"C:\\VMs\\a.vhdx"}},
        {"\\\\?\\Volume{2dc27766-f623-4200-9d64-115e9bfd4a08}\\x\\日本.vhds",
         {"\\\\?\\Volume{2dc27766-f623-4200-9d64-115e9bfd4a08}\\x\\日本.vhds"}},
        {"c:/vms/a.vmcx", {"c:/vms/a.vmcx"}},
        {"\\Device\\HarddiskVolume12\\VMs\\a.vhdx", {"\\Device\\HarddiskVolume12\\VMs\\a.vhdx"}},
        {"\\Device\\HarddiskVolumeShadowCopy1\\VMs\\a.vhdx", {NULL}},
        {"\\??\\D:\\VMs\\a.vhdx", {"D:\\VMs\\a.vhdx"}},
        {"C:\\a.vhdxx C:\\windows\\x.exe C: \\\\", {NULL}},
        {"http://host/a.vhdx", {NULL}},
        {"C:\\a<b.vhdx", {NULL}},
        {"\\\\", {NULL}},
        {"\\\\?", {NULL}},
        {"\\\\?\\", {NULL}},
        {"C:\\", {NULL}},
        {"C:\\.vhd", {"C:\\.vhd"}},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct event event = {0};
        size_t wanted = 0;
        assert_int_equal(event_add_paths(&event, cases[i].text), 0);
        for (; wanted < 3 && cases[i].paths[wanted]; wanted++) {
            if (wanted >= event.paths.count)
                fail_msg("not found in %s: %s", cases[i].text, cases[i].paths[wanted]);
            assert_string_equal(event.paths.items[wanted], cases[i].paths[wanted]);
        }
        assert_int_equal(event.paths.count, wanted);
        event_free(&event);
    }
}

/* ---- VSS, volsnap, backup ---- */

static void test_vss(void **state)
{
    static const char *const routine[] = {
        "CoCreateInstance", "0x800401fb, Object is not registered\n",
        "\n\nOperation:\n   Subscribing Writer\n\nContext:\n   Writer Name: System Writer"};
    static const char *const japanese[] = {
        "0x800423f4, ライターで一時的でないエラーが発生しました。",
        "\n\n操作:\n   PrepareForSnapshot イベント\n\nコンテキスト:\n"
        "   ライター クラス ID: {66841cd4-6ded-4f4b-8f17-fd23f8ddc3de}\n"
        "   ライター名: Microsoft Hyper-V VSS Writer"};
    struct evtx_writer *w = new_log();
    evtx_write_vss_rejected(w, 0, 0x800423F4, "Microsoft Hyper-V VSS Writer",
                            "{66841cd4-6ded-4f4b-8f17-fd23f8ddc3de}",
                            "C:\\Windows\\system32\\vmms.exe");
    evtx_write_vss(w, 0, 8193, 2, routine, ARRAY_SIZE(routine), "C:\\Windows\\system32\\VSSVC.exe");
    evtx_write_vss(w, 0, 8229, 3, japanese, ARRAY_SIZE(japanese),
                   "C:\\Windows\\system32\\vmms.exe");
    struct events events = read_events(w);
    struct event *e = events.list.items;

    assert_int_equal(events.list.count, 3);
    assert_string_equal(e[0].kind, "vss-writer-rejected");
    assert_int_equal(e[0].code, 0x800423F4);
    assert_value(&e[0], "Writer Name", "Microsoft Hyper-V VSS Writer");
    assert_value(&e[0], "WriterClassId", "66841cd4-6ded-4f4b-8f17-fd23f8ddc3de");
    assert_value(&e[0], "Process", "C:\\Windows\\system32\\vmms.exe");
    assert_int_equal(e[0].paths.count, 0);
    assert_string_equal(e[1].kind, "vss-routine-failed");
    assert_int_equal(e[1].code, 0x800401FB);
    assert_value(&e[1], "Routine", "CoCreateInstance");
    assert_value(&e[1], "Writer Name", "System Writer");
    assert_null(event_value(&e[1], "WriterClassId"));
    assert_int_equal(e[2].code, 0x800423F4);
    assert_value(&e[2], "WriterClassId", "66841cd4-6ded-4f4b-8f17-fd23f8ddc3de");
    assert_value(&e[2], "ライター名", "Microsoft Hyper-V VSS Writer");
    free_events(&events);
}

static void test_volsnap_and_disk(void **state)
{
    struct evtx_writer *w = new_log();
    evtx_write_volsnap(w, 0, 27, 2, "\\Device\\HarddiskVolumeShadowCopy6", "C:", 0xC000000E);
    evtx_write_volsnap(w, 0, 33, 4, "\\Device\\HarddiskVolumeShadowCopy6", "C:", 0);
    evtx_write_io_error(w, 0, "volsnap", 27, 2, "\\Device\\HarddiskVolumeShadowCopy6",
                        "C:", 0xC000000E);
    evtx_write_io_error(w, 0, "disk", 153, 3, "\\Device\\Harddisk0\\DR0", NULL, 0xC0000185);
    evtx_write_io_error(w, 0, "disk", 8, 3, "\\Device\\Harddisk0\\DR0", NULL, 0); /* not ours */
    struct events events = read_events(w);
    struct event *e = events.list.items;

    assert_int_equal(events.list.count, 4);
    assert_string_equal(e[0].kind, "shadow-copies-not-found");
    assert_int_equal(e[0].code, 0xC000000E);
    assert_false(e[0].has_inner_code);
    assert_value(&e[0], "VolumeName", "C:");
    assert_string_equal(e[1].kind, "shadow-copy-deleted");
    assert_false(e[1].has_code);
    assert_string_equal(e[2].kind, "shadow-copies-not-found");
    assert_int_equal(e[2].code, 0xC000000E); /* from the packet in Binary */
    assert_value(&e[2], "DeviceName", "\\Device\\HarddiskVolumeShadowCopy6");
    assert_string_equal(e[3].kind, "disk-slow");
    assert_int_equal(e[3].code, 0xC0000185);
    assert_value(&e[3], "Device", "\\Device\\Harddisk0\\DR0");
    free_events(&events);
}

static void test_backup(void **state)
{
    static const struct evtx_field spp[] = {
        {"BackupSetId", "{E0D09432-A320-44CC-8A12-E1300549B99D}", BINXML_GUID},
        {"SppErrorCode", "0x81000101", BINXML_HEX32}};
    static const struct evtx_field result[] = {{"HRESULT", "2155348001", BINXML_UINT32},
                                               {"DetailedHRESULT", "2164261121", BINXML_UINT32}};
    static const struct evtx_field stranger[] = {{"ErrorCode", "5", BINXML_UINT32}};
    struct evtx_writer *w = new_log();
    evtx_write_backup_failed(w, 0, 521, "2026-03-02T01:00:00Z", 2155348129, 0x81000101);
    evtx_write_backup_failed(w, 0, 512, "2026-03-02T01:00:00Z", 2155348001, 0);
    evtx_write_backup(w, 0, 512, 2, stranger, 1);
    evtx_write_backup(w, 0, 9, 2, spp, ARRAY_SIZE(spp));
    evtx_write_backup(w, 0, 5, 2, result, ARRAY_SIZE(result));
    struct events events = read_events(w);
    struct event *e = events.list.items;

    assert_int_equal(events.list.count, 5);
    assert_string_equal(e[0].kind, "backup-snapshot-failed");
    assert_int_equal(e[0].code, 0x807800A1);
    assert_true(e[0].has_inner_code);
    assert_int_equal(e[0].inner_code, 0x81000101);
    assert_value(&e[0], "BackupTime", "2026-03-02T01:00:00.0000000Z");
    assert_string_equal(e[1].kind, "backup-snapshot-failed");
    assert_int_equal(e[1].code, 0x80780021);
    assert_false(e[1].has_inner_code);
    assert_string_equal(e[2].kind, "other");
    assert_string_equal(e[3].kind, "backup-snapshot-failed");
    assert_int_equal(e[3].code, 0x81000101);
    assert_string_equal(e[4].kind, "backup-failed");
    assert_int_equal(e[4].code, 0x80780021);
    assert_int_equal(e[4].inner_code, 0x81000101);
    free_events(&events);
}

/* ---- services, volumes, cluster ---- */

static void test_services(void **state)
{
    struct evtx_writer *w = new_log();
    evtx_write_service_state(w, 0, "vmicvss", "Hyper-V ボリューム シャドウ コピー", 1);
    evtx_write_service_state(w, 0, "Themes", "Themes", 4);
    struct events events = read_events(w);

    assert_int_equal(events.list.count, 1);
    assert_string_equal(events.list.items[0].kind, "service-state");
    assert_value(&events.list.items[0], "Service", "vmicvss");
    assert_value(&events.list.items[0], "State", "1");
    free_events(&events);
}

static void test_healthy_volumes_are_no_news(void **state)
{
    struct evtx_writer *w = new_log();
    for (int i = 0; i < 2; i++) {
        const struct evtx_field fields[] = {
            {"DriveName", "C:"},
            {"DeviceName", "\\Device\\HarddiskVolume1"},
            {"CorruptionActionState", i ? "2" : "0", BINXML_UINT32}};
        evtx_write(w, &(struct evtx_event){.provider = "Microsoft-Windows-Ntfs",
                                           .channel = "System",
                                           .event_id = 98,
                                           .level = 4,
                                           .fields = fields,
                                           .field_count = ARRAY_SIZE(fields)});
    }
    struct events events = read_events(w);

    assert_int_equal(events.list.count, 1);
    assert_string_equal(events.list.items[0].kind, "file-system-health");
    assert_value(&events.list.items[0], "CorruptionActionState", "2");
    free_events(&events);
}

static void test_cluster_messages(void **state)
{
    static const struct evtx_field fields[] = {
        {"Parameter0", "Virtual Machine web01"},
        {"Parameter1", "1f2e3d4c-0000-0000-0000-000000000000"},
        {"Parameter2", "'web01' failed to start. Logon failure (0x80070569). "
                       "C:\\ClusterStorage\\Volume1\\web01.vhdx"},
    };
    struct evtx_writer *w = new_log();
    evtx_write(w,
               &(struct evtx_event){.provider = "Microsoft-Windows-Hyper-V-High-Availability",
                                    .channel = "Microsoft-Windows-Hyper-V-High-Availability-Admin",
                                    .event_id = 21502,
                                    .level = 2,
                                    .payload = EVTX_USER_DATA,
                                    .fields = fields,
                                    .field_count = ARRAY_SIZE(fields)});
    struct events events = read_events(w);
    struct event *e = events.list.items;

    assert_int_equal(events.list.count, 1);
    assert_string_equal(e->kind, "cluster-vm-message");
    assert_string_equal(e->vm_name, "web01");
    assert_false(e->has_vm_id);
    assert_int_equal(e->code, 0x80070569);
    assert_string_equal(e->paths.items[0], "C:\\ClusterStorage\\Volume1\\web01.vhdx");
    free_events(&events);
}

/* ---- the table ---- */

static bool is_word(const char *kind)
{
    return *kind && kind[strspn(kind, "abcdefghijklmnopqrstuvwxyz-")] == '\0';
}

static void test_the_table_is_sound(void **state)
{
    for (size_t i = 0; i < kind_table_count; i++) {
        const struct event_kind *row = &kind_table[i], *before = row - 1;
        if (i > 0)
            assert_true(row->provider > before->provider ||
                        (row->provider == before->provider && row->event_id > before->event_id));
        assert_ptr_equal(event_kind_of(row->provider, row->event_id), row);
        assert_true(is_word(row->kind));
        assert_true(*row->message && row->message[strlen(row->message) - 1] != '.');
        bool has_twin = row->provider == PROVIDER_VMMS && row->event_id >= 14000 &&
                        row->event_id != 15415 && row->event_id != 18303 && row->event_id != 20415;
        if (has_twin && row->event_id % 2 != 0)
            fail_msg("VMMS %u is an odd twin", row->event_id);
    }
    assert_true(event_kind_exists("merge-failed"));
    assert_true(event_kind_exists("other"));
    assert_false(event_kind_exists("merge"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_merge_episode),    cmocka_unit_test(test_look_alikes),
        cmocka_unit_test(test_providers),        cmocka_unit_test(test_files_of_events),
        cmocka_unit_test(test_paths_in_text),    cmocka_unit_test(test_vss),
        cmocka_unit_test(test_volsnap_and_disk), cmocka_unit_test(test_backup),
        cmocka_unit_test(test_services),         cmocka_unit_test(test_healthy_volumes_are_no_news),
        cmocka_unit_test(test_cluster_messages), cmocka_unit_test(test_the_table_is_sound),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

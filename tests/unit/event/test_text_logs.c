/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Product logs, command output and exported JSON, told by their content. */
#include "../testing.h"

#include "../samples.h"
#include "../temporary.h"

#include "base/checked.h"
#include "base/text.h"
#include "event/events.h"
#include "os/sandbox.h"

#include <errno.h>
#include <iconv.h>
#include <stdlib.h>
#include <string.h>

static int read_bytes(struct event_file *file, const void *bytes, size_t size, struct notes *notes)
{
    io_source *source = io_memory_new(bytes, size);
    int r;

    assert_non_null(source);
    r = event_file_read(file, source, NULL, notes);
    assert_int_equal(event_probe(source), file->format);
    io_unref(source);
    return r;
}

static struct event_file read_text(const char *text, enum event_format format)
{
    struct event_file file;
    struct notes notes = {0};

    assert_int_equal(read_bytes(&file, text, strlen(text), &notes), 0);
    assert_string_equal(event_format_name(file.format), event_format_name(format));
    assert_int_equal(notes.count, 0);
    return file;
}

static struct event_file read_sample(const char *name, enum event_format format)
{
    struct event_file file;
    size_t size;
    unsigned char *bytes = sample_bytes(name, &size);

    assert_int_equal(read_bytes(&file, bytes, size, NULL), 0);
    assert_string_equal(event_format_name(file.format), event_format_name(format));
    free(bytes);
    return file;
}

static void assert_time(const struct event *event, const char *time, bool local)
{
    char text[WHEN_TEXT_SIZE];

    assert_string_equal(when_format(event->time, event->precision, text), time);
    assert_int_equal(event->local_time, local);
}

static void assert_value(const struct event *event, const char *name, const char *value)
{
    const char *found = event_value(event, name);

    if (!found)
        fail_msg("no value %s", name);
    assert_string_equal(found, value);
}

/* ---- Avamar ---- */

static void test_avamar_sample(void **state)
{
    static const char *const kinds[] = {
        "backup-checkpoint-requested", "backup-checkpoint-requested", "backup-checkpoint-failed",
        "backup-checkpoint-failed",    "backup-checkpoint-failed",    "backup-no-targets",
    };
    struct event_file file =
        read_sample("text/avhypervvss-dell-kb-000044579.txt", EVENT_FORMAT_AVAMAR);

    assert_int_equal(file.events.count, ARRAY_SIZE(kinds));
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        assert_string_equal(file.events.items[i].kind, kinds[i]);
    assert_time(&file.events.items[0], "", false);
    assert_time(&file.events.items[1], "2019-04-15T00:05:05Z", true);
    assert_int_equal(file.events.items[1].event_id, 43420);
    assert_int_equal(file.events.items[1].level, 4);
    assert_string_equal(file.events.items[2].vm_name, "DELLEMC-VM");
    assert_false(file.events.items[2].has_vm_id); /* made unreadable in the article */
    assert_int_equal(file.events.items[2].level, 2);
    assert_int_equal(file.events.items[5].level, 3);
    assert_false(file.events.items[0].has_record);
    event_file_free(&file);
}

static void test_avamar_lines(void **state)
{
    struct event_file file = read_text(
        "avhypervvss Info <5008>: nothing of interest\n"
        "2019-04-15 00:05:05 avtar Error <5137>: can't read \"D:\\VMs\\a.vhdx\" (0x80070020)\r\n"
        "2019-04-15 00:06:00 avhypervvss Error <43426>: Checkpoint creation for Virtual machine "
        "'web01<E0D09432-A320-44CC-8A12-E1300549B99D>' has failed\n"
        "avhypervvss Error <x>: no\n"
        "average Error <12>\n",
        EVENT_FORMAT_AVAMAR);
    struct event *e = file.events.items;
    char guid[GUID_TEXT_SIZE];

    assert_int_equal(file.events.count, 3);
    assert_string_equal(e[0].kind, "backup-product-error");
    assert_string_equal(e[0].provider, "avtar");
    assert_int_equal(e[0].code, 0x80070020);
    assert_string_equal(e[0].paths.items[0], "D:\\VMs\\a.vhdx");
    assert_int_equal(e[0].place, 2);
    assert_string_equal(e[1].vm_name, "web01");
    assert_string_equal(guid_format(&e[1].vm_id, guid), "e0d09432-a320-44cc-8a12-e1300549b99d");
    assert_string_equal(e[2].provider, "average");
    event_file_free(&file);
}

static void test_wincluster(void **state)
{
    struct event_file file =
        read_text("2019-04-15 00:20:01 winclustersvc: Cleaning up checkpoint with "
                  "Msvm_SnapshotCollection.CollectionID=\"0B1C2D3E-0000-1111-2222-333344445555\"\n"
                  "2019-04-15 00:20:04 winclustersvc: DestroySnapshot executed successfully\n"
                  "2019-04-15 00:20:05 winclustersvc: waiting\n"
                  "2019-04-15 00:20:09 winclustersvc: Failed to write VHD attachment \"a.vhdx\" to "
                  "\"web01\": "
                  "Account restrictions are preventing this user from signing in. (0x8007052f)\n",
                  EVENT_FORMAT_WINCLUSTER);
    struct event *e = file.events.items;

    assert_int_equal(file.events.count, 3);
    assert_string_equal(e[0].kind, "checkpoint-cleanup-started");
    assert_string_equal(e[1].kind, "checkpoint-cleanup-reported-success");
    assert_int_equal(e[1].level, 4);
    assert_time(&e[1], "2019-04-15T00:20:04Z", true);
    assert_string_equal(e[2].kind, "backup-product-error");
    assert_int_equal(e[2].code, 0x8007052F);
    assert_int_equal(e[2].level, 2);
    event_file_free(&file);
}

/* ---- VMware ---- */

static void test_vmware_samples(void **state)
{
    struct event_file file =
        read_sample("text/vpxa-quiesce-broadcom-301541.txt", EVENT_FORMAT_VPXA);

    assert_int_equal(file.events.count, 2);
    assert_string_equal(file.events.items[0].kind, "quiesce-failed");
    assert_int_equal(file.events.items[0].code, 0x80042301);
    assert_false(file.events.items[0].has_inner_code); /* #8449 is the same code */
    assert_time(&file.events.items[1], "2010-10-10T22:53:31.077Z", false);
    assert_value(&file.events.items[1], "Task", "task-768");
    event_file_free(&file);

    file = read_sample("text/vcenter-quiesce-errors.txt", EVENT_FORMAT_VMWARE);
    assert_int_equal(file.events.count, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_string_equal(file.events.items[i].kind, "quiesce-failed");
        assert_int_equal(file.events.items[i].has_code, i >= 3);
    }
    assert_value(&file.events.items[3], "ErrorNumber", "5");
    assert_value(&file.events.items[0], "ErrorText", "Quiesce operation already in progress.");
    event_file_free(&file);
}

static void test_vpxa_continuation(void **state)
{
    static const char *const heads[] = {
        "2010-10-10T22:53:31.077Z [45EEEB90 info 'Default' opID=D1D8F924-83] [VpxLRO] -- ERROR "
        "task-768 -- -- vpxapi.VpxaService.createSnapshot: vim.fault.ApplicationQuiesceFault:\n",
        "[2010-10-10 22:53:31.077 45EEEB90 info 'App'] [VpxLRO] -- ERROR "
        "task-768 -- -- vpxapi.VpxaService.createSnapshot: vim.fault.ApplicationQuiesceFault:\n",
    };
    static const char body[] =
        "--> Result:\n"
        "--> (vim.fault.ApplicationQuiesceFault) {\n"
        "-->          key = \"msg.snapshot.quiesce.vmerr\",\n"
        "-->                value = \"5\",\n"
        "-->          message = \"The guest OS has reported an error during quiescing.\n"
        "--> The error code was: 5\n"
        "--> The error message was: 'VssSyncStart' operation failed: IDispatch error #8449\n"
        "--> \",\n"
        "--> Arg vmid:\n"
        "--> 16\n"
        "--> Arg name:\n"
        "--> \"clone-temp-1286751133531034\"\n"
        "--> Arg description:\n"
        "--> Arg memory:\n"
        "--> false\n"
        "--> Arg quiesce: true\n";

    for (size_t i = 0; i < ARRAY_SIZE(heads); i++) {
        char *text =
            string_printf("%s%s%s", heads[i], body,
                          "2010-10-10T22:53:32.000Z [45EEEB90 info 'Default'] unrelated\n");
        struct event_file file = read_text(text, EVENT_FORMAT_VPXA);
        struct event *e = file.events.items;
        assert_int_equal(file.events.count, 1);
        assert_time(e, "2010-10-10T22:53:31.077Z", i == 1);
        assert_int_equal(e->code, 0x80042301);
        assert_value(e, "ErrorNumber", "5");
        assert_value(e, "Task", "task-768");
        assert_value(e, "vmid", "16");
        assert_value(e, "name", "clone-temp-1286751133531034");
        assert_value(e, "description", "");
        assert_value(e, "memory", "false");
        assert_value(e, "quiesce", "true");
        assert_string_equal(e->provider, "vpxa");
        event_file_free(&file);
        free(text);
    }
}

static void test_vmware_log(void **state)
{
    struct event_file file = read_text(
        "Oct 10 22:50:00.000: vmx| DICT              displayName = \"web 01\"\n"
        "Oct 10 22:53:30.953: vmx| Msg_Post: Warning\n"
        "Oct 10 22:53:30.953: vmx| [msg.snapshot.quiesce.vmerr] The guest OS has "
        "reported an error during quiescing.\n"
        "Oct 10 22:53:30.953: vmx| The error code was: 5\n"
        "Oct 10 22:53:30.953: vmx| The error message was: 'VssSyncStart' operation "
        "failed: IDispatch error #8449 (0x80042301)\n"
        "Oct 10 22:53:30.953: vmx| ----------------------------------------\n"
        "2016-01-02T03:04:05.678Z| vmx| I120: [msg.snapshot.quiesce.timeout] The operation "
        "exceeded the time limit for holding off I/O in the frozen virtual machine.\n",
        EVENT_FORMAT_VMWARE);
    struct event *e = file.events.items;

    assert_int_equal(file.events.count, 2);
    assert_time(&e[0], "", false);
    assert_value(&e[0], "Time", "Oct 10 22:53:30.953");
    assert_value(&e[0], "ErrorNumber", "5");
    assert_int_equal(e[0].code, 0x80042301);
    assert_string_equal(e[0].vm_name, "web 01");
    assert_int_equal(e[0].place, 3);
    assert_time(&e[1], "2016-01-02T03:04:05.678Z", false);
    assert_false(e[1].has_code);
    event_file_free(&file);
}

/* ---- vssadmin ---- */

static const char writers_en[] =
    "vssadmin 1.1 - Volume Shadow Copy Service administrative command-line tool\r\n"
    "(C) Copyright 2001-2013 Microsoft Corp.\r\n\r\n"
    "Waiting for responses.\r\n"
    "These may be delayed if a shadow copy is being prepared.\r\n\r\n"
    "Writer name: 'Task Scheduler Writer'\r\n"
    "   Writer Id: {d61d61c8-d73a-4eee-8cdd-f6f9786b7124}\r\n"
    "   Writer Instance Id: {1bddd48e-5052-49db-9b07-b96f96727e6b}\r\n"
    "   State: [1] Stable\r\n"
    "   Last error: No error\r\n\r\n"
    "Writer name: 'Microsoft Hyper-V VSS Writer'\r\n"
    "   Writer Id: {66841cd4-6ded-4f4b-8f17-fd23f8ddc3de}\r\n"
    "   Writer Instance Id: {6162e336-7448-4371-93a7-29581512b103}\r\n"
    "   State: [10] Failed\r\n"
    "   Last error: Timed out\r\n\r\n";

static const char writers_ja[] =
    "vssadmin 1.1 - ボリューム シャドウ コピー サービス管理コマンド ライン ツール\r\n"
    "(C) Copyright 2001-2013 Microsoft Corp.\r\n\r\n"
    "ライター名: 'Task Scheduler Writer'\r\n"
    "   ライター ID: {d61d61c8-d73a-4eee-8cdd-f6f9786b7124}\r\n"
    "   ライター インスタンス ID: {1bddd48e-5052-49db-9b07-b96f96727e6b}\r\n"
    "   状態: [1] 安定\r\n"
    "   最後のエラー: エラーなし\r\n\r\n"
    "ライター名: 'Microsoft Hyper-V VSS Writer'\r\n"
    "   ライター ID: {66841cd4-6ded-4f4b-8f17-fd23f8ddc3de}\r\n"
    "   ライター インスタンス ID: {6162e336-7448-4371-93a7-29581512b103}\r\n"
    "   状態: [10] 失敗\r\n"
    "   最後のエラー: タイムアウト\r\n\r\n";

static void check_writers(const struct event_file *file, const char *error)
{
    char guid[GUID_TEXT_SIZE];

    assert_int_equal(file->writers.count, 2);
    assert_string_equal(file->writers.items[0].name, "Task Scheduler Writer");
    assert_int_equal(file->writers.items[0].state, 1);
    assert_string_equal(file->writers.items[1].name, "Microsoft Hyper-V VSS Writer");
    assert_int_equal(file->writers.items[1].state, 10);
    assert_string_equal(file->writers.items[1].last_error, error);
    assert_true(file->writers.items[1].has_id);
    assert_string_equal(guid_format(&file->writers.items[1].id, guid),
                        "66841cd4-6ded-4f4b-8f17-fd23f8ddc3de");
}

/* The bytes of a text in another encoding; the caller frees. */
static char *encode(const char *encoding, const char *text, size_t *size)
{
    iconv_t converter = iconv_open(encoding, "UTF-8");
    size_t left = strlen(text), room = 4 * left;
    char *out = malloc(room), *to = out, *in = (char *)(uintptr_t)text;

    assert_true(converter != (iconv_t)-1);
    assert_non_null(out);
    *size = room;
    assert_int_equal(iconv(converter, &in, &left, &to, &room), 0);
    *size -= room;
    iconv_close(converter);
    return out;
}

/* "UTF-16" of iconv begins with a mark. */
static void test_writers_in_every_encoding(void **state)
{
    static const char *const encodings[] = {"UTF-8", "UTF-16", "UTF-16LE", "UTF-16BE", "CP932"};

    for (size_t i = 0; i < ARRAY_SIZE(encodings); i++) {
        for (int japanese = 0; japanese < 2; japanese++) {
            struct event_file file;
            size_t size;
            char *bytes = encode(encodings[i], japanese ? writers_ja : writers_en, &size);
            assert_int_equal(read_bytes(&file, bytes, size, NULL), 0);
            assert_int_equal(file.format, EVENT_FORMAT_VSS_WRITERS);
            check_writers(&file, japanese ? "タイムアウト" : "Timed out");
            event_file_free(&file);
            free(bytes);
        }
    }
}

/* What converts CP932 is a file of the system, which can't be read any more in the sandbox. */
static const char cp932[] = /* ライター名: 'x', 状態: [10] 失敗, 最後のエラー: 時間切れ */
    "\x83\x89\x83"
    "C\x83^\x81[\x96\xBC: 'x'\n"
    "   \x8F\xF3\x91\xD4: [10] \x8E\xB8\x94s\n"
    "   \x8D\xC5\x8C\xE3\x82\xCC\x83G\x83\x89\x81[: \x8E\x9E\x8A\xD4\x90\xD8\x82\xEA\n";

static int read_in_sandbox(void)
{
    struct sandbox_state sandbox;
    struct event_file file;

    events_prepare();
    sandbox_enter(NULL, 0, &sandbox);
    io_source *source = io_memory_new(cp932, strlen(cp932));
    int r = event_file_read(&file, source, NULL, NULL);
    bool same = r == 0 && file.writers.count == 1 &&
                strcmp(file.writers.items[0].last_error, "時間切れ") == 0;
    event_file_free(&file);
    io_unref(source);
    return same ? 0 : 1;
}

static void test_cp932_in_sandbox(void **state)
{
    expect_child(read_in_sandbox);
}

static void test_writers_sample(void **state)
{
    struct event_file file =
        read_sample("text/vssadmin-list-writers-ws2008.txt", EVENT_FORMAT_VSS_WRITERS);

    assert_int_equal(file.writers.count, 2);
    assert_int_equal(file.writers.items[0].state, 8);
    assert_string_equal(file.writers.items[0].last_error, "Inconsistent shadow copy");
    assert_int_equal(file.writers.items[1].state, 5);
    event_file_free(&file);
}

/* No writer at all is a finding, but only where the command did list writers. */
static void test_no_writers(void **state)
{
    static const char *const empty[] = {
        "vssadmin 1.1 - Volume Shadow Copy Service administrative command-line tool\n"
        "(C) Copyright 2001-2013 Microsoft Corp.\n\n",
        "C:\\>vssadmin list writers\n"
        "vssadmin 1.1 - ボリューム シャドウ コピー サービス管理コマンド ライン ツール\n"
        "(C) Copyright 2001-2005 Microsoft Corp.\n\nC:\\>\n",
    };
    static const char *const others[] = {
        "vssadmin 1.1 - Volume Shadow Copy Service administrative command-line tool\n"
        "(C) Copyright 2001-2013 Microsoft Corp.\n\n"
        "No items found that satisfy the query.\n",
        "vssadmin 1.1 - Volume Shadow Copy Service administrative command-line tool\n"
        "(C) Copyright 2001-2013 Microsoft Corp.\n\n"
        "Provider name: 'Microsoft Software Shadow Copy provider 1.0'\n"
        "   Provider type: System\n"
        "   Provider Id: {b5946137-7b9f-4925-af80-51abd60b20d5}\n"
        "   Version: 1.0.0.7\n",
        "Writer name: 'x'\n",
        "",
        "\n",
    };

    for (size_t i = 0; i < ARRAY_SIZE(empty); i++) {
        struct event_file file = read_text(empty[i], EVENT_FORMAT_VSS_WRITERS);
        assert_int_equal(file.writers.count, 0);
        event_file_free(&file);
    }
    for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
        struct event_file file;
        assert_int_equal(read_bytes(&file, others[i], strlen(others[i]), NULL), -ENOMSG);
        assert_int_equal(file.format, EVENT_FORMAT_NONE);
        assert_int_equal(file.writers.count, 0);
        event_file_free(&file);
    }
}

/* ---- tasklist ---- */

static const char services_ja[] =
    "\r\nイメージ名                     PID サービス                                    \r\n"
    "========================= ======== ============================================\r\n"
    "System Idle Process              0 N/A                                         \r\n"
    "svchost.exe                    712 DcomLaunch, PlugPlay, Power,                \r\n"
    "                                   SystemEventsBroker                          \r\n"
    "svchost.exe                   1044 EventSystem, FontCache, netprofm, nsi       \r\n"
    "vmms.exe                      2868 vmms                                        \r\n"
    "日本語の名前.exe              3000 N/A                                         \r\n";

static const char services_csv[] = "\"Image Name\",\"PID\",\"Services\"\n"
                                   "\"System Idle Process\",\"0\",\"N/A\"\n"
                                   "\"svchost.exe\",\"1044\",\"EventSystem,FontCache\"\n";

static void test_services(void **state)
{
    static const char *const encodings[] = {"UTF-8", "UTF-16", "CP932"};

    for (size_t i = 0; i < ARRAY_SIZE(encodings); i++) {
        struct event_file file;
        size_t size;
        char *bytes = encode(encodings[i], services_ja, &size);
        assert_int_equal(read_bytes(&file, bytes, size, NULL), 0);
        struct service_process *p = file.services.items;
        assert_int_equal(file.format, EVENT_FORMAT_SERVICES);
        assert_int_equal(file.services.count, 5);
        assert_string_equal(p[0].image, "System Idle Process");
        assert_int_equal(p[0].services.count, 0);
        assert_int_equal(p[1].services.count, 4);
        assert_string_equal(p[1].services.items[3], "SystemEventsBroker");
        assert_int_equal(p[2].pid, 1044);
        assert_int_equal(p[2].services.count, 4);
        assert_string_equal(p[2].services.items[0], "EventSystem");
        assert_string_equal(p[2].services.items[3], "nsi");
        assert_string_equal(p[3].services.items[0], "vmms");
        assert_string_equal(p[4].image, "日本語の名前.exe");
        assert_int_equal(p[4].pid, 3000);
        event_file_free(&file);
        free(bytes);
    }
    struct event_file file = read_text(services_csv, EVENT_FORMAT_SERVICES);
    assert_int_equal(file.services.count, 2);
    assert_int_equal(file.services.items[0].services.count, 0);
    assert_int_equal(file.services.items[1].services.count, 2);
    assert_string_equal(file.services.items[1].services.items[1], "FontCache");
    event_file_free(&file);
}

/* ---- PowerShell ---- */

#define HEAD                                                                                       \
    "\"Id\": 19100, \"Level\": 2, \"Qualifiers\": null, \"Keywords\": -9223372036854775808, "      \
    "\"RecordId\": 52262, \"ProviderName\": \"Microsoft-Windows-Hyper-V-VMMS\", "                  \
    "\"ProviderId\": \"6066f867-7ca1-4418-85fd-36e3f9c0600c\", "                                   \
    "\"LogName\": \"Microsoft-Windows-Hyper-V-VMMS-Admin\", \"MachineName\": \"hv1.example\", "    \
    "\"UserId\": {\"BinaryLength\": 12, \"Value\": \"S-1-5-18\"}, "

static void check_merge_failed(const struct event *e)
{
    char guid[GUID_TEXT_SIZE];

    assert_string_equal(e->kind, "merge-failed");
    assert_int_equal(e->record, 52262);
    assert_true(e->has_record);
    assert_int_equal(e->level, 2);
    assert_int_equal(e->code, 0x8007052F);
    assert_string_equal(e->vm_name, "web01");
    assert_string_equal(guid_format(&e->vm_id, guid), "e0d09432-a320-44cc-8a12-e1300549b99d");
    assert_string_equal(e->computer, "hv1.example");
}

static void test_powershell(void **state)
{
    /* Windows PowerShell 5; PowerShell 7; a date with both spellings, properties too deep */
    static const char *const objects[] = {
        "{" HEAD "\"TimeCreated\": \"\\/Date(1511261873874)\\/\", \"Properties\": ["
        "{\"Value\": \"web01\"}, {\"Value\": \"E0D09432-A320-44CC-8A12-E1300549B99D\"}, "
        "{\"Value\": \"%%2147943727\"}, {\"Value\": \"0x8007052F\"}], \"Message\": \"'web01' …\"}",
        "[{" HEAD "\"TimeCreated\": \"2017-11-21T10:57:53.8748473+00:00\", \"Properties\": ["
        "{\"Value\": \"web01\"}, {\"Value\": \"E0D09432-A320-44CC-8A12-E1300549B99D\"}, "
        "{\"Value\": \"%%2147943727\"}, {\"Value\": 2147943727}], \"Message\": null}]",
        "{" HEAD "\"TimeCreated\": {\"value\": \"\\/Date(1511261873874)\\/\", \"DisplayHint\": 2}, "
        "\"Properties\": [\"System.Diagnostics.Eventing.Reader.EventProperty\"], "
        "\"Message\": \"'web01' background disk merge failed to complete: Account restrictions … "
        "(0x8007052F). (Virtual machine ID E0D09432-A320-44CC-8A12-E1300549B99D)\"}",
    };
    static const char *const times[] = {"2017-11-21T10:57:53.8740000Z",
                                        "2017-11-21T10:57:53.8748473Z",
                                        "2017-11-21T10:57:53.8740000Z"};
    static const char *const encodings[] = {"UTF-8", "UTF-16"};

    for (size_t i = 0; i < ARRAY_SIZE(objects); i++) {
        for (size_t n = 0; n < ARRAY_SIZE(encodings); n++) {
            struct event_file file;
            struct notes notes = {0};
            size_t size;
            char *bytes = encode(encodings[n], objects[i], &size);
            assert_int_equal(read_bytes(&file, bytes, size, &notes), 0);
            assert_int_equal(file.format, EVENT_FORMAT_POWERSHELL);
            assert_int_equal(file.events.count, 1);
            check_merge_failed(&file.events.items[0]);
            assert_time(&file.events.items[0], times[i], false);
            assert_int_equal(notes.count, 0);
            event_file_free(&file);
            free(bytes);
        }
    }
}

static void test_powershell_binary_and_noise(void **state)
{
    static const char text[] =
        "[{\"Id\": 7036, \"ProviderName\": \"Service Control Manager\", \"LogName\": \"System\", "
        "\"RecordId\": 7, \"Level\": 4, \"Properties\": [{\"Value\": \"x\"}, {\"Value\": \"y\"}, "
        "{\"Value\": [118,0,109,0,109,0,115,0,47,0,49,0,0,0]}]},"
        "{\"Id\": 7036, \"ProviderName\": \"Service Control Manager\", \"LogName\": \"System\"},"
        "{\"Id\": 1, \"ProviderName\": \"Other\", \"LogName\": \"System\"},"
        "{\"Name\": \"web01\"}]";
    struct event_file file;
    struct notes notes = {0};

    assert_int_equal(read_bytes(&file, text, strlen(text), &notes), 0);
    assert_int_equal(file.events.count, 1);
    assert_value(&file.events.items[0], "Service", "vmms");
    assert_value(&file.events.items[0], "State", "1");
    assert_true(notes_has(&notes, "JSON-EVENT"));
    notes_free(&notes);
    event_file_free(&file);
}

static void test_broken_json(void **state)
{
    static const char text[] = "[{\"ProviderName\": \"Microsoft-Windows-Hyper-V-VMMS\", ";
    struct event_file file;
    struct notes notes = {0};
    io_source *source = io_memory_new(text, strlen(text));

    assert_int_equal(event_file_read(&file, source, NULL, &notes), -ENOMSG);
    assert_true(notes_has(&notes, "JSON-SYNTAX"));
    io_unref(source);
    notes_free(&notes);
    event_file_free(&file);
}

/* ---- everything ---- */

/* Cut anywhere, nothing but less may come of it. */
static void test_truncated(void **state)
{
    static const char *const texts[] = {writers_en, writers_ja, services_ja, services_csv};

    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        for (size_t size = 0; size < strlen(texts[i]); size++) {
            struct event_file file;
            int r = read_bytes(&file, texts[i], size, NULL);
            assert_true(r == 0 || r == -ENOMSG);
            event_file_free(&file);
        }
    }
}

/* A line without end, and one that is longer than a piece. */
static void test_long_lines(void **state)
{
    size_t size = 400000;
    char *text = malloc(size);

    assert_non_null(text);
    memset(text, 'x', size);
    memcpy(text + 300000, "\navhypervvss Warning <43427>: No targets", 40);
    struct event_file file;
    assert_int_equal(read_bytes(&file, text, size, NULL), -ENOMSG); /* not seen at the beginning */
    event_file_free(&file);
    memcpy(text, "avhypervvss Info <1>: hello\n", 28);
    assert_int_equal(read_bytes(&file, text, size, NULL), 0);
    assert_int_equal(file.events.count, 1);
    assert_string_equal(file.events.items[0].kind, "backup-no-targets");
    event_file_free(&file);
    free(text);
}

static void test_nothing_of_ours(void **state)
{
    static const char *const texts[] = {
        "",
        "\xFF\xFE",
        "\0\0\0\0",
        "hello\nworld\n",
        "{\"a\": 1}",
        "[]",
        "PK\x03\x04\x14",
        "Image Name  PID Services\n",
        "===== === ===\n",
    };

    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        struct event_file file;
        assert_int_equal(read_bytes(&file, texts[i], i == 2 ? 4 : strlen(texts[i]), NULL), -ENOMSG);
        assert_int_equal(file.format, EVENT_FORMAT_NONE);
        event_file_free(&file);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_avamar_sample),
        cmocka_unit_test(test_avamar_lines),
        cmocka_unit_test(test_wincluster),
        cmocka_unit_test(test_vmware_samples),
        cmocka_unit_test(test_vpxa_continuation),
        cmocka_unit_test(test_vmware_log),
        cmocka_unit_test(test_cp932_in_sandbox), /* first: nothing else has opened it */
        cmocka_unit_test(test_writers_in_every_encoding),
        cmocka_unit_test(test_writers_sample),
        cmocka_unit_test(test_no_writers),
        cmocka_unit_test(test_services),
        cmocka_unit_test(test_powershell),
        cmocka_unit_test(test_powershell_binary_and_noise),
        cmocka_unit_test(test_broken_json),
        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_long_lines),
        cmocka_unit_test(test_nothing_of_ours),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

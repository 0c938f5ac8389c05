/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * Memory that runs out at every single allocation of reading a file of events or a hive: -ENOMEM,
 * and nothing leaks (which the sanitizer sees).
 */
#include "../testing.h"
#include "../allocations.h"

#include "evtx_events.h"
#include "hive_writer.h"

#include "base/checked.h"
#include "event/events.h"
#include "event/policy.h"
#include "os/worker.h"

#include <stdlib.h>
#include <string.h>

static int read_events(void *source)
{
    struct event_file file;

    int r = event_file_read(&file, source, NULL, NULL);

    event_file_free(&file);
    return r;
}

static struct workers *workers;

static int read_hive(void *source)
{
    struct hive_facts facts;

    int r = hive_read(workers, source, &facts, NULL);

    hive_free(&facts);
    return r;
}

static int read_policy(void *source)
{
    struct hive_facts facts;

    int r = policy_read(source, &facts, NULL);

    hive_free(&facts);
    return r;
}

static void check_reader(allocations_try *read, const void *bytes, size_t size, size_t least)
{
    io_source *source = io_memory_new(bytes, size);

    assert_true(fail_each_allocation(read, source) >= least);
    io_unref(source);
}

static void check(const void *bytes, size_t size)
{
    check_reader(read_events, bytes, size, 6);
}

static void test_logs(void **state)
{
    static const struct evtx_vm vm = {"web01", "E0D09432-A320-44CC-8A12-E1300549B99D"};
    static const struct evtx_field left[] = {{"FileName", "D:\\VMs\\web01.avhdx"}};
    struct evtx_writer *w = evtx_writer_new(&(struct evtx_recipe){.chunk_records = 3});
    size_t size;

    evtx_write_vmms(w, 0, 19100, 2, &vm, 0x8007052F, NULL, 0);
    evtx_write_vmms(w, 0, 16220, 3, &vm, 0x80070020, left, ARRAY_SIZE(left));
    evtx_write_vss_rejected(w, 0, 0x800423F4, "Microsoft Hyper-V VSS Writer",
                            "{66841cd4-6ded-4f4b-8f17-fd23f8ddc3de}", "C:\\x\\vmms.exe");
    evtx_write_service_state(w, 0, "vmms", "Hyper-V Virtual Machine Management", 1);
    evtx_write_volsnap(w, 0, 27, 2, "\\Device\\HarddiskVolumeShadowCopy6", "C:", 0xC000000E);
    const uint8_t *bytes = evtx_writer_finish(w, &size);
    check(bytes, size);
    evtx_writer_free(w);
}

static void test_texts(void **state)
{
    static const char *const texts[] = {
        "avhypervvss Error <43426>: Virtual machine 'web01<E0D09432-A320-44CC-8A12-E1300549B99D>' "
        "D:\\VMs\\a.vhdx\n",
        "2019-04-15 00:20:09 winclustersvc: Failed (0x8007052f)\n",
        "2010-10-10T22:53:31.077Z [45 info] [VpxLRO] task-768: vim.fault.ApplicationQuiesceFault:\n"
        "--> The error code was: 5\n--> Arg vmid:\n--> 16\n",
        "2016-01-02T03:04:05.678Z| vmx| I120: displayName = \"web01\"\n"
        "2016-01-02T03:04:05.678Z| vmx| I120: [msg.snapshot.quiesce.timeout] holding off I/O\n",
        "Writer name: 'x'\n   Writer Id: {66841cd4-6ded-4f4b-8f17-fd23f8ddc3de}\n"
        "   State: [1] Stable\n   Last error: No error\n",
        "Image Name                     PID Services\n"
        "========================= ======== ========\n"
        "svchost.exe                    712 DcomLaunch, PlugPlay\n",
        "[{\"Id\":19100,\"ProviderName\":\"Microsoft-Windows-Hyper-V-VMMS\","
        "\"Properties\":[{\"Value\":\"web01\"},{\"Value\":[1,2]},{\"Value\":5}],"
        "\"Message\":\"'web01' C:\\\\a.vhdx\"}]",
    };

    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        check(texts[i], strlen(texts[i]));
}

static void test_hive(void **state)
{
    struct hive_writer *w = hive_writer_new();
    size_t size;

    hive_put_number(w, "Select", "Current", 1);
    hive_put_text(w, "ControlSet001\\Control\\ComputerName\\ComputerName", "ComputerName", HIVE_SZ,
                  "HOST01");
    hive_put_text(w, "ControlSet001\\Control\\TimeZoneInformation", "TimeZoneKeyName", HIVE_SZ,
                  "UTC");
    hive_put_text(w, "ControlSet001\\Services\\EventSystem", "ImagePath", HIVE_EXPAND_SZ,
                  "svchost.exe -k LocalService");
    hive_put_text(w, "ControlSet001\\Services\\nsi", "ImagePath", HIVE_EXPAND_SZ,
                  "svchost.exe -k LocalService");
    hive_put(w, "MountedDevices", "\\DosDevices\\C:", HIVE_BINARY, "0123456789ab", 12);
    const uint8_t *bytes = hive_writer_finish(w, &size);
    assert_int_equal(workers_start(&workers), 0);
    check_reader(read_hive, bytes, size, 20);
    workers_stop(workers);
    hive_writer_free(w);
}

static void test_policy(void **state)
{
    static const char text[] = "[Privilege Rights]\r\nSeServiceLogonRight = *S-1-5-83-0\r\n";

    check_reader(read_policy, text, sizeof(text) - 1, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_logs),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_hive),
        cmocka_unit_test(test_policy),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

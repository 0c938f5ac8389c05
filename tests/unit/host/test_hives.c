/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Hives and policies on the evidence: found by name and place, or named, and read. */
#include "../group_workers.h"
#include "../testing.h"

#include "../temporary.h"

#include "hive_writer.h"

#include "host/host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define CONFIG "Windows/System32/config"

/* With the folders above it. */
static void put_bytes(const char *path, const void *bytes, size_t size)
{
    char *whole = strdup(path);

    for (char *slash = whole; (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        mkdir(whole, 0777);
        *slash = '/';
    }
    FILE *file = fopen(whole, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    fclose(file);
    free(whole);
}

static void put_hive(const char *path, struct hive_writer *w)
{
    size_t size;
    const uint8_t *bytes = hive_writer_finish(w, &size);

    put_bytes(path, bytes, size);
    hive_writer_free(w);
}

static struct hive_writer *security(void)
{
    struct hive_writer *w = hive_writer_new();

    hive_put_key(w, "Policy\\Accounts\\S-1-5-80-0");
    return w;
}

static struct hive_writer *software(uint32_t timeout)
{
    struct hive_writer *w = hive_writer_new();

    hive_put_key(w, "Classes");
    hive_put_number(w, "Microsoft\\Windows NT\\CurrentVersion\\SPP", "CreateTimeout", timeout);
    return w;
}

static const char policy[] = "[Privilege Rights]\r\nSeServiceLogonRight = *S-1-5-80-0\r\n";

static void make_host(void)
{
    put_hive(CONFIG "/SECURITY", security());
    put_hive(CONFIG "/SOFTWARE", software(1200000));
    put_hive(CONFIG "/RegBack/SOFTWARE", software(1));
    put_hive("Windows.old/" CONFIG "/SOFTWARE", software(2));
    put_bytes(CONFIG "/SYSTEM", "no hive at all", 14);
    put_bytes("Windows/security/templates/policies/gpt00000.inf", policy,
             sizeof(policy) - 1);
}

static void scan(struct host *host, struct workers *with)
{
    const struct host_options options = {.threads = 1, .workers = with};

    assert_int_equal(host_scan(host, &options), 0);
}

static void test_found_by_place(void **state)
{
    struct host host;

    make_host();
    host_init(&host);
    assert_int_equal(host_add_path(&host, "", "."), 0);
    scan(&host, group_workers);
    assert_int_equal(host.hives.count, 3);
    assert_int_equal(host.hives.items[0].facts.kind, HIVE_SECURITY);
    assert_int_equal(host.hives.items[0].facts.logon_right, LOGON_RIGHT_MISSING);
    assert_int_equal(host.hives.items[1].facts.kind, HIVE_SOFTWARE);
    assert_int_equal(host.hives.items[1].facts.create_timeout.value, 1200000);
    assert_int_equal(host.hives.items[2].facts.kind, HIVE_POLICY);
    assert_int_equal(host.hives.items[2].facts.logon_right, LOGON_RIGHT_MISSING);
    assert_int_equal(host.evidence.items[0].errors.count, 0);
    assert_int_equal(host.evidence.items[0].kind, EVIDENCE_DIRECTORY);
    assert_int_equal(host.troubles.count, 0);
    host_free(&host);
}

/* By its content, whatever it is called; what lies in other evidence, too, is there once. */
static void test_named(void **state)
{
    struct host host;

    put_hive("x.dat", software(600000));
    put_bytes("y", policy, sizeof(policy) - 1);
    put_hive(CONFIG "/SECURITY", security());
    host_init(&host);
    assert_int_equal(host_add_events(&host, "", "x.dat"), 0);
    assert_int_equal(host_add_events(&host, "", "y"), 0);
    assert_int_equal(host_add_path(&host, "", "."), 0);
    assert_int_equal(host_add_events(&host, "", CONFIG "/SECURITY"), 0);
    scan(&host, group_workers);
    assert_int_equal(host.hives.count, 3);
    assert_int_equal(host.evidence.items[0].kind, EVIDENCE_REGISTRY_HIVE);
    assert_int_equal(host.evidence.items[1].kind, EVIDENCE_TEXT_LOG);
    assert_int_equal(host.evidence.items[2].kind, EVIDENCE_DIRECTORY);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(host.evidence.items[i].errors.count, 0);
    host_free(&host);
}

/* Where logs are sought, copies of hives in any folder are taken, too. */
static void test_sought(void **state)
{
    struct host host;

    put_hive("collected/security.hiv", security());
    host_init(&host);
    assert_int_equal(host_add_path(&host, "", "."), 0);
    scan(&host, group_workers);
    assert_int_equal(host.hives.count, 0);
    host_free(&host);
    host_init(&host);
    assert_int_equal(host_add_path(&host, "", "."), 0);
    host_seek_logs(&host);
    scan(&host, group_workers);
    assert_int_equal(host.hives.count, 1);
    host_free(&host);
}

/* What can't be read is said, and is no hive of the model. */
static void test_not_read(void **state)
{
    struct host host;

    put_hive(CONFIG "/SECURITY", security());
    put_bytes(CONFIG "/SYSTEM", "regf\0\0", 6);
    host_init(&host);
    assert_int_equal(host_add_path(&host, "", "."), 0);
    scan(&host, NULL);
    assert_int_equal(host.hives.count, 0);
    assert_int_equal(host.evidence.items[0].errors.count, 2);
    assert_non_null(strstr(host.evidence.items[0].errors.items[0],
                           "SECURITY: registry hive not read: the program that reads hives is not "
                           "installed"));
    assert_non_null(strstr(host.evidence.items[0].errors.items[1],
                           "SYSTEM: registry hive not read: it is damaged"));
    host_free(&host);
}

static struct hive_writer *system_of(int32_t bias)
{
    struct hive_writer *w = hive_writer_new();

    hive_put_key(w, "ControlSet001");
    hive_put_number(w, "Select", "Current", 1);
    hive_put_number(w, "ControlSet001\\Control\\TimeZoneInformation", "Bias", (uint32_t)bias);
    return w;
}

static const char wincluster[] =
    "2019-04-15 00:20:04 winclustersvc: DestroySnapshot executed successfully\n";
static const char vmware[] = "2019-04-15T00:20:04.000| vmx| I120: [msg.snapshot.quiesce.vmerr] "
                             "The guest OS has reported an error\n";

/* Scans the folder "." and other evidence, and says when its events were, in order. */
static void expect_times(const char *more, const char *const *times, size_t converted)
{
    char text[WHEN_TEXT_SIZE];
    size_t by_hive = 0;
    struct host host;

    host_init(&host);
    assert_int_equal(host_add_path(&host, "a", "a"), 0);
    assert_int_equal(host_add_path(&host, "b", "b"), 0);
    if (more)
        assert_int_equal(host_add_path(&host, "a", more), 0);
    host_seek_logs(&host);
    scan(&host, group_workers);
    for (size_t i = 0; i < host.events.count; i++) {
        const struct host_event *event = &host.events.items[i];
        assert_string_equal(when_format(event->event.time, WHEN_SECONDS, text), times[i]);
        assert_int_equal(event->event.local_time, event->zone_hive == NULL);
        by_hive += event->zone_hive != NULL;
    }
    assert_int_equal(host.events.count, 3);
    assert_int_equal(by_hive, converted);
    host_free(&host);
}

/* The registry of a host tells what its programs mean by a time without zone. */
static void test_time_zone(void **state)
{
    put_hive("a/" CONFIG "/SYSTEM", system_of(-540));
    put_bytes("a/winclustersvc.log", wincluster, sizeof(wincluster) - 1);
    put_bytes("a/vmware.log", vmware, sizeof(vmware) - 1); /* not of this host */
    put_bytes("b/winclustersvc.log", wincluster, sizeof(wincluster) - 1);
    expect_times(NULL,
                 (const char *[]){"2019-04-14T15:20:04Z", "2019-04-15T00:20:04Z",
                                  "2019-04-15T00:20:04Z"},
                 1);
    put_hive("same/SYSTEM", system_of(-540));
    expect_times("same",
                 (const char *[]){"2019-04-14T15:20:04Z", "2019-04-15T00:20:04Z",
                                  "2019-04-15T00:20:04Z"},
                 1);
    put_hive("other/SYSTEM", system_of(60)); /* which of them is it? */
    expect_times("other",
                 (const char *[]){"2019-04-15T00:20:04Z", "2019-04-15T00:20:04Z",
                                  "2019-04-15T00:20:04Z"},
                 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_found_by_place, temporary_enter, temporary_leave),
        cmocka_unit_test_setup_teardown(test_named, temporary_enter, temporary_leave),
        cmocka_unit_test_setup_teardown(test_sought, temporary_enter, temporary_leave),
        cmocka_unit_test_setup_teardown(test_time_zone, temporary_enter, temporary_leave),
        cmocka_unit_test_setup_teardown(test_not_read, temporary_enter, temporary_leave),
    };

    return cmocka_run_group_tests_name("hives", tests, start_workers, stop_workers);
}

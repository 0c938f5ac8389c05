/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Hives as the worker reads them, whole and broken. */
#include "../group_workers.h"
#include "../testing.h"

#include "hive_writer.h"

#include "base/checked.h"
#include "base/cleanup.h"
#include "base/strbuf.h"
#include "event/hive.h"
#include "event/hive_format.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECOND    ((filetime)10000000)
#define ONE_DAY   (86400 * SECOND)
#define SVCHOST   "%SystemRoot%\\system32\\svchost.exe -k "
#define CLASSES   "Microsoft\\EventSystem\\{26c409cc-ae86-11d1-b616-00805fc79216}\\EventClasses\\"
#define NO_GUIDS  "-{00000000-0000-0000-0000-000000000000}-{00000000-0000-0000-0000-000000000000}"
#define WRITERS   CLASSES "{FAF53CC4-BD73-4E36-83F1-2B23F46E513E}" NO_GUIDS
#define ACCOUNT   "Policy\\Accounts\\S-1-5-83-0"
#define SPP       "Microsoft\\Windows NT\\CurrentVersion\\SPP"

/* Reads what the writer has made and frees the writer. */
static int read_made(struct workers *workers, struct hive_writer *w, struct hive_facts *facts,
                     struct notes *notes)
{
    size_t size;
    const uint8_t *bytes = hive_writer_finish(w, &size);
    CLEANUP(io_unref) io_source *source = io_memory_new(bytes, size);

    hive_writer_free(w);
    assert_true(hive_probe(source));
    return hive_read(workers, source, facts, notes);
}

static void put_service(struct hive_writer *w, const char *set, const char *name,
                        const char *command)
{
    char key[200];

    snprintf(key, sizeof(key), "%s\\Services\\%s", set, name);
    hive_put_text(w, key, "ImagePath", HIVE_EXPAND_SZ, command);
    hive_put_number(w, key, "Type", 0x20);
    hive_put_number(w, key, "Start", 2);
}

static struct hive_writer *make_system(const char *set, uint32_t current)
{
    static const uint8_t mbr[12] = {0x78, 0x56, 0x34, 0x12, 0, 0, 0x10};
    static const uint8_t autumn[16] = {0, 0, 10, 0, 5, 0, 3}, spring[16] = {0, 0, 3, 0, 2, 0, 2,
                                                                         [14] = 1};
    struct hive_writer *w = hive_writer_new();
    char key[200];

    hive_put_key(w, "ControlSet001");
    hive_put_number(w, "Select", "Current", current);
    hive_put_number(w, "Select", "Default", current);
    snprintf(key, sizeof(key), "%s\\Control\\ComputerName\\ComputerName", set);
    hive_put_text(w, key, "ComputerName", HIVE_SZ, "HOST01");
    snprintf(key, sizeof(key), "%s\\Control\\TimeZoneInformation", set);
    hive_put_number(w, key, "Bias", (uint32_t)-540);
    hive_put_number(w, key, "StandardBias", 0);
    hive_put_number(w, key, "DaylightBias", (uint32_t)-60);
    hive_put(w, key, "StandardStart", HIVE_BINARY, autumn, sizeof(autumn));
    hive_put(w, key, "DaylightStart", HIVE_BINARY, spring, sizeof(spring));
    hive_put_text(w, key, "TimeZoneKeyName", HIVE_SZ, "Tokyo Standard Time");
    snprintf(key, sizeof(key), "%s\\Control", set);
    hive_put_number(w, key, "SvcHostSplitThresholdInKB", 3670016);
    put_service(w, set, "EventSystem", SVCHOST "LocalService -p");
    put_service(w, set, "FontCache", SVCHOST "LocalService");
    put_service(w, set, "nsi", SVCHOST "localservice -p");
    put_service(w, set, "Dnscache", SVCHOST "NetworkService -p");
    put_service(w, set, "vmms", "%systemroot%\\system32\\vmms.exe");
    snprintf(key, sizeof(key), "%s\\Services\\Empty", set);
    hive_put_key(w, key);
    hive_put(w, "MountedDevices", "\\DosDevices\\C:", HIVE_BINARY, mbr, sizeof(mbr));
    return w;
}

static void assert_system(const struct hive_facts *facts)
{
    assert_int_equal(facts->kind, HIVE_SYSTEM);
    assert_string_equal(facts->computer_name, "HOST01");
    assert_true(facts->has_zone);
    assert_int_equal(facts->zone.bias, -540);
    assert_int_equal(facts->zone.daylight_bias, -60);
    assert_int_equal(facts->zone.standard_begins.month, 10);
    assert_int_equal(facts->zone.standard_begins.week, 5);
    assert_int_equal(facts->zone.standard_begins.hour, 3);
    assert_int_equal(facts->zone.standard_begins.weekday, 0);
    assert_int_equal(facts->zone.daylight_begins.month, 3);
    assert_int_equal(facts->zone.daylight_begins.week, 2);
    assert_int_equal(facts->zone.daylight_begins.weekday, 1);
    assert_string_equal(facts->time_zone, "Tokyo Standard Time");
    assert_true(facts->split_threshold.present);
    assert_int_equal(facts->split_threshold.value, 3670016);
    assert_int_equal(facts->eventsystem_type.value, 0x20);
    assert_int_equal(facts->eventsystem_start.value, 2);
    assert_false(facts->eventsystem_split_disable.present);
    assert_string_equal(facts->eventsystem_path, SVCHOST "LocalService -p");
    assert_string_equal(facts->eventsystem_group, "LocalService");
    assert_int_equal(facts->eventsystem_peers.count, 2);
    assert_string_equal(facts->eventsystem_peers.items[0], "FontCache");
    assert_string_equal(facts->eventsystem_peers.items[1], "nsi");
    assert_int_equal(facts->mounts.count, 1);
    assert_string_equal(facts->mounts.items[0].name, "\\DosDevices\\C:");
    assert_int_equal(facts->mounts.items[0].size, 12);
    assert_int_equal(load_le32(facts->mounts.items[0].bytes), 0x12345678);
}

static void test_system(void **state)
{
    CLEANUP(hive_facts) struct hive_facts facts;
    CLEANUP(notes) struct notes notes = {0};

    assert_int_equal(read_made(*state, make_system("ControlSet001", 1), &facts, &notes), 0);
    assert_system(&facts);
    assert_int_equal(facts.control_set, 1);
    assert_false(facts.has_pending_log);
    assert_int_equal(notes.count, 0);
}

/* Names are compared in any case, the set in use is the one of Select, older lists are read. */
static void test_system_of_another_set(void **state)
{
    CLEANUP(hive_facts) struct hive_facts facts;
    CLEANUP(notes) struct notes notes = {0};
    struct hive_writer *w = make_system("CONTROLSET002", 2);

    hive_set_old_lists(w);
    hive_set_dirty(w);
    assert_int_equal(read_made(*state, w, &facts, &notes), 0);
    assert_system(&facts);
    assert_int_equal(facts.control_set, 2);
    assert_true(facts.has_pending_log);
    assert_int_equal(notes.count, 1);
    assert_true(notes_has(&notes, "HIVE-LOG"));
    assert_int_equal(notes_worst(&notes), SEVERITY_INFO);
}

/* The order in which libraries are linked decides it: see src/worker/meson.build. */
static void test_names_of_other_alphabets(void **state)
{
    CLEANUP(hive_facts) struct hive_facts facts;
    struct hive_writer *w = make_system("ControlSet001", 1);

    put_service(w, "ControlSet001", "D\u00e4mon \u65e5\U0001F600", SVCHOST "LocalService");
    assert_int_equal(read_made(*state, w, &facts, NULL), 0);
    assert_int_equal(facts.eventsystem_peers.count, 3);
    assert_string_equal(facts.eventsystem_peers.items[0], "D\u00e4mon \u65e5\U0001F600");
}

static struct hive_writer *make_software(void)
{
    struct hive_writer *w = hive_writer_new();

    hive_put_key(w, "Classes");
    hive_put_text(w, "Microsoft\\Windows NT\\CurrentVersion", "ProductName", HIVE_SZ,
                  "Windows Server 2016 Datacenter");
    hive_put_text(w, "Microsoft\\Windows NT\\CurrentVersion", "CurrentBuild", HIVE_SZ, "14393");
    return w;
}

/* ---- beside other readers ---- */

static bool can_run(const char *program)
{
    char command[64];

    snprintf(command, sizeof(command), "command -v %s >/dev/null 2>&1", program);
    if (system(command) == 0)
        return true;
    printf("SKIPPED: %s is not installed\n", program);
    return false;
}

/* What a command prints, in memory that the caller frees. */
static char *output_of(const char *command)
{
    FILE *pipe = popen(command, "r");
    struct strbuf text = {0};
    int c;

    assert_non_null(pipe);
    while ((c = getc(pipe)) != EOF)
        strbuf_append_char(&text, (char)c);
    pclose(pipe);
    return strbuf_steal(&text);
}

#define MADE "/tmp/hvchain-test-XXXXXX"

/* To a file of its own, and frees the writer. */
static void save(struct hive_writer *w, char path[sizeof(MADE)])
{
    size_t size;
    const uint8_t *bytes = hive_writer_finish(w, &size);
    int fd = mkstemp(strcpy(path, MADE));
    FILE *file = fd < 0 ? NULL : fdopen(fd, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
    hive_writer_free(w);
}

/* hivex shares no code with libregf. */
static char *hivex_value(const char *path, const char *key, const char *name)
{
    char command[400];

    snprintf(command, sizeof(command), "hivexget %s '%s' '%s' 2>&1", path, key, name);
    char *said = output_of(command);
    if (said)
        said[strcspn(said, "\r\n")] = '\0';
    return said;
}

/* The whole hive is printed: "Key path: ROOT\KEY", "Value: 0 NAME", "Data: …". */
static char *regfexport_value(const char *path, const char *key, const char *name)
{
    char command[100], head[400];

    snprintf(command, sizeof(command), "regfexport %s 2>&1", path);
    char *all = output_of(command);
    snprintf(head, sizeof(head), "Key path: ROOT\\%s\n", key);
    char *at = all ? strstr(all, head) : NULL;
    snprintf(head, sizeof(head), " %s\n", name);
    at = at ? strstr(at, head) : NULL;
    at = at ? strstr(at, "Data: ") : NULL;
    char *value = at ? strndup(at + 6, strcspn(at + 6, "\n")) : NULL;
    free(all);
    return value;
}

struct shown {
    const char *key, *name, *text; /* NULL: `number` */
    uint32_t number;
};

/* What we read stands there for other readers, too. */
static void compare_values(struct hive_writer *w, const struct shown *values, size_t count)
{
    static const struct {
        const char *program;
        char *(*value)(const char *path, const char *key, const char *name);
    } readers[] = {{"hivexget", hivex_value}, {"regfexport", regfexport_value}};

    char path[sizeof(MADE)];

    save(w, path);
    for (size_t r = 0; r < ARRAY_SIZE(readers); r++) {
        if (!can_run(readers[r].program))
            continue;
        for (size_t i = 0; i < count; i++) {
            char *said = readers[r].value(path, values[i].key, values[i].name);
            assert_non_null(said);
            if (values[i].text)
                assert_string_equal(said, values[i].text);
            else
                assert_int_equal((uint32_t)strtoll(said, NULL, 0), values[i].number);
            free(said);
        }
    }
    assert_int_equal(unlink(path), 0);
}

#define SET     "ControlSet001\\"
#define VERSION "Microsoft\\Windows NT\\CurrentVersion"

static void test_beside_other_readers(void **state)
{
    CLEANUP(hive_facts) struct hive_facts system;
    CLEANUP(hive_facts) struct hive_facts software;

    assert_int_equal(read_made(*state, make_system("ControlSet001", 1), &system, NULL), 0);
    const struct shown of_system[] = {
        {SET "Control\\ComputerName\\ComputerName", "ComputerName", system.computer_name, 0},
        {SET "Control\\TimeZoneInformation", "TimeZoneKeyName", system.time_zone, 0},
        {SET "Control\\TimeZoneInformation", "Bias", NULL, (uint32_t)system.zone.bias},
        {SET "Services\\EventSystem", "ImagePath", system.eventsystem_path, 0},
        {SET "Services\\EventSystem", "Type", NULL, system.eventsystem_type.value},
        {SET "Services\\EventSystem", "Start", NULL, system.eventsystem_start.value},
        {"Select", "Current", NULL, system.control_set},
    };
    compare_values(make_system("ControlSet001", 1), of_system, ARRAY_SIZE(of_system));

    struct hive_writer *copies[2];
    for (size_t i = 0; i < 2; i++) {
        copies[i] = make_software();
        hive_put_number(copies[i], SPP, "CreateTimeout", 1800000);
        hive_put_text(copies[i], WRITERS, "TypeLib", HIVE_EXPAND_SZ, "%systemroot%\\x.dll");
    }
    assert_int_equal(read_made(*state, copies[0], &software, NULL), 0);
    char build[20];
    snprintf(build, sizeof(build), "%u", software.build);
    const struct shown of_software[] = {
        {VERSION, "ProductName", software.product_name, 0},
        {VERSION, "CurrentBuild", build, 0},
        {SPP, "CreateTimeout", NULL, software.create_timeout.value},
        {WRITERS, "TypeLib", software.event_classes.text, 0},
    };
    compare_values(copies[1], of_software, ARRAY_SIZE(of_software));
}

static void test_software(void **state)
{
    CLEANUP(hive_facts) struct hive_facts facts;
    CLEANUP(notes) struct notes notes = {0};
    struct hive_writer *w = make_software();

    hive_put_number(w, SPP, "CreateTimeout", 1800000);
    hive_set_written(w, SPP, 150000 * ONE_DAY);
    hive_put_text(w, WRITERS, "TypeLib", HIVE_EXPAND_SZ, "%systemroot%\\system32\\EVENTCLS.DLL");
    assert_int_equal(read_made(*state, w, &facts, &notes), 0);
    assert_int_equal(notes.count, 0);
    assert_int_equal(facts.kind, HIVE_SOFTWARE);
    assert_string_equal(facts.product_name, "Windows Server 2016 Datacenter");
    assert_int_equal(facts.build, 14393);
    assert_true(facts.has_spp_key);
    assert_true(facts.create_timeout.present);
    assert_int_equal(facts.create_timeout.type, HIVE_DWORD);
    assert_int_equal(facts.create_timeout.value, 1800000);
    assert_true(facts.spp_written == 150000 * ONE_DAY);
    assert_int_equal(facts.event_classes.type, HIVE_EXPAND_SZ);
    assert_false(hive_event_classes_are_wrong(&facts));
}

static void test_software_without_values(void **state)
{
    CLEANUP(hive_facts) struct hive_facts facts;

    assert_int_equal(read_made(*state, make_software(), &facts, NULL), 0);
    assert_false(facts.has_spp_key);
    assert_false(facts.create_timeout.present);
    assert_false(hive_event_classes_are_wrong(&facts));
}

static void test_values_of_a_wrong_type(void **state)
{
    CLEANUP(hive_facts) struct hive_facts facts;
    struct hive_writer *w = make_software();

    hive_put_text(w, SPP, "CreateTimeout", HIVE_SZ, "1800000");
    hive_put_text(w, WRITERS, "TypeLib", HIVE_SZ, "%systemroot%\\system32\\EVENTCLS.DLL");
    assert_int_equal(read_made(*state, w, &facts, NULL), 0);
    assert_true(facts.create_timeout.present);
    assert_int_equal(facts.create_timeout.type, HIVE_SZ);
    assert_int_equal(facts.create_timeout.value, 0);
    assert_true(hive_event_classes_are_wrong(&facts));
}

static void test_another_library(void **state)
{
    CLEANUP(hive_facts) struct hive_facts facts;
    struct hive_writer *w = make_software();

    hive_put_text(w, WRITERS, "TypeLib", HIVE_EXPAND_SZ, "%systemroot%\\system32\\other.dll");
    assert_int_equal(read_made(*state, w, &facts, NULL), 0);
    assert_true(hive_event_classes_are_wrong(&facts));
}

/* The right is a bit of the account's system access; an account without rights has no key. */
static void test_logon_right(void **state)
{
    static const struct {
        const char *key; /* NULL: only the list */
        uint32_t rights;
        enum logon_right expect;
    } cases[] = {
        {ACCOUNT "\\ActSysAc", 0x10, LOGON_RIGHT_GRANTED},
        {ACCOUNT "\\ActSysAc", 0x13, LOGON_RIGHT_GRANTED},
        {ACCOUNT "\\ActSysAc", 0x01, LOGON_RIGHT_MISSING},
        {ACCOUNT "\\ActSysAc", 0x210, LOGON_RIGHT_DENIED},
        {"Policy\\Accounts\\S-1-5-80-0\\ActSysAc", 0x10, LOGON_RIGHT_MISSING},
        {NULL, 0, LOGON_RIGHT_UNKNOWN},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(hive_facts) struct hive_facts facts;
        CLEANUP(notes) struct notes notes = {0};
        struct hive_writer *w = hive_writer_new();
        uint8_t rights[4];
        store_le32(rights, cases[i].rights);
        hive_put_key(w, "Policy\\PolAdtEv");
        if (cases[i].key)
            hive_put(w, cases[i].key, "", 0, rights, sizeof(rights));
        assert_int_equal(read_made(*state, w, &facts, &notes), 0);
        assert_int_equal(facts.kind, HIVE_SECURITY);
        assert_int_equal(facts.logon_right, cases[i].expect);
        assert_int_equal(notes.count, 0);
    }
}

static void test_another_hive(void **state)
{
    CLEANUP(hive_facts) struct hive_facts facts;
    struct hive_writer *w = hive_writer_new();

    hive_put_key(w, "Software\\Microsoft\\Windows");
    assert_int_equal(read_made(*state, w, &facts, NULL), 0);
    assert_int_equal(facts.kind, HIVE_OTHER);
}

static void test_no_hive(void **state)
{
    CLEANUP(io_unref) io_source *empty = io_memory_new("", 0);
    CLEANUP(io_unref) io_source *text = io_memory_new("hello, world", 12);
    struct hive_facts facts;

    assert_false(hive_probe(empty));
    assert_int_equal(hive_read(*state, empty, &facts, NULL), -ENOMSG);
    assert_int_equal(hive_read(*state, text, &facts, NULL), -ENOMSG);
    hive_free(&facts);
}

static void test_without_workers(void **state)
{
    CLEANUP(hive_facts) struct hive_facts facts;
    CLEANUP(notes) struct notes notes = {0};
    struct hive_writer *w = make_software();

    hive_set_dirty(w);
    assert_int_equal(read_made(NULL, w, &facts, &notes), -ENOENT);
    assert_true(facts.has_pending_log); /* that much we read ourselves */
}

static bool is_known_error(int r)
{
    return r == 0 || r == -EBADMSG || r == -ETIMEDOUT || r == -EPIPE || r == -EPROTO ||
           r == -ENOMEM;
}

/* Cut anywhere, a hive gives what can be read, or an error, and never nothing said at all. */
static void test_cut(void **state)
{
    struct hive_writer *w = make_system("ControlSet001", 1);
    size_t size;
    const uint8_t *bytes = hive_writer_finish(w, &size);
    static const size_t cuts[] = {4, 100, 511, 512, 4095, 4096, 4100, 4128, 4200, 5000};

    for (size_t i = 0; i < ARRAY_SIZE(cuts); i++) {
        CLEANUP(hive_facts) struct hive_facts facts;
        CLEANUP(notes) struct notes notes = {0};
        CLEANUP(io_unref) io_source *source = io_memory_new(bytes, cuts[i]);
        int r = hive_read(*state, source, &facts, &notes);
        assert_true(is_known_error(r));
        assert_true(notes_has(&notes, "HIVE-CUT"));
        if (cuts[i] <= 4128)
            assert_int_equal(r, -EBADMSG);
    }
    hive_writer_free(w);
}

static void test_garbage(void **state)
{
    struct hive_writer *w = make_system("ControlSet001", 1);
    size_t size;
    const uint8_t *bytes = hive_writer_finish(w, &size);
    uint8_t *broken = malloc(size);
    uint32_t random = 12345;

    for (int round = 0; round < 40; round++) {
        CLEANUP(hive_facts) struct hive_facts facts;
        CLEANUP(notes) struct notes notes = {0};
        memcpy(broken, bytes, size);
        for (int i = 0; i < 1 + round / 2; i++) {
            random = random * 1664525 + 1013904223;
            broken[HIVE_BINS + (random >> 8) % (size - HIVE_BINS)] = (uint8_t)(random >> 24);
        }
        CLEANUP(io_unref) io_source *source = io_memory_new(broken, size);
        assert_true(is_known_error(hive_read(*state, source, &facts, &notes)));
    }
    free(broken);
    hive_writer_free(w);
}

static void test_wrong_checksum(void **state)
{
    CLEANUP(hive_facts) struct hive_facts facts;
    CLEANUP(notes) struct notes notes = {0};
    struct hive_writer *w = make_software();
    size_t size;
    const uint8_t *bytes = hive_writer_finish(w, &size);
    uint8_t *broken = malloc(size);

    memcpy(broken, bytes, size);
    broken[offsetof(struct hive_base_block, reserved)] ^= 1;
    CLEANUP(io_unref) io_source *source = io_memory_new(broken, size);
    hive_read(*state, source, &facts, &notes);
    assert_true(notes_has(&notes, "HIVE-CHECKSUM"));
    free(broken);
    hive_writer_free(w);
}

/* A worker that lies of the reply's structure, by its own name in a folder of its own. */
static void test_lying_worker(void **state)
{
    static const char *const lies[] = {"empty",        "endless-error", "no-answers",
                                       "many-items",   "cut-item",      "endless-name",
                                       "endless-data", "no-name",       "die"};

    setenv("HVCHAIN_WORKERS", getenv("HVCHAIN_TEST_LIAR"), 1);
    for (size_t i = 0; i < ARRAY_SIZE(lies); i++) {
        CLEANUP(hive_facts) struct hive_facts facts;
        struct workers *workers;
        setenv("HVCHAIN_TEST_LIE", lies[i], 1);
        assert_int_equal(workers_start(&workers), 0);
        int r = read_made(workers, make_software(), &facts, NULL);
        workers_stop(workers);
        if (r != (strcmp(lies[i], "die") == 0 ? -EPIPE : -EPROTO))
            fail_msg("%s: %d", lies[i], r);
    }
}

static void test_absent_worker(void **state)
{
    CLEANUP(hive_facts) struct hive_facts facts;
    struct workers *workers;

    setenv("HVCHAIN_WORKERS", getenv("HVCHAIN_SOURCE"), 1);
    assert_int_equal(workers_start(&workers), 0);
    assert_int_equal(read_made(workers, make_software(), &facts, NULL), -ENOENT);
    workers_stop(workers);
}

int main(void)
{
    const struct CMUnitTest honest[] = {
        cmocka_unit_test(test_system),
        cmocka_unit_test(test_system_of_another_set),
        cmocka_unit_test(test_names_of_other_alphabets),
        cmocka_unit_test(test_beside_other_readers),
        cmocka_unit_test(test_software),
        cmocka_unit_test(test_software_without_values),
        cmocka_unit_test(test_values_of_a_wrong_type),
        cmocka_unit_test(test_another_library),
        cmocka_unit_test(test_logon_right),
        cmocka_unit_test(test_another_hive),
        cmocka_unit_test(test_no_hive),
        cmocka_unit_test(test_without_workers),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_garbage),
        cmocka_unit_test(test_wrong_checksum),
    };
    const struct CMUnitTest lying[] = {
        cmocka_unit_test(test_lying_worker),
        cmocka_unit_test(test_absent_worker),
    };
    int failed = cmocka_run_group_tests_name("hive", honest, start_workers, stop_workers);

    return failed + cmocka_run_group_tests_name("hive, lying", lying, NULL, NULL);
}

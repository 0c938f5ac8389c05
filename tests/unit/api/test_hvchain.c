/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* The public library, used as its header says, and otherwise. */
#include "../keep_report.h"
#include "../testing.h"

#include <hvchain/hvchain.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/hvchain-api.XXXXXX";

/* A folder with one file that claims to be a disk and is none. */
static int make_folder(void **state)
{
    char path[64];

    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof(path), "%s/a.vhdx", folder);
    FILE *file = fopen(path, "w");
    if (!file)
        return -1;
    fputs("not a disk", file);
    return fclose(file);
}

static int remove_folder(void **state)
{
    char path[64];

    snprintf(path, sizeof(path), "%s/a.vhdx", folder);
    unlink(path);
    return rmdir(folder);
}

struct text {
    char bytes[65536];
    size_t length;
};

static int collect(void *user, const void *bytes, size_t length)
{
    struct text *text = user;

    if (length >= sizeof(text->bytes) - text->length)
        return -ENOSPC;
    memcpy(text->bytes + text->length, bytes, length);
    text->length += length;
    text->bytes[text->length] = '\0';
    return 0;
}

static hvchain_scan *new_scan(void)
{
    hvchain_scan *scan;

    assert_int_equal(hvchain_scan_new(&scan), 0);
    hvchain_scan_set_witness(scan, HVCHAIN_WITNESS_NEVER);
    return scan;
}

static unsigned calls;

static void count_calls(void *user, const char *stage, uint64_t done, uint64_t total)
{
    assert_ptr_equal(user, &calls);
    assert_non_null(stage);
    assert_true(total == 0 || done <= total);
    calls++;
}

static void test_scan(void **state)
{
    const char *arguments[] = {"scan", "with \xff"};
    static struct text text;
    hvchain_scan *scan = new_scan();
    hvchain_report *report;

    assert_int_equal(hvchain_scan_add_path(scan, NULL, folder), 0);
    assert_int_equal(hvchain_scan_set_arguments(scan, 2, arguments), 0);
    hvchain_scan_set_threads(scan, 1);
    hvchain_scan_set_progress(scan, count_calls, &calls);
    assert_int_equal(hvchain_scan_run(scan, &report), 0);
    assert_true(calls > 0);
    assert_int_equal(hvchain_report_worst(report), HVCHAIN_DATA_LOSS_RISK);
    assert_null(hvchain_report_error(report, 0));
    assert_null(hvchain_report_error(report, SIZE_MAX));
    for (size_t i = 0; hvchain_report_formats()[i]; i++) {
        text.length = 0;
        assert_int_equal(
            hvchain_report_print(report, hvchain_report_formats()[i], NULL, collect, &text), 0);
        /* Without an earlier report a table of changes has its heads alone. */
        bool is_changes = strcmp(hvchain_report_formats()[i], "csv-changes") == 0;
        const char *word = is_changes ? "subject" : "corrupt";
        assert_non_null(strstr(text.bytes, word));
        assert_null(strchr(text.bytes, '\033'));
    }
    text.length = 0;
    assert_int_equal(hvchain_report_print(report, "json", NULL, collect, &text), 0);
    keep_report(text.bytes);
    assert_non_null(strstr(text.bytes, "with \\\\xFF"));
    assert_non_null(strstr(text.bytes, "\"landlock\": false"));
    assert_int_equal(hvchain_report_print(report, "paper", NULL, collect, &text), -EINVAL);

    /* A scan runs once, and the report outlives it. */
    hvchain_report *second;
    assert_int_equal(hvchain_scan_run(scan, &second), -EINVAL);
    assert_null(second);
    assert_int_equal(hvchain_scan_add_path(scan, NULL, folder), -EINVAL);
    assert_int_equal(hvchain_scan_add_inventory(scan, NULL, folder), -EINVAL);
    assert_int_equal(hvchain_scan_add_map(scan, "D:\\=/mnt"), -EINVAL);
    assert_int_equal(hvchain_scan_set_arguments(scan, 2, arguments), -EINVAL);
    hvchain_scan_free(scan);
    assert_int_equal(hvchain_report_worst(report), HVCHAIN_DATA_LOSS_RISK);
    hvchain_report_free(report);
}

static void test_nothing_readable(void **state)
{
    hvchain_scan *scan = new_scan();
    hvchain_report *report;

    assert_int_equal(hvchain_scan_add_path(scan, "n1", "/nowhere/\x1b[31m"), 0);
    assert_int_equal(hvchain_scan_run(scan, &report), -ENODATA);
    assert_non_null(report);
    assert_non_null(hvchain_report_error(report, 0));
    assert_non_null(strstr(hvchain_report_error(report, 0), "/nowhere/\\x1B[31m"));
    assert_null(hvchain_report_error(report, 1));
    assert_int_equal(hvchain_report_worst(report), HVCHAIN_OK);
    hvchain_report_free(report);
    hvchain_scan_free(scan);
}

static void test_unused(void **state)
{
    hvchain_scan *scan = new_scan();

    assert_int_equal(hvchain_scan_add_path(scan, NULL, folder), 0);
    assert_int_equal(hvchain_scan_add_inventory(scan, "n1", "/nowhere"), 0);
    assert_int_equal(hvchain_scan_add_map(scan, "D:\\=/mnt"), 0);
    assert_int_equal(hvchain_scan_add_map(scan, "D:\\"), -EINVAL);
    hvchain_scan_free(scan);
    hvchain_scan_free(NULL);
    hvchain_report_free(NULL);
}

static void test_output(void **state)
{
    hvchain_scan *scan = new_scan();
    char path[64];

    assert_int_equal(hvchain_scan_add_path(scan, NULL, folder), 0);
    snprintf(path, sizeof(path), "%s/report", folder);
    assert_int_equal(hvchain_scan_open_output(scan, path), -EPERM);
    assert_int_not_equal(access(path, F_OK), 0);
    snprintf(path, sizeof(path), "%s.report", folder);
    int fd = hvchain_scan_open_output(scan, path);
    assert_true(fd >= 0);
    assert_int_equal(close(fd), 0);
    assert_int_equal(unlink(path), 0);
    hvchain_scan_free(scan);
}

static void test_words(void **state)
{
    assert_string_equal(hvchain_severity_name(HVCHAIN_OK), "ok");
    assert_string_equal(hvchain_severity_name(HVCHAIN_DATA_LOSS_RISK), "data-loss-risk");
    assert_null(hvchain_severity_name((enum hvchain_severity)(HVCHAIN_DATA_LOSS_RISK + 1)));
    assert_null(hvchain_severity_name((enum hvchain_severity)-1));
    assert_string_equal(hvchain_report_formats()[0], "text");
    assert_true(strlen(hvchain_version()) >= 5);
}

static void test_secrets(void **state)
{
    static const char key[] = "471207-278498-422125-177177-561902-537405-468006-693451";
    hvchain_scan *scan = new_scan();
    size_t line = 7;

    assert_int_equal(hvchain_scan_add_secrets(scan, HVCHAIN_RECOVERY_KEYS, key, 55, &line), 1);
    assert_int_equal(hvchain_scan_add_secrets(scan, HVCHAIN_RECOVERY_KEYS, key, 54, &line), 0);
    assert_int_equal(hvchain_scan_add_secrets(scan, HVCHAIN_PASSWORDS, "#a\nb\nc", 6, &line), 2);
    assert_int_equal(hvchain_scan_add_secrets(scan, HVCHAIN_PASSWORD, "#a\nb\nc", 6, &line), 1);
    assert_int_equal(hvchain_scan_add_secrets(scan, (enum hvchain_secret)9, "a", 1, &line),
                     -EINVAL);
    assert_int_equal(line, 0);
    hvchain_scan_free(scan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scan),   cmocka_unit_test(test_nothing_readable),
        cmocka_unit_test(test_unused), cmocka_unit_test(test_output),
        cmocka_unit_test(test_words),  cmocka_unit_test(test_secrets),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}

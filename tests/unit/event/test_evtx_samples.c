/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Real logs: every record that evtxexport reads, with the same fields and values, and more. */
#include "../testing.h"

#include "../samples.h"
#include "../temporary.h"
#include "witness.h"

#include "base/checked.h"

static void read_both(const char *name, struct reading *theirs, struct reading *ours)
{
    size_t size;
    unsigned char *bytes = sample_bytes(name, &size);
    FILE *file = fopen("sample.evtx", "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
    own_read(ours, bytes, size, EVENT_LIVE);
    if (witness_is_installed())
        witness_read(theirs, "sample.evtx");
    else
        printf("SKIPPED: evtxexport is not installed, %s is read alone\n", name);
    free(bytes);
}

static void compare(const char *name, size_t wanted)
{
    struct reading theirs = {0}, ours = {0};

    read_both(name, &theirs, &ours);
    assert_int_equal(ours.records.count, wanted);
    assert_int_equal(reading_common(&theirs, &ours), theirs.records.count);
    reading_free(&theirs);
    reading_free(&ours);
}

static void test_system(void **state)
{
    compare("evtx/System.evtx.gz", 5009);
}

static void test_application(void **state)
{
    compare("evtx/many-events-application.evtx.gz", 2216);
}

static void test_volsnap(void **state)
{
    compare("evtx/2-vss_7-System.evtx.gz", 1160);
}

static void test_dns(void **state)
{
    compare("evtx/dns_log_malformed.evtx.gz", 5);
}

static void test_bad_chunk(void **state)
{
    compare("evtx/sample_with_a_bad_chunk_magic.evtx.gz", 298);
}

#define TEMPORARY_TEST(f) cmocka_unit_test_setup_teardown(f, temporary_enter, temporary_leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEMPORARY_TEST(test_system), TEMPORARY_TEST(test_application), TEMPORARY_TEST(test_volsnap),
        TEMPORARY_TEST(test_dns),    TEMPORARY_TEST(test_bad_chunk),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * Real logs: every record that evtxexport reads, with the same fields and values, and those that it
 * can't: two of the logs have records in slack whose templates stand in other chunks only.
 */
#include "../testing.h"

#include "../samples.h"
#include "../temporary.h"
#include "witness.h"

#include "base/checked.h"

struct sample {
    struct reading live, recovered, their_live, their_recovered;
};

static struct sample read_both(const char *name)
{
    struct sample sample = {0};
    size_t size;
    unsigned char *bytes = sample_bytes(name, &size);
    FILE *file = fopen("sample.evtx", "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
    own_read(&sample.live, bytes, size, EVENT_LIVE);
    own_read(&sample.recovered, bytes, size, EVENT_RECOVERED);
    free(bytes);
    if (witness_is_installed()) {
        witness_read(&sample.their_live, "sample.evtx", EVENT_LIVE);
        witness_read(&sample.their_recovered, "sample.evtx", EVENT_RECOVERED);
    } else {
        printf("SKIPPED: evtxexport is not installed, %s is read alone\n", name);
    }
    return sample;
}

/* What they recover from slack is here too: as recovered, or as live elsewhere in the log. */
static void compare_recovered(const struct sample *sample)
{
    for (size_t i = 0; i < sample->their_recovered.records.count; i++) {
        const char *record = sample->their_recovered.records.items[i];
        if (!reading_has(&sample->recovered, record) && !reading_has(&sample->live, record))
            fail_msg("only evtxexport recovers:\n%s", record);
    }
}

static void compare(const char *name, size_t live, size_t recovered)
{
    struct sample sample = read_both(name);

    assert_int_equal(sample.live.records.count, live);
    assert_int_equal(sample.recovered.records.count, recovered);
    assert_int_equal(reading_common(&sample.their_live, &sample.live),
                     sample.their_live.records.count);
    compare_recovered(&sample);
    reading_free(&sample.live);
    reading_free(&sample.recovered);
    reading_free(&sample.their_live);
    reading_free(&sample.their_recovered);
}

static void test_system(void **state)
{
    compare("evtx/System.evtx.gz", 5009, 0);
}

static void test_application(void **state)
{
    compare("evtx/many-events-application.evtx.gz", 2216, 0);
}

static void test_volsnap(void **state)
{
    compare("evtx/2-vss_7-System.evtx.gz", 1160, 25);
}

static void test_dns(void **state)
{
    compare("evtx/dns_log_malformed.evtx.gz", 5, 0);
}

static void test_bad_chunk(void **state)
{
    compare("evtx/sample_with_a_bad_chunk_magic.evtx.gz", 298, 132);
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

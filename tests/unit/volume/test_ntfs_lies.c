/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* The witness of a volume's files: what it says is found, and its reply is believed nothing. */
#include "../testing.h"

#include "ntfs_listing.h"

#include "base/checked.h"
#include "base/cleanup.h"
#include "os/worker.h"
#include "volume/ntfs_format.h"
#include "volume/ntfs_mft.h"
#include "volume/ntfs_witness.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#define ROOT    ntfs_reference(NTFS_ROOT, NTFS_ROOT)
#define DISK_ID ntfs_reference(30, 1)

/* A disk of two names, a file in a folder, and one that is gone. */
static void make_volume(struct ntfs_writer *w)
{
    assert_true(ntfs_writer_start(w, 200, 128));
    ntfs_writer_secure(w);
    ntfs_writer_begin(w, 30, 1, NTFS_RECORD_IN_USE);
    ntfs_writer_information(w, 30, 0x20, 0);
    ntfs_writer_name(w, 30, ROOT, "disk.vhdx", NTFS_WIN32);
    ntfs_writer_name(w, 30, ROOT, "DISK~1.VHD", NTFS_DOS);
    ntfs_writer_name(w, 30, ROOT, "link \xF0\x9F\x92\xBE.vhdx", NTFS_POSIX);
    ntfs_writer_value(w, 30, NTFS_DATA, NULL, "content", 7);
    ntfs_writer_end(w, 30);
    uint64_t folder = ntfs_writer_file(w, 31, ROOT, "folder", NULL);
    ntfs_writer_file(w, 32, folder, "file", "x");
    ntfs_writer_begin(w, 33, 2, 0);
    ntfs_writer_information(w, 33, 0x20, 0);
    ntfs_writer_name(w, 33, folder, "gone.avhdx", NTFS_WIN32);
    ntfs_writer_value(w, 33, NTFS_DATA, NULL, "y", 1);
    ntfs_writer_end(w, 33);
}

static void append(void *user, const char *path, const char *reason)
{
    strbuf_printf(user, "%s: %s\n", path, reason);
}

/* Asks the honest witness (lie NULL) or the lying one. */
static int ask_list(const char *lie, struct strbuf *differences, char error[256])
{
    struct ntfs_listing list;
    struct workers *workers;
    struct ntfs_writer w;

    setenv("HVCHAIN_WORKERS", getenv("HVCHAIN_TEST_LIAR"), 1);
    if (lie)
        setenv("HVCHAIN_TEST_LIE", lie, 1);
    else
        unsetenv("HVCHAIN_TEST_LIE");
    make_volume(&w);
    ntfs_list(&list, w.bytes, w.size);
    assert_int_equal(workers_start(&workers), 0);
    int r = ntfs_witness_list(list.volume, workers, append, differences, error);
    workers_stop(workers);
    ntfs_listing_free(&list);
    ntfs_writer_free(&w);
    return r;
}

static void test_list(void **state)
{
    static const struct {
        const char *lie, *difference;
    } cases[] = {
        {"nothing", ""},
        {"size", "disk.vhdx: libfsntfs says that its size is 8, we read 7\n"},
        {"created", "disk.vhdx: libfsntfs says that the time of its creation is "
                    "132223104001234568, we read 132223104001234567\n"},
        {"modified", "disk.vhdx: libfsntfs says that the time of its last writing is "
                     "132223104001234568, we read 132223104001234567\n"},
        {"missing", "disk.vhdx: libfsntfs does not list record 30\n"},
        {"invented", "disk.vhdx: libfsntfs lists the file, we do not\n"
                     "disk.vhdx: libfsntfs does not list record 30\n"},
        {"deleted", "disk.vhdx: libfsntfs lists the file, we do not\n"
                    "disk.vhdx: libfsntfs does not list record 30\n"},
        {"folder", "disk.vhdx: libfsntfs gives it the name \"disk.vhdx\" in record 6, "
                   "we do not\n"},
        {"name", "disk.vhdx: libfsntfs gives it the name \"eisk.vhdx\" in record 5, "
                 "we do not\n"},
    };
    char error[256];

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct strbuf differences = {0};
        assert_int_equal(ask_list(cases[i].lie, &differences, error), 0);
        assert_string_equal(strbuf_text(&differences), cases[i].difference);
        strbuf_free(&differences);
    }
}

static void test_broken_replies(void **state)
{
    static const struct {
        const char *lie;
        int error;
    } cases[] = {
        {"endless-name", -EPROTO}, {"unended-name", -EPROTO}, {"many-names", -EPROTO},
        {"backwards", -EPROTO},    {"beyond", -EPROTO},       {"empty", -EPROTO},
        {"refused", -EBADMSG},     {"die", -EPIPE},
    };
    char error[256];

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct strbuf differences = {0};
        int r = ask_list(cases[i].lie, &differences, error);
        if (r != cases[i].error)
            fail_msg("%s: %d", cases[i].lie, r);
        strbuf_free(&differences);
    }
}

static uint64_t ask_content(const char *lie)
{
    _Atomic uint64_t differs_at = UINT64_MAX;
    struct ntfs_listing list;
    struct workers *workers;
    struct ntfs_writer w;
    io_source *ours, *both;
    char content[7];

    setenv("HVCHAIN_TEST_LIE", lie, 1);
    make_volume(&w);
    ntfs_list(&list, w.bytes, w.size);
    assert_int_equal(workers_start(&workers), 0);
    assert_int_equal(volume_open(list.volume, "", DISK_ID, &ours), 0);
    assert_int_equal(ntfs_witness_content(list.volume, workers, DISK_ID, ours, &differs_at, &both),
                     0);
    assert_int_equal(io_read(both, 2, content, 3), 0);
    assert_memory_equal(content, "nte", 3); /* ours is what counts */
    io_unref(both);
    io_unref(ours);
    workers_stop(workers);
    ntfs_listing_free(&list);
    ntfs_writer_free(&w);
    return atomic_load(&differs_at);
}

static void test_content(void **state)
{
    assert_int_equal(ask_content("nothing"), UINT64_MAX);
    assert_int_equal(ask_content("bytes"), 2);
}

static void test_absent(void **state)
{
    struct strbuf differences = {0};
    struct ntfs_listing list;
    struct ntfs_writer w;
    char error[256];

    make_volume(&w);
    ntfs_list(&list, w.bytes, w.size);
    assert_int_equal(ntfs_witness_list(list.volume, NULL, append, &differences, error), -ENOTSUP);
    ntfs_listing_free(&list);
    ntfs_writer_free(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_list),
        cmocka_unit_test(test_broken_replies),
        cmocka_unit_test(test_content),
        cmocka_unit_test(test_absent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

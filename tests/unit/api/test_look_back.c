/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Disks that come and go between shadow copies, and memory that runs out while they are compared.
 */
#include "../group_workers.h"
#include "../testing.h"
#include "../allocations.h"
#include "../temporary.h"

#include "api/look_back.h"
#include "base/checked.h"
#include "ntfs_writer.h"
#include "volume/ntfs_format.h"
#include "shadow_writer.h"

#define CLUSTERS 512
#define AREA     (256 * 1024)
#define ROOT     ntfs_reference(NTFS_ROOT, NTFS_ROOT)

/* A volume with files of these names and contents: no disk at all, but it should be one. */
static void make_volume(struct ntfs_writer *w, const char *const files[][2])
{
    assert_true(ntfs_writer_start(w, CLUSTERS, 64));
    for (uint64_t i = 0; files[i][0]; i++)
        ntfs_writer_file(w, 30 + i, ROOT, files[i][0], files[i][1]);
}

static void make_image(void)
{
    static const char *const times[3][4][2] = {
        {{"a.vhdx", "no disk"}, {"b.avhdx", "none"}},
        {{"a.vhdx", "no disk either"}, {"b.avhdx", "none"}, {"c.avhdx", "no"}},
        {{"a.vhdx", "no disk either"}, {"c.avhdx", "n"}},
    };
    struct ntfs_writer volumes[3];
    struct shadow_writer_copy copies[2] = {0};

    for (size_t i = 0; i < 3; i++)
        make_volume(&volumes[i], times[i]);
    for (size_t i = 0; i < 2; i++)
        copies[i] = (struct shadow_writer_copy){.bytes = volumes[i].bytes,
                                                .created = 132643640000000000 + i};
    struct shadow_writer vss = {.bytes = volumes[2].bytes, .size = volumes[2].size, .area = AREA};
    assert_true(shadow_writer_put(&vss, copies, 2));
    FILE *file = fopen("image", "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(vss.bytes, 1, vss.size, file), vss.size);
    assert_int_equal(fclose(file), 0);
    for (size_t i = 0; i < 3; i++)
        ntfs_writer_free(&volumes[i]);
}

static void scan(struct report *r, const struct host_options *options)
{
    *r = (struct report){.shadow_copies = true};
    host_init(&r->host);
    assert_int_equal(host_add_path(&r->host, "", "image"), 0);
    assert_int_equal(host_scan(&r->host, options), 0);
    assert_int_equal(verdict_make(&r->verdict, &r->host), 0);
}

static void test_changes(void **state)
{
    static const struct {
        enum change_kind kind;
        const char *name, *before, *after;
        size_t from, to;
    } expected[] = {
        {CHANGE_DISK_GROWN, "a.vhdx", "7", "14", 1, 2},
        {CHANGE_VANISHED_DISK, "b.avhdx", "corrupt", NULL, 2, 0},
        {CHANGE_NEW_DISK, "c.avhdx", NULL, "corrupt", 1, 2},
        {CHANGE_DISK_SHRUNK, "c.avhdx", "2", "1", 2, 0},
    };
    const struct host_options options = {.workers = group_workers, .threads = 1};
    struct report r;

    make_image();
    scan(&r, &options);
    assert_int_equal(look_back(&r, &options), 0);
    assert_int_equal(r.host.evidence.count, 3);
    assert_int_equal(r.history.disks.count, 5);
    assert_int_equal(r.host.disks.count, 2);
    assert_int_equal(r.history.undecided, 0);
    assert_int_equal(r.history.changes.count, ARRAY_SIZE(expected));
    for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
        const struct history_change *c = &r.history.changes.items[i];
        assert_int_equal(c->change.kind, expected[i].kind);
        assert_string_equal(strrchr(c->change.subject, '/') + 1, expected[i].name);
        assert_string_equal(c->change.before ? c->change.before : "-",
                            expected[i].before ? expected[i].before : "-");
        assert_string_equal(c->change.after ? c->change.after : "-",
                            expected[i].after ? expected[i].after : "-");
        assert_int_equal(c->from, expected[i].from);
        assert_int_equal(c->to, expected[i].to);
    }
    report_free(&r);
}

/* The host of today is there already: only looking back runs out of memory. */
static int try_look_back(void *user)
{
    const struct host_options *options = user;
    struct report r;

    allocations.counting = false;
    scan(&r, options);
    allocations.counting = true;
    int status = look_back(&r, options);
    allocations.counting = false;
    report_free(&r);
    allocations.counting = true;
    return status;
}

static void test_memory(void **state)
{
    struct host_options options = {.workers = group_workers, .threads = 1};

    make_image();
    assert_true(fail_each_allocation(try_look_back, &options) > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_changes, temporary_enter, temporary_leave),
        cmocka_unit_test_setup_teardown(test_memory, temporary_enter, temporary_leave),
    };

    return cmocka_run_group_tests(tests, start_workers, stop_workers);
}

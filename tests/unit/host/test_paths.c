/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Recorded Windows paths matched to files. */
#include "../testing.h"

#include "../chain/model.h"

#include "base/checked.h"

#include <errno.h>
#include <stdlib.h>

static const char *const lines[] = {
    "disk VMs/web/disk.vhdx", "disk VMs/db/disk.vhdx", "disk VMs/db/data.vhdx",
    "disk VMs/ärger/Disk_ß.vhdx", "disk share/vms/unc.vhdx", "disk ClusterStorage/Volume1/c.vhdx",
};

static void make(struct host *host)
{
    model_make(host, lines, ARRAY_SIZE(lines));
}

static void expect(const struct host *host, const char *recorded, enum host_match match,
                   const char *path)
{
    struct host_found found;

    assert_int_equal(host_find_path(host, recorded, 0, &found), 0);
    if (found.match != match)
        print_error("%s: match %d instead of %d\n", recorded, found.match, match);
    assert_int_equal(found.match, match);
    if (path)
        assert_int_equal(found.disks[0], model_disk(host, path));
    free(found.disks);
}

static void test_tails(void **state)
{
    struct host host;

    make(&host);
    expect(&host, "D:\\VMs\\web\\disk.vhdx", MATCH_TAIL, "VMs/web/disk.vhdx");
    expect(&host, "d:/vms/WEB/DISK.VHDX", MATCH_TAIL, "VMs/web/disk.vhdx");
    expect(&host, "\\\\?\\D:\\VMs\\db\\disk.vhdx", MATCH_TAIL, "VMs/db/disk.vhdx");
    expect(&host, "\\\\.\\D:\\VMs\\db\\disk.vhdx", MATCH_TAIL, "VMs/db/disk.vhdx");
    expect(&host, "D:\\VMs\\ÄRGER\\disk_ß.vhdx", MATCH_TAIL, "VMs/ärger/Disk_ß.vhdx");
    expect(&host, "\\\\?\\Volume{83ed0ec3-24c8-49a6-a959-5e4bd1288791}\\VMs\\db\\data.vhdx",
           MATCH_TAIL, "VMs/db/data.vhdx");
    expect(&host, "\\\\server\\share\\vms\\unc.vhdx", MATCH_TAIL, "share/vms/unc.vhdx");
    expect(&host, "C:\\ClusterStorage\\Volume1\\c.vhdx", MATCH_TAIL,
           "ClusterStorage/Volume1/c.vhdx");
    expect(&host, "D:\\VMs\\db\\gone.vhdx", MATCH_NOT_FOUND, NULL);
    expect(&host, "D:\\elsewhere\\disk.vhdx", MATCH_AMBIGUOUS, NULL);
    expect(&host, "", MATCH_NOT_FOUND, NULL);
    host_free(&host);
}

static void test_map_decides_alone(void **state)
{
    struct host host;

    make(&host);
    assert_int_equal(host_add_map(&host, "D:\\=/e/VMs"), 0);
    assert_int_equal(host_add_map(&host, "D:\\special=/e/share"), 0);
    expect(&host, "D:\\web\\disk.vhdx", MATCH_MAPPED, "VMs/web/disk.vhdx");
    expect(&host, "D:\\VMs\\web\\disk.vhdx", MATCH_NOT_FOUND, NULL); /* a tail would fit */
    expect(&host, "D:\\special\\vms\\unc.vhdx", MATCH_MAPPED, "share/vms/unc.vhdx");
    expect(&host, "E:\\VMs\\web\\disk.vhdx", MATCH_TAIL, "VMs/web/disk.vhdx");
    host_free(&host);
}

static void test_bad_maps(void **state)
{
    struct host host;

    host_init(&host);
    assert_int_equal(host_add_map(&host, "D:\\"), -EINVAL);
    assert_int_equal(host_add_map(&host, "=/mnt"), -EINVAL);
    assert_int_equal(host_add_map(&host, "folder=/mnt"), -EINVAL);
    assert_int_equal(host_add_map(&host, "D:\\="), -EINVAL);
    host_free(&host);
}

/* A drive letter means something on its own host only; shared paths mean the same on all. */
static void test_nodes(void **state)
{
    static const char *const two[] = {"node n1", "disk x/a.vhdx", "node n2", "disk y/b.vhdx"};
    struct host host;
    struct host_found found;

    model_make(&host, two, ARRAY_SIZE(two));
    for (size_t node = 0; node < 2; node++) {
        assert_int_equal(host_find_path(&host, "C:\\y\\b.vhdx", node, &found), 0);
        assert_int_equal(found.match, node == 1 ? MATCH_TAIL : MATCH_NOT_FOUND);
        free(found.disks);
        assert_int_equal(host_find_path(&host, "\\\\s\\y\\b.vhdx", node, &found), 0);
        assert_int_equal(found.match, MATCH_TAIL);
        free(found.disks);
    }
    host_free(&host);
}

/* Two recorded places can't be one file: the one that agrees longest is believed. */
static void test_weaker_claim_is_dropped(void **state)
{
    static const char *const claims[] = {"disk VMs/web/disk.vhdx",
                                         "vm web drive=D:\\VMs\\web\\disk.vhdx",
                                         "vm other drive=D:\\VMs\\other\\disk.vhdx"};
    struct host host;

    model_make(&host, claims, ARRAY_SIZE(claims));
    assert_int_equal(host.machines.items[0].drives.items[0].disk, 0);
    assert_int_equal(host.machines.items[1].drives.items[0].disk, HOST_NONE);
    host_free(&host);
}

static void test_relative(void **state)
{
    struct host host;

    make(&host);
    size_t data = model_disk(&host, "VMs/db/data.vhdx");
    assert_int_equal(host_find_relative(&host, data, ".\\DISK.vhdx"),
                     model_disk(&host, "VMs/db/disk.vhdx"));
    assert_int_equal(host_find_relative(&host, data, "disk.vhdx"),
                     model_disk(&host, "VMs/db/disk.vhdx"));
    assert_int_equal(host_find_relative(&host, data, "..\\web\\disk.vhdx"),
                     model_disk(&host, "VMs/web/disk.vhdx"));
    assert_int_equal(host_find_relative(&host, data, "..\\..\\..\\..\\..\\..\\x"), HOST_NONE);
    assert_int_equal(host_find_relative(&host, data, "C:\\VMs\\web\\disk.vhdx"), HOST_NONE);
    assert_int_equal(host_find_relative(&host, data, ".."), HOST_NONE);
    host_free(&host);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tails),
        cmocka_unit_test(test_map_decides_alone),
        cmocka_unit_test(test_bad_maps),
        cmocka_unit_test(test_nodes),
        cmocka_unit_test(test_weaker_claim_is_dropped),
        cmocka_unit_test(test_relative),
    };

    return cmocka_run_group_tests_name("paths", tests, NULL, NULL);
}

/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "../testing.h"

#include "base/checked.h"
#include "base/winpath.h"

#include <errno.h>
#include <stdlib.h>

static void test_keys(void **state)
{
    static const struct {
        const char *text, *key;
    } cases[] = {
        {"C:\\VMs\\a.vhdx", "C:\\VMS\\A.VHDX"},
        {"c:/VMs//a.vhdx", "C:\\VMS\\A.VHDX"},
        {"\\\\?\\c:\\vms\\a.vhdx", "C:\\VMS\\A.VHDX"},
        {"\\\\.\\C:\\vms\\.\\b\\..\\a.vhdx", "C:\\VMS\\A.VHDX"},
        {" \"C:\\VMs\\a.vhdx\" ", "C:\\VMS\\A.VHDX"},
        {"C:\\..\\..\\a", "C:\\A"},
        {"\\\\server\\Share\\x\\ä.vhdx", "\\\\SERVER\\SHARE\\X\\Ä.VHDX"},
        {"\\\\?\\UNC\\SERVER\\share\\x", "\\\\SERVER\\SHARE\\X"},
        {"D:\\ClusterStorage\\Volume1\\v\\a.vhdx", "CLUSTER\\VOLUME1\\V\\A.VHDX"},
        {"\\\\?\\Volume{83ED0EC3-24c8-49a6-a959-5e4bd1288791}\\a",
         "VOLUME{83ED0EC3-24C8-49A6-A959-5E4BD1288791}\\A"},
        {".\\a.vhdx", ".\\A.VHDX"},
        {"..\\..\\p\\a.vhdx", ".\\..\\..\\P\\A.VHDX"},
        {"\\\\?\\GLOBALROOT\\Device\\x", "?\\GLOBALROOT\\DEVICE\\X"},
        {"\\Device\\HarddiskVolume3\\VMs\\a.vhdx", "?\\HARDDISKVOLUME3\\VMS\\A.VHDX"},
        {"\\Device\\HarddiskVolumeShadowCopy3\\a", ".\\DEVICE\\HARDDISKVOLUMESHADOWCOPY3\\A"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct winpath path;
        assert_int_equal(winpath_parse(&path, cases[i].text), 0);
        char *key = winpath_key(&path);
        assert_string_equal(key, cases[i].key);
        free(key);
        winpath_free(&path);
    }
}

static void test_empty(void **state)
{
    struct winpath path;

    assert_int_equal(winpath_parse(&path, "  \"\" "), -EINVAL);
}

static void test_name(void **state)
{
    struct winpath path;

    assert_int_equal(winpath_parse(&path, "C:\\VMs\\disk_1.avhdx"), 0);
    assert_string_equal(winpath_name(&path), "disk_1.avhdx");
    winpath_free(&path);
    assert_int_equal(winpath_parse(&path, "C:\\"), 0);
    assert_null(winpath_name(&path));
    winpath_free(&path);
}

static void test_below(void **state)
{
    static const struct {
        const char *path, *folder;
        bool below;
    } rows[] = {
        {"D:\\VMs\\a.vhdx", "D:", true},
        {"\\\\?\\D:\\VMs\\a.vhdx", "d:\\vms\\", true},
        {"D:\\VMs2\\a.vhdx", "D:\\VMs", false},
        {"D:\\VMs", "D:\\VMs\\a", false},
        {"E:\\VMs\\a.vhdx", "D:\\", false},
        {"\\\\host\\s\\a.vhdx", "\\\\HOST\\S", true},
        {"\\\\host\\t\\a.vhdx", "\\\\host\\s", false},
        {"C:\\ClusterStorage\\Volume1\\a", "C:\\ClusterStorage\\volume1", true},
        {"C:\\ClusterStorage\\Volume2\\a", "C:\\ClusterStorage\\Volume1", false},
        {"\\\\?\\Volume{01234567-89ab-cdef-0123-456789abcdef}\\a",
         "\\\\?\\Volume{01234567-89AB-CDEF-0123-456789ABCDEF}\\", true},
        {"\\\\?\\Volume{01234567-89ab-cdef-0123-456789abcdee}\\a",
         "\\\\?\\Volume{01234567-89ab-cdef-0123-456789abcdef}", false},
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct winpath path, folder;
        assert_int_equal(winpath_parse(&path, rows[i].path), 0);
        assert_int_equal(winpath_parse(&folder, rows[i].folder), 0);
        if (winpath_is_below(&path, &folder) != rows[i].below)
            fail_msg("%s below %s", rows[i].path, rows[i].folder);
        winpath_free(&path);
        winpath_free(&folder);
    }
}

static void test_text(void **state)
{
    static const struct {
        const char *path;
        size_t parts;
        const char *text;
    } rows[] = {
        {"\\\\?\\d:/VMs/web/a.vhdx", 9, "D:\\VMs\\web\\a.vhdx"},
        {"D:\\VMs\\a.vhdx", 0, "D:\\"},
        {"D:\\VMs\\a.vhdx", 1, "D:\\VMs"},
        {"c:\\clusterstorage\\Volume1\\a", 1, "C:\\ClusterStorage\\Volume1"},
        {"\\\\?\\UNC\\host\\share\\a", 0, "\\\\host\\share\\"},
        {"\\\\?\\Volume{01234567-89AB-CDEF-0123-456789ABCDEF}\\a", 1,
         "\\\\?\\Volume{01234567-89ab-cdef-0123-456789abcdef}\\a"},
        {".\\a\\b", 2, "a\\b"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct winpath path;
        assert_int_equal(winpath_parse(&path, rows[i].path), 0);
        char *text = winpath_text(&path, rows[i].parts);
        assert_string_equal(text, rows[i].text);
        free(text);
        winpath_free(&path);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_name),
        cmocka_unit_test(test_below),
        cmocka_unit_test(test_text),
    };

    return cmocka_run_group_tests_name("winpath", tests, NULL, NULL);
}

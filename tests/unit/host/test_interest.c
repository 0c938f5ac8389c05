/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* What names and folders promise. */
#include "../testing.h"

#include "base/checked.h"
#include "host/interest.h"

#include <string.h>

static const struct {
    const char *path;
    enum interest interest;
} names[] = {
    {"a.vhdx", INTEREST_DISK},
    {"A.AVHDX", INTEREST_DISK},
    {"a.avhd", INTEREST_DISK},
    {".vhdx", INTEREST_NONE},
    {"a.vhdx.rct", INTEREST_COMPANION},
    {"a.vhds", INTEREST_COMPANION},
    {"Virtual Machines/x.vmcx", INTEREST_CONFIG},
    {"virtual machines cache/x.vmcx", INTEREST_IGNORED},
    {"Virtual Machines/config.xml", INTEREST_CONFIG},
    {"x/B90AC31B-C6F8-479F-9B91-07B894A6A3F6.xml", INTEREST_CONFIG},
    {"x/readme.xml", INTEREST_NONE},
    {"x/readme.txt", INTEREST_NONE},
    {"x/y.vmrs", INTEREST_RUNTIME},
    {"Windows/System32/config/SYSTEM", INTEREST_HIVE},
    {"windows/system32/CONFIG/security", INTEREST_HIVE},
    {"Windows/System32/config/SYSTEM.LOG1", INTEREST_NONE},
    {"Windows/System32/config/RegBack/SYSTEM", INTEREST_NONE},
    {"Windows.old/Windows/System32/config/SYSTEM", INTEREST_NONE},
    {"x/SYSTEM", INTEREST_NONE},
    {"Windows/security/templates/policies/gpt00001.inf", INTEREST_HIVE},
    {"x/GptTmpl.inf", INTEREST_HIVE},
    {"x/other.inf", INTEREST_NONE},
};

static void test_names(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        enum host_sibling sibling;
        const char *slash = strrchr(names[i].path, '/');
        if (interest_of(names[i].path, slash ? slash + 1 : names[i].path, &sibling) !=
            names[i].interest)
            fail_msg("%s", names[i].path);
    }
}

static void test_registration(void **state)
{
    struct guid id;

#define ID "B90AC31B-C6F8-479F-9B91-07B894A6A3F6.xml"
    static const struct {
        const char *path;
        enum registration registration;
    } paths[] = {
        {"x/ProgramData/Microsoft/Windows/Hyper-V/Virtual Machines/" ID, REGISTRATION_MACHINE},
        {"microsoft/windows/hyper-v/virtual machines/" ID, REGISTRATION_MACHINE},
        {"ProgramData/Microsoft/Windows/Hyper-V/Snapshots/" ID, REGISTRATION_CHECKPOINT},
        {"VMs/web/Virtual Machines/" ID, REGISTRATION_NONE},
        {"VMs/web/Snapshots/" ID, REGISTRATION_NONE},
        {"Microsoft/Windows/Hyper-V/Virtual Machines/x.xml", REGISTRATION_NONE},
        {"NotMicrosoft/Windows/Hyper-V/Virtual Machines/" ID, REGISTRATION_NONE},
    };

    for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
        assert_int_equal(interest_registration(paths[i].path, &id), paths[i].registration);
}

static void test_context(void **state)
{
    assert_int_equal(interest_context("a/Containers/b.vhdx", "b.vhdx"), CONTEXT_CONTAINER);
    assert_int_equal(interest_context("a/LocalState/ext4.vhdx", "ext4.vhdx"), CONTEXT_PROFILE);
    assert_int_equal(interest_context("a/UVHD-S-1-5.vhdx", "UVHD-S-1-5.vhdx"), CONTEXT_PROFILE);
    assert_int_equal(interest_context("a/odfc_bob.vhdx", "odfc_bob.vhdx"), CONTEXT_PROFILE);
    assert_int_equal(interest_context("a/MyContainers/b.vhdx", "b.vhdx"), CONTEXT_NONE);
    assert_int_equal(interest_context("a/Containers.vhdx", "Containers.vhdx"), CONTEXT_NONE);
}

static void test_autorecovery(void **state)
{
    assert_true(interest_is_autorecovery("web-AutoRecovery.avhdx"));
    assert_true(interest_is_autorecovery("web-autorecovery.AVHD"));
    assert_false(interest_is_autorecovery("web-AutoRecovery.vhdx"));
    assert_false(interest_is_autorecovery("web-AutoRecovery2.avhdx"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_registration),
        cmocka_unit_test(test_context),
        cmocka_unit_test(test_autorecovery),
    };

    return cmocka_run_group_tests_name("interest", tests, NULL, NULL);
}

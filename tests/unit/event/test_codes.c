/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "../testing.h"

#include "event/codes.h"

#include "base/checked.h"
#include "event/codes_table.h"

#include <stdlib.h>
#include <string.h>

static void test_every_written_form(void **state)
{
    static const struct {
        const char *text;
        uint32_t code;
    } good[] = {
        {"0x8007052F", 0x8007052F},
        {"0X8007052f", 0x8007052F},
        {"2147943727", 0x8007052F},
        {"-2147023569", 0x8007052F},
        {"%%2147943727", 0x8007052F},
        {"%%-2147023569", 0x8007052F},
        {"8007052F", 0x8007052F},
        {"C000000E", 0xC000000E},
        {"00000000", 0},
        {"0", 0},
        {"2155348001", 0x80780021},
        {"2155348129", 0x807800A1},
        {"-2139619167", 0x807800A1},
        {"-2139619295", 0x80780021},
        {"3225026574", 0xC03A000E},
        {" 0x81000101\r\n", 0x81000101},
        {"IDispatch error #8449", 0x80042301},
        {"0xFFFFFFFF8007052F", 0x8007052F},
        {"0x0000000080070020", 0x80070020},
        {"0x5", 5},
        {"1327", 1327},
        {"4294967295", UINT32_MAX},
        {"-2147483648", 0x80000000},
    };
    static const char *const bad[] = {
        "",
        " ",
        "0x",
        "x",
        "0x8007052G",
        "%%",
        "%2147943727",
        "%%x",
        "4294967296",
        "-2147483649",
        "0x180070020",
        "web01",
        "5 days",
        "2026-03-02",
        "IDispatch error #",
        "IDispatch error #99999",
        "0x80070020, and more",
        "--5",
        "99999999999999999999999",
        "e0d09432-a320-44cc-8a12-e1300549b99d",
        "0x00000001800705200",
    };
    uint32_t code;

    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        code = 0xDEAD;
        if (!code_parse(good[i].text, &code))
            fail_msg("not understood: %s", good[i].text);
        assert_int_equal(code, good[i].code);
    }
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        if (code_parse(bad[i], &code))
            fail_msg("taken for a code: %s", bad[i]);
}

static void test_codes_in_running_text(void **state)
{
    static const struct {
        const char *text;
        uint32_t code;
    } good[] = {
        {"used by another process. (0x80070020).", 0x80070020},
        {"'VssSyncStart' operation failed: IDispatch error #8449 (0x80042301)", 0x80042301},
        {"operation failed: IDispatch error #8449", 0x80042301},
        {"0x800423f4, The writer experienced a non-transient error.", 0x800423F4},
        {"hr = 0x800401fb, CoCreateInstance", 0x800401FB},
        {"0x1c at 0x7ffe0042 \x25%2164261121", 0x7FFE0042},
        {"0x1c %%2164261121", 0x81000101},
        {"hr=0xFFFFFFFF80070005", 0x80070005},
    };
    static const char *const bad[] = {
        "", "0x1c", "12345678 of 2147943727", "100%%", "0x1234567", "0x123456789", "IDispatch"};
    uint32_t code;

    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        if (!code_find(good[i].text, &code))
            fail_msg("not found: %s", good[i].text);
        assert_int_equal(code, good[i].code);
    }
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        if (code_find(bad[i], &code))
            fail_msg("found 0x%x in: %s", code, bad[i]);
}

static void test_lookup(void **state)
{
    char text[CODE_TEXT_SIZE];

    assert_string_equal(code_lookup(0x8007052F)->symbol, "ERROR_ACCOUNT_RESTRICTION");
    assert_string_equal(code_lookup(1327)->symbol, "ERROR_ACCOUNT_RESTRICTION");
    assert_string_equal(code_lookup(0xC007052F)->symbol, "ERROR_ACCOUNT_RESTRICTION");
    assert_string_equal(code_lookup(0xC03A000E)->symbol, "ERROR_VHD_CHILD_PARENT_ID_MISMATCH");
    assert_string_equal(code_lookup(0x800423F4)->symbol, "VSS_E_WRITERERROR_NONRETRYABLE");
    assert_string_equal(code_lookup(0xC000000E)->symbol, "STATUS_NO_SUCH_DEVICE");
    assert_null(code_lookup(2155348129)->symbol);
    assert_non_null(strstr(code_lookup(32775)->meaning, "state"));
    assert_null(code_lookup(0));
    assert_null(code_lookup(0x8007FFFF));
    assert_null(code_lookup(UINT32_MAX));
    assert_string_equal(code_format(0x8007052F, text), "0x8007052f");
    assert_string_equal(code_format(5, text), "0x00000005");
}

/* The search relies on the order; the report on texts that are sentences without full stop. */
static void test_the_table_is_sound(void **state)
{
    for (size_t i = 0; i < code_table_count; i++) {
        const struct code_info *row = &code_table[i];
        if (i > 0)
            assert_true(row->code > code_table[i - 1].code);
        assert_ptr_equal(code_lookup(row->code), row);
        assert_non_null(row->meaning);
        const char *const texts[] = {row->meaning, row->cause, row->remedy};
        for (size_t t = 0; t < ARRAY_SIZE(texts); t++)
            if (texts[t])
                assert_true(*texts[t] && texts[t][strlen(texts[t]) - 1] != '.');
    }
    for (uint32_t code = 0xC03A0001; code <= 0xC03A002A; code++) /* no gap among the VHD codes */
        assert_non_null(code_lookup(code));
}

/* Everything that is met around checkpoints, merges, virtual disks and shadow copies. */
static void test_the_field_is_covered(void **state)
{
    static const struct {
        uint32_t first, last;
    } ranges[] = {
        {0xC03A0001, 0xC03A002A}, /* virtual disks */
        {0x80042301, 0x80042304}, /* VSS */
        {0x80042306, 0x80042308},
        {0x8004230C, 0x80042319},
        {0x8004231A, 0x8004231B},
        {0x8004231D, 0x8004232F},
        {0x800423F0, 0x800423FF},
        {32768, 32773}, /* methods of WMI */
    };
    static const uint32_t single[] = {
        0xC03A0030, 0x803A0001, 0x80042336, 0x80042400, 0x80042409,
        /* Win32 */
        0x80070002, 0x80070003, 0x80070005, 0x8007000D, 0x8007000E, 0x800705AA, 0x80070015,
        0x80070017, 0x80070018, 0x8007045D, 0x80070020, 0x80070032, 0x80070035, 0x80070043,
        0x80070037, 0x80070050, 0x80070057, 0x80070070, 0x80070079, 0x800705B4, 0x8007007B,
        0x80070490, 0x80070299, 0x800703E3, 0x800703EE, 0x800704C8, 0x8007052F, 0x80070569,
        0x80070570, 0x800706BA, 0x800706BE, 0x80070422, 0x80071392, 0x8000FFFF, 0x80004005,
        0x80004002, 0x80040154, 0x800401FB,
        /* Windows Server Backup, shared protection points, forks, NTSTATUS */
        0x80780021, 0x807800A1, 0x81000101, 0x80048102, 0x800480BD, 0x800480BC, 0xC000000E,
        0xC0000043, 0xC000007F, 0xC0000022, 0xC0000034, 0xC00000B5, 0xC0000185, 0xC000026E,
        0xC000009A, 0xC0000427, 0xC0000098, 32775,
    };

    for (size_t i = 0; i < ARRAY_SIZE(ranges); i++)
        for (uint32_t code = ranges[i].first; code <= ranges[i].last; code++)
            if (!code_lookup(code) && code != 0x8004231C)
                fail_msg("0x%08x is not in the table", code);
    for (size_t i = 0; i < ARRAY_SIZE(single); i++)
        if (!code_lookup(single[i]))
            fail_msg("0x%08x is not in the table", single[i]);
}

static void test_explained(void **state)
{
    static const struct {
        uint32_t code;
        const char *says;
    } cases[] = {
        {0x8007052F, "0x8007052f ERROR_ACCOUNT_RESTRICTION: "},
        {0x8007052F, "; likely cause: "},
        {0x8007052F, "; first remedy: "},
        {0x807800A1, "0x807800a1: "},
        {0x12345678, "0x12345678: not in our table"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char *text = code_explain(cases[i].code);
        assert_non_null(text);
        if (!strstr(text, cases[i].says))
            fail_msg("%s does not say: %s", text, cases[i].says);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_written_form),
        cmocka_unit_test(test_codes_in_running_text),
        cmocka_unit_test(test_lookup),
        cmocka_unit_test(test_the_table_is_sound),
        cmocka_unit_test(test_the_field_is_covered),
        cmocka_unit_test(test_explained),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

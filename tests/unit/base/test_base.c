/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "../testing.h"

#include "base/checked.h"
#include "base/crc.h"
#include "base/guid.h"
#include "base/notes.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "base/vector.h"
#include "base/when.h"
#include "base/zone.h"

#include <stdlib.h>
#include <string.h>

static void test_crc(void **state)
{
    char text[] = "123456789";
    char hole[] = "12\x01\x02\x03\x04"
                  "789012345";
    char zero[] = "12\0\0\0\0"
                  "789012345";

    assert_int_equal(crc32c(0, text, 9), 0xE3069283u);
    assert_int_equal(crc32c(crc32c(0, text, 4), text + 4, 5), 0xE3069283u);
    assert_int_equal(crc32_zeroed(text, 9, 9), 0xCBF43926u);
    assert_int_equal(crc32c_zeroed(hole, 15, 2), crc32c(0, zero, 15));
    assert_int_equal(crc32_zeroed(hole, 15, 2), crc32_zeroed(zero, 15, 15));
}

static void test_guid(void **state)
{
    const char *text = "2dc27766-f623-4200-9d64-115e9bfd4a08";
    const uint8_t disk[16] = {0x66, 0x77, 0xC2, 0x2D, 0x23, 0xF6, 0x00, 0x42,
                              0x9D, 0x64, 0x11, 0x5E, 0x9B, 0xFD, 0x4A, 0x08};
    struct guid guid = guid_from_le(disk), parsed;
    char out[GUID_TEXT_SIZE];
    uint8_t back[16];

    assert_string_equal(guid_format(&guid, out), text);
    assert_true(guid_parse_string("{2DC27766-F623-4200-9D64-115E9BFD4A08}", &parsed));
    assert_true(guid_equal(&guid, &parsed));
    guid_to_le(&guid, back);
    assert_memory_equal(back, disk, 16);
    assert_false(guid_parse_string("2dc27766-f623-4200-9d64-115e9bfd4a0", &parsed));
    assert_false(guid_parse_string("{2dc27766-f623-4200-9d64-115e9bfd4a08", &parsed));
    assert_false(guid_parse_string("2dc27766xf623-4200-9d64-115e9bfd4a08", &parsed));
}

static void test_text(void **state)
{
    const uint8_t utf16[] = {'a', 0, 0xE4, 0, 0x3D, 0xD8, 0x00, 0xDE, 0, 0, 0, 0};
    const uint8_t bad[] = {'a', 0, 0x00, 0xD8, 'b', 0};
    bool valid;
    char *text = text_from_utf16le(utf16, sizeof(utf16), &valid);

    assert_true(valid);
    assert_string_equal(text, "aä😀");
    size_t bytes;
    uint8_t *back = text_to_utf16le(text, &bytes);
    assert_int_equal(bytes, 8);
    assert_memory_equal(back, utf16, 8);
    free(back);
    free(text);

    text = text_from_utf16le(bad, sizeof(bad), &valid);
    assert_false(valid);
    assert_string_equal(text, "a\xEF\xBF\xBD"
                              "b");
    free(text);

    text = text_printable("a\xFF\n\xC3\xA4");
    assert_string_equal(text, "a\\xFF\\x0A\xC3\xA4");
    free(text);
    text = text_printable("a\u202Excod.\u2066\xC2\x9B\x7F");
    assert_string_equal(text, "a\\u202Excod.\\u2066\\x9B\\x7F");
    free(text);
    assert_int_equal(text_compare_folded("Ärger.VHDX", "äRGER.vhdx"), 0);
    assert_true(text_compare_folded("a", "ab") < 0);
    assert_int_equal(text_width("日本a"), 5);
}

static void test_text_encoding(void **state)
{
    static const struct {
        const char *bytes;
        size_t size;
        enum text_encoding encoding;
        size_t mark;
    } cases[] = {
        {"\xEF\xBB\xBF{", 4, TEXT_UTF8, 3}, {"\xFF\xFE{\0", 4, TEXT_UTF16LE, 2},
        {"\xFE\xFF\0{", 4, TEXT_UTF16BE, 2}, {"{\0\"\0", 4, TEXT_UTF16LE, 0},
        {"\0{\0\"", 4, TEXT_UTF16BE, 0},     {"{}", 2, TEXT_UTF8, 0},
        {"\0\0", 2, TEXT_UTF8, 0},           {"{", 1, TEXT_UTF8, 0},
        {"", 0, TEXT_UTF8, 0},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        size_t mark;
        assert_int_equal(text_detect(cases[i].bytes, cases[i].size, &mark), cases[i].encoding);
        assert_int_equal(mark, cases[i].mark);
    }
}

static void test_when(void **state)
{
    char text[WHEN_TEXT_SIZE];
    struct timespec t = {1700000000, 123456789};

    assert_string_equal(when_format(when_from_timespec(t), WHEN_FILETIME, text),
                        "2023-11-14T22:13:20.1234567Z");
    assert_string_equal(when_format(when_from_timespec(t), WHEN_MILLISECONDS, text),
                        "2023-11-14T22:13:20.123Z");
    assert_string_equal(when_format(when_from_vhd(1), WHEN_SECONDS, text), "2000-01-01T00:00:01Z");
    assert_string_equal(when_format(0, WHEN_SECONDS, text), "");
    assert_string_equal(when_format(UINT64_MAX, WHEN_SECONDS, text), "");
}

/* Local times and what they are in UTC, around the days on which clocks are changed. */
static void test_zone(void **state)
{
    static const struct time_zone tokyo = {.bias = -540};
    static const struct time_zone berlin = {-60, 0, -60, {10, 5, 0, 3, 0, 0}, {3, 5, 0, 2, 0, 0}};
    static const struct time_zone new_york = {300, 0, -60, {11, 1, 0, 2, 0, 0}, {3, 2, 0, 2, 0, 0}};
    static const struct time_zone sydney = {-600, 0, -60, {4, 1, 0, 3, 0, 0}, {10, 1, 0, 2, 0, 0}};
    static const struct time_zone absurd = {60, 30, -60, {13, 9, 9, 99, 99, 99}, {3, 5, 0, 2, 0, 0}};
    static const struct {
        const struct time_zone *zone;
        const char *local, *utc;
    } cases[] = {
        {&tokyo, "2026-07-01T09:00:00", "2026-07-01T00:00:00Z"},
        {&berlin, "2026-03-29T01:59:59", "2026-03-29T00:59:59Z"},
        {&berlin, "2026-03-29T03:00:00", "2026-03-29T01:00:00Z"},
        {&berlin, "2026-10-25T02:59:59", "2026-10-25T00:59:59Z"},
        {&berlin, "2026-10-25T03:00:00", "2026-10-25T02:00:00Z"},
        {&berlin, "2026-01-01T00:30:00", "2025-12-31T23:30:00Z"},
        {&new_york, "2026-03-08T01:00:00", "2026-03-08T06:00:00Z"},
        {&new_york, "2026-03-08T03:00:00", "2026-03-08T07:00:00Z"},
        {&new_york, "2026-11-01T12:00:00", "2026-11-01T17:00:00Z"},
        {&sydney, "2026-01-15T11:00:00", "2026-01-15T00:00:00Z"},
        {&sydney, "2026-07-15T10:00:00", "2026-07-15T00:00:00Z"},
        {&sydney, "2026-12-31T11:00:00", "2026-12-31T00:00:00Z"},
        {&absurd, "2026-07-01T00:00:00", "2026-07-01T01:30:00Z"},
    };
    char text[WHEN_TEXT_SIZE];

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        filetime local = when_parse(cases[i].local, NULL, NULL);
        assert_string_equal(when_format(zone_to_utc(cases[i].zone, local), WHEN_SECONDS, text),
                            cases[i].utc);
    }
    assert_int_equal(zone_to_utc(&tokyo, 0), 0);
    assert_int_equal(zone_to_utc(&tokyo, 1), 0); /* before 1601 */
    assert_int_equal(zone_to_utc(&tokyo, UINT64_MAX), 0);
}

static void test_when_parse(void **state)
{
    static const struct {
        const char *text, *printed, *rest;
        bool local;
    } good[] = {
        {"2010-10-10T22:53:31.077Z", "2010-10-10T22:53:31.0770000Z", "", false},
        {"2017-11-21T10:57:53.874847399Z x", "2017-11-21T10:57:53.8748473Z", " x", false},
        {"2019-04-15 00:05:05 avhypervvss", "2019-04-15T00:05:05.0000000Z", " avhypervvss", true},
        {"2019-04-15T00:05:05,5+09:00", "2019-04-14T15:05:05.5000000Z", "", false},
        {"2000-02-29T23:59:59.-0130", "2000-02-29T23:59:59.0000000Z", ".-0130", true},
        {"1601-01-01T00:00:01Z", "1601-01-01T00:00:01.0000000Z", "", false},
        {"9999-12-31T23:59:59-0000", "9999-12-31T23:59:59.0000000Z", "", false},
    };
    static const char *const bad[] = {
        "",           "2010-10-10",           "2010-10-10T22:53",      "1900-02-29T00:00:00Z",
        "2010-13-01T00:00:00Z", "2010-00-01T00:00:00Z", "2010-01-01T24:00:00Z",
        "1600-01-01T00:00:00Z", "1601-01-01T00:00:00+01:00",
    };
    char text[WHEN_TEXT_SIZE];
    const char *end;
    bool local;

    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        filetime t = when_parse(good[i].text, &end, &local);
        assert_string_equal(when_format(t, WHEN_FILETIME, text), good[i].printed);
        assert_string_equal(end, good[i].rest);
        assert_int_equal(local, good[i].local);
    }
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_int_equal(when_parse(bad[i], NULL, NULL), 0);
    assert_int_equal(when_from_date(1970, 1, 1, 0, 0, 0, 0),
                     when_from_timespec((struct timespec){0}));
}

static void test_notes_are_bounded(void **state)
{
    struct notes notes = {0};

    for (int i = 0; i < NOTES_MAX + 10; i++)
        notes_add(&notes, SEVERITY_WARNING, "RULE", (uint64_t)i, "number %d", i);
    assert_int_equal(notes.count, NOTES_MAX);
    assert_int_equal(notes.dropped, 10);
    assert_int_equal(notes_worst(&notes), SEVERITY_WARNING);
    assert_true(notes_has(&notes, "RULE"));
    assert_false(notes_has(&notes, "OTHER"));
    assert_int_equal(notes_worst_since(&notes, 0), SEVERITY_WARNING);
    assert_int_equal(notes_worst_since(&notes, NOTES_MAX), SEVERITY_OK);
    notes_free(&notes);
    notes_add(NULL, SEVERITY_INFO, "RULE", 0, "nobody listens");
}

/* What PowerShell takes for the end of a quoted text ends none of ours. */
static void test_quoted(void **state)
{
    static const char *const pairs[][2] = {
        {"", "''"},
        {"a b", "'a b'"},
        {"it's", "'it''s'"},
        {"\xE2\x80\x98x\xE2\x80\x9B", "'\xE2\x80\x98\xE2\x80\x98x\xE2\x80\x9B\xE2\x80\x9B'"},
        {"\xE2\x80\x9C", "'\xE2\x80\x9C'"}, /* a double mark ends nothing */
        {"\xE2\x80", "'\xE2\x80'"},
        {"$x`n", "'$x`n'"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
        struct strbuf s = {0};
        strbuf_append_quoted(&s, pairs[i][0]);
        assert_string_equal(strbuf_text(&s), pairs[i][1]);
        strbuf_free(&s);
    }
}

static void test_filled(void **state)
{
    static const struct text_value values[] = {{"a", "1"}, {"ab", "it's {a}"}, {NULL, NULL}};
    char *text = string_fill("{a}{ab} {b} {a {} }", values, false);

    assert_string_equal(text, "1it's {a} {b} {a {} }");
    free(text);
    text = string_fill("x {ab}", values, true);
    assert_string_equal(text, "x 'it''s {a}'");
    free(text);
}

static void test_vector_and_strbuf(void **state)
{
    VECTOR(int) numbers = {0};
    struct strbuf s = {0};

    for (int i = 0; i < 1000; i++)
        *vector_push(&numbers) = i;
    assert_int_equal(numbers.items[999], 999);
    vector_free(&numbers);

    assert_string_equal(strbuf_text(&s), "");
    strbuf_printf(&s, "%s-%d", "a", 7);
    strbuf_append_char(&s, '!');
    char *text = strbuf_steal(&s);
    assert_string_equal(text, "a-7!");
    free(text);
    text = strbuf_steal(&s);
    assert_string_equal(text, "");
    free(text);
}

static void test_arithmetic(void **state)
{
    assert_true(range_fits(0, 10, 10));
    assert_false(range_fits(1, 10, 10));
    assert_false(range_fits(UINT64_MAX, 1, 10));
    assert_true(range_fits(10, 0, 10));
    assert_int_equal(div_round_up(UINT64_MAX, 2), UINT64_MAX / 2 + 1);
    assert_true(is_power_of_two(1u << 20));
    assert_false(is_power_of_two(0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_crc),
        cmocka_unit_test(test_guid),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_text_encoding),
        cmocka_unit_test(test_when),
        cmocka_unit_test(test_when_parse),
        cmocka_unit_test(test_zone),
        cmocka_unit_test(test_notes_are_bounded),
        cmocka_unit_test(test_vector_and_strbuf),
        cmocka_unit_test(test_quoted),
        cmocka_unit_test(test_filled),
        cmocka_unit_test(test_arithmetic),
    };

    return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}

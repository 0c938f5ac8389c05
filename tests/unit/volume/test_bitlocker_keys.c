/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Recovery keys and passwords in all the texts that people keep them in. */
#include "../testing.h"

#include "base/checked.h"
#include "base/text.h"
#include "volume/bitlocker_keys.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define KEY    "471207-278498-422125-177177-561902-537405-468006-693451"
#define SECOND "000011-000022-000033-000044-000055-000066-000077-720885"
#define ID     "0F1E2D3C-4B5A-6978-8796-A5B4C3D2E1F0"

static int add(struct bitlocker_keys *keys, const char *text, size_t *line)
{
    return bitlocker_keys_add_recovery(keys, text, strlen(text), line);
}

static void test_forms(void **state)
{
    static const struct {
        const char *text;
        int count;
    } cases[] = {
        {KEY, 1},
        {KEY "\n" SECOND "\n", 2},
        {"\r\n# " SECOND "\r\n\r\n  " KEY "  \r\n", 1},
        {"key of D: " KEY ", of E: " SECOND ".", 2},
        {"471207278498422125177177561902537405468006693451", 1},
        {"471207 278498 422125 177177 561902 537405 468006 693451", 1},
        {"", 0},
        {"no key here: 12345", 0},
        {"471207-278498-422125-177177-561902-537405-468006", 0}, /* seven groups */
        {"1" KEY, 0},                                            /* a longer number */
        {KEY "1", 0},
        {"471207--278498-422125-177177-561902-537405-468006-693451", 0},
        {"47120-7278498-422125-177177-561902-537405-468006-693451", 0},
    };
    size_t line;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct bitlocker_keys keys = {0};
        int count = add(&keys, cases[i].text, &line);
        if (count != cases[i].count)
            fail_msg("case %zu: %d keys", i, count);
        assert_int_equal(keys.list.count, count);
        if (count == 1)
            assert_string_equal(keys.list.items[0].text, KEY);
        bitlocker_keys_free(&keys);
        assert_int_equal(keys.list.count, 0);
    }
}

static void test_mistyped(void **state)
{
    static const char *const texts[] = {
        "one\ntwo "
        "471208-278498-422125-177177-561902-537405-468006-693451",
        "# x\r\n"
        "720896-278498-422125-177177-561902-537405-468006-693451", /* 17 bits */
    };
    struct bitlocker_keys keys = {0};
    size_t line;

    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        assert_int_equal(add(&keys, texts[i], &line), -EINVAL);
        assert_int_equal(line, 2);
        assert_int_equal(keys.list.count, 0);
    }
    bitlocker_keys_free(&keys);
}

/* What stands before a key is the identifier of its protector, until the next key. */
static void test_identifiers(void **state)
{
    static const char text[] = "BitLocker Drive Encryption recovery key \r\n\r\n"
                               "Identifier:\r\n\r\n\t" ID "\r\n\r\n"
                               "Recovery Key:\r\n\r\n\t" KEY "\r\n\r\n"
                               "If the identifier is another one, so is the key.\r\n";
    static const char manage[] = "    Numerical Password:\n      ID: {" ID "}\n      Password:\n"
                                 "        " KEY "\n" SECOND "\n";
    struct bitlocker_keys keys = {0};
    struct guid id;
    size_t size, line;
    uint8_t *utf16 = text_to_utf16le(text, &size);
    uint8_t *file = malloc(size + 2);

    assert_true(guid_parse_string(ID, &id));
    memcpy(file, "\xFF\xFE", 2);
    memcpy(file + 2, utf16, size);
    assert_int_equal(bitlocker_keys_add_recovery(&keys, file, size + 2, &line), 1);
    for (size_t i = 0; i < size + 2; i += 2) { /* the other byte order */
        uint8_t first = file[i];
        file[i] = file[i + 1];
        file[i + 1] = first;
    }
    assert_int_equal(bitlocker_keys_add_recovery(&keys, file, size + 2, &line), 1);
    assert_int_equal(bitlocker_keys_add_recovery(&keys, file, size + 1, &line), 1); /* cut */
    assert_int_equal(add(&keys, manage, &line), 2);
    for (size_t i = 0; i < 4; i++) {
        assert_string_equal(keys.list.items[i].text, KEY);
        assert_int_equal(keys.list.items[i].protection, BITLOCKER_RECOVERY_KEY);
        assert_true(guid_equal(&keys.list.items[i].id, &id));
    }
    assert_true(guid_is_zero(&keys.list.items[4].id));
    bitlocker_keys_free(&keys);
    free(utf16);
    free(file);
}

static void test_passwords(void **state)
{
    static const char text[] = "\xEF\xBB\xBF# of the hosts\n\n secret \r\nG\xC3\xA4nse#\r\nlast";
    static const char *const expected[] = {" secret ", "G\xC3\xA4nse#", "last", "#typed"};
    struct bitlocker_keys keys = {0};
    size_t line;

    assert_int_equal(bitlocker_keys_add_passwords(&keys, text, strlen(text), &line), 3);
    assert_int_equal(bitlocker_keys_add_password(&keys, "#typed", 6), 1);
    assert_int_equal(bitlocker_keys_add_password(&keys, "", 0), 0);
    for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
        assert_string_equal(keys.list.items[i].text, expected[i]);
        assert_int_equal(keys.list.items[i].protection, BITLOCKER_PASSWORD);
    }
    assert_int_equal(keys.list.count, ARRAY_SIZE(expected));
    bitlocker_keys_free(&keys);
}

static void test_limits(void **state)
{
    struct bitlocker_keys keys = {0};
    char *text = malloc(BITLOCKER_KEY_TEXT_MAX + 1);
    size_t line;

    memset(text, 'x', BITLOCKER_KEY_TEXT_MAX + 1);
    assert_int_equal(bitlocker_keys_add_recovery(&keys, text, BITLOCKER_KEY_TEXT_MAX + 1, &line),
                     -EFBIG);
    assert_int_equal(bitlocker_keys_add_recovery(&keys, text, BITLOCKER_KEY_TEXT_MAX, &line), 0);
    assert_int_equal(bitlocker_keys_add_passwords(&keys, text, 5000, &line), -EINVAL);
    assert_int_equal(line, 1);
    for (size_t i = 0; i <= BITLOCKER_KEYS_MAX; i++)
        memcpy(text + 2 * i, "x\n", 2);
    assert_int_equal(bitlocker_keys_add_passwords(&keys, text, 2 * (BITLOCKER_KEYS_MAX + 1), &line),
                     -EFBIG);
    assert_int_equal(keys.list.count, BITLOCKER_KEYS_MAX);
    bitlocker_keys_free(&keys);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),       cmocka_unit_test(test_mistyped),
        cmocka_unit_test(test_identifiers), cmocka_unit_test(test_passwords),
        cmocka_unit_test(test_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

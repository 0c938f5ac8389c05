/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "event/codes.h"

#include "base/checked.h"
#include "base/strbuf.h"
#include "event/codes_table.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- looking up ---- */

static int compare_codes(const void *key, const void *row)
{
    uint32_t a = *(const uint32_t *)key, b = ((const struct code_info *)row)->code;

    return (a > b) - (a < b);
}

static const struct code_info *find(uint32_t code)
{
    return bsearch(&code, code_table, code_table_count, sizeof(code_table[0]), compare_codes);
}

#define FACILITY_WIN32   0x80070000u /* HRESULT_FROM_WIN32() */
#define FACILITY_NTWIN32 0xC0070000u

const struct code_info *code_lookup(uint32_t code)
{
    const struct code_info *info = find(code);
    uint32_t high = code & 0xFFFF0000u;

    if (!info && code != 0 && (high == 0 || high == FACILITY_NTWIN32))
        info = find(FACILITY_WIN32 | (code & 0xFFFF));
    return info;
}

char *code_explain(uint32_t code)
{
    const struct code_info *info = code_lookup(code);
    char number[CODE_TEXT_SIZE];

    code_format(code, number);
    if (!info)
        return string_printf("%s: not in our table", number);
    return string_printf("%s%s%s: %s%s%s%s%s", number, info->symbol ? " " : "",
                         info->symbol ? info->symbol : "", info->meaning,
                         info->cause ? "; likely cause: " : "", info->cause ? info->cause : "",
                         info->remedy ? "; first remedy: " : "",
                         info->remedy ? info->remedy : "");
}

/* ---- parsing ---- */

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Reads what is a code at the beginning of text; *end is set behind it. */
typedef bool code_form(const char *text, const char **end, uint32_t *code);

static bool read_digits(const char *text, const char **end, int base, int64_t *value)
{
    char *stop;

    errno = 0;
    *value = strtoll(text, &stop, base);
    *end = stop;
    return errno == 0 && stop > text;
}

static size_t count_hex(const char *text)
{
    size_t n = 0;

    while (is_hex(text[n]))
        n++;
    return n;
}

/* Programs of 64 bits print a negative result with sixteen digits, of which eight are f. */
static bool hex_form(const char *text, const char **end, uint32_t *code)
{
    size_t digits = text[0] == '0' && (text[1] | 0x20) == 'x' ? count_hex(text + 2) : 0;

    if (digits < 1 || digits > 16)
        return false;
    uint64_t value = strtoull(text + 2, NULL, 16);
    uint32_t high = (uint32_t)(value >> 32);
    if (high != 0 && high != UINT32_MAX)
        return false;
    *code = (uint32_t)value;
    *end = text + 2 + digits;
    return true;
}

static bool message_form(const char *text, const char **end, uint32_t *code)
{
    int64_t value;

    if (strncmp(text, "%%", 2) != 0 ||
        !(is_digit(text[2]) || (text[2] == '-' && is_digit(text[3]))) ||
        !read_digits(text + 2, end, 10, &value) || value < INT32_MIN || value > UINT32_MAX)
        return false;
    *code = (uint32_t)value;
    return true;
}

/* COM's WCode: what is left of an HRESULT of the interface facility above 0x80040200. */
static bool dispatch_form(const char *text, const char **end, uint32_t *code)
{
    static const char head[] = "IDispatch error #";
    int64_t value;

    if (strncasecmp(text, head, strlen(head)) != 0 || !is_digit(text[strlen(head)]) ||
        !read_digits(text + strlen(head), end, 10, &value) || value > 0xFDFF)
        return false;
    *code = 0x80040200u + (uint32_t)value;
    return true;
}

/* Eight hexadecimal digits: no decimal number with a meaning here has just eight. */
static bool bare_hex_form(const char *text, const char **end, uint32_t *code)
{
    if (count_hex(text) != 8)
        return false;
    *code = (uint32_t)strtoul(text, NULL, 16);
    *end = text + 8;
    return true;
}

static bool decimal_form(const char *text, const char **end, uint32_t *code)
{
    int64_t value;

    if (!(is_digit(text[0]) || (text[0] == '-' && is_digit(text[1]))) ||
        !read_digits(text, end, 10, &value) || value < INT32_MIN || value > UINT32_MAX)
        return false;
    *code = (uint32_t)value;
    return true;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool code_parse(const char *text, uint32_t *code)
{
    static code_form *const forms[] = {hex_form, message_form, dispatch_form, bare_hex_form,
                                       decimal_form};
    const char *end = text;

    while (is_blank(*text))
        text++;
    for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
        uint32_t value;
        if (!forms[i](text, &end, &value))
            continue;
        while (is_blank(*end))
            end++;
        if (*end != '\0')
            continue;
        *code = value;
        return true;
    }
    return false;
}

/* In running text a number of fewer digits is a count, an address, anything. */
static bool full_hex_form(const char *text, const char **end, uint32_t *code)
{
    return hex_form(text, end, code) && (*end - text == 10 || *end - text == 18);
}

const char *code_find(const char *text, uint32_t *code)
{
    static code_form *const forms[] = {full_hex_form, message_form, dispatch_form};
    const char *end;

    for (; *text; text++) {
        if (*text != '0' && *text != '%' && (*text | 0x20) != 'i')
            continue;
        for (size_t i = 0; i < ARRAY_SIZE(forms); i++)
            if (forms[i](text, &end, code))
                return end;
    }
    return NULL;
}

char *code_format(uint32_t code, char text[CODE_TEXT_SIZE])
{
    snprintf(text, CODE_TEXT_SIZE, "0x%08x", code);
    return text;
}

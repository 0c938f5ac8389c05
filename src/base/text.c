/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "base/text.h"

#include "base/bytes.h"
#include "base/checked.h"
#include "base/strbuf.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#define REPLACEMENT 0xFFFD

static void append_code_point(struct strbuf *s, utf8proc_int32_t c)
{
    utf8proc_uint8_t utf8[4];

    strbuf_append_bytes(s, utf8, (size_t)utf8proc_encode_char(c, utf8));
}

typedef uint16_t unit_loader(const void *);

static inline size_t convert_utf16(char *out, const uint8_t *p, size_t bytes, bool *valid,
                                   unit_loader *load)
{
    char *o = out;
    size_t units = bytes / 2;
    bool ok = true;

    while (units > 0 && load(p + 2 * (units - 1)) == 0)
        units--;
    for (size_t i = 0; i < units; i++) {
        utf8proc_int32_t c = load(p + 2 * i);
        if (c > 0 && c < 0x80) {
            *o++ = (char)c;
            continue;
        }
        if (c >= 0xD800 && c < 0xDC00 && i + 1 < units) {
            uint16_t low = load(p + 2 * (i + 1));
            if (low >= 0xDC00 && low < 0xE000) {
                c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
                i++;
            }
        }
        if (c == 0 || (c >= 0xD800 && c < 0xE000)) {
            c = REPLACEMENT;
            ok = false;
        }
        o += utf8proc_encode_char(c, (utf8proc_uint8_t *)o);
    }
    *o = '\0';
    if (valid)
        *valid = ok;
    return (size_t)(o - out);
}

size_t text_from_utf16le_into(char *out, const void *text, size_t bytes, bool *valid)
{
    return convert_utf16(out, text, bytes, valid, load_le16);
}

static char *from_utf16(const void *text, size_t bytes, bool *valid, unit_loader *load)
{
    char *out = malloc(TEXT_UTF8_MAX(bytes));

    if (!out)
        return NULL;
    size_t length = convert_utf16(out, text, bytes, valid, load);
    char *fitted = realloc(out, length + 1);
    return fitted ? fitted : out;
}

char *text_from_utf16le(const void *text, size_t bytes, bool *valid)
{
    return from_utf16(text, bytes, valid, load_le16);
}

char *text_from_utf16be(const void *text, size_t bytes, bool *valid)
{
    return from_utf16(text, bytes, valid, load_be16);
}

enum text_encoding text_detect(const void *bytes, size_t size, size_t *mark)
{
    const uint8_t *b = bytes;

    *mark = 0;
    if (size >= 3 && memcmp(b, "\xEF\xBB\xBF", 3) == 0)
        *mark = 3;
    else if (size >= 2 && (memcmp(b, "\xFF\xFE", 2) == 0 || memcmp(b, "\xFE\xFF", 2) == 0))
        *mark = 2;
    if (*mark == 2)
        return b[0] == 0xFF ? TEXT_UTF16LE : TEXT_UTF16BE;
    if (*mark == 0 && size >= 2 && (b[0] == 0) != (b[1] == 0))
        return b[1] == 0 ? TEXT_UTF16LE : TEXT_UTF16BE;
    return TEXT_UTF8;
}

int32_t text_next(const char *text, size_t left, size_t *length)
{
    utf8proc_int32_t c;
    utf8proc_ssize_t n =
        utf8proc_iterate((const utf8proc_uint8_t *)text, (utf8proc_ssize_t)left, &c);

    *length = n > 0 ? (size_t)n : 1;
    return n > 0 ? c : -1;
}

static void append_le16(struct strbuf *s, uint16_t unit)
{
    uint8_t b[2];

    store_le16(b, unit);
    strbuf_append_bytes(s, b, 2);
}

void *text_to_utf16le(const char *text, size_t *bytes)
{
    struct strbuf out = {0};
    size_t left = strlen(text), n;

    for (; left > 0; text += n, left -= n) {
        utf8proc_int32_t c = text_next(text, left, &n);
        if (c < 0)
            c = REPLACEMENT;
        if (c >= 0x10000) {
            append_le16(&out, (uint16_t)(0xD800 + ((c - 0x10000) >> 10)));
            append_le16(&out, (uint16_t)(0xDC00 + ((c - 0x10000) & 0x3FF)));
        } else {
            append_le16(&out, (uint16_t)c);
        }
    }
    *bytes = out.length;
    return strbuf_steal(&out);
}

bool text_is_control(int32_t c)
{
    /* C0, DEL and C1; Unicode's line breaks and explicit bidirectional formatting (UAX #9, 2.1 to
     * 2.6); the invisible byte order mark. */
    static const struct {
        int32_t first, last;
    } ranges[] = {{0x00, 0x1F},     {0x7F, 0x9F},     {0x61C, 0x61C},  {0x200E, 0x200F},
                  {0x2028, 0x202E}, {0x2066, 0x2069}, {0xFEFF, 0xFEFF}};

    for (size_t i = 0; i < ARRAY_SIZE(ranges); i++)
        if (c >= ranges[i].first && c <= ranges[i].last)
            return true;
    return false;
}

static char *escape(const char *text, bool controls)
{
    struct strbuf out = {0};
    size_t left = strlen(text), n;

    for (; left > 0; text += n, left -= n) {
        utf8proc_int32_t c = text_next(text, left, &n);
        if (c < 0)
            strbuf_printf(&out, "\\x%02X", (uint8_t)*text);
        else if (controls && text_is_control(c))
            strbuf_printf(&out, c < 0x100 ? "\\x%02X" : "\\u%04X", (unsigned)c);
        else
            strbuf_append_bytes(&out, text, n);
    }
    return strbuf_steal(&out);
}

char *text_printable(const char *text)
{
    return escape(text, true);
}

char *text_valid(const char *text)
{
    return escape(text, false);
}

bool text_is_valid(const char *text, size_t length)
{
    size_t n;

    for (; length > 0; text += n, length -= n)
        if (text_next(text, length, &n) < 0)
            return false;
    return true;
}

char *text_fold(const char *text)
{
    struct strbuf out = {0};
    size_t left = strlen(text), n;

    for (; left > 0; text += n, left -= n) {
        utf8proc_int32_t c = text_next(text, left, &n);
        if (c < 0)
            strbuf_append_bytes(&out, text, 1);
        else
            append_code_point(&out, utf8proc_toupper(c));
    }
    return strbuf_steal(&out);
}

int text_compare_folded(const char *a, const char *b)
{
    size_t left_a = strlen(a), left_b = strlen(b), n;

    while (left_a > 0 && left_b > 0) {
        utf8proc_int32_t ca = text_next(a, left_a, &n);
        ca = ca < 0 ? (utf8proc_int32_t)(0x110000 + (uint8_t)*a) : utf8proc_toupper(ca);
        a += n;
        left_a -= n;
        utf8proc_int32_t cb = text_next(b, left_b, &n);
        cb = cb < 0 ? (utf8proc_int32_t)(0x110000 + (uint8_t)*b) : utf8proc_toupper(cb);
        b += n;
        left_b -= n;
        if (ca != cb)
            return ca < cb ? -1 : 1;
    }
    return (left_a > 0) - (left_b > 0);
}

size_t text_width(const char *text)
{
    size_t left = strlen(text), n, columns = 0;

    for (; left > 0; text += n, left -= n) {
        utf8proc_int32_t c = text_next(text, left, &n);
        int width = c < 0 ? 1 : utf8proc_charwidth(c);
        columns += width > 0 ? (size_t)width : 0;
    }
    return columns;
}

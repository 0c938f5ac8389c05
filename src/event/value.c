/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "event/value.h"

#include "base/bytes.h"
#include "base/checked.h"
#include "base/text.h"
#include "event/evtx_format.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the pool ---- */

int text_pool_init(struct text_pool *pool, size_t capacity)
{
    *pool = (struct text_pool){.bytes = malloc(capacity), .capacity = capacity};
    if (!pool->bytes)
        return -ENOMEM;
    text_pool_reset(pool);
    return 0;
}

void text_pool_free(struct text_pool *pool)
{
    free(pool->bytes);
}

void text_pool_reset(struct text_pool *pool)
{
    pool->used = 0;
    pool->full = false;
    pool->bytes[0] = '\0';
}

/* `used` is where the NUL of the string stands that is being made. */
const char *text_pool_begin(struct text_pool *pool)
{
    if (pool->full || pool->used + 1 >= pool->capacity) {
        pool->full = true;
        return "";
    }
    char *text = pool->bytes + ++pool->used;
    *text = '\0';
    return text;
}

static char *reserve(struct text_pool *pool, size_t length)
{
    if (pool->full || length >= pool->capacity - pool->used) {
        pool->full = true;
        return NULL;
    }
    return pool->bytes + pool->used;
}

static void commit(struct text_pool *pool, size_t length)
{
    pool->used += length;
    pool->bytes[pool->used] = '\0';
}

void text_pool_append(struct text_pool *pool, const char *text, size_t length)
{
    char *room = reserve(pool, length);

    if (!room)
        return;
    memcpy(room, text, length);
    commit(pool, length);
}

void text_pool_append_utf16(struct text_pool *pool, const uint8_t *text, size_t bytes)
{
    char *room = reserve(pool, TEXT_UTF8_MAX(bytes));

    if (room)
        commit(pool, text_from_utf16le_into(room, text, bytes, NULL));
}

/* ---- numbers ---- */

static uint64_t load_unsigned(const uint8_t *bytes, uint32_t size)
{
    switch (size) {
    case 1:
        return bytes[0];
    case 2:
        return load_le16(bytes);
    case 4:
        return load_le32(bytes);
    default:
        return load_le64(bytes);
    }
}

static int64_t load_signed(const uint8_t *bytes, uint32_t size)
{
    uint64_t value = load_unsigned(bytes, size);
    unsigned unused = 64 - 8 * size;

    return (int64_t)(value << unused) >> unused;
}

static bool is_integer(const struct xml_token *value)
{
    bool type = (value->type >= BINXML_INT8 && value->type <= BINXML_UINT64) ||
                value->type == BINXML_BOOL || value->type == BINXML_SIZE ||
                value->type == BINXML_HEX32 || value->type == BINXML_HEX64 ||
                value->type == BINXML_EVT_HANDLE;

    return type && (value->size == 1 || value->size == 2 || value->size == 4 || value->size == 8);
}

/* A string short enough to be a number, a GUID or a time; "" otherwise. */
#define SHORT_UNITS 64
static const char *short_string(const struct xml_token *value, char text[])
{
    text[0] = '\0';
    if (value->type == BINXML_STRING && value->size <= 2 * SHORT_UNITS)
        text_from_utf16le_into(text, value->bytes, value->size, NULL);
    return text;
}

bool value_number(const struct xml_token *value, uint64_t *number)
{
    char text[TEXT_UTF8_MAX(2 * SHORT_UNITS)], *end;

    if (is_integer(value)) {
        *number = load_unsigned(value->bytes, value->size);
        return true;
    }
    short_string(value, text);
    errno = 0;
    *number = strtoull(text, &end, text[0] == '0' && (text[1] | 0x20) == 'x' ? 16 : 10);
    return text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0;
}

bool value_guid(const struct xml_token *value, struct guid *guid)
{
    char text[TEXT_UTF8_MAX(2 * SHORT_UNITS)];

    if (value->type == BINXML_GUID && value->size == 16) {
        *guid = guid_from_le(value->bytes);
        return true;
    }
    return guid_parse_string(short_string(value, text), guid);
}

static filetime load_systemtime(const uint8_t *b)
{
    return when_from_date(load_le16(b), load_le16(b + 2), load_le16(b + 6), load_le16(b + 8),
                          load_le16(b + 10), load_le16(b + 12), load_le16(b + 14) * 10000u);
}

bool value_time(const struct xml_token *value, filetime *time)
{
    char text[TEXT_UTF8_MAX(2 * SHORT_UNITS)];

    if (value->type == BINXML_FILETIME && value->size == 8)
        *time = load_le64(value->bytes);
    else if (value->type == BINXML_SYSTEMTIME && value->size == 16)
        *time = load_systemtime(value->bytes);
    else
        *time = when_parse(short_string(value, text), NULL, NULL);
    return *time != 0;
}

/* ---- text ---- */

static void __attribute__((format(printf, 2, 3)))
append_format(struct text_pool *pool, const char *format, ...)
{
    char text[64];
    va_list ap;

    va_start(ap, format);
    int n = vsnprintf(text, sizeof(text), format, ap);
    va_end(ap);
    text_pool_append(pool, text, (size_t)n);
}

static void append_unsigned(struct text_pool *pool, uint64_t value)
{
    char digits[20], *p = digits + sizeof(digits);

    do
        *--p = (char)('0' + value % 10);
    while ((value /= 10) > 0);
    text_pool_append(pool, p, (size_t)(digits + sizeof(digits) - p));
}

static void append_integer(struct text_pool *pool, const struct xml_token *v)
{
    switch (v->type) {
    case BINXML_INT8:
    case BINXML_INT16:
    case BINXML_INT32:
    case BINXML_INT64:
        append_format(pool, "%" PRId64, load_signed(v->bytes, v->size));
        break;
    case BINXML_BOOL:
        append_format(pool, "%s", load_unsigned(v->bytes, v->size) ? "true" : "false");
        break;
    case BINXML_SIZE:
    case BINXML_HEX32:
    case BINXML_HEX64:
    case BINXML_EVT_HANDLE:
        append_format(pool, "0x%" PRIx64, load_unsigned(v->bytes, v->size));
        break;
    default:
        append_unsigned(pool, load_unsigned(v->bytes, v->size));
    }
}

static void append_hex(struct text_pool *pool, const uint8_t *bytes, size_t size)
{
    static const char digits[] = "0123456789ABCDEF";
    char *room = reserve(pool, 2 * size);

    if (!room)
        return;
    for (size_t i = 0; i < size; i++) {
        room[2 * i] = digits[bytes[i] >> 4];
        room[2 * i + 1] = digits[bytes[i] & 0xF];
    }
    commit(pool, 2 * size);
}

/* Nothing says which code page a string of bytes is in: UTF-8 when it is, else Windows-1252. */
static void append_ansi(struct text_pool *pool, const uint8_t *bytes, size_t size)
{
    static const uint16_t from_0x80[] = {
        0x20AC, 0xFFFD, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
        0x2039, 0x0152, 0xFFFD, 0x017D, 0xFFFD, 0xFFFD, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
        0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0xFFFD, 0x017E, 0x0178,
    };
    const uint8_t *nul = memchr(bytes, 0, size);
    size_t length = nul ? (size_t)(nul - bytes) : size;

    if (text_is_valid((const char *)bytes, length)) {
        text_pool_append(pool, (const char *)bytes, length);
        return;
    }
    for (size_t i = 0; i < length; i++) {
        uint8_t unit[2];
        store_le16(unit,
                   bytes[i] >= 0x80 && bytes[i] < 0xA0 ? from_0x80[bytes[i] - 0x80] : bytes[i]);
        text_pool_append_utf16(pool, unit, sizeof(unit));
    }
}

static void append_time(struct text_pool *pool, filetime time)
{
    char text[WHEN_TEXT_SIZE];

    if (time == 0)
        append_format(pool, "1601-01-01T00:00:00.0000000Z");
    else if (*when_format(time, WHEN_FILETIME, text))
        append_format(pool, "%s", text);
    else
        append_format(pool, "0x%" PRIx64, time);
}

static void append_guid(struct text_pool *pool, const uint8_t *b)
{
    append_format(pool, "{%08X-%04X-%04X-%02X%02X-%02X%02X%02X%02X%02X%02X}", load_le32(b),
                  load_le16(b + 4), load_le16(b + 6), b[8], b[9], b[10], b[11], b[12], b[13], b[14],
                  b[15]);
}

/* MS-DTYP 2.4.2.1: the authority is big-endian, the sub-authorities are not. */
static void append_sid(struct text_pool *pool, const uint8_t *sid)
{
    uint64_t authority = (uint64_t)load_be16(sid + 2) << 32 | load_be32(sid + 4);

    append_format(pool, authority >> 32 ? "S-%u-0x%012" PRIX64 : "S-%u-%" PRIu64, sid[0],
                  authority);
    for (unsigned i = 0; i < sid[1]; i++)
        append_format(pool, "-%u", load_le32(sid + 8 + 4 * i));
}

static bool is_sid(const struct xml_token *v)
{
    return v->type == BINXML_SID && v->size >= 8 && v->size >= 8u + 4u * v->bytes[1];
}

static void append_real(struct text_pool *pool, const struct xml_token *v)
{
    uint64_t bits = load_unsigned(v->bytes, v->size);
    uint32_t bits32 = (uint32_t)bits;
    double real;
    float real32;

    memcpy(&real, &bits, sizeof(real));
    memcpy(&real32, &bits32, sizeof(real32));
    if (v->size == 4)
        append_format(pool, "%.9g", (double)real32);
    else
        append_format(pool, "%.17g", real);
}

void value_append(struct text_pool *pool, const struct xml_token *v)
{
    if (v->type == BINXML_STRING || v->type == BINXML_EVT_XML)
        text_pool_append_utf16(pool, v->bytes, v->size);
    else if (v->type == BINXML_NULL || v->size == 0)
        return;
    else if (is_integer(v))
        append_integer(pool, v);
    else if (v->type == BINXML_ANSI)
        append_ansi(pool, v->bytes, v->size);
    else if ((v->type == BINXML_FLOAT && v->size == 4) ||
             (v->type == BINXML_DOUBLE && v->size == 8))
        append_real(pool, v);
    else if (v->type == BINXML_GUID && v->size == 16)
        append_guid(pool, v->bytes);
    else if (v->type == BINXML_FILETIME && v->size == 8)
        append_time(pool, load_le64(v->bytes));
    else if (v->type == BINXML_SYSTEMTIME && v->size == 16)
        append_time(pool, load_systemtime(v->bytes));
    else if (is_sid(v))
        append_sid(pool, v->bytes);
    else
        append_hex(pool, v->bytes, v->size);
}

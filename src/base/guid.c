/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "base/guid.h"

#include "base/bytes.h"

#include <stdio.h>
#include <string.h>

/* Where text byte i stands in the mixed-endian form. */
static const uint8_t le_order[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};

struct guid guid_from_le(const void *bytes16)
{
    const uint8_t *b = bytes16;
    struct guid g;

    for (int i = 0; i < 16; i++)
        g.bytes[i] = b[le_order[i]];
    return g;
}

struct guid guid_from_be(const void *bytes16)
{
    struct guid g;

    memcpy(g.bytes, bytes16, 16);
    return g;
}

void guid_to_le(const struct guid *g, void *bytes16)
{
    uint8_t *b = bytes16;

    for (int i = 0; i < 16; i++)
        b[le_order[i]] = g->bytes[i];
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool guid_parse(const char *text, size_t length, struct guid *out)
{
    struct guid g;
    size_t n = 0;

    if (length == 38 && text[0] == '{' && text[37] == '}') {
        text++;
        length = 36;
    }
    if (length != 36)
        return false;
    for (size_t i = 0; i < 36;) {
        if (i == 8 || i == 13 || i == 18 || i == 23) {
            if (text[i++] != '-')
                return false;
            continue;
        }
        int high = hex_digit(text[i]), low = hex_digit(text[i + 1]);
        if (high < 0 || low < 0)
            return false;
        g.bytes[n++] = (uint8_t)(high << 4 | low);
        i += 2;
    }
    *out = g;
    return true;
}

bool guid_parse_string(const char *text, struct guid *out)
{
    return guid_parse(text, strlen(text), out);
}

char *guid_format(const struct guid *g, char text[GUID_TEXT_SIZE])
{
    const uint8_t *b = g->bytes;

    snprintf(text, GUID_TEXT_SIZE,
             "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1],
             b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
             b[15]);
    return text;
}

bool guid_is_zero(const struct guid *g)
{
    return bytes_are_zero(g->bytes, 16);
}

bool guid_equal(const struct guid *a, const struct guid *b)
{
    return memcmp(a->bytes, b->bytes, 16) == 0;
}

int guid_compare(const struct guid *a, const struct guid *b)
{
    return memcmp(a->bytes, b->bytes, 16);
}

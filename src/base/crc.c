/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "base/crc.h"

#include "base/bytes.h"

#include <pthread.h>
#include <zlib.h>

/* Eight bytes a step ("slicing by eight"); zlib has no Castagnoli polynomial. */
static uint32_t table[8][256];
static pthread_once_t table_once = PTHREAD_ONCE_INIT;

static void make_table(void)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t c = i;
        for (int bit = 0; bit < 8; bit++)
            c = c & 1 ? c >> 1 ^ 0x82F63B78u : c >> 1;
        table[0][i] = c;
    }
    for (uint32_t i = 0; i < 256; i++)
        for (int t = 1; t < 8; t++)
            table[t][i] = table[t - 1][i] >> 8 ^ table[0][table[t - 1][i] & 0xFF];
}

uint32_t crc32c(uint32_t crc, const void *bytes, size_t length)
{
    const uint8_t *p = bytes;

    pthread_once(&table_once, make_table);
    crc = ~crc;
    for (; length >= 8; p += 8, length -= 8) {
        uint32_t a = crc ^ load_le32(p), b = load_le32(p + 4);
        crc = table[7][a & 0xFF] ^ table[6][a >> 8 & 0xFF] ^ table[5][a >> 16 & 0xFF] ^
              table[4][a >> 24] ^ table[3][b & 0xFF] ^ table[2][b >> 8 & 0xFF] ^
              table[1][b >> 16 & 0xFF] ^ table[0][b >> 24];
    }
    for (; length > 0; p++, length--)
        crc = crc >> 8 ^ table[0][(crc ^ *p) & 0xFF];
    return ~crc;
}

static const uint8_t zero4[4];

uint32_t crc32c_zeroed(const void *bytes, size_t length, size_t field)
{
    const uint8_t *p = bytes;
    uint32_t crc = crc32c(0, p, field);

    crc = crc32c(crc, zero4, 4);
    return crc32c(crc, p + field + 4, length - field - 4);
}

uint32_t crc32_zeroed(const void *bytes, size_t length, size_t field)
{
    const uint8_t *p = bytes;
    uLong crc = crc32_z(0, p, field);

    if (field < length) {
        crc = crc32_z(crc, zero4, 4);
        crc = crc32_z(crc, p + field + 4, length - field - 4);
    }
    return (uint32_t)crc;
}

/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "bde_cipher.h"

#include "base/bytes.h"
#include "base/checked.h"
#include "bde_writer.h"

#include <nettle/cbc.h>
#include <stdbool.h>
#include <string.h>

#define WORDS (BDE_SECTOR / 4)

static const struct {
    uint16_t method;
    uint8_t key_size; /* as sealed; a diffuser has two keys of up to 32 bytes */
} methods[] = {
    {BDE_WRITER_CBC_128_DIFFUSER, 64}, {BDE_WRITER_CBC_256_DIFFUSER, 64}, {BDE_WRITER_CBC_128, 16},
    {BDE_WRITER_CBC_256, 32},          {BDE_WRITER_XTS_128, 32},          {BDE_WRITER_XTS_256, 64},
};

void bde_keys_make(struct bde_keys *keys, uint16_t method)
{
    *keys = (struct bde_keys){.method = method};
    for (size_t i = 0; i < ARRAY_SIZE(methods); i++)
        if (methods[i].method == method)
            keys->size = methods[i].key_size;
    for (size_t i = 0; i < keys->size; i++)
        keys->bytes[i] = (uint8_t)(7 * i + 13);
    switch (method) {
    case BDE_WRITER_XTS_128:
        xts_aes128_set_encrypt_key(&keys->xts128, keys->bytes);
        break;
    case BDE_WRITER_XTS_256:
        xts_aes256_set_encrypt_key(&keys->xts256, keys->bytes);
        break;
    case BDE_WRITER_CBC_128:
    case BDE_WRITER_CBC_128_DIFFUSER:
        aes128_set_encrypt_key(&keys->aes128, keys->bytes);
        aes128_set_encrypt_key(&keys->tweak128, keys->bytes + 32);
        break;
    default:
        aes256_set_encrypt_key(&keys->aes256, keys->bytes);
        aes256_set_encrypt_key(&keys->tweak256, keys->bytes + 32);
    }
}

static bool is_128(const struct bde_keys *keys)
{
    return keys->method == BDE_WRITER_CBC_128 || keys->method == BDE_WRITER_CBC_128_DIFFUSER;
}

static uint32_t turn_left(uint32_t word, unsigned bits)
{
    return bits == 0 ? word : word << bits | word >> (32 - bits);
}

/* Ferguson, 4.5 and 4.6: decryption adds from the first word to the last, so that encryption
 * subtracts from the last to the first. */
static void diffuse(uint8_t *sector, unsigned cycles, const uint8_t turns[4], size_t near,
                    size_t far)
{
    uint32_t d[WORDS];

    for (size_t i = 0; i < WORDS; i++)
        d[i] = load_le32(sector + 4 * i);
    for (unsigned c = 0; c < cycles; c++)
        for (size_t n = 0; n < WORDS; n++) {
            size_t i = WORDS - 1 - n;
            d[i] -= d[(i + near) % WORDS] ^ turn_left(d[(i + far) % WORDS], turns[i % 4]);
        }
    for (size_t i = 0; i < WORDS; i++)
        store_le32(sector + 4 * i, d[i]);
}

static void encrypt_block(const struct bde_keys *keys, bool tweak, const uint8_t in[16],
                          uint8_t out[16])
{
    if (is_128(keys))
        aes128_encrypt(tweak ? &keys->tweak128 : &keys->aes128, 16, out, in);
    else
        aes256_encrypt(tweak ? &keys->tweak256 : &keys->aes256, 16, out, in);
}

static void apply_diffuser(const struct bde_keys *keys, const uint8_t place[16], uint8_t *sector)
{
    static const uint8_t a[] = {9, 0, 13, 0}, b[] = {0, 10, 0, 25};
    uint8_t second[16], sector_key[32];

    memcpy(second, place, sizeof(second));
    second[15] = 0x80;
    encrypt_block(keys, true, place, sector_key);
    encrypt_block(keys, true, second, sector_key + 16);
    for (size_t i = 0; i < BDE_SECTOR; i++)
        sector[i] ^= sector_key[i % sizeof(sector_key)];
    diffuse(sector, 5, a, WORDS - 2, WORDS - 5);
    diffuse(sector, 3, b, 2, 5);
}

static void encrypt_cbc(const struct bde_keys *keys, uint64_t offset, uint8_t *sector)
{
    uint8_t place[16] = {0}, iv[16];

    store_le64(place, offset);
    if (keys->method < BDE_WRITER_CBC_128)
        apply_diffuser(keys, place, sector);
    encrypt_block(keys, false, place, iv);
    if (is_128(keys))
        cbc_aes128_encrypt(&keys->aes128, iv, BDE_SECTOR, sector, sector);
    else
        cbc_aes256_encrypt(&keys->aes256, iv, BDE_SECTOR, sector, sector);
}

void bde_encrypt_sector(struct bde_keys *keys, uint64_t offset, uint8_t sector[BDE_SECTOR])
{
    uint8_t tweak[16] = {0};

    store_le64(tweak, offset / BDE_SECTOR);
    if (keys->method == BDE_WRITER_XTS_128)
        xts_aes128_encrypt_message(&keys->xts128, tweak, BDE_SECTOR, sector, sector);
    else if (keys->method == BDE_WRITER_XTS_256)
        xts_aes256_encrypt_message(&keys->xts256, tweak, BDE_SECTOR, sector, sector);
    else
        encrypt_cbc(keys, offset, sector);
}

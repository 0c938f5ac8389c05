/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Sections are those of "BitLocker Drive Encryption (BDE) format" of the libbde project. */
#include "worker/bde_keys.h"

#include "base/bytes.h"

#include <errno.h>
#include <nettle/aes.h>
#include <nettle/ccm.h>
#include <nettle/sha2.h>
#include <string.h>

#define GROUPS        8 /* of a recovery key */
#define GROUP_MAX     (65536 * 11)
#define STRETCH_TURNS 0x100000
#define KEY_HEAD      12 /* before a sealed key: size, version, method */
#define SEAL          (BITLOCKER_NONCE + BITLOCKER_MAC + KEY_HEAD)

static void hash(const void *bytes, size_t size, uint8_t digest[BITLOCKER_KEY])
{
    struct sha256_ctx sha;

    sha256_init(&sha);
    sha256_update(&sha, size, bytes);
    sha256_digest(&sha, BITLOCKER_KEY, digest);
}

/* "Recovery key": eleven times 16 bits in each group of digits. */
static int hash_recovery_key(const uint8_t *text, size_t length, uint8_t digest[BITLOCKER_KEY])
{
    uint8_t key[2 * GROUPS];
    uint32_t group = 0;
    size_t groups = 0;

    for (size_t i = 0; i <= length; i++) {
        if (i < length && text[i] >= '0' && text[i] <= '9' && group < GROUP_MAX) {
            group = 10 * group + (uint32_t)(text[i] - '0');
            continue;
        }
        if ((i < length && text[i] != '-') || groups == GROUPS || group % 11 != 0 ||
            group >= GROUP_MAX)
            return -EKEYREJECTED;
        store_le16(key + 2 * groups++, (uint16_t)(group / 11));
        group = 0;
    }
    if (groups < GROUPS)
        return -EKEYREJECTED;
    hash(key, sizeof(key), digest);
    explicit_bzero(key, sizeof(key));
    return 0;
}

/* "User key": the password comes as UTF-16LE. */
static void hash_password(const uint8_t *text, size_t length, uint8_t digest[BITLOCKER_KEY])
{
    hash(text, length, digest);
    hash(digest, BITLOCKER_KEY, digest);
}

static void stretch(uint8_t key[BITLOCKER_KEY], const uint8_t salt[BITLOCKER_SALT])
{
    struct {
        uint8_t last[BITLOCKER_KEY], initial[BITLOCKER_KEY], salt[BITLOCKER_SALT];
        le64 count;
    } turn = {0};
    _Static_assert(sizeof(turn) == 88, "what is hashed in each turn");

    memcpy(turn.initial, key, sizeof(turn.initial));
    memcpy(turn.salt, salt, sizeof(turn.salt));
    for (uint64_t i = 0; i < STRETCH_TURNS; i++) {
        store_le64(&turn.count, i);
        hash(&turn, sizeof(turn), turn.last);
    }
    memcpy(key, turn.last, sizeof(turn.last));
    explicit_bzero(&turn, sizeof(turn));
}

/* "FVE AES-CCM encrypted key": the checksum tells the right key from a wrong one. */
static int unseal(const struct bitlocker_sealed *sealed, const uint8_t with[BITLOCKER_KEY],
                  uint8_t *key, size_t least)
{
    uint8_t plain[BITLOCKER_SEALED_MAX], turned[BITLOCKER_SEALED_MAX];
    const uint8_t *mac = sealed->bytes + BITLOCKER_NONCE, *body = mac + BITLOCKER_MAC;
    struct aes256_ctx aes;

    if (sealed->size < SEAL + least || sealed->size > BITLOCKER_SEALED_MAX)
        return -EBADMSG;
    size_t length = sealed->size - BITLOCKER_NONCE - BITLOCKER_MAC;
    memcpy(turned, body, length);
    memcpy(turned + length, mac, BITLOCKER_MAC); /* where everybody else has it */
    aes256_set_encrypt_key(&aes, with);
    int fits = ccm_decrypt_message(&aes, (nettle_cipher_func *)aes256_encrypt, BITLOCKER_NONCE,
                                   sealed->bytes, 0, NULL, BITLOCKER_MAC, length, plain, turned);
    if (fits)
        memcpy(key, plain + KEY_HEAD, least);
    explicit_bzero(plain, sizeof(plain));
    explicit_bzero(&aes, sizeof(aes));
    return fits ? 0 : -EKEYREJECTED;
}

/* The key that opens the volume's master key. */
static int opening_key(const struct bde_request *request, const uint8_t *secret, size_t length,
                       uint8_t key[BITLOCKER_KEY])
{
    int r = 0;

    if (request->protection == BITLOCKER_CLEAR_KEY) {
        memcpy(key, request->clear_key, BITLOCKER_KEY);
        return 0;
    }
    if (request->protection == BITLOCKER_PASSWORD)
        hash_password(secret, length, key);
    else
        r = hash_recovery_key(secret, length, key);
    if (r == 0)
        stretch(key, request->salt);
    return r;
}

int bde_volume_key(const struct bde_request *request, const uint8_t *secret, size_t length,
                   uint8_t *key, size_t size)
{
    uint8_t opening[BITLOCKER_KEY], master[BITLOCKER_KEY];
    int r = opening_key(request, secret, length, opening);

    if (r == 0)
        r = unseal(&request->master_key, opening, master, sizeof(master));
    if (r == 0) {
        r = unseal(&request->volume_key, master, key, size);
        r = r == -EKEYREJECTED ? -EBADMSG : r; /* the secret was the right one */
    }
    explicit_bzero(opening, sizeof(opening));
    explicit_bzero(master, sizeof(master));
    return r;
}

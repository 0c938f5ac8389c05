/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Sections are those of "BitLocker Drive Encryption (BDE) format" of the libbde project. */
#include "worker/bde_xts.h"

#include "base/bytes.h"
#include "base/checked.h"
#include "worker/read_ahead.h"

#include <errno.h>
#include <nettle/aes.h>
#include <nettle/ccm.h>
#include <nettle/sha2.h>
#include <nettle/xts.h>
#include <stdlib.h>
#include <string.h>

#define GROUPS        8 /* of a recovery key */
#define GROUP_MAX     (65536 * 11)
#define STRETCH_TURNS 0x100000
#define KEY_HEAD      12 /* before a sealed key: size, version, method */
#define VOLUME_KEY    64
#define METADATA_ROOM 65536

struct bde_xts {
    struct bde_request request; /* without keys */
    struct xts_aes256_key key;
    struct read_ahead ahead;
};

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
                  uint8_t *key, size_t size)
{
    uint8_t plain[KEY_HEAD + VOLUME_KEY], turned[sizeof(plain) + BITLOCKER_MAC];
    const uint8_t *mac = sealed->bytes + BITLOCKER_NONCE, *body = mac + BITLOCKER_MAC;
    size_t length = KEY_HEAD + size;
    struct aes256_ctx aes;

    if (sealed->size != BITLOCKER_NONCE + BITLOCKER_MAC + length)
        return -EBADMSG;
    memcpy(turned, body, length);
    memcpy(turned + length, mac, BITLOCKER_MAC); /* where everybody else has it */
    aes256_set_encrypt_key(&aes, with);
    int fits = ccm_decrypt_message(&aes, (nettle_cipher_func *)aes256_encrypt, BITLOCKER_NONCE,
                                   sealed->bytes, 0, NULL, BITLOCKER_MAC, length, plain, turned);
    if (fits)
        memcpy(key, plain + KEY_HEAD, size);
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

int bde_xts_open(struct bde_xts **out, const struct bde_request *request, const uint8_t *secret,
                 size_t length)
{
    uint8_t key[BITLOCKER_KEY], master_key[BITLOCKER_KEY], volume_key[VOLUME_KEY];
    struct bde_xts *xts = calloc(1, sizeof(*xts));
    int r = xts ? opening_key(request, secret, length, key) : -ENOMEM;

    if (r == 0)
        r = unseal(&request->master_key, key, master_key, sizeof(master_key));
    if (r == 0) {
        r = unseal(&request->volume_key, master_key, volume_key, sizeof(volume_key));
        r = r == -EKEYREJECTED ? -EBADMSG : r; /* the secret was the right one */
    }
    if (r == 0) {
        xts_aes256_set_decrypt_key(&xts->key, volume_key);
        xts->request = *request;
        explicit_bzero(xts->request.clear_key, BITLOCKER_KEY);
    }
    explicit_bzero(key, sizeof(key));
    explicit_bzero(master_key, sizeof(master_key));
    explicit_bzero(volume_key, sizeof(volume_key));
    *out = xts;
    return r;
}

/* "Virtual sector(s)": where BitLocker keeps its own, the volume shows zeros. */
static bool shows_zeros(const struct bde_request *request, uint64_t offset)
{
    for (size_t i = 0; i < BITLOCKER_COPIES; i++)
        if (offset >= request->copies[i] && offset - request->copies[i] < METADATA_ROOM)
            return true;
    return offset >= request->header_at && offset - request->header_at < request->header_size;
}

static int64_t read_sector(struct bde_xts *xts, uint64_t offset, uint8_t *sector)
{
    const struct bde_request *request = &xts->request;
    size_t size = request->sector_size;
    uint8_t tweak[16] = {0};
    uint64_t at = offset;

    if (shows_zeros(request, offset)) {
        memset(sector, 0, size);
        return (int64_t)size;
    }
    if (offset < request->header_size && ADD_OVERFLOW(request->header_at, offset, &at))
        return -EBADMSG;
    int64_t n = read_ahead(&xts->ahead, 0, at, sector, size);
    if (n < (int64_t)size)
        return n < 0 ? n : -ENODATA;
    if (request->encrypted_size == 0 || at < request->encrypted_size) {
        store_le64(tweak, at / size);
        xts_aes256_decrypt_message(&xts->key, tweak, size, sector, sector);
    }
    return (int64_t)size;
}

int64_t bde_xts_read(struct bde_xts *xts, uint64_t offset, void *buffer, size_t length)
{
    uint8_t sector[4096];
    size_t done = 0;

    while (done < length && offset + done < xts->request.size) {
        uint64_t within = (offset + done) % xts->request.sector_size;
        size_t piece = (size_t)min_u64(length - done, xts->request.sector_size - within);
        int64_t n = read_sector(xts, offset + done - within, sector);
        if (n < 0)
            return done > 0 ? (int64_t)done : n;
        memcpy((uint8_t *)buffer + done, sector + within, piece);
        done += piece;
    }
    return (int64_t)done;
}

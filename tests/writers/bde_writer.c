/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * After "BitLocker Drive Encryption (BDE) format" of the libbde project, and for the diffuser
 * N. Ferguson, "AES-CBC + Elephant diffuser" (2006).
 */
#include "bde_writer.h"

#include "base/bytes.h"
#include "base/checked.h"
#include "base/crc.h"
#include "base/guid.h"
#include "base/text.h"
#include "bde_cipher.h"
#include "volume/bitlocker_format.h"

#include <assert.h>
#include <nettle/ccm.h>
#include <nettle/sha2.h>
#include <stdlib.h>
#include <string.h>

#define KEY           32 /* bytes of every key that opens another */
#define MAC           16
#define TIME          132223104001234567
#define HEADER_SIZE   8192  /* of the volume's start, kept elsewhere */
#define TO_GO_SIZE    65536 /* … where its place is taken by files of the FAT volume */
#define STRETCH_TURNS 0x100000

struct build {
    struct bde_writer *w;
    uint8_t block[BDE_WRITER_METADATA_ROOM];
    size_t used;
    uint32_t nonce;
    uint64_t header_at, header_size;
    uint8_t master[KEY]; /* VMK */
};

/* A key that belongs to a name: nothing is random. */
static void key_named(const char *name, uint8_t key[KEY])
{
    struct sha256_ctx sha;

    sha256_init(&sha);
    sha256_update(&sha, strlen(name), (const uint8_t *)name);
    sha256_digest(&sha, KEY, key);
}

static void put_guid(void *to, const char *text)
{
    struct guid guid;

    guid_parse_string(text, &guid);
    guid_to_le(&guid, to);
}

/* Entries of the metadata; each knows its size when it ends. */

static uint8_t *room(struct build *b, size_t size)
{
    uint8_t *at = b->block + b->used;

    b->used += size;
    assert(b->used < sizeof(b->block));
    return at;
}

static struct fve_entry *begin(struct build *b, uint16_t type, uint16_t value)
{
    struct fve_entry *entry = (void *)room(b, sizeof(*entry));

    store_le16(&entry->type, type);
    store_le16(&entry->value_type, value);
    store_le16(&entry->version, 1);
    return entry;
}

static void end(struct build *b, struct fve_entry *entry)
{
    store_le16(&entry->size, (uint16_t)(b->block + b->used - (uint8_t *)entry));
}

/* "FVE AES-CCM encrypted key": what is in it is a key with a head of its own. */
static void put_sealed(struct build *b, uint16_t type, const uint8_t seal[KEY], uint32_t method,
                       const uint8_t *key, size_t size)
{
    struct fve_entry *entry = begin(b, type, FVE_VALUE_ENCRYPTED_KEY);
    uint8_t plain[12 + 64] = {0}, sealed[sizeof(plain) + MAC], *nonce = room(b, 12);
    struct aes256_ctx aes;

    assert(size <= 64);
    store_le64(nonce, TIME);
    store_le32(nonce + 8, ++b->nonce);
    store_le32(plain, (uint32_t)(12 + size));
    store_le16(plain + 4, 1);
    store_le32(plain + 8, method);
    memcpy(plain + 12, key, size);
    aes256_set_encrypt_key(&aes, seal);
    ccm_encrypt_message(&aes, (nettle_cipher_func *)aes256_encrypt, 12, nonce, 0, NULL, MAC,
                        12 + size + MAC, sealed, plain);
    memcpy(room(b, MAC), sealed + 12 + size, MAC);
    memcpy(room(b, 12 + size), sealed, 12 + size);
    end(b, entry);
}

/* Secrets. */

static void hash(const void *bytes, size_t size, uint8_t digest[KEY])
{
    struct sha256_ctx sha;

    sha256_init(&sha);
    sha256_update(&sha, size, bytes);
    sha256_digest(&sha, KEY, digest);
}

/* "Recovery key": each of the eight groups is eleven times 16 bits. */
static void hash_recovery_key(const char *text, uint8_t digest[KEY])
{
    uint8_t key[16];

    for (size_t i = 0; i < 8; i++)
        store_le16(key + 2 * i, (uint16_t)(strtoul(text + 7 * i, NULL, 10) / 11));
    hash(key, sizeof(key), digest);
}

static void hash_password(const char *text, uint8_t digest[KEY])
{
    size_t size;
    void *utf16 = text_to_utf16le(text, &size);

    assert(utf16);
    hash(utf16, size, digest);
    hash(digest, KEY, digest);
    free(utf16);
}

static void stretch(const struct bde_writer_protector *p, const uint8_t salt[16], uint8_t key[KEY])
{
    struct {
        uint8_t last[KEY], initial[KEY], salt[16];
        le64 count;
    } turn = {0};
    _Static_assert(sizeof(turn) == 88, "what is hashed in each turn");

    (p->protection == BDE_WRITER_PASSWORD ? hash_password : hash_recovery_key)(p->secret,
                                                                               turn.initial);
    memcpy(turn.salt, salt, sizeof(turn.salt));
    for (uint64_t i = 0; i < STRETCH_TURNS; i++) {
        store_le64(&turn.count, i);
        hash(&turn, sizeof(turn), turn.last);
    }
    memcpy(key, turn.last, KEY);
}

/* "FVE Stretch encrypted key" */
static void put_stretched(struct build *b, const struct bde_writer_protector *p, uint8_t key[KEY])
{
    struct fve_entry *entry = begin(b, 0, FVE_VALUE_STRETCH_KEY);
    uint8_t salt[KEY];

    key_named(p->secret, salt);
    store_le32(room(b, 4), 0x1000);
    memcpy(room(b, 16), salt, 16);
    stretch(p, salt, key);
    put_sealed(b, 0, b->master, 0x1000, key, KEY);
    end(b, entry);
}

static void put_clear_key(struct build *b, uint8_t key[KEY])
{
    struct fve_entry *entry = begin(b, 0, FVE_VALUE_KEY);

    key_named("clear", key);
    store_le32(room(b, 4), 0x2000);
    memcpy(room(b, KEY), key, KEY);
    end(b, entry);
}

/* "FVE Volume Master Key (VMK)" */
static void put_protector(struct build *b, const struct bde_writer_protector *p)
{
    struct fve_entry *entry = begin(b, FVE_ENTRY_MASTER_KEY, FVE_VALUE_MASTER_KEY);
    struct fve_master_key *vmk = (void *)room(b, sizeof(*vmk));
    uint8_t key[KEY];

    put_guid(vmk->id, BDE_WRITER_VOLUME_ID);
    vmk->id[15] = p->id;
    store_le64(&vmk->modified, TIME);
    store_le16(&vmk->protection, (uint16_t)p->protection);
    if (p->protection == BDE_WRITER_CLEAR_KEY)
        put_clear_key(b, key);
    else if (p->secret)
        put_stretched(b, p, key);
    else
        key_named("tpm", key);
    put_sealed(b, 0, key, 0x2003, b->master, KEY);
    end(b, entry);
}

static void put_label(struct build *b)
{
    struct fve_entry *entry = begin(b, FVE_ENTRY_LABEL, FVE_VALUE_TEXT);
    size_t size;
    void *utf16 = text_to_utf16le(BDE_WRITER_LABEL, &size);

    assert(utf16);
    memcpy(room(b, size + 2), utf16, size);
    free(utf16);
    end(b, entry);
}

/* "FVE Volume header block", as Windows 8 and later write it */
static void put_header_place(struct build *b)
{
    struct fve_entry *entry = begin(b, FVE_ENTRY_VOLUME_HEADER, FVE_VALUE_PLACE);
    uint8_t *place = room(b, 16);

    store_le64(place, b->header_at);
    store_le64(place + 8, b->header_size);
    end(b, entry);
}

/* The whole metadata block with its checksum, the same at all three places. */
static void build_metadata(struct build *b, uint64_t encrypted_size, const struct bde_keys *keys)
{
    struct fve_block *block = (void *)room(b, sizeof(*block));

    memcpy(block->signature, FVE_SIGNATURE, sizeof(block->signature));
    store_le16(&block->version, 2);
    store_le16(&block->state, FVE_ENCRYPTED);
    store_le16(&block->next_state, FVE_ENCRYPTED);
    for (size_t i = 0; i < 3; i++)
        store_le64(&block->places[i], b->w->metadata[i]);
    store_le64(&block->encrypted_size, encrypted_size);
    store_le32(&block->header_sectors, (uint32_t)(b->header_size / BDE_SECTOR));
    store_le64(&block->header_at, b->header_at);
    store_le32(&block->metadata_version, 1);
    store_le32(&block->metadata_header_size, FVE_METADATA_HEADER_SIZE);
    put_guid(block->volume_id, BDE_WRITER_VOLUME_ID);
    store_le32(&block->method, b->w->method);
    store_le64(&block->created, TIME);

    put_label(b);
    for (size_t i = 0; i < b->w->protector_count; i++)
        put_protector(b, &b->w->protectors[i]);
    put_sealed(b, FVE_ENTRY_VOLUME_KEY, b->master, b->w->method, keys->bytes, keys->size);
    put_header_place(b);

    size_t metadata_size = b->used - FVE_BLOCK_HEADER_SIZE;
    store_le32(&block->metadata_size, (uint32_t)metadata_size);
    store_le32(&block->metadata_size_copy, (uint32_t)metadata_size);
    store_le32(&block->next_nonce, b->nonce + 1);
    room(b, -b->used % 16);
    store_le16(&block->size, (uint16_t)(b->used / 16));
    uint32_t crc = crc32_zeroed(b->block, b->used, b->used);
    struct fve_validation *validation = (void *)room(b, sizeof(*validation));
    store_le16(&validation->size, sizeof(*validation));
    store_le16(&validation->version, 2);
    store_le32(&validation->crc, crc);
    b->w->metadata_size = b->used;
}

/* Places. */

static bool find_zeros(const uint8_t *volume, size_t size, uint64_t from, size_t length,
                       uint64_t *place)
{
    for (uint64_t at = (from + 4095) & ~UINT64_C(4095); at + length <= size; at += 4096)
        if (bytes_are_zero(volume + at, length)) {
            *place = at;
            return true;
        }
    return false;
}

static bool choose_places(struct build *b, const uint8_t *volume, size_t size)
{
    uint64_t from = TO_GO_SIZE;

    for (size_t i = 0; i < 3; i++) {
        if (!find_zeros(volume, size, from, BDE_WRITER_METADATA_ROOM, &b->w->metadata[i]))
            return false;
        from = b->w->metadata[i] + BDE_WRITER_METADATA_ROOM;
    }
    b->header_size = b->w->kind == BDE_WRITER_TO_GO ? TO_GO_SIZE : HEADER_SIZE;
    return find_zeros(volume, size, from, b->header_size, &b->header_at);
}

/* What stands at the start of the volume instead of its own first sectors. */
static void put_boot_sector(const struct build *b, uint8_t *volume)
{
    static const uint8_t fat[] = {0xEB, 0x58, 0x90};
    bool to_go = b->w->kind == BDE_WRITER_TO_GO;
    size_t at = to_go ? FVE_TO_GO_PLACES : FVE_PLACES;

    memset(volume, 0, b->header_size);
    memcpy(volume, fat, sizeof(fat));
    memcpy(volume + 3, to_go ? "MSWIN4.1" : FVE_SIGNATURE, 8);
    store_le16(volume + 11, BDE_SECTOR);
    volume[13] = 8;
    memcpy(volume + 71, "NO NAME    FAT32   ", 19);
    put_guid(volume + at, FVE_IDENTIFIER);
    for (size_t i = 0; i < 3; i++)
        store_le64(volume + at + 16 + 8 * i, b->w->metadata[i]);
    store_le16(volume + 510, 0xAA55);
}

static void move_header(const struct build *b, uint8_t *volume)
{
    memcpy(volume + b->header_at, volume, b->header_size);
}

static void encrypt_sectors(const struct build *b, struct bde_keys *keys, uint8_t *volume,
                            uint64_t size)
{
    for (uint64_t at = b->header_size; at < size; at += BDE_SECTOR)
        bde_encrypt_sector(keys, at, volume + at);
}

bool bde_writer_encrypt(struct bde_writer *w, uint8_t *volume, size_t size)
{
    struct build *b = calloc(1, sizeof(*b));
    uint64_t encrypted_size = w->encrypted_size ? w->encrypted_size : size;
    struct bde_keys keys;

    if (!b)
        return false;
    b->w = w;
    key_named("master", b->master);
    bde_keys_make(&keys, (uint16_t)w->method);
    bool found = choose_places(b, volume, size);
    if (found) {
        build_metadata(b, encrypted_size, &keys);
        move_header(b, volume);
        encrypt_sectors(b, &keys, volume, min_u64(encrypted_size, size));
        for (size_t i = 0; i < 3; i++)
            memcpy(volume + w->metadata[i], b->block, b->used);
        put_boot_sector(b, volume);
    }
    free(b);
    return found;
}

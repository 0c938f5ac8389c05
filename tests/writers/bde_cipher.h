/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* How BitLocker encrypts a sector. */
#ifndef WRITERS_BDE_CIPHER_H
#define WRITERS_BDE_CIPHER_H

#include <nettle/aes.h>
#include <nettle/xts.h>
#include <stddef.h>
#include <stdint.h>

#define BDE_SECTOR 512

struct bde_keys {
    uint16_t method;   /* enum bde_writer_method */
    uint8_t bytes[64]; /* as they are sealed in the metadata */
    size_t size;
    union {
        struct xts_aes128_key xts128;
        struct xts_aes256_key xts256;
        struct aes128_ctx aes128;
        struct aes256_ctx aes256;
    };
    struct aes128_ctx tweak128; /* of the diffuser */
    struct aes256_ctx tweak256;
};

/* The keys of a method; always the same. */
void bde_keys_make(struct bde_keys *, uint16_t method);
/* `offset` is the sector's place on the volume, bytes. */
void bde_encrypt_sector(struct bde_keys *, uint64_t offset, uint8_t sector[BDE_SECTOR]);

#endif

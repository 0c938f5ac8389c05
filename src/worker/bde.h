/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * The worker program "bde": serves what a BitLocker volume shows when it is unlocked.
 *
 * Parameters: a struct bde_request, then the secret: a recovery key in groups of digits, or a
 * password in UTF-16LE, both without a NUL. -EKEYREJECTED when it is the wrong one, -EBADMSG when
 * the volume is damaged.
 */
#ifndef WORKER_BDE_H
#define WORKER_BDE_H

#include "volume/bitlocker.h"

#include <stdint.h>

#define BDE_SECRET_MAX 2048 /* bytes */

/* What the metadata say; offsets and sizes in bytes. */
struct bde_request {
    uint16_t protection; /* enum bitlocker_protection: clear key, recovery key or password */
    uint16_t method;
    uint32_t sector_size;
    uint64_t size; /* bytes to be served at most */
    uint64_t encrypted_size, header_at, header_size;
    uint64_t copies[BITLOCKER_COPIES];
    uint8_t salt[BITLOCKER_SALT], clear_key[BITLOCKER_KEY];
    struct bitlocker_sealed master_key, volume_key;
};

#endif

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * From a secret to the key of the volume. libbde would do it too, but tries a secret on the first
 * protector of its kind only, three times when it is wrong, and doesn't look at the checksums.
 */
#ifndef WORKER_BDE_KEYS_H
#define WORKER_BDE_KEYS_H

#include "worker/bde.h"

#include <stddef.h>

#define BDE_VOLUME_KEY_MAX 64

/*
 * The first `size` bytes of the key, which the caller wipes. About a second, which is BitLocker's
 * defence against guessing. 0; -EKEYREJECTED the secret is the wrong one; -EBADMSG.
 */
int bde_volume_key(const struct bde_request *, const uint8_t *secret, size_t length, uint8_t *key,
                   size_t size);

#endif

/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "worker/bde_xts.h"

#include "base/bytes.h"
#include "base/checked.h"
#include "worker/read_ahead.h"

#include <errno.h>
#include <nettle/xts.h>
#include <stdlib.h>
#include <string.h>

#define METADATA_ROOM 65536 /* of each copy */

struct bde_xts {
    struct bde_request request; /* without keys */
    struct xts_aes256_key key;
    struct read_ahead ahead;
};

int bde_xts_open(struct bde_xts **out, const struct bde_request *request, const uint8_t key[64])
{
    struct bde_xts *xts = calloc(1, sizeof(*xts));

    *out = xts;
    if (!xts)
        return -ENOMEM;
    xts_aes256_set_decrypt_key(&xts->key, key);
    xts->request = *request;
    explicit_bzero(xts->request.clear_key, BITLOCKER_KEY);
    return 0;
}

/* Where BitLocker keeps its own, the volume shows zeros ("Virtual sector(s)" in "BitLocker Drive
 * Encryption (BDE) format"). */
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

/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "volume/lznt1.h"

#include "base/bytes.h"

#include <errno.h>
#include <string.h>

#define CHUNK 4096 /* unpacked */

struct packed {
    const uint8_t *at, *end;
};

/* A copy of bytes before: the further into the chunk, the more bits tell how far back. */
static int copy_back(uint8_t *chunk, size_t *filled, size_t room, uint16_t token)
{
    unsigned distance_bits = 4;

    for (size_t i = *filled > 0 ? *filled - 1 : 0; i >= 16; i >>= 1)
        distance_bits++;
    size_t distance = (size_t)(token >> (16 - distance_bits)) + 1;
    size_t length = (token & (0xFFFFu >> distance_bits)) + 3u;
    if (distance > *filled || length > room - *filled)
        return -EBADMSG;
    for (; length > 0; length--, ++*filled) /* may run into what it writes */
        chunk[*filled] = chunk[*filled - distance];
    return 0;
}

static int unpack_chunk(struct packed in, uint8_t *chunk, size_t room)
{
    size_t filled = 0;
    int r = 0;

    while (in.at < in.end && r == 0) {
        unsigned flags = *in.at++;
        for (int bit = 0; bit < 8 && in.at < in.end && r == 0; bit++, flags >>= 1) {
            if (flags & 1) {
                if (in.end - in.at < 2)
                    return -EBADMSG;
                r = copy_back(chunk, &filled, room, load_le16(in.at));
                in.at += 2;
            } else {
                if (filled == room)
                    return -EBADMSG;
                chunk[filled++] = *in.at++;
            }
        }
    }
    return r;
}

int lznt1_unpack(const uint8_t *in, size_t in_size, uint8_t *out, size_t out_size)
{
    struct packed rest = {in, in + in_size};
    int r = 0;

    memset(out, 0, out_size);
    for (size_t done = 0; done < out_size && rest.end - rest.at >= 2 && r == 0; done += CHUNK) {
        uint16_t header = load_le16(rest.at);
        size_t size = (header & 0x0FFFu) + 1u, room = out_size - done;
        if (header == 0) /* end */
            return 0;
        rest.at += 2;
        if ((header >> 12 & 7) != 3 || size > (size_t)(rest.end - rest.at))
            return -EBADMSG;
        if (room > CHUNK)
            room = CHUNK;
        if (header & 0x8000)
            r = unpack_chunk((struct packed){rest.at, rest.at + size}, out + done, room);
        else if (size <= room)
            memcpy(out + done, rest.at, size);
        else
            r = -EBADMSG;
        rest.at += size;
    }
    return r;
}

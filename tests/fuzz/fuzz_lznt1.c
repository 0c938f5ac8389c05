/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* A unit of a compressed file; the first two bytes say how large it is unpacked. */
#include "volume/lznt1.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t plain_size = size >= 2 ? (size_t)data[0] + 256u * data[1] : 0;
    uint8_t *plain = plain_size > 0 ? malloc(plain_size) : NULL;

    if (plain)
        lznt1_unpack(data + 2, size - 2, plain, plain_size);
    free(plain);
    return 0;
}

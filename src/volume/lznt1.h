/* SPDX-License-Identifier: LGPL-3.0-or-later */
#ifndef VOLUME_LZNT1_H
#define VOLUME_LZNT1_H

#include <stddef.h>
#include <stdint.h>

/* Unpacks LZNT1 (MS-XCA 2.5) into exactly out_size bytes; what the input does not fill is zero.
 * 0; -EBADMSG when the input makes no sense. */
int lznt1_unpack(const uint8_t *in, size_t in_size, uint8_t *out, size_t out_size);

#endif

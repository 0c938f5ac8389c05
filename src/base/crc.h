/* SPDX-License-Identifier: LGPL-3.0-or-later */
#ifndef BASE_CRC_H
#define BASE_CRC_H

#include <stddef.h>
#include <stdint.h>

/*
 * CRC-32C (Castagnoli), initial and final XOR 0xFFFFFFFF: the checksum of VHDX (MS-VHDX 2.2.2).
 * To go on with more bytes, pass the value so far; start with 0.
 */
uint32_t crc32c(uint32_t crc, const void *bytes, size_t length);
/* The same over a structure whose 4-byte checksum field at `field` counts as zero. */
uint32_t crc32c_zeroed(const void *bytes, size_t length, size_t field);
/* Plain CRC-32 (polynomial 0xEDB88320) with the 4 bytes at `field` counted as zero (.vmcx, .evtx);
 * pass field = length when there is no such field. */
uint32_t crc32_zeroed(const void *bytes, size_t length, size_t field);

#endif

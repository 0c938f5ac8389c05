/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * GUIDs. In memory the 16 bytes stand in the order of the text, so that comparing and printing
 * need no knowledge of where a GUID came from.
 */
#ifndef BASE_GUID_H
#define BASE_GUID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GUID_TEXT_SIZE 37 /* 36 characters and the NUL */

struct guid {
    uint8_t bytes[16];
};

/* From Windows' mixed-endian form: u32, u16, u16 little-endian, then 8 bytes. */
struct guid guid_from_le(const void *bytes16);
/* From a UUID whose bytes stand in the order of the text (VHD footers). */
struct guid guid_from_be(const void *bytes16);
void guid_to_le(const struct guid *, void *bytes16);

/*
 * Reads `length` characters, upper or lower case, with or without braces. False when it is not
 * exactly one GUID.
 */
bool guid_parse(const char *text, size_t length, struct guid *);
bool guid_parse_string(const char *text, struct guid *);
/* Lower case, dashes, no braces: the form of the report. Returns text. */
char *guid_format(const struct guid *, char text[GUID_TEXT_SIZE]);

bool guid_is_zero(const struct guid *);
bool guid_equal(const struct guid *, const struct guid *);
int guid_compare(const struct guid *, const struct guid *);

#endif

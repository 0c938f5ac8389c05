/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* The only place that converts between encodings and folds case. All text inside is UTF-8. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * UTF-16 of `bytes` bytes (an odd last byte is ignored) as UTF-8 that the caller frees, NULL when
 * memory is short. Unpaired surrogates become U+FFFD and clear *valid (which may be NULL).
 * Embedded NULs become U+FFFD too, except at the end, where they are dropped: Windows strings
 * often carry trailing NULs.
 */
char *text_from_utf16le(const void *text, size_t bytes, bool *valid);
char *text_from_utf16be(const void *text, size_t bytes, bool *valid);
/* text_from_utf16le() into a buffer of TEXT_UTF8_MAX(bytes), for those who convert by the million.
 * Returns the length; a NUL is put behind it. */
#define TEXT_UTF8_MAX(bytes) ((bytes) / 2 * 3 + 1)
size_t text_from_utf16le_into(char *out, const void *text, size_t bytes, bool *valid);

/*
 * The encoding of a text file by its first bytes: its mark, whose length is put in *mark, else
 * the zero byte that UTF-16 has in its first character when that is ASCII.
 */
enum text_encoding { TEXT_UTF8, TEXT_UTF16LE, TEXT_UTF16BE };
enum text_encoding text_detect(const void *bytes, size_t size, size_t *mark);

/* UTF-8 to UTF-16LE, for writers of fixtures and for searching; the caller frees. *bytes is the
 * size without a terminator. Invalid bytes become U+FFFD. */
void *text_to_utf16le(const char *text, size_t *bytes);

/*
 * The code point at the start of `text`, of which `left` (> 0) bytes may be looked at, or -1 for a
 * byte that is no UTF-8; *length is the number of bytes that it takes.
 */
int32_t text_next(const char *text, size_t left, size_t *length);
/* Characters that may not reach a terminal: controls (also DEL and C1), and those that break lines
 * or turn the direction of writing, which can make one name look like another. */
bool text_is_control(int32_t code_point);

/*
 * A copy that is valid UTF-8 and can be printed: bytes that are not UTF-8 become \xNN, control
 * characters \xNN or \uNNNN. The caller frees it. A name on a disk can be anything.
 */
char *text_printable(const char *text);
/* A copy that is valid UTF-8: bytes that are not become \xNN; control characters stay. */
char *text_valid(const char *text);
bool text_is_valid(const char *text, size_t length);

/* Upper-cased character by character, as NTFS compares names (one code point stays one); the
 * caller frees. Invalid UTF-8 bytes are kept as they are. */
char *text_fold(const char *text);
/* Compares as text_fold() would, without memory. Like strcmp(). */
int text_compare_folded(const char *, const char *);
/* Columns that the text takes on a terminal (wide and combining characters counted). */
size_t text_width(const char *text);

#endif

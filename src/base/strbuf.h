/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * A growable, always NUL-terminated string. A failed allocation is remembered in `failed`, and
 * every later call does nothing: check once, at the end.
 */
#ifndef BASE_STRBUF_H
#define BASE_STRBUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct strbuf {
    char *text; /* NULL while empty */
    size_t length, capacity;
    bool failed;
};

void strbuf_append(struct strbuf *, const char *text);
void strbuf_append_bytes(struct strbuf *, const void *bytes, size_t length);
void strbuf_append_char(struct strbuf *, char);
/* 'It''s' as PowerShell quotes. */
void strbuf_append_quoted(struct strbuf *, const char *text);
void strbuf_printf(struct strbuf *, const char *format, ...) __attribute__((format(printf, 2, 3)));
void strbuf_vprintf(struct strbuf *, const char *format, va_list)
    __attribute__((format(printf, 2, 0)));
/* The text so far, never NULL. */
const char *strbuf_text(const struct strbuf *);
/* Hands the text over (the caller frees it) and empties the buffer; NULL when memory was short. */
char *strbuf_steal(struct strbuf *);
void strbuf_clear(struct strbuf *);
void strbuf_free(struct strbuf *);
#define strbuf_cleanup strbuf_free

/* A formatted string that the caller frees, or NULL. */
char *string_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif

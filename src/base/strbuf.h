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
/* 'It''s' as PowerShell quotes: every mark that it takes for an end of the text is doubled. */
void strbuf_append_quoted(struct strbuf *, const char *text);
/* A text with {names} in it, each replaced by its value, quoted for PowerShell if wanted. A name that
 * is not among the values (they end with a name of NULL) stays as it is. */
struct text_value {
    const char *name, *value;
};
void strbuf_append_filled(struct strbuf *, const char *text, const struct text_value *values,
                          bool quoted);
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

/* strbuf_append_filled() into a string that the caller frees, or NULL. */
char *string_fill(const char *text, const struct text_value *values, bool quoted);
/* A formatted string that the caller frees, or NULL. */
char *string_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif

/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "base/strbuf.h"

#include "base/checked.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool reserve(struct strbuf *s, size_t more)
{
    size_t wanted;

    if (s->failed || ADD_OVERFLOW(s->length, more, &wanted) || ADD_OVERFLOW(wanted, 1, &wanted)) {
        s->failed = true;
        return false;
    }
    if (wanted <= s->capacity)
        return true;
    wanted = wanted < 64 ? 64 : wanted + wanted / 2;
    char *grown = realloc(s->text, wanted);
    if (!grown) {
        s->failed = true;
        return false;
    }
    s->text = grown;
    s->capacity = wanted;
    return true;
}

void strbuf_append_bytes(struct strbuf *s, const void *bytes, size_t length)
{
    if (!reserve(s, length))
        return;
    memcpy(s->text + s->length, bytes, length);
    s->length += length;
    s->text[s->length] = '\0';
}

void strbuf_append(struct strbuf *s, const char *text)
{
    strbuf_append_bytes(s, text, strlen(text));
}

void strbuf_append_char(struct strbuf *s, char c)
{
    strbuf_append_bytes(s, &c, 1);
}

/* PowerShell takes ' and U+2018 to U+201B for the end of a quoted text, and two of them for one:
 * the length of such a mark in UTF-8, else 0. */
static size_t quotation_mark(const char *text)
{
    if (*text == '\'')
        return 1;
    bool curly = strncmp(text, "\xE2\x80", 2) == 0 && (uint8_t)text[2] >= 0x98 &&
                 (uint8_t)text[2] <= 0x9B;
    return curly ? 3 : 0;
}

void strbuf_append_quoted(struct strbuf *out, const char *text)
{
    strbuf_append_char(out, '\'');
    for (size_t length; *text; text += length) {
        size_t mark = quotation_mark(text);
        length = mark ? mark : 1;
        strbuf_append_bytes(out, text, mark);
        strbuf_append_bytes(out, text, length);
    }
    strbuf_append_char(out, '\'');
}

void strbuf_vprintf(struct strbuf *s, const char *format, va_list ap)
{
    va_list again;

    va_copy(again, ap);
    int length = vsnprintf(NULL, 0, format, ap);
    if (length < 0)
        s->failed = true;
    else if (reserve(s, (size_t)length)) {
        vsnprintf(s->text + s->length, (size_t)length + 1, format, again);
        s->length += (size_t)length;
    }
    va_end(again);
}

/* The value whose {name} the text begins with, and the length of that; NULL when there is none. */
static const char *value_at(const char *text, const struct text_value *values, size_t *length)
{
    const char *end = text[0] == '{' ? strchr(text, '}') : NULL;

    for (; end && values->name; values++)
        if (strlen(values->name) == (size_t)(end - text - 1) &&
            strncmp(text + 1, values->name, (size_t)(end - text - 1)) == 0) {
            *length = (size_t)(end - text + 1);
            return values->value;
        }
    return NULL;
}

void strbuf_append_filled(struct strbuf *s, const char *text, const struct text_value *values,
                          bool quoted)
{
    while (*text) {
        size_t length = 1;
        const char *value = value_at(text, values, &length);
        if (!value)
            strbuf_append_char(s, *text);
        else if (quoted)
            strbuf_append_quoted(s, value);
        else
            strbuf_append(s, value);
        text += length;
    }
}

char *string_fill(const char *text, const struct text_value *values, bool quoted)
{
    struct strbuf s = {0};

    strbuf_append_filled(&s, text, values, quoted);
    return strbuf_steal(&s);
}

void strbuf_printf(struct strbuf *s, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    strbuf_vprintf(s, format, ap);
    va_end(ap);
}

const char *strbuf_text(const struct strbuf *s)
{
    return s->text ? s->text : "";
}

char *strbuf_steal(struct strbuf *s)
{
    if (!s->failed && !s->text)
        strbuf_append_bytes(s, "", 0);
    char *text = s->failed ? NULL : s->text;
    if (s->failed)
        free(s->text);
    *s = (struct strbuf){0};
    return text;
}

void strbuf_clear(struct strbuf *s)
{
    s->length = 0;
    if (s->text)
        s->text[0] = '\0';
}

void strbuf_free(struct strbuf *s)
{
    free(s->text);
    *s = (struct strbuf){0};
}

char *string_printf(const char *format, ...)
{
    struct strbuf s = {0};
    va_list ap;

    va_start(ap, format);
    strbuf_vprintf(&s, format, ap);
    va_end(ap);
    return strbuf_steal(&s);
}

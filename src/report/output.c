/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "report/output.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void flush(struct output *o)
{
    if (o->status == 0 && o->used > 0)
        output_fail(o, o->sink(o->user, o->buffer, o->used));
    o->used = 0;
}

void output_bytes(struct output *o, const void *bytes, size_t length)
{
    const char *p = bytes;

    while (length > 0 && o->status == 0) {
        size_t room = sizeof(o->buffer) - o->used;
        size_t n = length < room ? length : room;
        memcpy(o->buffer + o->used, p, n);
        o->used += n;
        p += n;
        length -= n;
        if (o->used == sizeof(o->buffer))
            flush(o);
    }
}

void output_text(struct output *o, const char *text)
{
    output_bytes(o, text, strlen(text));
}

void output_char(struct output *o, char c)
{
    output_bytes(o, &c, 1);
}

void output_repeat(struct output *o, char c, size_t times)
{
    while (times-- > 0)
        output_char(o, c);
}

void output_printf(struct output *o, const char *format, ...)
{
    char text[256];
    va_list ap;

    va_start(ap, format);
    int length = vsnprintf(text, sizeof(text), format, ap);
    va_end(ap);
    if (length < 0 || (size_t)length >= sizeof(text))
        output_fail(o, -EOVERFLOW);
    else
        output_bytes(o, text, (size_t)length);
}

void output_fail(struct output *o, int status)
{
    if (o->status == 0)
        o->status = status;
}

int output_finish(struct output *o)
{
    flush(o);
    return o->status;
}

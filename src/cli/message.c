/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "cli/cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a terminal would obey, C1 controls in UTF-8 too, becomes a question mark. */
static void put_harmless(const char *text, FILE *to)
{
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        if (p[0] == 0xC2 && p[1] >= 0x80 && p[1] < 0xA0)
            p++;
        else if (*p >= 0x20 && *p != 0x7F) {
            putc(*p, to);
            continue;
        }
        putc('?', to);
    }
}

void message(const char *format, ...)
{
    char *text;
    va_list ap;

    va_start(ap, format);
    int length = vasprintf(&text, format, ap);
    va_end(ap);
    fputs("hvchain: ", stderr);
    put_harmless(length < 0 ? format : text, stderr);
    putc('\n', stderr);
    if (length >= 0)
        free(text);
}

enum exit_status finish_stdout(enum exit_status status)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    message("standard output: %s", strerror(errno));
    return STATUS_FAILED;
}

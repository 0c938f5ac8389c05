/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "event/text_lines.h"

#include "base/bytes.h"
#include "base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NO_ICONV ((iconv_t)-1)

/* ---- encodings ---- */

void text_lines_prepare(void)
{
    static iconv_t kept = NO_ICONV; /* as long as one is open, more can be opened without files */

    if (kept == NO_ICONV)
        kept = iconv_open("UTF-8", "CP932");
}

/* The sample may end within a character: up to three bytes of it are not held against it. */
static bool is_utf8_sample(const uint8_t *bytes, size_t size, bool is_whole)
{
    for (size_t cut = 0; cut <= (is_whole ? 0 : 3) && cut <= size; cut++)
        if (text_is_valid((const char *)bytes, size - cut))
            return true;
    return false;
}

static bool is_cp932_sample(const uint8_t *bytes, size_t size, bool is_whole)
{
    iconv_t converter = iconv_open("UTF-8", "CP932");
    char *in = (char *)(uintptr_t)bytes, out[4096];
    int error = 0;

    if (converter == NO_ICONV)
        return false;
    do {
        char *to = out;
        size_t room = sizeof(out);
        error = iconv(converter, &in, &size, &to, &room) == (size_t)-1 ? errno : 0;
    } while (error == E2BIG);
    iconv_close(converter);
    return error == 0 || (error == EINVAL && !is_whole); /* a character that the sample cuts */
}

/* Text that is neither UTF-8 nor CP932 is taken for UTF-8: what is wrong becomes \xNN. */
static int find_encoding(struct text_lines *lines, bool is_whole)
{
    size_t mark;
    enum text_encoding encoding = text_detect(lines->buffer, lines->filled, &mark);

    lines->used = mark;
    if (encoding != TEXT_UTF8) {
        lines->encoding = encoding == TEXT_UTF16LE ? LINES_UTF16LE : LINES_UTF16BE;
        return 0;
    }
    if (memchr(lines->buffer, 0, lines->filled))
        return -ENOMSG;
    if (mark == 0 && !is_utf8_sample(lines->buffer, lines->filled, is_whole) &&
        is_cp932_sample(lines->buffer, lines->filled, is_whole)) {
        lines->encoding = LINES_CP932;
        lines->cp932 = iconv_open("UTF-8", "CP932");
    }
    return 0;
}

/* ---- opening ---- */

static int start(struct text_lines *lines)
{
    int64_t n = io_read_some(lines->source, 0, lines->buffer, TEXT_SAMPLE_SIZE);

    if (n < 0)
        return (int)n;
    lines->filled = (size_t)n;
    lines->next = (uint64_t)n;
    return find_encoding(lines, lines->next == io_size(lines->source));
}

int text_lines_open(struct text_lines *lines, io_source *source)
{
    *lines = (struct text_lines){.source = io_ref(source), .cp932 = NO_ICONV};
    lines->buffer = malloc(TEXT_SAMPLE_SIZE);
    int r = lines->buffer ? start(lines) : -ENOMEM;
    if (r < 0)
        text_lines_close(lines);
    return r;
}

void text_lines_close(struct text_lines *lines)
{
    if (lines->cp932 != NO_ICONV)
        iconv_close(lines->cp932);
    io_unref(lines->source);
    free(lines->buffer);
    free(lines->line);
    *lines = (struct text_lines){.cp932 = NO_ICONV};
}

/* ---- lines ---- */

/* Makes sure that a whole line, or as much of it as comes at once, is in the buffer. */
static int fill(struct text_lines *lines)
{
    if (lines->filled - lines->used >= TEXT_LINE_MAX + 4)
        return 0;
    memmove(lines->buffer, lines->buffer + lines->used, lines->filled - lines->used);
    lines->filled -= lines->used;
    lines->used = 0;
    int64_t n = io_read_some(lines->source, lines->next, lines->buffer + lines->filled,
                             TEXT_SAMPLE_SIZE - lines->filled);
    if (n < 0)
        return (int)n;
    lines->filled += (size_t)n;
    lines->next += (uint64_t)n;
    return 0;
}

static bool is_wide(const struct text_lines *lines)
{
    return lines->encoding == LINES_UTF16LE || lines->encoding == LINES_UTF16BE;
}

/* The length of the line that begins at p, without its '\n'; *with_end counts that too. */
static size_t line_length(const struct text_lines *lines, const uint8_t *p, size_t size,
                          size_t *with_end)
{
    size_t width = is_wide(lines) ? 2 : 1, limit = size < TEXT_LINE_MAX ? size : TEXT_LINE_MAX;

    for (size_t i = 0; i + width <= limit; i += width) {
        unsigned c = width == 1                         ? p[i]
                     : lines->encoding == LINES_UTF16LE ? load_le16(p + i)
                                                        : (unsigned)(p[i] << 8 | p[i + 1]);
        if (c == '\n') {
            *with_end = i + width;
            return i;
        }
    }
    *with_end = limit;
    return limit;
}

static char *convert_cp932(struct text_lines *lines, const uint8_t *bytes, size_t size)
{
    size_t room = 3 * size + 1, left = room - 1;
    char *text = malloc(room), *to = text, *in = (char *)(uintptr_t)bytes;

    if (!text)
        return NULL;
    iconv(lines->cp932, NULL, NULL, NULL, NULL);
    while (size > 0 && iconv(lines->cp932, &in, &size, &to, &left) == (size_t)-1 && left > 0) {
        *to++ = '?'; /* a byte that is no character */
        left--;
        in++;
        size--;
    }
    *to = '\0';
    return text;
}

static char *convert(struct text_lines *lines, const uint8_t *bytes, size_t size)
{
    switch (lines->encoding) {
    case LINES_UTF16LE:
        return text_from_utf16le(bytes, size, NULL);
    case LINES_UTF16BE:
        return text_from_utf16be(bytes, size, NULL);
    case LINES_CP932:
        return convert_cp932(lines, bytes, size);
    default: {
        char *copy = strndup((const char *)bytes, size);
        char *text = copy ? text_valid(copy) : NULL;
        free(copy);
        return text;
    }
    }
}

static void drop_carriage_return(char *line)
{
    size_t length = strlen(line);

    while (length > 0 && line[length - 1] == '\r')
        line[--length] = '\0';
}

int text_lines_next(struct text_lines *lines, const char **line)
{
    size_t with_end;
    int r = fill(lines);

    *line = NULL;
    if (r < 0 || lines->filled == lines->used)
        return r;
    const uint8_t *p = lines->buffer + lines->used;
    size_t length = line_length(lines, p, lines->filled - lines->used, &with_end);
    free(lines->line);
    lines->line = convert(lines, p, length);
    if (!lines->line)
        return -ENOMEM;
    drop_carriage_return(lines->line);
    lines->used += with_end;
    lines->number++;
    *line = lines->line;
    return 1;
}

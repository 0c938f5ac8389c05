/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * A text file line by line, as UTF-8, whatever it was written in: UTF-8, UTF-16 of either order
 * (with or without mark) or CP932, told apart by the first bytes. Memory does not grow with it.
 */
#ifndef EVENT_TEXT_LINES_H
#define EVENT_TEXT_LINES_H

#include "io/source.h"

#include <iconv.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A longer line comes in pieces of this many bytes of the file. */
#define TEXT_LINE_MAX 16384
/* What tells the encoding, and what event_probe() looks at. */
#define TEXT_SAMPLE_SIZE 65536

enum lines_encoding {
    LINES_UTF8, /* or ASCII */
    LINES_UTF16LE,
    LINES_UTF16BE,
    LINES_CP932,
};

struct text_lines {
    io_source *source;
    enum lines_encoding encoding;
    iconv_t cp932; /* (iconv_t)-1 unless it is needed */
    uint8_t *buffer;
    size_t filled, used;
    uint64_t next;   /* offset of what to read into the buffer next */
    uint64_t number; /* of the line given last, from 1 */
    char *line;
};

/*
 * Loads what converting CP932 needs. Call once, before rights are given up: afterwards it can't be
 * loaded any more, and such text stays unreadable.
 */
void text_lines_prepare(void);

/* 0; -ENOMSG for what is no text; -ENOMEM, -EIO … Keeps a reference to the source. */
int text_lines_open(struct text_lines *, io_source *);
/* The next line without its end, valid until the next call. 1, 0 at the end, negative errno. */
int text_lines_next(struct text_lines *, const char **line);
void text_lines_close(struct text_lines *);

static inline void text_lines_cleanup(struct text_lines *lines)
{
    text_lines_close(lines);
}

#endif

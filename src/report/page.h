/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * A page of text for people: so many columns, words wrapped, colour if wanted. Everything that
 * comes from evidence passes through here and becomes printable; names, paths and commands are
 * never cut, even where they are longer than a line.
 */
#ifndef REPORT_PAGE_H
#define REPORT_PAGE_H

#include "report/output.h"
#include "report/report.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct page {
    struct output *out;
    const struct report *report;
    struct report_style style;
};

enum ink {
    INK_PLAIN,
    INK_OK,
    INK_FAINT,
    INK_WARNING,
    INK_PROBLEM,
    INK_RISK,
    INK_HEADING,
};

enum ink severity_ink(enum severity);
/* How bad at a glance, three columns, without any colour: "ok ", "-  ", "!  ", "!! ", "!!!". */
const char *severity_mark(const struct page *, enum severity);

/* Text in a colour, as it is: for words of our own and text that is printable already. */
void page_ink(struct page *, enum ink, const char *text);
/* Blanks. */
void page_blank(struct page *, size_t columns);
void page_end_line(struct page *);

void page_heading(struct page *, const char *text);
/* An empty line, then a line with the mark of a severity and a title, which is printable. */
void page_title(struct page *, enum severity, const char *title);
/* One line that is never broken: a path, a command. */
void page_line(struct page *, unsigned indent, const char *text);
/* "LABEL words words ..." wrapped, later lines a little further in when there is a label, which is
 * our own words. */
void page_paragraph(struct page *, unsigned indent, const char *label, const char *text);
/* The same with a text made here. */
void page_sentence(struct page *, unsigned indent, const char *label, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* A paragraph behind the mark of a severity. */
void page_remark(struct page *, unsigned indent, enum severity, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* A printable copy that the caller frees; NULL (and the output failed) when memory is short. */
char *page_printable(struct page *, const char *text);

/* The file's name in a path, which is the path's end; all of it where it ends with a separator. */
const char *path_file_name(const char *path);

#define BYTES_TEXT_SIZE 32
/* "512 B", "2.1 GiB": one decimal, rounded down. Returns text. */
char *bytes_format(uint64_t bytes, char text[BYTES_TEXT_SIZE]);
/* "s" unless there is exactly one. */
const char *plural(uint64_t count);

#endif

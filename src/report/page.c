/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "report/page.h"

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HANG 2 /* later lines of a paragraph with a label stand so much further in */

enum ink severity_ink(enum severity severity)
{
    static const enum ink inks[] = {
        [SEVERITY_OK] = INK_OK,           [SEVERITY_INFO] = INK_FAINT,
        [SEVERITY_WARNING] = INK_WARNING, [SEVERITY_PROBLEM] = INK_PROBLEM,
        [SEVERITY_DATA_LOSS_RISK] = INK_RISK,
    };

    return inks[severity];
}

const char *severity_mark(const struct page *page, enum severity severity)
{
    static const char *const marks[][2] = {
        [SEVERITY_OK] = {"ok ", "✓  "},       [SEVERITY_INFO] = {"-  ", "·  "},
        [SEVERITY_WARNING] = {"!  ", "!  "},  [SEVERITY_PROBLEM] = {"!! ", "!! "},
        [SEVERITY_DATA_LOSS_RISK] = {"!!!", "!!!"},
    };

    return marks[severity][page->style.unicode];
}

void page_ink(struct page *page, enum ink ink, const char *text)
{
    /* ECMA-48 8.3.117, SGR: the sixteen colours that every terminal has. */
    static const char *const codes[] = {
        [INK_OK] = "32",      [INK_FAINT] = "2", [INK_WARNING] = "33", [INK_PROBLEM] = "31",
        [INK_RISK] = "1;37;41", [INK_HEADING] = "1",
    };
    bool coloured = page->style.colour && ink != INK_PLAIN;

    if (coloured)
        output_printf(page->out, "\033[%sm", codes[ink]);
    output_text(page->out, text);
    if (coloured)
        output_text(page->out, "\033[0m");
}

void page_blank(struct page *page, size_t columns)
{
    output_repeat(page->out, ' ', columns);
}

void page_end_line(struct page *page)
{
    output_char(page->out, '\n');
}

void page_heading(struct page *page, const char *text)
{
    page_end_line(page);
    page_ink(page, INK_HEADING, text);
    page_end_line(page);
}

void page_title(struct page *page, enum severity severity, const char *title)
{
    page_end_line(page);
    page_ink(page, severity_ink(severity), severity_mark(page, severity));
    page_blank(page, 1);
    page_ink(page, INK_HEADING, title);
    page_end_line(page);
}

void page_line(struct page *page, unsigned indent, const char *text)
{
    CLEANUP_FREE char *printable = page_printable(page, text);

    if (!printable)
        return;
    page_blank(page, indent);
    output_text(page->out, printable);
    page_end_line(page);
}

/*
 * Words are what stands between blanks; one that is wider than the page has a line of its own.
 * `column` is where the first one goes, `hang` where later lines begin.
 */
static void put_wrapped(struct page *page, size_t column, size_t hang, char *words)
{
    bool fresh = column == hang; /* nothing stands on the line yet */
    bool space = false;
    char *rest = NULL;

    for (char *word = strtok_r(words, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        size_t width = text_width(word);
        if (!fresh && column + space + width > page->style.width) {
            page_end_line(page);
            page_blank(page, hang);
            column = hang;
        } else if (space) {
            page_blank(page, 1);
            column++;
        }
        output_text(page->out, word);
        column += width;
        fresh = false;
        space = true;
    }
    page_end_line(page);
}

void page_paragraph(struct page *page, unsigned indent, const char *label, const char *text)
{
    CLEANUP_FREE char *printable = page_printable(page, text);
    size_t hang = indent + (label[0] ? HANG : 0);

    if (!printable)
        return;
    page_blank(page, indent);
    output_text(page->out, label);
    put_wrapped(page, indent + text_width(label), hang, printable);
}

__attribute__((format(printf, 4, 0))) static void
put_sentence(struct page *page, unsigned indent, const char *label, const char *format, va_list ap)
{
    CLEANUP(strbuf) struct strbuf text = {0};

    strbuf_vprintf(&text, format, ap);
    if (text.failed)
        output_fail(page->out, -ENOMEM);
    else
        page_paragraph(page, indent, label, strbuf_text(&text));
}

void page_sentence(struct page *page, unsigned indent, const char *label, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    put_sentence(page, indent, label, format, ap);
    va_end(ap);
}

void page_remark(struct page *page, unsigned indent, enum severity severity, const char *format,
                 ...)
{
    char label[16];
    va_list ap;

    snprintf(label, sizeof(label), "%s ", severity_mark(page, severity));
    va_start(ap, format);
    put_sentence(page, indent, label, format, ap);
    va_end(ap);
}

char *page_printable(struct page *page, const char *text)
{
    char *printable = text_printable(text);

    if (!printable)
        output_fail(page->out, -ENOMEM);
    return printable;
}

const char *path_file_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash && slash[1] ? slash + 1 : path;
}

char *bytes_format(uint64_t bytes, char text[BYTES_TEXT_SIZE])
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    unsigned unit = 0;

    while (bytes >> (10 * unit) >= 1024)
        unit++;
    if (unit == 0) {
        snprintf(text, BYTES_TEXT_SIZE, "%" PRIu64 " B", bytes);
        return text;
    }
    uint64_t parts = bytes >> (10 * (unit - 1)); /* 1024ths of the unit */
    snprintf(text, BYTES_TEXT_SIZE, "%" PRIu64 ".%" PRIu64 " %s", parts / 1024,
             parts % 1024 * 10 / 1024, units[unit]);
    return text;
}

const char *plural(uint64_t count)
{
    return count == 1 ? "" : "s";
}

/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "base/notes.h"

#include "base/strbuf.h"
#include "base/vector.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

const char *severity_name(enum severity severity)
{
    static const char *const names[] = {"ok", "info", "warning", "problem", "data-loss-risk"};

    return names[severity];
}

void notes_add(struct notes *notes, enum severity severity, const char *rule, uint64_t offset,
               const char *format, ...)
{
    struct strbuf text = {0};
    va_list ap;

    if (!notes)
        return;
    if (notes->count >= NOTES_MAX) {
        notes->dropped++;
        return;
    }
    va_start(ap, format);
    strbuf_vprintf(&text, format, ap);
    va_end(ap);
    struct note *note = vector_push(notes);
    if (!note) {
        strbuf_free(&text);
        notes->dropped++;
        return;
    }
    *note = (struct note){severity, rule, offset, strbuf_steal(&text)};
}

enum severity notes_worst(const struct notes *notes)
{
    return notes_worst_since(notes, 0);
}

enum severity notes_worst_since(const struct notes *notes, size_t from)
{
    enum severity worst = SEVERITY_OK;

    for (size_t i = from; i < notes->count; i++)
        if (notes->items[i].severity > worst)
            worst = notes->items[i].severity;
    return worst;
}

int notes_has(const struct notes *notes, const char *rule)
{
    for (size_t i = 0; i < notes->count; i++)
        if (strcmp(notes->items[i].rule, rule) == 0)
            return 1;
    return 0;
}

void notes_free(struct notes *notes)
{
    for (size_t i = 0; i < notes->count; i++)
        free(notes->items[i].text);
    free(notes->items);
    *notes = (struct notes){0};
}

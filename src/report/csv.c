/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * Tables for spreadsheets: RFC 4180. A text that a spreadsheet would take for a formula gets an
 * apostrophe before it, as OWASP advises: file names are under nobody's control.
 */
#include "report/printers.h"
#include "report/text_sections.h"

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct table {
    struct output *out;
    bool filled; /* the line has a field */
};

static void begin_field(struct table *t)
{
    if (t->filled)
        output_char(t->out, ',');
    t->filled = true;
}

static bool looks_like_formula(const char *text)
{
    text += strspn(text, " \"'");
    return *text && strchr("=+-@|%", *text);
}

static void put_quoted(struct output *out, const char *text)
{
    output_char(out, '"');
    for (; *text; text++) {
        if (*text == '"')
            output_char(out, '"');
        output_char(out, *text);
    }
    output_char(out, '"');
}

/* NULL is an empty field. */
static void put_text(struct table *t, const char *text)
{
    CLEANUP_FREE char *printable = text ? text_printable(text) : NULL;

    begin_field(t);
    if (text && !printable)
        output_fail(t->out, -ENOMEM);
    if (!printable)
        return;
    CLEANUP_FREE char *defused =
        looks_like_formula(printable) ? string_printf("'%s", printable) : STEAL(printable);
    if (!defused)
        output_fail(t->out, -ENOMEM);
    else if (strpbrk(defused, "\",\r\n' "))
        put_quoted(t->out, defused);
    else
        output_text(t->out, defused);
}

static void put_number(struct table *t, bool known, uint64_t number)
{
    begin_field(t);
    if (known)
        output_printf(t->out, "%" PRIu64, number);
}

static void put_guid(struct table *t, bool known, const struct guid *guid)
{
    char text[GUID_TEXT_SIZE];

    put_text(t, known ? guid_format(guid, text) : NULL);
}

static void put_machine(struct table *t, const struct report *r, size_t machine)
{
    const struct host_machine *m =
        machine == HOST_NONE ? NULL : &r->host.machines.items[machine];

    put_guid(t, m && m->has_id, m ? &m->id : NULL);
    put_text(t, m ? m->name : NULL);
}

static void end_line(struct table *t)
{
    output_text(t->out, "\r\n");
    t->filled = false;
}

static void put_heads(struct table *t, const char *const *heads)
{
    for (; *heads; heads++)
        put_text(t, *heads);
    end_line(t);
}

/* The caller frees; NULL when memory is short. */
static char *overlay_words(unsigned overlays)
{
    struct strbuf words = {0};

    for (enum disk_overlay o = 0; o < OVERLAY_COUNT; o++)
        if (overlays & 1u << o)
            strbuf_printf(&words, "%s%s", words.length > 0 ? " " : "", overlay_name(o));
    return strbuf_steal(&words);
}

static void put_disk(struct table *t, const struct report *r, size_t index)
{
    static const struct disk_facts nothing;
    const struct host_disk *d = &r->host.disks.items[index];
    const struct disk_verdict *v = &r->verdict.disks[index];
    const struct disk_facts *f = d->facts ? d->facts : &nothing;
    char modified[WHEN_TEXT_SIZE];
    CLEANUP_FREE char *overlays = overlay_words(v->overlays);

    if (!overlays)
        output_fail(t->out, -ENOMEM);
    put_text(t, d->path);
    put_text(t, class_name(v->class));
    put_text(t, severity_name(v->severity));
    put_text(t, overlays);
    put_machine(t, r, v->machine);
    put_number(t, true, d->file_size);
    put_number(t, f->has_counts, f->allocated_bytes);
    put_number(t, f->virtual_size > 0, f->virtual_size);
    put_text(t, d->modified ? when_format(d->modified, WHEN_FILETIME, modified) : NULL);
    put_text(t, d->facts ? disk_format_name(f->format) : NULL);
    put_text(t, d->facts ? disk_kind_name(f->kind) : NULL);
    put_guid(t, !guid_is_zero(&f->data_write_guid), &f->data_write_guid);
    put_text(t, v->parent == HOST_NONE ? NULL : r->host.disks.items[v->parent].path);
    put_text(t, parent_state_name(v->parent_state));
    put_number(t, true, v->children.count);
    put_text(t, d->error);
    end_line(t);
}

void report_print_csv(struct output *out, const struct report *r, const struct report_style *style)
{
    static const char *const heads[] = {
        "path", "class", "severity", "overlays", "vm_id", "vm_name", "file_size", "allocated_bytes",
        "virtual_size", "modified", "format", "kind", "data_write_guid", "parent", "parent_state",
        "children", "error", NULL};
    struct table t = {.out = out};

    put_heads(&t, heads);
    for (size_t i = 0; i < r->host.disks.count; i++)
        put_disk(&t, r, i);
}

/* Several lines of text in one field. */
static void put_strings(struct table *t, const string_list *list)
{
    struct strbuf joined = {0};

    for (size_t i = 0; i < list->count; i++)
        strbuf_printf(&joined, "%s%s", i > 0 ? " | " : "", list->items[i]);
    if (joined.failed)
        output_fail(t->out, -ENOMEM);
    put_text(t, strbuf_text(&joined));
    strbuf_free(&joined);
}

void report_print_csv_findings(struct output *out, const struct report *r,
                               const struct report_style *style)
{
    static const char *const heads[] = {
        "code", "severity", "confidence", "subject", "vm_id", "vm_name", "summary", "evidence",
        "explanation", "next_step", "commands", "blocked_by", NULL};
    struct table t = {.out = out};

    put_heads(&t, heads);
    for (size_t i = 0; i < r->verdict.findings.count; i++) {
        const struct finding *f = &r->verdict.findings.items[i];
        put_text(&t, f->code);
        put_text(&t, severity_name(f->severity));
        put_text(&t, confidence_name(f->confidence));
        put_text(&t, f->subject);
        put_machine(&t, r, f->machine);
        put_text(&t, f->summary);
        put_strings(&t, &f->evidence);
        put_text(&t, f->explanation);
        put_text(&t, f->next_step);
        put_strings(&t, &f->commands);
        put_strings(&t, &f->blocked_by);
        end_line(&t);
    }
}

void report_print_csv_changes(struct output *out, const struct report *r,
                              const struct report_style *style)
{
    static const char *const heads[] = {"kind",  "subject", "vm_id",    "vm_name",    "before",
                                        "after", "summary", "evidence", "confidence", NULL};
    struct table t = {.out = out};

    put_heads(&t, heads);
    for (size_t i = 0; i < r->changes.count; i++) {
        const struct change *c = &r->changes.items[i];
        put_text(&t, change_kind_name(c->kind));
        put_text(&t, c->subject);
        put_machine(&t, r, c->machine);
        put_text(&t, c->before);
        put_text(&t, c->after);
        put_text(&t, c->summary);
        put_strings(&t, &c->evidence);
        put_text(&t, confidence_name(c->confidence));
        end_line(&t);
    }
}

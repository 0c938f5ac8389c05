/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "report/json_writer.h"

#include "base/text.h"

#include <inttypes.h>
#include <string.h>

static void new_line(struct json_writer *w)
{
    if (w->indent == 0)
        return;
    output_char(w->out, '\n');
    output_repeat(w->out, ' ', (size_t)w->indent * w->depth);
}

static void put_quoted(struct output *out, const char *text)
{
    size_t left = strlen(text), n;

    output_char(out, '"');
    for (; left > 0; text += n, left -= n) {
        int32_t c = text_next(text, left, &n);
        if (c < 0)
            output_printf(out, "\\\\x%02X", (uint8_t)*text);
        else if (c == '"' || c == '\\')
            output_printf(out, "\\%c", (char)c);
        else if (text_is_control(c))
            output_printf(out, "\\u%04x", (unsigned)c);
        else
            output_bytes(out, text, n);
    }
    output_char(out, '"');
}

/* What stands before a value: the comma, the line, the name. */
static void begin_value(struct json_writer *w, const char *name)
{
    if (w->filled)
        output_text(w->out, w->indent > 0 ? "," : ", ");
    if (w->depth > 0)
        new_line(w);
    w->filled = true;
    if (name) {
        put_quoted(w->out, name);
        output_text(w->out, ": ");
    }
}

static void open_level(struct json_writer *w, const char *name, char bracket)
{
    begin_value(w, name);
    output_char(w->out, bracket);
    w->depth++;
    w->filled = false;
}

static void close_level(struct json_writer *w, char bracket)
{
    w->depth--;
    if (w->filled)
        new_line(w);
    output_char(w->out, bracket);
    w->filled = true;
}

void json_open_object(struct json_writer *w, const char *name)
{
    open_level(w, name, '{');
}

void json_close_object(struct json_writer *w)
{
    close_level(w, '}');
}

void json_open_array(struct json_writer *w, const char *name)
{
    open_level(w, name, '[');
}

void json_close_array(struct json_writer *w)
{
    close_level(w, ']');
}

void json_write_null(struct json_writer *w, const char *name)
{
    begin_value(w, name);
    output_text(w->out, "null");
}

void json_write_bool(struct json_writer *w, const char *name, bool value)
{
    begin_value(w, name);
    output_text(w->out, value ? "true" : "false");
}

void json_write_string(struct json_writer *w, const char *name, const char *value)
{
    if (!value) {
        json_write_null(w, name);
        return;
    }
    begin_value(w, name);
    put_quoted(w->out, value);
}

void json_write_number(struct json_writer *w, const char *name, uint64_t value)
{
    if (value > INT64_MAX) {
        json_write_null(w, name);
        return;
    }
    begin_value(w, name);
    output_printf(w->out, "%" PRIu64, value);
}

void json_write_number_if(struct json_writer *w, const char *name, bool known, uint64_t value)
{
    if (known)
        json_write_number(w, name, value);
    else
        json_write_null(w, name);
}

void json_write_signed_if(struct json_writer *w, const char *name, bool known, int32_t value)
{
    if (!known) {
        json_write_null(w, name);
        return;
    }
    begin_value(w, name);
    output_printf(w->out, "%" PRId32, value);
}

void json_write_guid_if(struct json_writer *w, const char *name, bool known,
                        const struct guid *guid)
{
    char text[GUID_TEXT_SIZE];

    json_write_string(w, name, known ? guid_format(guid, text) : NULL);
}

void json_write_time(struct json_writer *w, const char *name, filetime time)
{
    char text[WHEN_TEXT_SIZE];

    when_format(time, WHEN_FILETIME, text);
    json_write_string(w, name, text[0] ? text : NULL);
}

void json_write_strings(struct json_writer *w, const char *name, char *const *items, size_t count)
{
    json_open_array(w, name);
    for (size_t i = 0; i < count; i++)
        json_write_string(w, NULL, items[i]);
    json_close_array(w);
}

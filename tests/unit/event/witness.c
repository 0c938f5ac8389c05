/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "../testing.h"

#include "witness.h"

#include "base/strbuf.h"
#include "base/when.h"
#include "io/source.h"

#include <expat.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void reading_free(struct reading *reading)
{
    for (size_t i = 0; i < reading->records.count; i++)
        free(reading->records.items[i]);
    vector_free(&reading->records);
}

static void add_record(struct reading *reading, struct strbuf *text)
{
    char **place = vector_push(&reading->records);

    assert_non_null(place);
    *place = strbuf_steal(text);
    if (!*place)
        *place = strdup("");
    assert_non_null(*place);
}

/* ---- one spelling for what two programs print ---- */

static bool is_xml_character(unsigned char c)
{
    return c >= 0x20 || c == '\t' || c == '\n';
}

/* Characters that XML can't hold become '?', line ends '\n', as an XML parser has it. */
static void append_plain(struct strbuf *out, const char *text)
{
    for (; *text; text++) {
        if (text[0] == '\r' && text[1] == '\n')
            continue;
        if (*text == '\r')
            strbuf_append_char(out, '\n');
        else
            strbuf_append_char(out, is_xml_character((unsigned char)*text) ? *text : '?');
    }
}

/* Leading zeros of a hexadecimal number and trailing ones of a time are a matter of taste. */
static void append_value(struct strbuf *out, const char *text)
{
    char printed[WHEN_TEXT_SIZE], *end;
    const char *rest;
    filetime t = when_parse(text, &rest, NULL);

    if (t != 0 && *rest == '\0' && text[4] == '-') {
        strbuf_append(out, when_format(t, WHEN_FILETIME, printed));
        return;
    }
    if (text[0] == '0' && text[1] == 'x') {
        uint64_t number = strtoull(text + 2, &end, 16);
        if (*end == '\0' && end > text + 2) {
            strbuf_printf(out, "0x%" PRIx64, number);
            return;
        }
    }
    append_plain(out, text);
}

static void append_line(struct strbuf *out, const char *name, const char *value)
{
    struct strbuf spelled = {0};

    append_value(&spelled, value);
    /* One writes nothing where the other writes something empty, or blank. */
    if (strbuf_text(&spelled)[strspn(strbuf_text(&spelled), " \t\n")])
        strbuf_printf(out, "%s=%s\n", name, strbuf_text(&spelled));
    strbuf_free(&spelled);
}

static void append_number(struct strbuf *out, const char *name, uint64_t value)
{
    if (value != 0)
        strbuf_printf(out, "%s=%" PRIu64 "\n", name, value);
}

/* ---- ours ---- */

static void append_record(struct strbuf *out, const struct event_record *r)
{
    char guid[GUID_TEXT_SIZE], time[WHEN_TEXT_SIZE];

    append_line(out, "provider", r->provider);
    append_line(out, "guid", r->has_provider_guid ? guid_format(&r->provider_guid, guid) : "");
    append_line(out, "source", r->source_name);
    append_number(out, "qualifiers", r->qualifiers);
    append_number(out, "id", r->event_id);
    append_number(out, "version", r->version);
    append_number(out, "level", r->level);
    append_number(out, "task", r->task);
    append_number(out, "opcode", r->opcode);
    append_number(out, "keywords", r->keywords);
    append_line(out, "time", when_format(r->time, WHEN_FILETIME, time));
    append_number(out, "record", r->record_id);
    append_number(out, "process", r->process_id);
    append_number(out, "thread", r->thread_id);
    append_line(out, "channel", r->channel);
    append_line(out, "computer", r->computer);
    append_line(out, "user", r->user_sid);
    for (size_t i = 0; i < r->value_count; i++)
        append_line(out, r->values[i].name ? r->values[i].name : "-", r->values[i].value);
}

void own_read(struct reading *reading, const void *bytes, size_t size, enum event_origin origin)
{
    io_source *source = io_memory_new(bytes, size);
    const struct event_record *record;
    struct event_log *log;
    int r;

    assert_int_equal(event_log_open(&log, source, NULL), 0);
    while ((r = event_log_next(log, &record)) > 0) {
        struct strbuf text = {0};
        append_record(&text, record);
        if (record->origin == origin)
            add_record(reading, &text);
        strbuf_free(&text);
    }
    assert_int_equal(r, 0);
    event_log_close(log);
    io_unref(source);
}

/* ---- theirs ---- */

#define DEPTH_MAX 64

struct export
{
    struct reading *reading;
    struct strbuf record, text;
    char names[DEPTH_MAX][128];
    char value_name[512];
    bool leaf;
    int depth; /* the root that we put around it is 0, Event 1 */
};

static bool at(const struct export *e, int depth, const char *name)
{
    return e->depth >= depth && strcmp(e->names[depth], name) == 0;
}

static void append_system_number(struct export *e, const char *name, const char *text)
{
    append_number(&e->record, name, strtoull(text, NULL, 0));
}

static const struct {
    const char *element, *attribute, *line;
    bool number;
} system_fields[] = {
    {"Provider", "Name", "provider"},
    {"Provider", "Guid", "guid"},
    {"Provider", "EventSourceName", "source"},
    {"EventID", "Qualifiers", "qualifiers", true},
    {"EventID", NULL, "id", true},
    {"Version", NULL, "version", true},
    {"Level", NULL, "level", true},
    {"Task", NULL, "task", true},
    {"Opcode", NULL, "opcode", true},
    {"Keywords", NULL, "keywords", true},
    {"TimeCreated", "SystemTime", "time"},
    {"EventRecordID", NULL, "record", true},
    {"Execution", "ProcessID", "process", true},
    {"Execution", "ThreadID", "thread", true},
    {"Channel", NULL, "channel"},
    {"Computer", NULL, "computer"},
    {"Security", "UserID", "user"},
};

static void system_value(struct export *e, const char *attribute, const char *text)
{
    for (size_t i = 0; i < sizeof(system_fields) / sizeof(system_fields[0]); i++) {
        const char *a = system_fields[i].attribute;
        if (strcmp(e->names[e->depth], system_fields[i].element) != 0 ||
            (attribute ? !a || strcmp(a, attribute) != 0 : a != NULL))
            continue;
        struct guid guid;
        char printed[GUID_TEXT_SIZE];
        if (system_fields[i].number)
            append_system_number(e, system_fields[i].line, text);
        else if (guid_parse_string(text, &guid))
            append_line(&e->record, system_fields[i].line, guid_format(&guid, printed));
        else
            append_line(&e->record, system_fields[i].line, text);
    }
}

static void on_start(void *user, const XML_Char *name, const XML_Char **attributes)
{
    struct export *e = user;

    assert_true(++e->depth < DEPTH_MAX);
    snprintf(e->names[e->depth], sizeof(e->names[0]), "%s", name);
    strbuf_clear(&e->text);
    e->leaf = true;
    snprintf(e->value_name, sizeof(e->value_name), "%s", strcmp(name, "Data") ? name : "-");
    for (; *attributes; attributes += 2) {
        if (at(e, 2, "System"))
            system_value(e, attributes[0], attributes[1]);
        else if (strcmp(attributes[0], "Name") == 0)
            snprintf(e->value_name, sizeof(e->value_name), "%s", attributes[1]);
        else if (strncmp(attributes[0], "xmlns", 5) != 0 && !at(e, 2, "EventData"))
            append_line(&e->record, attributes[0], attributes[1]);
    }
}

static void on_end(void *user, const XML_Char *name)
{
    struct export *e = user;

    if (at(e, 2, "System"))
        system_value(e, NULL, strbuf_text(&e->text));
    else if (e->leaf && e->depth >= 3)
        append_line(&e->record, e->value_name, strbuf_text(&e->text));
    if (e->depth == 1)
        add_record(e->reading, &e->record);
    strbuf_clear(&e->text);
    e->leaf = false;
    e->depth--;
}

static void on_text(void *user, const XML_Char *text, int length)
{
    struct export *e = user;

    strbuf_append_bytes(&e->text, text, (size_t)length);
}

bool witness_is_installed(void)
{
    return system("evtxexport -V >/dev/null 2>&1") == 0;
}

static void run(struct strbuf *out, const char *path, enum event_origin origin)
{
    char *command = string_printf("evtxexport -m %s -f xml '%s' 2>/dev/null",
                                  origin == EVENT_LIVE ? "items" : "recovered", path);
    char buffer[65536];
    size_t n;

    assert_non_null(command);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    while ((n = fread(buffer, 1, sizeof(buffer), pipe)) > 0)
        for (size_t i = 0; i < n; i++)
            strbuf_append_char(out, is_xml_character((unsigned char)buffer[i]) || buffer[i] == '\r'
                                        ? buffer[i]
                                        : '?');
    pclose(pipe);
    free(command);
}

void witness_read(struct reading *reading, const char *path, enum event_origin origin)
{
    struct export e = {.reading = reading, .depth = -1};
    struct strbuf out = {0};
    XML_Parser parser = XML_ParserCreate("UTF-8");

    run(&out, path, origin);
    XML_SetUserData(parser, &e);
    XML_SetElementHandler(parser, on_start, on_end);
    XML_SetCharacterDataHandler(parser, on_text);
    const char *events = strstr(strbuf_text(&out), "<Event ");
    assert_int_equal(XML_Parse(parser, "<all>", 5, 0), XML_STATUS_OK);
    if (events && XML_Parse(parser, events, (int)strlen(events), 0) != XML_STATUS_OK)
        fail_msg("evtxexport's line %lu: %s", XML_GetCurrentLineNumber(parser),
                 XML_ErrorString(XML_GetErrorCode(parser)));
    XML_ParserFree(parser);
    strbuf_free(&out);
    strbuf_free(&e.record);
    strbuf_free(&e.text);
}

/* ---- beside each other ---- */

size_t reading_common(const struct reading *theirs, const struct reading *ours)
{
    size_t common = 0, next = 0, shown = 0;

    for (size_t i = 0; i < theirs->records.count; i++) {
        size_t j = next;
        while (j < ours->records.count &&
               strcmp(theirs->records.items[i], ours->records.items[j]) != 0)
            j++;
        if (j < ours->records.count) {
            common++;
            next = j + 1;
        } else if (shown++ < 3) {
            printf("only theirs:\n%s\nour next:\n%s\n", theirs->records.items[i],
                   next < ours->records.count ? ours->records.items[next] : "(none)");
        }
    }
    return common;
}

bool reading_has(const struct reading *reading, const char *record)
{
    for (size_t i = 0; i < reading->records.count; i++)
        if (strcmp(reading->records.items[i], record) == 0)
            return true;
    return false;
}

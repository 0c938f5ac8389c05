/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * Event logs of a host. A recipe lists records of all providers in the order of time, each in one
 * line, "+1h vmms 19100 error | @web | 0x8007052F"; every record goes to the log of its channel.
 */
#include "mkhost.h"

#include "evtx_sources.h"

#include "base/checked.h"
#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/vector.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define LOG_FOLDER "Windows/System32/winevt/Logs"
#define FIELDS_MAX 32
#define SEPARATOR  " | "

struct log {
    char *channel;
    struct evtx_writer *writer;
};

struct host_logs {
    const struct recipe *recipe;
    struct evtx_recipe form;
    unsigned noise; /* so many records of no interest come first */
    VECTOR(struct log) logs;
};

/* One record while its line is taken apart; the texts of its values live in `texts`. */
struct record {
    const struct recipe *recipe;
    const struct evtx_source *source;
    struct evtx_event event;
    struct evtx_field fields[FIELDS_MAX];
    size_t count;
    uint8_t binary[EVTX_BINARY_MAX];
    VECTOR(char *) texts;
};

/* ---- logs ---- */

static void write_noise(struct evtx_writer *writer, const char *channel, filetime time, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        evtx_write(writer, &(struct evtx_event){.time = i == 0 ? time - n * 10000000ULL : 0,
                                                .provider = "Microsoft-Windows-Example",
                                                .channel = channel,
                                                .event_id = (uint16_t)(1 + i % 7),
                                                .level = 4,
                                                .payload = EVTX_NONE});
}

static struct evtx_writer *log_of(struct host_logs *logs, const char *channel, filetime time)
{
    for (size_t i = 0; i < logs->logs.count; i++)
        if (strcmp(logs->logs.items[i].channel, channel) == 0)
            return logs->logs.items[i].writer;
    struct log *log = vector_push(&logs->logs);
    if (!log)
        fail(logs->recipe, "memory is short");
    *log = (struct log){strdup(channel), evtx_writer_new(&logs->form)};
    write_noise(log->writer, channel, time, logs->noise);
    return log->writer;
}

/* Windows names the file after the channel, "%4" for a slash; "%25" is a recipe's '%'. */
static char *log_file(const char *folder, const char *channel)
{
    const char *slash = strchr(channel, '/');

    return slash ? string_printf("%s/%.*s%%254%s.evtx", folder, (int)(slash - channel), channel,
                                 slash + 1)
                 : string_printf("%s/%s.evtx", folder, channel);
}

static void save(struct host_logs *logs, json_t *entry)
{
    const char *folder = text_member(logs->recipe, entry, "folder", LOG_FOLDER);

    for (size_t i = 0; i < logs->logs.count; i++) {
        struct log *log = &logs->logs.items[i];
        CLEANUP_FREE char *path = log_file(folder, log->channel);
        size_t size;
        const uint8_t *bytes = evtx_writer_finish(log->writer, &size);

        write_plain(logs->recipe, path, bytes, size);
        if (json_object_get(entry, "keep"))
            cut_file(logs->recipe, path, size_member(logs->recipe, entry, "keep", 0));
        set_time(logs->recipe, entry, path);
        evtx_writer_free(log->writer);
        free(log->channel);
    }
    vector_free(&logs->logs);
}

/* ---- values ---- */

static char *keep(struct record *record, char *text)
{
    char **slot = text ? vector_push(&record->texts) : NULL;

    if (!slot)
        fail(record->recipe, "memory is short");
    return *slot = text;
}

static void add_field(struct record *record, const char *name, const char *value,
                      enum binxml_type type)
{
    if (record->count == FIELDS_MAX)
        fail(record->recipe, "an event has too many values");
    if (record->event.payload == EVTX_USER_DATA && !name && !record->source->numbers_values)
        fail(record->recipe, "\"%s\" needs a name: Name=…", value);
    if (record->source->numbers_values)
        name = keep(record, string_printf("Parameter%zu", record->count));
    record->fields[record->count++] = (struct evtx_field){name, value, type};
}

/* "@web": the machine of that name, whether it is on the host or not. */
static void add_machine(struct record *record, const char *name)
{
    char guid[GUID_TEXT_SIZE];
    json_t *vm = find_vm(record->recipe, name);
    struct guid id = vm ? machine_guid(record->recipe, vm) : guid_of(name);

    add_field(record, "VmName", vm ? text_member(record->recipe, vm, "name", name) : name,
              BINXML_STRING);
    add_field(record, "VmId", keep(record, strdup(guid_file_name(id, guid))), BINXML_STRING);
}

/* "0x8007052F": as Hyper-V writes it, once for the message table, once as it is. */
static void add_code(struct record *record, const char *text)
{
    uint32_t code = (uint32_t)strtoull(text, NULL, 16);

    add_field(record, "ErrorMessage", keep(record, string_printf("%%%%%" PRIu32, code)),
              BINXML_STRING);
    add_field(record, "ErrorCode", keep(record, string_printf("0x%08" PRIX32, code)),
              BINXML_STRING);
}

static bool is_code(const char *text)
{
    return strlen(text) == 10 && strncmp(text, "0x", 2) == 0 &&
           strspn(text + 2, "0123456789abcdefABCDEF") == 8;
}

static void set_binary(struct record *record, const char *value)
{
    const char *slash = strchr(value, '/');
    struct evtx_event *event = &record->event;

    event->binary = record->binary;
    if (record->source->binary == EVTX_BINARY_PROCESS) {
        event->binary_size = evtx_process_binary(record->binary, value);
    } else if (record->source->binary == EVTX_BINARY_IO_ERROR) {
        uint32_t status = (uint32_t)strtoul(value, NULL, 16);
        event->binary_size = evtx_io_error_binary(record->binary, event, status);
    } else if (record->source->binary == EVTX_BINARY_SERVICE && slash) {
        const char *key = keep(record, strndup(value, (size_t)(slash - value)));
        event->binary_size = evtx_service_binary(record->binary, key, atoi(slash + 1));
    } else {
        fail(record->recipe, "\"%s\" has no Binary \"%s\"", record->source->word, value);
    }
}

/* The types by the names that manifests give them. */
static enum binxml_type type_of(const struct record *record, const char *name, size_t length)
{
    static const struct {
        const char *name;
        enum binxml_type type;
    } types[] = {
        {"UnicodeString", BINXML_STRING}, {"UInt32", BINXML_UINT32}, {"HexInt32", BINXML_HEX32},
        {"UInt64", BINXML_UINT64},        {"Boolean", BINXML_BOOL},  {"GUID", BINXML_GUID},
        {"FILETIME", BINXML_FILETIME},
    };

    for (size_t i = 0; i < ARRAY_SIZE(types); i++)
        if (strlen(types[i].name) == length && strncmp(types[i].name, name, length) == 0)
            return types[i].type;
    fail(record->recipe, "\"%.*s\" is no type of values", (int)length, name);
}

static const char *time_text(struct record *record, const char *value)
{
    char text[WHEN_TEXT_SIZE];
    struct timespec time = {.tv_sec = read_time(record->recipe, value)};

    return keep(record, strdup(when_format(when_from_timespec(time), WHEN_FILETIME, text)));
}

/* Length of "Name" in "Name=…" and "Name:Type=…", 0 when the value has no name. */
static size_t name_length(const char *value)
{
    size_t name = 0, end;

    while (isalnum((unsigned char)value[name]) || value[name] == '_')
        name++;
    end = name;
    if (value[end] == ':')
        end += 1 + strcspn(value + end + 1, " =:");
    return value[end] == '=' ? name : 0;
}

static void add_named(struct record *record, const char *value, size_t length)
{
    const char *name = keep(record, strndup(value, length)), *equals = strchr(value, '=');
    enum binxml_type type = BINXML_STRING;

    if (strcmp(name, "Binary") == 0) {
        set_binary(record, equals + 1);
        return;
    }
    if (value[length] == ':')
        type = type_of(record, value + length + 1, (size_t)(equals - value) - length - 1);
    add_field(record, name, type == BINXML_FILETIME ? time_text(record, equals + 1) : equals + 1,
              type);
}

static void add_value(struct record *record, const char *value)
{
    bool is_hyperv = record->event.payload == EVTX_USER_DATA;
    size_t name = name_length(value);

    if (is_hyperv && value[0] == '@')
        add_machine(record, value + 1);
    else if (is_hyperv && is_code(value))
        add_code(record, value);
    else if (name > 0 &&
             (record->event.payload != EVTX_CLASSIC || strncmp(value, "Binary", 6) == 0))
        add_named(record, value, name);
    else
        add_field(record, NULL, value, BINXML_STRING);
}

/* ---- lines ---- */

static uint8_t level_of(const struct recipe *recipe, const char *word)
{
    static const char *const levels[] = {"", "critical", "error", "warning", "info"};

    for (uint8_t i = 1; i < ARRAY_SIZE(levels); i++)
        if (strcmp(levels[i], word) == 0)
            return i;
    fail(recipe, "\"%s\" is no level of an event", word);
}

/* "+1h vmms 19100 error" */
static void read_head(struct record *record, const char *head)
{
    char time[24], source[24], level[12];
    unsigned id;

    if (sscanf(head, "%23s %23s %u %11s", time, source, &id, level) != 4)
        fail(record->recipe, "\"%s\" is not TIME SOURCE ID LEVEL", head);
    record->source = evtx_source_find(source);
    if (!record->source)
        fail(record->recipe, "\"%s\" is no source of events", source);
    struct timespec when = {.tv_sec = read_time(record->recipe, time)};
    record->event = evtx_source_event(record->source, when_from_timespec(when), (uint16_t)id,
                                      level_of(record->recipe, level));
}

static void write_line(struct host_logs *logs, const char *line)
{
    struct record record = {.recipe = logs->recipe};
    char *part = keep(&record, strdup(line)), *end;

    for (bool is_head = true; part; part = end, is_head = false) {
        end = strstr(part, SEPARATOR);
        if (end) {
            *end = '\0';
            end += strlen(SEPARATOR);
        }
        if (is_head)
            read_head(&record, part);
        else
            add_value(&record, part);
    }
    record.event.fields = record.fields;
    record.event.field_count = record.count;
    evtx_write(log_of(logs, record.event.channel, record.event.time), &record.event);
    for (size_t i = 0; i < record.texts.count; i++)
        free(record.texts.items[i]);
    vector_free(&record.texts);
}

void make_events(struct recipe *recipe, json_t *entry)
{
    uint32_t lag = (uint32_t)size_member(recipe, entry, "lag", 0);
    struct host_logs logs = {.recipe = recipe,
                             .form = {.computer = text_member(recipe, entry, "computer", NULL),
                                      .dirty = lag > 0,
                                      .lag = lag},
                             .noise = (unsigned)size_member(recipe, entry, "noise", 0)};
    json_t *line;
    size_t i;

    json_array_foreach(json_object_get(entry, "events"), i, line)
    {
        if (!json_is_string(line))
            fail(recipe, "an event must be text");
        write_line(&logs, json_string_value(line));
    }
    save(&logs, entry);
}

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * Get-WinEvent | ConvertTo-Json, of Windows PowerShell 5 and of PowerShell 7. An object becomes a
 * record like one of an event log, so that both go the same way from there. With the usual depth
 * the properties are names of classes instead of values: then only the message is left to read.
 */
#include "base/bytes.h"
#include "base/checked.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "event/codes.h"
#include "event/event_text.h"
#include "event/kinds.h"
#include "event/text_sources.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* Longer exports exist nowhere: a log of 20 MB gives some 100 MB. */
#define JSON_MAX       (256 * MIB)
#define PROPERTIES_MAX 256

/* ---- the text ---- */

/* UTF-8 without a mark; frees the bytes, or hands them on. */
static char *convert(char *bytes, size_t size)
{
    size_t mark;
    enum text_encoding encoding = text_detect(bytes, size, &mark);

    if (encoding == TEXT_UTF8) {
        memmove(bytes, bytes + mark, size - mark + 1); /* with the NUL */
        return bytes;
    }
    char *text = encoding == TEXT_UTF16LE ? text_from_utf16le(bytes + mark, size - mark, NULL)
                                          : text_from_utf16be(bytes + mark, size - mark, NULL);
    free(bytes);
    return text;
}

static int load(io_source *source, char **text)
{
    uint64_t size = io_size(source);

    if (size > JSON_MAX)
        return -EFBIG;
    char *bytes = malloc((size_t)size + 1);
    if (!bytes)
        return -ENOMEM;
    int r = io_read(source, 0, bytes, (size_t)size);
    if (r < 0) {
        free(bytes);
        return r;
    }
    bytes[size] = '\0';
    *text = convert(bytes, (size_t)size);
    return *text ? 0 : -ENOMEM;
}

/* ---- one object ---- */

static const char *get_string(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);

    return json_is_string(value) ? json_string_value(value) : "";
}

static uint64_t get_integer(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);

    return json_is_integer(value) ? (uint64_t)json_integer_value(value) : 0;
}

#define UNIX_EPOCH_MS INT64_C(11644473600000)

/* "/Date(1511261873874)/": milliseconds since 1970. */
static filetime parse_date(const char *text)
{
    char *end;
    const char *open = strstr(text, "Date(");

    if (!open)
        return when_parse(text, NULL, NULL);
    long long ms = strtoll(open + 5, &end, 10);
    if (end == open + 5 || ms < -UNIX_EPOCH_MS || ms > INT64_C(253402300799999))
        return 0;
    return (uint64_t)(ms + UNIX_EPOCH_MS) * 10000;
}

/* A string, or an object that holds one beside its other spelling. */
static filetime get_time(const json_t *object)
{
    const json_t *time = json_object_get(object, "TimeCreated");

    if (json_is_object(time))
        return parse_date(get_string(time, "value"));
    return json_is_string(time) ? parse_date(json_string_value(time)) : 0;
}

static const char *get_sid(const json_t *object)
{
    const json_t *user = json_object_get(object, "UserId");

    if (json_is_object(user))
        return get_string(user, "Value");
    return json_is_string(user) ? json_string_value(user) : "";
}

/* Texts that are made here, kept until the object is done. */
struct made_texts {
    char *items[PROPERTIES_MAX];
    size_t count;
};

static char *keep(struct made_texts *made, char *text)
{
    if (text)
        made->items[made->count++] = text;
    return text;
}

static void free_made(struct made_texts *made)
{
    while (made->count > 0)
        free(made->items[--made->count]);
}

/* Bytes are an array of numbers. */
static char *binary_text(const json_t *array)
{
    struct strbuf hex = {0};
    const json_t *byte;
    size_t i;

    json_array_foreach(array, i, byte)
        strbuf_printf(&hex, "%02X", (unsigned)json_integer_value(byte) & 0xFF);
    if (json_array_size(array) == 0)
        strbuf_append(&hex, "");
    return strbuf_steal(&hex);
}

static char *number_text(const json_t *value)
{
    if (json_is_integer(value))
        return string_printf("%" JSON_INTEGER_FORMAT, json_integer_value(value));
    if (json_is_real(value))
        return string_printf("%.17g", json_real_value(value));
    return strdup(json_is_true(value) ? "true" : json_is_false(value) ? "false" : "");
}

static int take_property(const json_t *property, struct made_texts *made, struct event_value *value)
{
    const json_t *content = json_object_get(property, "Value");

    *value = (struct event_value){NULL, ""};
    if (json_is_array(content)) {
        value->name = "Binary";
        value->value = keep(made, binary_text(content));
    } else if (json_is_object(content)) { /* a SID, a time */
        value->value = get_string(content, "Value");
        if (!*value->value)
            value->value = get_string(content, "value");
    } else if (json_is_string(content)) {
        value->value = json_string_value(content);
    } else {
        value->value = keep(made, number_text(content));
    }
    return value->value ? 0 : -ENOMEM;
}

struct object {
    struct event_record record;
    struct event_value values[PROPERTIES_MAX];
    struct made_texts made;
};

static int take_properties(struct object *o, const json_t *object)
{
    const json_t *properties = json_object_get(object, "Properties"), *property;
    size_t i;

    json_array_foreach(properties, i, property)
    {
        if (!json_is_object(property) || i == PROPERTIES_MAX) /* "System.Diagnostics…": too deep */
            break;
        int r = take_property(property, &o->made, &o->values[i]);
        if (r < 0)
            return r;
        o->record.value_count = i + 1;
    }
    o->record.values = o->values;
    return 0;
}

static void take_system(struct object *o, const json_t *object)
{
    const char *guid = get_string(object, "ProviderId");

    o->record = (struct event_record){
        .time = get_time(object),
        .provider = get_string(object, "ProviderName"),
        .source_name = "",
        .event_id = (uint16_t)get_integer(object, "Id"),
        .qualifiers = (uint16_t)get_integer(object, "Qualifiers"),
        .version = (uint8_t)get_integer(object, "Version"),
        .level = (uint8_t)get_integer(object, "Level"),
        .task = (uint16_t)get_integer(object, "Task"),
        .opcode = (uint8_t)get_integer(object, "Opcode"),
        .keywords = get_integer(object, "Keywords"),
        .record_id = get_integer(object, "RecordId"),
        .channel = get_string(object, "LogName"),
        .computer = get_string(object, "MachineName"),
        .user_sid = get_sid(object),
    };
    o->record.written = o->record.time;
    o->record.has_provider_guid = guid_parse_string(guid, &o->record.provider_guid);
}

/* ---- the message, when there is nothing else ---- */

/* Hyper-V's texts name the machine first, 'web01', and its identifier in parentheses. */
static int take_message(struct event *event, const char *message, bool has_values)
{
    uint32_t code;
    int r = event_add_value(event, "Message", message, strlen(message));

    if (r < 0 || has_values)
        return r;
    for (const char *p = message; (p = code_find(p, &code));)
        event_add_code(event, code);
    if (strncmp(event->provider, "Microsoft-Windows-Hyper-V-", 26) == 0) {
        size_t length = message[0] == '\'' ? strcspn(message + 1, "'") : 0;
        event->has_vm_id = event_find_guid(message, &event->vm_id);
        if (length > 0 && !event->vm_name && !(event->vm_name = strndup(message + 1, length)))
            return -ENOMEM;
    }
    return event_add_paths(event, message);
}

/* 1 an event, 0 nothing of interest, negative errno: as event_from_record(). */
static int read_object(struct event *event, const json_t *object, size_t number)
{
    struct object o = {0};
    const char *message = get_string(object, "Message");

    take_system(&o, object);
    o.record.offset = number;
    int r = event_is_relevant(&o.record, NULL) ? take_properties(&o, object) : -ENOENT;
    if (r == 0)
        r = event_from_record(event, &o.record);
    if (r > 0 && *message && take_message(event, message, o.record.value_count > 0) < 0) {
        event_free(event);
        r = -ENOMEM;
    }
    free_made(&o.made);
    return r == -ENOENT ? 0 : r;
}

static int take_object(struct event_file *file, const json_t *object, size_t number)
{
    struct event event;
    int r = read_object(&event, object, number);

    file->counts.live++;
    return r > 0 ? event_file_push(file, &event) : r;
}

static bool is_event(const json_t *object)
{
    return json_is_string(json_object_get(object, "ProviderName")) &&
           json_is_integer(json_object_get(object, "Id"));
}

static int take_root(struct event_file *file, const json_t *root, struct notes *notes)
{
    size_t count = json_is_array(root) ? json_array_size(root) : 1, strangers = 0;

    for (size_t i = 0; i < count; i++) {
        const json_t *object = json_is_array(root) ? json_array_get(root, i) : root;
        if (!is_event(object)) {
            strangers++;
            continue;
        }
        int r = take_object(file, object, i + 1);
        if (r < 0)
            return r;
    }
    if (strangers == count && count > 0)
        return -ENOMSG;
    if (strangers > 0)
        notes_add(notes, SEVERITY_WARNING, "JSON-EVENT", NOTE_NO_OFFSET,
                  "%zu of %zu objects are no events", strangers, count);
    return 0;
}

int powershell_read(struct event_file *file, io_source *source, struct notes *notes)
{
    json_error_t error;
    char *text;
    int r = load(source, &text);

    if (r < 0)
        return r;
    json_t *root = json_loads(text, 0, &error);
    free(text);
    if (!root) {
        notes_add(notes, SEVERITY_PROBLEM, "JSON-SYNTAX", NOTE_NO_OFFSET, "line %d is no JSON: %s",
                  error.line, error.text);
        return -ENOMSG;
    }
    r = take_root(file, root, notes);
    json_decref(root);
    return r;
}

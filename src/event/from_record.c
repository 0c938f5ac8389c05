/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* A record of an event log as an event: names for its values, its machine, codes and files. */
#include "event/events.h"

#include "base/bytes.h"
#include "base/checked.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "event/codes.h"
#include "event/event_text.h"
#include "event/kinds.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define BINARY "Binary"

/* ---- what a value is, by its name ---- */

enum role { ROLE_NONE, ROLE_VM_NAME, ROLE_VM_ID, ROLE_RESOURCE, ROLE_CODE, ROLE_TEXT };

static const struct {
    const char *name;
    enum role role;
} roles[] = {
    {"VmName", ROLE_VM_NAME},
    {"VirtualMachineName", ROLE_VM_NAME},
    {"VmId", ROLE_VM_ID},
    {"VirtualMachineId", ROLE_VM_ID},
    {"Resource", ROLE_RESOURCE},
    {"ErrorCode", ROLE_CODE},
    {"Status", ROLE_CODE},
    {"HRESULT", ROLE_CODE},
    {"DetailedHRESULT", ROLE_CODE},
    {"SppErrorCode", ROLE_CODE},
    {"NTSTATUS", ROLE_CODE},
    {"ErrorMessage", ROLE_TEXT},
    {"Error", ROLE_TEXT},
    {"Routine", ROLE_TEXT},
    {"Text", ROLE_TEXT},
    {"Message", ROLE_TEXT},
};

static enum role role_of(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(roles); i++)
        if (strcasecmp(name, roles[i].name) == 0)
            return roles[i].role;
    return ROLE_NONE;
}

/* ---- names ---- */

#define NAME_SIZE 64

/* The n-th word. False when there are not so many. */
static bool nth_word(const char *words, size_t n, char word[NAME_SIZE])
{
    size_t length;

    for (;; words += length) {
        words += strspn(words, " ");
        length = strcspn(words, " ");
        if (length == 0)
            return false;
        if (n-- == 0)
            break;
    }
    snprintf(word, NAME_SIZE, "%.*s", (int)length, words);
    return true;
}

/* "Parameter0": a place, not a name. */
static bool is_placeholder(const char *name)
{
    return strncasecmp(name, "Parameter", 9) == 0 && isdigit((unsigned char)name[9]);
}

struct context {
    struct event *event;
    const struct event_record *record;
    enum event_provider provider;
    const struct event_kind *kind; /* NULL: not in the table */
};

/* The names of the values in order, for a record whose values have none. */
static const char *parameters_of(const struct context *c)
{
    struct guid guid;

    if (c->kind)
        return c->kind->parameters;
    if ((c->provider == PROVIDER_VMMS || c->provider == PROVIDER_WORKER) &&
        c->record->value_count > 1 && guid_parse_string(c->record->values[1].value, &guid))
        return "VmName VmId ErrorMessage ErrorCode";
    return "";
}

static const char *name_of(const struct context *c, size_t place, char name[NAME_SIZE])
{
    const char *given = c->record->values[place].name;

    if (given && !is_placeholder(given))
        return given;
    if (!nth_word(parameters_of(c), place, name))
        snprintf(name, NAME_SIZE, "param%zu", place + 1);
    return name;
}

/* ---- codes and machines ---- */

/* The value is a code, or a text that may hold several. */
static void take_codes(struct event *event, const char *value)
{
    uint32_t code;

    if (code_parse(value, &code)) {
        event_add_code(event, code);
        return;
    }
    while ((value = code_find(value, &code)))
        event_add_code(event, code);
}

static int take_resource(struct event *event, const char *value)
{
    static const char *const heads[] = {"Virtual Machine Configuration ", "Virtual Machine "};

    for (size_t i = 0; i < ARRAY_SIZE(heads); i++)
        if (strncasecmp(value, heads[i], strlen(heads[i])) == 0)
            return event_set_text(&event->vm_name, value + strlen(heads[i]));
    return 0;
}

static int take_role(struct event *event, enum role role, const char *value)
{
    switch (role) {
    case ROLE_VM_NAME:
        return event->vm_name || !*value ? 0 : event_set_text(&event->vm_name, value);
    case ROLE_VM_ID:
        if (!event->has_vm_id)
            event->has_vm_id =
                guid_parse_string(value, &event->vm_id) && !guid_is_zero(&event->vm_id);
        return 0;
    case ROLE_RESOURCE:
        return take_resource(event, value);
    case ROLE_CODE:
        take_codes(event, value);
        return 0;
    default:
        return 0;
    }
}

/* ---- VSS: the text with Operation and Context, and what Binary says of the process ---- */

static bool is_vss_context(const struct context *c, const char *value)
{
    return (c->provider == PROVIDER_VSS || c->provider == PROVIDER_VMICVSS) && value[0] == '\n';
}

/* "   Writer Name: Microsoft Hyper-V VSS Writer" */
static int take_context_line(struct event *event, const char *line, size_t length)
{
    const char *colon = memchr(line, ':', length);
    char name[NAME_SIZE];

    while (length > 0 && *line == ' ') {
        line++;
        length--;
    }
    if (!colon || colon + 2 >= line + length || colon[1] != ' ' ||
        (size_t)(colon - line) >= sizeof(name))
        return 0;
    snprintf(name, sizeof(name), "%.*s", (int)(colon - line), line);
    return event_add_value(event, name, colon + 2, (size_t)(line + length - (colon + 2)));
}

/* The first GUID is the writer's class, in whatever language the names are. */
static int take_writer_class(struct event *event, const char *context)
{
    char text[GUID_TEXT_SIZE];
    struct guid guid;

    if (!event_find_guid(context, &guid))
        return 0;
    guid_format(&guid, text);
    return event_add_value(event, "WriterClassId", text, strlen(text));
}

static int take_vss_context(struct event *event, const char *context)
{
    int r = event_add_value(event, "Context", context, strlen(context));

    for (const char *line = context; r == 0 && *line;) {
        size_t length = strcspn(line, "\r\n");
        r = take_context_line(event, line, length);
        line += length;
        line += strspn(line, "\r\n");
    }
    return r < 0 ? r : take_writer_class(event, context);
}

/* ---- Binary ---- */

#define BINARY_MAX 4096

/* The bytes of hexadecimal text; their number. */
static size_t decode_hex(const char *text, uint8_t bytes[BINARY_MAX])
{
    size_t size = 0;

    for (;
         size < BINARY_MAX && isxdigit((unsigned char)text[0]) && isxdigit((unsigned char)text[1]);
         text += 2) {
        const char digits[3] = {text[0], text[1], '\0'};
        bytes[size++] = (uint8_t)strtoul(digits, NULL, 16);
    }
    return size;
}

/* "- Code: … - CMD:  C:\Windows\system32\vmms.exe   - User: …" */
static int take_vss_process(struct event *event, const uint8_t *bytes, size_t size)
{
    static const char head[] = "CMD:";
    const char *text = memmem(bytes, size, head, strlen(head));

    if (!text)
        return 0;
    text += strlen(head);
    const char *limit = (const char *)bytes + size;
    const char *end = memmem(text, (size_t)(limit - text), "- User", 6);
    if (!end)
        end = limit;
    while (text < end && (*text == ' ' || *text == '\0'))
        text++;
    while (end > text && (end[-1] == ' ' || end[-1] == '\0'))
        end--;
    char *command = strndup(text, (size_t)(end - text));
    char *valid = command ? text_valid(command) : NULL;
    int r = valid ? event_add_value(event, "Process", valid, strlen(valid)) : -ENOMEM;
    free(command);
    free(valid);
    return r;
}

/* IO_ERROR_LOG_PACKET: the final status, as drivers leave it. */
#define FINAL_STATUS_OFFSET 20

static int take_final_status(struct event *event, const uint8_t *bytes, size_t size)
{
    char text[CODE_TEXT_SIZE];

    if (size < FINAL_STATUS_OFFSET + 4)
        return 0;
    uint32_t status = load_le32(bytes + FINAL_STATUS_OFFSET);
    event_add_code(event, status);
    return event_add_value(event, "FinalStatus", code_format(status, text), CODE_TEXT_SIZE - 1);
}

/* "vmicvss/4" in UTF-16: the service's key and its state, in no language. */
static int take_service(struct event *event, const uint8_t *bytes, size_t size)
{
    char *text = text_from_utf16le(bytes, size, NULL);

    if (!text)
        return -ENOMEM;
    size_t length = strcspn(text, "/");
    int r = length == 0 ? 0 : event_add_value(event, "Service", text, length);
    if (r == 0 && text[length] == '/')
        r = event_add_value(event, "State", text + length + 1, strlen(text + length + 1));
    free(text);
    return r;
}

static int take_binary(struct context *c, const char *hex)
{
    uint8_t bytes[BINARY_MAX];
    size_t size = decode_hex(hex, bytes);

    switch (c->provider) {
    case PROVIDER_VSS:
    case PROVIDER_VMICVSS:
        return take_vss_process(c->event, bytes, size);
    case PROVIDER_VOLSNAP:
    case PROVIDER_DISK:
    case PROVIDER_STORPORT:
        return take_final_status(c->event, bytes, size);
    case PROVIDER_SERVICES:
        return take_service(c->event, bytes, size);
    default:
        return 0;
    }
}

/* ---- all values ---- */

static bool is_binary(const struct event_value *value)
{
    return value->name && strcmp(value->name, BINARY) == 0;
}

static int take_value(struct context *c, size_t place)
{
    const struct event_value *value = &c->record->values[place];
    char storage[NAME_SIZE];
    int r;

    if (is_binary(value)) {
        r = *value->value ? event_add_value(c->event, BINARY, value->value, strlen(value->value))
                          : 0;
        return r < 0 ? r : take_binary(c, value->value);
    }
    if (is_vss_context(c, value->value))
        return take_vss_context(c->event, value->value);
    if (!value->name && !*value->value)
        return 0;
    const char *name = name_of(c, place, storage);
    r = event_add_value(c->event, name, value->value, strlen(value->value));
    if (r == 0)
        r = take_role(c->event, role_of(name), value->value);
    return r < 0 ? r : event_add_paths(c->event, value->value);
}

static int take_values(struct context *c)
{
    char storage[NAME_SIZE];

    for (size_t i = 0; i < c->record->value_count; i++) {
        int r = take_value(c, i);
        if (r < 0)
            return r;
    }
    /* A code that has a field of its own counts before one that a text mentions. */
    for (size_t i = 0; i < c->record->value_count; i++) {
        const struct event_value *value = &c->record->values[i];
        if (!is_binary(value) && role_of(name_of(c, i, storage)) == ROLE_TEXT)
            take_codes(c->event, value->value);
    }
    return 0;
}

/* ---- records that only their values tell apart ---- */

static const struct {
    const char *key, *display_name;
} services[] = {
    {"vmms", "Hyper-V Virtual Machine Management"},
    {"vmcompute", "Hyper-V Host Compute Service"},
    {"vmicvss", "Hyper-V Volume Shadow Copy Requestor"},
    {"VSS", "Volume Shadow Copy"},
    {"swprv", "Microsoft Software Shadow Copy Provider"},
    {"EventSystem", "COM+ Event System"},
    {"wbengine", "Block Level Backup Engine Service"},
    {"CryptSvc", "Cryptographic Services"},
    {"ClusSvc", "Cluster Service"},
    {"SQLWriter", "SQL Server VSS Writer"},
};

static bool is_our_service(const struct event *event)
{
    const char *key = event_value(event, "Service"), *name = event_value(event, "DisplayName");

    if (!name)
        name = event_value(event, "param1");
    for (size_t i = 0; i < ARRAY_SIZE(services); i++)
        if (key ? strcasecmp(key, services[i].key) == 0
                : name && strcasecmp(name, services[i].display_name) == 0)
            return true;
    return false;
}

/* Windows says at each start that a volume is healthy. */
static bool is_healthy_volume(const struct event *event)
{
    const char *state = event_value(event, "CorruptionActionState");

    return state && strcmp(state, "0") == 0;
}

#define FACILITY_BACKUP 0x8078

static bool is_wanted(const struct context *c)
{
    if (c->provider == PROVIDER_SERVICES)
        return is_our_service(c->event);
    if (c->provider == PROVIDER_NTFS && c->record->event_id == 98)
        return !is_healthy_volume(c->event);
    return true;
}

/* 512 stands for 521 in one published case: only with a code of Windows Server Backup. */
static bool is_misprint(const struct context *c)
{
    return c->provider == PROVIDER_BACKUP_APPLICATION && c->record->event_id == 512 &&
           c->event->code >> 16 != FACILITY_BACKUP;
}

static int set_kind(struct context *c)
{
    struct event *event = c->event;

    if (c->kind && !is_misprint(c)) {
        event->kind = c->kind->kind;
        return event_set_text(&event->message, c->kind->message);
    }
    event->kind = "other";
    event->message = string_printf("event %u of %s", c->record->event_id, c->record->provider);
    return event->message ? 0 : -ENOMEM;
}

static int set_system(struct event *event, const struct event_record *record)
{
    event->time = record->time;
    event->precision = WHEN_FILETIME;
    event->event_id = record->event_id;
    event->record = record->record_id;
    event->has_record = true;
    event->recovered = record->origin == EVENT_RECOVERED;
    event->damaged = record->damaged;
    event->level = record->level;
    event->place = record->offset;
    event->process_id = record->process_id;
    if (event_set_text(&event->user, *record->user_sid ? record->user_sid : NULL) < 0)
        return -ENOMEM;
    if (event_set_text(&event->provider, record->provider) < 0 ||
        event_set_text(&event->channel, *record->channel ? record->channel : NULL) < 0 ||
        event_set_text(&event->computer, *record->computer ? record->computer : NULL) < 0)
        return -ENOMEM;
    return 0;
}

int event_from_record(struct event *event, const struct event_record *record)
{
    struct context c = {.event = event, .record = record, .provider = event_provider_of(record)};

    *event = (struct event){0};
    c.kind = event_kind_of(c.provider, record->event_id);
    int r = set_system(event, record);
    if (r == 0)
        r = take_values(&c);
    if (r == 0)
        r = set_kind(&c);
    if (r == 0 && is_wanted(&c))
        return 1;
    event_free(event);
    return r;
}

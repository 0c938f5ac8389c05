/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * VMware's vmware.log and vpxa.log: guests that could not be quiesced for a snapshot. An entry is
 * a line with a time and what follows it ("-->", or lines without a time):
 *
 *     2010-10-10T22:53:31.077Z [45EEEB90 info 'Default' opID=…] [VpxLRO] -- ERROR task-768 -- …
 *     [2010-10-10 22:53:31.077 45EEEB90 info 'App'] [VpxLRO] -- ERROR task-768 -- …
 *     Oct 10 22:53:30.953: vmx| [msg.snapshot.quiesce.vmerr] The guest OS has reported an error …
 *     2016-01-02T03:04:05.678Z| vmx| I120: [msg.snapshot.quiesce.vmerr] …
 *
 * The third form has no year: such events have no time, only its text.
 */
#include "base/checked.h"
#include "base/strbuf.h"
#include "event/codes.h"
#include "event/event_text.h"
#include "event/text_lines.h"
#include "event/text_sources.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ENTRY_MAX 16384 /* bytes of one entry that are kept */
#define NEAR      12    /* entries in which the error's number and text follow the first message */

/* Words that only a failed quiescing has. */
static const char *const triggers[] = {
    "msg.snapshot.quiesce.",
    "ApplicationQuiesceFault",
    "VssSyncStart",
    "holding off I/O",
    "ailed to start quiescing",
    "Quiesce operation already in progress",
    "annot quiesce this virtual machine",
    "error occurred while quiescing",
    "reported an error during quiescing",
    "timeout occurred while communicating with VMware Tools",
};

static bool has_trigger(const char *text)
{
    for (size_t i = 0; i < ARRAY_SIZE(triggers); i++)
        if (strstr(text, triggers[i]))
            return true;
    return false;
}

bool vmware_is_line(const char *line)
{
    return strstr(line, "| vmx|") || strstr(line, ": vmx|") || has_trigger(line);
}

bool vpxa_is_line(const char *line)
{
    return strstr(line, "[VpxLRO]") || strstr(line, "vpxapi.") || strstr(line, "vim.fault.");
}

/* ---- entries ---- */

struct entry {
    struct strbuf text; /* lines, each with its '\n' */
    filetime time;
    bool local;
    char yearless[24]; /* "Oct 10 22:53:30.953" */
    uint64_t line, number;
};

struct vmware {
    struct event_file *file;
    size_t first; /* index of this log's first event */
    struct entry entry;
    bool has_failure;       /* a failure was the last event, … */
    uint64_t failure_entry; /* … in the entry of this number */
    char *machine;          /* displayName, when the log says it */
};

/* "Oct 10 22:53:30.953: " */
static size_t yearless_time(const char *line)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    char month[4] = {0};

    if (strlen(line) < 16 || line[3] != ' ' || line[6] != ' ' || line[9] != ':' || line[12] != ':')
        return 0;
    memcpy(month, line, 3);
    const char *found = strstr(months, month);
    if (!found || (found - months) % 3 != 0 || !isdigit((unsigned char)line[7]))
        return 0;
    return 15 + strspn(line + 15, ".0123456789");
}

/* Where an entry begins. False for a line that goes on with the one before. */
static bool read_head(const char *line, struct entry *head)
{
    *head = (struct entry){0};
    head->time = when_parse(line + (*line == '['), NULL, &head->local);
    if (head->time != 0)
        return true;
    size_t length = yearless_time(line);
    if (length == 0 || length >= sizeof(head->yearless))
        return false;
    memcpy(head->yearless, line, length);
    return true;
}

static const char *skip_arrow(const char *line)
{
    if (strncmp(line, "-->", 3) != 0)
        return line;
    return line[3] == ' ' ? line + 4 : line + 3;
}

/* ---- what an entry says ---- */

/* "Arg vmid:" and its value, on the same line or the next. */
static int take_arguments(struct event *event, const char *text)
{
    for (const char *p = text; (p = strstr(p, "\nArg "));) {
        const char *name = p + 5, *colon = name + strcspn(name, ":\n");
        p = colon;
        if (*colon != ':' || colon == name || colon - name > 40)
            continue;
        const char *value = colon + 1 + strspn(colon + 1, " \n\"");
        size_t length = strncmp(value, "Arg ", 4) == 0 ? 0 : strcspn(value, "\"\n");
        char *label = strndup(name, (size_t)(colon - name));
        int r = label ? event_add_value(event, label, value, length) : -ENOMEM;
        free(label);
        if (r < 0)
            return r;
    }
    return 0;
}

static int take_task(struct event *event, const char *text)
{
    const char *task = strstr(text, "task-");
    size_t digits = task ? strspn(task + 5, "0123456789") : 0;

    return digits > 0 ? event_add_value(event, "Task", task, 5 + digits) : 0;
}

static int take_line_behind(struct event *event, const char *text, const char *words,
                            const char *name)
{
    const char *value = strstr(text, words);

    if (!value || event_value(event, name))
        return 0;
    value += strlen(words);
    value += strspn(value, " ");
    return event_add_value(event, name, value, strcspn(value, "\n"));
}

/* The number and the text of the error, here or in one of the next entries. */
static int take_error(struct event *event, const char *text)
{
    uint32_t code;
    int r = take_line_behind(event, text, "error code was:", "ErrorNumber");

    if (r == 0)
        r = take_line_behind(event, text, "error message was:", "ErrorText");
    for (const char *p = text; (p = code_find(p, &code));)
        event_add_code(event, code);
    return r;
}

static int add_failure(struct vmware *vmware)
{
    struct entry *entry = &vmware->entry;
    const char *text = strbuf_text(&entry->text);
    struct event *event =
        event_file_add(vmware->file, vpxa_is_line(text) ? "vpxa" : "vmware", "quiesce-failed",
                       "the guest could not be quiesced for a snapshot", entry->line);

    if (!event)
        return -ENOMEM;
    event->time = entry->time;
    event->local_time = entry->time != 0 && entry->local;
    event->precision = WHEN_MILLISECONDS;
    event->level = 2;
    size_t length = strlen(text);
    int r = event_add_value(event, "Text", text, length > 0 ? length - 1 : 0);
    if (r == 0 && *entry->yearless)
        r = event_add_value(event, "Time", entry->yearless, strlen(entry->yearless));
    if (r == 0)
        r = take_task(event, text);
    if (r == 0)
        r = take_arguments(event, text);
    if (r == 0)
        r = take_error(event, text);
    vmware->has_failure = true;
    vmware->failure_entry = entry->number;
    return r;
}

static const char *find_detail(const char *text)
{
    const char *number = strstr(text, "error code was:");

    return number ? number : strstr(text, "error message was:");
}

/* vmware.log spreads one message over several entries: the details come in the next ones. */
static bool belongs_to_failure(const struct vmware *vmware, const char *text)
{
    const char *detail = find_detail(text);

    return vmware->has_failure && vmware->entry.number - vmware->failure_entry <= NEAR && detail &&
           !memchr(text, '\n', (size_t)(detail - text)) && !strstr(text, "msg.snapshot.quiesce.") &&
           !vpxa_is_line(text);
}

/* "DICT          displayName = "web01"" */
static int take_display_name(struct vmware *vmware, const char *text)
{
    const char *value = strstr(text, "displayName = ");

    if (!value || vmware->machine)
        return 0;
    value += strlen("displayName = ");
    value += strspn(value, "\"");
    vmware->machine = strndup(value, strcspn(value, "\"\n"));
    return vmware->machine ? 0 : -ENOMEM;
}

static int end_entry(struct vmware *vmware)
{
    const char *text = strbuf_text(&vmware->entry.text);
    int r = take_display_name(vmware, text);

    if (vmware->entry.text.failed)
        return -ENOMEM;
    if (r == 0 && belongs_to_failure(vmware, text))
        r = take_error(&vmware->file->events.items[vmware->file->events.count - 1], text);
    else if (r == 0 && has_trigger(text))
        r = add_failure(vmware);
    strbuf_clear(&vmware->entry.text);
    return r;
}

static void append_line(struct entry *entry, const char *line)
{
    if (entry->text.length + strlen(line) < ENTRY_MAX) {
        strbuf_append(&entry->text, line);
        strbuf_append_char(&entry->text, '\n');
    }
}

/* Text without times, as people quote it: each message of its own. */
static bool begins_message(const char *line)
{
    return has_trigger(line) && !find_detail(line);
}

static int take_line(struct vmware *vmware, const char *line, uint64_t number)
{
    struct entry head, *entry = &vmware->entry;
    bool begins = read_head(line, &head);

    if (begins || (entry->time == 0 && !*entry->yearless && begins_message(line))) {
        int r = end_entry(vmware);
        if (r < 0)
            return r;
        head.text = entry->text;
        head.line = number;
        head.number = entry->number + 1;
        *entry = head;
    }
    append_line(entry, skip_arrow(line));
    return 0;
}

static int name_machine(struct vmware *vmware)
{
    for (size_t i = vmware->first; vmware->machine && i < vmware->file->events.count; i++)
        if (event_set_text(&vmware->file->events.items[i].vm_name, vmware->machine) < 0)
            return -ENOMEM;
    return 0;
}

int vmware_read(struct event_file *file, io_source *source, struct notes *notes)
{
    struct vmware vmware = {.file = file, .first = file->events.count};
    struct text_lines lines;
    const char *line;
    int r = text_lines_open(&lines, source);

    if (r < 0)
        return r;
    while ((r = text_lines_next(&lines, &line)) > 0) {
        r = take_line(&vmware, line, lines.number);
        if (r < 0)
            break;
    }
    if (r == 0)
        r = end_entry(&vmware);
    if (r == 0)
        r = name_machine(&vmware);
    strbuf_free(&vmware.entry.text);
    free(vmware.machine);
    text_lines_close(&lines);
    return r;
}

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * Logs of the Avamar client for Hyper-V. The plug-in's own lines have a number:
 *
 *     2019-04-15 00:05:05 avhypervvss Info <43420>: Creating backup CheckPoint with …
 *     avhypervvss Error <43426>: Checkpoint creation for Virtual machine 'NAME<GUID>' has failed …
 *
 * The cluster service's log (winclustersvc) has sentences only. It reports what it asked for, not
 * what Hyper-V made of it: "executed successfully" says that a call returned.
 */
#include "base/checked.h"
#include "event/codes.h"
#include "event/event_text.h"
#include "event/text_lines.h"
#include "event/text_sources.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LEVEL_ERROR       2
#define LEVEL_WARNING     3
#define LEVEL_INFORMATION 4

/* ---- what both have in common ---- */

static void take_time(struct event *event, filetime time, bool local)
{
    event->time = time;
    event->local_time = time != 0 && local;
    event->precision = WHEN_SECONDS;
}

/* 'NAME<GUID>': the machine, as the plug-in quotes it. */
static int take_machine(struct event *event, const char *text)
{
    const char *quote = strchr(text, '\''), *end;

    if (!quote)
        return 0;
    quote++;
    end = quote + strcspn(quote, "'<");
    if (*end != '<')
        return 0;
    event->has_vm_id = event_find_guid(end, &event->vm_id);
    event->vm_name = strndup(quote, (size_t)(end - quote));
    return event->vm_name ? 0 : -ENOMEM;
}

static int take_text(struct event *event, const char *text)
{
    uint32_t code;

    for (const char *p = text; (p = code_find(p, &code));)
        event_add_code(event, code);
    int r = event_add_value(event, "Text", text, strlen(text));
    return r < 0 ? r : event_add_paths(event, text);
}

/* ---- the plug-in ---- */

struct plugin_line {
    filetime time;
    bool local;
    char component[32];
    uint8_t level;
    uint32_t number;
    const char *text;
};

static const struct {
    const char *word;
    uint8_t level;
} levels[] = {
    {"Info", LEVEL_INFORMATION}, {"Warning", LEVEL_WARNING}, {"Error", LEVEL_ERROR},
    {"FATAL", LEVEL_ERROR},      {"Fatal", LEVEL_ERROR},
};

static const struct {
    uint32_t number;
    const char *kind, *message;
} numbers[] = {
    {43419, "backup-checkpoint-requested", "the backup asks for a checkpoint"},
    {43420, "backup-checkpoint-requested", "the backup asks for a checkpoint"},
    {43426, "backup-checkpoint-failed", "the checkpoint for a backup could not be made"},
    {43427, "backup-no-targets", "no machine was left to back up after the checkpoints"},
};

static const char *skip_blanks(const char *p)
{
    return p + strspn(p, " \t");
}

/* Takes a word that has such a beginning; NULL when there is none. */
static const char *take_component(const char *p, char component[32])
{
    size_t length = strcspn(p, " \t");

    if (strncmp(p, "av", 2) != 0 || length < 4 || length >= 32)
        return NULL;
    for (size_t i = 0; i < length; i++)
        if (!isalnum((unsigned char)p[i]))
            return NULL;
    memcpy(component, p, length);
    component[length] = '\0';
    return skip_blanks(p + length);
}

static const char *take_level(const char *p, uint8_t *level)
{
    for (size_t i = 0; i < ARRAY_SIZE(levels); i++) {
        size_t length = strlen(levels[i].word);
        if (strncmp(p, levels[i].word, length) == 0 && (p[length] == ' ' || p[length] == '<')) {
            *level = levels[i].level;
            return skip_blanks(p + length);
        }
    }
    return NULL;
}

static const char *take_number(const char *p, uint32_t *number)
{
    char *end;

    if (p[0] != '<' || !isdigit((unsigned char)p[1]))
        return NULL;
    unsigned long value = strtoul(p + 1, &end, 10);
    *number = (uint32_t)value;
    if (*end != '>' || end - p > 9)
        return NULL;
    return end[1] == ':' ? skip_blanks(end + 2) : skip_blanks(end + 1);
}

static bool parse_plugin_line(const char *line, struct plugin_line *parsed)
{
    const char *p = line, *behind;

    *parsed = (struct plugin_line){0};
    parsed->time = when_parse(line, &behind, &parsed->local);
    if (parsed->time != 0)
        p = skip_blanks(behind);
    return (p = take_component(p, parsed->component)) && (p = take_level(p, &parsed->level)) &&
           (p = take_number(p, &parsed->number)) && (parsed->text = p);
}

bool avamar_is_line(const char *line)
{
    struct plugin_line parsed;

    return parse_plugin_line(line, &parsed);
}

static int add_plugin_event(struct event_file *file, const struct plugin_line *parsed,
                            uint64_t line)
{
    const char *kind = NULL, *message = "the backup program reports an error";

    for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
        if (numbers[i].number == parsed->number) {
            kind = numbers[i].kind;
            message = numbers[i].message;
        }
    }
    if (!kind && parsed->level > LEVEL_ERROR)
        return 0;
    struct event *event = event_file_add(file, parsed->component,
                                         kind ? kind : "backup-product-error", message, line);
    if (!event)
        return -ENOMEM;
    take_time(event, parsed->time, parsed->local);
    event->event_id = parsed->number;
    event->level = parsed->level;
    int r = take_machine(event, parsed->text);
    return r < 0 ? r : take_text(event, parsed->text);
}

int avamar_read(struct event_file *file, io_source *source, struct notes *notes)
{
    struct text_lines lines;
    struct plugin_line parsed;
    const char *line;
    int r = text_lines_open(&lines, source);

    if (r < 0)
        return r;
    while ((r = text_lines_next(&lines, &line)) > 0) {
        if (parse_plugin_line(line, &parsed))
            r = add_plugin_event(file, &parsed, lines.number);
        if (r < 0)
            break;
    }
    text_lines_close(&lines);
    return r;
}

/* ---- the cluster service ---- */

static const struct {
    const char *words, *kind, *message;
    uint8_t level;
} sentences[] = {
    {"Cleaning up checkpoint", "checkpoint-cleanup-started",
     "the backup asks for its checkpoint to be removed", LEVEL_INFORMATION},
    {"DestroySnapshot executed successfully", "checkpoint-cleanup-reported-success",
     "the call that removes a checkpoint returned; the merge comes later", LEVEL_INFORMATION},
    {"ConvertToReferencePoint executed successfully", "checkpoint-cleanup-reported-success",
     "the call that makes a reference point returned; the merge comes later", LEVEL_INFORMATION},
};

static bool contains_any_case(const char *text, const char *word)
{
    return strcasestr(text, word) != NULL;
}

/* A sentence that says that something failed: the word, or a code. */
static bool is_failure(const char *line)
{
    uint32_t code;

    return contains_any_case(line, "failed") || contains_any_case(line, " error") ||
           (code_find(line, &code) && code >> 31);
}

bool wincluster_is_line(const char *line)
{
    return strstr(line, "winclustersvc") || strstr(line, "Msvm_SnapshotCollection") ||
           strstr(line, "DestroySnapshot") || strstr(line, "Cleaning up checkpoint");
}

static int add_sentence(struct event_file *file, const char *line, uint64_t number)
{
    const char *kind = NULL, *message = NULL, *behind = line + strspn(line, "[ \t");
    bool local = false;
    uint8_t level = LEVEL_ERROR;

    for (size_t i = 0; i < ARRAY_SIZE(sentences) && !kind; i++) {
        if (strstr(line, sentences[i].words)) {
            kind = sentences[i].kind;
            message = sentences[i].message;
            level = sentences[i].level;
        }
    }
    if (!kind && !is_failure(line))
        return 0;
    struct event *event =
        event_file_add(file, "winclustersvc", kind ? kind : "backup-product-error",
                       message ? message : "the backup program reports an error", number);
    if (!event)
        return -ENOMEM;
    filetime time = when_parse(behind, NULL, &local);
    take_time(event, time, local);
    event->level = level;
    return take_text(event, line);
}

int wincluster_read(struct event_file *file, io_source *source, struct notes *notes)
{
    struct text_lines lines;
    const char *line;
    int r = text_lines_open(&lines, source);

    if (r < 0)
        return r;
    while ((r = text_lines_next(&lines, &line)) > 0) {
        r = add_sentence(file, line, lines.number);
        if (r < 0)
            break;
    }
    text_lines_close(&lines);
    return r;
}

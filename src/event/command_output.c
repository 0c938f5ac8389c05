/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * What "vssadmin list writers" and "tasklist /svc" print, in any language: by the shape of the
 * lines, by the number in brackets, by the columns; never by the words.
 */
#include "base/checked.h"
#include "event/event_text.h"
#include "event/text_lines.h"
#include "event/text_sources.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LIST_MAX 10000 /* writers, processes, services of one: no host has so many */

static bool is_blank_line(const char *line)
{
    return line[strspn(line, " \t")] == '\0';
}

/* ---- vssadmin list writers ---- */

/*
 *     Writer name: 'System Writer'                          ライター名: 'System Writer'
 *        Writer Id: {e8132975-6f93-4464-a53e-1050253ae220}
 *        Writer Instance Id: {b1c47cec-0e12-4ac6-b84b-9c1d8292a9f3}
 *        State: [5] Waiting for completion                     状態: [5] 完了を待機中
 *        Last error: No error                                  最後のエラー: エラーなし
 */
struct writers {
    struct event_file *file;
    size_t first;
    bool has_banner;
    bool has_command;  /* the command itself was echoed */
    bool has_stranger; /* a line that no list of writers has */
    bool expects_error;
    bool in_writer;
};

/* The text behind the first colon, of either width, and blanks. */
static const char *behind_colon(const char *line)
{
    const char *narrow = strchr(line, ':'), *wide = strstr(line, "\xEF\xBC\x9A");

    if (wide && (!narrow || wide < narrow))
        narrow = wide + 2;
    if (!narrow)
        return NULL;
    return narrow + 1 + strspn(narrow + 1, " ");
}

/* Not indented, something: 'name' */
static bool is_writer_name(const char *line, const char **name, size_t *length)
{
    const char *value = behind_colon(line);

    if (*line == ' ' || *line == '\t' || !value || *value != '\'')
        return false;
    const char *end = strrchr(value + 1, '\'');
    if (!end || !is_blank_line(end + 1))
        return false;
    *name = value + 1;
    *length = (size_t)(end - *name);
    return true;
}

static struct vss_writer *last_writer(const struct writers *writers)
{
    return &writers->file->writers.items[writers->file->writers.count - 1];
}

static int add_writer(struct writers *writers, const char *name, size_t length)
{
    if (writers->file->writers.count == LIST_MAX)
        return -EFBIG;
    struct vss_writer *writer = vector_push(&writers->file->writers);
    if (!writer)
        return -ENOMEM;
    writer->state = -1;
    writer->name = strndup(name, length);
    writers->in_writer = true;
    writers->expects_error = false;
    return writer->name ? 0 : -ENOMEM;
}

static int take_writer_detail(struct writers *writers, const char *line)
{
    struct vss_writer *writer = last_writer(writers);
    const char *value = behind_colon(line);

    if (!value)
        return 0;
    if (*value == '{' && !writer->has_id) { /* the first GUID; the second is the instance's */
        writer->has_id = event_find_guid(value, &writer->id);
    } else if (*value == '[' && isdigit((unsigned char)value[1])) {
        writer->state = atoi(value + 1);
        writers->expects_error = true;
    } else if (writers->expects_error) {
        writers->expects_error = false;
        return event_set_text(&writer->last_error, value);
    }
    return 0;
}

/* Lines that stand above a list of writers: the prompt, the banner, the wait. */
static bool is_preamble(struct writers *writers, const char *line)
{
    static const char *const words[] = {
        "(C)", "(c)", "Copyright", "Waiting for responses", "応答を待", "Microsoft Windows ["};

    if (strncmp(line, "vssadmin ", 9) == 0) {
        writers->has_banner = true;
        return true;
    }
    if (strstr(line, "vssadmin list writers") || strstr(line, "vssadmin.exe list writers"))
        writers->has_command = true;
    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        if (strstr(line, words[i]))
            return true;
    const char *prompt = strchr(line, '>');
    return prompt && line[1] == ':' && isalpha((unsigned char)line[0]);
}

static int take_writer_line(struct writers *writers, const char *line)
{
    const char *name;
    size_t length;

    if (is_blank_line(line))
        return 0;
    if (is_writer_name(line, &name, &length))
        return add_writer(writers, name, length);
    if (writers->in_writer && (*line == ' ' || *line == '\t'))
        return take_writer_detail(writers, line);
    writers->in_writer = false;
    if (!is_preamble(writers, line))
        writers->has_stranger = true;
    return 0;
}

/* Providers are listed in the same shape, but have no state; other commands print other lines. */
static bool is_writer_list(const struct writers *writers)
{
    for (size_t i = writers->first; i < writers->file->writers.count; i++)
        if (writers->file->writers.items[i].state >= 0)
            return true;
    return writers->file->writers.count == writers->first && !writers->has_stranger &&
           (writers->has_banner || writers->has_command);
}

static void free_writers(struct event_file *file, size_t first)
{
    while (file->writers.count > first) {
        struct vss_writer *writer = &file->writers.items[--file->writers.count];
        free(writer->name);
        free(writer->last_error);
    }
}

int vss_writers_read(struct event_file *file, io_source *source, struct notes *notes)
{
    struct writers writers = {.file = file, .first = file->writers.count};
    struct text_lines lines;
    const char *line;
    int r = text_lines_open(&lines, source);

    if (r < 0)
        return r;
    while ((r = text_lines_next(&lines, &line)) > 0 && (r = take_writer_line(&writers, line)) == 0)
        ;
    text_lines_close(&lines);
    if (r == 0 && !is_writer_list(&writers)) {
        free_writers(file, writers.first);
        r = -ENOMSG;
    }
    return r;
}

/* ---- tasklist /svc ---- */

/*
 *     Image Name                     PID Services
 *     ========================= ======== ============================================
 *     svchost.exe                    712 DcomLaunch, PlugPlay, Power
 *                                        SystemEventsBroker
 * or, with /fo csv: "svchost.exe","712","DcomLaunch,PlugPlay"
 */
struct services {
    struct event_file *file;
    size_t first;
    size_t name_width, pid_end; /* columns, from the row of '='; 0 before it */
    bool is_csv;
};

static bool read_ruler(const char *line, struct services *services)
{
    size_t name = strspn(line, "="), pid;

    if (name < 5 || line[name] != ' ')
        return false;
    pid = strspn(line + name + 1, "=");
    if (pid < 3 || line[name + 1 + pid] != ' ' || line[name + 2 + pid] != '=')
        return false;
    services->name_width = name;
    services->pid_end = name + 1 + pid;
    return true;
}

static int add_service(struct service_process *process, const char *name, size_t length)
{
    while (length > 0 && isspace((unsigned char)name[length - 1]))
        length--;
    if (length == 0 || (length == 3 && strncmp(name, "N/A", 3) == 0))
        return 0;
    if (process->services.count == LIST_MAX)
        return -EFBIG;
    char **place = vector_push(&process->services);
    if (!place)
        return -ENOMEM;
    *place = strndup(name, length);
    return *place ? 0 : -ENOMEM;
}

static int add_services(struct service_process *process, const char *list)
{
    while (*list) {
        list += strspn(list, ", \t\"");
        size_t length = strcspn(list, ",\"");
        int r = add_service(process, list, length);
        if (r < 0)
            return r;
        list += length;
    }
    return 0;
}

static struct service_process *add_process(struct services *services, const char *image,
                                           size_t length, const char *pid)
{
    while (length > 0 && image[length - 1] == ' ')
        length--;
    if (services->file->services.count == LIST_MAX)
        return NULL;
    struct service_process *process = vector_push(&services->file->services);
    if (!process)
        return NULL;
    process->pid = (uint32_t)strtoul(pid, NULL, 10);
    process->image = strndup(image, length);
    return process->image ? process : NULL;
}

/* The process identifier: digits between blanks, so that wide names may shift the columns. */
static const char *find_pid(const char *line, size_t *name_length)
{
    const char *p = line + strcspn(line, " ");

    for (; *p; p += strcspn(p, " ")) {
        *name_length = (size_t)(p - line);
        p += strspn(p, " ");
        size_t digits = strspn(p, "0123456789");
        if (digits > 0 && (p[digits] == ' ' || p[digits] == '\0'))
            return p;
    }
    return NULL;
}

static int take_row(struct services *services, const char *line)
{
    size_t name_length;

    if (*line == ' ') { /* services go on from the row above */
        if (services->file->services.count == services->first)
            return 0;
        return add_services(&services->file->services.items[services->file->services.count - 1],
                            line);
    }
    const char *pid = find_pid(line, &name_length);
    if (!pid)
        return 0;
    struct service_process *process = add_process(services, line, name_length, pid);
    return process ? add_services(process, pid + strspn(pid, "0123456789")) : -ENOMEM;
}

static int take_csv_row(struct services *services, const char *line)
{
    const char *image_end = strstr(line, "\",\"");
    const char *pid = image_end ? image_end + 3 : NULL;

    if (!pid || !isdigit((unsigned char)*pid))
        return 0;
    const char *list = strstr(pid, "\",\"");
    struct service_process *process =
        add_process(services, line + 1, (size_t)(image_end - line - 1), pid);
    if (!process)
        return -ENOMEM;
    return list ? add_services(process, list + 3) : 0;
}

static bool is_csv_head(const char *line)
{
    return line[0] == '"' && strstr(line, "\",\"PID\",\"");
}

static int take_service_line(struct services *services, const char *line)
{
    if (services->is_csv && *line == '"')
        return take_csv_row(services, line);
    if (services->name_width > 0)
        return is_blank_line(line) ? 0 : take_row(services, line);
    services->is_csv = is_csv_head(line);
    if (!services->is_csv)
        read_ruler(line, services);
    return 0;
}

int services_read(struct event_file *file, io_source *source, struct notes *notes)
{
    struct services services = {.file = file, .first = file->services.count};
    struct text_lines lines;
    const char *line;
    int r = text_lines_open(&lines, source);

    if (r < 0)
        return r;
    while ((r = text_lines_next(&lines, &line)) > 0 &&
           (r = take_service_line(&services, line)) == 0)
        ;
    text_lines_close(&lines);
    return r == 0 && file->services.count == services.first ? -ENOMSG : r;
}

/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "event/event_text.h"

#include "base/checked.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define PATHS_MAX       64
#define PATH_MAX_LENGTH 1024

void event_free(struct event *event)
{
    for (size_t i = 0; i < event->data.count; i++) {
        free(event->data.items[i].name);
        free(event->data.items[i].value);
    }
    for (size_t i = 0; i < event->paths.count; i++)
        free(event->paths.items[i]);
    vector_free(&event->data);
    vector_free(&event->paths);
    free(event->provider);
    free(event->channel);
    free(event->computer);
    free(event->user);
    free(event->vm_name);
    free(event->message);
    *event = (struct event){0};
}

const char *event_value(const struct event *event, const char *name)
{
    for (size_t i = 0; i < event->data.count; i++)
        if (strcasecmp(event->data.items[i].name, name) == 0)
            return event->data.items[i].value;
    return NULL;
}

int event_set_text(char **place, const char *text)
{
    char *copy = text ? strdup(text) : NULL;

    if (text && !copy)
        return -ENOMEM;
    free(*place);
    *place = copy;
    return 0;
}

int event_add_value(struct event *event, const char *name, const char *value, size_t value_length)
{
    struct event_item *item = vector_push(&event->data);

    if (!item)
        return -ENOMEM;
    item->name = strdup(name);
    item->value = strndup(value, value_length);
    return item->name && item->value ? 0 : -ENOMEM;
}

void event_add_code(struct event *event, uint32_t code)
{
    if (code == 0 || (event->has_code && event->code == code))
        return;
    if (!event->has_code) {
        event->has_code = true;
        event->code = code;
    } else if (!event->has_inner_code) {
        event->has_inner_code = true;
        event->inner_code = code;
    }
}

bool event_find_guid(const char *text, struct guid *guid)
{
    size_t length = strlen(text);

    for (size_t i = 0; i + 36 <= length; i++)
        if (text[i + 8] == '-' && guid_parse(text + i, 36, guid))
            return true;
    return false;
}

/* ---- paths ---- */

static const char *const extensions[] = {
    "avhdx", "avhd", "vhdx", "vhds", "vhd",  "rct", "mrt",
    "hrl",   "hru",  "vmcx", "vmrs", "vmgs", "vsv", "xml",
};

static bool is_slash(char c)
{
    return c == '\\' || c == '/';
}

#define DISK_DEVICE "\\Device\\HarddiskVolume"

/* How drivers name volumes; not those of shadow copies, whose files are no files of the host. */
static bool is_disk_device(const char *text)
{
    return strncasecmp(text, DISK_DEVICE, strlen(DISK_DEVICE)) == 0 &&
           isdigit((unsigned char)text[strlen(DISK_DEVICE)]);
}

/* C:\ or \\, where no longer word or row of slashes goes on. */
static bool begins_path(const char *text, size_t i)
{
    if (isalpha((unsigned char)text[i]) && text[i + 1] == ':' && is_slash(text[i + 2]))
        return i == 0 || !isalnum((unsigned char)text[i - 1]);
    if (i > 0 && text[i - 1] == '\\')
        return false;
    return is_disk_device(text + i) ||
           (text[i] == '\\' && text[i + 1] == '\\' && text[i + 2] != '\0');
}

/* The length of the prefix that may hold characters that names may not. */
static size_t prefix_length(const char *path)
{
    if (isalpha((unsigned char)path[0]))
        return 3;
    if (is_disk_device(path))
        return strlen(DISK_DEVICE);
    return path[2] == '?' || path[2] == '.' ? 4 : 2;
}

static bool is_name_character(char c)
{
    return (unsigned char)c >= 0x20 && !strchr("<>\"|*?'", c);
}

/* The length of the extension that stands at a dot, 0 when it is none of ours. */
static size_t extension_length(const char *dot)
{
    for (size_t i = 0; i < ARRAY_SIZE(extensions); i++)
        if (strncasecmp(dot + 1, extensions[i], strlen(extensions[i])) == 0)
            return 1 + strlen(extensions[i]);
    return 0;
}

/* A name ends before a blank or punctuation, and before a full stop that ends a sentence. */
static bool ends_name(const char *p)
{
    if (*p == '.')
        return !isalnum((unsigned char)p[1]);
    return !isalnum((unsigned char)*p) && (unsigned char)*p < 0x80 && *p != '_' && *p != '-' &&
           !is_slash(*p);
}

/* 0 when what begins here is no file of a machine. */
static size_t path_length(const char *path)
{
    size_t i = prefix_length(path);

    if (strnlen(path, i) < i)
        return 0;
    if (i == 4 && isalpha((unsigned char)path[4]) && path[5] == ':')
        i = 6;
    for (; is_name_character(path[i]) && path[i] != ':' && i < PATH_MAX_LENGTH; i++) {
        size_t extension = path[i] == '.' ? extension_length(path + i) : 0;
        if (extension > 0 && ends_name(path + i + extension))
            return i + extension;
    }
    return 0;
}

static int add_path(struct event *event, const char *path, size_t length)
{
    for (size_t i = 0; i < event->paths.count; i++)
        if (strlen(event->paths.items[i]) == length &&
            memcmp(event->paths.items[i], path, length) == 0)
            return 0;
    if (event->paths.count == PATHS_MAX)
        return 0;
    char **place = vector_push(&event->paths);
    if (!place)
        return -ENOMEM;
    *place = strndup(path, length);
    return *place ? 0 : -ENOMEM;
}

int event_add_paths(struct event *event, const char *text)
{
    for (size_t i = 0; text[i]; i++) {
        size_t length = begins_path(text, i) ? path_length(text + i) : 0;
        if (length == 0)
            continue;
        int r = add_path(event, text + i, length);
        if (r < 0)
            return r;
        i += length - 1;
    }
    return 0;
}

/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "base/winpath.h"

#include "base/strbuf.h"
#include "base/text.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool is_separator(char c)
{
    return c == '\\' || c == '/';
}

/* The text without quotes and blanks around it, all separators '/'. */
static char *tidy(const char *text)
{
    size_t length;

    while (*text == ' ' || *text == '"' || *text == '\t')
        text++;
    length = strlen(text);
    while (length > 0 && strchr(" \"\t\r\n", text[length - 1]))
        length--;
    char *copy = strndup(text, length);
    for (char *c = copy; c && *c; c++)
        if (is_separator(*c))
            *c = '/';
    return copy;
}

/* Takes the element up to the next '/' and steps behind it. */
static char *take_element(const char **rest)
{
    size_t length = strcspn(*rest, "/");
    char *element = strndup(*rest, length);

    *rest += length;
    while (**rest == '/')
        ++*rest;
    return element;
}

static int add_part(struct winpath *path, char *part)
{
    if (!part)
        return -ENOMEM;
    char **parts = realloc(path->parts, (path->part_count + 1) * sizeof(*parts));
    if (!parts) {
        free(part);
        return -ENOMEM;
    }
    path->parts = parts;
    path->parts[path->part_count++] = part;
    return 0;
}

static void climb(struct winpath *path)
{
    free(path->parts[--path->part_count]);
}

static int parse_parts(struct winpath *path, const char *rest)
{
    while (*rest) {
        char *part = take_element(&rest);
        if (!part)
            return -ENOMEM;
        bool dot = strcmp(part, ".") == 0 || *part == '\0';
        bool up = strcmp(part, "..") == 0;
        bool above = path->part_count == 0 || strcmp(path->parts[path->part_count - 1], "..") == 0;
        if (dot || (up && !(above && path->root == WINPATH_RELATIVE))) {
            if (up && path->part_count > 0)
                climb(path);
            free(part);
        } else if (add_part(path, part) < 0) {
            return -ENOMEM;
        }
    }
    return 0;
}

static int parse_drive(struct winpath *path, const char *rest)
{
    path->root = WINPATH_DRIVE;
    path->drive = (char)toupper((unsigned char)rest[0]);
    rest += 2;
    while (*rest == '/')
        rest++;
    if (strncasecmp(rest, "ClusterStorage/", 15) == 0) {
        path->root = WINPATH_CLUSTER;
        rest += 15;
        while (*rest == '/')
            rest++;
    }
    return parse_parts(path, rest);
}

static int parse_unc(struct winpath *path, const char *rest)
{
    path->root = WINPATH_UNC;
    path->server = take_element(&rest);
    path->share = take_element(&rest);
    if (!path->server || !path->share)
        return -ENOMEM;
    return parse_parts(path, rest);
}

/* Behind \\?\ or \\.\ */
static int parse_device(struct winpath *path, const char *rest)
{
    if (isalpha((unsigned char)rest[0]) && rest[1] == ':')
        return parse_drive(path, rest);
    if (strncasecmp(rest, "UNC/", 4) == 0)
        return parse_unc(path, rest + 4);
    if (strncasecmp(rest, "Volume{", 7) == 0 && strlen(rest) >= 6 + 38 &&
        guid_parse(rest + 6, 38, &path->volume) && (rest[44] == '/' || rest[44] == '\0')) {
        path->root = WINPATH_VOLUME;
        rest += 44;
        while (*rest == '/')
            rest++;
        return parse_parts(path, rest);
    }
    path->root = WINPATH_OTHER;
    return parse_parts(path, rest);
}

#define DEVICE "/Device/"

/* Drivers name a volume by the number that it has while Windows runs. */
static bool is_disk_device(const char *text)
{
    static const char head[] = DEVICE "HarddiskVolume";

    return strncasecmp(text, head, strlen(head)) == 0 &&
           isdigit((unsigned char)text[strlen(head)]);
}

static int parse_disk_device(struct winpath *path, const char *rest)
{
    path->root = WINPATH_OTHER;
    path->server = take_element(&rest);
    return path->server ? parse_parts(path, rest) : -ENOMEM;
}

static int parse_tidy(struct winpath *path, const char *text)
{
    if (*text == '\0')
        return -EINVAL;
    if (is_disk_device(text))
        return parse_disk_device(path, text + strlen(DEVICE));
    if (strncmp(text, "//?/", 4) == 0 || strncmp(text, "//./", 4) == 0 ||
        strncmp(text, "/?\?/", 4) == 0)
        return parse_device(path, text + 4);
    if (strncmp(text, "//", 2) == 0)
        return parse_unc(path, text + 2);
    if (isalpha((unsigned char)text[0]) && text[1] == ':')
        return parse_drive(path, text);
    path->root = strstr(text, "://") ? WINPATH_OTHER : WINPATH_RELATIVE;
    while (*text == '/')
        text++;
    return parse_parts(path, text);
}

int winpath_parse(struct winpath *path, const char *text)
{
    *path = (struct winpath){0};
    char *copy = tidy(text);
    int r = copy ? parse_tidy(path, copy) : -ENOMEM;

    free(copy);
    if (r < 0)
        winpath_free(path);
    return r;
}

void winpath_free(struct winpath *path)
{
    for (size_t i = 0; i < path->part_count; i++)
        free(path->parts[i]);
    free(path->parts);
    free(path->server);
    free(path->share);
    *path = (struct winpath){0};
}

size_t winpath_tail(const struct winpath *path, const char *other)
{
    char *rest = strdup(other);
    size_t agreed = 0;

    while (rest && agreed < path->part_count) {
        char *slash = strrchr(rest, '/');
        const char *name = slash ? slash + 1 : rest;
        if (text_compare_folded(name, path->parts[path->part_count - 1 - agreed]) != 0)
            break;
        agreed++;
        if (!slash)
            break;
        *slash = '\0';
    }
    free(rest);
    return agreed;
}

const char *winpath_name(const struct winpath *path)
{
    return path->part_count > 0 ? path->parts[path->part_count - 1] : NULL;
}

char *winpath_key(const struct winpath *path)
{
    struct strbuf key = {0};
    char guid[GUID_TEXT_SIZE];

    switch (path->root) {
    case WINPATH_RELATIVE:
        strbuf_append(&key, ".");
        break;
    case WINPATH_DRIVE:
        strbuf_printf(&key, "%c:", path->drive);
        break;
    case WINPATH_VOLUME:
        strbuf_printf(&key, "VOLUME{%s}", guid_format(&path->volume, guid));
        break;
    case WINPATH_UNC:
        strbuf_printf(&key, "\\\\%s\\%s", path->server, path->share);
        break;
    case WINPATH_CLUSTER:
        strbuf_append(&key, "CLUSTER");
        break;
    case WINPATH_OTHER:
        strbuf_printf(&key, "?%s%s", path->server ? "\\" : "", path->server ? path->server : "");
        break;
    }
    for (size_t i = 0; i < path->part_count; i++)
        strbuf_printf(&key, "\\%s", path->parts[i]);
    char *text = strbuf_steal(&key);
    char *folded = text ? text_fold(text) : NULL;
    free(text);
    return folded;
}

static bool same_root(const struct winpath *a, const struct winpath *b)
{
    if (a->root != b->root)
        return false;
    switch (a->root) {
    case WINPATH_DRIVE:
        return a->drive == b->drive;
    case WINPATH_VOLUME:
        return guid_equal(&a->volume, &b->volume);
    case WINPATH_UNC:
        return text_compare_folded(a->server, b->server) == 0 &&
               text_compare_folded(a->share, b->share) == 0;
    case WINPATH_OTHER:
        return text_compare_folded(a->server ? a->server : "", b->server ? b->server : "") == 0;
    default:
        return true;
    }
}

bool winpath_is_below(const struct winpath *path, const struct winpath *folder)
{
    if (!same_root(path, folder) || folder->part_count > path->part_count)
        return false;
    for (size_t i = 0; i < folder->part_count; i++)
        if (text_compare_folded(folder->parts[i], path->parts[i]) != 0)
            return false;
    return true;
}

char *winpath_text(const struct winpath *path, size_t parts)
{
    struct strbuf text = {0};
    char guid[GUID_TEXT_SIZE];

    switch (path->root) {
    case WINPATH_DRIVE:
        strbuf_printf(&text, "%c:\\", path->drive);
        break;
    case WINPATH_VOLUME:
        strbuf_printf(&text, "\\\\?\\Volume{%s}\\", guid_format(&path->volume, guid));
        break;
    case WINPATH_UNC:
        strbuf_printf(&text, "\\\\%s\\%s\\", path->server, path->share);
        break;
    case WINPATH_CLUSTER:
        strbuf_append(&text, "C:\\ClusterStorage\\");
        break;
    case WINPATH_RELATIVE:
    case WINPATH_OTHER:
        break;
    }
    for (size_t i = 0; i < parts && i < path->part_count; i++)
        strbuf_printf(&text, "%s%s", i > 0 ? "\\" : "", path->parts[i]);
    return strbuf_steal(&text);
}

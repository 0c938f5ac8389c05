/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* How a recipe's short names become GUIDs, and its paths become places and Windows paths. */
#include "mkhost.h"

#include "base/strbuf.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* One step of splitmix64: spreads a hash over 64 bits. */
static uint64_t spread(uint64_t v)
{
    v += 0x9e3779b97f4a7c15;
    v = (v ^ (v >> 30)) * 0xbf58476d1ce4e5b9;
    v = (v ^ (v >> 27)) * 0x94d049bb133111eb;
    return v ^ (v >> 31);
}

struct guid guid_of(const char *name)
{
    uint64_t hash = 0xcbf29ce484222325; /* FNV-1a */
    struct guid guid;

    if (guid_parse_string(name, &guid))
        return guid;
    for (const char *c = name; *c; c++)
        hash = (hash ^ (uint8_t)*c) * 0x100000001b3;
    for (int i = 0; i < 16; i++)
        guid.bytes[i] = (uint8_t)(spread(hash + (uint64_t)(i / 8)) >> (i % 8 * 8));
    guid.bytes[6] = (guid.bytes[6] & 0x0f) | 0x40; /* version 4, RFC 4122 variant */
    guid.bytes[8] = (guid.bytes[8] & 0x3f) | 0x80;
    return guid;
}

struct guid guid_of_kind(const char *kind, const char *name)
{
    struct guid guid;
    char *text;

    if (guid_parse_string(name, &guid))
        return guid;
    text = string_printf("%s %s", kind, name);
    guid = guid_of(text);
    free(text);
    return guid;
}

char *guid_file_name(struct guid guid, char text[GUID_TEXT_SIZE])
{
    guid_format(&guid, text);
    for (char *c = text; *c; c++)
        *c = (char)toupper((unsigned char)*c);
    return text;
}

static void append_guid(struct strbuf *out, const char *name, size_t length)
{
    char *copy = strndup(name, length);
    char text[GUID_TEXT_SIZE];

    strbuf_append(out, guid_file_name(guid_of(copy), text));
    free(copy);
}

/* Length of the name in "{name}", 0 when the brace opens none: Volume{full guid} stays as it is. */
static size_t braced_name(const char *text)
{
    size_t n = strspn(text + 1, "abcdefghijklmnopqrstuvwxyz0123456789-");
    struct guid guid;

    return n > 0 && text[1 + n] == '}' && !guid_parse(text + 1, n, &guid) ? n : 0;
}

/* Length of the word in "$word", 0 when the recipe defines no such word; *text what it stands for.
 */
static size_t defined_word(const char *at, json_t *words, const char **text)
{
    size_t n = strspn(at + 1, "abcdefghijklmnopqrstuvwxyz0123456789-");
    char *word = strndup(at + 1, n);

    *text = json_string_value(json_object_get(words, word));
    free(word);
    return *text ? n : 0;
}

#define WORDS_DEPTH 8 /* so that words that define each other come to an end */

/* What a recipe writes often, it defines once; a definition may use others. */
static void replace_words(struct strbuf *out, const char *text, json_t *words, int depth)
{
    for (const char *c = text; *c; c++) {
        const char *meaning;
        size_t word = *c == '$' && depth < WORDS_DEPTH ? defined_word(c, words, &meaning) : 0;

        if (word > 0) {
            replace_words(out, meaning, words, depth + 1);
            c += word;
        } else {
            strbuf_append_char(out, *c);
        }
    }
}

static void replace_numbers(struct strbuf *out, const char *text, bool repeated, long number)
{
    for (const char *c = text; *c; c++) {
        if (!repeated || *c != '#') {
            strbuf_append_char(out, *c);
        } else if (strncmp(c, "#-1", 3) == 0) {
            strbuf_printf(out, "%ld", number - 1);
            c += 2;
        } else {
            strbuf_printf(out, "%ld", number);
        }
    }
}

static void replace_names(struct strbuf *out, const char *text)
{
    for (const char *c = text; *c; c++) {
        size_t name = *c == '{' ? braced_name(c) : 0;

        if (name > 0) {
            append_guid(out, c + 1, name);
            c += name + 1;
        } else {
            strbuf_append_char(out, *c);
        }
    }
}

static json_t *substitute_string(const char *text, json_t *words, bool repeated, long number)
{
    struct strbuf worded = {0}, numbered = {0}, out = {0};
    json_t *result;

    replace_words(&worded, text, words, 0);
    replace_numbers(&numbered, strbuf_text(&worded), repeated, number);
    replace_names(&out, strbuf_text(&numbered));
    result = json_stringn(strbuf_text(&out), out.length);
    strbuf_free(&worded);
    strbuf_free(&numbered);
    strbuf_free(&out);
    return result;
}

json_t *substitute(json_t *value, json_t *words, bool repeated, long number)
{
    json_t *result, *member;
    const char *key;
    size_t i;

    if (json_is_string(value))
        return substitute_string(json_string_value(value), words, repeated, number);
    if (json_is_array(value)) {
        result = json_array();
        json_array_foreach(value, i, member)
            json_array_append_new(result, substitute(member, words, repeated, number));
        return result;
    }
    if (json_is_object(value)) {
        result = json_object();
        json_object_foreach(value, key, member)
            json_object_set_new(result, key, substitute(member, words, repeated, number));
        return result;
    }
    return json_deep_copy(value);
}

static void make_folders(const struct recipe *recipe, char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(path, 0777) < 0 && errno != EEXIST)
            fail(recipe, "%s: %s", path, strerror(errno));
        *slash = '/';
    }
}

/* A JSON string can't hold every byte that a file name can: "%FF" is the byte 0xff. */
static void append_bytes(struct strbuf *out, const char *path)
{
    for (const char *c = path; *c; c++) {
        if (c[0] == '%' && isxdigit((unsigned char)c[1]) && isxdigit((unsigned char)c[2])) {
            char digits[3] = {c[1], c[2], '\0'};

            strbuf_append_char(out, (char)strtoul(digits, NULL, 16));
            c += 2;
        } else {
            strbuf_append_char(out, *c);
        }
    }
}

char *place(const struct recipe *recipe, const char *path)
{
    struct strbuf out = {0};
    char *result;

    strbuf_printf(&out, "%s/", recipe->folder);
    append_bytes(&out, path);
    result = strbuf_steal(&out);
    make_folders(recipe, result);
    return result;
}

/* The mount of the longest folder that holds the path; *rest is the path below it. */
static const struct mount *mount_of(const struct recipe *recipe, const char *path,
                                    const char **rest)
{
    const struct mount *best = NULL;
    size_t best_length = 0;

    for (size_t i = 0; i < recipe->mount_count; i++) {
        const struct mount *mount = &recipe->mounts[i];
        size_t length = strlen(mount->folder);

        if (length > 0 && (strncmp(path, mount->folder, length) != 0 || path[length] != '/'))
            continue;
        if (best && length < best_length)
            continue;
        best = mount;
        best_length = length;
    }
    if (!best)
        fail(recipe, "%s lies in no folder of \"mounts\"", path);
    *rest = path + best_length + (best_length > 0);
    return best;
}

static char *below(const char *windows, const char *rest)
{
    char *result = string_printf("%s\\%s", windows, rest);

    for (char *c = result; *c; c++)
        if (*c == '/')
            *c = '\\';
    return result;
}

char *windows_path(const struct recipe *recipe, const char *path)
{
    const char *rest;
    const struct mount *mount = mount_of(recipe, path, &rest);

    return below(mount->windows, rest);
}

char *volume_path(const struct recipe *recipe, const char *path)
{
    const char *rest;
    const struct mount *mount = mount_of(recipe, path, &rest);
    struct guid volume = guid_of_kind("volume", mount->windows);
    char text[GUID_TEXT_SIZE], *root, *result;

    root = string_printf("\\\\?\\Volume{%s}", guid_format(&volume, text));
    result = below(root, rest);
    free(root);
    return result;
}

char *relative_path(const struct recipe *recipe, const char *from, const char *to)
{
    const char *a, *b;
    size_t shared = 0, up = 0;
    struct strbuf out = {0};
    char *result;

    if (mount_of(recipe, from, &a) != mount_of(recipe, to, &b))
        return NULL;
    for (size_t i = 0; a[i] && a[i] == b[i]; i++)
        if (a[i] == '/')
            shared = i + 1;
    for (const char *c = a + shared; *c; c++)
        up += *c == '/';
    if (up == 0)
        strbuf_append(&out, ".");
    for (size_t i = 0; i < up; i++)
        strbuf_append(&out, i == 0 ? ".." : "\\..");
    result = below(strbuf_text(&out), b + shared);
    strbuf_free(&out);
    return result;
}

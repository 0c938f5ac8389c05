/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Registry hives of a host: values by the whole path of their key and name. */
#include "mkhost.h"

#include "hive_writer.h"

#include "base/cleanup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VALUE_MAX 1024
#define TYPE_NONE 0 /* SECURITY's values have no type, or use it for something else */

/* "hex:10000000" */
static void put_bytes(struct hive_writer *w, const char *key, const char *name, const char *text)
{
    uint8_t bytes[VALUE_MAX];
    size_t size = 0;
    unsigned byte;

    for (; size < VALUE_MAX && sscanf(text, "%2x", &byte) == 1; text += 2)
        bytes[size++] = (uint8_t)byte;
    hive_put(w, key, name, TYPE_NONE, bytes, size);
}

static void put_text(struct hive_writer *w, const char *key, const char *name, const char *text)
{
    if (strncmp(text, "hex:", 4) == 0)
        put_bytes(w, key, name, text + 4);
    else if (strncmp(text, "expand:", 7) == 0)
        hive_put_text(w, key, name, HIVE_EXPAND_SZ, text + 7);
    else
        hive_put_text(w, key, name, HIVE_SZ, text);
}

/* "Select\\Current": what stands behind the last separator is the name. */
static void put_value(const struct recipe *recipe, struct hive_writer *w, const char *path,
                      json_t *value)
{
    const char *separator = strrchr(path, '\\');
    CLEANUP_FREE char *key = strndup(path, separator ? (size_t)(separator - path) : 0);
    const char *name = separator ? separator + 1 : path;

    if (json_is_integer(value))
        hive_put_number(w, key, name, (uint32_t)json_integer_value(value));
    else if (json_is_string(value))
        put_text(w, key, name, json_string_value(value));
    else if (json_is_null(value))
        hive_put_key(w, path);
    else
        fail(recipe, "\"%s\" is no number, text or null", path);
}

static filetime time_of(const struct recipe *recipe, const char *text)
{
    return when_from_timespec((struct timespec){.tv_sec = read_time(recipe, text)});
}

void make_hive(struct recipe *recipe, json_t *entry)
{
    struct hive_writer *w = hive_writer_new();
    json_t *value, *values = json_object_get(entry, "values");
    const char *path;
    size_t size;

    hive_set_written(w, "", time_of(recipe, text_member(recipe, entry, "modified", "0s")));
    json_object_foreach(values, path, value) put_value(recipe, w, path, value);
    put_mounted_devices(recipe, w, json_object_get(entry, "mounted"));
    json_object_foreach(json_object_get(entry, "written"), path, value)
        hive_set_written(w, path, time_of(recipe, json_string_value(value)));
    const uint8_t *bytes = hive_writer_finish(w, &size);
    write_plain(recipe, text_member(recipe, entry, "hive", ""), bytes, size);
    hive_writer_free(w);
}

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * mkhost RECIPE.json OUTDIR: makes the files of a whole host from its recipe (corpus/README.md)
 * and prints where each short name of the recipe has gone, for whoever compares a report with it.
 * The same recipe always gives the same bytes and times. OUTDIR must be empty or absent.
 */
#include "mkhost.h"

#include "base/checked.h"
#include "base/cleanup.h"
#include "base/strbuf.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Files are as old as this unless the recipe says otherwise: 2024-05-01 08:00:00 UTC. */
#define BASE_TIME 1714550400

static const char *recipe_path = "";

void fail(const struct recipe *recipe, const char *format, ...)
{
    va_list args;

    fprintf(stderr, "mkhost: %s: ", recipe_path);
    if (recipe && recipe->files)
        fprintf(stderr, "file %zu: ", recipe->current + 1);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    exit(1);
}

const char *text_member(const struct recipe *recipe, json_t *entry, const char *key,
                        const char *otherwise)
{
    json_t *value = json_object_get(entry, key);

    if (!value || json_is_null(value))
        return otherwise;
    if (!json_is_string(value))
        fail(recipe, "\"%s\" must be text", key);
    return json_string_value(value);
}

bool flag_member(const struct recipe *recipe, json_t *entry, const char *key)
{
    json_t *value = json_object_get(entry, key);

    if (value && !json_is_boolean(value))
        fail(recipe, "\"%s\" must be true or false", key);
    return json_is_true(value);
}

uint64_t size_member(const struct recipe *recipe, json_t *entry, const char *key,
                     uint64_t otherwise)
{
    static const struct {
        const char *suffix;
        uint64_t factor;
    } units[] = {{"", 1}, {"K", KIB}, {"M", MIB}, {"G", GIB}, {"T", TIB}};
    json_t *value = json_object_get(entry, key);
    uint64_t number;
    char *end;

    if (!value)
        return otherwise;
    if (json_is_integer(value))
        return (uint64_t)json_integer_value(value);
    number = strtoull(text_member(recipe, entry, key, ""), &end, 10);
    for (size_t i = 0; i < ARRAY_SIZE(units); i++)
        if (strcmp(end, units[i].suffix) == 0)
            return number * units[i].factor;
    fail(recipe, "\"%s\": \"%s\" is no size", key, json_string_value(value));
}

/* An entry is made by the first of these keys that it has; `keys` are its other members. */
static const struct {
    const char *key;
    make_function *make;
    const char *keys;
} makers[] = {
    {"disk", make_disk,
     " format kind size block sector physical parent linkage relative volume absolute blocks "
     "disk_guid data_guid log damage fill creator parent_time saved_state "},
    {"checkpoint", make_checkpoint,
     " file vm drives created journal version generation type damage container_version "},
    {"vm", make_vm,
     " file name drives generation version merge_pending clustered replicated journal type "
     "saved_state_file damage container_version "},
    {"registry", make_registry, " file "},
    {"registration_folder", make_registration_folder, " file checkpoints "},
    {"runtime", make_runtime, " saved "},
    {"events", make_events, " folder computer noise lag "},
    {"hive", make_hive, " values written mounted "},
    {"text", make_text, " content encoding "},
    {"json", make_json, " content "},
    {"garbage", make_garbage, " size head "},
    {"folder", make_folder, " "},
    {"link", make_link, " target volume "},
    {"hard_link", make_hard_link, " target "},
    {"fifo", make_fifo, " "},
    {"copy", make_copy, " of "},
};

/* What every entry may have besides: a hand on the finished file. */
static const char common_keys[] = " id absent modified siblings keep ";

static size_t maker_of(const struct recipe *recipe, json_t *entry)
{
    for (size_t i = 0; i < ARRAY_SIZE(makers); i++)
        if (json_object_get(entry, makers[i].key))
            return i;
    fail(recipe, "nothing here says what is to be made");
}

static void check_keys(const struct recipe *recipe, json_t *entry, size_t maker)
{
    const char *key;
    json_t *value;

    json_object_foreach(entry, key, value)
    {
        CLEANUP_FREE char *word = string_printf(" %s ", key);

        if (strcmp(key, makers[maker].key) != 0 && !strstr(makers[maker].keys, word) &&
            !strstr(common_keys, word))
            fail(recipe, "a %s has no \"%s\"", makers[maker].key, key);
    }
}

/* The path in the tree of the file that an entry makes; NULL for what has no single one. */
static char *path_of(const struct recipe *recipe, json_t *entry)
{
    size_t maker = maker_of(recipe, entry);

    if (makers[maker].make == make_vm || makers[maker].make == make_checkpoint)
        return config_path(recipe, entry);
    if (makers[maker].make == make_registry)
        return string_printf("%s", text_member(recipe, entry, "file", LIST_FILE));
    if (makers[maker].make == make_registration_folder || makers[maker].make == make_events)
        return NULL;
    return string_printf("%s", text_member(recipe, entry, makers[maker].key, ""));
}

/* Seconds of "2h" at *text, which is moved behind it; false when there is none. */
static bool read_span(const char **text, long *seconds)
{
    static const struct {
        char unit;
        long seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
    char *end;
    long number = strtol(*text, &end, 10);

    for (size_t i = 0; i < ARRAY_SIZE(units); i++)
        if (end > *text && *end == units[i].unit) {
            *text = end + 1;
            *seconds = number * units[i].seconds;
            return true;
        }
    return false;
}

time_t read_time(const struct recipe *recipe, const char *text)
{
    const char *rest = text;
    time_t time = BASE_TIME;
    long seconds;

    while (read_span(&rest, &seconds))
        time += seconds;
    if (rest == text || *rest)
        fail(recipe, "\"%s\" is no time such as \"+2h\" or \"+1d2h30m\"", text);
    return time;
}

void set_time(const struct recipe *recipe, json_t *entry, const char *path)
{
    time_t time = read_time(recipe, text_member(recipe, entry, "modified", "0s"));
    struct timespec times[2] = {{.tv_sec = time}, {.tv_sec = time}};
    CLEANUP_FREE char *where = place(recipe, path);

    if (utimensat(AT_FDCWD, where, times, AT_SYMLINK_NOFOLLOW) < 0)
        fail(recipe, "%s: %s", where, strerror(errno));
}

/* Files beside a disk that carry its whole name: ".rct", ".mrt", ".hrl" … */
static void make_siblings(struct recipe *recipe, json_t *entry)
{
    CLEANUP_FREE char *path = path_of(recipe, entry);
    json_t *suffix;
    size_t i;

    json_array_foreach(json_object_get(entry, "siblings"), i, suffix)
    {
        CLEANUP_FREE char *sibling = string_printf("%s%s", path, json_string_value(suffix));

        write_plain(recipe, sibling, "fixture", 7);
    }
}

void cut_file(const struct recipe *recipe, const char *path, uint64_t keep)
{
    CLEANUP_FREE char *where = place(recipe, path);

    if (truncate(where, (off_t)keep) < 0)
        fail(recipe, "%s: %s", where, strerror(errno));
}

/* Keeps only the first bytes of the finished file. */
static void cut(struct recipe *recipe, json_t *entry)
{
    CLEANUP_FREE char *path = path_of(recipe, entry);

    if (path)
        cut_file(recipe, path, size_member(recipe, entry, "keep", 0));
}

static void make_files(struct recipe *recipe)
{
    json_t *entry;

    json_array_foreach(recipe->files, recipe->current, entry)
    {
        size_t maker = maker_of(recipe, entry);

        check_keys(recipe, entry, maker);
        if (flag_member(recipe, entry, "absent"))
            continue;
        makers[maker].make(recipe, entry);
        if (json_object_get(entry, "siblings"))
            make_siblings(recipe, entry);
        if (json_object_get(entry, "keep"))
            cut(recipe, entry);
    }
    json_array_foreach(recipe->files, recipe->current, entry)
    {
        CLEANUP_FREE char *path = path_of(recipe, entry);

        if (path && !flag_member(recipe, entry, "absent"))
            set_time(recipe, entry, path);
    }
}

/* Texts and garbage with an id claim to be disks. */
static bool is_disk(json_t *entry)
{
    return json_object_get(entry, "disk") ||
           (json_object_get(entry, "id") && !json_object_get(entry, "vm"));
}

json_t *find_disk(const struct recipe *recipe, const char *id)
{
    json_t *entry;
    size_t i;

    json_array_foreach(recipe->files, i,
                       entry) if (is_disk(entry) && strcmp(disk_id(entry), id) == 0) return entry;
    return NULL;
}

json_t *disk_of(const struct recipe *recipe, const char *id)
{
    json_t *disk = find_disk(recipe, id);

    if (!disk)
        fail(recipe, "no disk has the id \"%s\"", id);
    return disk;
}

static void put_guid(json_t *names, const char *name, struct guid guid)
{
    char text[GUID_TEXT_SIZE];

    json_object_set_new(names, name, json_sprintf("%s", guid_format(&guid, text)));
}

static void put_disk(const struct recipe *recipe, json_t *disks, json_t *entry)
{
    CLEANUP_FREE char *made = path_of(recipe, entry);
    CLEANUP_FREE char *path = path_in_image(recipe, made);
    json_t *parent = json_object_get(entry, "parent");

    if (json_object_get(disks, disk_id(entry)))
        fail(recipe, "two disks have the id \"%s\"", disk_id(entry));
    json_object_set_new(disks, disk_id(entry),
                        json_pack("{ss sO?}", "path", path, "parent", parent));
}

/* Where the short names went: disks to {path, parent}, VMs and checkpoints to GUIDs. */
static void print_names(const struct recipe *recipe)
{
    json_t *disks = json_object(), *vms = json_object(), *checkpoints = json_object(), *entry;
    size_t i;

    json_array_foreach(recipe->files, i, entry)
    {
        const char *checkpoint = text_member(recipe, entry, "checkpoint", NULL);

        if (checkpoint)
            put_guid(checkpoints, checkpoint, checkpoint_guid(recipe, entry));
        else if (json_object_get(entry, "vm"))
            put_guid(vms, text_member(recipe, entry, "vm", ""), machine_guid(recipe, entry));
        else if (is_disk(entry))
            put_disk(recipe, disks, entry);
    }
    entry = json_pack("{so so so}", "disks", disks, "vms", vms, "checkpoints", checkpoints);
    json_dumpf(entry, stdout, JSON_INDENT(1));
    putchar('\n');
    json_decref(entry);
}

/* The flat list of files: every entry as often as it says. */
static json_t *unroll(json_t *files, json_t *words)
{
    json_t *flat = json_array(), *entry;
    size_t i;

    json_array_foreach(files, i, entry)
    {
        long repeat = (long)json_integer_value(json_object_get(entry, "repeat"));

        for (long n = 1; n <= (repeat ? repeat : 1); n++) {
            json_t *copy = substitute(entry, words, repeat > 0, n);

            json_object_del(copy, "repeat");
            json_array_append_new(flat, copy);
        }
    }
    return flat;
}

static void read_mounts(struct recipe *recipe)
{
    json_t *mounts = json_object_get(recipe->json, "mounts"), *windows;
    const char *folder;

    recipe->mounts = calloc(json_object_size(mounts) + 1, sizeof(*recipe->mounts));
    json_object_foreach(mounts, folder, windows) recipe->mounts[recipe->mount_count++] =
        (struct mount){folder, json_string_value(windows)};
    if (!mounts)
        recipe->mounts[recipe->mount_count++] = (struct mount){"", "D:"};
}

/* Makes the folder; whatever is in it stays as it is: then we do nothing. */
static void open_folder(const struct recipe *recipe)
{
    const struct dirent *entry;
    DIR *folder;

    if (mkdir(recipe->folder, 0777) < 0 && errno != EEXIST)
        fail(NULL, "%s: %s", recipe->folder, strerror(errno));
    folder = opendir(recipe->folder);
    if (!folder)
        fail(NULL, "%s: %s", recipe->folder, strerror(errno));
    while ((entry = readdir(folder)))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            fail(NULL, "%s is not empty", recipe->folder);
    closedir(folder);
}

int main(int argc, char **argv)
{
    struct recipe recipe = {0};
    json_error_t error;

    if (argc != 3) {
        fprintf(stderr, "usage: mkhost RECIPE.json OUTDIR\n");
        return 1;
    }
    recipe_path = argv[1];
    recipe.folder = argv[2];
    recipe.json = json_load_file(recipe_path, JSON_REJECT_DUPLICATES, &error);
    if (!recipe.json)
        fail(NULL, "line %d: %s", error.line, error.text);
    open_folder(&recipe);
    read_mounts(&recipe);
    recipe.files = unroll(json_object_get(recipe.json, "files"), json_object_get(recipe.json, "define"));
    make_files(&recipe);
    make_images(&recipe);
    print_names(&recipe);
    json_decref(recipe.files);
    json_decref(recipe.json);
    free(recipe.mounts);
    return 0;
}

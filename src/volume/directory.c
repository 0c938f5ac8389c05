/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * A folder of the running system as a volume. The walk goes from folder to folder with a stack of
 * its own and by open folders, not by absolute paths, which the kernel limits to PATH_MAX.
 */
#include "volume/volume.h"

#include "base/checked.h"
#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/vector.h"
#include "os/os_file.h"
#include "volume/listing.h"
#include "volume/seen.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Levels of folders; NTFS and every Windows program end far before that. */
#define DEPTH_MAX 16384
/* Folders held open at a time; those further up are closed and opened again on the way back. */
#define HELD_OPEN 64

struct directory {
    struct volume volume; /* first */
    struct os_folder *root;
    char *only; /* the one file of volume_open_file(), else NULL */
};

struct level {
    struct os_folder *folder;  /* NULL while closed */
    uint64_t device, number;   /* of the folder */
    size_t path_length;
    struct listing listing;
};

struct walk {
    const struct os_folder *root;
    volume_visit *visit;
    volume_complaint *complain;
    void *user;
    struct strbuf path; /* of the folder or entry at hand */
    VECTOR(struct level) levels;
    struct seen seen;
    bool said_full;
};

static void complain(struct walk *walk, const char *what, int status)
{
    struct strbuf reason = {0};

    if (!walk->complain)
        return;
    strbuf_append(&reason, what);
    if (status < 0)
        strbuf_printf(&reason, ": %s", strerror(-status));
    walk->complain(walk->user, strbuf_text(&walk->path), strbuf_text(&reason));
    strbuf_free(&reason);
}

static void cut_path(struct walk *walk, size_t length)
{
    walk->path.length = length;
    if (walk->path.text)
        walk->path.text[length] = '\0';
}

static int set_path(struct walk *walk, const struct level *level, const char *name, size_t length)
{
    cut_path(walk, level->path_length);
    if (level->path_length > 0)
        strbuf_append_char(&walk->path, '/');
    strbuf_append_bytes(&walk->path, name, length);
    return walk->path.failed ? -ENOMEM : 0;
}

/* Whether the file was met before, under another name or through another mount. */
static int met_before(struct walk *walk, const struct os_stat *s)
{
    int r = seen_before(&walk->seen, s->device, s->number);

    if (r == 0 && seen_is_full(&walk->seen) && !walk->said_full) {
        walk->said_full = true;
        complain(walk, "too many folders and hard links from here on to tell which are listed twice",
                 0);
    }
    return r;
}

static uint32_t attributes_of(const struct os_stat *s)
{
    static const struct {
        uint32_t windows, ours;
    } table[] = {
        {0x0200, VOLUME_SPARSE}, /* FILE_ATTRIBUTE_…: MS-FSCC 2.6 */
        {0x0800, VOLUME_COMPRESSED},
        {0x1000, VOLUME_OFFLINE},
        {0x4000, VOLUME_ENCRYPTED},
    };
    uint32_t attributes = 0;

    for (size_t i = 0; i < ARRAY_SIZE(table); i++)
        if (s->windows_attributes & table[i].windows)
            attributes |= table[i].ours;
    return attributes;
}

static enum volume_entry_type type_of(enum os_type type)
{
    static const enum volume_entry_type types[] = {
        [OS_FILE] = VOLUME_FILE,  [OS_FOLDER] = VOLUME_DIRECTORY, [OS_LINK] = VOLUME_LINK,
        [OS_DISK] = VOLUME_OTHER, [OS_OTHER] = VOLUME_OTHER,
    };

    return types[type];
}

static int show(struct walk *walk, const struct os_folder *folder, const char *name)
{
    struct os_stat s;
    int r = os_folder_stat(folder, name, &s);

    if (r == -ENOENT) /* it has gone since it was listed */
        return 0;
    if (r < 0) {
        complain(walk, "can't be looked at", r);
        return 0;
    }
    int met = s.type != OS_FOLDER && s.links > 1 ? met_before(walk, &s) : 0;
    if (met < 0)
        return met;
    if (met > 0 && s.type != OS_FILE)
        return 0;
    CLEANUP_FREE char *target = s.type == OS_LINK ? os_folder_link_target(folder, name) : NULL;
    const struct volume_entry entry = {
        .path = walk->path.text,
        .name = walk->path.text + walk->path.length - strlen(name),
        .type = met ? VOLUME_ALIAS : type_of(s.type),
        .size = s.size,
        .modified = s.modified,
        .changed = s.changed,
        .created = s.created,
        .attributes = attributes_of(&s),
        .id = s.id,
        .link_target = target,
    };
    return walk->visit(walk->user, &entry);
}

static int read_names(struct walk *walk, struct level *level)
{
    cut_path(walk, level->path_length);
    int r = listing_read(&level->listing, level->folder);

    if (r < 0 && r != -ENOMEM && r != -ENOENT)
        complain(walk, "can't be listed", r);
    return r == -ENOMEM ? r : 0;
}

static bool is_level(const struct level *level, const struct os_stat *s)
{
    return level->device == s->device && level->number == s->number;
}

static bool is_above(const struct walk *walk, const struct os_stat *s)
{
    for (size_t i = 0; i < walk->levels.count; i++)
        if (is_level(&walk->levels.items[i], s))
            return true;
    return false;
}

/* Why the folder must not be entered: 1 with *reason, 0 when it may, -ENOMEM. */
static int forbidden(struct walk *walk, const struct os_folder *folder, const struct os_stat *s,
                     const char **reason)
{
    int met = met_before(walk, s);

    if (met < 0)
        return met;
    if ((met || seen_is_full(&walk->seen)) && is_above(walk, s))
        *reason = "not entered: the same folder as one above it";
    else if (met)
        *reason = "not entered: the same folder as one that was listed before";
    else if (walk->levels.count >= DEPTH_MAX)
        *reason = "not entered: too deep";
    else if (os_folder_pseudo(folder))
        *reason = "not entered: a special file system of the running system";
    else
        return 0;
    return 1;
}

static int push(struct walk *walk, struct os_folder *folder, const struct os_stat *s)
{
    struct level *level = vector_push(&walk->levels);

    if (!level) {
        os_folder_close(folder);
        return -ENOMEM;
    }
    *level = (struct level){folder, s->device, s->number, walk->path.length, {{0}}};
    if (walk->levels.count > HELD_OPEN) {
        struct level *above = &walk->levels.items[walk->levels.count - 1 - HELD_OPEN];
        os_folder_close(above->folder);
        above->folder = NULL;
    }
    return read_names(walk, level);
}

/* Goes into the folder at walk->path, `path` as seen from `from`. */
static int enter(struct walk *walk, const struct os_folder *from, const char *path)
{
    CLEANUP(os_folder) struct os_folder *folder = NULL;
    const char *reason;
    struct os_stat s;
    int r = os_folder_open_below(&folder, from, path);

    if (r == 0)
        r = os_folder_stat(folder, NULL, &s);
    if (r == -ENOENT || r == -ENOMEM)
        return r == -ENOENT ? 0 : r;
    if (r < 0) {
        complain(walk, "can't be entered", r);
        return 0;
    }
    r = forbidden(walk, folder, &s, &reason);
    if (r > 0)
        complain(walk, reason, 0);
    if (r != 0)
        return r < 0 ? r : 0;
    return push(walk, STEAL(folder), &s);
}

static int take(struct walk *walk, const char *step)
{
    const struct level *level = &walk->levels.items[walk->levels.count - 1];
    size_t length = strlen(step);
    bool inwards = step[length - 1] == '/';
    int r = set_path(walk, level, step, length - inwards);

    if (r < 0)
        return r;
    const char *name = walk->path.text + walk->path.length - (length - inwards);
    return inwards ? enter(walk, level->folder, name) : show(walk, level->folder, name);
}

/* Keeps the folder only when it is still the level's. */
static struct os_folder *verified(const struct level *level, struct os_folder *folder)
{
    struct os_stat s;

    if (folder && os_folder_stat(folder, NULL, &s) == 0 && is_level(level, &s))
        return folder;
    os_folder_close(folder);
    return NULL;
}

/* Opens the level's folder again, from a folder that was in it (or NULL), else by its path. */
static void reopen(struct walk *walk, struct level *level, const struct os_folder *child)
{
    struct os_folder *folder = NULL;

    cut_path(walk, level->path_length);
    if (child && os_folder_open_parent(&folder, child) == 0)
        level->folder = verified(level, folder);
    folder = NULL;
    if (!level->folder &&
        os_folder_open_below(&folder, walk->root, strbuf_text(&walk->path)) == 0)
        level->folder = verified(level, folder);
    if (!level->folder) {
        complain(walk, "was moved or replaced while it was read: the rest of it is not listed", 0);
        listing_free(&level->listing);
    }
}

static void leave(struct walk *walk)
{
    struct level level = walk->levels.items[--walk->levels.count];

    if (walk->levels.count > 0 && !walk->levels.items[walk->levels.count - 1].folder)
        reopen(walk, &walk->levels.items[walk->levels.count - 1], level.folder);
    os_folder_close(level.folder);
    listing_free(&level.listing);
}

static int go(struct walk *walk)
{
    int r = enter(walk, walk->root, "");

    while (r >= 0 && walk->levels.count > 0) {
        struct level *level = &walk->levels.items[walk->levels.count - 1];
        const char *step = listing_next(&level->listing);

        if (step)
            r = take(walk, step);
        else if (level->listing.more)
            r = read_names(walk, level);
        else
            leave(walk);
    }
    return r < 0 ? r : 0;
}

static int directory_walk(struct volume *volume, volume_visit *visit, volume_complaint *complaint,
                          void *user)
{
    struct directory *directory = (struct directory *)volume;
    struct walk walk = {directory->root, visit, complaint, user, {0}, {0}, {0}, false};
    int r;

    if (directory->only) {
        strbuf_append(&walk.path, directory->only);
        r = walk.path.failed ? -ENOMEM : show(&walk, directory->root, walk.path.text);
    } else {
        r = go(&walk);
    }
    for (size_t i = 0; i < walk.levels.count; i++) {
        os_folder_close(walk.levels.items[i].folder);
        listing_free(&walk.levels.items[i].listing);
    }
    vector_free(&walk.levels);
    seen_free(&walk.seen);
    strbuf_free(&walk.path);
    return r;
}

static int directory_open(struct volume *volume, const char *path, uint64_t id, io_source **out)
{
    struct directory *directory = (struct directory *)volume;

    if (directory->only && strcmp(path, directory->only) != 0)
        return -ENOENT;
    return os_file_open_below(directory->root, path, id, false, out);
}

static void directory_close(struct volume *volume)
{
    struct directory *directory = (struct directory *)volume;

    os_folder_close(directory->root);
    free(directory->only);
    free(directory);
}

static int directory_new(struct directory **out, const char *root)
{
    static const struct volume_ops ops = {directory_walk, directory_open, directory_close};
    struct directory *directory = calloc(1, sizeof(*directory));

    if (!directory)
        return -ENOMEM;
    directory->volume.ops = &ops;
    directory->volume.display_root =
        string_printf("%s%s", root, root[strlen(root) - 1] == '/' ? "" : "/");
    int r = directory->volume.display_root ? os_folder_open(&directory->root, root) : -ENOMEM;
    if (r < 0) {
        volume_close(&directory->volume);
        return r;
    }
    directory->volume.windows_names = os_folder_windows_names(directory->root);
    *out = directory;
    return 0;
}

static int stop(void *user, const char *name, bool is_folder)
{
    return -ECANCELED;
}

int volume_open_directory(struct volume **out, const char *path)
{
    CLEANUP_FREE char *root = realpath(path, NULL);
    struct directory *directory;

    if (!root)
        return -errno;
    int r = directory_new(&directory, root);
    if (r < 0)
        return r;
    r = os_folder_list(directory->root, stop, NULL);
    if (r < 0 && r != -ECANCELED) { /* may it be listed at all? */
        volume_close(&directory->volume);
        return r;
    }
    *out = &directory->volume;
    return 0;
}

int volume_open_file(struct volume **out, const char *path)
{
    CLEANUP_FREE char *file = realpath(path, NULL);
    struct directory *directory;
    io_source *source;

    if (!file)
        return -errno;
    int r = os_file_open(file, false, &source); /* may it be read at all? */
    if (r < 0)
        return r;
    io_unref(source);
    char *name = strrchr(file, '/') + 1;
    CLEANUP_FREE char *folder = string_printf("%.*s", (int)(name - file), file);
    CLEANUP_FREE char *only = strdup(name);
    if (!folder || !only)
        return -ENOMEM;
    r = directory_new(&directory, folder);
    if (r < 0)
        return r;
    directory->only = STEAL(only);
    *out = &directory->volume;
    return 0;
}

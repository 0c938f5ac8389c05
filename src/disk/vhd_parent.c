/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* VHD spec, "Parent Locator Entry" and "Differencing Hard Disks". */
#include "disk/vhd.h"

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "base/winpath.h"

#include <errno.h>
#include <stdlib.h>

/* No path is longer; Windows reserves 64 KiB for the relative one. */
#define LOCATOR_LENGTH_MAX (64 * KIB)

/* What a platform code means. The first path of its kind counts, in the order of this table. */
enum locator_path { PATH_NONE, PATH_RELATIVE, PATH_ABSOLUTE };
enum locator_value { VALUE_UTF16LE, VALUE_BYTES, VALUE_NONE };

static const struct locator_code {
    char code[5];
    enum locator_path path;
    enum locator_value text;
} locator_codes[] = {
    {"W2ru", PATH_RELATIVE, VALUE_UTF16LE},
    {"W2ku", PATH_ABSOLUTE, VALUE_UTF16LE},
    {"Wi2r", PATH_RELATIVE, VALUE_BYTES}, /* of an unknown code page */
    {"Wi2k", PATH_ABSOLUTE, VALUE_BYTES},
    {"MacX", PATH_NONE, VALUE_BYTES}, /* a file: URL */
    {"Mac ", PATH_NONE, VALUE_NONE},  /* an alias record */
};

#define NAME_KEY "parent_name"

static const struct locator_code *find_code(const char *code)
{
    for (size_t i = 0; i < ARRAY_SIZE(locator_codes); i++)
        if (memcmp(locator_codes[i].code, code, 4) == 0)
            return &locator_codes[i];
    return NULL;
}

static char *bytes_as_text(const char *bytes, size_t length)
{
    CLEANUP_FREE char *text = strndup(bytes, length);

    return text ? text_valid(text) : NULL;
}

static char *locator_text(const struct locator_code *known, const void *bytes, size_t length,
                          bool *valid)
{
    *valid = true;
    switch (known ? known->text : VALUE_NONE) {
    case VALUE_UTF16LE:
        return text_from_utf16le(bytes, length, valid);
    case VALUE_BYTES:
        return bytes_as_text(bytes, length);
    case VALUE_NONE:
        break;
    }
    return string_printf("(%zu bytes)", length);
}

static int add_entry(struct disk_parent *parent, const char *key, char *value)
{
    struct disk_locator_entry *entry = &parent->entries[parent->entry_count];

    entry->key = text_printable(key);
    entry->value = value;
    parent->entry_count++; /* also half an entry is freed with the facts */
    return entry->key && entry->value ? 0 : -ENOMEM;
}

static bool has_entry(const struct disk_parent *parent, const char *key)
{
    for (size_t i = 0; i < parent->entry_count; i++)
        if (strcmp(parent->entries[i].key, key) == 0)
            return true;
    return false;
}

/* False when its data can't be had; that is noted. */
static bool locator_fits(const struct vhd *vhd, const struct vhd_locator *locator, uint64_t at,
                         struct notes *notes)
{
    uint64_t length = get_be32(locator->data_length), space = get_be32(locator->data_space);
    uint64_t offset = get_be64(locator->data_offset);

    if (length == 0 || length > LOCATOR_LENGTH_MAX || !range_fits(offset, length, vhd->end)) {
        notes_add(notes, SEVERITY_PROBLEM, "VHD-LOCATOR", at,
                  "a parent locator has %llu bytes at 0x%llx, which can't be read: the file ends "
                  "at 0x%llx, and 1 to 65536 bytes were expected",
                  (unsigned long long)length, (unsigned long long)offset,
                  (unsigned long long)vhd->end);
        return false;
    }
    if (length > space && length > space * VHD_SECTOR)
        notes_add(notes, SEVERITY_INFO, "VHD-LOCATOR-SPACE", at,
                  "a parent locator has %llu bytes in a space of %llu", (unsigned long long)length,
                  (unsigned long long)space);
    return true;
}

static int read_locator(struct disk *disk, struct vhd *vhd, const struct vhd_locator *locator,
                        uint64_t at, struct notes *notes)
{
    struct disk_parent *parent = disk->facts->parent;
    const struct locator_code *known = find_code(locator->code);
    char code[5] = {0};
    bool valid;

    memcpy(code, locator->code, sizeof(locator->code));
    if (!locator_fits(vhd, locator, at, notes))
        return 0;
    size_t length = get_be32(locator->data_length);
    CLEANUP_FREE char *bytes = malloc(length);
    if (!bytes)
        return -ENOMEM;
    int r = io_read(disk->source, get_be64(locator->data_offset), bytes, length);
    if (r < 0)
        return r;
    vhd_reserve(vhd, "a parent locator", get_be64(locator->data_offset), length);
    bool twice = has_entry(parent, code);
    r = add_entry(parent, code, locator_text(known, bytes, length, &valid));
    if (r < 0)
        return r;
    const char *key = parent->entries[parent->entry_count - 1].key;
    if (twice)
        notes_add(notes, SEVERITY_WARNING, "VHD-LOCATOR-TWICE", at,
                  "there is more than one parent locator \"%s\"", key);
    if (!known)
        notes_add(notes, SEVERITY_INFO, "VHD-LOCATOR-CODE", at,
                  "the platform code \"%s\" of a parent locator is not known", key);
    if (!valid)
        notes_add(notes, SEVERITY_WARNING, "VHD-LOCATOR-TEXT", at,
                  "the path of the parent locator \"%s\" is no valid UTF-16", key);
    return 0;
}

static int copy_path(char **path, const char *value)
{
    if (*path || value[0] == '\0')
        return 0;
    *path = strdup(value);
    return *path ? 0 : -ENOMEM;
}

/* The header's own field holds a name or a whole path. */
static int take_name(struct disk_parent *parent, const char *name)
{
    struct winpath path;
    int r = winpath_parse(&path, name);

    if (r < 0)
        return r == -ENOMEM ? r : 0;
    bool relative = path.root == WINPATH_RELATIVE;
    winpath_free(&path);
    return copy_path(relative ? &parent->relative_path : &parent->absolute_path, name);
}

static int choose_paths(struct disk_parent *parent)
{
    int r = 0;

    for (size_t i = 0; i < ARRAY_SIZE(locator_codes); i++)
        for (size_t e = 0; e < parent->entry_count && r == 0; e++) {
            const struct disk_locator_entry *entry = &parent->entries[e];
            if (strcmp(entry->key, locator_codes[i].code) != 0)
                continue;
            if (locator_codes[i].path == PATH_RELATIVE)
                r = copy_path(&parent->relative_path, entry->value);
            else if (locator_codes[i].path == PATH_ABSOLUTE)
                r = copy_path(&parent->absolute_path, entry->value);
        }
    for (size_t e = 0; e < parent->entry_count && r == 0; e++)
        if (strcmp(parent->entries[e].key, NAME_KEY) == 0)
            r = take_name(parent, parent->entries[e].value);
    return r;
}

/* 1 when both end with the same name, 0 when not, negative errno. */
static int same_last_name(const char *a, const char *b)
{
    struct winpath first, second;
    int r = winpath_parse(&first, a);

    if (r < 0)
        return r == -EINVAL ? 1 : r;
    r = winpath_parse(&second, b);
    if (r == 0) {
        const char *x = winpath_name(&first), *y = winpath_name(&second);
        r = !x || !y || text_compare_folded(x, y) == 0;
        winpath_free(&second);
    } else if (r == -EINVAL) {
        r = 1;
    }
    winpath_free(&first);
    return r;
}

static int check_names(const struct disk_parent *parent, uint64_t at, struct notes *notes)
{
    const char *const paths[] = {parent->relative_path, parent->absolute_path};
    const char *name = NULL;

    for (size_t e = 0; e < parent->entry_count; e++)
        if (strcmp(parent->entries[e].key, NAME_KEY) == 0)
            name = parent->entries[e].value;
    for (size_t i = 0; i < ARRAY_SIZE(paths) && name; i++) {
        int r = paths[i] ? same_last_name(name, paths[i]) : 1;
        if (r < 0)
            return r;
        if (r == 0) {
            notes_add(notes, SEVERITY_WARNING, "VHD-PARENT-NAME", at,
                      "the header names the parent \"%s\", a locator \"%s\"", name, paths[i]);
            return 0;
        }
    }
    if (!parent->relative_path && !parent->absolute_path)
        notes_add(notes, SEVERITY_PROBLEM, "VHD-PARENT-PATH", at,
                  "neither a locator nor the header gives a path of the parent");
    return 0;
}

static int read_name(struct disk_parent *parent, const struct vhd_header *header, uint64_t at,
                     struct notes *notes)
{
    bool valid;
    size_t length = sizeof(header->parent_name);

    while (length >= 2 && bytes_are_zero(header->parent_name + length - 2, 2))
        length -= 2;
    if (length == 0)
        return 0;
    char *name = text_from_utf16be(header->parent_name, length, &valid);
    if (!valid)
        notes_add(notes, SEVERITY_WARNING, "VHD-PARENT-NAME", at,
                  "the parent's name in the header is no valid UTF-16");
    return add_entry(parent, NAME_KEY, name);
}

int vhd_read_parent(struct disk *disk, struct vhd *vhd, const struct vhd_header *header,
                    uint64_t offset, struct notes *notes)
{
    struct disk_parent *parent = disk->facts->parent;
    uint64_t name_at = offset + offsetof(struct vhd_header, parent_name);

    parent->linkage = guid_from_le(header->parent_id);
    parent->has_linkage = true;
    parent->parent_time = when_from_vhd(get_be32(header->parent_timestamp));
    if (guid_is_zero(&parent->linkage))
        notes_add(notes, SEVERITY_PROBLEM, "VHD-PARENT-ID",
                  offset + offsetof(struct vhd_header, parent_id),
                  "the parent's identifier is zero: the parent can't be told from other disks");
    parent->entries = calloc(VHD_LOCATORS + 1, sizeof(*parent->entries));
    if (!parent->entries)
        return -ENOMEM;

    int r = read_name(parent, header, name_at, notes);
    for (size_t i = 0; i < VHD_LOCATORS && r == 0; i++)
        if (!bytes_are_zero(header->locators[i].code, sizeof(header->locators[i].code)))
            r = read_locator(disk, vhd, &header->locators[i],
                             offset + offsetof(struct vhd_header, locators) +
                                 i * sizeof(struct vhd_locator),
                             notes);
    if (r == 0)
        r = choose_paths(parent);
    return r < 0 ? r : check_names(parent, name_at, notes);
}

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* The parent locator (2.6.2.6): a list of keys and values, and what they mean for a VHDX parent. */
#include "disk/vhdx.h"

#include "base/text.h"
#include "base/winpath.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ENTRIES_MAX 256 /* Windows writes five */

struct locator {
    struct vhdx *v;
    uint64_t file_offset;
    const uint8_t *item;
    uint32_t length;
    uint64_t string_bytes; /* of all keys and values so far */
};

static bool has_nul(const uint8_t *utf16, uint32_t length)
{
    for (uint32_t i = 0; i + 1 < length; i += 2)
        if (utf16[i] == 0 && utf16[i + 1] == 0)
            return true;
    return false;
}

/* One key or value as UTF-8; *text stays NULL when it lies outside the item. */
static int read_string(struct locator *l, uint32_t offset, uint32_t length, char **text)
{
    struct vhdx *v = l->v;
    bool valid;

    l->string_bytes += length;
    if (length == 0 || offset == 0 || !range_fits(offset, length, l->length) ||
        l->string_bytes > l->length) {
        vhdx_note(v, SEVERITY_PROBLEM, "VHDX-P4", l->file_offset,
                  "a key or value at %u with %u bytes is empty or does not fit in the locator",
                  offset, length);
        return 0;
    }
    *text = text_from_utf16le(l->item + offset, length, &valid);
    if (!*text)
        return -ENOMEM;
    if (!valid || length % 2 != 0 || has_nul(l->item + offset, length))
        vhdx_note(v, SEVERITY_PROBLEM, "VHDX-P4", l->file_offset + offset,
                  "a key or value is not UTF-16 without NUL");
    return 0;
}

static int read_entry(struct locator *l, uint32_t index, struct disk_parent *parent)
{
    struct vhdx_locator_entry e;
    struct disk_locator_entry entry = {0};

    memcpy(&e, l->item + sizeof(struct vhdx_locator_header) + index * sizeof(e), sizeof(e));
    int r = read_string(l, get_le32(e.key_offset), get_le16(e.key_length), &entry.key);
    if (r == 0)
        r = read_string(l, get_le32(e.value_offset), get_le16(e.value_length), &entry.value);
    if (r == 0 && entry.key && entry.value) {
        parent->entries[parent->entry_count++] = entry;
        return 0;
    }
    free(entry.key);
    free(entry.value);
    return r;
}

static int read_entries(struct locator *l, const struct vhdx_locator_header *h,
                        struct disk_parent *parent)
{
    uint32_t count = get_le16(h->count);

    if (count == 0 || count > ENTRIES_MAX || get_le16(h->reserved) != 0 ||
        sizeof(*h) + count * sizeof(struct vhdx_locator_entry) > l->length)
        vhdx_note(l->v, SEVERITY_PROBLEM, "VHDX-P3", l->file_offset + 16,
                  "the parent locator has %u entries in %u bytes, or its reserved field is set",
                  count, l->length);
    count = (uint32_t)min_u64(count, (l->length - sizeof(*h)) / sizeof(struct vhdx_locator_entry));
    count = (uint32_t)min_u64(count, ENTRIES_MAX);
    parent->entries = calloc(count + 1, sizeof(*parent->entries));
    if (!parent->entries)
        return -ENOMEM;
    for (uint32_t i = 0; i < count; i++) {
        int r = read_entry(l, i, parent);
        if (r < 0)
            return r;
    }
    return 0;
}

/* Keys are case-sensitive and unique. */
static const char *value_of(struct locator *l, const struct disk_parent *parent, const char *key)
{
    const char *value = NULL;

    for (size_t i = 0; i < parent->entry_count; i++) {
        if (strcmp(parent->entries[i].key, key) != 0)
            continue;
        if (value)
            vhdx_note(l->v, SEVERITY_PROBLEM, "VHDX-P4", l->file_offset,
                      "the parent locator has the key %s twice", key);
        else
            value = parent->entries[i].value;
    }
    return value;
}

static void take_linkage(struct locator *l, struct disk_parent *parent)
{
    const char *linkage = value_of(l, parent, "parent_linkage");
    const char *linkage2 = value_of(l, parent, "parent_linkage2");

    parent->has_linkage = linkage && guid_parse_string(linkage, &parent->linkage);
    parent->has_linkage2 = linkage2 && guid_parse_string(linkage2, &parent->linkage2);
    if (!parent->has_linkage)
        vhdx_note(l->v, SEVERITY_PROBLEM, "VHDX-P5", l->file_offset,
                  linkage ? "parent_linkage is not a GUID" : "parent_linkage is missing");
    /* Windows writes it as zero; what another value means is not documented (facts, P7). */
    if (parent->has_linkage2 && !guid_is_zero(&parent->linkage2) &&
        !guid_equal(&parent->linkage, &parent->linkage2))
        vhdx_note(l->v, SEVERITY_INFO, "VHDX-P7", l->file_offset,
                  "parent_linkage2 is set and differs from parent_linkage: perhaps the chain was "
                  "being changed");
}

static int copy_value(struct locator *l, const struct disk_parent *parent, const char *key,
                      char **copy)
{
    const char *value = value_of(l, parent, key);

    if (!value)
        return 0;
    *copy = strdup(value);
    return *copy ? 0 : -ENOMEM;
}

/* Folded name of the file that a recorded path ends in, or NULL. */
static char *file_name(const char *path)
{
    struct winpath parsed;

    if (!path || winpath_parse(&parsed, path) < 0)
        return NULL;
    const char *name = winpath_name(&parsed);
    char *folded = name ? text_fold(name) : NULL;
    winpath_free(&parsed);
    return folded;
}

static void compare_names(struct locator *l, const struct disk_parent *parent)
{
    char *names[] = {file_name(parent->relative_path), file_name(parent->volume_path),
                     file_name(parent->absolute_path)};

    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        for (size_t j = 0; j < i; j++)
            if (names[i] && names[j] && strcmp(names[i], names[j]) != 0)
                vhdx_note(l->v, SEVERITY_WARNING, "VHDX-P9", l->file_offset,
                          "the paths to the parent name different files: some are stale");
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        free(names[i]);
}

static int take_paths(struct locator *l, struct disk_parent *parent)
{
    int r = copy_value(l, parent, "relative_path", &parent->relative_path);

    if (r == 0)
        r = copy_value(l, parent, "volume_path", &parent->volume_path);
    if (r == 0)
        r = copy_value(l, parent, "absolute_win32_path", &parent->absolute_path);
    if (r < 0)
        return r;
    if (!parent->relative_path && !parent->volume_path && !parent->absolute_path)
        vhdx_note(l->v, SEVERITY_PROBLEM, "VHDX-P6", l->file_offset,
                  "the parent locator has no path to the parent");
    compare_names(l, parent);
    return 0;
}

static void note_unknown_keys(struct locator *l, const struct disk_parent *parent)
{
    static const char *const known[] = {"parent_linkage", "parent_linkage2", "relative_path",
                                        "volume_path", "absolute_win32_path"};

    for (size_t i = 0; i < parent->entry_count; i++) {
        size_t k = 0;
        while (k < ARRAY_SIZE(known) && strcmp(parent->entries[i].key, known[k]) != 0)
            k++;
        if (k == ARRAY_SIZE(known))
            vhdx_note(l->v, SEVERITY_INFO, "VHDX-P8", l->file_offset,
                      "the parent locator has an unknown key \"%s\"", parent->entries[i].key);
    }
}

int vhdx_read_locator(struct vhdx *v, uint64_t file_offset, const uint8_t *item, uint32_t length)
{
    static const struct guid vhdx_type = VHDX_GUID_LOCATOR_TYPE;
    struct locator l = {v, file_offset, item, length, 0};
    struct disk_parent *parent = v->disk->facts->parent;
    struct vhdx_locator_header h;
    char text[GUID_TEXT_SIZE];

    if (length < sizeof(h)) {
        vhdx_note(v, SEVERITY_PROBLEM, "VHDX-P3", file_offset,
                  "the parent locator has %u bytes, fewer than its header", length);
        return 0;
    }
    memcpy(&h, item, sizeof(h));
    struct guid type = vhdx_get_guid(h.type);
    int r = read_entries(&l, &h, parent);
    if (r < 0)
        return r;
    if (!guid_equal(&type, &vhdx_type)) {
        vhdx_note(v, SEVERITY_PROBLEM, "VHDX-P2", file_offset,
                  "the parent locator is of the unknown type %s", guid_format(&type, text));
        return 0;
    }
    take_linkage(&l, parent);
    note_unknown_keys(&l, parent);
    return take_paths(&l, parent);
}

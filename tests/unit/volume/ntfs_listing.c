/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "../testing.h"

#include "ntfs_listing.h"

#include "volume/ntfs_format.h"

#include <stdlib.h>
#include <string.h>

struct context {
    struct ntfs_listing *listing;
    char *last;
};

static int visit(void *user, const struct volume_entry *entry)
{
    struct context *c = user;
    struct volume_entry *kept = vector_push(&c->listing->entries);
    static const char *const ends[] = {
        [VOLUME_DIRECTORY] = "/", [VOLUME_OTHER] = "?", [VOLUME_ALIAS] = " again", [VOLUME_LINK] = ""};
    const char *end = entry->type == VOLUME_FILE ? "" : ends[entry->type];

    assert_true(!c->last || strcmp(c->last, entry->path) <= 0);
    assert_string_equal(entry->path + strlen(entry->path) - strlen(entry->name), entry->name);
    free(c->last);
    c->last = strdup(entry->path);
    *kept = *entry;
    kept->path = kept->name = kept->link_target = NULL;
    strbuf_printf(&c->listing->paths, "%s%s", entry->path, end);
    if (entry->type == VOLUME_LINK)
        strbuf_printf(&c->listing->paths, " -> %s", entry->link_target ? entry->link_target : "?");
    strbuf_append_char(&c->listing->paths, '\n');
    return 0;
}

static void complain(void *user, const char *path, const char *reason)
{
    struct context *c = user;

    strbuf_printf(&c->listing->complaints, "%s%s\n", path, reason);
}

void ntfs_list(struct ntfs_listing *listing, const void *bytes, size_t size)
{
    struct context c = {listing, NULL};
    io_source *source = io_memory_new(bytes, size);

    *listing = (struct ntfs_listing){0};
    listing->status = ntfs_volume_open(&listing->volume, source, "test!/", &listing->notes);
    io_unref(source);
    if (listing->status == 0)
        listing->status = volume_walk(listing->volume, visit, complain, &c);
    free(c.last);
}

void ntfs_listing_free(struct ntfs_listing *listing)
{
    volume_close(listing->volume);
    strbuf_free(&listing->paths);
    strbuf_free(&listing->complaints);
    vector_free(&listing->entries);
    notes_free(&listing->notes);
}

const struct volume_entry *ntfs_listing_find(const struct ntfs_listing *listing, uint64_t number)
{
    for (size_t i = 0; i < listing->entries.count; i++)
        if (ntfs_number(listing->entries.items[i].id) == number)
            return &listing->entries.items[i];
    return NULL;
}

char *ntfs_content(const struct ntfs_listing *listing, uint64_t number)
{
    const struct volume_entry *entry = ntfs_listing_find(listing, number);
    io_source *source;

    assert_non_null(entry);
    assert_int_equal(volume_open(listing->volume, "", entry->id, &source), 0);
    assert_int_equal(io_size(source), entry->size);
    char *text = calloc(1, io_size(source) + 1);
    assert_int_equal(io_read(source, 0, text, io_size(source)), 0);
    io_unref(source);
    return text;
}

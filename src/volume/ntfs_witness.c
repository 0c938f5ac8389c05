/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "volume/ntfs_witness.h"

#include "base/checked.h"
#include "base/cleanup.h"
#include "base/strbuf.h"
#include "volume/fsntfs.h"
#include "volume/ntfs_volume_private.h"

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* ---- the list ---- */

struct listing {
    const struct ntfs_volume *volume;
    const struct ntfs_tree *tree;
    uint32_t *links; /* indexes of all names, those of one file together */
    bool *met;       /* by index of the file */
    volume_complaint *complain;
    void *user;
};

static int compare_owners(const void *a, const void *b, void *user)
{
    const struct ntfs_link *links = user;
    uint32_t x = links[*(const uint32_t *)a].file, y = links[*(const uint32_t *)b].file;

    return (x > y) - (x < y);
}

static int start_listing(struct listing *l)
{
    size_t count = l->tree->links.count;

    l->links = malloc((count + 1) * sizeof(*l->links));
    l->met = calloc(l->tree->files.count + 1, sizeof(*l->met));
    if (!l->links || !l->met)
        return -ENOMEM;
    for (size_t i = 0; i < count; i++)
        l->links[i] = (uint32_t)i;
    qsort_r(l->links, count, sizeof(*l->links), compare_owners, l->tree->links.items);
    return 0;
}

/* The first of a file's names in `links`. */
static size_t first_link(const struct listing *l, uint32_t file)
{
    size_t low = 0, high = l->tree->links.count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (l->tree->links.items[l->links[middle]].file < file)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static const struct ntfs_link *link_at(const struct listing *l, size_t index, uint32_t file)
{
    if (index >= l->tree->links.count)
        return NULL;
    const struct ntfs_link *link = &l->tree->links.items[l->links[index]];
    return link->file == file ? link : NULL;
}

static void differ(const struct listing *l, const struct ntfs_file *file, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Under the first of its names. */
static void differ(const struct listing *l, const struct ntfs_file *file, const char *format, ...)
{
    uint32_t index = (uint32_t)(file - l->tree->files.items);
    const struct ntfs_link *link = link_at(l, first_link(l, index), index);
    struct strbuf path = {0}, text = {0};
    va_list ap;

    if (link)
        ntfs_tree_path(l->tree, link, &path);
    va_start(ap, format);
    strbuf_vprintf(&text, format, ap);
    va_end(ap);
    l->complain(l->user, strbuf_text(&path), strbuf_text(&text));
    strbuf_free(&path);
    strbuf_free(&text);
}

/* As our list writes names, see ntfs_name(). */
static bool is_same_name(const char *ours, const char *theirs)
{
    return strcmp(ours, theirs) == 0 || strchr(theirs, '/') || strcmp(theirs, ".") == 0 ||
           strcmp(theirs, "..") == 0;
}

static bool has_name(const struct listing *l, const struct ntfs_file *file,
                     const struct fsntfs_file_name *name)
{
    uint32_t index = (uint32_t)(file - l->tree->files.items);
    const struct ntfs_link *link;

    for (size_t i = first_link(l, index); (link = link_at(l, i, index)); i++)
        if (link->parent_reference == name->parent &&
            is_same_name(ntfs_tree_text(l->tree, link->name), name->text))
            return true;
    return false;
}

static void compare_names(const struct listing *l, const struct ntfs_file *ours,
                          const struct fsntfs_file *theirs)
{
    uint32_t index = (uint32_t)(ours - l->tree->files.items);
    size_t our_count = 0, their_count = 0;

    while (link_at(l, first_link(l, index) + our_count, index))
        our_count++;
    for (size_t i = 0; i < theirs->names.count; i++) {
        const struct fsntfs_file_name *name = &theirs->names.items[i];
        if (name->space == NTFS_DOS && ours->has_long_name)
            continue;
        their_count++;
        if (!has_name(l, ours, name))
            differ(l, ours, "libfsntfs gives it the name \"%s\" in record %" PRIu64 ", we do not",
                   name->text, ntfs_number(name->parent));
    }
    if (our_count != their_count)
        differ(l, ours, "libfsntfs gives it %zu names, we read %zu", their_count, our_count);
}

static void compare_files(const struct listing *l, const struct ntfs_file *ours,
                          const struct fsntfs_file *theirs)
{
    const struct fsntfs_entry *e = &theirs->entry;
    const struct {
        const char *what;
        uint64_t ours, theirs;
    } facts[] = {
        {"its size", ours->size, e->size},
        {"the time of its creation", ours->created, e->created},
        {"the time of its last writing", ours->modified, e->modified},
        {"the time of its last change", ours->changed, e->changed},
        {"its attributes", ours->file_attributes, e->attributes},
    };

    for (size_t i = 0; i < ARRAY_SIZE(facts); i++)
        if (facts[i].ours != facts[i].theirs)
            differ(l, ours, "libfsntfs says that %s is %" PRIu64 ", we read %" PRIu64,
                   facts[i].what, facts[i].theirs, facts[i].ours);
    if (!(e->flags & FSNTFS_INCOMPLETE)) /* else it says itself that it does not know all names */
        compare_names(l, ours, theirs);
}

/* A file that libfsntfs lists and we would have kept. */
static bool is_wanted(const struct listing *l, const struct fsntfs_file *theirs)
{
    bool in_use = theirs->entry.flags & FSNTFS_ALLOCATED;
    const struct ntfs_volume *v = l->volume;

    for (size_t i = 0; i < theirs->names.count; i++) {
        const struct volume_entry entry = {
            .name = theirs->names.items[i].text,
            .type = VOLUME_FILE,
            .size = theirs->entry.size,
        };
        if (in_use ? !v->wanted || v->wanted(v->wanted_user, &entry)
                   : ntfs_leaves_trace(entry.name))
            return true;
    }
    return false;
}

static int compare_record(void *user, const struct fsntfs_file *theirs)
{
    const struct fsntfs_entry *e = &theirs->entry;
    struct listing *l = user;
    uint64_t number = ntfs_number(e->reference);
    bool in_use = e->flags & FSNTFS_ALLOCATED;

    if (e->base != 0 || number < NTFS_FIRST_USER)
        return 0;
    /* Freeing a record counts its sequence up; our references are those of the living file. */
    uint16_t sequence = (uint16_t)(ntfs_sequence(e->reference) - !in_use);
    const struct ntfs_file *ours = ntfs_tree_find(l->tree, ntfs_reference(number, sequence));
    if (ours && ours->in_use == in_use) {
        l->met[ours - l->tree->files.items] = true;
        if (ours->wanted)
            compare_files(l, ours, theirs);
    } else if (!(e->flags & FSNTFS_DIRECTORY) && is_wanted(l, theirs)) {
        l->complain(l->user, theirs->names.items[0].text, "libfsntfs lists the file, we do not");
    }
    return 0;
}

static void complain_unmet(const struct listing *l)
{
    for (size_t i = 0; i < l->tree->found; i++) {
        const struct ntfs_file *file = &l->tree->files.items[i];
        if (file->wanted && !l->met[i] && ntfs_number(file->reference) >= NTFS_FIRST_USER)
            differ(l, file, "libfsntfs does not list record %" PRIu64,
                   ntfs_number(file->reference));
    }
}

int ntfs_witness_list(struct volume *volume, struct workers *workers, volume_complaint *complain,
                      void *user, char error[256])
{
    const struct ntfs_volume *v = (struct ntfs_volume *)volume;
    struct listing l = {.volume = v, .tree = &v->tree, .complain = complain, .user = user};
    int r = start_listing(&l);

    error[0] = '\0';
    if (r == 0)
        r = workers ? fsntfs_list(workers, v->ntfs.source, 0, UINT64_MAX, compare_record, &l, error)
                    : -ENOENT;
    if (r == 0)
        complain_unmet(&l);
    free(l.links);
    free(l.met);
    return r == -ENOENT ? -ENOTSUP : r;
}

/* ---- content ---- */

struct twin {
    io_source *ours, *theirs;
    _Atomic uint64_t *differs_at;
};

static bool differs(struct twin *twin, uint64_t offset, const void *ours, size_t length)
{
    CLEANUP_FREE void *theirs = malloc(length);
    int r = theirs ? io_read(twin->theirs, offset, theirs, length) : -ENOMEM;

    /* Who died, took too long or has no memory says nothing of the file. */
    return r == 0 ? memcmp(ours, theirs, length) != 0 : r == -EBADMSG || r == -ENODATA;
}

static int64_t twin_read(void *self, uint64_t offset, void *buffer, size_t length)
{
    struct twin *twin = self;
    int64_t n = io_read_some(twin->ours, offset, buffer, length);

    if (n > 0 && differs(twin, offset, buffer, (size_t)n))
        atomic_store(twin->differs_at, offset);
    return n;
}

static void twin_close(void *self)
{
    struct twin *twin = self;

    io_unref(twin->ours);
    io_unref(twin->theirs);
    free(twin);
}

int ntfs_witness_content(struct volume *volume, struct workers *workers, uint64_t id,
                         io_source *ours, _Atomic uint64_t *differs_at, io_source **source)
{
    static const struct io_ops ops = {twin_read, twin_close};
    const struct ntfs_volume *v = (struct ntfs_volume *)volume;
    io_source *theirs;
    int r = workers ? fsntfs_open(workers, v->ntfs.source, ntfs_number(id), "", &theirs) : -ENOENT;

    if (r < 0)
        return r == -ENOENT ? -ENOTSUP : r;
    struct twin *twin = malloc(sizeof(*twin));
    if (!twin) {
        io_unref(theirs);
        return -ENOMEM;
    }
    *twin = (struct twin){io_ref(ours), theirs, differs_at};
    *source = io_source_new(&ops, twin, io_size(ours));
    return *source ? 0 : -ENOMEM;
}

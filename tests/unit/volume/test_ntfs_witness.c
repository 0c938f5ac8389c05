/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * Our list of an NTFS volume against that of libfsntfs: every record's names, parents, sizes,
 * times, attributes and streams, deleted ones too, and the content of every stream.
 */
#include "../group_workers.h"
#include "../testing.h"
#include "../temporary.h"

#include "ntfs_samples.h"
#include "sample_volumes.h"

#include "base/checked.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "volume/fsntfs.h"
#include "volume/ntfs_reparse.h"
#include "volume/ntfs_tree.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>


/* ---- both lists as lines, to be sorted and compared ---- */

typedef VECTOR(char *) lines;

static void lines_free(lines *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->items[i]);
    vector_free(list);
}

static void add(lines *list, char *line)
{
    char **added = vector_push(list);

    assert_non_null(line);
    assert_non_null(added);
    *added = line;
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The number in fixed width, so that lines of one record stand together. */
static void add_file(lines *list, uint64_t reference, bool in_use, bool directory, uint64_t size,
                     const filetime times[4], uint32_t attributes)
{
    add(list, string_printf("%010" PRIu64 " file %u%s%s size %" PRIu64 " times %" PRIu64 " %" PRIu64
                            " %" PRIu64 " %" PRIu64 " attributes %#x",
                            ntfs_number(reference), ntfs_sequence(reference),
                            in_use ? "" : " deleted", directory ? " directory" : "", size, times[0],
                            times[1], times[2], times[3], attributes));
}

static void add_name(lines *list, uint64_t number, uint64_t parent, const char *name)
{
    add(list, string_printf("%010" PRIu64 " name \"%s\" in %" PRIu64 "-%u", number, name,
                            ntfs_number(parent), ntfs_sequence(parent)));
}

static void add_stream(lines *list, uint64_t number, const char *name, uint64_t size)
{
    add(list, string_printf("%010" PRIu64 " stream \"%s\" %" PRIu64, number, name, size));
}

/* Ours. */

static bool want_all(void *user, const struct ntfs_file *file, const char *name)
{
    return true;
}

struct streams {
    const struct ntfs *ntfs;
    lines *list;
};

static int list_streams(void *user, uint64_t number, const void *record)
{
    struct streams *s = user;
    const struct ntfs_record_header *header = record;
    uint64_t base = get_le64(header->base);
    struct ntfs_attributes list;
    struct ntfs_attribute a;

    ntfs_attributes_start(&list, record, s->ntfs->geometry.record_size);
    while (ntfs_attributes_next(&list, &a)) {
        if (a.type != NTFS_DATA || a.name_length == 0 || (!a.resident && a.first_vcn != 0))
            continue;
        CLEANUP_FREE char *name = ntfs_name(a.name, a.name_length);
        add_stream(s->list, base ? ntfs_number(base) : number, name,
                   a.resident ? a.value_length : a.size);
    }
    return 0;
}

static void refuse(void *user, uint64_t first, uint64_t last, const char *reason)
{
    fail_msg("records %" PRIu64 "-%" PRIu64 ": %s", first, last, reason);
}

static void list_ours(const struct ntfs *ntfs, lines *list)
{
    struct ntfs_tree tree = {0};
    struct streams streams = {ntfs, list};

    assert_int_equal(ntfs_tree_build(&tree, ntfs, want_all, NULL), 0);
    for (size_t i = 0; i < tree.found; i++) {
        const struct ntfs_file *f = &tree.files.items[i];
        const filetime times[] = {f->created, f->modified, f->changed, f->accessed};
        if (ntfs_number(f->reference) >= NTFS_FIRST_USER)
            add_file(list, f->reference, f->in_use, f->directory, f->size, times,
                     f->file_attributes);
    }
    for (size_t i = 0; i < tree.links.count; i++) {
        const struct ntfs_link *link = &tree.links.items[i];
        if (ntfs_number(link->owner) >= NTFS_FIRST_USER)
            add_name(list, ntfs_number(link->owner), link->parent_reference,
                     ntfs_tree_text(&tree, link->name));
    }
    ntfs_tree_free(&tree);
    assert_int_equal(ntfs_scan(ntfs, list_streams, refuse, &streams), 0);
}

/* Theirs. */

struct content {
    uint64_t number;
    char *stream; /* "" the unnamed one */
};

struct theirs {
    lines *list;
    VECTOR(struct content) contents;
};

static void add_content(struct theirs *theirs, uint64_t number, const char *stream)
{
    struct content *content = vector_push(&theirs->contents);

    assert_non_null(content);
    *content = (struct content){number, strdup(stream)};
}

static void list_names(lines *list, uint64_t number, const struct fsntfs_file *file)
{
    bool has_long = false;

    for (size_t i = 0; i < file->names.count; i++)
        has_long |= file->names.items[i].space != NTFS_DOS;
    for (size_t i = 0; i < file->names.count; i++) {
        const struct fsntfs_file_name *name = &file->names.items[i];
        if (name->space != NTFS_DOS || !has_long)
            add_name(list, number, name->parent, name->text);
    }
}

static int list_theirs(void *user, const struct fsntfs_file *file)
{
    struct theirs *theirs = user;
    const struct fsntfs_entry *e = &file->entry;
    uint64_t number = ntfs_number(e->reference);
    bool in_use = e->flags & FSNTFS_ALLOCATED;
    uint16_t sequence = (uint16_t)(ntfs_sequence(e->reference) - (in_use ? 0 : 1));
    const filetime times[] = {e->created, e->modified, e->changed, e->accessed};

    assert_int_equal(e->flags & (FSNTFS_CORRUPTED | FSNTFS_INCOMPLETE), 0);
    if (e->base != 0)
        return 0;
    if (e->flags & FSNTFS_HAS_DATA)
        add_content(theirs, number, "");
    for (size_t i = 0; i < file->streams.count; i++) {
        add_stream(theirs->list, number, file->streams.items[i].name, file->streams.items[i].size);
        add_content(theirs, number, file->streams.items[i].name);
    }
    /* The volume's own files; records that were reserved or wiped, and have no name to list. */
    if (number < NTFS_FIRST_USER || file->names.count == 0)
        return 0;
    add_file(theirs->list, ntfs_reference(number, sequence), in_use, e->flags & FSNTFS_DIRECTORY,
             e->size, times, e->attributes);
    list_names(theirs->list, number, file);
    return 0;
}

static void compare_lists(const char *volume, lines *ours, lines *theirs)
{
    size_t i = 0, j = 0, differing = 0;

    qsort(ours->items, ours->count, sizeof(char *), by_bytes);
    qsort(theirs->items, theirs->count, sizeof(char *), by_bytes);
    while (i < ours->count || j < theirs->count) {
        int c = i == ours->count     ? 1
                : j == theirs->count ? -1
                                     : strcmp(ours->items[i], theirs->items[j]);
        if (c < 0)
            print_error("%s: only we say:        %s\n", volume, ours->items[i]);
        if (c > 0)
            print_error("%s: only libfsntfs says: %s\n", volume, theirs->items[j]);
        differing += c != 0;
        i += c <= 0;
        j += c >= 0;
    }
    assert_int_equal(differing, 0);
}

/* ---- contents ---- */

static io_source *open_ours(const struct ntfs *ntfs, uint64_t number, const char *stream)
{
    CLEANUP_FREE void *record = malloc(ntfs->geometry.record_size);
    struct ntfs_stream found;
    io_source *source;

    assert_int_equal(ntfs_record_read(ntfs, number, record), 0);
    assert_int_equal(
        ntfs_stream_load(ntfs, number, record, NTFS_DATA, *stream ? stream : NULL, &found), 0);
    assert_int_equal(ntfs_stream_source(ntfs, &found, &source), 0);
    ntfs_stream_free(&found);
    return source;
}

static void compare_contents(const char *volume, io_source *ours, io_source *theirs,
                             const struct content *content)
{
    static uint8_t a[MIB], b[MIB];

    assert_int_equal(io_size(ours), io_size(theirs));
    for (uint64_t at = 0; at < io_size(ours); at += sizeof(a)) {
        size_t n = (size_t)min_u64(sizeof(a), io_size(ours) - at);
        int r = io_read(ours, at, a, n), s = io_read(theirs, at, b, n);
        if (r != s || memcmp(a, b, n) != 0)
            fail_msg("%s: record %" PRIu64 " \"%s\", from %" PRIu64 ": %d, libfsntfs: %d", volume,
                     content->number, content->stream, at, r, s);
    }
}

static void check_contents(const struct ntfs *ntfs, const char *volume, struct theirs *theirs)
{
    uint64_t bytes = 0;

    for (size_t i = 0; i < theirs->contents.count; i++) {
        const struct content *content = &theirs->contents.items[i];
        CLEANUP(io_unref) io_source *ours = open_ours(ntfs, content->number, content->stream);
        CLEANUP(io_unref) io_source *other = NULL;
        assert_int_equal(
            fsntfs_open(group_workers, ntfs->source, content->number, content->stream, &other), 0);
        compare_contents(volume, ours, other, content);
        bytes += io_size(ours);
    }
    printf("%s: %zu streams of %" PRIu64 " bytes\n", volume, theirs->contents.count, bytes);
}

static void check_volume(void *user, const struct sample_volume *sample)
{
    struct ntfs ntfs;
    lines ours = {0}, others = {0};
    struct theirs theirs = {.list = &others};
    char error[256];

    assert_int_equal(ntfs_open(&ntfs, sample->source, NULL), 0);
    list_ours(&ntfs, &ours);
    int r = fsntfs_list(group_workers, sample->source, 0, UINT64_MAX, list_theirs, &theirs, error);
    if (r < 0)
        fail_msg("%s: %s", sample->name, r == -EBADMSG ? error : strerror(-r));
    compare_lists(sample->name, &ours, &others);
    check_contents(&ntfs, sample->name, &theirs);
    lines_free(&ours);
    lines_free(&others);
    for (size_t i = 0; i < theirs.contents.count; i++)
        free(theirs.contents.items[i].stream);
    vector_free(&theirs.contents);
    ntfs_close(&ntfs);
}

static void test_samples(void **state)
{
    each_sample_volume(check_volume, NULL);
}

/* Volumes that ntfs-3g has filled: hundreds of streams, of every kind that it can write. */
static void test_made(void **state)
{
    static const char *const kinds[] = {"", "-c 512", "-c 1024 -s 1024", "-s 4096"};
    size_t checked = 0;

    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        CLEANUP_FREE char *name = string_printf("mkntfs %s", kinds[i]);
        if (!make_ntfs("made", kinds[i])) {
            print_message("skipped: no volume can be made and mounted here: %s\n", name);
            continue;
        }
        checked += each_volume_of("made", name, check_volume, NULL);
    }
    if (checked == 0)
        skip();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_samples, temporary_enter, temporary_leave),
        cmocka_unit_test_setup_teardown(test_made, temporary_enter, temporary_leave),
    };

    return cmocka_run_group_tests(tests, start_workers, stop_workers);
}

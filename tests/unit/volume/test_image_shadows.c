/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Shadow copies of real and made volumes, whole and damaged. */
#include "../group_workers.h"
#include "../testing.h"
#include "../temporary.h"

#include "image_testing.h"
#include "ntfs_samples.h"

#include "base/bytes.h"
#include "base/checked.h"
#include "base/cleanup.h"
#include "os/os_file.h"
#include "volume/image_shadows.h"
#include "volume/shadow_format.h"
#include "shadow_writer.h"

#define PIECE   65536
#define SIZE    (2 * MIB + 512)
#define AREA    MIB
#define CREATED UINT64_C(132643640000000000)

/* A volume of no file system with two copies; the caller frees the bytes. */
struct made {
    struct shadow_writer w;
    struct shadow_writer_copy copies[2];
    uint8_t *then[2];
};

static void make(struct made *made)
{
    *made = (struct made){.w = {.bytes = calloc(1, SIZE), .size = SIZE, .area = AREA}};
    assert_non_null(made->w.bytes);
    for (size_t at = 0; at < AREA; at += SHADOW_BLOCK)
        made->w.bytes[at] = 'N';
    for (size_t i = 0; i < 2; i++) {
        made->then[i] = calloc(1, SIZE);
        assert_non_null(made->then[i]);
        memcpy(made->then[i], made->w.bytes, SIZE);
        memset(made->then[i] + (i + 2) * 40000, (int)('1' + i), 30000);
        made->copies[i] = (struct shadow_writer_copy){.bytes = made->then[i],
                                                      .created = CREATED + i * 36000000000};
    }
    assert_true(shadow_writer_put(&made->w, made->copies, 2));
}

static void unmake(struct made *made)
{
    free(made->w.bytes);
    free(made->then[0]);
    free(made->then[1]);
}

static void assert_same(io_source *a, io_source *b, uint64_t size)
{
    static uint8_t x[PIECE], y[PIECE];

    for (uint64_t at = 0; at < size; at += PIECE) {
        size_t n = (size_t)min_u64(PIECE, size - at);
        assert_int_equal(io_read(a, at, x, n), 0);
        assert_int_equal(io_read(b, at, y, n), 0);
        assert_memory_equal(x, y, n);
    }
}

static void test_made(void **state)
{
    CLEANUP(notes) struct notes notes = {0};
    image_shadows list = {0};
    struct made made;
    uint8_t id[16];
    size_t count;

    make(&made);
    CLEANUP(io_unref) io_source *volume = io_memory_new(made.w.bytes, SIZE);
    assert_int_equal(image_shadows_count(volume, &count, &notes), 0);
    assert_int_equal(count, 2);
    assert_int_equal(image_shadows_list(volume, group_workers, &list, &notes), 0);
    assert_int_equal(list.count, 2);
    for (unsigned i = 0; i < 2; i++) {
        const struct image_shadow *shadow = &list.items[i];
        assert_int_equal(shadow->number, i + 1);
        assert_int_equal(shadow->created, made.copies[i].created);
        assert_int_equal(shadow->size, SIZE);
        shadow_writer_copy_id(i + 1, id);
        struct guid expected = guid_from_le(id);
        assert_true(guid_equal(&shadow->id, &expected));
        shadow_writer_set_id(i + 1, id);
        expected = guid_from_le(id);
        assert_true(guid_equal(&shadow->set_id, &expected));
        CLEANUP(io_unref) io_source *then = NULL;
        CLEANUP(io_unref) io_source *expected_then = io_memory_new(made.then[i], SIZE);
        assert_int_equal(image_shadow_open(volume, group_workers, i + 1, &then, &notes), 0);
        assert_int_equal(io_size(then), SIZE);
        assert_same(then, expected_then, AREA);
    }
    assert_int_equal(notes.count, 0);
    io_source *none;
    assert_int_equal(image_shadow_open(volume, group_workers, 3, &none, &notes), -EINVAL);
    assert_null(none);
    vector_free(&list);
    unmake(&made);
}

/* What libvshadow says when nothing else is in its process. */
static void check_list_alone(const char *path, const image_shadows *list)
{
    struct strbuf ours = {0}, theirs = {0};
    char id[GUID_TEXT_SIZE], set[GUID_TEXT_SIZE], line[256];

    for (size_t i = 0; i < list->count; i++)
        strbuf_printf(&ours, "%s %s %llu %llu\n", guid_format(&list->items[i].id, id),
                      guid_format(&list->items[i].set_id, set),
                      (unsigned long long)list->items[i].created,
                      (unsigned long long)list->items[i].size);
    FILE *lines = run("/usr/bin/python3 -c 'import pyvshadow, sys; v = pyvshadow.volume(); "
                      "v.open(sys.argv[1]); [print(s.copy_identifier, s.copy_set_identifier, "
                      "s.get_creation_time_as_integer(), s.volume_size) for s in v.stores]' '%s'",
                      path);
    while (fgets(line, sizeof(line), lines))
        strbuf_append(&theirs, line);
    assert_int_equal(pclose(lines), 0);
    assert_string_equal(strbuf_text(&ours), strbuf_text(&theirs));
    strbuf_free(&ours);
    strbuf_free(&theirs);
}

/* Two copies at once, each in a process of its own, and as without all that. */
static void test_sample(void **state)
{
    CLEANUP_FREE char *path = image_sample("vss.raw");
    CLEANUP_FREE char *first = image_sample("vss1.raw");
    CLEANUP_FREE char *second = image_sample("vss2.raw");
    const char *const raws[] = {first, second};
    CLEANUP(notes) struct notes notes = {0};
    image_shadows list = {0};
    io_source *volume, *then[2], *raw[2];
    size_t count;

    assert_int_equal(os_file_open(path, false, &volume), 0);
    assert_int_equal(image_shadows_count(volume, &count, &notes), 0);
    assert_int_equal(count, 2);
    assert_int_equal(image_shadows_list(volume, group_workers, &list, &notes), 0);
    assert_int_equal(list.count, 2);
    check_list_alone(path, &list);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(image_shadow_open(volume, group_workers, i + 1, &then[i], &notes), 0);
        assert_int_equal(os_file_open(raws[i], false, &raw[i]), 0);
        assert_int_equal(io_size(then[i]), io_size(raw[i]));
    }
    for (uint64_t at = 0; at < io_size(raw[0]); at += PIECE)
        for (size_t i = 0; i < 2; i++) {
            static uint8_t a[PIECE], b[PIECE];
            size_t n = (size_t)min_u64(PIECE, io_size(raw[i]) - at);
            assert_int_equal(io_read(then[i], at, a, n), 0);
            assert_int_equal(io_read(raw[i], at, b, n), 0);
            assert_memory_equal(a, b, n);
        }
    for (size_t i = 0; i < 2; i++) {
        io_unref(then[i]);
        io_unref(raw[i]);
    }
    io_unref(volume);
    vector_free(&list);
    assert_int_equal(notes.count, 0);
}

static void test_none(void **state)
{
    CLEANUP(notes) struct notes notes = {0};
    static uint8_t bytes[SHADOW_HEADER_OFFSET + 512];
    struct shadow_volume_header *header = (void *)(bytes + SHADOW_HEADER_OFFSET);
    size_t count = 7;

    /* Shorter than that, without a header, without a catalog. */
    for (size_t i = 0; i < 3; i++) {
        if (i == 2)
            memcpy(header->identifier, SHADOW_IDENTIFIER, 16);
        store_le32(&header->record, SHADOW_VOLUME_HEADER);
        CLEANUP(io_unref) io_source *volume = io_memory_new(bytes, i == 0 ? 512 : sizeof(bytes));
        assert_int_equal(image_shadows_count(volume, &count, &notes), 0);
        assert_int_equal(count, 0);
    }
    assert_int_equal(notes.count, 0);
}

/* Where to write what into a good volume, and what becomes of it. */
enum part { CATALOG, HEADER, BLOCK_LIST, BITMAP };

static uint64_t place_of(const struct made *made, enum part part, size_t copy)
{
    const struct shadow_writer_copy *c = &made->copies[copy];

    return part == CATALOG      ? made->w.catalog
           : part == HEADER     ? c->header
           : part == BLOCK_LIST ? c->block_list
                                : c->bitmap;
}

#define TO_ITSELF UINT64_MAX

static const struct damage {
    enum part part;
    size_t copy, offset;
    uint64_t value;
    int count, list, open[2]; /* status of each step */
} damages[] = {
    {CATALOG, 0, 0x00, 0, -EBADMSG, -EBADMSG, {-EBADMSG, -EBADMSG}},   /* no such block */
    {CATALOG, 0, 0x28, TIB, -EBADMSG, -EBADMSG, {-EBADMSG, -EBADMSG}}, /* the next one outside */
    {CATALOG, 0, 0x28, TO_ITSELF, -EBADMSG, -EBADMSG, {-EBADMSG, -EBADMSG}},
    {HEADER, 0, 0x00, 0, 0, -EBADMSG, {-EBADMSG, -EBADMSG}},
    {HEADER, 0, 0x30, TIB, 0, 0, {0, 0}},          /* more to say than fits: it is not needed */
    {BLOCK_LIST, 0, 0x00, 0, 0, 0, {-EBADMSG, 0}}, /* the newer copy does without */
    {BLOCK_LIST, 1, 0x00, 0, 0, 0, {-EBADMSG, -EBADMSG}},
    {BLOCK_LIST, 0, 0x28, TIB, 0, 0, {-EBADMSG, 0}},
    {BITMAP, 1, 0x00, 0, 0, 0, {-EBADMSG, -EBADMSG}},
};

static void test_damaged(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(damages); i++) {
        const struct damage *d = &damages[i];
        CLEANUP(notes) struct notes notes = {0};
        image_shadows list = {0};
        struct made made;
        size_t count;
        make(&made);
        uint64_t place = place_of(&made, d->part, d->copy);
        store_le64(made.w.bytes + place + d->offset, d->value == TO_ITSELF ? place : d->value);
        CLEANUP(io_unref) io_source *volume = io_memory_new(made.w.bytes, SIZE);
        print_message("damage %zu\n", i);
        assert_int_equal(image_shadows_count(volume, &count, &notes), d->count);
        assert_int_equal(notes_has(&notes, "SHADOW-CATALOG"), d->count != 0);
        assert_int_equal(image_shadows_list(volume, group_workers, &list, &notes), d->list);
        assert_int_equal(list.count, d->list == 0 ? 2 : 0);
        for (unsigned k = 0; k < 2; k++) {
            io_source *then;
            assert_int_equal(image_shadow_open(volume, group_workers, k + 1, &then, &notes),
                             d->open[k]);
            assert_int_equal(then == NULL, d->open[k] != 0);
            io_unref(then);
        }
        assert_int_equal(notes_has(&notes, "SHADOW-READ"), d->open[0] != 0);
        vector_free(&list);
        unmake(&made);
    }
}

/* Cut anywhere: never more than was there, nothing that hangs. */
static void test_cut(void **state)
{
    static const size_t sizes[] = {0x1E10, 65536, AREA, AREA + 65536, SIZE - 65536};

    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        CLEANUP(notes) struct notes notes = {0};
        image_shadows list = {0};
        struct made made;
        io_source *then;
        size_t count;
        make(&made);
        CLEANUP(io_unref) io_source *volume = io_memory_new(made.w.bytes, sizes[i]);
        int r = image_shadows_count(volume, &count, &notes);
        bool catalog_is_cut = sizes[i] > 0x2000 && sizes[i] < made.w.catalog;
        assert_int_equal(r, catalog_is_cut ? -EBADMSG : 0);
        r = image_shadows_list(volume, group_workers, &list, &notes);
        assert_true(r == 0 || r == -EBADMSG);
        assert_true(list.count <= 2);
        r = image_shadow_open(volume, group_workers, 1, &then, &notes);
        assert_true(r == 0 || notes.count > 0);
        io_unref(then);
        vector_free(&list);
        unmake(&made);
    }
}

/* Without the program, and with one that is not there. */
static void test_no_worker(void **state)
{
    CLEANUP(notes) struct notes notes = {0};
    image_shadows list = {0};
    struct made made;
    io_source *then;

    make(&made);
    CLEANUP(io_unref) io_source *volume = io_memory_new(made.w.bytes, SIZE);
    assert_int_equal(image_shadows_list(volume, NULL, &list, &notes), -ENOTSUP);
    assert_int_equal(image_shadow_open(volume, NULL, 1, &then, &notes), -ENOTSUP);
    assert_true(notes_has(&notes, "SHADOW-READ"));
    unmake(&made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_made), cmocka_unit_test(test_sample),
        cmocka_unit_test(test_none), cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_cut),  cmocka_unit_test(test_no_worker),
    };

    return cmocka_run_group_tests(tests, start_workers, stop_workers);
}

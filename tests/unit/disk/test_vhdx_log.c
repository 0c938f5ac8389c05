/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Logs by hand: which entries are active, what they do, and what a hostile one can't do. */
#include "disk_testing.h"

#include "vhdx_writer.h"

#include "base/bytes.h"
#include "base/checked.h"
#include "base/cleanup.h"
#include "base/crc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BAT    0x300000
#define SECTOR 4096u

/* Entries in these tests fill pages of the first payload block, which begins here. */
#define PAYLOAD 0x400000

static const struct vhdx_blocks one[] = {{.first = 0, .count = 1, .state = BLOCK_FULLY_PRESENT}};

#define FILL(page, value) {.file_offset = PAYLOAD + (page) * SECTOR, .fill = (value)}
#define ZEROS(page, pages) {.file_offset = PAYLOAD + (page) * SECTOR, .zero_length = (pages) * SECTOR}
#define ENTRY(list, ...) {.descriptors = list, .descriptor_count = ARRAY_SIZE(list), __VA_ARGS__}

static struct vhdx_recipe with_log(const struct vhdx_log_entry *entries, size_t count)
{
    return (struct vhdx_recipe){.kind = DISK_DYNAMIC, .blocks = one, .blocks_count = 1,
                                .log = entries, .log_count = count};
}

/* Opens and closes what a test needs of one file. */
struct opened {
    io_source *source, *content;
    struct disk *disk;
    struct notes notes;
    int status;
};

static void open_recipe(struct opened *o, const struct vhdx_recipe *recipe)
{
    *o = (struct opened){.source = made_vhdx(recipe)};
    o->status = disk_open(&o->disk, o->source, &o->notes);
    if (o->status == 0)
        assert_int_equal(disk_content_new(&o->content, &o->disk, 1), 0);
}

static void close_recipe(struct opened *o)
{
    io_unref(o->content);
    disk_close(o->disk);
    io_unref(o->source);
    notes_free(&o->notes);
}

/* The page of the guest's disk is filled with that byte. */
static void assert_page(struct opened *o, unsigned page, uint8_t value)
{
    uint8_t bytes[SECTOR];

    assert_int_equal(io_read(o->content, page * SECTOR, bytes, sizeof(bytes)), 0);
    for (size_t i = 0; i < sizeof(bytes); i++)
        assert_int_equal(bytes[i], value);
}

static void assert_replayed(struct opened *o, uint64_t entries)
{
    if (o->status < 0)
        print_notes(&o->notes);
    assert_int_equal(o->status, 0);
    assert_healthy(&o->notes);
    assert_int_equal(disk_facts(o->disk)->log, DISK_LOG_REPLAYED);
    assert_int_equal(disk_facts(o->disk)->log_entries, entries);
}

static void test_entries_apply_in_order(void **state)
{
    const struct vhdx_log_descriptor first[] = {FILL(0, 1), FILL(1, 1), FILL(2, 1), FILL(3, 1)};
    const struct vhdx_log_descriptor second[] = {ZEROS(1, 2), FILL(2, 2)};
    const struct vhdx_log_descriptor third[] = {FILL(3, 3)};
    const struct vhdx_log_entry entries[] = {ENTRY(first), ENTRY(second), ENTRY(third)};
    struct vhdx_recipe recipe = with_log(entries, 3);
    struct opened o;

    open_recipe(&o, &recipe);
    assert_replayed(&o, 3);
    assert_page(&o, 0, 1);
    assert_page(&o, 1, 0);
    assert_page(&o, 2, 2);
    assert_page(&o, 3, 3);
    assert_has_note(&o.notes, "VHDX-L11", SEVERITY_INFO);
    close_recipe(&o);
}

/* What stands before the tail is in the file already and may be outdated. */
static void test_tail_counts(void **state)
{
    const struct vhdx_log_descriptor old[] = {FILL(0, 1)}, young[] = {FILL(1, 2)};
    const struct vhdx_log_entry entries[] = {ENTRY(old), ENTRY(young, .tail = 1)};
    struct vhdx_recipe recipe = with_log(entries, 2);
    struct opened o;
    uint8_t page[SECTOR], expected[SECTOR];
    const struct vhdx_recipe *chain = &recipe;

    open_recipe(&o, &recipe);
    assert_replayed(&o, 1);
    assert_page(&o, 1, 2);
    vhdx_writer_expected(&chain, 1, 0, expected, sizeof(expected));
    assert_int_equal(io_read(o.content, 0, page, sizeof(page)), 0);
    assert_memory_equal(page, expected, sizeof(page));
    close_recipe(&o);
}

/* The ring wraps between entries, and within one, at each of its sectors. */
static void test_wrap(void **state)
{
    const struct vhdx_log_descriptor first[] = {FILL(0, 1), FILL(1, 1)};
    const struct vhdx_log_descriptor second[] = {FILL(1, 2), ZEROS(2, 1), FILL(3, 2)};
    const struct vhdx_log_entry entries[] = {ENTRY(first), ENTRY(second)};

    for (uint64_t start = 249; start < 256; start++) {
        struct vhdx_recipe recipe = with_log(entries, 2);
        struct opened o;
        recipe.log_start = start * SECTOR;
        open_recipe(&o, &recipe);
        assert_replayed(&o, 2);
        assert_page(&o, 0, 1);
        assert_page(&o, 1, 2);
        assert_page(&o, 2, 0);
        assert_page(&o, 3, 2);
        close_recipe(&o);
    }
}

/* More descriptors than one sector holds: 126 in the first, 128 in the next. */
static void test_many_descriptors(void **state)
{
    static struct vhdx_log_descriptor many[300];
    const struct vhdx_log_entry entries[] = {{many, ARRAY_SIZE(many)}};
    struct vhdx_recipe recipe = with_log(entries, 1);
    struct opened o;

    for (size_t i = 0; i < ARRAY_SIZE(many); i++)
        many[i] = (struct vhdx_log_descriptor)FILL(i % 200, (uint8_t)(i % 251 + 1));
    recipe.log_length = 2 * MIB;
    recipe.log_start = 500 * SECTOR;
    /* A longer log moves everything behind it. */
    struct vhdx_layout layout;
    vhdx_writer_layout(&recipe, &layout);
    for (size_t i = 0; i < ARRAY_SIZE(many); i++)
        many[i].file_offset += layout.blocks_offset - PAYLOAD;
    open_recipe(&o, &recipe);
    assert_replayed(&o, 1);
    for (unsigned page = 0; page < 200; page++)
        assert_page(&o, page, (uint8_t)((page < 100 ? page + 200 : page) % 251 + 1));
    close_recipe(&o);
}

struct case_of_damage {
    const char *what;
    unsigned damage;
    const char *rule;
};

static const struct case_of_damage broken_entries[] = {
    {"signature", VHDX_LOG_BAD_SIGNATURE, NULL},
    {"checksum", VHDX_LOG_BAD_CRC, "VHDX-L2"},
    {"descriptor of another sequence", VHDX_LOG_BAD_DESCRIPTOR, "VHDX-L4"},
    {"torn data sector", VHDX_LOG_TORN_DATA, "VHDX-L6"},
    {"older identifier", VHDX_LOG_STALE, NULL},
};

/* The newest entry does not verify, as after a power cut: the ones before it count. */
static void test_broken_head(void **state)
{
    const struct vhdx_log_descriptor first[] = {FILL(0, 1)}, second[] = {FILL(0, 2)};

    for (size_t i = 0; i < ARRAY_SIZE(broken_entries); i++) {
        const struct vhdx_log_entry entries[] = {
            ENTRY(first), ENTRY(second, .damage = broken_entries[i].damage)};
        struct vhdx_recipe recipe = with_log(entries, 2);
        struct opened o;
        open_recipe(&o, &recipe);
        assert_replayed(&o, 1);
        assert_page(&o, 0, 1);
        if (broken_entries[i].rule)
            assert_has_note(&o.notes, broken_entries[i].rule, SEVERITY_INFO);
        close_recipe(&o);
    }
}

/* The only entry does not verify, or the one that Tail names: nothing can be applied. */
static void test_broken_tail(void **state)
{
    const struct vhdx_log_descriptor first[] = {FILL(0, 1)}, second[] = {FILL(0, 2)};

    for (size_t i = 0; i < ARRAY_SIZE(broken_entries); i++) {
        const struct vhdx_log_entry entries[] = {
            ENTRY(first, .damage = broken_entries[i].damage), ENTRY(second)};
        for (size_t count = 1; count <= 2; count++) {
            struct vhdx_recipe recipe = with_log(entries, count);
            struct opened o;
            open_recipe(&o, &recipe);
            assert_int_equal(o.status, -EBADMSG);
            assert_int_equal(disk_facts(o.disk)->log, DISK_LOG_UNREPLAYABLE);
            assert_int_equal(disk_facts(o.disk)->log_entries, 0);
            assert_has_note(&o.notes, "VHDX-L8", SEVERITY_PROBLEM);
            close_recipe(&o);
        }
    }
}

/* Of two sequences the one with the higher head counts, whichever comes first in the ring. */
static void test_sequence_gap(void **state)
{
    const struct vhdx_log_descriptor low[] = {FILL(0, 1)}, high[] = {FILL(1, 2)};

    for (int swapped = 0; swapped < 2; swapped++) {
        const struct vhdx_log_entry entries[] = {
            ENTRY(low, .sequence = swapped ? 70 : 50, .tail = 0),
            ENTRY(low, .sequence = swapped ? 71 : 51, .tail = 0),
            ENTRY(high, .sequence = 60, .tail = 2),
            ENTRY(high, .sequence = 61, .tail = 2),
        };
        struct vhdx_recipe recipe = with_log(entries, 4);
        struct opened o;
        open_recipe(&o, &recipe);
        assert_replayed(&o, 2);
        assert_page(&o, swapped ? 0 : 1, swapped ? 1 : 2);
        uint8_t page[SECTOR];
        assert_int_equal(io_read(o.content, swapped ? SECTOR : 0, page, sizeof(page)), 0);
        assert_int_not_equal(load_le32(page), swapped ? 0x02020202 : 0x01010101);
        assert_has_note(&o.notes, "VHDX-L7", SEVERITY_INFO);
        close_recipe(&o);
    }
}

/* The head's Tail lies in a sequence that does not reach it: not the active one. */
static void test_tail_outside_the_sequence(void **state)
{
    const struct vhdx_log_descriptor a[] = {FILL(0, 1)}, b[] = {FILL(0, 2)};
    const struct vhdx_log_entry entries[] = {ENTRY(a, .sequence = 10),
                                             ENTRY(b, .sequence = 12, .tail = 0)};
    struct vhdx_recipe recipe = with_log(entries, 2);
    struct opened o;

    open_recipe(&o, &recipe);
    assert_replayed(&o, 1);
    assert_page(&o, 0, 1);
    close_recipe(&o);
}

static void test_sequence_numbers_wrap(void **state)
{
    const struct vhdx_log_descriptor a[] = {FILL(0, 1)};
    const struct vhdx_log_entry entries[] = {ENTRY(a, .sequence = UINT64_MAX)};
    struct vhdx_recipe recipe = with_log(entries, 1);
    struct opened o;

    open_recipe(&o, &recipe);
    assert_replayed(&o, 1);
    close_recipe(&o);
}

static void test_nothing_to_apply(void **state)
{
    struct vhdx_recipe recipe = {.kind = DISK_DYNAMIC, .dirty = VHDX_DIRTY_EMPTY};
    struct opened o;

    open_recipe(&o, &recipe);
    assert_int_equal(o.status, 0);
    assert_healthy(&o.notes);
    assert_int_equal(disk_facts(o.disk)->log, DISK_LOG_CLEAN);
    assert_int_equal(disk_facts(o.disk)->log_entries, 0);
    close_recipe(&o);
}

/* Descriptors that reach where no log may write make their entry invalid. */
static void test_forbidden_targets(void **state)
{
    static const struct vhdx_log_descriptor targets[] = {
        {.file_offset = 0x10000, .fill = 1},                              /* a header */
        {.file_offset = 0x100000, .fill = 1},                             /* the log itself */
        {.file_offset = 0x30000, .zero_length = 2 * MIB},                 /* across the log */
        {.file_offset = PAYLOAD + 512, .fill = 1},                        /* no multiple of 4 KiB */
        {.file_offset = PAYLOAD, .zero_length = 100},
        {.file_offset = UINT64_MAX - 4095, .fill = 1},                    /* overflow */
        {.file_offset = PAYLOAD, .zero_length = UINT64_MAX - 4095},
    };

    for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
        const struct vhdx_log_entry entries[] = {{&targets[i], 1}};
        struct vhdx_recipe recipe = with_log(entries, 1);
        struct opened o;
        open_recipe(&o, &recipe);
        assert_int_equal(o.status, -EBADMSG);
        assert_has_note(&o.notes, "VHDX-L4", SEVERITY_INFO);
        assert_has_note(&o.notes, "VHDX-L8", SEVERITY_PROBLEM);
        close_recipe(&o);
    }
}

/* LastFileOffset: the file grows in memory, and what is new reads as zeros. */
static void test_file_grows(void **state)
{
    uint8_t page[SECTOR] = {0};
    struct vhdx_log_descriptor grow = {.file_offset = BAT, .page = page};
    struct vhdx_recipe recipe = {.kind = DISK_DYNAMIC};
    struct vhdx_layout layout;
    struct opened o;

    vhdx_writer_layout(&recipe, &layout);
    store_le64(page, layout.file_size | BLOCK_FULLY_PRESENT);
    const struct vhdx_log_entry entries[] = {
        {&grow, 1, .flushed_file_offset = layout.file_size,
         .last_file_offset = layout.file_size + MIB}};
    recipe.log = entries;
    recipe.log_count = 1;
    open_recipe(&o, &recipe);
    assert_replayed(&o, 1);
    assert_has_note(&o.notes, "VHDX-L10", SEVERITY_INFO);
    assert_int_equal(disk_facts(o.disk)->blocks[BLOCK_FULLY_PRESENT], 1);
    assert_int_equal(io_size(disk_replayed_source(o.disk)), layout.file_size + MIB);
    assert_page(&o, 0, 0);
    close_recipe(&o);
}

/* The BAT stands in the log only: who ignores the log sees an empty disk. */
static void test_bat_in_the_log(void **state)
{
    for (uint64_t start = 0; start < 256; start += 17) {
        struct vhdx_recipe recipe = {.kind = DISK_DYNAMIC, .blocks = one, .blocks_count = 1,
                                     .dirty = VHDX_DIRTY_BAT, .log_start = start * SECTOR};
        struct opened o;
        uint64_t entry;
        open_recipe(&o, &recipe);
        assert_replayed(&o, 2);
        assert_int_equal(disk_facts(o.disk)->blocks[BLOCK_FULLY_PRESENT], 1);
        assert_int_equal(io_read(o.source, BAT, &entry, sizeof(entry)), 0);
        assert_int_equal(entry, 0);
        close_recipe(&o);
    }
}

/* An entry of two sectors whose header claims what can't be, with a checksum that matches. */
static void test_absurd_headers(void **state)
{
    static const struct {
        uint32_t at;
        uint64_t value;
        size_t size;
        const char *rule;
    } fields[] = {
        {8, 0, 4, "VHDX-L1"},            {8, UINT32_MAX, 4, "VHDX-L1"},
        {8, 8292, 4, "VHDX-L1"},         {8, MIB + SECTOR, 4, "VHDX-L1"},
        {12, UINT32_MAX, 4, "VHDX-L1"},  {12, 100, 4, "VHDX-L1"},
        {12, MIB, 4, "VHDX-L1"},         {16, 0, 8, "VHDX-L1"},
        {16, 77, 8, "VHDX-L4"},          {24, UINT32_MAX, 4, "VHDX-L1"},
        {24, 127, 4, "VHDX-L4"},         {24, 2, 4, "VHDX-L4"},
        {48, UINT64_MAX, 8, "VHDX-L9"},
    };
    const struct vhdx_log_descriptor a[] = {FILL(0, 1)};
    const struct vhdx_log_entry entries[] = {ENTRY(a)};
    struct vhdx_recipe recipe = with_log(entries, 1);

    for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
        struct opened o = {.source = NULL};
        uint8_t entry[2 * SECTOR], value[8];
        int fd = memory_file();
        assert_int_equal(vhdx_writer_write_fd(fd, &recipe), 0);
        o.source = fd_source(fd);
        assert_int_equal(io_read(o.source, MIB, entry, sizeof(entry)), 0);
        store_le64(value, fields[i].value);
        memcpy(entry + fields[i].at, value, fields[i].size);
        store_le32(entry + 4, crc32c_zeroed(entry, sizeof(entry), 4));
        put_bytes(fd, MIB, entry, sizeof(entry));
        assert_int_equal(disk_open(&o.disk, o.source, &o.notes), -EBADMSG);
        assert_int_equal(disk_facts(o.disk)->log, DISK_LOG_UNREPLAYABLE);
        if (!notes_has(&o.notes, fields[i].rule))
            print_error("field %zu\n", i);
        assert_true(notes_has(&o.notes, fields[i].rule));
        close_recipe(&o);
    }
}

/* A log of 64 MiB in which every sector claims to begin an entry as long as the log: verifying
 * them all would read 512 GiB. */
static void test_work_is_bounded(void **state)
{
    _Atomic uint64_t bytes_read = 0;
    struct vhdx_recipe recipe = {.kind = DISK_DYNAMIC, .dirty = VHDX_DIRTY_LOST,
                                 .log_length = 64 * MIB};
    struct vhdx_layout layout;
    int fd = memory_file();
    uint8_t header[64] = "loge";
    CLEANUP(notes) struct notes notes = {0};
    CLEANUP(disk) struct disk *disk = NULL;

    vhdx_writer_layout(&recipe, &layout);
    store_le32(header + 8, (uint32_t)layout.log_length);
    store_le64(header + 16, 1);
    guid_to_le(&layout.log_guid, header + 32);
    assert_int_equal(vhdx_writer_write_fd(fd, &recipe), 0);
    for (uint64_t at = 0; at < layout.log_length; at += SECTOR)
        put_bytes(fd, layout.log_offset + at, header, sizeof(header));
    CLEANUP(io_unref) io_source *source = fd_source(fd);
    CLEANUP(io_unref) io_source *counter = io_counter_new(source, &bytes_read);
    assert_int_equal(disk_open(&disk, counter, &notes), -EBADMSG);
    assert_has_note(&notes, "VHDX-L13", SEVERITY_PROBLEM);
    assert_true(bytes_read < 3 * layout.log_length);
}

/* A log that replaces more than the memory kept for it: refused, not obeyed. */
static void test_memory_is_bounded(void **state)
{
    size_t count = 70000; /* pages of 4 KiB: 273 MiB */
    CLEANUP_FREE struct vhdx_log_descriptor *many = calloc(count, sizeof(*many));
    struct vhdx_log_entry entries[70] = {{0}};
    struct vhdx_recipe recipe = with_log(entries, ARRAY_SIZE(entries));
    struct opened o;

    assert_non_null(many);
    for (size_t i = 0; i < count; i++)
        many[i] = (struct vhdx_log_descriptor){.file_offset = GIB + i * SECTOR, .fill = 1};
    for (size_t i = 0; i < ARRAY_SIZE(entries); i++)
        entries[i] = (struct vhdx_log_entry){many + i * 1000, 1000};
    recipe.log_length = 300 * MIB;
    open_recipe(&o, &recipe);
    assert_int_equal(o.status, -EBADMSG);
    assert_has_note(&o.notes, "VHDX-L13", SEVERITY_PROBLEM);
    assert_int_equal(disk_facts(o.disk)->log, DISK_LOG_UNREPLAYABLE);
    close_recipe(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_entries_apply_in_order),
        cmocka_unit_test(test_tail_counts),
        cmocka_unit_test(test_wrap),
        cmocka_unit_test(test_many_descriptors),
        cmocka_unit_test(test_broken_head),
        cmocka_unit_test(test_broken_tail),
        cmocka_unit_test(test_sequence_gap),
        cmocka_unit_test(test_tail_outside_the_sequence),
        cmocka_unit_test(test_sequence_numbers_wrap),
        cmocka_unit_test(test_nothing_to_apply),
        cmocka_unit_test(test_forbidden_targets),
        cmocka_unit_test(test_file_grows),
        cmocka_unit_test(test_bat_in_the_log),
        cmocka_unit_test(test_absurd_headers),
        cmocka_unit_test(test_work_is_bounded),
        cmocka_unit_test(test_memory_is_bounded),
    };

    return cmocka_run_group_tests_name("vhdx-log", tests, NULL, NULL);
}

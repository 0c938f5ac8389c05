/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* The VHD reader on made files: what is right is read as the model says. */
#include "disk_testing.h"

#include "vhd_writer.h"
#include "vhdx_writer_plan.h" /* plan_hash() */

#include "base/bytes.h"
#include "base/checked.h"
#include "base/cleanup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LAYERS_MAX 6

/* A chain of made disks, leaf first. */
struct made {
    const struct vhd_recipe *recipes[LAYERS_MAX];
    io_source *sources[LAYERS_MAX];
    struct disk *disks[LAYERS_MAX];
    size_t count;
    io_source *content;
};

static void make(struct made *made, const struct vhd_recipe *leaf)
{
    *made = (struct made){0};
    for (const struct vhd_recipe *r = leaf; r; r = r->parent) {
        made->recipes[made->count] = r;
        made->sources[made->count] = made_vhd(r);
        made->disks[made->count] = open_healthy(made->sources[made->count]);
        made->count++;
    }
    assert_int_equal(disk_content_new(&made->content, made->disks, made->count), 0);
}

static void made_cleanup(struct made *made)
{
    io_unref(made->content);
    for (size_t i = 0; i < made->count; i++) {
        disk_close(made->disks[i]);
        io_unref(made->sources[i]);
    }
}

static void check_range(struct made *made, uint64_t offset, size_t length)
{
    CLEANUP_FREE uint8_t *ours = malloc(length), *model = malloc(length);

    assert_int_equal(io_read(made->content, offset, ours, length), 0);
    vhd_writer_expected(made->recipes, made->count, offset, model, length);
    assert_memory_equal(ours, model, length);
}

/* The whole disk, and then reads that begin and end anywhere. */
static void check_content(struct made *made)
{
    uint64_t size = io_size(made->content);

    for (uint64_t at = 0; at < size; at += 256 * KIB)
        check_range(made, at, (size_t)min_u64(256 * KIB, size - at));
    for (uint64_t i = 0; i < 60; i++) {
        uint64_t offset = plan_hash(1, i) % size;
        check_range(made, offset, (size_t)min_u64(1 + plan_hash(2, i) % (64 * KIB), size - offset));
    }
}

static void check_blocks(struct made *made)
{
    const struct vhd_recipe *recipe = made->recipes[0];
    const struct disk_facts *facts = disk_facts(made->disks[0]);
    uint64_t sectors = facts->block_size / 512, allocated = 0, partial = 0;
    CLEANUP_FREE uint8_t *bits = malloc(sectors / 8 + 1);

    for (uint64_t block = 0; block < disk_block_count(made->disks[0]); block++) {
        enum block_state block_state;
        uint64_t place, missing = 0;
        assert_int_equal(disk_block(made->disks[0], block, &block_state, &place), 0);
        assert_int_equal(disk_block_sectors(made->disks[0], block, bits), 0);
        bool here = vhd_writer_is_allocated(recipe, block);
        for (uint64_t s = 0; s < sectors; s++) {
            uint64_t sector = block * sectors + s;
            if (sector >= facts->virtual_size / 512)
                break;
            bool expected = vhd_writer_has_sector(recipe, sector);
            assert_int_equal(bits[s / 8] >> s % 8 & 1, expected);
            missing += !expected;
        }
        assert_int_equal(block_state, !here     ? BLOCK_NOT_PRESENT
                                      : missing ? BLOCK_PARTIALLY_PRESENT
                                                : BLOCK_FULLY_PRESENT);
        allocated += here;
        partial += here && missing;
    }
    assert_int_equal(facts->allocated_blocks, allocated);
    assert_int_equal(facts->partial_blocks, partial);
    assert_true(facts->has_counts && facts->has_partial_blocks);
}

static void test_fixed(void **state)
{
    const struct vhd_recipe recipe = {.kind = DISK_FIXED, .virtual_size = 3 * MIB + 512};
    CLEANUP(made) struct made made;

    make(&made, &recipe);
    check_content(&made);
    const struct disk_facts *facts = disk_facts(made.disks[0]);
    assert_int_equal(facts->kind, DISK_FIXED);
    assert_int_equal(facts->virtual_size, 3 * MIB + 512);
    assert_int_equal(facts->allocated_bytes, 3 * MIB + 512);
    assert_int_equal(disk_block_count(made.disks[0]), 0);
    assert_string_equal(facts->creator, "hvch 10.0 (Wi2k)");
}

/* Every size of block, the smallest that one can think of too; disks that end inside a block. */
static void test_block_sizes(void **state)
{
    static const uint32_t sizes[] = {512, 1024, 4096, 64 * KIB, 512 * KIB, 2 * MIB, 4 * MIB};

    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        uint64_t size = sizes[i] * 5 + (sizes[i] > 512 ? 512 : 0);
        const struct vhd_blocks base_blocks[] = {{0, 1}, {2, 2}};
        const struct vhd_recipe base = {.kind = DISK_DYNAMIC, .seed = 1, .virtual_size = size,
                                        .block_size = sizes[i], .blocks = base_blocks,
                                        .blocks_count = 2};
        const struct vhd_blocks blocks[] = {{0, 2, VHD_SECTORS_HASHED},
                                            {2, 1, VHD_SECTORS_ALL},
                                            {3, 1, VHD_SECTORS_NONE},
                                            {4, 2, VHD_SECTORS_PAGES}};
        const struct vhd_recipe child = {.kind = DISK_DIFFERENCING, .seed = 2,
                                         .virtual_size = size, .block_size = sizes[i],
                                         .parent = &base, .relative_path = ".\\base.vhd",
                                         .blocks = blocks, .blocks_count = 4};
        CLEANUP(made) struct made made, alone;

        make(&alone, &base);
        check_blocks(&alone);
        check_content(&alone);
        make(&made, &child);
        check_blocks(&made);
        check_content(&made);
    }
}

/* Layers of other block sizes and sizes over each other. */
static void test_chain(void **state)
{
    const struct vhd_blocks some[] = {{0, 2, VHD_SECTORS_HASHED}, {3, 3, VHD_SECTORS_ALTERNATE}};
    const struct vhd_blocks all[] = {{0, 100, VHD_SECTORS_PAGES}};
    const struct vhd_recipe base = {.kind = DISK_FIXED, .seed = 1, .virtual_size = 6 * MIB};
    const struct vhd_recipe first = {.kind = DISK_DIFFERENCING, .seed = 2, .parent = &base,
                                     .virtual_size = 6 * MIB, .absolute_path = "C:\\base.vhd",
                                     .blocks = all, .blocks_count = 1, .block_size = 512 * KIB};
    const struct vhd_recipe second = {.kind = DISK_DIFFERENCING, .seed = 3, .parent = &first,
                                      .virtual_size = 8 * MIB, .relative_path = "first.avhd",
                                      .blocks = some, .blocks_count = 2, .damage = VHD_SHUFFLED};
    const struct vhd_recipe third = {.kind = DISK_DIFFERENCING, .seed = 4, .parent = &second,
                                     .virtual_size = 7 * MIB, .relative_path = "second.avhd",
                                     .blocks = some, .blocks_count = 2, .block_size = MIB};
    CLEANUP(made) struct made made;

    make(&made, &third);
    assert_int_equal(made.count, 4);
    for (size_t i = 0; i + 1 < made.count; i++)
        assert_true(disk_linkage_matches(disk_facts(made.disks[i]), disk_facts(made.disks[i + 1])));
    assert_false(disk_linkage_matches(disk_facts(made.disks[0]), disk_facts(made.disks[2])));
    check_blocks(&made);
    check_content(&made);
}

static void test_qemu_reads_the_same(void **state)
{
    const struct vhd_blocks blocks[] = {{1, 2}, {4, 1}};
    const struct vhd_recipe recipes[] = {
        {.kind = DISK_FIXED, .seed = 1, .creator_app = "win "},
        {.kind = DISK_DYNAMIC, .seed = 2, .creator_app = "win ", .virtual_size = 9 * MIB + 512,
         .blocks = blocks, .blocks_count = 2},
    };

    if (!have_program("qemu-img"))
        skip();
    for (size_t i = 0; i < ARRAY_SIZE(recipes); i++) {
        int file = memory_file(), raw = memory_file();
        static uint8_t a[64 * KIB], b[64 * KIB];
        const struct vhd_recipe *chain = &recipes[i];
        assert_int_equal(vhd_writer_write_fd(file, chain), 0);
        assert_true(run("qemu-img convert -f vpc -O raw /proc/%d/fd/%d /proc/%d/fd/%d", getpid(),
                        file, getpid(), raw));
        CLEANUP(io_unref) io_source *theirs = fd_source(raw);
        for (uint64_t at = 0; at < io_size(theirs); at += sizeof(a)) {
            size_t n = (size_t)min_u64(sizeof(a), io_size(theirs) - at);
            assert_int_equal(io_read(theirs, at, a, n), 0);
            vhd_writer_expected(&chain, 1, at, b, n);
            assert_memory_equal(a, b, n);
        }
        close(file);
    }
}

/* What the parent record says. */

static const struct vhd_recipe fixed_parent = {.kind = DISK_FIXED, .seed = 1};

/* Opens a child with these locators, healthy or not. */
static struct disk *open_child(struct vhd_recipe recipe, struct notes *notes)
{
    struct disk *disk;

    recipe.kind = DISK_DIFFERENCING;
    recipe.seed = 2;
    recipe.parent = &fixed_parent;
    CLEANUP(io_unref) io_source *source = made_vhd(&recipe);
    assert_int_equal(disk_open(&disk, source, notes), 0);
    return disk;
}

static void assert_same_text(const char *a, const char *b)
{
    if (a && b)
        assert_string_equal(a, b);
    else
        assert_ptr_equal(a, b);
}

static void test_paths(void **state)
{
    static const struct {
        struct vhd_locator_recipe locators[3];
        size_t count;
        const char *name, *relative_path, *absolute_path;
    } cases[] = {
        {{{"W2ku", "D:\\p\\base.vhd"}, {"W2ru", "..\\p\\base.vhd"}}, 2, "base.vhd",
         "..\\p\\base.vhd", "D:\\p\\base.vhd"},
        {{{"W2ru", ".\\b\u00e4se.vhd"}}, 1, "b\u00e4se.vhd", ".\\b\u00e4se.vhd", NULL},
        {{{"Wi2k", "D:\\base.vhd"}, {"Wi2r", "base.vhd"}}, 2, "base.vhd", "base.vhd",
         "D:\\base.vhd"},
        {{{"Wi2r", "old.vhd"}, {"W2ru", "OLD.VHD"}}, 2, "old.vhd", "OLD.VHD", NULL},
        {{{"MacX", "file://localhost/base.vhd"}}, 1, "base.vhd", "base.vhd", NULL},
        {{{"W2ku", "C:\\base.vhd", 7}}, 1, "C:\\base.vhd", NULL, "C:\\base.vhd"},
        {{{"    ", ""}}, 0, "C:\\only\\name.vhd", NULL, "C:\\only\\name.vhd"},
        {{{"    ", ""}}, 0, "name.vhd", "name.vhd", NULL},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(notes) struct notes notes = {0};
        CLEANUP(disk) struct disk *disk = open_child(
            (struct vhd_recipe){.locators = cases[i].locators, .locator_count = cases[i].count,
                                .parent_name = cases[i].name}, &notes);
        const struct disk_parent *parent = disk_facts(disk)->parent;
        assert_healthy(&notes);
        assert_int_equal(parent->entry_count, cases[i].count + 1);
        assert_string_equal(parent->entries[0].key, "parent_name");
        assert_string_equal(parent->entries[0].value, cases[i].name);
        assert_same_text(parent->relative_path, cases[i].relative_path);
        assert_same_text(parent->absolute_path, cases[i].absolute_path);
    }
}

static void test_locator_notes(void **state)
{
    static const char lone_surrogate[] = {0, (char)0xD8};
    static const uint8_t far[] = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xF0};
    static const uint8_t long_text[] = {0x7F, 0xFF, 0xFF, 0xFF};
    static const uint8_t nothing[4] = {0};
    enum { FIRST = 512 + 576 };
    static const struct {
        struct vhd_locator_recipe locators[2];
        size_t count;
        const char *name;
        struct vhdx_patch patch;
        const char *rule;
        enum severity severity;
    } cases[] = {
        {{{"XyZ!", "x"}, {"W2ru", "p.vhd"}}, 2, "p.vhd", {0}, "VHD-LOCATOR-CODE", SEVERITY_INFO},
        {{{"W2ru", "p.vhd"}, {"W2ru", "p.vhd"}}, 2, "p.vhd", {0}, "VHD-LOCATOR-TWICE",
         SEVERITY_WARNING},
        {{{"W2ru", "p.vhd"}}, 1, "other.vhd", {0}, "VHD-PARENT-NAME", SEVERITY_WARNING},
        {{{"W2ru", "p.vhd"}}, 1, "p.vhd", {2048, lone_surrogate, 2, false}, "VHD-LOCATOR-TEXT",
         SEVERITY_WARNING},
        {{{"W2ru", "p.vhd"}}, 1, "p.vhd", {FIRST + 16, far, 8, false}, "VHD-LOCATOR",
         SEVERITY_PROBLEM},
        {{{"W2ru", "p.vhd"}}, 1, "p.vhd", {FIRST + 8, long_text, 4, false}, "VHD-LOCATOR",
         SEVERITY_PROBLEM},
        {{{"W2ru", "p.vhd"}}, 1, "p.vhd", {FIRST + 8, nothing, 4, false}, "VHD-LOCATOR",
         SEVERITY_PROBLEM},
        {{{"W2ru", "p.vhd"}}, 1, "p.vhd", {FIRST + 4, nothing, 4, false}, "VHD-LOCATOR-SPACE",
         SEVERITY_INFO},
        {{{"MacX", "x"}}, 1, "", {0}, "VHD-PARENT-PATH", SEVERITY_PROBLEM},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(notes) struct notes notes = {0};
        CLEANUP(disk) struct disk *disk = open_child(
            (struct vhd_recipe){.locators = cases[i].locators, .locator_count = cases[i].count,
                                .parent_name = cases[i].name, .patches = &cases[i].patch,
                                .patch_count = cases[i].patch.length > 0}, &notes);
        assert_has_note(&notes, cases[i].rule, cases[i].severity);
        assert_non_null(disk_facts(disk)->parent);
    }
}

static void test_parent_time_and_identifier(void **state)
{
    CLEANUP(notes) struct notes notes = {0};
    CLEANUP(disk) struct disk *silent =
        open_child((struct vhd_recipe){.relative_path = "p.vhd"}, &notes);
    CLEANUP(disk) struct disk *timed = open_child(
        (struct vhd_recipe){.relative_path = "p.vhd", .parent_timestamp = 1}, &notes);
    char text[WHEN_TEXT_SIZE];

    assert_healthy(&notes);
    assert_int_equal(disk_facts(silent)->parent->parent_time, 0);
    assert_string_equal(when_format(disk_facts(timed)->parent->parent_time, WHEN_SECONDS, text),
                        "2000-01-01T00:00:01Z");

    static const uint8_t zero[16];
    const struct vhdx_patch patch = {512 + 40, zero, 16, false};
    CLEANUP(disk) struct disk *nobodys = open_child(
        (struct vhd_recipe){.relative_path = "p.vhd", .patches = &patch, .patch_count = 1}, &notes);
    assert_has_note(&notes, "VHD-PARENT-ID", SEVERITY_PROBLEM);
    assert_false(disk_linkage_matches(disk_facts(nobodys), disk_facts(silent)));
}

static void test_saved_state(void **state)
{
    const struct vhd_recipe recipe = {.kind = DISK_FIXED, .saved_state = true};
    CLEANUP(io_unref) io_source *source = made_vhd(&recipe);
    CLEANUP(disk) struct disk *disk = open_healthy(source);

    assert_true(disk_facts(disk)->saved_state);
}

/* The largest disk of Windows: its table is read once, a few pieces beside it, no bitmap. */
static void test_cost_of_a_large_disk(void **state)
{
    const struct vhd_blocks blocks[] = {{0, 513, VHD_SECTORS_ALL}};
    const struct vhd_recipe recipe = {.kind = DISK_DIFFERENCING, .parent = &fixed_parent,
                                      .virtual_size = 2040 * GIB, .block_size = 2 * MIB,
                                      .relative_path = "p.vhd", .empty = true,
                                      .blocks = blocks, .blocks_count = 1};
    _Atomic uint64_t bytes_read = 0;
    CLEANUP(io_unref) io_source *source = made_vhd(&recipe);
    CLEANUP(io_unref) io_source *counted = io_counter_new(source, &bytes_read);
    CLEANUP(disk) struct disk *disk = open_healthy(counted);
    uint64_t table = 2040 * GIB / (2 * MIB) * 4;

    assert_true(bytes_read < table + 64 * KIB);
    assert_int_equal(disk_facts(disk)->allocated_blocks, 513);
    assert_int_equal(disk_facts(disk)->blocks[BLOCK_NOT_PRESENT], 2040 * GIB / (2 * MIB) - 513);
    assert_true(disk_facts(disk)->has_counts);
    assert_false(disk_facts(disk)->has_partial_blocks);
}

/* One block less, and the bitmaps are few enough to be counted. */
static void test_partial_blocks_are_counted_when_cheap(void **state)
{
    const struct vhd_blocks blocks[] = {{0, 512, VHD_SECTORS_ALL}, {7, 2, VHD_SECTORS_HASHED}};
    const struct vhd_recipe recipe = {.kind = DISK_DIFFERENCING, .parent = &fixed_parent,
                                      .virtual_size = 2 * GIB, .relative_path = "p.vhd",
                                      .empty = true, .blocks = blocks, .blocks_count = 2};
    CLEANUP(io_unref) io_source *source = made_vhd(&recipe);
    CLEANUP(disk) struct disk *disk = open_healthy(source);

    assert_true(disk_facts(disk)->has_partial_blocks);
    assert_int_equal(disk_facts(disk)->partial_blocks, 2);
    assert_int_equal(disk_facts(disk)->blocks[BLOCK_FULLY_PRESENT], 510);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fixed),
        cmocka_unit_test(test_block_sizes),
        cmocka_unit_test(test_chain),
        cmocka_unit_test(test_qemu_reads_the_same),
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_locator_notes),
        cmocka_unit_test(test_parent_time_and_identifier),
        cmocka_unit_test(test_saved_state),
        cmocka_unit_test(test_cost_of_a_large_disk),
        cmocka_unit_test(test_partial_blocks_are_counted_when_cheap),
    };

    return cmocka_run_group_tests_name("vhd", tests, NULL, NULL);
}

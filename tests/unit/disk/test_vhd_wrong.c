/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* The VHD reader on files that are damaged, cut, absurd or no VHD at all: what is wrong is said,
 * and what can be saved is read all the same. */
#include "disk_testing.h"

#include "vhd_writer.h"
#include "vhdx_writer_plan.h" /* plan_hash() */

#include "base/bytes.h"
#include "base/checked.h"
#include "base/cleanup.h"

#include <errno.h>
#include <string.h>

static const struct vhd_recipe fixed_parent = {.kind = DISK_FIXED, .seed = 1};

static const struct vhd_blocks three_blocks[] = {{0, 3}};

#define BYTES(...) (const uint8_t[]){__VA_ARGS__}
#define PATCH(at, ...)                                                                             \
    {                                                                                              \
        at, BYTES(__VA_ARGS__), sizeof(BYTES(__VA_ARGS__)), false                                  \
    }

/* With virtual_size 8 MiB and three blocks: the footer of a dynamic disk. */
#define DYNAMIC_FOOTER 6296576
#define FIXED_FOOTER   (8 * 1024 * 1024)
#define HEADER         512

static const struct wrong {
    enum disk_kind kind;
    unsigned damage;
    struct vhdx_patch patch;
    int result;
    bool has_facts; /* the disk is there also when the result is an error */
    const char *rule;
    enum severity severity;
} wrongs[] = {
    {DISK_DYNAMIC, VHD_DAMAGE_FOOTER, {0}, 0, true, "VHD-FOOTER-CHECKSUM", SEVERITY_PROBLEM},
    {DISK_DYNAMIC, VHD_NO_FOOTER, {0}, 0, true, "VHD-FOOTER", SEVERITY_PROBLEM},
    {DISK_DYNAMIC, VHD_DAMAGE_COPY, {0}, 0, true, "VHD-COPY", SEVERITY_WARNING},
    {DISK_DYNAMIC, VHD_NO_COPY, {0}, 0, true, "VHD-COPY", SEVERITY_WARNING},
    {DISK_DYNAMIC, VHD_COPY_DIFFERS, {0}, 0, true, "VHD-COPY", SEVERITY_WARNING},
    {DISK_DYNAMIC, VHD_TRAILING_BYTE, {0}, 0, true, "VHD-TRAILING", SEVERITY_WARNING},
    {DISK_FIXED, VHD_TRAILING_BYTE, {0}, 0, true, "VHD-TRAILING", SEVERITY_WARNING},
    {DISK_DYNAMIC, VHD_DAMAGE_FOOTER | VHD_DAMAGE_COPY, {0}, -EBADMSG, true,
     "VHD-FOOTER-CHECKSUM", SEVERITY_PROBLEM},
    {DISK_DYNAMIC, VHD_NO_FOOTER | VHD_DAMAGE_COPY, {0}, -EBADMSG, true, "VHD-FOOTER",
     SEVERITY_PROBLEM},
    {DISK_FIXED, VHD_DAMAGE_FOOTER, {0}, -EBADMSG, true, "VHD-FOOTER-CHECKSUM", SEVERITY_PROBLEM},
    {DISK_DYNAMIC, VHD_DAMAGE_HEADER, {0}, -EBADMSG, true, "VHD-HEADER-CHECKSUM",
     SEVERITY_PROBLEM},
    {DISK_DIFFERENCING, VHD_DAMAGE_HEADER, {0}, -EBADMSG, true, "VHD-HEADER-CHECKSUM",
     SEVERITY_PROBLEM},
    {DISK_DYNAMIC, VHD_DAMAGE_TABLE_SHORT, {0}, -EBADMSG, true, "VHD-TABLE-SIZE",
     SEVERITY_PROBLEM},
    {DISK_DYNAMIC, VHD_DAMAGE_OVERLAP, {0}, 0, true, "VHD-BLOCK-OVERLAP", SEVERITY_PROBLEM},
    {DISK_DYNAMIC, VHD_DAMAGE_OVERLAP | VHD_SHUFFLED, {0}, 0, true, "VHD-BLOCK-OVERLAP",
     SEVERITY_PROBLEM},
    {DISK_DYNAMIC, VHD_DAMAGE_PAST_END, {0}, 0, true, "VHD-BLOCK-OUTSIDE", SEVERITY_PROBLEM},
    {DISK_DYNAMIC, VHD_DAMAGE_OVER_TABLE, {0}, 0, true, "VHD-BLOCK-PLACE", SEVERITY_PROBLEM},
    /* the footer, field by field */
    {DISK_FIXED, 0, PATCH(FIXED_FOOTER + 8, 0, 0, 0, 0), 0, true, "VHD-FEATURES", SEVERITY_WARNING},
    {DISK_FIXED, 0, PATCH(FIXED_FOOTER + 8, 1, 0, 0, 2), 0, true, "VHD-FEATURES", SEVERITY_WARNING},
    {DISK_FIXED, 0, PATCH(FIXED_FOOTER + 12, 0, 2), -ENOTSUP, true, "VHD-VERSION",
     SEVERITY_PROBLEM},
    {DISK_FIXED, 0, PATCH(FIXED_FOOTER + 16, 0, 0), 0, true, "VHD-DATA-OFFSET", SEVERITY_WARNING},
    {DISK_FIXED, 0, PATCH(FIXED_FOOTER + 48, 0, 0, 0, 0, 1), -EBADMSG, true, "VHD-SIZE",
     SEVERITY_PROBLEM},
    {DISK_FIXED, 0, PATCH(FIXED_FOOTER + 48, 0, 0, 0, 0, 0, 0x40), 0, true, "VHD-SIZE",
     SEVERITY_WARNING},
    {DISK_FIXED, 0, PATCH(FIXED_FOOTER + 48, 0, 0, 0, 0, 0, 0, 0, 0), -EBADMSG, true, "VHD-SIZE",
     SEVERITY_PROBLEM},
    {DISK_FIXED, 0, PATCH(FIXED_FOOTER + 55, 1), -EBADMSG, true, "VHD-SIZE", SEVERITY_PROBLEM},
    {DISK_FIXED, 0, PATCH(FIXED_FOOTER + 56, 0xFF, 0xFF, 0xFF, 0xFF), 0, true, "VHD-GEOMETRY",
     SEVERITY_INFO},
    {DISK_FIXED, 0, PATCH(FIXED_FOOTER + 60, 0, 0, 0, 5), -ENOTSUP, false, "VHD-TYPE",
     SEVERITY_PROBLEM},
    {DISK_FIXED, 0,
     PATCH(FIXED_FOOTER + 68, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), 0, true, "VHD-ID",
     SEVERITY_WARNING},
    {DISK_FIXED, 0, PATCH(FIXED_FOOTER + 84, 2), 0, true, "VHD-SAVED-STATE", SEVERITY_WARNING},
    {DISK_FIXED, 0, PATCH(FIXED_FOOTER + 511, 1), 0, true, "VHD-RESERVED", SEVERITY_INFO},
    {DISK_DYNAMIC, 0, PATCH(DYNAMIC_FOOTER + 16, 0x7F), -EBADMSG, true, "VHD-HEADER",
     SEVERITY_PROBLEM},
    {DISK_DYNAMIC, 0, PATCH(DYNAMIC_FOOTER + 16, 0, 0, 0, 0, 0, 0, 4, 0), -EBADMSG, true,
     "VHD-HEADER", SEVERITY_PROBLEM},
    {DISK_DYNAMIC, 0, PATCH(DYNAMIC_FOOTER + 48, 0x7F, 0xFF, 0xFF, 0xFF), -EBADMSG, true,
     "VHD-TABLE-SIZE", SEVERITY_PROBLEM},
    {DISK_DYNAMIC, 0, PATCH(DYNAMIC_FOOTER + 48, 0xFF), -EBADMSG, true, "VHD-SIZE",
     SEVERITY_PROBLEM},
    /* the dynamic header */
    {DISK_DYNAMIC, 0, PATCH(HEADER, 'C'), -EBADMSG, true, "VHD-HEADER", SEVERITY_PROBLEM},
    {DISK_DYNAMIC, 0, PATCH(HEADER + 8, 0), 0, true, "VHD-HEADER-OFFSET", SEVERITY_WARNING},
    {DISK_DYNAMIC, 0, PATCH(HEADER + 16, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFE), -EBADMSG,
     true, "VHD-TABLE-OFFSET", SEVERITY_PROBLEM},
    {DISK_DYNAMIC, 0, PATCH(HEADER + 23, 4), 0, true, "VHD-TABLE-OFFSET", SEVERITY_WARNING},
    {DISK_DYNAMIC, 0, PATCH(HEADER + 24, 0, 2), -ENOTSUP, true, "VHD-HEADER-VERSION",
     SEVERITY_PROBLEM},
    {DISK_DYNAMIC, 0, PATCH(HEADER + 32, 0, 0, 0, 0), -EBADMSG, true, "VHD-BLOCK-SIZE",
     SEVERITY_PROBLEM},
    {DISK_DYNAMIC, 0, PATCH(HEADER + 32, 0, 0x30, 0, 0), -EBADMSG, true, "VHD-BLOCK-SIZE",
     SEVERITY_PROBLEM},
    {DISK_DYNAMIC, 0, PATCH(HEADER + 32, 0x80, 0, 0, 0), -EBADMSG, true, "VHD-BLOCK-SIZE",
     SEVERITY_PROBLEM},
    {DISK_DYNAMIC, 0, PATCH(HEADER + 32, 0, 0, 1, 0), -EBADMSG, true, "VHD-BLOCK-SIZE",
     SEVERITY_PROBLEM},
    {DISK_DYNAMIC, 0, PATCH(HEADER + 40, 1), 0, true, "VHD-PARENT-UNEXPECTED", SEVERITY_WARNING},
    {DISK_DYNAMIC, 0, PATCH(HEADER + 60, 1), 0, true, "VHD-HEADER-RESERVED", SEVERITY_INFO},
    {DISK_DYNAMIC, 0, PATCH(HEADER + 1023, 1), 0, true, "VHD-HEADER-RESERVED", SEVERITY_INFO},
};

static struct vhd_recipe recipe_of(const struct wrong *wrong)
{
    struct vhd_recipe recipe = {
        .kind = wrong->kind,
        .damage = wrong->damage,
        .patches = &wrong->patch,
        .patch_count = wrong->patch.length > 0,
    };

    if (wrong->kind != DISK_FIXED) {
        recipe.blocks = three_blocks;
        recipe.blocks_count = 1;
    }
    if (wrong->kind == DISK_DIFFERENCING) {
        recipe.parent = &fixed_parent;
        recipe.relative_path = "parent.vhd";
    }
    return recipe;
}

static void test_wrong(void **state)
{
    struct vhd_layout layout;

    vhd_writer_layout(&(struct vhd_recipe){.kind = DISK_DYNAMIC, .blocks = three_blocks,
                                           .blocks_count = 1}, &layout);
    assert_int_equal(layout.footer_offset, DYNAMIC_FOOTER);
    for (size_t i = 0; i < ARRAY_SIZE(wrongs); i++) {
        const struct wrong *wrong = &wrongs[i];
        const struct vhd_recipe recipe = recipe_of(wrong);
        CLEANUP(notes) struct notes notes = {0};
        CLEANUP(io_unref) io_source *source = made_vhd(&recipe);
        CLEANUP(disk) struct disk *disk = NULL;
        int result = disk_open(&disk, source, &notes);
        if (result != wrong->result) {
            print_message("case %zu, %s\n", i, wrong->rule);
            print_notes(&notes);
        }
        assert_int_equal(result, wrong->result);
        assert_int_equal(disk != NULL, wrong->has_facts);
        assert_has_note(&notes, wrong->rule, wrong->severity);
        if (disk && wrong->patch.length == 0)
            assert_int_equal(disk_facts(disk)->virtual_size, 8 * MIB);
    }
}

static void check_content(io_source *content, const struct vhd_recipe *recipe)
{
    static uint8_t ours[256 * KIB], model[256 * KIB];

    assert_int_equal(io_size(content), 8 * MIB);
    for (uint64_t at = 0; at < 8 * MIB; at += sizeof(ours)) {
        assert_int_equal(io_read(content, at, ours, sizeof(ours)), 0);
        vhd_writer_expected(&recipe, 1, at, model, sizeof(model));
        assert_memory_equal(ours, model, sizeof(ours));
    }
}

/* What is saved by the copy, or by looking one byte beside, is read as if nothing had been. */
static void test_rescues(void **state)
{
    static const struct {
        enum disk_kind kind;
        unsigned damage;
    } cases[] = {
        {DISK_DYNAMIC, VHD_DAMAGE_FOOTER},   {DISK_DYNAMIC, VHD_NO_FOOTER},
        {DISK_DYNAMIC, VHD_TRAILING_BYTE},   {DISK_DYNAMIC, VHD_OLD_FOOTER},
        {DISK_FIXED, VHD_TRAILING_BYTE},     {DISK_FIXED, VHD_OLD_FOOTER},
        {DISK_DYNAMIC, VHD_NO_COPY},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct vhd_recipe recipe = {.kind = cases[i].kind, .damage = cases[i].damage,
                                          .blocks = three_blocks, .blocks_count = 1};
        CLEANUP(io_unref) io_source *source = made_vhd(&recipe), *content = NULL;
        CLEANUP(disk) struct disk *disk = NULL;
        assert_int_equal(disk_probe(source), DISK_PROBE_VHD);
        assert_int_equal(disk_open(&disk, source, NULL), 0);
        assert_int_equal(disk_content_new(&content, &disk, 1), 0);
        check_content(content, &recipe);
    }
}

static void test_old_footer_is_healthy(void **state)
{
    const struct vhd_recipe recipe = {.kind = DISK_FIXED, .damage = VHD_OLD_FOOTER};
    CLEANUP(io_unref) io_source *source = made_vhd(&recipe);
    CLEANUP(disk) struct disk *disk = open_healthy(source);

    assert_int_equal(disk_facts(disk)->kind, DISK_FIXED);
}

/* A fixed disk whose guest has a VHD at its start: that is data, not a copy of the footer. */
static void test_nested_footer_is_data(void **state)
{
    const struct vhd_recipe inner = {.kind = DISK_DYNAMIC, .seed = 5, .virtual_size = GIB};
    uint8_t footer[512];
    CLEANUP(io_unref) io_source *inner_source = made_vhd(&inner);
    assert_int_equal(io_read(inner_source, 0, footer, sizeof(footer)), 0);
    const struct vhdx_patch patch = {0, footer, sizeof(footer), true};
    const struct vhd_recipe outer = {.kind = DISK_FIXED, .patches = &patch, .patch_count = 1};
    CLEANUP(io_unref) io_source *source = made_vhd(&outer);
    CLEANUP(disk) struct disk *disk = open_healthy(source);

    assert_int_equal(disk_facts(disk)->kind, DISK_FIXED);
    assert_int_equal(disk_facts(disk)->virtual_size, 8 * MIB);
}

static void test_reading_outside_is_an_error(void **state)
{
    const struct vhd_recipe recipe = {.kind = DISK_DYNAMIC, .damage = VHD_DAMAGE_PAST_END,
                                      .blocks = three_blocks, .blocks_count = 1};
    CLEANUP(io_unref) io_source *source = made_vhd(&recipe), *content = NULL;
    CLEANUP(disk) struct disk *disk = NULL;
    uint8_t byte;

    assert_int_equal(disk_open(&disk, source, NULL), 0);
    assert_int_equal(disk_content_new(&content, &disk, 1), 0);
    assert_int_equal(io_read(content, 2 * MIB, &byte, 1), 0);
    assert_int_equal(io_read(content, 4 * MIB, &byte, 1), -EBADMSG);
    assert_int_equal(io_read(content, 6 * MIB, &byte, 1), 0);
}

/* A header that claims four billion blocks of 512 bytes, in a file that really has the room. */
static void test_absurd_table_is_not_counted(void **state)
{
    const struct vhd_recipe recipe = {.kind = DISK_DYNAMIC, .virtual_size = 8 * MIB,
                                      .block_size = 512};
    struct vhd_layout layout;
    int fd = memory_file();
    uint8_t size[8], entries[4];

    vhd_writer_layout(&recipe, &layout);
    store_be64(size, (uint64_t)1 << 40);
    store_be32(entries, 0x80000000);
    const struct vhdx_patch patches[] = {
        {48, size, 8, false},
        {layout.footer_offset + 48, size, 8, false},
        {512 + 28, entries, 4, false},
        {(uint64_t)16 << 30, "x", 1, true},
    };
    struct vhd_recipe patched = recipe;
    patched.patches = patches;
    patched.patch_count = ARRAY_SIZE(patches);
    assert_int_equal(vhd_writer_write_fd(fd, &patched), 0);
    CLEANUP(notes) struct notes notes = {0};
    CLEANUP(disk) struct disk *disk = NULL;
    _Atomic uint64_t bytes_read = 0;
    CLEANUP(io_unref) io_source *source = fd_source(fd);
    CLEANUP(io_unref) io_source *counted = io_counter_new(source, &bytes_read);
    assert_int_equal(disk_open(&disk, counted, &notes), 0);
    assert_true(bytes_read < 64 * KIB);
    assert_has_note(&notes, "VHD-TABLE-SIZE", SEVERITY_WARNING);
    assert_false(disk_facts(disk)->has_counts);
}

static int open_and_read(io_source *source)
{
    CLEANUP(notes) struct notes notes = {0};
    CLEANUP(disk) struct disk *disk = NULL;
    CLEANUP(io_unref) io_source *content = NULL;
    uint8_t bytes[4096];
    int r = disk_open(&disk, source, &notes);

    assert_true(r <= 0);
    assert_true(r == 0 || notes.count > 0); /* an error is always said */
    assert_true(r == 0 || r == -EBADMSG || r == -ENOTSUP);
    if (r == 0 && disk_content_new(&content, &disk, 1) == 0)
        io_read_some(content, 0, bytes, sizeof(bytes));
    return r;
}

static void test_truncated(void **state)
{
    for (size_t i = 0; i < 3; i++) {
        const struct vhd_recipe recipe = recipe_of(&(const struct wrong){.kind = (enum disk_kind)i});
        struct vhd_layout layout;
        CLEANUP(io_unref) io_source *source = made_vhd(&recipe);
        vhd_writer_layout(&recipe, &layout);
        for (uint64_t size = 0; size < io_size(source);
             size += size < layout.blocks_offset ? 1 + size / 700 : 128 * KIB + 1) {
            CLEANUP(io_unref) io_source *cut = io_range_new(source, 0, size);
            int r = open_and_read(cut);
            /* Where the table is whole, the copy saves what is left. */
            bool can_be_saved = layout.table_offset > 0 &&
                                size >= layout.table_offset + layout.block_count * 4;
            assert_int_equal(r, can_be_saved ? 0 : -EBADMSG);
        }
    }
}

static void test_empty_and_random(void **state)
{
    CLEANUP(io_unref) io_source *empty = io_memory_new("", 0);
    uint8_t bytes[4096];

    assert_int_equal(open_and_read(empty), -EBADMSG);
    for (uint64_t i = 0; i < 200; i++) {
        for (size_t b = 0; b < sizeof(bytes); b += 8)
            store_le64(bytes + b, plan_hash(77, i * sizeof(bytes) + b));
        if (i % 2)
            memcpy(bytes, "conectix", 8);
        if (i % 4 > 1)
            memcpy(bytes + sizeof(bytes) - 512, "conectix", 8);
        CLEANUP(io_unref) io_source *source = io_memory_new(bytes, sizeof(bytes));
        assert_int_equal(open_and_read(source), -EBADMSG);
    }
}

/* Bits turned over in a healthy child, with the checksums made right again half of the time. */
static void test_flipped(void **state)
{
    struct vhd_recipe recipe = recipe_of(&(const struct wrong){.kind = DISK_DIFFERENCING});
    struct vhd_layout layout;
    vhd_writer_layout(&recipe, &layout);

    for (uint64_t i = 0; i < 400; i++) {
        uint64_t at = plan_hash(5, i) % (layout.footer_offset < 4096 ? 1 : 1536);
        uint8_t byte = (uint8_t)plan_hash(6, i);
        const struct vhdx_patch patch = {at, &byte, 1, i % 2};
        recipe.patches = &patch;
        recipe.patch_count = 1;
        recipe.empty = true;
        recipe.damage = i % 3 == 0 ? VHD_NO_FOOTER : 0;
        CLEANUP(io_unref) io_source *source = made_vhd(&recipe);
        open_and_read(source);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wrong),
        cmocka_unit_test(test_rescues),
        cmocka_unit_test(test_old_footer_is_healthy),
        cmocka_unit_test(test_nested_footer_is_data),
        cmocka_unit_test(test_reading_outside_is_an_error),
        cmocka_unit_test(test_absurd_table_is_not_counted),
        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_empty_and_random),
        cmocka_unit_test(test_flipped),
    };

    return cmocka_run_group_tests_name("vhd-wrong", tests, NULL, NULL);
}

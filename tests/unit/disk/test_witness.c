/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* libvhdi as a witness: it agrees on what is healthy, its known errors are no contradictions, and
 * a witness that lies is caught. */
#include "disk_testing.h"

#include "../group_workers.h"

#include "vhd_writer.h"
#include "vhdx_writer.h"

#include "base/checked.h"
#include "base/cleanup.h"
#include "disk/witness.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Opens the disk and asks the witness. */
static enum witness_verdict ask(struct workers *workers, io_source *source, struct notes *notes)
{
    CLEANUP(disk) struct disk *disk = NULL;

    disk_open(&disk, source, NULL);
    assert_non_null(disk);
    return witness_compare(workers, disk, notes);
}

static void assert_verdict(struct workers *workers, io_source *source, const char *what,
                           enum witness_verdict expected)
{
    CLEANUP(notes) struct notes notes = {0};
    enum witness_verdict verdict = ask(workers, source, &notes);

    if (verdict != expected) {
        print_message("%s:\n", what);
        print_notes(&notes);
    }
    assert_int_equal(verdict, expected);
    assert_int_equal(notes.count > 0, expected != WITNESS_AGREES);
    if (expected == WITNESS_KNOWN_DIFFERENCE)
        assert_has_note(&notes, "WITNESS-KNOWN", SEVERITY_INFO);
}

static void test_samples_agree(void **state)
{
    static const char *const names[] = {
        "vhd/d2v-zerofilled.vhd.bz2",
        "vhd/hyperv2012r2-dynamic.vhd.bz2",
        "vhd/ntfs-differential.vhd.gz",
        "vhd/ntfs-dynamic.vhd.gz",
        "vhd/ntfs-parent.vhd.gz",
        "vhdx/btrfs.vhdx.gz",
        "vhdx/iotest-dirtylog-10G-4M.vhdx.bz2",
        "vhdx/iotest-dynamic-1G.vhdx.bz2",
        "vhdx/lvm2.vhdx.gz",
        "vhdx/ntfs-differential.vhdx.gz",
        "vhdx/ntfs-dynamic.vhdx.gz",
        "vhdx/ntfs-fixed.vhdx.gz",
        "vhdx/ntfs-parent.vhdx.gz",
        "vhdx/swap.vhdx.gz",
        "vhdx/test-disk2vhd.vhdx.bz2",
        "vhdx/windows-fixed.vhdx.gz",
    };

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        int fd = sample_file(names[i]);
        if (fd < 0)
            skip();
        CLEANUP(io_unref) io_source *source = fd_source(fd);
        assert_verdict(*state, source, names[i], WITNESS_AGREES);
    }
}

/* Made disks. */

#define LINKAGE "{83ed0ec3-24c8-49a6-a959-5e4bd1288791}"
#define VOLUME  "\\\\?\\Volume{83ed0ec3-24c8-49a6-a959-5e4bd1288791}\\VMs\\base.vhdx"
#define PAIRS(...)                                                                                 \
    .locator = (const struct vhdx_locator_pair[]){__VA_ARGS__},                                    \
    .locator_count =                                                                               \
        sizeof((const struct vhdx_locator_pair[]){__VA_ARGS__}) / sizeof(struct vhdx_locator_pair)
#define CHILD .kind = DISK_DIFFERENCING, .blocks = partial, .blocks_count = 1
#define PARENT {"absolute_win32_path", "C:\\VMs\\base.vhdx"}

static const struct vhdx_blocks whole[] = {{.first = 0, .count = 3, .state = BLOCK_FULLY_PRESENT}};
static const struct vhdx_blocks partial[] = {
    {.first = 1, .count = 2, .state = BLOCK_PARTIALLY_PRESENT}};
static const struct vhdx_recipe vhdx_parent = {.kind = DISK_DYNAMIC, .seed = 9};

static const struct made_vhdx_case {
    const char *what;
    struct vhdx_recipe recipe;
    enum witness_verdict verdict;
} vhdx_cases[] = {
    {"fixed", {.kind = DISK_FIXED}, WITNESS_AGREES},
    {"dynamic", {.kind = DISK_DYNAMIC, .blocks = whole, .blocks_count = 1}, WITNESS_AGREES},
    {"sectors of 4096", {.kind = DISK_DYNAMIC, .logical_sector_size = 4096}, WITNESS_AGREES},
    {"64 TiB in blocks of 256 MiB",
     {.kind = DISK_DYNAMIC, .virtual_size = 64 * TIB, .block_size = 256 * MIB}, WITNESS_AGREES},
    {"differencing",
     {CHILD, .parent = &vhdx_parent, .absolute_path = "C:\\VMs\\base.vhdx",
      .relative_path = ".\\base.vhdx", .volume_path = VOLUME}, WITNESS_AGREES},
    {"differencing, volume path only", {CHILD, .parent = &vhdx_parent, .volume_path = VOLUME},
     WITNESS_AGREES},
    {"dirty log", {.kind = DISK_DYNAMIC, .blocks = whole, .blocks_count = 1,
                   .dirty = VHDX_DIRTY_BAT}, WITNESS_AGREES},
    {"regions swapped", {.kind = DISK_DYNAMIC, .damage = VHDX_REGIONS_SWAPPED}, WITNESS_AGREES},
    {"optional region and item",
     {.kind = DISK_DYNAMIC, .damage = VHDX_OPTIONAL_REGION | VHDX_OPTIONAL_ITEM}, WITNESS_AGREES},
    {"equal sequences", {.kind = DISK_DYNAMIC, .damage = VHDX_DAMAGE_EQUAL_SEQUENCES},
     WITNESS_AGREES},
    {"header 1 broken", {.kind = DISK_DYNAMIC, .damage = VHDX_DAMAGE_HEADER_1}, WITNESS_AGREES},

    {"current header torn", {.kind = DISK_DYNAMIC, .damage = VHDX_DAMAGE_HEADER_TORN},
     WITNESS_KNOWN_DIFFERENCE},
    {"headers of one number", {.kind = DISK_DYNAMIC, .damage = VHDX_DAMAGE_AMBIGUOUS_HEADERS},
     WITNESS_KNOWN_DIFFERENCE},
    {"region table 1 broken", {.kind = DISK_DYNAMIC, .damage = VHDX_DAMAGE_REGION_TABLE_1},
     WITNESS_KNOWN_DIFFERENCE},
    {"region table 2 broken", {.kind = DISK_DYNAMIC, .damage = VHDX_DAMAGE_REGION_TABLE_2},
     WITNESS_KNOWN_DIFFERENCE},
    {"creation never finished", {.kind = DISK_DYNAMIC, .damage = VHDX_DAMAGE_INCOMPLETE},
     WITNESS_KNOWN_DIFFERENCE},
    {"relative path only", {CHILD, .parent = &vhdx_parent, .relative_path = ".\\base.vhdx"},
     WITNESS_KNOWN_DIFFERENCE},
    {"linkage in upper case",
     {CHILD, PAIRS({"parent_linkage", "{83ED0EC3-24C8-49A6-A959-5E4BD1288791}"}, PARENT)},
     WITNESS_KNOWN_DIFFERENCE},
    {"linkage without braces",
     {CHILD, PAIRS({"parent_linkage", "83ed0ec3-24c8-49a6-a959-5e4bd1288791"}, PARENT)},
     WITNESS_KNOWN_DIFFERENCE},
    {"unusable, but libvhdi takes it",
     {.kind = DISK_DYNAMIC, .damage = VHDX_DAMAGE_UNKNOWN_ITEM}, WITNESS_KNOWN_DIFFERENCE},

    {"name in another alphabet",
     {CHILD, PAIRS({"parent_linkage", LINKAGE},
                   {"absolute_win32_path", "C:\\\u00e4\u65e5\u672c.vhdx"})},
     WITNESS_AGREES},
    {"name beyond U+FFFF",
     {CHILD, PAIRS({"parent_linkage", LINKAGE},
                   {"absolute_win32_path", "C:\\\U0001F600.vhdx"})},
     WITNESS_AGREES},
    {"no linkage", {CHILD, PAIRS(PARENT)}, WITNESS_AGREES},
    {"refused by both", {.kind = DISK_DYNAMIC, .file_size = 2 * MIB + 65536}, WITNESS_AGREES},
};

static void test_made_vhdx(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(vhdx_cases); i++) {
        CLEANUP(io_unref) io_source *source = made_vhdx(&vhdx_cases[i].recipe);
        assert_verdict(*state, source, vhdx_cases[i].what, vhdx_cases[i].verdict);
    }
}

static const struct vhd_blocks some[] = {{.first = 0, .count = 2}};
static const struct vhd_recipe vhd_parent = {.kind = DISK_FIXED, .seed = 9};
/* The footer of a fixed disk of 8 MiB, current size at +0x30: 4 MiB of the 8 are used. */
static const struct vhdx_patch shrunk = {
    8 * MIB + 48, (const uint8_t[]){0, 0, 0, 0, 0, 0x40, 0, 0}, 8, false};

static const struct made_vhd_case {
    const char *what;
    struct vhd_recipe recipe;
    enum witness_verdict verdict;
} vhd_cases[] = {
    {"fixed", {.kind = DISK_FIXED}, WITNESS_AGREES},
    {"dynamic", {.kind = DISK_DYNAMIC, .blocks = some, .blocks_count = 1}, WITNESS_AGREES},
    {"2040 GiB", {.kind = DISK_DYNAMIC, .virtual_size = 2040 * GIB}, WITNESS_AGREES},
    {"differencing",
     {.kind = DISK_DIFFERENCING, .parent = &vhd_parent, .blocks = some, .blocks_count = 1,
      .absolute_path = "C:\\VMs\\base.vhd", .relative_path = ".\\base.vhd"}, WITNESS_AGREES},
    {"differencing, name only",
     {.kind = DISK_DIFFERENCING, .parent = &vhd_parent, .parent_name = "base.vhd"},
     WITNESS_AGREES},
    {"copy damaged", {.kind = DISK_DYNAMIC, .damage = VHD_DAMAGE_COPY}, WITNESS_AGREES},
    {"footer damaged, copy whole", {.kind = DISK_DYNAMIC, .damage = VHD_DAMAGE_FOOTER},
     WITNESS_AGREES},

    {"no footer", {.kind = DISK_DYNAMIC, .damage = VHD_NO_FOOTER}, WITNESS_KNOWN_DIFFERENCE},
    {"trailing byte", {.kind = DISK_FIXED, .damage = VHD_TRAILING_BYTE}, WITNESS_KNOWN_DIFFERENCE},
    {"footer of 511 bytes", {.kind = DISK_FIXED, .damage = VHD_OLD_FOOTER},
     WITNESS_KNOWN_DIFFERENCE},
    {"resized", {.kind = DISK_FIXED, .patches = &shrunk, .patch_count = 1},
     WITNESS_KNOWN_DIFFERENCE},
    {"locator, but no name in the header",
     {.kind = DISK_DIFFERENCING, .parent = &vhd_parent, .parent_name = "",
      .relative_path = ".\\base.vhd"}, WITNESS_KNOWN_DIFFERENCE},
    {"header damaged", {.kind = DISK_DIFFERENCING, .parent = &vhd_parent,
                        .relative_path = ".\\base.vhd", .damage = VHD_DAMAGE_HEADER},
     WITNESS_KNOWN_DIFFERENCE},
};

static void test_made_vhd(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(vhd_cases); i++) {
        CLEANUP(io_unref) io_source *source = made_vhd(&vhd_cases[i].recipe);
        assert_verdict(*state, source, vhd_cases[i].what, vhd_cases[i].verdict);
    }
}

static void *ask_often(void *workers)
{
    for (int i = 0; i < 10; i++) {
        CLEANUP(io_unref) io_source *source = made_vhdx(&vhdx_cases[i % 5].recipe);
        CLEANUP(disk) struct disk *disk = NULL;
        if (disk_open(&disk, source, NULL) < 0 ||
            witness_compare(workers, disk, NULL) != WITNESS_AGREES)
            return workers;
    }
    return NULL;
}

static void test_many_threads(void **state)
{
    pthread_t threads[4];
    void *failed;

    for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask_often, *state), 0);
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++) {
        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
}

/* With the false witness of liar.c, about a disk in which nothing is wrong. */

static const struct lie_case {
    const char *lie;
    enum witness_verdict verdict;
    const char *rule;
    enum severity severity;
    const char *ours, *theirs; /* both values stand in the note */
} lie_cases[] = {
    {"none at all", WITNESS_AGREES, NULL, 0, NULL, NULL},
    {"format", WITNESS_CONTRADICTS, "WITNESS-TYPE", SEVERITY_PROBLEM, "vhd", "vhdx"},
    {"unknown-format", WITNESS_CONTRADICTS, "WITNESS-TYPE", SEVERITY_PROBLEM, "vhd", "unknown"},
    {"kind", WITNESS_CONTRADICTS, "WITNESS-TYPE", SEVERITY_PROBLEM, "differencing", "fixed"},
    {"unknown-kind", WITNESS_CONTRADICTS, "WITNESS-TYPE", SEVERITY_PROBLEM, "differencing",
     "unknown"},
    {"size", WITNESS_CONTRADICTS, "WITNESS-SIZE", SEVERITY_PROBLEM, "8388608", "8388609"},
    {"sector", WITNESS_CONTRADICTS, "WITNESS-SECTOR", SEVERITY_PROBLEM, "512", "4096"},
    {"id", WITNESS_CONTRADICTS, "WITNESS-ID", SEVERITY_PROBLEM,
     "11111111-2222-4333-8444-555555555555", "11111111-2222-4333-8444-555555555554"},
    {"parent-id", WITNESS_CONTRADICTS, "WITNESS-PARENT-ID", SEVERITY_PROBLEM,
     "66666666-7777-4888-8999-aaaaaaaaaaaa", "66666667-7777-4888-8999-aaaaaaaaaaaa"},
    {"no-parent-id", WITNESS_CONTRADICTS, "WITNESS-PARENT-ID", SEVERITY_PROBLEM,
     "66666666-7777-4888-8999-aaaaaaaaaaaa", "00000000-0000-0000-0000-000000000000"},
    {"parent-name", WITNESS_CONTRADICTS, "WITNESS-PARENT-NAME", SEVERITY_PROBLEM,
     "C:\\VMs\\base.vhd", "X:\\VMs\\base.vhd"},
    {"no-parent-name", WITNESS_CONTRADICTS, "WITNESS-PARENT-NAME", SEVERITY_PROBLEM,
     "C:\\VMs\\base.vhd", "no name"},
    {"refused", WITNESS_CONTRADICTS, "WITNESS-OPEN", SEVERITY_PROBLEM, "", "no reason"},
    {"short", WITNESS_UNAVAILABLE, "WITNESS-UNAVAILABLE", SEVERITY_INFO, "", "protocol"},
    {"endless-name", WITNESS_UNAVAILABLE, "WITNESS-UNAVAILABLE", SEVERITY_INFO, "", "protocol"},
    {"endless-error", WITNESS_UNAVAILABLE, "WITNESS-UNAVAILABLE", SEVERITY_INFO, "", "protocol"},
    {"die", WITNESS_UNAVAILABLE, "WITNESS-UNAVAILABLE", SEVERITY_INFO, "", "died"},
    {"no-memory", WITNESS_UNAVAILABLE, "WITNESS-UNAVAILABLE", SEVERITY_INFO, "", "memory"},
};

static void check_lie(struct workers *workers, io_source *source, const struct lie_case *c)
{
    CLEANUP(notes) struct notes notes = {0};
    enum witness_verdict verdict = ask(workers, source, &notes);

    if (verdict != c->verdict) {
        print_message("%s:\n", c->lie);
        print_notes(&notes);
    }
    assert_int_equal(verdict, c->verdict);
    assert_int_equal(notes.count, c->rule != NULL);
    if (c->rule) {
        assert_has_note(&notes, c->rule, c->severity);
        assert_non_null(strstr(notes.items[0].text, c->ours));
        assert_non_null(strstr(notes.items[0].text, c->theirs));
    }
}

static void test_lies(void **state)
{
    struct vhd_recipe recipe = {.kind = DISK_DIFFERENCING, .absolute_path = "C:\\VMs\\base.vhd"};
    const char *honest = getenv("HVCHAIN_WORKERS"), *false_witness = getenv("HVCHAIN_TEST_LIAR");

    assert_non_null(false_witness);
    CLEANUP_FREE char *kept = strdup(honest ? honest : "");
    guid_parse_string("11111111-2222-4333-8444-555555555555", &recipe.unique_id);
    guid_parse_string("66666666-7777-4888-8999-aaaaaaaaaaaa", &recipe.parent_id);
    CLEANUP(io_unref) io_source *source = made_vhd(&recipe);
    for (size_t i = 0; i < ARRAY_SIZE(lie_cases); i++) {
        struct workers *workers;
        setenv("HVCHAIN_WORKERS", false_witness, 1);
        setenv("HVCHAIN_TEST_LIE", lie_cases[i].lie, 1);
        assert_int_equal(workers_start(&workers), 0);
        setenv("HVCHAIN_WORKERS", kept, 1);
        check_lie(workers, source, &lie_cases[i]);
        workers_stop(workers);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_samples_agree, start_workers, stop_workers),
        cmocka_unit_test_setup_teardown(test_made_vhdx, start_workers, stop_workers),
        cmocka_unit_test_setup_teardown(test_made_vhd, start_workers, stop_workers),
        cmocka_unit_test_setup_teardown(test_many_threads, start_workers, stop_workers),
        cmocka_unit_test(test_lies),
    };

    return cmocka_run_group_tests_name("witness", tests, NULL, NULL);
}

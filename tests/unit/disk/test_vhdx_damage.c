/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* A table of damages: what opening says, which rule is named, how grave. */
#include "disk_testing.h"

#include "vhdx_writer.h"

#include "base/checked.h"
#include "base/cleanup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PATCHES(...)                                                                               \
    .patches = (const struct vhdx_patch[]){__VA_ARGS__},                                           \
    .patch_count = sizeof((const struct vhdx_patch[]){__VA_ARGS__}) / sizeof(struct vhdx_patch)
#define BYTES(at, ...)                                                                             \
    {                                                                                              \
        .offset = (at), .bytes = (const uint8_t[]){__VA_ARGS__},                                   \
        .length = sizeof((const uint8_t[]){__VA_ARGS__})                                           \
    }
/* The same bytes in both copies of the headers or of the region tables. */
#define BOTH_HEADERS(field, ...) BYTES(0x10000 + (field), __VA_ARGS__), BYTES(0x20000 + (field), __VA_ARGS__)
#define BOTH_TABLES(field, ...)  BYTES(0x30000 + (field), __VA_ARGS__), BYTES(0x40000 + (field), __VA_ARGS__)

/* Places in a file of the usual layout. */
#define METADATA 0x200000
#define ENTRY(i) (METADATA + 32 + 32 * (i)) /* of the metadata table */
#define ITEMS    0x210000
#define LOCATOR  0x210028
#define BAT      0x300000

static const struct vhdx_blocks three[] = {{.first = 0, .count = 3, .state = BLOCK_FULLY_PRESENT}};
static const struct vhdx_blocks partial[] = {
    {.first = 0, .count = 3, .state = BLOCK_PARTIALLY_PRESENT}};
static const struct vhdx_blocks trimmed[] = {
    {.first = 0, .count = 2, .state = BLOCK_UNMAPPED, .anchored = true},
    {.first = 3, .count = 1, .state = BLOCK_FULLY_PRESENT},
};

#define DYNAMIC .kind = DISK_DYNAMIC, .blocks = three, .blocks_count = 1
#define CHILD_WITH(its_blocks, its_absolute_path)                                                  \
    .kind = DISK_DIFFERENCING, .blocks = its_blocks, .blocks_count = 1,                            \
    .parent_linkage = {{1, 2, 3}}, .relative_path = ".\\base.vhdx",                                \
    .absolute_path = its_absolute_path
#define CHILD CHILD_WITH(partial, "C:\\v\\base.vhdx")
#define LOCATOR_PAIRS(...)                                                                         \
    .locator = (const struct vhdx_locator_pair[]){__VA_ARGS__},                                    \
    .locator_count =                                                                               \
        sizeof((const struct vhdx_locator_pair[]){__VA_ARGS__}) / sizeof(struct vhdx_locator_pair)
#define LINKAGE "{83ed0ec3-24c8-49a6-a959-5e4bd1288791}"
#define CHILD_OF(...)                                                                              \
    .kind = DISK_DIFFERENCING, .blocks = partial, .blocks_count = 1, LOCATOR_PAIRS(__VA_ARGS__)

static const struct damage {
    const char *what;
    struct vhdx_recipe recipe;
    int status;
    const char *rule;
    enum severity severity;
} damages[] = {
    {"header 1 broken", {DYNAMIC, .damage = VHDX_DAMAGE_HEADER_1}, 0, "VHDX-H2", SEVERITY_WARNING},
    {"header 2 broken", {DYNAMIC, .damage = VHDX_DAMAGE_HEADER_2}, 0, "VHDX-H2", SEVERITY_WARNING},
    {"current header torn", {DYNAMIC, .damage = VHDX_DAMAGE_HEADER_TORN}, 0, "VHDX-H2",
     SEVERITY_WARNING},
    {"both headers broken", {DYNAMIC, .damage = VHDX_DAMAGE_HEADER_1 | VHDX_DAMAGE_HEADER_2},
     -EBADMSG, "VHDX-H2", SEVERITY_PROBLEM},
    {"header 1 without signature", {DYNAMIC, PATCHES(BYTES(0x10000, 'h', 'e', 'a', 't'))}, 0,
     "VHDX-H1", SEVERITY_WARNING},
    {"no signature at the start", {DYNAMIC, PATCHES(BYTES(0, 0, 0, 0, 0))}, -EBADMSG, "VHDX-F2",
     SEVERITY_PROBLEM},
    {"creator is not UTF-16", {DYNAMIC, PATCHES(BYTES(8, 0x00, 0xD8, 'x', 0))}, 0, "VHDX-F3",
     SEVERITY_INFO},
    {"equal sequences, same identifiers", {DYNAMIC, .damage = VHDX_DAMAGE_EQUAL_SEQUENCES}, 0,
     "VHDX-H4", SEVERITY_INFO},
    {"equal sequences, other identifiers", {DYNAMIC, .damage = VHDX_DAMAGE_AMBIGUOUS_HEADERS}, 0,
     "VHDX-H4", SEVERITY_PROBLEM},
    {"version 2", {DYNAMIC, .damage = VHDX_DAMAGE_VERSION}, -ENOTSUP, "VHDX-H7", SEVERITY_PROBLEM},
    {"log version 1, clean", {DYNAMIC, .damage = VHDX_DAMAGE_LOG_VERSION}, 0, "VHDX-H8",
     SEVERITY_PROBLEM},
    {"log version 1, dirty",
     {DYNAMIC, .damage = VHDX_DAMAGE_LOG_VERSION, .dirty = VHDX_DIRTY_BAT}, -ENOTSUP, "VHDX-H8",
     SEVERITY_PROBLEM},
    {"log at an odd place", {DYNAMIC, PATCHES(BOTH_HEADERS(72, 0, 0, 0x18))}, 0, "VHDX-H9",
     SEVERITY_PROBLEM},
    {"dirty log at an odd place",
     {DYNAMIC, .dirty = VHDX_DIRTY_BAT, PATCHES(BOTH_HEADERS(72, 0, 0, 0x18))}, -EBADMSG,
     "VHDX-H9", SEVERITY_PROBLEM},
    {"log in the header section", {DYNAMIC, PATCHES(BOTH_HEADERS(72, 0, 0, 0))}, 0, "VHDX-H10",
     SEVERITY_PROBLEM},
    {"log behind the end", {DYNAMIC, PATCHES(BOTH_HEADERS(72, 0, 0, 0, 0, 0, 1))}, 0, "VHDX-H11",
     SEVERITY_PROBLEM},
    {"log offset near 2^64",
     {DYNAMIC, .dirty = VHDX_DIRTY_BAT,
      PATCHES(BOTH_HEADERS(72, 0, 0, 0xF0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF))},
     -EBADMSG, "VHDX-H11", SEVERITY_PROBLEM},
    {"log above 1 GiB", {DYNAMIC, PATCHES(BOTH_HEADERS(68, 0, 0, 0x10, 0x40))}, 0, "VHDX-H12",
     SEVERITY_PROBLEM},
    {"dirty without log",
     {DYNAMIC, .dirty = VHDX_DIRTY_LOST, PATCHES(BOTH_HEADERS(68, 0, 0, 0, 0))}, -EBADMSG,
     "VHDX-H13", SEVERITY_PROBLEM},
    {"reserved bytes of a header", {DYNAMIC, PATCHES(BOTH_HEADERS(100, 1))}, 0, "VHDX-H15",
     SEVERITY_INFO},
    {"DataWriteGuid is zero",
     {DYNAMIC, PATCHES(BOTH_HEADERS(32, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))}, 0,
     "VHDX-H16", SEVERITY_WARNING},
    {"headers disagree about the log", {DYNAMIC, PATCHES(BYTES(0x10000 + 48, 1))}, 0, "VHDX-H17",
     SEVERITY_WARNING},
    {"sequence number about to wrap", {DYNAMIC, .sequence = UINT64_MAX - 1}, 0, "VHDX-H18",
     SEVERITY_INFO},
    {"log lost", {DYNAMIC, .dirty = VHDX_DIRTY_LOST}, -EBADMSG, "VHDX-L12", SEVERITY_PROBLEM},
    {"file cut below what the log says",
     {DYNAMIC, .dirty = VHDX_DIRTY_BAT, .damage = VHDX_DAMAGE_TRUNCATED_LOG}, -EBADMSG, "VHDX-L9",
     SEVERITY_PROBLEM},

    {"region table 1 broken", {DYNAMIC, .damage = VHDX_DAMAGE_REGION_TABLE_1}, 0, "VHDX-R1",
     SEVERITY_WARNING},
    {"region table 2 broken", {DYNAMIC, .damage = VHDX_DAMAGE_REGION_TABLE_2}, 0, "VHDX-R1",
     SEVERITY_WARNING},
    {"both region tables broken",
     {DYNAMIC, .damage = VHDX_DAMAGE_REGION_TABLE_1 | VHDX_DAMAGE_REGION_TABLE_2}, -EBADMSG,
     "VHDX-R1", SEVERITY_PROBLEM},
    {"region tables differ", {DYNAMIC, PATCHES(BYTES(0x40000 + 200, 1))}, 0, "VHDX-R2",
     SEVERITY_WARNING},
    {"2048 regions", {DYNAMIC, PATCHES(BOTH_TABLES(8, 0, 8))}, -EBADMSG, "VHDX-R3",
     SEVERITY_PROBLEM},
    {"4 billion regions in table 1", {DYNAMIC, PATCHES(BYTES(0x30008, 255, 255, 255, 255))}, 0,
     "VHDX-R3", SEVERITY_WARNING},
    {"reserved flag of a region", {DYNAMIC, PATCHES(BOTH_TABLES(16 + 28, 3))}, 0, "VHDX-R4",
     SEVERITY_WARNING},
    {"region of odd length", {DYNAMIC, PATCHES(BOTH_TABLES(16 + 24, 0, 0x10))}, 0, "VHDX-R5",
     SEVERITY_PROBLEM},
    {"BAT region behind the end", {DYNAMIC, PATCHES(BOTH_TABLES(16 + 24, 0, 0, 0xF0, 0xFF))}, 0,
     "VHDX-R6", SEVERITY_PROBLEM},
    {"region offset near 2^64",
     {DYNAMIC, PATCHES(BOTH_TABLES(16 + 16, 0, 0, 0xF0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF))}, -EBADMSG,
     "VHDX-R6", SEVERITY_PROBLEM},
    {"region twice",
     {DYNAMIC, .damage = VHDX_OPTIONAL_REGION,
      PATCHES(BOTH_TABLES(16 + 64, 0x66, 0x77, 0xC2, 0x2D, 0x23, 0xF6, 0x00, 0x42, 0x9D, 0x64,
                          0x11, 0x5E, 0x9B, 0xFD, 0x4A, 0x08))},
     0, "VHDX-R7", SEVERITY_PROBLEM},
    {"region on the log", {DYNAMIC, PATCHES(BOTH_TABLES(16 + 24, 0, 0, 0x30), BOTH_TABLES(16 + 16, 0, 0, 0x10))},
     0, "VHDX-R8", SEVERITY_PROBLEM},
    {"no BAT region", {DYNAMIC, PATCHES(BOTH_TABLES(16, 0))}, -EBADMSG, "VHDX-R9",
     SEVERITY_PROBLEM},
    {"no metadata region", {DYNAMIC, PATCHES(BOTH_TABLES(48, 0))}, -EBADMSG, "VHDX-R9",
     SEVERITY_PROBLEM},
    {"unknown required region", {DYNAMIC, .damage = VHDX_DAMAGE_UNKNOWN_REGION}, -ENOTSUP,
     "VHDX-R10", SEVERITY_PROBLEM},
    {"unknown optional region", {DYNAMIC, .damage = VHDX_OPTIONAL_REGION}, 0, "VHDX-R10-OPTIONAL",
     SEVERITY_INFO},

    {"metadata without signature", {DYNAMIC, PATCHES(BYTES(METADATA, 'M'))}, -EBADMSG, "VHDX-M1",
     SEVERITY_PROBLEM},
    {"65535 metadata entries", {DYNAMIC, PATCHES(BYTES(METADATA + 10, 255, 255))}, -EBADMSG,
     "VHDX-M1", SEVERITY_PROBLEM},
    {"reserved bytes of the metadata table", {DYNAMIC, PATCHES(BYTES(METADATA + 8, 1))}, 0,
     "VHDX-M2", SEVERITY_WARNING},
    {"reserved flag of an item", {DYNAMIC, PATCHES(BYTES(ENTRY(0) + 24, 12))}, 0, "VHDX-M2",
     SEVERITY_WARNING},
    {"item above 1 MiB",
     {DYNAMIC, .damage = VHDX_OPTIONAL_ITEM, PATCHES(BYTES(ENTRY(5) + 20, 0, 0, 0x20))}, 0,
     "VHDX-M3", SEVERITY_PROBLEM},
    {"item within the table", {DYNAMIC, PATCHES(BYTES(ENTRY(1) + 16, 0, 1, 0))}, -EBADMSG,
     "VHDX-M4", SEVERITY_PROBLEM},
    {"item behind the region", {DYNAMIC, PATCHES(BYTES(ENTRY(4) + 16, 0xF8, 0xFF, 0x0F))}, -EBADMSG,
     "VHDX-M4", SEVERITY_PROBLEM},
    {"items overlap", {DYNAMIC, PATCHES(BYTES(ENTRY(4) + 16, 0x10, 0, 1))}, 0, "VHDX-M5",
     SEVERITY_PROBLEM},
    {"item twice",
     {DYNAMIC, .damage = VHDX_DAMAGE_UNKNOWN_ITEM,
      PATCHES(BYTES(ENTRY(5), 0x37, 0x67, 0xA1, 0xCA, 0x36, 0xFA, 0x43, 0x4D, 0xB3, 0xB6, 0x33,
                    0xF0, 0xAA, 0x44, 0xE7, 0x6B))},
     0, "VHDX-M6", SEVERITY_PROBLEM},
    {"required user item",
     {DYNAMIC, .damage = VHDX_OPTIONAL_ITEM, PATCHES(BYTES(ENTRY(5) + 24, 5))}, 0, "VHDX-M7",
     SEVERITY_PROBLEM},
    {"unknown required item", {DYNAMIC, .damage = VHDX_DAMAGE_UNKNOWN_ITEM}, -ENOTSUP, "VHDX-M8",
     SEVERITY_PROBLEM},
    {"unknown optional item", {DYNAMIC, .damage = VHDX_OPTIONAL_ITEM}, 0, "VHDX-M8-OPTIONAL",
     SEVERITY_INFO},
    {"IsVirtualDisk missing", {DYNAMIC, PATCHES(BYTES(ENTRY(1) + 24, 4))}, 0, "VHDX-M9",
     SEVERITY_WARNING},
    {"block size of 3 MiB", {DYNAMIC, PATCHES(BYTES(ITEMS, 0, 0, 0x30, 0))}, -EBADMSG, "VHDX-M10",
     SEVERITY_PROBLEM},
    {"block size of 512 MiB", {DYNAMIC, PATCHES(BYTES(ITEMS, 0, 0, 0, 0x20))}, -EBADMSG,
     "VHDX-M10", SEVERITY_PROBLEM},
    {"block size of zero", {DYNAMIC, PATCHES(BYTES(ITEMS, 0, 0, 0, 0))}, -EBADMSG, "VHDX-M10",
     SEVERITY_PROBLEM},
    {"unknown file parameters", {DYNAMIC, PATCHES(BYTES(ITEMS + 4, 8))}, -EBADMSG, "VHDX-M10",
     SEVERITY_PROBLEM},
    {"file parameters of 4 bytes", {DYNAMIC, PATCHES(BYTES(ENTRY(0) + 20, 4))}, -EBADMSG,
     "VHDX-M10", SEVERITY_PROBLEM},
    {"virtual size of zero", {DYNAMIC, PATCHES(BYTES(ITEMS + 8, 0, 0, 0))}, -EBADMSG, "VHDX-M11",
     SEVERITY_PROBLEM},
    {"virtual size above 64 TiB", {DYNAMIC, PATCHES(BYTES(ITEMS + 8, 0, 2, 0, 0, 0, 0x40))},
     -EBADMSG, "VHDX-M11", SEVERITY_PROBLEM},
    {"virtual size of half a sector", {DYNAMIC, PATCHES(BYTES(ITEMS + 8, 0, 1))}, -EBADMSG,
     "VHDX-M11", SEVERITY_PROBLEM},
    {"logical sectors of 1024", {DYNAMIC, PATCHES(BYTES(ITEMS + 16, 0, 4))}, -EBADMSG, "VHDX-M12",
     SEVERITY_PROBLEM},
    {"physical sectors of 512, logical of 4096",
     {DYNAMIC, .logical_sector_size = 4096, .physical_sector_size = 512}, 0, "VHDX-M13",
     SEVERITY_WARNING},
    {"virtual disk id is zero",
     {DYNAMIC, PATCHES(BYTES(ITEMS + 24, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))}, 0,
     "VHDX-M14", SEVERITY_WARNING},
    {"four items only", {DYNAMIC, PATCHES(BYTES(METADATA + 10, 4))}, -EBADMSG, "VHDX-M15",
     SEVERITY_PROBLEM},
    {"creation never finished", {DYNAMIC, .damage = VHDX_DAMAGE_INCOMPLETE}, 0, "VHDX-M16",
     SEVERITY_PROBLEM},
    {"geometry item",
     {DYNAMIC, .damage = VHDX_DAMAGE_UNKNOWN_ITEM,
      PATCHES(BYTES(ENTRY(5), 0xBC, 0xD7, 0x02, 0xDA, 0x3A, 0x3D, 0x3C, 0x42, 0xAC, 0x88, 0x2A,
                    0x36, 0xAB, 0x21, 0x47, 0x9B))},
     0, "VHDX-M17", SEVERITY_INFO},
    {"LeaveBlockAllocated on a child", {CHILD, PATCHES(BYTES(ITEMS + 4, 3))}, 0, "VHDX-M18",
     SEVERITY_INFO},

    {"child without locator", {CHILD, .damage = VHDX_DAMAGE_NO_LOCATOR}, 0, "VHDX-P1",
     SEVERITY_PROBLEM},
    {"locator without HasParent",
     {CHILD_WITH(three, NULL), PATCHES(BYTES(ITEMS + 4, 0))}, 0, "VHDX-P1", SEVERITY_WARNING},
    {"unknown locator type", {CHILD, PATCHES(BYTES(LOCATOR, 1, 2, 3))}, 0, "VHDX-P2",
     SEVERITY_PROBLEM},
    {"locator with 9999 entries", {CHILD, PATCHES(BYTES(LOCATOR + 18, 0x0F, 0x27))}, 0, "VHDX-P3",
     SEVERITY_PROBLEM},
    {"empty locator", {CHILD, PATCHES(BYTES(LOCATOR + 18, 0))}, 0, "VHDX-P3", SEVERITY_PROBLEM},
    {"value behind the locator", {CHILD, PATCHES(BYTES(LOCATOR + 24, 0xFF, 0xFF))}, 0, "VHDX-P4",
     SEVERITY_PROBLEM},
    {"value with NUL", {CHILD_OF({"parent_linkage", LINKAGE}, {"relative_path", ".\\b.vhdx"}),
                        PATCHES(BYTES(LOCATOR + 20 + 24 + 28 + 76 + 26 + 2, 0, 0))},
     0, "VHDX-P4", SEVERITY_PROBLEM},
    {"key twice", {CHILD_OF({"parent_linkage", LINKAGE}, {"parent_linkage", LINKAGE},
                            {"relative_path", ".\\b.vhdx"})},
     0, "VHDX-P4", SEVERITY_PROBLEM},
    {"no parent_linkage", {CHILD_OF({"relative_path", ".\\b.vhdx"})}, 0, "VHDX-P5",
     SEVERITY_PROBLEM},
    {"parent_linkage is no GUID",
     {CHILD_OF({"parent_linkage", "{83ed0ec3}"}, {"relative_path", ".\\b.vhdx"})}, 0, "VHDX-P5",
     SEVERITY_PROBLEM},
    {"no path", {CHILD_OF({"parent_linkage", LINKAGE})}, 0, "VHDX-P6", SEVERITY_PROBLEM},
    {"another parent_linkage2", {CHILD, .parent_linkage2 = {{9}}}, 0, "VHDX-P7", SEVERITY_INFO},
    {"unknown key", {CHILD_OF({"parent_linkage", LINKAGE}, {"relative_path", ".\\b.vhdx"},
                              {"colour", "blue"})},
     0, "VHDX-P8", SEVERITY_INFO},
    {"stale path", {CHILD_WITH(partial, "C:\\v\\other.vhdx")}, 0, "VHDX-P9", SEVERITY_WARNING},

    {"BAT too small for the disk",
     {DYNAMIC, PATCHES(BYTES(ITEMS + 8, 0, 0, 0, 0, 0, 0x10))}, -EBADMSG, "VHDX-B1",
     SEVERITY_PROBLEM},
    {"BAT cut off", {.kind = DISK_DYNAMIC, .virtual_size = 2 * GIB, .file_size = 3 * MIB + 4096},
     -EBADMSG, "VHDX-B1", SEVERITY_PROBLEM},
    {"reserved bits of a BAT entry", {DYNAMIC, PATCHES(BYTES(BAT, 0x0E))}, 0, "VHDX-B2",
     SEVERITY_WARNING},
    {"reserved block state", {DYNAMIC, PATCHES(BYTES(BAT, 0x05))}, 0, "VHDX-B3", SEVERITY_PROBLEM},
    {"partial block without parent", {DYNAMIC, PATCHES(BYTES(BAT, 0x07))}, 0, "VHDX-B4",
     SEVERITY_PROBLEM},
    {"block behind the end", {DYNAMIC, .damage = VHDX_DAMAGE_PAST_END}, 0, "VHDX-B6",
     SEVERITY_PROBLEM},
    {"present block without place", {DYNAMIC, PATCHES(BYTES(BAT, 6, 0, 0))}, 0, "VHDX-B6",
     SEVERITY_PROBLEM},
    {"block at 2^64", {DYNAMIC, PATCHES(BYTES(BAT, 6, 0, 0xF0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF))}, 0,
     "VHDX-B6", SEVERITY_PROBLEM},
    {"block on the BAT", {DYNAMIC, PATCHES(BYTES(BAT, 6, 0, 0x30))}, 0, "VHDX-B7",
     SEVERITY_PROBLEM},
    {"block on the log", {DYNAMIC, PATCHES(BYTES(BAT, 6, 0, 0x10))}, 0, "VHDX-B7",
     SEVERITY_PROBLEM},
    {"blocks overlap", {DYNAMIC, .damage = VHDX_DAMAGE_OVERLAP}, 0, "VHDX-B8", SEVERITY_PROBLEM},
    {"large blocks overlap by half",
     {DYNAMIC, .block_size = 2 * MIB, PATCHES(BYTES(BAT + 8, 6, 0, 0x50))}, 0, "VHDX-B8",
     SEVERITY_PROBLEM},
    {"block on a trimmed one",
     {.kind = DISK_DYNAMIC, .blocks = trimmed, .blocks_count = 2,
      PATCHES(BYTES(BAT + 24, 6, 0, 0x50))},
     0, "VHDX-B9", SEVERITY_PROBLEM},
    {"trimmed block on a present one",
     {.kind = DISK_DYNAMIC, .blocks = trimmed, .blocks_count = 2,
      PATCHES(BYTES(BAT + 32, 3, 0, 0x60))},
     0, "VHDX-B9", SEVERITY_PROBLEM},
    {"sector bitmap of a dynamic disk",
     {.kind = DISK_DYNAMIC, .virtual_size = 5 * GIB, .block_size = 256 * MIB,
      PATCHES(BYTES(BAT + 16 * 8, 6, 0, 0x40))},
     0, "VHDX-B10", SEVERITY_PROBLEM},
    {"no sector bitmap", {CHILD, .damage = VHDX_DAMAGE_NO_BITMAP}, 0, "VHDX-B11",
     SEVERITY_PROBLEM},
    {"bitmap on a block", {CHILD, PATCHES(BYTES(BAT + 4096 * 8, 6, 0, 0x60))}, 0, "VHDX-B8",
     SEVERITY_PROBLEM},
    {"room at the end", {DYNAMIC, .file_size = 20 * MIB}, 0, "VHDX-B17", SEVERITY_INFO},
    {"fixed disk in another order", {.kind = DISK_FIXED, .damage = VHDX_SHUFFLED}, 0, "VHDX-B14",
     SEVERITY_INFO},
};

static bool note_is_there(const struct notes *notes, const struct damage *d)
{
    for (size_t i = 0; i < notes->count; i++)
        if (strcmp(notes->items[i].rule, d->rule) == 0)
            return notes->items[i].severity == d->severity;
    return false;
}

/* Damage that is information or a warning must not be dressed up as more by another rule. */
static bool worst_is_right(const struct notes *notes, const struct damage *d)
{
    return d->severity == SEVERITY_PROBLEM || notes_worst(notes) == d->severity;
}

static void test_damages(void **state)
{
    size_t failed = 0;

    for (size_t i = 0; i < ARRAY_SIZE(damages); i++) {
        const struct damage *d = &damages[i];
        struct notes notes = {0};
        struct disk *disk;
        io_source *source = made_vhdx(&d->recipe);
        int r = disk_open(&disk, source, &notes);
        if (r != d->status || !note_is_there(&notes, d) || !worst_is_right(&notes, d)) {
            print_error("%s: status %d, expected %d with %s\n", d->what, r, d->status, d->rule);
            print_notes(&notes);
            failed++;
        }
        disk_close(disk);
        io_unref(source);
        notes_free(&notes);
    }
    assert_int_equal(failed, 0);
}

static struct guid data_write_guid(const struct vhdx_recipe *recipe)
{
    struct vhdx_layout layout;

    vhdx_writer_layout(recipe, &layout);
    return layout.data_write_guid;
}

/* The torn copy carries a GUID that never was: the older, whole one counts. */
static void test_torn_header_is_not_believed(void **state)
{
    struct vhdx_recipe recipe = {DYNAMIC, .damage = VHDX_DAMAGE_HEADER_TORN};
    struct guid expected = data_write_guid(&recipe);
    CLEANUP(io_unref) io_source *source = made_vhdx(&recipe);
    CLEANUP(disk) struct disk *disk = NULL;

    assert_int_equal(disk_open(&disk, source, NULL), 0);
    assert_true(guid_equal(&disk_facts(disk)->data_write_guid, &expected));
    assert_int_equal(disk_facts(disk)->header_sequence, 10);
}

/* What can be trusted is told also of files that can't be used. */
static void test_facts_of_unusable_files(void **state)
{
    struct vhdx_recipe lost = {CHILD, .dirty = VHDX_DIRTY_LOST};
    struct vhdx_recipe headless = {CHILD, PATCHES(BYTES(0, 0, 0, 0, 0, 0, 0, 0, 0))};
    CLEANUP(io_unref) io_source *lost_source = made_vhdx(&lost);
    CLEANUP(io_unref) io_source *headless_source = made_vhdx(&headless);
    CLEANUP(disk) struct disk *a = NULL, *b = NULL;
    CLEANUP(io_unref) io_source *content = NULL;
    enum block_state block_state;
    uint64_t place;

    assert_int_equal(disk_open(&a, lost_source, NULL), -EBADMSG);
    assert_int_equal(disk_facts(a)->log, DISK_LOG_UNREPLAYABLE);
    assert_false(disk_facts(a)->has_counts); /* the BAT may be outdated */
    assert_true(disk_facts(a)->parent->has_linkage);
    assert_int_equal(disk_block(a, 0, &block_state, &place), -EBADMSG);
    assert_int_equal(disk_content_new(&content, &a, 1), -EBADMSG);

    assert_int_equal(disk_open(&b, headless_source, NULL), -EBADMSG);
    assert_int_equal(disk_facts(b)->kind, DISK_DIFFERENCING);
    assert_string_equal(disk_facts(b)->parent->relative_path, ".\\base.vhdx");
    assert_true(disk_facts(b)->has_counts);
}

static void test_incomplete_files_are_told(void **state)
{
    struct vhdx_recipe recipe = {DYNAMIC, .damage = VHDX_DAMAGE_INCOMPLETE};
    CLEANUP(io_unref) io_source *source = made_vhdx(&recipe);
    CLEANUP(disk) struct disk *disk = NULL;

    assert_int_equal(disk_open(&disk, source, NULL), 0);
    assert_true(disk_facts(disk)->incomplete);
}

static void test_linkage_in_upper_case(void **state)
{
    struct vhdx_recipe child = {
        CHILD_OF({"parent_linkage", "{83ED0EC3-24C8-49A6-A959-5E4BD1288791}"},
                 {"volume_path", "\\\\?\\Volume{9cdf8dfa-0000-0000-0000-501f00000000}\\b.vhdx"})};
    struct vhdx_recipe base = {DYNAMIC, .seed = 3};
    assert_true(guid_parse_string(LINKAGE, &base.data_write_guid));
    CLEANUP(io_unref) io_source *child_source = made_vhdx(&child), *base_source = made_vhdx(&base);
    CLEANUP(disk) struct disk *c = open_healthy(child_source), *b = open_healthy(base_source);

    assert_true(disk_linkage_matches(disk_facts(c), disk_facts(b)));
    assert_null(disk_facts(c)->parent->relative_path);
    assert_non_null(disk_facts(c)->parent->volume_path);
    assert_false(disk_facts(c)->parent->has_linkage2);
}

/* Either linkage will do; the zero GUID never does. */
static void test_linkage_rules(void **state)
{
    struct guid linkage = {{1}}, other = {{2}}, zero = {{0}};
    struct disk_parent recorded = {.linkage = linkage, .has_linkage = true};
    struct disk_facts child = {.parent = &recorded}, parent = {.data_write_guid = linkage};

    assert_true(disk_linkage_matches(&child, &parent));
    parent.data_write_guid = other;
    assert_false(disk_linkage_matches(&child, &parent));
    recorded.linkage2 = other;
    recorded.has_linkage2 = true;
    assert_true(disk_linkage_matches(&child, &parent));
    recorded.linkage2 = zero;
    parent.data_write_guid = zero;
    assert_false(disk_linkage_matches(&child, &parent));
    parent.data_write_guid = linkage;
    parent.format = DISK_VHD;
    assert_false(disk_linkage_matches(&child, &parent));
    child.parent = NULL;
    assert_false(disk_linkage_matches(&child, &parent));
}

/* A block that breaks a rule can't be read; its neighbours can. */
static void test_broken_blocks_are_not_read(void **state)
{
    struct vhdx_recipe recipe = {DYNAMIC, .virtual_size = 8 * MIB,
                                 PATCHES(BYTES(BAT, 5), BYTES(BAT + 16, 6, 0, 0, 0, 1))};
    CLEANUP(io_unref) io_source *source = made_vhdx(&recipe), *content = NULL;
    CLEANUP(disk) struct disk *disk = NULL;
    uint8_t bytes[512];

    assert_int_equal(disk_open(&disk, source, NULL), 0);
    assert_int_equal(disk_content_new(&content, &disk, 1), 0);
    assert_int_equal(io_read(content, 0, bytes, sizeof(bytes)), -EBADMSG);
    assert_int_equal(io_read(content, MIB, bytes, sizeof(bytes)), 0);
    assert_int_equal(io_read(content, 2 * MIB, bytes, sizeof(bytes)), -EBADMSG);
    assert_int_equal(io_read(content, 3 * MIB, bytes, sizeof(bytes)), 0);
}

/* A sector bitmap that is not there is not read, even where its entry names a place. */
static void test_absent_bitmap_is_not_read(void **state)
{
    struct vhdx_recipe recipe = {CHILD, PATCHES(BYTES(BAT + 4096 * 8, 0, 0, 0x40))};
    CLEANUP(io_unref) io_source *source = made_vhdx(&recipe);
    CLEANUP(disk) struct disk *disk = NULL;
    uint8_t bits[256];

    assert_int_equal(disk_open(&disk, source, NULL), 0);
    assert_int_equal(disk_block_sectors(disk, 0, bits), -EBADMSG);
}

/* A million broken entries are one note. */
static void test_notes_do_not_flood(void **state)
{
    struct vhdx_blocks all[] = {{.first = 0, .count = 4000, .state = 5}};
    struct vhdx_recipe recipe = {.kind = DISK_DYNAMIC, .virtual_size = 4000 * MIB, .blocks = all,
                                 .blocks_count = 1};
    CLEANUP(notes) struct notes notes = {0};
    CLEANUP(io_unref) io_source *source = made_vhdx(&recipe);
    CLEANUP(disk) struct disk *disk = NULL;

    assert_int_equal(disk_open(&disk, source, &notes), 0);
    assert_has_note(&notes, "VHDX-B3", SEVERITY_PROBLEM);
    assert_int_equal(notes.count, 1);
    assert_int_equal(disk_facts(disk)->blocks[5], 4000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_damages),
        cmocka_unit_test(test_torn_header_is_not_believed),
        cmocka_unit_test(test_facts_of_unusable_files),
        cmocka_unit_test(test_incomplete_files_are_told),
        cmocka_unit_test(test_linkage_in_upper_case),
        cmocka_unit_test(test_linkage_rules),
        cmocka_unit_test(test_broken_blocks_are_not_read),
        cmocka_unit_test(test_absent_bitmap_is_not_read),
        cmocka_unit_test(test_notes_do_not_flood),
    };

    return cmocka_run_group_tests_name("vhdx-damage", tests, NULL, NULL);
}

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* VHDX files that Windows, disk2vhd and qemu wrote: what is in them, and that nothing is wrong. */
#include "disk_testing.h"

#include "base/bytes.h"
#include "base/checked.h"
#include "base/cleanup.h"
#include "base/crc.h"
#include "base/strbuf.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static const struct sample {
    const char *name;
    enum disk_kind kind;
    uint64_t virtual_size;
    uint32_t block_size, physical_sector_size;
    const char *creator, *data_write_guid, *virtual_disk_id;
    uint64_t sequence;
    uint64_t blocks[BLOCK_STATES];
} samples[] = {
    {"btrfs.vhdx.gz", DISK_DYNAMIC, GIB, 32 * MIB, 4096, "Microsoft Windows 10.0.15063.0",
     "f8f17a4f-f9cc-4303-86e8-50f9cf42c339", "d38d4f63-596a-467e-b103-506dab1b3208", 19,
     {29, 0, 1, 0, 0, 0, 2, 0}},
    {"iotest-dynamic-1G.vhdx.bz2", DISK_DYNAMIC, GIB, 32 * MIB, 4096,
     "Microsoft Windows 6.2.9200.16384", "d247cbb2-15b6-404b-9133-790733d694c0",
     "fc7209f1-f6eb-4616-9b77-e994e3017ddd", 15, {0, 0, 29, 0, 0, 0, 3, 0}},
    {"lvm2.vhdx.gz", DISK_DYNAMIC, 10 * GIB, 32 * MIB, 4096, "Microsoft Windows 10.0.14393.0",
     "41c5fa47-ebef-4bb5-974b-8a9a9f8de565", "6d0ff0aa-ac39-4c6e-acde-fb0e5e50f5e6", 99,
     {238, 0, 39, 25, 0, 0, 18, 0}},
    {"ntfs-dynamic.vhdx.gz", DISK_DYNAMIC, 4 * MIB, 32 * MIB, 4096,
     "Microsoft Windows 10.0.19041.0", "b87a16be-01fa-444d-bb2e-6f7d84832202",
     "affecd75-3b3c-44dc-a069-b929c0de6005", 11, {0, 0, 0, 0, 0, 0, 1, 0}},
    {"ntfs-fixed.vhdx.gz", DISK_FIXED, 4 * MIB, 2 * MIB, 4096, "Microsoft Windows 10.0.19041.0",
     "392e3c45-7dbf-4bf4-911f-cc0d255448d3", "c2583c64-de7e-4c9f-8613-216fc8613fb3", 7,
     {0, 0, 0, 0, 0, 0, 2, 0}},
    {"ntfs-parent.vhdx.gz", DISK_FIXED, 4 * MIB, 2 * MIB, 4096, "Microsoft Windows 10.0.19041.0",
     "7584f8fb-36d3-4091-afb5-b1afe587bfa8", "d62318cc-56ce-42e2-898d-16e1d1c9843e", 7,
     {0, 0, 0, 0, 0, 0, 2, 0}},
    {"swap.vhdx.gz", DISK_DYNAMIC, 10 * GIB, 32 * MIB, 4096, "Microsoft Windows 10.0.14393.0",
     "e07e1087-f0ff-4f0c-a72d-3feb69c6d4e6", "d2aa69e7-866c-428d-bd27-1c5776845258", 11,
     {318, 0, 1, 0, 0, 0, 1, 0}},
    {"test-disk2vhd.vhdx.bz2", DISK_DYNAMIC, 256 * MIB, 2 * MIB, 512, "d2v",
     "fd03891c-29e5-4ad6-8ee1-7198d3b1e263", "7a5a2cd2-ee6e-459f-aab5-195a3a5892b9", 1,
     {0, 0, 0, 0, 0, 0, 128, 0}},
    {"windows-fixed.vhdx.gz", DISK_FIXED, 10 * MIB, 2 * MIB, 4096,
     "Microsoft Windows 10.0.18363.0", "bfc189a1-751c-44ff-b60f-98d07b2950c0",
     "4a49d245-db0a-4634-9818-9f93db5ba6c1", 7, {0, 0, 0, 0, 0, 0, 5, 0}},
    {"ntfs-differential.vhdx.gz", DISK_DIFFERENCING, 4 * MIB, 2 * MIB, 4096,
     "Microsoft Windows 10.0.19041.0", "305abbc8-cef4-45ea-aee8-42ee5c891b06",
     "d62318cc-56ce-42e2-898d-16e1d1c9843e", 11, {0, 0, 0, 0, 0, 0, 0, 2}},
};

/* Each sample is unpacked once; the descriptor is also the file that qemu-img reads. */
static int open_sample(const char *name, io_source **source)
{
    static struct {
        const char *name;
        int fd;
    } unpacked[ARRAY_SIZE(samples) + 1];
    size_t i = 0;

    while (unpacked[i].name && strcmp(unpacked[i].name, name) != 0)
        i++;
    if (!unpacked[i].name) {
        char *path = string_printf("vhdx/%s", name);
        int fd = sample_file(path);
        free(path); /* skip() leaves without cleaning up */
        if (fd < 0)
            skip();
        unpacked[i].name = name;
        unpacked[i].fd = fd;
    }
    *source = fd_source(dup(unpacked[i].fd));
    return unpacked[i].fd;
}

static void assert_guid(const struct guid *guid, const char *expected)
{
    char text[GUID_TEXT_SIZE];

    assert_string_equal(guid_format(guid, text), expected);
}

static void check_facts(const struct disk_facts *facts, const struct sample *s)
{
    uint64_t allocated = s->blocks[BLOCK_FULLY_PRESENT] + s->blocks[BLOCK_PARTIALLY_PRESENT];

    assert_int_equal(facts->format, DISK_VHDX);
    assert_int_equal(facts->kind, s->kind);
    assert_int_equal(facts->virtual_size, s->virtual_size);
    assert_int_equal(facts->block_size, s->block_size);
    assert_int_equal(facts->logical_sector_size, 512);
    assert_int_equal(facts->physical_sector_size, s->physical_sector_size);
    assert_string_equal(facts->creator, s->creator);
    assert_guid(&facts->data_write_guid, s->data_write_guid);
    assert_guid(&facts->virtual_disk_id, s->virtual_disk_id);
    assert_true(facts->has_virtual_disk_id && facts->has_file_write_guid);
    assert_int_equal(facts->header_sequence, s->sequence);
    assert_int_equal(facts->log, DISK_LOG_CLEAN);
    assert_true(facts->has_counts && facts->has_partial_blocks);
    assert_memory_equal(facts->blocks, s->blocks, sizeof(s->blocks));
    assert_int_equal(facts->allocated_blocks, allocated);
    assert_int_equal(facts->allocated_bytes, allocated * s->block_size);
    assert_int_equal(facts->partial_blocks, s->blocks[BLOCK_PARTIALLY_PRESENT]);
    assert_false(facts->incomplete);
    assert_int_equal(!!facts->parent, s->kind == DISK_DIFFERENCING);
}

static void test_healthy_samples(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
        CLEANUP(io_unref) io_source *source = NULL;
        open_sample(samples[i].name, &source);
        CLEANUP(disk) struct disk *disk = open_healthy(source);
        check_facts(disk_facts(disk), &samples[i]);
        assert_int_equal(disk_probe(source), DISK_PROBE_VHDX);
    }
}

static void test_equal_sequences_are_information(void **state)
{
    CLEANUP(notes) struct notes notes = {0};
    CLEANUP(io_unref) io_source *source = NULL;
    CLEANUP(disk) struct disk *disk = NULL;

    open_sample("test-disk2vhd.vhdx.bz2", &source);
    assert_int_equal(disk_open(&disk, source, &notes), 0);
    assert_has_note(&notes, "VHDX-H4", SEVERITY_INFO);
}

static void test_differencing_pair(void **state)
{
    CLEANUP(io_unref) io_source *child_source = NULL, *parent_source = NULL;
    open_sample("ntfs-differential.vhdx.gz", &child_source);
    open_sample("ntfs-parent.vhdx.gz", &parent_source);
    CLEANUP(disk) struct disk *child = open_healthy(child_source);
    CLEANUP(disk) struct disk *parent = open_healthy(parent_source);
    const struct disk_parent *recorded = disk_facts(child)->parent;

    assert_true(disk_linkage_matches(disk_facts(child), disk_facts(parent)));
    assert_false(disk_linkage_matches(disk_facts(child), disk_facts(child)));
    assert_false(disk_linkage_matches(disk_facts(parent), disk_facts(child)));
    assert_guid(&recorded->linkage, "7584f8fb-36d3-4091-afb5-b1afe587bfa8");
    assert_true(recorded->has_linkage && recorded->has_linkage2);
    assert_true(guid_is_zero(&recorded->linkage2));
    assert_string_equal(recorded->relative_path, ".\\ntfs-parent.vhdx");
    assert_string_equal(recorded->absolute_path, "C:\\Projects\\dfvfs\\test_data\\ntfs-parent.vhdx");
    assert_string_equal(recorded->volume_path,
                        "\\\\?\\Volume{9cdf8dfa-0000-0000-0000-501f00000000}\\Projects\\dfvfs\\"
                        "test_data\\ntfs-parent.vhdx");
    assert_int_equal(recorded->entry_count, 5);
    assert_string_equal(recorded->entries[4].key, "parent_linkage2");
}

static void test_content_of_the_pair(void **state)
{
    CLEANUP(io_unref) io_source *child_source = NULL, *parent_source = NULL, *content = NULL;
    open_sample("ntfs-differential.vhdx.gz", &child_source);
    open_sample("ntfs-parent.vhdx.gz", &parent_source);
    CLEANUP(disk) struct disk *child = open_healthy(child_source);
    CLEANUP(disk) struct disk *parent = open_healthy(parent_source);
    struct disk *chain[] = {child, parent};
    CLEANUP_FREE uint8_t *bytes = malloc(4 * MIB);

    assert_int_equal(disk_content_new(&content, chain, 1), -EXDEV);
    assert_int_equal(disk_content_new(&content, chain, 2), 0);
    assert_int_equal(io_size(content), 4 * MIB);
    assert_int_equal(io_read(content, 0, bytes, 4 * MIB), 0);
    assert_int_equal(load_le16(bytes + 510), 0xAA55);
    /* libvhdi reads the same 4 MiB of this pair. */
    assert_int_equal(crc32c(0, bytes, 4 * MIB), 0x6726A800u);
}

static void test_dirty_log(void **state)
{
    CLEANUP(notes) struct notes notes = {0};
    CLEANUP(io_unref) io_source *source = NULL;
    CLEANUP(disk) struct disk *disk = NULL;
    uint8_t raw[4096], replayed[4096];

    open_sample("iotest-dirtylog-10G-4M.vhdx.bz2", &source);
    assert_int_equal(disk_open(&disk, source, &notes), 0);
    assert_healthy(&notes);
    assert_has_note(&notes, "VHDX-H14", SEVERITY_INFO);
    const struct disk_facts *facts = disk_facts(disk);
    assert_int_equal(facts->log, DISK_LOG_REPLAYED);
    assert_int_equal(facts->log_entries, 1); /* six more carry older identifiers */
    assert_int_equal(facts->blocks[BLOCK_FULLY_PRESENT], 18);
    assert_int_equal(facts->blocks[BLOCK_NOT_PRESENT], 10222);
    assert_string_equal(facts->creator, "QEMU v1.6.50");
    /* The page of the BAT that the log rewrites. */
    assert_int_equal(io_read(source, 0x200000, raw, sizeof(raw)), 0);
    assert_int_equal(io_read(disk_replayed_source(disk), 0x200000, replayed, sizeof(replayed)), 0);
    assert_memory_not_equal(raw, replayed, sizeof(raw));
    assert_true(io_size(disk_replayed_source(disk)) >= io_size(source));
}

/* Everything of small disks; the edges of each block of large ones. */
static void compare_range(io_source *ours, io_source *theirs, uint64_t offset, uint64_t length)
{
    static uint8_t a[256 * KIB], b[256 * KIB];

    for (uint64_t done = 0; done < length; done += sizeof(a)) {
        size_t n = (size_t)min_u64(sizeof(a), length - done);
        assert_int_equal(io_read(ours, offset + done, a, n), 0);
        assert_int_equal(io_read(theirs, offset + done, b, n), 0);
        assert_memory_equal(a, b, n);
    }
}

static void compare_disks(struct disk *disk, io_source *raw)
{
    CLEANUP(io_unref) io_source *content = NULL;
    const struct disk_facts *facts = disk_facts(disk);
    uint64_t edge = facts->virtual_size <= 256 * MIB ? facts->block_size : MIB;

    assert_int_equal(disk_content_new(&content, &disk, 1), 0);
    assert_int_equal(io_size(content), io_size(raw));
    for (uint64_t block = 0; block < disk_block_count(disk); block++) {
        uint64_t start = block * facts->block_size;
        uint64_t length = min_u64(facts->block_size, facts->virtual_size - start);
        enum block_state block_state;
        uint64_t place;
        assert_int_equal(disk_block(disk, block, &block_state, &place), 0);
        uint64_t part = min_u64(block_state == BLOCK_FULLY_PRESENT ? edge : 64 * KIB, length);
        compare_range(content, raw, start, part);
        compare_range(content, raw, start + length - part, part);
    }
}

/* qemu-img as a second reader; it wants a file to which it may write when a log is to be replayed. */
static void compare_with_qemu(const char *name, const char *repair)
{
    CLEANUP(io_unref) io_source *source = NULL;
    int fd = open_sample(name, &source), raw = memory_file();
    int copy = memory_file();
    CLEANUP(disk) struct disk *disk = NULL;

    assert_int_equal(disk_open(&disk, source, NULL), 0);
    assert_true(run("cp --sparse=always /proc/%d/fd/%d /proc/%d/fd/%d", getpid(), fd, getpid(), copy));
    assert_true(run("%s -f vhdx -q /proc/%d/fd/%d", repair, getpid(), copy));
    assert_true(run("qemu-img convert -f vhdx -O raw /proc/%d/fd/%d /proc/%d/fd/%d", getpid(), copy,
                    getpid(), raw));
    CLEANUP(io_unref) io_source *theirs = fd_source(raw);
    compare_disks(disk, theirs);
    close(copy);
}

static void test_content_equals_qemu(void **state)
{
    if (!have_program("qemu-img"))
        skip();
    for (size_t i = 0; i < ARRAY_SIZE(samples); i++)
        if (samples[i].kind != DISK_DIFFERENCING)
            compare_with_qemu(samples[i].name, "true");
    compare_with_qemu("iotest-dirtylog-10G-4M.vhdx.bz2", "qemu-img check -r all >/dev/null");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_healthy_samples),
        cmocka_unit_test(test_equal_sequences_are_information),
        cmocka_unit_test(test_differencing_pair),
        cmocka_unit_test(test_content_of_the_pair),
        cmocka_unit_test(test_dirty_log),
        cmocka_unit_test(test_content_equals_qemu),
    };

    return cmocka_run_group_tests_name("vhdx-samples", tests, NULL, NULL);
}

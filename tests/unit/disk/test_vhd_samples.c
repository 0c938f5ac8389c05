/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* VHD files that Windows and disk2vhd wrote: what is in them, and that nothing is wrong. */
#include "disk_testing.h"

#include "base/bytes.h"
#include "base/checked.h"
#include "base/cleanup.h"
#include "base/strbuf.h"

#include <stdlib.h>
#include <unistd.h>

static const struct sample {
    const char *name;
    enum disk_kind kind;
    uint64_t virtual_size, allocated, partial;
    const char *creator, *created, *id;
} samples[] = {
    {"ntfs-parent.vhd.gz", DISK_FIXED, 4 * MIB, 0, 0, "win 10.0 (Wi2k)", "2020-10-11T11:37:51Z",
     "0092eae7-9384-4e95-a816-9572339be931"},
    {"ntfs-differential.vhd.gz", DISK_DIFFERENCING, 4 * MIB, 2, 2, "win 10.0 (Wi2k)",
     "2020-10-11T11:37:55Z", "e2a42f72-c459-45c6-8456-ddb430ac4a19"},
    {"ntfs-dynamic.vhd.gz", DISK_DYNAMIC, 4 * MIB, 2, 0, "win 10.0 (Wi2k)", "2020-10-11T11:37:46Z",
     "77951bb7-8cb8-4616-993c-471798ca53ee"},
    {"hyperv2012r2-dynamic.vhd.bz2", DISK_DYNAMIC, 127 * GIB, 0, 0, "win 6.3 (Wi2k)",
     "2016-02-19T08:29:43Z", "c85f2d6d-baee-4cde-8cee-de3a12db7c98"},
    {"d2v-zerofilled.vhd.bz2", DISK_DYNAMIC, 263454720, 126, 0, "d2v 1.0 (Wi2k)",
     "2016-02-25T16:51:27Z", "fd29b8e7-6de6-49ba-ac19-6ebdab26cea3"},
};

static int sample_fd(const char *name)
{
    char *path = string_printf("vhd/%s", name);
    int fd = sample_file(path);

    free(path); /* skip() leaves without cleaning up */
    if (fd < 0)
        skip();
    return fd;
}

static void assert_guid(const struct guid *guid, const char *expected)
{
    char text[GUID_TEXT_SIZE];

    assert_string_equal(guid_format(guid, text), expected);
}

static void check_facts(const struct disk *disk, const struct sample *s)
{
    const struct disk_facts *facts = disk_facts(disk);
    uint64_t blocks = s->kind == DISK_FIXED ? 0 : div_round_up(s->virtual_size, 2 * MIB);
    char created[WHEN_TEXT_SIZE];

    assert_int_equal(facts->format, DISK_VHD);
    assert_int_equal(facts->kind, s->kind);
    assert_int_equal(facts->virtual_size, s->virtual_size);
    assert_int_equal(facts->block_size, s->kind == DISK_FIXED ? 0 : 2 * MIB);
    assert_int_equal(facts->logical_sector_size, 512);
    assert_int_equal(facts->physical_sector_size, 512);
    assert_string_equal(facts->creator, s->creator);
    assert_string_equal(when_format(facts->created, WHEN_SECONDS, created), s->created);
    assert_guid(&facts->data_write_guid, s->id);
    assert_false(facts->has_virtual_disk_id || facts->has_file_write_guid || facts->saved_state);
    assert_int_equal(facts->log, DISK_LOG_NONE);
    assert_true(facts->has_counts && facts->has_partial_blocks);
    assert_int_equal(disk_block_count(disk), blocks);
    assert_int_equal(facts->allocated_blocks, s->allocated);
    assert_int_equal(facts->allocated_bytes,
                     s->kind == DISK_FIXED ? s->virtual_size : s->allocated * 2 * MIB);
    assert_int_equal(facts->partial_blocks, s->partial);
    assert_int_equal(facts->blocks[BLOCK_PARTIALLY_PRESENT], s->partial);
    assert_int_equal(facts->blocks[BLOCK_FULLY_PRESENT], s->allocated - s->partial);
    assert_int_equal(facts->blocks[BLOCK_NOT_PRESENT], blocks - s->allocated);
    assert_int_equal(!!facts->parent, s->kind == DISK_DIFFERENCING);
}

/* qemu-img as a second reader of what it can read. */
static void compare_with_qemu(struct disk *disk, int fd)
{
    static uint8_t a[MIB], b[MIB];
    CLEANUP(io_unref) io_source *content = NULL;
    int raw = memory_file();

    assert_true(run("qemu-img convert -f vpc -O raw /proc/%d/fd/%d /proc/%d/fd/%d", getpid(), fd,
                    getpid(), raw));
    CLEANUP(io_unref) io_source *theirs = fd_source(raw);
    assert_int_equal(disk_content_new(&content, &disk, 1), 0);
    assert_int_equal(io_size(content), io_size(theirs));
    /* The whole of small disks, one part in 64 of large ones. */
    uint64_t step = io_size(content) > GIB ? 64 * MIB : MIB;
    for (uint64_t at = 0; at < io_size(content); at += step) {
        size_t n = (size_t)min_u64(sizeof(a), io_size(content) - at);
        assert_int_equal(io_read(content, at, a, n), 0);
        assert_int_equal(io_read(theirs, at, b, n), 0);
        assert_memory_equal(a, b, n);
    }
}

static void test_samples(void **state)
{
    bool qemu = have_program("qemu-img");

    for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
        int fd = sample_fd(samples[i].name);
        CLEANUP(io_unref) io_source *source = fd_source(fd);
        CLEANUP(disk) struct disk *disk = open_healthy(source);
        assert_int_equal(disk_probe(source), DISK_PROBE_VHD);
        check_facts(disk, &samples[i]);
        if (qemu && samples[i].kind != DISK_DIFFERENCING)
            compare_with_qemu(disk, fd);
    }
}

static void test_differencing_pair(void **state)
{
    CLEANUP(io_unref) io_source *child_source = fd_source(sample_fd("ntfs-differential.vhd.gz"));
    CLEANUP(io_unref) io_source *parent_source = fd_source(sample_fd("ntfs-parent.vhd.gz"));
    CLEANUP(io_unref) io_source *other_source = fd_source(sample_fd("ntfs-dynamic.vhd.gz"));
    CLEANUP(disk) struct disk *child = open_healthy(child_source);
    CLEANUP(disk) struct disk *parent = open_healthy(parent_source);
    CLEANUP(disk) struct disk *other = open_healthy(other_source);
    const struct disk_parent *recorded = disk_facts(child)->parent;

    assert_true(disk_linkage_matches(disk_facts(child), disk_facts(parent)));
    assert_false(disk_linkage_matches(disk_facts(child), disk_facts(child)));
    assert_false(disk_linkage_matches(disk_facts(child), disk_facts(other)));
    assert_true(recorded->has_linkage);
    assert_false(recorded->has_linkage2);
    assert_string_equal(recorded->relative_path, ".\\ntfs-parent.vhd");
    assert_string_equal(recorded->absolute_path, "C:\\Projects\\dfvfs\\test_data\\ntfs-parent.vhd");
    assert_null(recorded->volume_path);
    assert_int_equal(recorded->parent_time, 0);
    assert_int_equal(recorded->entry_count, 3);
    assert_string_equal(recorded->entries[1].key, "W2ku");
    assert_string_equal(recorded->entries[2].key, "W2ru");
}

/* The file table of the volume inside was rewritten in the child, in pages of 4 KiB. */
static void test_content_of_the_pair(void **state)
{
    CLEANUP(io_unref) io_source *child_source = fd_source(sample_fd("ntfs-differential.vhd.gz"));
    CLEANUP(io_unref) io_source *parent_source = fd_source(sample_fd("ntfs-parent.vhd.gz"));
    CLEANUP(io_unref) io_source *content = NULL;
    CLEANUP(disk) struct disk *child = open_healthy(child_source);
    CLEANUP(disk) struct disk *parent = open_healthy(parent_source);
    struct disk *chain[] = {child, parent};
    uint8_t bits[512], ours[512], below[512];
    uint64_t here = 0, place;
    enum block_state block_state;

    assert_int_equal(disk_content_new(&content, chain, 2), 0);
    for (uint64_t block = 0; block < 2; block++) {
        assert_int_equal(disk_block(child, block, &block_state, &place), 0);
        assert_int_equal(block_state, BLOCK_PARTIALLY_PRESENT);
        assert_int_equal(disk_block_sectors(child, block, bits), 0);
        for (uint64_t s = 0; s < 4096; s++) {
            uint64_t at = block * 2 * MIB + s * 512;
            bool in_child = bits[s / 8] >> s % 8 & 1;
            here += in_child;
            assert_int_equal(io_read(content, at, ours, 512), 0);
            assert_int_equal(io_read(in_child ? child_source : parent_source,
                                     in_child ? place + s * 512 : at, below, 512), 0);
            assert_memory_equal(ours, below, 512);
        }
    }
    assert_int_equal(here, (22 + 4) * 8);
    assert_int_equal(io_read(content, 0, ours, 512), 0);
    assert_int_equal(load_le16(ours + 510), 0xAA55);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_samples),
        cmocka_unit_test(test_differencing_pair),
        cmocka_unit_test(test_content_of_the_pair),
    };

    return cmocka_run_group_tests_name("vhd-samples", tests, NULL, NULL);
}

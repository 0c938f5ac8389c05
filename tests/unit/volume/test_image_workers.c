/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Images that libewf and libqcow unpack, each in a process of its own. */
#include "../group_workers.h"
#include "../testing.h"
#include "../temporary.h"

#include "image_testing.h"
#include "ntfs_samples.h"

#include "base/bytes.h"
#include "base/checked.h"
#include "base/cleanup.h"
#include "os/os_file.h"

#define PIECE 32768 /* a chunk of the E01 */

/* A copy of the sample that may be written. */
static void fetch(const char *sample, const char *to)
{
    CLEANUP_FREE char *packed = sample_packed_path(sample);

    if (access(packed, R_OK) != 0) {
        printf("skipped: no sample %s\n", packed);
        skip();
    }
    assert_true(shell("cp '%s' '%s' && chmod u+w '%s'", packed, to, to));
}

static void need(const char *program)
{
    if (!have_program(program)) {
        printf("skipped: no %s\n", program);
        skip();
    }
}

static io_source *opened(const char *path)
{
    io_source *file;

    assert_int_equal(os_file_open(path, false, &file), 0);
    return file;
}

struct comparison {
    size_t same, refused;
};

/* Piece by piece. Fails the test where one differs, or is refused for other reasons than damage. */
static struct comparison compare(io_source *ours, io_source *theirs)
{
    static uint8_t a[PIECE], b[PIECE];
    struct comparison c = {0};

    assert_int_equal(io_size(ours), io_size(theirs));
    for (uint64_t at = 0; at < io_size(theirs); at += PIECE) {
        size_t n = (size_t)min_u64(PIECE, io_size(theirs) - at);
        int r = io_read(ours, at, a, n);
        assert_int_equal(io_read(theirs, at, b, n), 0);
        if (r == 0)
            assert_memory_equal(a, b, n);
        else if (r != -ENODATA) /* a part of the piece */
            assert_int_equal(r, -EBADMSG);
        *(r == 0 ? &c.same : &c.refused) += 1;
    }
    return c;
}

static void check_whole(const char *path, const char *raw, enum image_container container)
{
    CLEANUP(io_unref) io_source *theirs = opened(raw);
    CLEANUP(notes) struct notes notes = {0};
    struct image image;

    assert_int_equal(image_open(&image, path, &(struct image_tools){group_workers}, &notes), 0);
    assert_int_equal(notes.count, 0);
    assert_int_equal(image.container, container);
    assert_int_equal(compare(image.disk, theirs).refused, 0);
    image_close(&image);
}

static void check_volumes(const char *path, const char *raw)
{
    CLEANUP_FREE char *ours = image_contents(path, group_workers);
    CLEANUP_FREE char *theirs = image_contents(raw, NULL);

    assert_string_equal(ours, theirs);
    assert_non_null(strchr(ours, ' ')); /* an entry at least */
}

static void test_ewf(void **state)
{
    fetch("ntfs/test.ntfs.dd.E01", "a.E01");
    need("ewfexport");
    assert_true(shell("ewfexport -u -q -f raw -t a a.E01 > log 2>&1"));
    check_whole("a.E01", "a.raw", IMAGE_EWF);
    check_volumes("a.E01", "a.raw");
}

static void test_qcow(void **state)
{
    fetch("ntfs/usnjrnl.qcow2", "a.qcow2");
    need("qemu-img");
    assert_true(shell("qemu-img convert -O raw a.qcow2 a.raw"));
    check_whole("a.qcow2", "a.raw", IMAGE_QCOW2);
    check_volumes("a.qcow2", "a.raw");
}

static void test_qcow_kinds(void **state)
{
    static const char *const kinds[] = {"-c", "-o compat=0.10,cluster_size=4k",
                                        "-o cluster_size=2M", "-c -o cluster_size=512"};

    need("qemu-io");
    CLEANUP_FREE char *raw = image_sample("ntfs.raw");
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        assert_true(shell("qemu-img convert -O qcow2 %s '%s' k.qcow2", kinds[i], raw));
        check_whole("k.qcow2", raw, IMAGE_QCOW2);
        check_volumes("k.qcow2", raw);
    }
}

static void test_qcow_zero_clusters(void **state)
{
    need("qemu-io");
    assert_true(shell("qemu-img create -q -f qcow2 z.qcow2 10000k && "
                      "qemu-io -c 'write -P 0x55 0 4M' -c 'write -z 1M 1M' -c 'write -z -u 2M 1M' "
                      "-c 'write -z 5M 1M' -c 'write -z 9M 784k' z.qcow2 > log && "
                      "qemu-img convert -O raw z.qcow2 z.raw"));
    check_whole("z.qcow2", "z.raw", IMAGE_QCOW2);
}

static void refused(const char *path, int error, const char *rule, const char *reason)
{
    CLEANUP(notes) struct notes notes = {0};
    struct image image;

    assert_int_equal(image_open(&image, path, &(struct image_tools){group_workers}, &notes), error);
    assert_int_equal(notes.count, 1);
    assert_string_equal(notes.items[0].rule, rule);
    assert_int_equal(notes.items[0].severity, SEVERITY_PROBLEM);
    if (!strstr(notes.items[0].text, reason))
        fail_msg("%s", notes.items[0].text);
}

static void poke(const char *path, uint64_t offset, const void *bytes, size_t length)
{
    FILE *file = fopen(path, "r+b");

    assert_non_null(file);
    assert_int_equal(fseek(file, (long)offset, SEEK_SET), 0);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

/* A field of the header of a fresh copy. */
static void poke_qcow(uint64_t offset, uint32_t value)
{
    uint8_t bytes[4];

    fetch("ntfs/usnjrnl.qcow2", "b.qcow2");
    store_be32(bytes, value);
    poke("b.qcow2", offset, bytes, sizeof(bytes));
}

static void test_qcow_refused(void **state)
{
    static const struct {
        uint64_t offset;
        uint32_t value;
        int error;
        const char *reason;
    } cases[] = {
        {0x04, 77, -EBADMSG, "damaged, or of a version"},
        {0x0C, 512, -EXDEV, "another file"}, /* a backing file */
        {0x14, 0, -EBADMSG, "damaged"},      /* cluster_bits */
        {0x14, 63, -EBADMSG, "damaged"},
        {0x18, 0x00E80000, -EBADMSG, "damaged"}, /* a size of which the tables know nothing */
        {0x20, 1, -ENOKEY, "encrypted"},
        {0x28, 0x7FFFFFFF, -EBADMSG, "damaged"}, /* l1_table_offset */
        {0x48, 0x80, -EBADMSG, "damaged"},       /* a feature that nobody knows */
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        poke_qcow(cases[i].offset, cases[i].value);
        refused("b.qcow2", cases[i].error, "IMAGE-CONTAINER", cases[i].reason);
    }
}

/* Every piece of what remains is right or refused; or the image is, with a note. */
static struct comparison damaged(const char *path, const char *raw)
{
    CLEANUP(io_unref) io_source *theirs = opened(raw);
    CLEANUP(notes) struct notes notes = {0};
    struct comparison c = {0};
    struct image image;

    int r = image_open(&image, path, &(struct image_tools){group_workers}, &notes);
    if (r < 0) {
        assert_true(notes.count > 0);
        c.refused = 1;
        return c;
    }
    c = compare(image.disk, theirs);
    image_close(&image);
    return c;
}

static void test_ewf_damaged(void **state)
{
    static const long places[] = {59990, 60000, 100000, 150000};
    CLEANUP_FREE char *raw = image_sample("e01.raw");

    for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
        fetch("ntfs/test.ntfs.dd.E01", "d.E01");
        poke("d.E01", (uint64_t)places[i], "XXXXXXXXXXXXXXXX", 16);
        struct comparison c = damaged("d.E01", raw);
        assert_true(c.refused > 0);
        assert_true(c.same > 300); /* of 320: one chunk does not take the others with it */
    }
}

static void test_ewf_cut(void **state)
{
    static const long sizes[] = {8, 13, 14, 100, 1000, 3000, 50000, 100000, 200000, 210000};
    CLEANUP_FREE char *raw = image_sample("e01.raw");

    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        fetch("ntfs/test.ntfs.dd.E01", "c.E01");
        assert_int_equal(truncate("c.E01", sizes[i]), 0);
        struct comparison c = damaged("c.E01", raw);
        if (sizes[i] < 200000) /* behind lie the tables and what is said of the case */
            assert_true(c.refused > 0);
    }
    fetch("ntfs/test.ntfs.dd.E01", "c.E01");
    assert_int_equal(truncate("c.E01", 1000), 0);
    CLEANUP(notes) struct notes notes = {0};
    struct image image;
    assert_int_equal(image_open(&image, "c.E01", &(struct image_tools){group_workers}, &notes),
                     -EBADMSG);
}

static void test_qcow_cut(void **state)
{
    static const long sizes[] = {8, 40, 104, 65536, 200000, 262144, 1000000};
    CLEANUP_FREE char *raw = image_sample("usnjrnl.raw");

    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        fetch("ntfs/usnjrnl.qcow2", "c.qcow2");
        assert_int_equal(truncate("c.qcow2", sizes[i]), 0);
        assert_true(damaged("c.qcow2", raw).refused > 0);
    }
}

static void test_parts(void **state)
{
    need("ewfacquire");
    CLEANUP_FREE char *raw = image_sample("ntfs.raw");
    assert_true(shell("cat '%s' /bin/sh > p.raw && truncate -s %%512 p.raw && "
                      "ewfacquire -u -q -c none -S 1048576 -t p p.raw > log 2>&1",
                      raw));
    assert_int_equal(access("p.E04", R_OK), 0);
    check_whole("p.E01", "p.raw", IMAGE_EWF);
    check_volumes("p.E01", "p.raw");
    assert_true(shell("rm \"$(ls p.E* | tail -1)\"")); /* the last part */
    assert_true(damaged("p.E01", "p.raw").refused > 0);
    assert_int_equal(remove("p.E02"), 0);
    assert_true(damaged("p.E01", "p.raw").refused > 0);
}

/* A fixed VHD whose footer claims more bytes than there are. */
static void test_damaged_vhd(void **state)
{
    CLEANUP_FREE char *path = image_sample("charlie.raw");
    CLEANUP(notes) struct notes notes = {0};
    struct strbuf entries = {0};
    struct image image;

    assert_int_equal(image_open(&image, path, NULL, &notes), 0);
    assert_int_equal(image.container, IMAGE_RAW);
    assert_true(notes_has(&notes, "VHD-SIZE"));
    assert_int_equal(notes_worst(&notes), SEVERITY_WARNING);
    assert_int_equal(image.volumes.count, 1);
    assert_int_equal(volume_walk(image.volumes.items[0].volume, image_append, image_refuse,
                                 &entries), 0);
    assert_true(entries.length > 0);
    strbuf_free(&entries);
    image_close(&image);
}

static void test_footer_alone(void **state)
{
    CLEANUP(notes) struct notes notes = {0};
    struct image image;

    assert_true(shell("truncate -s 1M v"));
    poke("v", (1 << 20) - 512, "conectix", 8);
    assert_true(image_open(&image, "v", NULL, &notes) < 0);
    assert_int_equal(notes_worst(&notes), SEVERITY_PROBLEM);
    notes_free(&notes);
    poke("v", 0, "\xEB\x58\x90-FVE-FS-", 11);
    assert_int_equal(image_open(&image, "v", NULL, &notes), 0);
    assert_int_equal(image.container, IMAGE_RAW);
    assert_int_equal(image.volumes.count, 1);
    assert_int_equal(notes_worst(&notes), SEVERITY_WARNING);
    image_close(&image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_ewf, temporary_enter, temporary_leave),
        cmocka_unit_test_setup_teardown(test_qcow, temporary_enter, temporary_leave),
        cmocka_unit_test_setup_teardown(test_qcow_kinds, temporary_enter, temporary_leave),
        cmocka_unit_test_setup_teardown(test_qcow_zero_clusters, temporary_enter, temporary_leave),
        cmocka_unit_test_setup_teardown(test_qcow_refused, temporary_enter, temporary_leave),
        cmocka_unit_test_setup_teardown(test_ewf_damaged, temporary_enter, temporary_leave),
        cmocka_unit_test_setup_teardown(test_ewf_cut, temporary_enter, temporary_leave),
        cmocka_unit_test_setup_teardown(test_qcow_cut, temporary_enter, temporary_leave),
        cmocka_unit_test_setup_teardown(test_parts, temporary_enter, temporary_leave),
        cmocka_unit_test_setup_teardown(test_damaged_vhd, temporary_enter, temporary_leave),
        cmocka_unit_test_setup_teardown(test_footer_alone, temporary_enter, temporary_leave),
    };

    return cmocka_run_group_tests(tests, start_workers, stop_workers);
}

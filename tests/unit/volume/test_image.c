/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Images of every kind, and the volumes in them. */
#include "../testing.h"
#include "../temporary.h"

#include "image_testing.h"
#include "ntfs_samples.h"

#include "base/cleanup.h"
#include "os/os_file.h"
#include "volume/image.h"
#include "volume/ntfs_volume.h"

static bool unpack_vhdx(const char *name)
{
    CLEANUP_FREE char *packed = sample_packed_path(name);
    const char *base = strrchr(name, '/') + 1;

    if (access(packed, R_OK) == 0 &&
        shell("gunzip -c '%s' > '%.*s'", packed, (int)strlen(base) - 3, base))
        return true;
    printf("skipped: no sample %s\n", packed);
    return false;
}

static void test_raw(void **state)
{
    CLEANUP_FREE char *path = image_sample("ntfs.raw");
    CLEANUP_FREE char *text = image_contents(path, NULL);

    assert_string_equal(text, "!/\na_directory 0\na_directory/a_file 53\n"
                              "a_directory/another_file 22\na_link 56\npasswords.txt 116\n");
}

static void test_partitioned(void **state)
{
    CLEANUP_FREE char *path = image_sample("usnjrnl.raw");
    CLEANUP_FREE char *text = image_contents(path, NULL);
    struct image image;

    assert_int_equal(strncmp(text, "!p1!/\n", 6), 0);
    assert_int_equal(image_open(&image, path, NULL, NULL), 0);
    assert_int_equal(image.container, IMAGE_RAW);
    assert_int_equal(image.partitions.scheme, PARTITION_MBR);
    assert_int_equal(image.partitions.items.items[0].mbr_type, 0x42);
    assert_true(image.volumes.items[0].serial != 0);
    /* A volume that was taken lives on. */
    struct volume *volume = image.volumes.items[0].volume;
    image.volumes.items[0].volume = NULL;
    image_close(&image);
    struct strbuf entries = {0};
    assert_int_equal(volume_walk(volume, image_append, image_refuse, &entries), 0);
    assert_string_equal(strbuf_text(&entries), text + 6);
    strbuf_free(&entries);
    volume_close(volume);
}

static void test_split(void **state)
{
    CLEANUP_FREE char *path = image_sample("ntfs.raw");
    CLEANUP_FREE char *whole = image_contents(path, NULL);
    struct image image;

    assert_true(shell("split -b 1500000 -d -a 3 --numeric-suffixes=1 '%s' part.", path));
    CLEANUP_FREE char *text = image_contents("part.001", NULL);
    assert_string_equal(text, whole);
    assert_int_equal(image_open(&image, "part.001", NULL, NULL), 0);
    assert_int_equal(image.container, IMAGE_SPLIT);
    assert_int_equal(io_size(image.disk), 4194304);
    image_close(&image);
    assert_true(shell("for i in 1 2 3; do mv part.00$i q.00$((i - 1)); done"));
    CLEANUP_FREE char *from_zero = image_contents("q.000", NULL);
    assert_string_equal(from_zero, whole);
}

static void test_vhdx(void **state)
{
    static const char *const pairs[][2] = {
        {"vhdx/ntfs-dynamic.vhdx.gz", "dynamic.raw"},
        {"vhdx/windows-fixed.vhdx.gz", "windows.raw"}, /* its volume is empty */
    };

    for (size_t i = 0; i < 2; i++) {
        CLEANUP_FREE char *raw = image_sample(pairs[i][1]);
        const char *base = strrchr(pairs[i][0], '/') + 1;
        if (!unpack_vhdx(pairs[i][0]))
            skip();
        CLEANUP_FREE char *name = string_printf("%.*s", (int)strlen(base) - 3, base);
        CLEANUP_FREE char *ours = image_contents(name, NULL);
        CLEANUP_FREE char *theirs = image_contents(raw, NULL);
        assert_string_equal(ours, theirs);
        assert_true(strlen(ours) > strlen("!p1!/"));
    }
}

static void test_chain(void **state)
{
    struct notes notes = {0};
    struct image image;

    if (!unpack_vhdx("vhdx/ntfs-differential.vhdx.gz") || !unpack_vhdx("vhdx/ntfs-parent.vhdx.gz"))
        skip();
    CLEANUP_FREE char *child = image_contents("ntfs-differential.vhdx", NULL);
    CLEANUP_FREE char *parent = image_contents("ntfs-parent.vhdx", NULL);
    assert_string_not_equal(child, parent);
    assert_true(strlen(child) > 10);
    assert_true(shell("mkdir away && mv ntfs-parent.vhdx away/"));
    assert_int_equal(image_open(&image, "ntfs-differential.vhdx", NULL, &notes), -EXDEV);
    assert_true(notes_has(&notes, "IMAGE-PARENT"));
    notes_free(&notes);
}

static void put(const char *path, const char *bytes, size_t length, size_t size)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(ftruncate(fileno(file), (off_t)size), 0);
    fclose(file);
}

static bool is_image(const char *path)
{
    io_source *file;

    assert_int_equal(os_file_open(path, false, &file), 0);
    bool yes = image_probe(file);
    io_unref(file);
    return yes;
}

static void test_not_opened(void **state)
{
    static const struct {
        const char *bytes, *rule;
    } kinds[] = {{"\xEB\x58\x90-FVE-FS-", "BITLOCKER-KIND"},
                 {"\0\0\0ReFS\0\0\0\0", "IMAGE-REFS"}};
    struct notes notes = {0};
    struct image image;

    for (size_t i = 0; i < 2; i++) {
        put("image", kinds[i].bytes, 11, 1 << 20);
        assert_true(is_image("image"));
        assert_int_equal(image_open(&image, "image", NULL, &notes), 0);
        assert_int_equal(image.volumes.count, 1);
        assert_null(image.volumes.items[0].volume);
        assert_int_equal(image.volumes.items[0].status, -ENOTSUP);
        assert_true(notes_has(&notes, kinds[i].rule));
        image_close(&image);
    }
    put("text", "Just some words.", 16, 16);
    assert_false(is_image("text"));
    assert_int_equal(image_open(&image, "text", NULL, NULL), 0);
    assert_int_equal(image.volumes.count, 0);
    image_close(&image);
    put("empty", "", 0, 0);
    assert_false(is_image("empty"));
    assert_int_equal(image_open(&image, "nothing", NULL, NULL), -ENOENT);
    put("x.E01", "EVF\x09\x0D\x0A\xFF", 8, 1000);
    assert_true(is_image("x.E01"));
    assert_int_equal(image_open(&image, "x.E01", NULL, &notes), -ENOTSUP);
    assert_true(notes_has(&notes, "IMAGE-WORKER"));
    notes_free(&notes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_raw, temporary_enter, temporary_leave),
        cmocka_unit_test_setup_teardown(test_partitioned, temporary_enter, temporary_leave),
        cmocka_unit_test_setup_teardown(test_split, temporary_enter, temporary_leave),
        cmocka_unit_test_setup_teardown(test_vhdx, temporary_enter, temporary_leave),
        cmocka_unit_test_setup_teardown(test_chain, temporary_enter, temporary_leave),
        cmocka_unit_test_setup_teardown(test_not_opened, temporary_enter, temporary_leave),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* BitLocker volumes of every kind and method, whole and damaged, with and without their keys. */
#include "../group_workers.h"
#include "../testing.h"
#include "../temporary.h"

#include "image_testing.h"
#include "ntfs_samples.h"

#include "base/bytes.h"
#include "base/checked.h"
#include "base/cleanup.h"
#include "bde_writer.h"
#include "ntfs_writer.h"
#include "os/os_file.h"
#include "volume/bitlocker_format.h"
#include "volume/bitlocker_keys.h"
#include "volume/ntfs_format.h"

#define KEY      "471207-278498-422125-177177-561902-537405-468006-693451"
#define OTHER    "000011-000022-000033-000044-000055-000066-000077-000088"
#define PASSWORD "G\xC3\xA4nse \xF0\x9D\x84\x9E" /* beyond U+FFFF, too */
#define CLUSTERS 600
#define PIECE    65536

static struct ntfs_writer plain;

/* A volume with a file, and bytes in most clusters that no two sectors share. */
static int enter(void **state)
{
    uint64_t x = 88172645463325252;

    if (!ntfs_writer_start(&plain, CLUSTERS, 24))
        return -1;
    ntfs_writer_file(&plain, 16, ntfs_reference(NTFS_ROOT, 5), "disk.vhdx", "data");
    for (size_t at = 120 * NTFS_WRITER_CLUSTER; at < plain.size - 512; at += 8) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        store_le64(plain.bytes + at, x);
    }
    return temporary_enter(state);
}

static int leave(void **state)
{
    ntfs_writer_free(&plain);
    return temporary_leave(state);
}

static void save(const char *path, const void *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

/* The plain volume behind BitLocker in the file "v", its bytes for the caller to damage and free.
 */
static uint8_t *encrypt(struct bde_writer *w)
{
    uint8_t *bytes = malloc(plain.size);

    assert_non_null(bytes);
    memcpy(bytes, plain.bytes, plain.size);
    assert_true(bde_writer_encrypt(w, bytes, plain.size));
    save("v", bytes, plain.size);
    return bytes;
}

#define PROTECTED(...)                                                                             \
    .protectors = (const struct bde_writer_protector[]){__VA_ARGS__},                              \
    .protector_count = sizeof((const struct bde_writer_protector[]){__VA_ARGS__}) /                \
                       sizeof(struct bde_writer_protector)

#define CLEAR                                                                                      \
    {                                                                                              \
        BDE_WRITER_CLEAR_KEY, NULL, 1                                                              \
    }

static int open_with(struct image *image, const char *path, const char *recovery_keys,
                     const char *passwords, struct notes *notes)
{
    CLEANUP(bitlocker_keys) struct bitlocker_keys keys = {0};
    const struct image_tools tools = {group_workers, &keys};
    size_t line;

    if (recovery_keys)
        assert_true(
            bitlocker_keys_add_recovery(&keys, recovery_keys, strlen(recovery_keys), &line) > 0);
    if (passwords)
        assert_true(bitlocker_keys_add_passwords(&keys, passwords, strlen(passwords), &line) > 0);
    return image_open(image, path, &tools, notes);
}

struct comparison {
    size_t same, refused;
};

static struct comparison compare(io_source *ours)
{
    static uint8_t piece[PIECE];
    struct comparison c = {0};

    for (uint64_t at = 0; at < plain.size; at += PIECE) {
        size_t n = (size_t)min_u64(PIECE, plain.size - at);
        int r = io_read(ours, at, piece, n);
        if (r == 0)
            assert_memory_equal(piece, plain.bytes + at, n);
        *(r == 0 ? &c.same : &c.refused) += 1;
    }
    return c;
}

static const struct image_volume *only_volume(const struct image *image)
{
    assert_int_equal(image->volumes.count, 1);
    return &image->volumes.items[0];
}

static void check_unlocked(const struct image *image, const char *root)
{
    const struct image_volume *v = only_volume(image);
    struct strbuf entries = {0};

    assert_int_equal(v->status, 0);
    assert_non_null(v->volume);
    assert_string_equal(v->volume->display_root, root);
    assert_int_equal(volume_walk(v->volume, image_append, image_refuse, &entries), 0);
    assert_non_null(strstr(strbuf_text(&entries), "disk.vhdx 4\n"));
    strbuf_free(&entries);
    assert_int_equal(io_size(v->source), plain.size);
    assert_int_equal(compare(v->source).refused, 0);
}

/* Opens "v" without a note. */
static void check(const char *recovery_keys, const char *passwords, uint16_t protection,
                  uint8_t protector)
{
    CLEANUP(notes) struct notes notes = {0};
    struct image image;

    assert_int_equal(open_with(&image, "v", recovery_keys, passwords, &notes), 0);
    if (notes.count > 0)
        fail_msg("%s", notes.items[0].text);
    check_unlocked(&image, "v!/");
    const struct bitlocker_unlocked *b = &only_volume(&image)->bitlocker;
    assert_true(b->is_unlocked);
    assert_int_equal(b->protection, protection);
    assert_int_equal(b->protector_id.bytes[15], protector);
    image_close(&image);
}

static void test_methods(void **state)
{
    static const struct {
        enum bde_writer_kind kind;
        enum bde_writer_method method;
    } cases[] = {
        {BDE_WRITER_SEVEN, BDE_WRITER_CBC_128_DIFFUSER},
        {BDE_WRITER_SEVEN, BDE_WRITER_CBC_256_DIFFUSER},
        {BDE_WRITER_SEVEN, BDE_WRITER_CBC_128},
        {BDE_WRITER_SEVEN, BDE_WRITER_CBC_256},
        {BDE_WRITER_SEVEN, BDE_WRITER_XTS_128},
        {BDE_WRITER_SEVEN, BDE_WRITER_XTS_256},
        {BDE_WRITER_TO_GO, BDE_WRITER_CBC_128_DIFFUSER},
        {BDE_WRITER_TO_GO, BDE_WRITER_XTS_256},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct bde_writer w = {.kind = cases[i].kind, .method = cases[i].method, PROTECTED(CLEAR)};
        free(encrypt(&w));
        check(NULL, NULL, BITLOCKER_CLEAR_KEY, 1);
    }
}

/* The second protector of a kind, which libbde alone would not try; a key that names its own. */
static void test_secrets(void **state)
{
    struct bde_writer w = {.method = BDE_WRITER_XTS_128,
                           PROTECTED({BDE_WRITER_TPM, NULL, 1}, {BDE_WRITER_RECOVERY_KEY, OTHER, 2},
                                     {BDE_WRITER_RECOVERY_KEY, KEY, 3},
                                     {BDE_WRITER_PASSWORD, PASSWORD, 4})};

    free(encrypt(&w));
    check(KEY, NULL, BITLOCKER_RECOVERY_KEY, 3);
    check("b1710c4e-0000-4000-8000-000000000003 " KEY, NULL, BITLOCKER_RECOVERY_KEY, 3);
    check(NULL, "nonsense\n" PASSWORD, BITLOCKER_PASSWORD, 4);
}

/* Half of the volume not yet encrypted, or already decrypted. */
static void test_partly(void **state)
{
    static const enum bde_writer_method methods[] = {BDE_WRITER_CBC_128, BDE_WRITER_XTS_256};

    for (size_t i = 0; i < ARRAY_SIZE(methods); i++) {
        struct bde_writer w = {
            .method = methods[i], .encrypted_size = 300 * NTFS_WRITER_CLUSTER, PROTECTED(CLEAR)};
        free(encrypt(&w));
        CLEANUP(notes) struct notes notes = {0};
        struct image image;
        assert_int_equal(open_with(&image, "v", NULL, NULL, &notes), 0);
        assert_int_equal(notes.count, 0);
        /* libbde takes the volume to end where NTFS says, one sector before the partition. */
        assert_true(io_size(only_volume(&image)->source) >= plain.size - 512);
        assert_non_null(only_volume(&image)->volume);
        assert_true(compare(only_volume(&image)->source).refused <= 1);
        image_close(&image);
    }
}

/* Says what stands in the note, and nothing of a secret. */
static void check_locked(int status, const char *rule, const char *text)
{
    CLEANUP(notes) struct notes notes = {0};
    struct image image;

    assert_int_equal(open_with(&image, "v", OTHER "\n", PASSWORD, &notes), 0);
    const struct image_volume *v = only_volume(&image);
    assert_int_equal(v->status, status);
    assert_null(v->volume);
    assert_false(v->bitlocker.is_unlocked);
    assert_true(notes_has(&notes, rule));
    const char *said = notes.items[notes.count - 1].text;
    if (!strstr(said, text))
        fail_msg("%s", said);
    assert_null(strstr(said, "000011"));
    assert_null(strstr(said, PASSWORD));
    image_close(&image);
}

static void test_locked(void **state)
{
    struct bde_writer both = {
        .method = BDE_WRITER_CBC_128,
        PROTECTED({BDE_WRITER_TPM, NULL, 1}, {BDE_WRITER_RECOVERY_KEY, KEY, 2})};
    struct bde_writer tpm = {.method = BDE_WRITER_CBC_128, PROTECTED({BDE_WRITER_TPM, NULL, 1})};
    struct bde_writer none = {.method = BDE_WRITER_CBC_128};

    free(encrypt(&both));
    check_locked(-ENOKEY, "IMAGE-BITLOCKER",
                 "(AES-CBC 128, volume " BDE_WRITER_VOLUME_ID ", \"" BDE_WRITER_LABEL
                 "\") and was not opened: none of the keys given fits. It is unlocked by: TPM "
                 "b1710c4e-0000-4000-8000-000000000001, recovery key "
                 "b1710c4e-0000-4000-8000-000000000002. What to do: look the recovery key up");
    free(encrypt(&tpm));
    check_locked(-ENOKEY, "IMAGE-BITLOCKER", "no key was given that could fit");
    check_locked(-ENOKEY, "IMAGE-BITLOCKER", "unlock it where its key is");
    free(encrypt(&none));
    check_locked(-ENOKEY, "IMAGE-BITLOCKER", "It is unlocked by: nothing");
}

static void test_without_worker(void **state)
{
    struct bde_writer w = {.method = BDE_WRITER_CBC_128, PROTECTED(CLEAR)};
    CLEANUP(notes) struct notes notes = {0};
    struct image image;

    free(encrypt(&w));
    assert_int_equal(image_open(&image, "v", NULL, &notes), 0);
    assert_int_equal(only_volume(&image)->status, -ENOTSUP);
    assert_non_null(strstr(notes.items[0].text, "hvchain-worker-bde"));
    image_close(&image);
}

enum damage { GONE, WRONG_BYTE, WRONG_SIZE, DAMAGES };

static void damage(uint8_t *copy, enum damage what)
{
    if (what == GONE)
        memset(copy, 0, 4096);
    else if (what == WRONG_BYTE)
        copy[0x90] ^= 1; /* in the label */
    else
        store_le16(copy + 8, 0xFFFF);
}

/* Any one copy is enough. */
static void test_damaged_copies(void **state)
{
    for (size_t whole = 0; whole < 3; whole++)
        for (enum damage what = 0; what < DAMAGES; what++) {
            struct bde_writer w = {.method = BDE_WRITER_CBC_256, PROTECTED(CLEAR)};
            CLEANUP(notes) struct notes notes = {0};
            uint8_t *bytes = encrypt(&w);
            struct image image;
            for (size_t i = 0; i < 3; i++)
                if (i != whole)
                    damage(bytes + w.metadata[i], what);
            save("v", bytes, plain.size);
            free(bytes);
            assert_int_equal(open_with(&image, "v", NULL, NULL, &notes), 0);
            assert_int_equal(notes.count, 2);
            assert_string_equal(notes.items[0].rule, "BITLOCKER-COPY");
            assert_int_equal(notes.items[0].severity, SEVERITY_WARNING);
            check_unlocked(&image, "v!/");
            image_close(&image);
        }
}

static void test_damaged_metadata(void **state)
{
    struct bde_writer w = {.method = BDE_WRITER_CBC_256, PROTECTED(CLEAR)};
    uint8_t *bytes = encrypt(&w);

    /* A wrong checksum everywhere: then it counts as it is. */
    for (size_t i = 0; i < 3; i++)
        bytes[w.metadata[i] + w.metadata_size - 1] ^= 1;
    save("v", bytes, plain.size);
    CLEANUP(notes) struct notes notes = {0};
    struct image image;
    assert_int_equal(open_with(&image, "v", NULL, NULL, &notes), 0);
    assert_int_equal(notes.count, 3);
    check_unlocked(&image, "v!/");
    image_close(&image);

    for (size_t i = 0; i < 3; i++) /* the sealed key of the volume, before the place of its start */
        bytes[w.metadata[i] + w.metadata_size - 8 - 16 - 24 - 8] ^= 1;
    save("v", bytes, plain.size);
    check_locked(-EBADMSG, "IMAGE-BITLOCKER", "it is damaged");
    for (size_t i = 0; i < 3; i++)
        damage(bytes + w.metadata[i], GONE);
    save("v", bytes, plain.size);
    check_locked(-EBADMSG, "BITLOCKER-METADATA", "none of the three copies");
    free(bytes);
}

static void test_other_kinds(void **state)
{
    struct bde_writer w = {.method = BDE_WRITER_CBC_256, PROTECTED(CLEAR)};
    uint8_t *bytes = encrypt(&w);
    struct guid id;

    memset(bytes + FVE_PLACES, 0, 16);
    save("v", bytes, plain.size);
    check_locked(-ENOTSUP, "BITLOCKER-KIND", "not known");
    assert_true(guid_parse_string(FVE_IDENTIFIER_ENCRYPT_ON_WRITE, &id));
    guid_to_le(&id, bytes + FVE_PLACES);
    save("v", bytes, plain.size);
    check_locked(-ENOTSUP, "BITLOCKER-KIND", "as it is written to");
    memcpy(bytes, FVE_VISTA_BOOT_JUMP, 3);
    save("v", bytes, plain.size);
    check_locked(-ENOTSUP, "BITLOCKER-KIND", "Windows Vista");
    free(bytes);
}

/* As much as there is, and no byte that is wrong. */
static void test_cut(void **state)
{
    static const enum bde_writer_method methods[] = {BDE_WRITER_CBC_128, BDE_WRITER_XTS_256};
    static const size_t sizes[] = {100, 512, 100000, 180000, 400000, 1000000, 2000000};

    for (size_t m = 0; m < ARRAY_SIZE(methods); m++)
        for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
            struct bde_writer w = {.method = methods[m], PROTECTED(CLEAR)};
            struct image image;
            free(encrypt(&w));
            assert_int_equal(truncate("v", (off_t)sizes[i]), 0);
            CLEANUP(notes) struct notes notes = {0};
            assert_int_equal(open_with(&image, "v", NULL, NULL, &notes), 0);
            for (size_t v = 0; v < image.volumes.count; v++)
                if (image.volumes.items[v].bitlocker.is_unlocked)
                    assert_true(compare(image.volumes.items[v].source).same + 1 >=
                                sizes[i] / PIECE);
            if (sizes[i] >= 400000)
                assert_non_null(only_volume(&image)->volume);
            image_close(&image);
        }
}

static void test_no_ntfs_inside(void **state)
{
    struct bde_writer w = {.method = BDE_WRITER_XTS_256, PROTECTED(CLEAR)};

    memset(plain.bytes, 0, 4096);
    memset(plain.bytes + plain.size - 512, 0, 512);
    free(encrypt(&w));
    CLEANUP(notes) struct notes notes = {0};
    struct image image;
    assert_int_equal(open_with(&image, "v", NULL, NULL, &notes), 0);
    assert_int_equal(only_volume(&image)->status, -ENOTSUP);
    assert_non_null(strstr(notes.items[0].text, "no NTFS volume in it"));
    image_close(&image);
}

/* Behind an MBR, split by EWF: two workers in a row, and a third and fourth beside them. */
static void test_together(void **state)
{
    struct bde_writer w = {.method = BDE_WRITER_XTS_128, PROTECTED(CLEAR)};
    uint8_t *bytes = encrypt(&w), mbr[512] = {0};
    struct image images[2];

    free(bytes);
    if (!have_program("ewfacquire")) {
        printf("skipped: no ewfacquire\n");
        skip();
    }
    mbr[446 + 4] = 7;
    store_le32(mbr + 446 + 8, 8);
    store_le32(mbr + 446 + 12, (uint32_t)(plain.size / 512));
    store_le16(mbr + 510, 0xAA55);
    save("disk.raw", mbr, sizeof(mbr));
    assert_true(shell("truncate -s 4096 disk.raw && cat v >> disk.raw && "
                      "ewfacquire -u -q -c fast -t d disk.raw > log 2>&1"));
    assert_int_equal(open_with(&images[0], "d.E01", NULL, NULL, NULL), 0);
    assert_int_equal(open_with(&images[1], "v", NULL, NULL, NULL), 0);
    check_unlocked(&images[0], "d.E01!p1!/");
    check_unlocked(&images[1], "v!/");
    image_close(&images[0]);
    image_close(&images[1]);
}

/* What others read when nothing of ours is in their process. */
static void test_alone(void **state)
{
    bool have_pybde = shell("/usr/bin/python3 -c 'import pybde' 2> log");
    bool have_dislocker = have_program("dislocker-file");

    if (!have_pybde && !have_dislocker) {
        printf("skipped: neither python3-libbde nor dislocker\n");
        skip();
    }
    save("plain", plain.bytes, plain.size);
    for (unsigned m = BDE_WRITER_CBC_128_DIFFUSER; m <= BDE_WRITER_XTS_256; m++) {
        const struct bde_writer_protector password = {BDE_WRITER_PASSWORD, "secret", 1},
                                          clear = CLEAR;
        bool by_password = m == BDE_WRITER_XTS_128; /* once is enough: it takes time */
        struct bde_writer w = {.method = (enum bde_writer_method)m,
                               .protectors = by_password ? &password : &clear,
                               .protector_count = 1};
        free(encrypt(&w));
        check(NULL, "secret", by_password ? BITLOCKER_PASSWORD : BITLOCKER_CLEAR_KEY, 1);
        if (have_pybde && m != BDE_WRITER_XTS_256)
            assert_true(shell("/usr/bin/python3 -c 'import pybde; v = pybde.volume(); %s "
                              "v.open(\"v\"); open(\"theirs\", \"wb\").write("
                              "v.read_buffer_at_offset(v.get_size(), 0))' && cmp plain theirs",
                              by_password ? "v.set_password(\"secret\");" : ""));
        if (have_dislocker)
            assert_true(shell("rm -f theirs && dislocker-file -V v %s -- theirs && "
                              "cmp -n %zu plain theirs",
                              by_password ? "-usecret" : "-c", plain.size));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_methods, enter, leave),
        cmocka_unit_test_setup_teardown(test_secrets, enter, leave),
        cmocka_unit_test_setup_teardown(test_partly, enter, leave),
        cmocka_unit_test_setup_teardown(test_locked, enter, leave),
        cmocka_unit_test_setup_teardown(test_without_worker, enter, leave),
        cmocka_unit_test_setup_teardown(test_damaged_copies, enter, leave),
        cmocka_unit_test_setup_teardown(test_damaged_metadata, enter, leave),
        cmocka_unit_test_setup_teardown(test_other_kinds, enter, leave),
        cmocka_unit_test_setup_teardown(test_cut, enter, leave),
        cmocka_unit_test_setup_teardown(test_no_ntfs_inside, enter, leave),
        cmocka_unit_test_setup_teardown(test_together, enter, leave),
        cmocka_unit_test_setup_teardown(test_alone, enter, leave),
    };

    return cmocka_run_group_tests(tests, start_workers, stop_workers);
}

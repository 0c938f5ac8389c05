/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* What only a volume can tell: the change journal and owners by permission. */
#include "../testing.h"

#include "ntfs_listing.h"
#include "ntfs_samples.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "os/os_file.h"
#include "volume/ntfs_format.h"
#include "volume/partition.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define ROOT       ntfs_reference(NTFS_ROOT, NTFS_ROOT)
#define MACHINE    "2dc27766-f623-4200-9d64-115e9bfd4a08"
#define MACHINE_2  "8b7ca206-4790-4b9a-b8fe-575f050f886e"

struct fixture {
    struct ntfs_writer w;
    struct ntfs_listing list;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    *state = f;
    return f && ntfs_writer_start(&f->w, 600, 64) ? 0 : -1;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    ntfs_listing_free(&f->list);
    ntfs_writer_free(&f->w);
    free(f);
    return 0;
}

static void list(struct fixture *f)
{
    ntfs_listing_free(&f->list);
    ntfs_list(&f->list, f->w.bytes, f->w.size);
    assert_int_equal(f->list.status, 0);
}

/* A descriptor that lets in SYSTEM and these machines. */
static size_t put_descriptor(uint8_t *out, const char *const *machines, size_t count)
{
    static const uint8_t system_ace[] = {0, 0, 20, 0, 0xFF, 1, 31, 0, 1, 1, 0, 0, 0, 0, 0, 5,
                                         18, 0, 0, 0};
    static const uint8_t machine_ace[] = {0, 0, 40, 0, 0xFF, 1, 31, 0, 1, 6, 0, 0, 0, 0, 0, 5,
                                          83, 0, 0, 0, 1, 0, 0, 0};
    size_t at = 20 + 8;

    memset(out, 0, at);
    out[0] = 1;
    store_le16(out + 2, 0x8004);
    store_le32(out + 16, 20);
    memcpy(out + at, system_ace, sizeof(system_ace));
    at += sizeof(system_ace);
    for (size_t i = 0; i < count; i++) {
        struct guid guid;
        assert_true(guid_parse_string(machines[i], &guid));
        memcpy(out + at, machine_ace, sizeof(machine_ace));
        guid_to_le(&guid, out + at + sizeof(machine_ace));
        at += 40;
    }
    out[20] = 2;
    store_le16(out + 22, (uint16_t)(at - 20));
    store_le16(out + 24, (uint16_t)(count + 1));
    return at;
}

static size_t put_sds_entry(uint8_t *block, size_t at, uint32_t id, const char *const *machines,
                            size_t count)
{
    struct ntfs_sds_entry *entry = (void *)(block + at);
    size_t size = put_descriptor((uint8_t *)(entry + 1), machines, count);
    uint32_t hash = 0;

    for (size_t i = 0; i < size; i += 4)
        hash = (hash << 3 | hash >> 29) + load_le32((uint8_t *)(entry + 1) + i);
    store_le32(&entry->hash, hash);
    store_le32(&entry->security_id, id);
    store_le64(&entry->offset, at);
    store_le32(&entry->length, (uint32_t)(size + sizeof(*entry)));
    return (at + size + sizeof(*entry) + 15) & ~(size_t)15;
}

static void put_secured_file(struct fixture *f, uint64_t number, const char *name, uint32_t id)
{
    ntfs_writer_begin(&f->w, number, 1, NTFS_RECORD_IN_USE);
    ntfs_writer_information(&f->w, number, 0x20, id);
    ntfs_writer_name(&f->w, number, ROOT, name, NTFS_WIN32);
    ntfs_writer_value(&f->w, number, NTFS_DATA, NULL, "x", 1);
    ntfs_writer_end(&f->w, number);
}

static void expect_machines(struct fixture *f, uint64_t number, const char *expected)
{
    ntfs_machines machines;
    struct strbuf text = {0};
    char guid[GUID_TEXT_SIZE];

    assert_int_equal(ntfs_volume_machines(f->list.volume, ntfs_reference(number, 1), &machines), 0);
    for (size_t i = 0; i < machines.count; i++)
        strbuf_printf(&text, "%s\n", guid_format(&machines.items[i], guid));
    assert_string_equal(strbuf_text(&text), expected);
    strbuf_free(&text);
    vector_free(&machines);
}

static void test_machines(void **state)
{
    static const char *const both[] = {MACHINE, MACHINE_2};
    struct fixture *f = *state;
    CLEANUP_FREE uint8_t *sds = calloc(1, (size_t)2 * NTFS_SDS_BLOCK);
    uint8_t own[200];

    size_t at = put_sds_entry(sds, 0, 0x100, NULL, 0);
    at = put_sds_entry(sds, at, 0x101, both, 1);
    put_sds_entry(sds, at, 0x102, both, 2);
    memcpy(sds + NTFS_SDS_BLOCK, sds, NTFS_SDS_BLOCK);
    uint64_t cluster = ntfs_writer_put(&f->w, sds, (size_t)2 * NTFS_SDS_BLOCK);
    const struct ntfs_writer_run run = {(uint64_t)2 * NTFS_SDS_BLOCK / NTFS_WRITER_CLUSTER,
                                        (int64_t)cluster};
    const struct ntfs_writer_stream stream = {
        .type = NTFS_DATA,
        .name = "$SDS",
        .size = (uint64_t)2 * NTFS_SDS_BLOCK,
        .initialized_size = (uint64_t)2 * NTFS_SDS_BLOCK,
        .runs = &run,
        .run_count = 1,
    };
    put_secured_file(f, 30, "nobody.vhdx", 0x100);
    put_secured_file(f, 31, "one.vhdx", 0x101);
    put_secured_file(f, 32, "base.vhdx", 0x102);
    put_secured_file(f, 33, "unknown.vhdx", 0x199);
    ntfs_writer_begin(&f->w, 34, 1, NTFS_RECORD_IN_USE);
    ntfs_writer_name(&f->w, 34, ROOT, "own.vhdx", NTFS_WIN32);
    ntfs_writer_value(&f->w, 34, NTFS_SECURITY_DESCRIPTOR, NULL, own, put_descriptor(own, both, 1));
    ntfs_writer_end(&f->w, 34);

    list(f); /* without $Secure */
    expect_machines(f, 31, "");
    expect_machines(f, 34, MACHINE "\n");
    ntfs_writer_begin(&f->w, NTFS_SECURE, 9, NTFS_RECORD_IN_USE);
    ntfs_writer_runs(&f->w, NTFS_SECURE, &stream);
    ntfs_writer_end(&f->w, NTFS_SECURE);
    for (int damaged = 0; damaged < 2; damaged++) {
        list(f);
        expect_machines(f, 30, "");
        expect_machines(f, 31, MACHINE "\n");
        expect_machines(f, 32, MACHINE "\n" MACHINE_2 "\n");
        expect_machines(f, 33, "");
        expect_machines(f, 34, MACHINE "\n");
        f->w.bytes[cluster * NTFS_WRITER_CLUSTER + 30]++; /* the copy of the block helps */
    }
    f->w.bytes[cluster * NTFS_WRITER_CLUSTER + NTFS_SDS_BLOCK + 30]++;
    list(f);
    expect_machines(f, 31, "");
    ntfs_machines none;
    assert_int_equal(ntfs_volume_machines(f->list.volume, ntfs_reference(31, 2), &none), -ESTALE);
}

static size_t put_usn(uint8_t *journal, size_t at, unsigned major, uint64_t id, uint64_t parent,
                      uint32_t reason, const char *name)
{
    size_t bytes, fixed = major == 2 ? sizeof(struct ntfs_usn_v2) : sizeof(struct ntfs_usn_v3);
    void *utf16 = text_to_utf16le(name, &bytes);
    size_t length = (fixed + bytes + 7) & ~(size_t)7;

    if (at / NTFS_USN_PAGE != (at + length - 1) / NTFS_USN_PAGE)
        at = (at / NTFS_USN_PAGE + 1) * NTFS_USN_PAGE;
    struct ntfs_usn_v2 *v2 = (void *)(journal + at);
    struct ntfs_usn_v3 *v3 = (void *)(journal + at);
    store_le32(&v2->length, (uint32_t)length);
    store_le16(&v2->major, (uint16_t)major);
    store_le64(&v2->reference, id);
    store_le64(major == 2 ? &v2->parent : &v3->parent, parent);
    store_le64(major == 2 ? &v2->usn : &v3->usn, at);
    store_le64(major == 2 ? &v2->time : &v3->time, 132223104000000000 + at);
    store_le32(major == 2 ? &v2->reason : &v3->reason, reason);
    store_le16(major == 2 ? &v2->name_length : &v3->name_length, (uint16_t)bytes);
    store_le16(major == 2 ? &v2->name_offset : &v3->name_offset, (uint16_t)fixed);
    memcpy(journal + at + fixed, utf16, bytes);
    free(utf16);
    return at + length;
}

static void put_journal(struct fixture *f, const uint8_t *journal, size_t size, size_t sparse)
{
    uint64_t cluster = ntfs_writer_put(&f->w, journal + sparse, size - sparse);
    const struct ntfs_writer_run runs[] = {
        {sparse / NTFS_WRITER_CLUSTER, -1},
        {(size - sparse + NTFS_WRITER_CLUSTER - 1) / NTFS_WRITER_CLUSTER, (int64_t)cluster}};
    const struct ntfs_writer_stream stream = {
        .type = NTFS_DATA,
        .name = "$J",
        .flags = NTFS_ATTRIBUTE_SPARSE,
        .size = size,
        .initialized_size = size,
        .runs = runs,
        .run_count = 2,
    };

    ntfs_writer_begin(&f->w, 29, 1, NTFS_RECORD_IN_USE);
    ntfs_writer_name(&f->w, 29, ntfs_reference(NTFS_EXTEND, 1), "$UsnJrnl", NTFS_WIN32);
    ntfs_writer_runs(&f->w, 29, &stream);
    ntfs_writer_end(&f->w, 29);
}

static int count(void *user, const struct ntfs_usn *event)
{
    assert_true(event->usn > 0 && event->name[0]);
    ++*(int *)user;
    return 0;
}

static void test_journal(void **state)
{
    static uint8_t journal[8 * NTFS_USN_PAGE];
    struct fixture *f = *state;
    uint64_t vms = ntfs_writer_file(&f->w, 30, ROOT, "VMs", NULL);
    uint64_t disk = ntfs_reference(40, 3);
    size_t at = (size_t)4 * NTFS_USN_PAGE;
    ntfs_lives lives;
    int events = 0;

    memset(journal, 0, sizeof(journal));
    at = put_usn(journal, at, 2, disk, vms, NTFS_USN_CREATED, "d.avhdx");
    at = put_usn(journal, at, 2, disk, vms, NTFS_USN_CREATED | 2, "d.avhdx");
    at = put_usn(journal, at, 2, disk, vms, NTFS_USN_CREATED | 2 | NTFS_USN_CLOSED, "d.avhdx");
    for (int i = 0; i < 60; i++)
        at = put_usn(journal, at, 2, ntfs_reference(41, 1), vms, 1, "noise.txt");
    at = put_usn(journal, at, 3, disk, vms, NTFS_USN_RENAMED_FROM, "d.avhdx");
    at = put_usn(journal, at, 3, disk, vms, NTFS_USN_RENAMED_TO, "e.avhdx");
    at = put_usn(journal, at, 3, disk, vms, NTFS_USN_RENAMED_TO | NTFS_USN_CLOSED, "e.avhdx");
    at = put_usn(journal, at, 2, disk, ntfs_reference(99, 1), NTFS_USN_DELETED | NTFS_USN_CLOSED,
                 "e.avhdx");
    put_journal(f, journal, at, (size_t)4 * NTFS_USN_PAGE);
    list(f);
    assert_string_equal(strbuf_text(&f->list.paths), "VMs/\n");
    assert_int_equal(ntfs_volume_journal(f->list.volume, count, &events, &f->list.notes), 0);
    assert_int_equal(events, 67);
    assert_int_equal(f->list.notes.count, 0);
    assert_int_equal(ntfs_volume_lives(f->list.volume, &lives, NULL), 0);
    static const struct {
        const char *path;
        uint32_t reason;
        bool full;
    } expected[] = {{"VMs/d.avhdx", NTFS_USN_CREATED, true},
                    {"VMs/d.avhdx", NTFS_USN_RENAMED_FROM, true},
                    {"VMs/e.avhdx", NTFS_USN_RENAMED_TO, true},
                    {"e.avhdx", NTFS_USN_DELETED, false}};
    assert_int_equal(lives.count, 4);
    for (size_t i = 0; i < lives.count; i++) {
        assert_string_equal(lives.items[i].path, expected[i].path);
        assert_int_equal(lives.items[i].reason, expected[i].reason);
        assert_int_equal(lives.items[i].path_is_full, expected[i].full);
        assert_int_equal(lives.items[i].id, disk);
        assert_int_equal(lives.items[i].time, 132223104000000000 + lives.items[i].usn);
    }
    ntfs_lives_free(&lives);
}

static void test_journal_damage(void **state)
{
    static uint8_t journal[8 * NTFS_USN_PAGE];
    struct fixture *f = *state;
    int events = 0;

    list(f);
    assert_int_equal(ntfs_volume_journal(f->list.volume, count, &events, NULL), -ENOENT);
    memset(journal, 0, sizeof(journal));
    size_t at = NTFS_USN_PAGE;
    for (int i = 0; i < 150; i++)
        at = put_usn(journal, at, 2, ntfs_reference(41, 1), ROOT, 1, "noise.txt");
    size_t whole = at;
    store_le32(journal + 2 * NTFS_USN_PAGE, 0xFFFFFFF8); /* a length out of the page */
    store_le64(journal + 3 * NTFS_USN_PAGE + 0x18, 5);   /* a record from elsewhere */
    put_journal(f, journal, whole, NTFS_USN_PAGE);
    list(f);
    assert_int_equal(ntfs_volume_journal(f->list.volume, count, &events, &f->list.notes), 0);
    assert_int_equal(events, 51); /* one page of records of 80 bytes */
    assert_true(notes_has(&f->list.notes, "NTFS-USN-DAMAGED"));
}

static int print(void *user, const struct ntfs_usn *event)
{
    strbuf_printf(user, "%" PRIu64 " %s %" PRIu64 "-%u %" PRIu64 "-%u\n", event->usn, event->name,
                  ntfs_number(event->id), ntfs_sequence(event->id), ntfs_number(event->parent),
                  ntfs_sequence(event->parent));
    return 0;
}

/* The fields of fsntfsinfo that print() prints, in their order there. */
static void take_field(struct strbuf *out, char *line)
{
    static const struct {
        const char *label, *behind;
    } fields[] = {{"\tUpdate sequence number", " "},
                  {"\tName", " "},
                  {"\tFile reference", " "},
                  {"\tParent file reference", "\n"}};
    char *value = strstr(line, ": ");

    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        if (value && strncmp(line, fields[i].label, strlen(fields[i].label)) == 0)
            strbuf_printf(out, "%.*s%s", (int)strcspn(value + 2, "\n"), value + 2,
                          fields[i].behind);
}

/* A real journal against libfsntfs: number, name, file and parent of every record. */
static void test_real_journal(void **state)
{
    CLEANUP_FREE char *image = ntfs_sample_path(ntfs_sample_named("usnjrnl.raw"));
    struct strbuf ours = {0}, theirs = {0};
    struct notes notes = {0};
    struct volume *volume;
    char line[1024];
    io_source *disk;

    if (!image || !have_program("fsntfsinfo")) {
        printf("skipped: no sample, or no fsntfsinfo to compare with\n");
        skip();
    }
    assert_int_equal(os_file_open(image, false, &disk), 0);
    io_source *range = io_range_new(disk, 63 * 512, io_size(disk) - 63 * 512);
    assert_int_equal(ntfs_volume_open(&volume, range, "", &notes), 0);
    assert_int_equal(ntfs_volume_journal(volume, print, &ours, &notes), 0);
    assert_int_equal(notes.count, 0);
    FILE *lines = run("fsntfsinfo -U -o %d '%s'", 63 * 512, image);
    while (fgets(line, sizeof(line), lines))
        take_field(&theirs, line);
    pclose(lines);
    assert_string_equal(strbuf_text(&ours), strbuf_text(&theirs));
    assert_true(ours.length > 0);
    strbuf_free(&ours);
    strbuf_free(&theirs);
    volume_close(volume);
    io_unref(range);
    io_unref(disk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_machines, setup, teardown),
        cmocka_unit_test_setup_teardown(test_journal, setup, teardown),
        cmocka_unit_test_setup_teardown(test_journal_damage, setup, teardown),
        cmocka_unit_test(test_real_journal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

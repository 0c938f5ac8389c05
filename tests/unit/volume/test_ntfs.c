/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Made volumes: every kind of file and every kind of damage. */
#include "../testing.h"

#include "ntfs_listing.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "volume/ntfs_format.h"
#include "volume/ntfs_mft.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define ROOT ntfs_reference(NTFS_ROOT, NTFS_ROOT)

struct fixture {
    struct ntfs_writer w;
    struct ntfs_listing list;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    *state = f;
    return f && ntfs_writer_start(&f->w, 200, 128) ? 0 : -1;
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
}

static void expect(struct fixture *f, const char *paths)
{
    list(f);
    assert_int_equal(f->list.status, 0);
    assert_string_equal(strbuf_text(&f->list.paths), paths);
}

static void expect_clean(struct fixture *f, const char *paths)
{
    expect(f, paths);
    assert_int_equal(f->list.notes.count, 0);
    assert_string_equal(strbuf_text(&f->list.complaints), "");
}

/* Some files whose order tells names from paths. */
static void put_files(struct fixture *f)
{
    uint64_t a = ntfs_writer_file(&f->w, 30, ROOT, "a", NULL);

    ntfs_writer_file(&f->w, 31, ROOT, "a.b", "dot");
    ntfs_writer_file(&f->w, 32, a, "c", "below");
    ntfs_writer_file(&f->w, 33, ROOT, "a0", "zero");
    ntfs_writer_file(&f->w, 34, ROOT, "\xC3\xA4\xF0\x9F\x92\xBE", "");
}
#define FILES "a/\na.b\na/c\na0\n\xC3\xA4\xF0\x9F\x92\xBE\n"

static void test_files(void **state)
{
    struct fixture *f = *state;

    put_files(f);
    expect_clean(f, FILES);
    assert_true(volume_is_ntfs(f->list.volume));
    assert_int_equal(ntfs_volume_serial(f->list.volume), 0x1122334455667788);
    CLEANUP_FREE char *text = ntfs_content(&f->list, 32);
    assert_string_equal(text, "below");
    const struct volume_entry *entry = ntfs_listing_find(&f->list, 32);
    assert_int_equal(entry->id, ntfs_reference(32, 1));
    assert_int_equal(entry->created, f->w.time);
    assert_int_equal(entry->attributes, 0);
    io_source *source;
    assert_int_equal(volume_open(f->list.volume, "a", ntfs_reference(30, 1), &source), -EISDIR);
    assert_int_equal(volume_open(f->list.volume, "a", ntfs_reference(30, 2), &source), -ESTALE);
    assert_int_equal(volume_open(f->list.volume, "a", ntfs_reference(99, 1), &source), -ENOENT);
    assert_int_equal(volume_open(f->list.volume, "a", ntfs_reference(9999, 1), &source), -ENOENT);
}

static void test_boot_sector_lost(void **state)
{
    struct fixture *f = *state;

    put_files(f);
    memset(f->w.bytes, 0, 512);
    expect(f, FILES);
    assert_true(notes_has(&f->list.notes, "NTFS-BOOT-COPY"));
    memset(f->w.bytes + f->w.size - 512, 0, 512);
    list(f);
    assert_int_equal(f->list.status, -EBADMSG);
    assert_true(notes_has(&f->list.notes, "NTFS-UNREADABLE"));
}

static void test_boot_sector_lies(void **state)
{
    struct fixture *f = *state;
    struct ntfs_boot_sector *boot = (void *)f->w.bytes;

    put_files(f);
    store_le64(&boot->mft_cluster, 150); /* nothing there, and no mirror */
    store_le64(&boot->mirror_cluster, 151);
    expect(f, FILES);
    assert_true(notes_has(&f->list.notes, "NTFS-BOOT-COPY"));
}

static void test_record_0_lost(void **state)
{
    struct fixture *f = *state;

    put_files(f);
    ntfs_writer_record(&f->w, 0)[510]++;
    expect(f, FILES);
    assert_true(notes_has(&f->list.notes, "NTFS-MFT-MIRROR"));
    memset(f->w.bytes + 2 * NTFS_WRITER_CLUSTER, 0xFF, NTFS_WRITER_RECORD);
    expect(f, FILES);
    assert_true(notes_has(&f->list.notes, "NTFS-MFT-GUESSED"));
}

static void test_truncated(void **state)
{
    struct fixture *f = *state;

    put_files(f);
    for (size_t size = 0; size < f->w.size - 512; size += size < 4096 ? 128 : 1024) {
        ntfs_listing_free(&f->list);
        ntfs_list(&f->list, f->w.bytes, size);
        if (f->list.status == 0)
            assert_true(notes_has(&f->list.notes, "NTFS-TRUNCATED"));
        else
            assert_int_equal(f->list.status, -EBADMSG);
    }
    /* Half of $MFT: what is there is listed, the rest is named. */
    ntfs_listing_free(&f->list);
    ntfs_list(&f->list, f->w.bytes, 4 * NTFS_WRITER_CLUSTER + 40 * NTFS_WRITER_RECORD);
    assert_int_equal(f->list.status, 0);
    assert_string_equal(strbuf_text(&f->list.paths), FILES);
    assert_string_equal(strbuf_text(&f->list.complaints),
                        "records 40-127 of $MFT: behind the end of the image\n");
}

static void test_torn_record(void **state)
{
    struct fixture *f = *state;

    put_files(f);
    ntfs_writer_record(&f->w, 30)[1022]++;
    expect(f, "$Orphan/\n$Orphan/32/\n$Orphan/32/c\na.b\na0\n\xC3\xA4\xF0\x9F\x92\xBE\n");
    assert_string_equal(strbuf_text(&f->list.complaints),
                        "record 30 of $MFT: torn, with sectors of different writes\n");
    CLEANUP_FREE char *text = ntfs_content(&f->list, 32);
    assert_string_equal(text, "below");
}

static void test_cycles(void **state)
{
    struct fixture *f = *state;

    ntfs_writer_file(&f->w, 40, ntfs_reference(42, 1), "x", NULL);
    ntfs_writer_file(&f->w, 41, ntfs_reference(40, 1), "y", NULL);
    ntfs_writer_file(&f->w, 42, ntfs_reference(41, 1), "z", NULL);
    ntfs_writer_file(&f->w, 43, ntfs_reference(42, 1), "file", "1");
    ntfs_writer_file(&f->w, 44, ntfs_reference(44, 1), "self", NULL);
    ntfs_writer_file(&f->w, 45, ntfs_reference(44, 1), "own", NULL);
    ntfs_writer_file(&f->w, 46, ntfs_reference(41, 7), "stale", "2");
    ntfs_writer_file(&f->w, 47, ntfs_reference(43, 1), "below a file", "3");
    expect(f, "$Orphan/\n"
              "$Orphan/40/\n$Orphan/40/x/\n$Orphan/40/x/y/\n$Orphan/40/x/y/z/\n"
              "$Orphan/40/x/y/z/file\n"
              "$Orphan/44/\n$Orphan/44/self/\n$Orphan/44/self/own/\n"
              "$Orphan/46/\n$Orphan/46/stale\n"
              "$Orphan/47/\n$Orphan/47/below a file\n");
}

/* A chain of folders longer than any path can be is cut, and all of it listed. */
static void test_deep(void **state)
{
    struct fixture *f = *state;
    char name[200];
    uint64_t parent = ROOT;
    size_t folders = 600, count = 0;

    ntfs_writer_free(&f->w);
    assert_true(ntfs_writer_start(&f->w, 400, 700));
    memset(name, 'n', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    for (size_t i = 0; i < folders; i++)
        parent = ntfs_writer_file(&f->w, 30 + i, parent, name, NULL);
    ntfs_writer_file(&f->w, 30 + folders, parent, "leaf", "x");
    list(f);
    assert_int_equal(f->list.status, 0);
    for (size_t i = 0; i < f->list.entries.count; i++)
        count += f->list.entries.items[i].id != 0;
    assert_int_equal(count, folders + 1);
    assert_non_null(strstr(strbuf_text(&f->list.paths), "$Orphan/"));
    assert_non_null(ntfs_listing_find(&f->list, 30 + folders));
}

static void test_names(void **state)
{
    struct fixture *f = *state;

    ntfs_writer_begin(&f->w, 30, 1, NTFS_RECORD_IN_USE);
    ntfs_writer_name(&f->w, 30, ROOT, "second", NTFS_POSIX);
    ntfs_writer_name(&f->w, 30, ROOT, "SHORT~1", NTFS_DOS);
    ntfs_writer_name(&f->w, 30, ROOT, "first", NTFS_WIN32);
    ntfs_writer_value(&f->w, 30, NTFS_DATA, NULL, "x", 1);
    ntfs_writer_value(&f->w, 30, NTFS_DATA, "stream", "longer", 6);
    ntfs_writer_end(&f->w, 30);
    ntfs_writer_begin(&f->w, 31, 1, NTFS_RECORD_IN_USE);
    ntfs_writer_name(&f->w, 31, ROOT, "ONLY~1", NTFS_DOS);
    ntfs_writer_end(&f->w, 31);
    ntfs_writer_file(&f->w, 32, ROOT, "..", NULL);
    ntfs_writer_file(&f->w, 33, ntfs_reference(32, 1), "in/to", "x");
    ntfs_writer_begin(&f->w, 34, 1, NTFS_RECORD_IN_USE); /* no name at all */
    ntfs_writer_end(&f->w, 34);
    ntfs_writer_file(&f->w, 35, ntfs_reference(NTFS_EXTEND, 1), "$Reparse", "x");
    expect_clean(f, "ONLY~1\nfirst\nsecond again\n\xEF\xBF\xBD../\n"
                    "\xEF\xBF\xBD../in\xEF\xBF\xBDto\n");
}

static struct ntfs_writer_stream data_stream(const struct ntfs_writer_run *runs, size_t count,
                                             uint64_t size)
{
    return (struct ntfs_writer_stream){
        .type = NTFS_DATA,
        .size = size,
        .initialized_size = size,
        .runs = runs,
        .run_count = count,
    };
}

static void put_data_file(struct fixture *f, uint64_t number, const char *name,
                          const struct ntfs_writer_stream *stream)
{
    ntfs_writer_begin(&f->w, number, 1, NTFS_RECORD_IN_USE);
    ntfs_writer_information(&f->w, number, 0x20, 0);
    ntfs_writer_name(&f->w, number, ROOT, name, NTFS_WIN32);
    ntfs_writer_runs(&f->w, number, stream);
    ntfs_writer_end(&f->w, number);
}

static void test_runs(void **state)
{
    struct fixture *f = *state;
    char block[NTFS_WRITER_CLUSTER];
    struct ntfs_facts facts;

    memset(block, 'B', sizeof(block));
    uint64_t second = ntfs_writer_put(&f->w, block, sizeof(block));
    memset(block, 'A', sizeof(block));
    uint64_t first = ntfs_writer_put(&f->w, block, sizeof(block));
    const struct ntfs_writer_run runs[] = {
        {1, (int64_t)first}, {2, -1}, {1, (int64_t)second}, {1, (int64_t)first}};
    struct ntfs_writer_stream stream = data_stream(runs, 4, 5 * NTFS_WRITER_CLUSTER - 10);
    stream.flags = NTFS_ATTRIBUTE_SPARSE;
    stream.initialized_size = 4 * NTFS_WRITER_CLUSTER + 5;
    put_data_file(f, 30, "runs", &stream);
    expect_clean(f, "runs\n");
    CLEANUP_FREE char *text = ntfs_content(&f->list, 30);
    assert_int_equal(text[0], 'A');
    assert_int_equal(text[NTFS_WRITER_CLUSTER], 0);
    assert_int_equal(text[3 * NTFS_WRITER_CLUSTER], 'B');
    assert_int_equal(text[4 * NTFS_WRITER_CLUSTER + 4], 'A');
    assert_int_equal(text[4 * NTFS_WRITER_CLUSTER + 5], 0);
    assert_int_equal(ntfs_listing_find(&f->list, 30)->attributes, VOLUME_SPARSE);
    assert_int_equal(ntfs_volume_facts(f->list.volume, ntfs_reference(30, 1), &facts), 0);
    assert_int_equal(facts.extents, 2); /* the last two runs are neighbours */
    assert_int_equal(facts.records, 1);
    assert_int_equal(facts.list_size, 0);
}

static void put_list_entry(uint8_t *at, uint32_t type, uint64_t first_vcn, uint64_t record)
{
    struct ntfs_list_entry *entry = (void *)at;

    memset(at, 0, 32);
    store_le32(&entry->type, type);
    store_le16(&entry->length, 32);
    entry->name_offset = 26;
    store_le64(&entry->first_vcn, first_vcn);
    store_le64(&entry->record, record);
}

/* The data in two further records, one before and one behind the base record. */
static void put_listed_file(struct fixture *f)
{
    char block[NTFS_WRITER_CLUSTER];
    uint8_t entries[4 * 32];

    for (uint64_t i = 0; i < 2; i++) {
        memset(block, 'P' + (int)i, sizeof(block));
        const struct ntfs_writer_run run = {
            1, (int64_t)ntfs_writer_put(&f->w, block, sizeof(block))};
        struct ntfs_writer_stream stream = data_stream(&run, 1, 2 * NTFS_WRITER_CLUSTER);
        uint64_t number = i == 0 ? 60 : 50;
        stream.first_vcn = i;
        ntfs_writer_begin(&f->w, number, 3, NTFS_RECORD_IN_USE);
        ntfs_writer_extends(&f->w, number, ntfs_reference(55, 1));
        ntfs_writer_name(&f->w, number, ROOT, i == 0 ? "LISTED~1" : "listed.vhdx",
                         i == 0 ? NTFS_DOS : NTFS_WIN32);
        ntfs_writer_runs(&f->w, number, &stream);
        ntfs_writer_end(&f->w, number);
    }
    put_list_entry(entries, NTFS_STANDARD_INFORMATION, 0, ntfs_reference(55, 1));
    put_list_entry(entries + 32, NTFS_FILE_NAME, 0, ntfs_reference(50, 3));
    put_list_entry(entries + 64, NTFS_DATA, 0, ntfs_reference(60, 3));
    put_list_entry(entries + 96, NTFS_DATA, 1, ntfs_reference(50, 3));
    ntfs_writer_begin(&f->w, 55, 1, NTFS_RECORD_IN_USE);
    ntfs_writer_information(&f->w, 55, 0x20, 0);
    ntfs_writer_value(&f->w, 55, NTFS_ATTRIBUTE_LIST, NULL, entries, sizeof(entries));
    ntfs_writer_end(&f->w, 55);
}

static void test_attribute_list(void **state)
{
    struct fixture *f = *state;
    struct ntfs_facts facts;

    put_listed_file(f);
    expect_clean(f, "listed.vhdx\n");
    CLEANUP_FREE char *text = ntfs_content(&f->list, 55);
    assert_int_equal(text[0], 'P');
    assert_int_equal(text[NTFS_WRITER_CLUSTER], 'Q');
    assert_int_equal(ntfs_volume_facts(f->list.volume, ntfs_reference(55, 1), &facts), 0);
    assert_int_equal(facts.extents, 2);
    assert_int_equal(facts.records, 3);
    assert_int_equal(facts.list_size, 128);
    assert_int_equal(facts.size, 2 * NTFS_WRITER_CLUSTER);
}

static void test_attribute_list_damage(void **state)
{
    struct fixture *f = *state;
    uint8_t bytes[2 * NTFS_WRITER_CLUSTER];
    io_source *source;

    put_listed_file(f);
    ntfs_writer_record(&f->w, 50)[0] = 'X'; /* with half of the data goes the long name */
    expect(f, "LISTED~1\n");
    assert_int_equal(volume_open(f->list.volume, "", ntfs_reference(55, 1), &source), 0);
    assert_int_equal(io_read(source, 0, bytes, NTFS_WRITER_CLUSTER), 0);
    assert_int_equal(bytes[0], 'P');
    assert_int_equal(io_read(source, NTFS_WRITER_CLUSTER, bytes, 1), -EBADMSG);
    io_unref(source);
}

/* $MFT itself in two pieces, the second one known from a record of the first. */
static void test_mft_in_pieces(void **state)
{
    struct fixture *f = *state;
    uint64_t far = 100, records = 16; /* records 124 … 127, and 4 behind */
    uint8_t entries[64];

    put_files(f);
    const struct ntfs_writer_run first = {31, NTFS_WRITER_MFT_CLUSTER}, second = {3, (int64_t)far};
    struct ntfs_writer_stream stream = data_stream(&first, 1, 136 * NTFS_WRITER_RECORD);
    put_list_entry(entries, NTFS_DATA, 0, ntfs_reference(0, 1));
    put_list_entry(entries + 32, NTFS_DATA, 31, ntfs_reference(records, 1));
    ntfs_writer_begin(&f->w, 0, 1, NTFS_RECORD_IN_USE);
    ntfs_writer_value(&f->w, 0, NTFS_ATTRIBUTE_LIST, NULL, entries, sizeof(entries));
    ntfs_writer_runs(&f->w, 0, &stream);
    ntfs_writer_end(&f->w, 0);
    stream = data_stream(&second, 1, 0);
    stream.first_vcn = 31;
    ntfs_writer_begin(&f->w, records, 1, NTFS_RECORD_IN_USE);
    ntfs_writer_extends(&f->w, records, ntfs_reference(0, 1));
    ntfs_writer_runs(&f->w, records, &stream);
    ntfs_writer_end(&f->w, records);
    ntfs_writer_file(&f->w, 99, ROOT, "far away", "found"); /* made here, put there as 125 */
    memcpy(f->w.bytes + far * NTFS_WRITER_CLUSTER + NTFS_WRITER_RECORD,
           ntfs_writer_record(&f->w, 99), NTFS_WRITER_RECORD);
    memset(ntfs_writer_record(&f->w, 99), 0, NTFS_WRITER_RECORD);
    expect_clean(f, "a/\na.b\na/c\na0\nfar away\n\xC3\xA4\xF0\x9F\x92\xBE\n");
    CLEANUP_FREE char *text = ntfs_content(&f->list, 125);
    assert_string_equal(text, "found");

    ntfs_writer_record(&f->w, records)[0] = 'X';
    expect(f, FILES);
    assert_true(notes_has(&f->list.notes, "NTFS-MFT-INCOMPLETE"));
    assert_non_null(strstr(strbuf_text(&f->list.complaints),
                           "records 124-135 of $MFT: $MFT's runs are not known there"));
}

static void put_reparse(struct fixture *f, uint64_t number, const char *name, uint32_t tag,
                        const char *target, size_t flags)
{
    uint8_t data[512] = {0};
    size_t bytes;
    void *utf16 = text_to_utf16le(target, &bytes);
    struct ntfs_reparse *reparse = (void *)data;
    struct ntfs_link_names *names = (void *)(reparse + 1);

    store_le32(&reparse->tag, tag);
    store_le16(&reparse->data_length, (uint16_t)(sizeof(*names) + flags + bytes));
    store_le16(&names->substitute_length, (uint16_t)bytes);
    memcpy((uint8_t *)(names + 1) + flags, utf16, bytes);
    free(utf16);
    ntfs_writer_begin(&f->w, number, 1, NTFS_RECORD_IN_USE);
    ntfs_writer_information(&f->w, number, NTFS_FILE_REPARSE, 0);
    ntfs_writer_name(&f->w, number, ROOT, name, NTFS_WIN32);
    ntfs_writer_value(&f->w, number, NTFS_DATA, NULL, "x", 1);
    ntfs_writer_value(&f->w, number, NTFS_REPARSE_POINT, NULL, data,
                      sizeof(*reparse) + sizeof(*names) + flags + bytes);
    ntfs_writer_end(&f->w, number);
}

static void test_reparse(void **state)
{
    static const struct {
        uint32_t tag, attributes;
        bool opens;
    } kinds[] = {
        {NTFS_TAG_DEDUP, VOLUME_DEDUPLICATED, false}, {NTFS_TAG_WOF, VOLUME_COMPRESSED, false},
        {NTFS_TAG_HSM, VOLUME_OFFLINE, false},        {NTFS_TAG_HSM2, VOLUME_OFFLINE, false},
        {0x8000001Bu, 0, true}, /* one that we know nothing of */
    };
    struct fixture *f = *state;
    io_source *source;

    put_reparse(f, 30, "link", NTFS_TAG_SYMLINK, "\\??\\D:\\VMs\\x.xml", 4);
    put_reparse(f, 31, "mount", NTFS_TAG_MOUNT_POINT, "\\??\\Volume{1}\\", 0);
    put_reparse(f, 32, "relative", NTFS_TAG_SYMLINK, "..\\x", 4);
    put_reparse(f, 33, "surrogate", 0xA0000099u, "", 0);
    put_reparse(f, 34, "socket", NTFS_TAG_AF_UNIX, "", 0);
    expect_clean(f, "link -> \\\\?\\D:\\VMs\\x.xml\nmount -> \\\\?\\Volume{1}\\\n"
                    "relative -> ..\\x\nsocket?\nsurrogate -> ?\n");
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        put_reparse(f, 30, "file", kinds[i].tag, "", 0);
        list(f);
        assert_int_equal(ntfs_listing_find(&f->list, 30)->type, VOLUME_FILE);
        assert_int_equal(ntfs_listing_find(&f->list, 30)->attributes, kinds[i].attributes);
        int r = volume_open(f->list.volume, "", ntfs_reference(30, 1), &source);
        assert_int_equal(r, kinds[i].opens ? 0 : -ENOTSUP);
        if (r == 0)
            io_unref(source);
    }
}

static void test_compressed(void **state)
{
    /* One LZNT1 chunk: "ab", then twelve times the two bytes before. */
    static const uint8_t packed[] = {0x04, 0xB0, 0x04, 'a', 'b', 0x15, 0x10};
    struct fixture *f = *state;
    uint8_t stored[16 * NTFS_WRITER_CLUSTER];
    io_source *source;

    memset(stored, 'S', sizeof(stored));
    uint64_t raw = ntfs_writer_put(&f->w, stored, sizeof(stored));
    uint64_t unit = ntfs_writer_put(&f->w, packed, sizeof(packed));
    const struct ntfs_writer_run runs[] = {
        {1, (int64_t)unit}, {15, -1}, {16, -1}, {16, (int64_t)raw}};
    struct ntfs_writer_stream stream = data_stream(runs, 4, 3 * sizeof(stored));
    stream.flags = 1;
    stream.compression_unit = 4;
    put_data_file(f, 30, "compressed", &stream);
    expect_clean(f, "compressed\n");
    assert_int_equal(ntfs_listing_find(&f->list, 30)->attributes, VOLUME_COMPRESSED);
    CLEANUP_FREE char *text = ntfs_content(&f->list, 30);
    assert_string_equal(text, "ababababababababababababab");
    assert_int_equal(text[sizeof(stored)], 0);
    assert_int_equal(text[2 * sizeof(stored)], 'S');
    assert_int_equal(text[3 * sizeof(stored) - 1], 'S');

    f->w.bytes[unit * NTFS_WRITER_CLUSTER + 5] = 0xFF; /* farther back than the start */
    f->w.bytes[unit * NTFS_WRITER_CLUSTER + 6] = 0xFF;
    list(f);
    assert_int_equal(volume_open(f->list.volume, "", ntfs_reference(30, 1), &source), 0);
    assert_int_equal(io_read(source, 0, stored, 1), -EBADMSG);
    assert_int_equal(io_read(source, 2 * sizeof(stored), stored, 1), 0);
    io_unref(source);

    stream.flags = NTFS_ATTRIBUTE_ENCRYPTED;
    put_data_file(f, 30, "encrypted", &stream);
    list(f);
    assert_int_equal(ntfs_listing_find(&f->list, 30)->attributes, VOLUME_ENCRYPTED);
    assert_int_equal(volume_open(f->list.volume, "", ntfs_reference(30, 1), &source), -ENOTSUP);
}

static void put_deleted(struct fixture *f, uint64_t number, uint64_t parent, const char *name,
                        uint16_t flags)
{
    const struct ntfs_writer_run run = {3, 120};
    const struct ntfs_writer_stream stream = data_stream(&run, 1, 10000);

    ntfs_writer_begin(&f->w, number, 2, flags & ~(unsigned)NTFS_RECORD_IN_USE);
    ntfs_writer_information(&f->w, number, 0x20, 0);
    ntfs_writer_name(&f->w, number, parent, name, NTFS_WIN32);
    if (!(flags & NTFS_RECORD_DIRECTORY))
        ntfs_writer_runs(&f->w, number, &stream);
    ntfs_writer_end(&f->w, number);
}

static void test_traces(void **state)
{
    struct fixture *f = *state;
    ntfs_traces traces;

    put_files(f);
    put_deleted(f, 40, ntfs_reference(30, 1), "disk_0123.AVHDX", 0);
    put_deleted(f, 41, ntfs_reference(30, 1), "note.txt", 0);
    put_deleted(f, 42, ROOT, "gone", NTFS_RECORD_DIRECTORY);
    put_deleted(f, 43, ntfs_reference(42, 1), "vm.vmcx", 0);
    put_deleted(f, 44, ntfs_reference(31, 9), "lost.vhd", 0); /* the record is another's now */
    expect_clean(f, FILES);
    assert_int_equal(ntfs_volume_traces(f->list.volume, &traces), 0);
    assert_int_equal(traces.count, 3);
    assert_string_equal(traces.items[0].path, "a/disk_0123.AVHDX");
    assert_true(traces.items[0].path_is_full);
    assert_int_equal(traces.items[0].facts.id, ntfs_reference(40, 1));
    assert_int_equal(traces.items[0].facts.size, 10000);
    assert_int_equal(traces.items[0].facts.modified, f->w.time);
    assert_true(traces.items[0].facts.deleted);
    assert_string_equal(traces.items[1].path, "gone/vm.vmcx");
    assert_true(traces.items[1].path_is_full);
    assert_string_equal(traces.items[2].path, "lost.vhd");
    assert_false(traces.items[2].path_is_full);
    ntfs_traces_free(&traces);
}

static bool wants_disks(void *user, const struct volume_entry *entry)
{
    assert_null(entry->path);
    return strstr(entry->name, ".vhdx") != NULL;
}

static int count(void *user, const struct volume_entry *entry)
{
    ++*(int *)user;
    return 0;
}

static void test_keep_only(void **state)
{
    struct fixture *f = *state;
    struct volume *volume;
    int entries = 0;

    put_files(f);
    put_listed_file(f); /* its name comes from another record than its data */
    ntfs_writer_file(&f->w, 70, ntfs_reference(30, 1), "x.vhdx", "x");
    io_source *source = io_memory_new(f->w.bytes, f->w.size);
    assert_int_equal(ntfs_volume_open(&volume, source, "", NULL), 0);
    io_unref(source);
    ntfs_volume_keep_only(volume, wants_disks, NULL);
    assert_int_equal(volume_walk(volume, count, NULL, &entries), 0);
    assert_int_equal(entries, 3); /* the folder a and two disks */
    assert_int_equal(ntfs_volume_left_out(volume), 4);
    volume_close(volume);
}

/* $MFT as large as numbers go, of clusters that are nowhere or counted many times. */
static void test_absurd_mft(void **state)
{
    struct fixture *f = *state;
    struct ntfs_writer_run runs[100];

    put_files(f);
    runs[0] = (struct ntfs_writer_run){32, NTFS_WRITER_MFT_CLUSTER};
    runs[1] = (struct ntfs_writer_run){(uint64_t)1 << 48, -1};
    struct ntfs_writer_stream stream = data_stream(runs, 2, (uint64_t)1 << 60);
    ntfs_writer_begin(&f->w, 0, 1, NTFS_RECORD_IN_USE);
    ntfs_writer_runs(&f->w, 0, &stream);
    ntfs_writer_end(&f->w, 0);
    expect(f, FILES);
    assert_non_null(strstr(strbuf_text(&f->list.complaints), "runs are not known"));

    for (size_t i = 1; i < 100; i++)
        runs[i] = (struct ntfs_writer_run){190, i % 2};
    runs[0].count = 32;
    stream = data_stream(runs, 100, (uint64_t)1 << 60);
    ntfs_writer_begin(&f->w, 0, 1, NTFS_RECORD_IN_USE);
    ntfs_writer_runs(&f->w, 0, &stream);
    ntfs_writer_end(&f->w, 0);
    list(f);
    assert_int_equal(f->list.status, 0);
    assert_non_null(strstr(strbuf_text(&f->list.complaints), "lie where others lay already"));
}

/* Any bytes may be anything: nothing may crash, hang or leak. */
static void test_random_damage(void **state)
{
    struct fixture *f = *state;
    uint64_t seed = 88172645463325252u;
    uint8_t bytes[5000];

    put_files(f);
    put_listed_file(f);
    put_deleted(f, 40, ntfs_reference(30, 1), "disk.avhdx", 0);
    put_reparse(f, 41, "link", NTFS_TAG_SYMLINK, "\\??\\D:\\VMs\\x.xml", 4);
    CLEANUP_FREE uint8_t *whole = malloc(f->w.size);
    memcpy(whole, f->w.bytes, f->w.size);
    for (int round = 0; round < 600; round++) {
        ntfs_traces traces;
        memcpy(f->w.bytes, whole, f->w.size);
        for (int i = 0; i < 1 + round % 40; i++) {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            size_t at = seed % (64 * NTFS_WRITER_RECORD) + 4 * NTFS_WRITER_CLUSTER;
            if (i == 0 && round % 3 == 0)
                at = seed % 512;
            if (at % 512 < 510 || round % 5 == 0)
                f->w.bytes[at] = (uint8_t)(seed >> 32);
        }
        list(f);
        for (size_t i = 0; i < f->list.entries.count; i++) {
            io_source *source;
            if (volume_open(f->list.volume, "", f->list.entries.items[i].id, &source) < 0)
                continue;
            io_read_some(source, 0, bytes, sizeof(bytes));
            io_unref(source);
        }
        if (f->list.status == 0 && ntfs_volume_traces(f->list.volume, &traces) == 0)
            ntfs_traces_free(&traces);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_files, setup, teardown),
        cmocka_unit_test_setup_teardown(test_boot_sector_lost, setup, teardown),
        cmocka_unit_test_setup_teardown(test_boot_sector_lies, setup, teardown),
        cmocka_unit_test_setup_teardown(test_record_0_lost, setup, teardown),
        cmocka_unit_test_setup_teardown(test_truncated, setup, teardown),
        cmocka_unit_test_setup_teardown(test_torn_record, setup, teardown),
        cmocka_unit_test_setup_teardown(test_cycles, setup, teardown),
        cmocka_unit_test_setup_teardown(test_deep, setup, teardown),
        cmocka_unit_test_setup_teardown(test_names, setup, teardown),
        cmocka_unit_test_setup_teardown(test_runs, setup, teardown),
        cmocka_unit_test_setup_teardown(test_attribute_list, setup, teardown),
        cmocka_unit_test_setup_teardown(test_attribute_list_damage, setup, teardown),
        cmocka_unit_test_setup_teardown(test_mft_in_pieces, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reparse, setup, teardown),
        cmocka_unit_test_setup_teardown(test_compressed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_traces, setup, teardown),
        cmocka_unit_test_setup_teardown(test_keep_only, setup, teardown),
        cmocka_unit_test_setup_teardown(test_absurd_mft, setup, teardown),
        cmocka_unit_test_setup_teardown(test_random_damage, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

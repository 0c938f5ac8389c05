/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * Files that Windows' overlay filter has compressed ("compact /exe"): a sparse stream of the
 * file's size, a reparse point that names the method, and the packed bytes in another stream. They
 * are stored as WIM stores them, so that wimlib can pack them for us.
 */
#include "../group_workers.h"
#include "../testing.h"
#include "../temporary.h"

#include "image_testing.h"
#include "ntfs_listing.h"
#include "ntfs_samples.h"

#include "base/bytes.h"
#include "base/checked.h"
#include "base/cleanup.h"
#include "volume/ntfs_format.h"
#include "volume/ntfs_mft.h"

#include <errno.h>
#include <string.h>

#define ROOT       ntfs_reference(NTFS_ROOT, NTFS_ROOT)
#define FILE_ID    ntfs_reference(30, 1)
#define PLAIN_SIZE 100000

static const struct method {
    const char *wim; /* as wimlib names it */
    uint32_t chunk, number;
} methods[] = {{"XPRESS", 4096, 0}, {"LZX", 32768, 1}, {"XPRESS", 8192, 2}, {"XPRESS", 16384, 3}};

static char plain[PLAIN_SIZE];

static int start(void **state)
{
    for (size_t at = 0, n = 0; at < sizeof(plain); n++) /* packs well, but never the same */
        at += (size_t)snprintf(plain + at, sizeof(plain) - at, "line %zu %zx\n", n, n * n * n);
    return start_workers(state);
}

/* The packed bytes as wimlib writes them into "a.wim". */
static size_t pack(const struct method *method, uint8_t *packed, size_t capacity)
{
    unsigned long long plain_size = 0, size = 0, offset = 0;
    char line[256];

    put_folder("d");
    FILE *file = fopen("d/plain", "wb");
    assert_int_equal(fwrite(plain, 1, sizeof(plain), file), sizeof(plain));
    fclose(file);
    assert_true(shell("wimlib-imagex capture d a.wim --compress=%s --chunk-size=%u > log 2>&1 && "
                      "rm -r d",
                      method->wim, method->chunk));
    FILE *blobs = run("wimlib-imagex info a.wim --blobs");
    while (offset == 0 && fgets(line, sizeof(line), blobs)) {
        sscanf(line, "Uncompressed size = %llu", &plain_size);
        sscanf(line, "Compressed size = %llu", &size);
        if (plain_size == sizeof(plain))
            sscanf(line, "Offset in WIM = %llu", &offset);
    }
    while (fgets(line, sizeof(line), blobs)) {
    }
    pclose(blobs);
    assert_true(offset > 0 && size > 0 && size < sizeof(plain) && size <= capacity);
    file = fopen("a.wim", "rb");
    assert_int_equal(fseek(file, (long)offset, SEEK_SET), 0);
    assert_int_equal(fread(packed, 1, size, file), size);
    fclose(file);
    return size;
}

/* WOF_EXTERNAL_INFO (version 1, provider 2: files) and FILE_PROVIDER_EXTERNAL_INFO_V1 (version 1,
 * method). */
static void put_reparse(struct ntfs_writer *w, uint32_t method)
{
    uint8_t data[sizeof(struct ntfs_reparse) + 16] = {0};
    struct ntfs_reparse *reparse = (void *)data;

    store_le32(&reparse->tag, NTFS_TAG_WOF);
    store_le16(&reparse->data_length, 16);
    store_le32(data + sizeof(*reparse), 1);
    store_le32(data + sizeof(*reparse) + 4, 2);
    store_le32(data + sizeof(*reparse) + 8, 1);
    store_le32(data + sizeof(*reparse) + 12, method);
    ntfs_writer_value(w, 30, NTFS_REPARSE_POINT, NULL, data, sizeof(data));
}

static void put_overlaid(struct ntfs_writer *w, uint32_t method, const uint8_t *packed, size_t size)
{
    const struct ntfs_writer_run hole = {div_round_up(sizeof(plain), NTFS_WRITER_CLUSTER), -1};
    const struct ntfs_writer_run run = {div_round_up(size, NTFS_WRITER_CLUSTER),
                                        (int64_t)ntfs_writer_put(w, packed, size)};
    const struct ntfs_writer_stream streams[] = {
        {.type = NTFS_DATA,
         .flags = NTFS_ATTRIBUTE_SPARSE,
         .size = sizeof(plain),
         .initialized_size = sizeof(plain),
         .runs = &hole,
         .run_count = 1},
        {.type = NTFS_DATA,
         .name = "WofCompressedData",
         .size = size,
         .initialized_size = size,
         .runs = &run,
         .run_count = 1},
    };

    ntfs_writer_begin(w, 30, 1, NTFS_RECORD_IN_USE);
    ntfs_writer_information(w, 30, NTFS_FILE_REPARSE | NTFS_FILE_SPARSE, 0);
    ntfs_writer_name(w, 30, ROOT, "host.vmcx", NTFS_WIN32);
    ntfs_writer_runs(w, 30, &streams[0]);
    ntfs_writer_runs(w, 30, &streams[1]);
    put_reparse(w, method);
    ntfs_writer_end(w, 30);
}

static void check_method(const struct method *method)
{
    static uint8_t packed[PLAIN_SIZE], content[PLAIN_SIZE];
    size_t size = pack(method, packed, sizeof(packed));
    struct ntfs_listing list;
    struct ntfs_writer w;
    io_source *source;

    assert_true(ntfs_writer_start(&w, 200, 128));
    ntfs_writer_secure(&w);
    put_overlaid(&w, method->number, packed, size);
    ntfs_list(&list, w.bytes, w.size);
    assert_string_equal(strbuf_text(&list.paths), "host.vmcx\n");
    assert_true(ntfs_listing_find(&list, 30)->attributes & VOLUME_COMPRESSED);
    assert_int_equal(volume_open(list.volume, "", FILE_ID, &source), -ENOTSUP);
    ntfs_volume_use_workers(list.volume, group_workers);
    assert_int_equal(volume_open(list.volume, "", FILE_ID, &source), 0);
    assert_int_equal(io_size(source), sizeof(plain));
    assert_int_equal(io_read(source, 0, content, sizeof(content)), 0);
    assert_memory_equal(content, plain, sizeof(plain));
    assert_int_equal(io_read(source, 50001, content, 3), 0); /* amid a chunk */
    assert_memory_equal(content, plain + 50001, 3);
    io_unref(source);
    ntfs_listing_free(&list);
    ntfs_writer_free(&w);
}

static void test_methods(void **state)
{
    if (!have_program("wimlib-imagex")) {
        print_message("skipped: no wimlib-imagex to pack with\n");
        skip();
    }
    for (size_t i = 0; i < ARRAY_SIZE(methods); i++)
        check_method(&methods[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_methods, temporary_enter, temporary_leave),
    };

    return cmocka_run_group_tests(tests, start, stop_workers);
}

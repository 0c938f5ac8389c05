/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * Libraries that would not bear one another in one process: used side by side, each gives what it
 * gives alone. A new library is a row: how its file is made from "volume", and what it is asked.
 */
#include "../testing.h"
#include "../temporary.h"

#include "hive_writer.h"
#include "image_testing.h"

#include "base/checked.h"
#include "base/cleanup.h"
#include "base/crc.h"
#include "event/hive.h"
#include "os/os_file.h"
#include "os/parallel.h"
#include "os/worker.h"
#include "volume/fsntfs.h"
#include "volume/image_shadows.h"
#include "worker/vhdi.h"

#include <errno.h>
#include <stdatomic.h>

#define ROUNDS 4

/* 0 and the checksum of all that was answered, or negative errno. */
typedef int answer(struct workers *, const char *path, uint32_t *crc);

static int add_content(io_source *source, uint32_t *crc)
{
    CLEANUP_FREE uint8_t *bytes = malloc(MIB);

    for (uint64_t at = 0; at < io_size(source); at += MIB) {
        size_t n = (size_t)min_u64(MIB, io_size(source) - at);
        int r = io_read(source, at, bytes, n);
        if (r < 0)
            return r;
        *crc = crc32c(*crc, bytes, n);
    }
    return 0;
}

/* All volumes, as they are when they are unpacked and unlocked. */
static int ask_image(struct workers *workers, const char *path, uint32_t *crc)
{
    const struct image_tools tools = {.workers = workers};
    struct image image;
    int r = image_open(&image, path, &tools, NULL);

    if (r < 0)
        return r;
    r = image.volumes.count > 0 ? 0 : -ENODATA;
    for (size_t i = 0; i < image.volumes.count && r == 0; i++) {
        r = image.volumes.items[i].status;
        if (r == 0)
            r = add_content(image.volumes.items[i].source, crc);
    }
    image_close(&image);
    return r;
}

static int add_file(void *user, const struct fsntfs_file *file)
{
    uint32_t *crc = user;

    *crc = crc32c(*crc, &file->entry, sizeof(file->entry));
    for (size_t i = 0; i < file->names.count; i++)
        *crc = crc32c(*crc, file->names.items[i].text, strlen(file->names.items[i].text));
    return 0;
}

static int ask_fsntfs(struct workers *workers, const char *path, uint32_t *crc)
{
    CLEANUP(io_unref) io_source *source = NULL;
    CLEANUP(io_unref) io_source *bitmap = NULL;
    char error[256];
    int r = os_file_open(path, false, &source);

    if (r == 0)
        r = fsntfs_list(workers, source, 0, UINT64_MAX, add_file, crc, error);
    if (r == 0)
        r = fsntfs_open(workers, source, 6, "", &bitmap); /* $Bitmap */
    return r == 0 ? add_content(bitmap, crc) : r;
}

static int ask_regf(struct workers *workers, const char *path, uint32_t *crc)
{
    CLEANUP(io_unref) io_source *source = NULL;
    CLEANUP(hive_facts) struct hive_facts facts = {0};
    int r = os_file_open(path, false, &source);

    if (r == 0)
        r = hive_read(workers, source, &facts, NULL);
    if (r == 0 && !facts.computer_name)
        r = -ENODATA;
    if (r == 0)
        *crc = crc32c(0, facts.computer_name, strlen(facts.computer_name));
    return r;
}

static int ask_vhdi(struct workers *workers, const char *path, uint32_t *crc)
{
    CLEANUP(io_unref) io_source *source = NULL;
    CLEANUP(io_unref) io_source *content = NULL;
    CLEANUP_FREE struct vhdi_answer *reply = malloc(sizeof(*reply));
    int r = os_file_open(path, false, &source);
    const struct worker_job job = {
        .name = "vhdi", .sources = &source, .source_count = 1, .timeout_ms = 30000};

    if (r < 0)
        return r;
    int64_t n = workers_run(workers, &job, reply, sizeof(*reply));
    if (n < 0)
        return (int)n;
    *crc = crc32c(0, reply, (size_t)n);
    r = workers_open_source(workers, &job, &content);
    return r == 0 ? add_content(content, crc) : r;
}

static int ask_vshadow(struct workers *workers, const char *path, uint32_t *crc)
{
    CLEANUP(io_unref) io_source *source = NULL;
    CLEANUP(io_unref) io_source *copy = NULL;
    image_shadows list = {0};
    int r = os_file_open(path, false, &source);

    if (r == 0)
        r = image_shadows_list(source, workers, &list, NULL);
    if (r == 0 && list.count != 1)
        r = -ENODATA;
    for (size_t i = 0; i < list.count; i++)
        *crc = crc32c(*crc, &list.items[i].id, sizeof(list.items[i].id));
    vector_free(&list);
    if (r == 0)
        r = image_shadow_open(source, workers, 1, &copy, NULL);
    return r == 0 ? add_content(copy, crc) : r;
}

static const struct library {
    const char *name;
    const char *command; /* makes the file; NULL: it is there */
    const char *path;
    answer *ask;
} libraries[] = {
    {"libewf", "ewfacquire -u -q -t e volume", "e.E01", ask_image},
    {"libqcow", "qemu-img convert -O qcow2 volume q.qcow2", "q.qcow2", ask_image},
    {"libvhdi", "qemu-img convert -O vhdx volume v.vhdx", "v.vhdx", ask_vhdi},
    {"libfsntfs", "truncate -s 8M n && mkntfs -F -q n", "n", ask_fsntfs},
    {"libregf", NULL, "hive", ask_regf},
    {"libbde", "cp volume b && \"$HVCHAIN_BUILD/tests/writers/mkbde\" b seven 8003 clear", "b",
     ask_image},
    {"libvshadow",
     "cp volume s && \"$HVCHAIN_BUILD/tests/writers/mkshadow\" s 0 1600000000=earlier", "s",
     ask_vshadow},
};

static struct {
    bool there;
    uint32_t alone;
} results[ARRAY_SIZE(libraries)];

/* An NTFS volume with one file of that content. */
static bool make_volume(const char *name, const char *content)
{
    return shell(
        "echo '{\"files\": [{\"text\": \"v/file\", \"content\": \"%s\"}], \"images\": "
        "[{\"image\": \"i\", \"volumes\": [{\"folder\": \"v\", \"offset\": \"1M\", "
        "\"size\": \"8M\"}]}]}' > recipe && \"$HVCHAIN_BUILD/tests/writers/mkhost\" recipe "
        "made > log && tail -c +1048577 made/i > %s && rm -r made",
        content, name);
}

static void make_files(void)
{
    struct hive_writer *w = hive_writer_new();
    size_t size;

    assert_true(make_volume("earlier", "old") && make_volume("volume", "new"));
    hive_put_number(w, "Select", "Current", 1);
    hive_put_text(w, "ControlSet001\\Control\\ComputerName\\ComputerName", "ComputerName", HIVE_SZ,
                  "H\u00d6ST \U0001F600");
    const uint8_t *bytes = hive_writer_finish(w, &size);
    FILE *file = fopen("hive", "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
    hive_writer_free(w);
    for (size_t i = 0; i < ARRAY_SIZE(libraries); i++) {
        const char *command = libraries[i].command;
        results[i].there =
            !command || shell("PATH=$PATH:/usr/sbin:/sbin; (%s) > log 2>&1", command);
        if (!results[i].there)
            print_message("skipped: %s: no program to make its file with\n", libraries[i].name);
    }
}

/* In workers of its own, nobody else's beside it. */
static void ask_alone(size_t index)
{
    const struct library *library = &libraries[index];
    struct workers *workers;

    assert_int_equal(workers_start(&workers), 0);
    int r = library->ask(workers, library->path, &results[index].alone);
    workers_stop(workers);
    if (r < 0)
        fail_msg("%s alone: %s", library->name, strerror(-r));
}

struct together {
    struct workers *workers;
    atomic_size_t wrong;
};

static void ask_together(void *user, size_t index)
{
    struct together *together = user;
    size_t which = index % ARRAY_SIZE(libraries);
    const struct library *library = &libraries[which];
    uint32_t crc = 0;

    if (!results[which].there)
        return;
    int r = library->ask(together->workers, library->path, &crc);
    if (r == 0 && crc == results[which].alone)
        return;
    print_error("%s gives something else beside others: %d\n", library->name, r);
    atomic_fetch_add(&together->wrong, 1);
}

static void test_together(void **state)
{
    struct together together = {0};

    make_files();
    for (size_t i = 0; i < ARRAY_SIZE(libraries); i++)
        if (results[i].there)
            ask_alone(i);
    assert_int_equal(workers_start(&together.workers), 0);
    parallel_for(ROUNDS * ARRAY_SIZE(libraries), ARRAY_SIZE(libraries), ask_together, &together);
    workers_stop(together.workers);
    assert_int_equal(atomic_load(&together.wrong), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_together, temporary_enter, temporary_leave),
    };

    return cmocka_run_group_tests_name("volume-libraries", tests, NULL, NULL);
}

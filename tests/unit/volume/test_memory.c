/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * Memory that runs out at every single allocation of opening images, partition tables and NTFS
 * volumes and of all that is asked of them: -ENOMEM, no crash, and nothing leaks (which the
 * sanitizer sees).
 */
#include "../group_workers.h"
#include "../testing.h"
#include "../allocations.h"
#include "../temporary.h"

#include "image_testing.h"
#include "ntfs_samples.h"

#include "base/checked.h"
#include "base/cleanup.h"
#include "os/os_file.h"
#include "volume/image.h"
#include "volume/ntfs_volume.h"
#include "volume/ntfs_witness.h"
#include "volume/partition.h"

#include <dirent.h>

/* Damage is no failure here, lack of memory is. */
static int only_memory(int r)
{
    return r == -ENOMEM ? r : 0;
}

static int use_file(struct volume *volume, uint64_t id)
{
    ntfs_machines machines = {0};
    char bytes[100];
    io_source *source;

    int r = only_memory(ntfs_volume_machines(volume, id, &machines));
    vector_free(&machines);
    if (r < 0)
        return r;
    r = volume_open(volume, "", id, &source);
    if (r < 0)
        return only_memory(r);
    r = (int)io_read_some(source, 0, bytes, sizeof(bytes));
    io_unref(source);
    return only_memory(r);
}

static int visit(void *user, const struct volume_entry *entry)
{
    return entry->type == VOLUME_FILE ? use_file(user, entry->id) : 0;
}

static void complain(void *user, const char *path, const char *reason)
{
}

static int use_volume(struct volume *volume)
{
    ntfs_traces traces = {0};
    ntfs_lives lives = {0};
    char error[256];
    int r = volume_walk(volume, visit, complain, volume);

    if (r == 0)
        r = ntfs_volume_traces(volume, &traces);
    if (r == 0)
        r = only_memory(ntfs_volume_lives(volume, &lives, NULL));
    if (r == 0)
        r = only_memory(ntfs_witness_list(volume, group_workers, complain, NULL, error));
    ntfs_traces_free(&traces);
    ntfs_lives_free(&lives);
    return r;
}

static int try_volume(void *source)
{
    struct volume *volume;
    int r = ntfs_volume_open(&volume, source, "x!/", NULL);

    if (r < 0)
        return r;
    r = use_volume(volume);
    volume_close(volume);
    return r;
}

static int try_partitions(void *source)
{
    struct partition_list list;
    int r = partitions_read(&list, source, NULL);

    partitions_free(&list);
    return r;
}

static int try_image(void *path)
{
    const struct image_tools tools = {.workers = group_workers};
    struct image image;
    int r = image_open(&image, path, &tools, NULL);

    if (r < 0)
        return r;
    for (size_t i = 0; i < image.volumes.count && r == 0; i++)
        r = image.volumes.items[i].volume ? use_volume(image.volumes.items[i].volume) : 0;
    image_close(&image);
    return r;
}

/* With each file of a folder of the corpus. */
static void each_of_corpus(const char *name, allocations_try *try)
{
    CLEANUP_FREE char *folder =
        string_printf("%s/tests/fuzz/corpus/%s", getenv("HVCHAIN_SOURCE"), name);
    DIR *entries = opendir(folder);
    struct dirent *entry;
    size_t tried = 0;

    assert_non_null(entries);
    while ((entry = readdir(entries))) {
        CLEANUP_FREE char *path = string_printf("%s/%s", folder, entry->d_name);
        CLEANUP(io_unref) io_source *source = NULL;
        if (entry->d_name[0] == '.')
            continue;
        assert_int_equal(os_file_open(path, false, &source), 0);
        assert_true(fail_each_allocation(try, source) > 0);
        tried++;
    }
    closedir(entries);
    assert_true(tried > 0);
}

static void test_partitions(void **state)
{
    each_of_corpus("partition", try_partitions);
}

static void test_made_volumes(void **state)
{
    each_of_corpus("ntfs", try_volume);
}

static void test_real_volumes(void **state)
{
    static const char *const names[] = {"ntfs.raw", "usnjrnl.raw"};

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        CLEANUP_FREE char *path = image_sample(names[i]);
        assert_true(fail_each_allocation(try_image, path) > 20);
    }
}

static void test_containers(void **state)
{
    static const struct {
        const char *command, *image;
    } kinds[] = {
        {"cp volume split.001 && truncate -s 400K split.001 && tail -c +409601 volume > split.002",
         "split.001"},
        {"qemu-img convert -O vpc volume v.vhd", "v.vhd"},
        {"qemu-img convert -O vhdx volume v.vhdx", "v.vhdx"},
        {"qemu-img convert -O qcow2 volume v.qcow2", "v.qcow2"},
        {"ewfacquire -u -q -S 1048576 -t e volume > log 2>&1", "e.E01"},
    };

    assert_true(shell("cp \"$HVCHAIN_SOURCE/tests/fuzz/corpus/ntfs/volume\" volume && "
                      "truncate -s 1M volume"));
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        if (!shell("%s", kinds[i].command)) {
            print_message("skipped: no program to make %s\n", kinds[i].image);
            continue;
        }
        assert_true(fail_each_allocation(try_image, (char *)(uintptr_t)kinds[i].image) > 10);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_partitions),
        cmocka_unit_test(test_made_volumes),
        cmocka_unit_test(test_real_volumes),
        cmocka_unit_test_setup_teardown(test_containers, temporary_enter, temporary_leave),
    };

    return cmocka_run_group_tests(tests, start_workers, stop_workers);
}

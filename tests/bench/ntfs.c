/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * One measurement on an NTFS volume, for tests/bench/ntfs:
 *
 *     bench-ntfs read IMAGE    reads $MFT in large reads and does nothing with it
 *     bench-ntfs find IMAGE    finds the files that hvchain looks for
 *     bench-ntfs list IMAGE    lists every file in the order of paths
 *     bench-ntfs make IMAGE N  makes a volume of N files that no index names
 *
 * Prints milliseconds, entries and the largest size in memory (KiB).
 */
#include "base/cleanup.h"
#include "base/checked.h"
#include "ntfs_writer.h"
#include "os/os_file.h"
#include "volume/ntfs_format.h"
#include "volume/ntfs_mft.h"
#include "volume/ntfs_volume.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

static int read_plainly(io_source *source, uint64_t *entries)
{
    CLEANUP_FREE uint8_t *block = malloc(MIB);
    struct ntfs ntfs;
    int64_t n = 1;
    int r = ntfs_open(&ntfs, source, NULL);

    for (uint64_t at = 0; r == 0 && n > 0; at += (uint64_t)n)
        n = ntfs_stream_read(&ntfs, &ntfs.mft, at, block, MIB);
    *entries = r == 0 ? ntfs.record_count : 0;
    if (r == 0)
        ntfs_close(&ntfs);
    return r;
}

static bool is_disk(void *user, const struct volume_entry *entry)
{
    const char *dot = strrchr(entry->name, '.');

    return dot && (strcasecmp(dot, ".vhdx") == 0 || strcasecmp(dot, ".avhdx") == 0 ||
                   strcasecmp(dot, ".vmcx") == 0);
}

static int count(void *user, const struct volume_entry *entry)
{
    ++*(uint64_t *)user;
    return 0;
}

static void complain(void *user, const char *path, const char *reason)
{
    fprintf(stderr, "%s%s\n", path, reason);
}

static int walk(io_source *source, bool all, uint64_t *entries)
{
    struct volume *volume;
    int r = ntfs_volume_open(&volume, source, "", NULL);

    if (r < 0)
        return r;
    if (!all)
        ntfs_volume_keep_only(volume, is_disk, NULL);
    r = volume_walk(volume, count, complain, entries);
    volume_close(volume);
    return r;
}

static int make(const char *path, size_t files)
{
    struct ntfs_writer w;
    char name[32];
    uint64_t folder = ntfs_reference(NTFS_ROOT, NTFS_ROOT);

    if (!ntfs_writer_start(&w, files / 4 + 100, files + 30))
        return 1;
    for (size_t i = 0; i < files; i++) {
        bool is_folder = i % 50 == 0;
        snprintf(name, sizeof(name), i % 100 == 7 ? "disk%zu.vhdx" : "file number %zu", i);
        uint64_t reference = ntfs_writer_file(
            &w, 30 + i, is_folder ? ntfs_reference(NTFS_ROOT, NTFS_ROOT) : folder, name,
            is_folder ? NULL : "content");
        if (is_folder)
            folder = reference;
    }
    FILE *file = fopen(path, "wb");
    bool done = file && fwrite(w.bytes, 1, w.size, file) == w.size;
    ntfs_writer_free(&w);
    return file && fclose(file) == 0 && done ? 0 : 1;
}

/* KiB; getrusage() would count what the parent had in memory when it forked. */
static long largest_size(void)
{
    FILE *status = fopen("/proc/self/status", "r");
    char line[256];
    long size = 0;

    while (status && fgets(line, sizeof(line), status))
        sscanf(line, "VmHWM: %ld", &size);
    if (status)
        fclose(status);
    return size;
}

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

int main(int argc, char **argv)
{
    CLEANUP(io_unref) io_source *source = NULL;
    uint64_t entries = 0;

    if (argc == 4 && strcmp(argv[1], "make") == 0)
        return make(argv[2], strtoul(argv[3], NULL, 10));
    if (argc != 3 || os_file_open(argv[2], true, &source) < 0)
        return 1;
    double start = now();
    int r = strcmp(argv[1], "read") == 0 ? read_plainly(source, &entries)
                                         : walk(source, strcmp(argv[1], "list") == 0, &entries);
    double end = now();
    printf("%.1f %llu %ld\n", end - start, (unsigned long long)entries, largest_size());
    return r < 0;
}

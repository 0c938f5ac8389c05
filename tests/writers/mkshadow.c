/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * mkshadow IMAGE MIB SECONDS=FOLDER... FOLDER: an NTFS volume of so many MiB with what is in the
 * last folder, and shadow copies that show what is in the others, oldest first; SECONDS since 1970.
 */
#include "ntfs_writer.h"
#include "vss_writer.h"

#include "base/checked.h"
#include "base/when.h"
#include "volume/ntfs_format.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define RECORDS      512
#define FIRST_RECORD 24 /* those below are the volume's own */
#define COPIES_MAX   8
#define BLOCK        16384

_Noreturn static void give_up(const char *what)
{
    fprintf(stderr, "mkshadow: %s: %s\n", what, errno ? strerror(errno) : "it does not fit");
    exit(1);
}

struct volume_maker {
    struct ntfs_writer ntfs;
    uint64_t next; /* record */
};

static void put_data(struct ntfs_writer *w, uint64_t number, const char *path, size_t size)
{
    FILE *file = fopen(path, "rb");
    void *bytes = malloc(size);

    if (!file || !bytes || fread(bytes, 1, size, file) != size)
        give_up(path);
    fclose(file);
    size_t clusters = (size_t)div_round_up(size, NTFS_WRITER_CLUSTER);
    if ((w->next_cluster + clusters) * NTFS_WRITER_CLUSTER >= w->size) {
        errno = ENOSPC;
        give_up(path);
    }
    const struct ntfs_writer_run run = {clusters, (int64_t)ntfs_writer_put(w, bytes, size)};
    const struct ntfs_writer_stream stream = {
        .type = NTFS_DATA,
        .size = size,
        .initialized_size = size,
        .runs = &run,
        .run_count = 1,
    };
    ntfs_writer_runs(w, number, &stream);
    free(bytes);
}

static uint64_t put_file(struct volume_maker *m, uint64_t parent, const char *path,
                         const char *name, const struct stat *status)
{
    struct ntfs_writer *w = &m->ntfs;
    uint64_t number = m->next++;

    if (number >= RECORDS)
        give_up(path);
    w->time = when_from_timespec(status->st_mtim);
    if (S_ISDIR(status->st_mode))
        return ntfs_writer_file(w, number, parent, name, NULL);
    if (status->st_size == 0)
        return ntfs_writer_file(w, number, parent, name, "");
    ntfs_writer_begin(w, number, 1, NTFS_RECORD_IN_USE);
    ntfs_writer_information(w, number, 0x20, 0);
    ntfs_writer_name(w, number, parent, name, NTFS_WIN32);
    put_data(w, number, path, (size_t)status->st_size);
    ntfs_writer_end(w, number);
    return ntfs_reference(number, 1);
}

/* The same folder gives the same volume, whatever the order of its directory. */
static void put_folder(struct volume_maker *m, const char *folder, uint64_t parent)
{
    struct dirent **entries;
    int count = scandir(folder, &entries, NULL, alphasort);

    if (count < 0)
        give_up(folder);
    for (int i = 0; i < count; i++) {
        const char *name = entries[i]->d_name;
        char path[4096];
        struct stat status;
        if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0) {
            snprintf(path, sizeof(path), "%s/%s", folder, name);
            if (lstat(path, &status) < 0)
                give_up(path);
            uint64_t reference = put_file(m, parent, path, name, &status);
            if (S_ISDIR(status.st_mode))
                put_folder(m, path, reference);
        }
        free(entries[i]);
    }
    free(entries);
}

static void make_volume(struct volume_maker *m, size_t size, const char *folder)
{
    m->next = FIRST_RECORD;
    if (!ntfs_writer_start(&m->ntfs, size / NTFS_WRITER_CLUSTER, RECORDS))
        give_up(folder);
    put_folder(m, folder, ntfs_reference(NTFS_ROOT, NTFS_ROOT));
}

int main(int argc, char **argv)
{
    struct volume_maker volumes[COPIES_MAX + 1] = {0};
    struct vss_writer_copy copies[COPIES_MAX + 1] = {0}; /* and one for the volume as it is */
    size_t count = argc < 4 ? 0 : (size_t)argc - 4;

    if (argc < 4 || count > COPIES_MAX) {
        fprintf(stderr, "usage: mkshadow IMAGE MIB SECONDS=FOLDER... FOLDER\n");
        return 2;
    }
    struct volume_maker *now = &volumes[count];
    struct vss_writer vss = {0};
    for (size_t i = 0; i <= count; i++) {
        char *folder = argv[3 + i];
        if (i < count) {
            struct timespec created = {.tv_sec = strtol(folder, &folder, 10)};
            copies[i].created = when_from_timespec(created);
            folder++;
        }
        make_volume(&volumes[i], strtoul(argv[2], NULL, 10) * MIB, folder);
        copies[i].bytes = volumes[i].ntfs.bytes;
        vss.area = max_u64(vss.area, volumes[i].ntfs.next_cluster * NTFS_WRITER_CLUSTER);
    }
    vss.area = div_round_up(vss.area, BLOCK) * BLOCK;
    vss.bytes = now->ntfs.bytes;
    vss.size = now->ntfs.size;
    errno = 0;
    if (!vss_writer_put(&vss, copies, count))
        give_up("the shadow copies");
    FILE *image = fopen(argv[1], "wb");
    if (!image || fwrite(vss.bytes, 1, vss.size, image) != vss.size || fclose(image) != 0)
        give_up(argv[1]);
    for (size_t i = 0; i <= count; i++)
        ntfs_writer_free(&volumes[i].ntfs);
    return 0;
}

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* An NTFS volume: its walk, its files, and what only a volume can tell. */
#include "base/cleanup.h"
#include "volume/ntfs_volume.h"

#define FILES_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct files {
    struct volume *volume;
    unsigned count;
};

static void look_at(struct volume *volume, uint64_t id)
{
    uint8_t bytes[8192];
    ntfs_machines machines;
    struct ntfs_facts facts;
    io_source *source;

    ntfs_volume_facts(volume, id, &facts);
    if (ntfs_volume_machines(volume, id, &machines) == 0)
        vector_free(&machines);
    if (volume_open(volume, "", id, &source) < 0)
        return;
    io_read_some(source, 0, bytes, sizeof(bytes));
    io_read_some(source, io_size(source) / 2, bytes, sizeof(bytes));
    io_unref(source);
}

static int visit(void *user, const struct volume_entry *entry)
{
    struct files *files = user;

    if (files->count++ < FILES_MAX)
        look_at(files->volume, entry->id);
    return 0;
}

static void complain(void *user, const char *path, const char *reason)
{
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(io_unref) io_source *source = io_memory_new(data, size);
    struct notes notes = {0};
    struct files files = {0};
    ntfs_traces traces;
    ntfs_lives lives;

    if (ntfs_volume_open(&files.volume, source, "fuzz!/", &notes) == 0) {
        volume_walk(files.volume, visit, complain, &files);
        if (ntfs_volume_traces(files.volume, &traces) == 0)
            ntfs_traces_free(&traces);
        if (ntfs_volume_lives(files.volume, &lives, &notes) == 0)
            ntfs_lives_free(&lives);
        volume_close(files.volume);
    }
    notes_free(&notes);
    return 0;
}

/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "volume/image_shadows.h"

#include "base/checked.h"
#include "base/cleanup.h"
#include "volume/image_worker.h"
#include "volume/shadow_format.h"
#include "worker/vshadow.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* A catalog that names 1024 copies takes 17 blocks. */
#define CATALOG_BLOCKS_MAX 64

static int damaged(struct notes *notes, uint64_t offset, const char *what)
{
    notes_add(notes, SEVERITY_WARNING, "SHADOW-CATALOG", offset,
              "the catalog of shadow copies is damaged: %s", what);
    return -EBADMSG;
}

/* Reads one block of the catalog; *next is where the following one lies, 0 behind the last. */
static int count_block(io_source *volume, uint64_t offset, size_t *count, uint64_t *next,
                       struct notes *notes)
{
    uint8_t block[SHADOW_BLOCK];
    const struct shadow_block_header *header = (const void *)block;

    if (io_read(volume, offset, block, sizeof(block)) < 0)
        return damaged(notes, offset, "a block of it cannot be read");
    if (memcmp(header->identifier, SHADOW_IDENTIFIER, sizeof(header->identifier)) != 0 ||
        get_le32(header->record) != SHADOW_CATALOG || get_le64(header->here) != offset)
        return damaged(notes, offset, "a block of it is none");
    for (size_t at = sizeof(*header); at < sizeof(block); at += sizeof(struct shadow_copy_entry)) {
        const struct shadow_copy_entry *entry = (const void *)(block + at);
        *count += get_le64(entry->type) == SHADOW_ENTRY_COPY;
    }
    *next = get_le64(header->next);
    return 0;
}

int image_shadows_count(io_source *volume, size_t *count, struct notes *notes)
{
    struct shadow_volume_header header;
    uint64_t offset;
    int r = 0;

    *count = 0;
    if (io_read(volume, SHADOW_HEADER_OFFSET, &header, sizeof(header)) < 0 ||
        memcmp(header.identifier, SHADOW_IDENTIFIER, sizeof(header.identifier)) != 0 ||
        get_le32(header.record) != SHADOW_VOLUME_HEADER)
        return 0;
    offset = get_le64(header.catalog);
    for (unsigned i = 0; offset != 0 && r == 0; i++)
        r = i < CATALOG_BLOCKS_MAX ? count_block(volume, offset, count, &offset, notes)
                                   : damaged(notes, offset, "its blocks do not end");
    return r;
}

static int refuse(struct notes *notes, const char *what, int error)
{
    static const struct {
        int error;
        const char *reason;
    } reasons[] = {
        {ENOENT, "the program hvchain-worker-vshadow, which reads it, is not there"},
        {EINVAL, "there is none of this number"},
        {E2BIG, "it has more than Windows can make"},
        {EXDEV, "what it holds lies on another volume"},
    };
    const char *reason = image_worker_reason(error);

    for (size_t i = 0; i < ARRAY_SIZE(reasons); i++)
        if (reasons[i].error == -error)
            reason = reasons[i].reason;
    notes_add(notes, SEVERITY_WARNING, "SHADOW-READ", NOTE_NO_OFFSET, "%s cannot be read: %s", what,
              reason);
    return error == -ENOENT ? -ENOTSUP : error;
}

int image_shadows_list(io_source *volume, struct workers *workers, image_shadows *list,
                       struct notes *notes)
{
    CLEANUP_FREE struct vshadow_store *stores = calloc(VSHADOW_STORES_MAX, sizeof(*stores));
    const struct worker_job job = {
        .name = "vshadow",
        .sources = &volume,
        .source_count = 1,
        .timeout_ms = IMAGE_WORKER_TIMEOUT_MS,
    };

    if (!stores)
        return -ENOMEM;
    int64_t size = workers
                       ? workers_run(workers, &job, stores, VSHADOW_STORES_MAX * sizeof(*stores))
                       : -ENOENT;
    if (size >= 0 && (uint64_t)size % sizeof(*stores) != 0)
        size = -EPROTO;
    if (size < 0)
        return refuse(notes, "the list of shadow copies", (int)size);
    for (size_t i = 0; i < (size_t)size / sizeof(*stores); i++) {
        struct image_shadow *shadow = vector_push(list);
        if (!shadow)
            return -ENOMEM;
        *shadow = (struct image_shadow){
            .number = (unsigned)i + 1,
            .id = guid_from_le(stores[i].copy_id),
            .set_id = guid_from_le(stores[i].set_id),
            .created = stores[i].created,
            .size = stores[i].size,
        };
    }
    return 0;
}

/* The first read makes libvshadow read the lists: what is wrong with them comes out here. */
static int try(io_source *source)
{
    uint8_t sector[512];
    int r = io_read(source, 0, sector, sizeof(sector));

    return r == -ENODATA ? -EBADMSG : r;
}

int image_shadow_open(io_source *volume, struct workers *workers, unsigned number,
                      io_source **source, struct notes *notes)
{
    uint32_t index = number - 1;
    const struct worker_job job = {
        .name = "vshadow",
        .sources = &volume,
        .source_count = 1,
        .parameters = &index,
        .parameters_size = sizeof(index),
        .timeout_ms = IMAGE_WORKER_TIMEOUT_MS,
    };

    *source = NULL;
    int r = image_worker_open(workers, &job, source);
    if (r == 0)
        r = try(*source);
    if (r == 0)
        return 0;
    io_unref(*source);
    *source = NULL;
    return refuse(notes, "the shadow copy", r);
}

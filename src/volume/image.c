/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "volume/image.h"

#include "base/checked.h"
#include "base/cleanup.h"
#include "base/strbuf.h"
#include "disk/disk.h"
#include "os/os_file.h"
#include "volume/image_bitlocker.h"
#include "volume/image_chain.h"
#include "volume/image_parts.h"
#include "volume/image_worker.h"
#include "volume/ntfs_volume.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static enum image_container container_of(io_source *file)
{
    static const struct {
        const char *bytes;
        uint8_t length;
        enum image_container container;
    } magics[] = {
        {"EVF\x09\x0D\x0A\xFF\x00", 8, IMAGE_EWF},
        {"EVF2\x0D\x0A\x81\x00", 8, IMAGE_EWF},
        {"QFI\xFB", 4, IMAGE_QCOW2},
    };
    static const enum image_container disks[] = {
        [DISK_PROBE_NONE] = IMAGE_RAW, [DISK_PROBE_VHDX] = IMAGE_VHDX, [DISK_PROBE_VHD] = IMAGE_VHD};
    char start[8] = {0};

    if (io_read_some(file, 0, start, sizeof(start)) < 0)
        return IMAGE_RAW;
    for (size_t i = 0; i < ARRAY_SIZE(magics); i++)
        if (memcmp(start, magics[i].bytes, magics[i].length) == 0)
            return magics[i].container;
    return disks[disk_probe(file)];
}

/* Whether the bytes are a disk or volume as they are. */
static bool is_raw_disk(io_source *file)
{
    CLEANUP(partitions) struct partition_list list = {0};

    if (partitions_read(&list, file, NULL) < 0 || list.items.count == 0)
        return false;
    return list.scheme != PARTITION_NO_TABLE || list.items.items[0].content != PARTITION_OTHER;
}

bool image_probe(io_source *file)
{
    return container_of(file) != IMAGE_RAW || is_raw_disk(file);
}

static int decode(const struct image_tools *tools, const char *name, const image_parts *parts,
                  io_source **disk, struct notes *notes)
{
    const struct worker_job job = {
        .name = name,
        .sources = parts->items,
        .source_count = parts->count,
        .timeout_ms = IMAGE_WORKER_TIMEOUT_MS,
    };
    int r = image_worker_open(tools ? tools->workers : NULL, &job, disk);

    if (r == -ENOENT) {
        notes_add(notes, SEVERITY_PROBLEM, "IMAGE-WORKER", NOTE_NO_OFFSET,
                  "the program hvchain-worker-%s, which reads this kind of image, is not there",
                  name);
        return -ENOTSUP;
    }
    if (r < 0)
        notes_add(notes, SEVERITY_PROBLEM, "IMAGE-CONTAINER", 0,
                  "the image cannot be unpacked: %s", image_worker_reason(r));
    return r;
}

/* A raw disk may end with what looks like the footer of a VHD and isn't its own, or is one whose
 * file was cut: then the bytes count as they are, and what is wrong with the VHD is a warning. */
static int open_disk_file(struct image *image, io_source *file, struct notes *notes)
{
    CLEANUP(notes) struct notes said = {0};
    int r = image_chain_open(image->path, file, &image->disk, &said);
    bool is_raw = (r == -EBADMSG || r == -ENOTSUP) && is_raw_disk(file);

    for (size_t i = 0; i < said.count; i++) {
        const struct note *n = &said.items[i];
        enum severity severity =
            is_raw && n->severity > SEVERITY_WARNING ? SEVERITY_WARNING : n->severity;
        notes_add(notes, severity, n->rule, n->offset, "%s", n->text);
    }
    if (!is_raw)
        return r;
    image->container = IMAGE_RAW;
    image->disk = io_ref(file);
    return 0;
}

static int unpack(struct image *image, io_source *file, const struct image_tools *tools,
                  struct notes *notes)
{
    CLEANUP(image_parts) image_parts parts = {0};
    io_source **first = vector_push(&parts);
    int r = 0;

    if (!first)
        return -ENOMEM;
    *first = io_ref(file);
    image->container = container_of(file);
    switch (image->container) {
    case IMAGE_VHD:
    case IMAGE_VHDX:
        return open_disk_file(image, file, notes);
    case IMAGE_EWF:
        r = image_parts_open(&parts, image->path, image_ewf_name);
        return r < 0 ? r : decode(tools, "ewf", &parts, &image->disk, notes);
    case IMAGE_QCOW2:
        return decode(tools, "qcow", &parts, &image->disk, notes);
    default:
        r = image_parts_open(&parts, image->path, image_split_name);
        if (r < 0)
            return r;
        image->container = parts.count > 1 ? IMAGE_SPLIT : IMAGE_RAW;
        image->disk = parts.count > 1 ? image_parts_join(&parts) : io_ref(file);
        return image->disk ? 0 : -ENOMEM;
    }
}

static int open_ntfs(struct image *image, struct image_volume *v, struct notes *notes)
{
    unsigned index = image->partitions.items.items[v->partition].index;
    CLEANUP_FREE char *root = index > 0 ? string_printf("%s!p%u!/", image->path, index)
                                        : string_printf("%s!/", image->path);

    v->status = root ? ntfs_volume_open(&v->volume, v->source, root, notes) : -ENOMEM;
    if (v->status == 0)
        v->serial = ntfs_volume_serial(v->volume);
    return v->status == -ENOMEM ? -ENOMEM : 0;
}

static int refuse(struct image_volume *v, uint64_t offset, const char *rule, const char *text,
                  struct notes *notes)
{
    v->status = -ENOTSUP;
    notes_add(notes, SEVERITY_WARNING, rule, offset, "%s", text);
    return 0;
}

static int open_content(struct image *image, struct image_volume *v,
                        enum partition_content content, struct notes *notes)
{
    uint64_t offset = image->partitions.items.items[v->partition].offset;

    switch (content) {
    case PARTITION_NTFS:
        return open_ntfs(image, v, notes);
    case PARTITION_REFS:
        return refuse(v, offset, "IMAGE-REFS",
                      "the volume is ReFS, which is not read inside images: attach the image to a "
                      "Windows server read-only and scan the folder", notes);
    default: /* only BitLocker can hide one that is nothing for us */
        return refuse(v, offset, "IMAGE-BITLOCKER",
                      "the volume was unlocked, but there is no NTFS volume in it", notes);
    }
}

static int unlock_and_open(struct image *image, struct image_volume *v,
                           const struct image_tools *tools, struct notes *notes)
{
    enum partition_content content = image->partitions.items.items[v->partition].content;

    if (content == PARTITION_BITLOCKER) {
        int r = image_unlock(v, tools, notes);
        if (r < 0 || v->status < 0)
            return r;
        content = partition_content(v->source);
    }
    return open_content(image, v, content, notes);
}

static int open_volume(struct image *image, size_t partition, const struct image_tools *tools,
                       struct notes *notes)
{
    const struct partition *p = &image->partitions.items.items[partition];

    if (p->content == PARTITION_OTHER)
        return 0;
    struct image_volume *v = vector_push(&image->volumes);
    if (!v)
        return -ENOMEM;
    v->partition = partition;
    v->source = io_range_new(image->disk, p->offset, p->size);
    if (!v->source)
        return -ENOMEM;
    v->first_note = notes ? notes->count : 0;
    int r = unlock_and_open(image, v, tools, notes);
    v->last_note = notes ? notes->count : 0;
    return r;
}

static int read_partitions(struct image *image, struct notes *notes)
{
    int r = partitions_read(&image->partitions, image->disk, notes);

    if (r < 0 && r != -ENOMEM)
        notes_add(notes, SEVERITY_PROBLEM, "IMAGE-START", 0,
                  "the partition table cannot be read: %s",
                  r == -EBADMSG ? "the image is damaged there" : strerror(-r));
    return r;
}

int image_open(struct image *image, const char *path, const struct image_tools *tools,
               struct notes *notes)
{
    CLEANUP(io_unref) io_source *file = NULL;

    *image = (struct image){.path = strdup(path)};
    int r = image->path ? os_file_open(path, true, &file) : -ENOMEM;
    if (r == 0)
        r = unpack(image, file, tools, notes);
    if (r == 0)
        r = read_partitions(image, notes);
    for (size_t i = 0; i < image->partitions.items.count && r == 0; i++)
        r = open_volume(image, i, tools, notes);
    for (size_t i = 0; i < image->volumes.count && tools; i++)
        if (image->volumes.items[i].volume)
            ntfs_volume_use_workers(image->volumes.items[i].volume, tools->workers);
    if (r < 0)
        image_close(image);
    return r;
}

void image_close(struct image *image)
{
    for (size_t i = 0; i < image->volumes.count; i++) {
        volume_close(image->volumes.items[i].volume);
        io_unref(image->volumes.items[i].source);
    }
    vector_free(&image->volumes);
    partitions_free(&image->partitions);
    io_unref(image->disk);
    free(image->path);
    *image = (struct image){0};
}

const char *image_container_name(enum image_container container)
{
    static const char *const names[] = {"raw", "split", "vhd", "vhdx", "ewf", "qcow2"};

    return names[container];
}

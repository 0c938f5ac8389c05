/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* The front of the room: which format, who owns what, and the little that both formats share. */
#include "disk/disk_format.h"

#include "base/checked.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* One line per format. */
static const struct {
    enum disk_probe probe;
    const struct disk_ops *ops;
} formats[] = {
    {DISK_PROBE_VHDX, &vhdx_ops},
    {DISK_PROBE_VHD, &vhd_ops},
};

static const struct disk_ops *find_ops(io_source *source)
{
    enum disk_probe probe = disk_probe(source);

    for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
        if (formats[i].probe == probe)
            return formats[i].ops;
    /* A VHDX whose first sector was overwritten is still worth reading: it names its parent. */
    return vhdx_has_header(source) ? &vhdx_ops : NULL;
}

/* A VHD footer is the last 512 bytes; Virtual PC before 2004 wrote 511, and one stray byte behind
 * the footer is seen too. */
static bool ends_with_vhd_footer(io_source *source)
{
    uint64_t size = io_size(source);
    uint8_t tail[1024];
    size_t length = (size_t)min_u64(size, sizeof(tail));

    if (length < 511 || io_read(source, size - length, tail, length) < 0)
        return false;
    for (size_t footer = 511; footer <= min_u64(length, 513); footer++)
        if (memcmp(tail + length - footer, "conectix", 8) == 0)
            return true;
    return false;
}

enum disk_probe disk_probe(io_source *source)
{
    uint8_t head[8];

    if (io_read(source, 0, head, sizeof(head)) < 0)
        return DISK_PROBE_NONE;
    if (memcmp(head, "vhdxfile", 8) == 0)
        return DISK_PROBE_VHDX;
    if (memcmp(head, "conectix", 8) == 0 || ends_with_vhd_footer(source))
        return DISK_PROBE_VHD;
    return DISK_PROBE_NONE;
}

static struct disk *disk_new(const struct disk_ops *ops, io_source *source)
{
    struct disk *disk = calloc(1, sizeof(*disk));

    if (!disk)
        return NULL;
    disk->facts = calloc(1, sizeof(*disk->facts));
    if (!disk->facts) {
        free(disk);
        return NULL;
    }
    disk->ops = ops;
    disk->source = io_ref(source);
    return disk;
}

int disk_open(struct disk **out, io_source *source, struct notes *notes)
{
    const struct disk_ops *ops = find_ops(source);

    *out = NULL;
    if (!ops) {
        notes_add(notes, SEVERITY_PROBLEM, "DISK-FORMAT", 0,
                  "neither the signature of a VHDX file nor the footer of a VHD was found");
        return -EBADMSG;
    }
    struct disk *disk = disk_new(ops, source);
    if (!disk)
        return -ENOMEM;
    int r = ops->open(disk, notes);
    disk->usable = r == 0;
    if (r < 0 && !(disk->has_facts && (r == -EBADMSG || r == -ENOTSUP)))
        disk_close(disk);
    else
        *out = disk;
    return r;
}

void disk_close(struct disk *disk)
{
    if (!disk)
        return;
    if (disk->ops->close)
        disk->ops->close(disk);
    io_unref(disk->source);
    disk_facts_free(disk->facts);
    free(disk);
}

const struct disk_facts *disk_facts(const struct disk *disk)
{
    return disk->facts;
}

io_source *disk_replayed_source(const struct disk *disk)
{
    return disk->source;
}

struct disk_facts *disk_take_facts(struct disk *disk)
{
    struct disk_facts *facts = disk->facts;

    disk->facts = NULL;
    disk->usable = false;
    return facts;
}

static void parent_free(struct disk_parent *parent)
{
    if (!parent)
        return;
    for (size_t i = 0; i < parent->entry_count; i++) {
        free(parent->entries[i].key);
        free(parent->entries[i].value);
    }
    free(parent->entries);
    free(parent->relative_path);
    free(parent->volume_path);
    free(parent->absolute_path);
    free(parent);
}

void disk_facts_free(struct disk_facts *facts)
{
    if (!facts)
        return;
    parent_free(facts->parent);
    free(facts->creator);
    free(facts);
}

bool disk_linkage_matches(const struct disk_facts *child, const struct disk_facts *parent)
{
    const struct disk_parent *recorded = child->parent;

    if (!recorded || child->format != parent->format || guid_is_zero(&parent->data_write_guid))
        return false;
    return (recorded->has_linkage && guid_equal(&recorded->linkage, &parent->data_write_guid)) ||
           (recorded->has_linkage2 && guid_equal(&recorded->linkage2, &parent->data_write_guid));
}

uint64_t disk_block_count(const struct disk *disk)
{
    return disk->usable ? disk->block_count : 0;
}

int disk_block(struct disk *disk, uint64_t block, enum block_state *state, uint64_t *file_offset)
{
    if (!disk->usable)
        return -EBADMSG;
    if (block >= disk->block_count)
        return -EINVAL;
    return disk->ops->block(disk, block, state, file_offset);
}

int disk_block_sectors(struct disk *disk, uint64_t block, uint8_t *bits)
{
    enum block_state state;
    uint64_t file_offset;
    int r = disk_block(disk, block, &state, &file_offset);

    if (r < 0)
        return r;
    uint32_t sectors = disk->facts->block_size / disk->facts->logical_sector_size;
    if (state == BLOCK_PARTIALLY_PRESENT)
        return disk->ops->sectors(disk, block, 0, sectors, bits);
    memset(bits, state == BLOCK_FULLY_PRESENT ? 0xFF : 0, (sectors + 7) / 8);
    return 0;
}

const char *disk_format_name(enum disk_format format)
{
    static const char *const names[] = {"vhdx", "vhd"};

    return names[format];
}

const char *disk_kind_name(enum disk_kind kind)
{
    static const char *const names[] = {"fixed", "dynamic", "differencing"};

    return names[kind];
}

const char *disk_log_name(enum disk_log log)
{
    static const char *const names[] = {"none", "clean", "replayed", "unreplayable"};

    return names[log];
}

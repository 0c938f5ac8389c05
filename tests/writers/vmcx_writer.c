/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* The container as a whole: its body now and next, the log between them, the headers. */
#include "vmcx_writer_body.h"

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/crc.h"
#include "vm/vmcx_format.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOG_ENTRIES 145 /* what fits behind the log's header in one page */

/* ---- the log ---- */

struct change {
    size_t offset, size;
};

struct log_plan {
    uint64_t offset, size;
    struct change changes[LOG_ENTRIES];
    size_t count;
};

/* Runs of bytes that differ; two with less than `gap` equal bytes between them are one. */
static bool find_changes(struct log_plan *log, const uint8_t *from, const uint8_t *to, size_t size,
                         size_t gap)
{
    log->count = 0;
    for (size_t i = VMCX_OBJECT_TABLE_OFFSET; i < size; i++) {
        struct change *last = log->count > 0 ? &log->changes[log->count - 1] : NULL;
        if (from[i] == to[i])
            continue;
        if (last && i - (last->offset + last->size) < gap) {
            last->size = i + 1 - last->offset;
            continue;
        }
        if (log->count == LOG_ENTRIES)
            return false;
        log->changes[log->count++] = (struct change){i, 1};
    }
    return true;
}

static void write_log_entry(struct vmcx_log_entry_disk *entry, const uint8_t *log, uint64_t offset,
                            uint32_t size, uint64_t data)
{
    store_le64(&entry->offset, offset);
    store_le32(&entry->size, size);
    store_le64(&entry->data_offset, data);
    store_le32(&entry->data_checksum, crc32_zeroed(log + data, size, size));
    store_le32(&entry->checksum, crc32_zeroed(entry, sizeof(*entry),
                                              offsetof(struct vmcx_log_entry_disk, checksum)));
}

/* An entry that would wipe out the first object table, left by an earlier commit. */
static void write_leftover(struct vmcx_log_entry_disk *entry, const uint8_t *log, uint64_t data)
{
    write_log_entry(entry, log, VMCX_OBJECT_TABLE_OFFSET, PAGE, data);
}

/* The log behind the body: its header page, the changes' new bytes, a page of zeros. */
static int write_log(struct image *image, struct log_plan *log, const uint8_t *to, bool leftovers)
{
    uint64_t data = PAGE;

    log->offset = image->size;
    for (size_t i = 0; i < log->count; i++)
        data += log->changes[i].size;
    log->size = round_up(data) + PAGE;
    int r = vmcx_image_extend(image, log->offset + log->size);
    if (r < 0)
        return r;
    uint8_t *start = image->bytes + log->offset;
    struct vmcx_log_disk *head = (struct vmcx_log_disk *)start;
    struct vmcx_log_entry_disk *entries = (struct vmcx_log_entry_disk *)(head + 1);

    data = PAGE;
    for (size_t i = 0; i < log->count; i++) {
        memcpy(start + data, to + log->changes[i].offset, log->changes[i].size);
        write_log_entry(&entries[i], start, log->changes[i].offset, (uint32_t)log->changes[i].size,
                        data);
        data += log->changes[i].size;
    }
    if (leftovers && log->count < LOG_ENTRIES)
        write_leftover(&entries[log->count], start, log->size - PAGE);
    store_le32(&head->signature, VMCX_LOG_SIGNATURE);
    store_le32(&head->current_entries, (uint32_t)log->count);
    store_le32(&head->max_entries, LOG_ENTRIES);
    store_le32(&head->checksum,
               crc32_zeroed(head, sizeof(*head), offsetof(struct vmcx_log_disk, checksum)));
    return 0;
}

/* ---- the whole ---- */

static void write_header(uint8_t *at, const struct plan *plan, const struct log_plan *log,
                         uint16_t sequence)
{
    struct vmcx_header_disk *header = (struct vmcx_header_disk *)at;

    store_le32(&header->signature, VMCX_HEADER_SIGNATURE);
    store_le16(&header->sequence, sequence);
    store_le32(&header->format_version, plan->version);
    store_le32(&header->data_alignment, PAGE);
    store_le64(&header->log_offset, log->offset);
    store_le64(&header->log_size, log->size);
    store_le32(&header->log_header_size, PAGE);
    store_le32(&header->checksum,
               crc32_zeroed(header, sizeof(*header), offsetof(struct vmcx_header_disk, checksum)));
}

static void do_damage(uint8_t *image, const struct plan *plan, const struct log_plan *log,
                      unsigned damage)
{
    const struct key *last = &plan->keys.items[plan->keys.count - 1];
    size_t first_entry = log->offset + sizeof(struct vmcx_log_disk);
    size_t log_data = log->offset + PAGE;
    for (size_t i = 0; i + 1 < log->count; i++)
        log_data += log->changes[i].size;
    const struct {
        enum vmcx_damage damage;
        size_t place;
    } places[] = {
        {VMCX_DAMAGE_HEADER_1, offsetof(struct vmcx_header_disk, checksum)},
        {VMCX_DAMAGE_HEADER_2, PAGE + offsetof(struct vmcx_header_disk, checksum)},
        {VMCX_DAMAGE_OBJECT, VMCX_OBJECT_TABLE_OFFSET + sizeof(struct vmcx_object_table_disk) +
                                 offsetof(struct vmcx_object_disk, checksum)},
        {VMCX_DAMAGE_KEY_TABLE, plan->tables + offsetof(struct vmcx_key_table_disk, checksum)},
        {VMCX_DAMAGE_KEY, plan->tables + (last->table - 1u) * round_up(plan->table_size) +
                              last->offset + offsetof(struct vmcx_key_disk, checksum)},
        {VMCX_DAMAGE_LOG_HEADER, log->offset + offsetof(struct vmcx_log_disk, checksum)},
        {VMCX_DAMAGE_LOG_ENTRY, first_entry + offsetof(struct vmcx_log_entry_disk, checksum)},
        {VMCX_DAMAGE_LOG_DATA, log_data},
    };

    for (size_t i = 0; i < ARRAY_SIZE(places); i++)
        if (damage & places[i].damage)
            image[places[i].place] ^= 0x55;
}

/* `now` becomes the file; the log turns it into `next`. */
static int finish(struct vmcx_body *now, struct vmcx_body *next, const struct vmcx_recipe *recipe)
{
    CLEANUP_FREE struct log_plan *log = calloc(1, sizeof(*log));
    size_t size = max_u64(now->image.size, next->image.size), gap = 16;
    int r = log ? vmcx_image_extend(&now->image, size) : -ENOMEM;

    if (r == 0)
        r = vmcx_image_extend(&next->image, size);
    if (r < 0)
        return r;
    while (!find_changes(log, now->image.bytes, next->image.bytes, size, gap))
        gap *= 2;
    r = write_log(&now->image, log, next->image.bytes, recipe->leftovers);
    if (r < 0)
        return r;
    write_header(now->image.bytes, &now->plan, log, 1);
    write_header(now->image.bytes + VMCX_HEADER_2_OFFSET, &now->plan, log,
                 recipe->damage & VMCX_DAMAGE_SEQUENCE ? 1 : 0);
    do_damage(now->image.bytes, &now->plan, log, recipe->damage);
    return 0;
}

int vmcx_writer_build(const struct tree_node *root, const struct vmcx_recipe *recipe,
                      uint8_t **bytes, size_t *size)
{
    static const struct vmcx_recipe plain = {0};
    CLEANUP(vmcx_body) struct vmcx_body now = {0};
    CLEANUP(vmcx_body) struct vmcx_body next = {0};

    recipe = recipe ? recipe : &plain;
    const struct tree_node *before = recipe->before ? recipe->before : root;
    if (!root->first_child || !before->first_child)
        return -EINVAL;
    int r = vmcx_body_build(&now, before, recipe);
    if (r == 0)
        r = vmcx_body_build(&next, root, recipe);
    if (r == 0)
        r = finish(&now, &next, recipe);
    if (r < 0)
        return r;
    *size = now.image.size;
    *bytes = STEAL(now.image.bytes);
    return 0;
}

int vm_write_file(const char *path, const void *bytes, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    const uint8_t *at = bytes;
    int r = fd < 0 ? -errno : 0;

    while (r == 0 && size > 0) {
        ssize_t n = write(fd, at, size);
        if (n < 0)
            r = -errno;
        else {
            at += n;
            size -= (size_t)n;
        }
    }
    if (fd >= 0 && close(fd) < 0 && r == 0)
        r = -errno;
    return r;
}

int vmcx_writer_write(const char *path, const struct tree_node *root,
                      const struct vmcx_recipe *recipe)
{
    CLEANUP_FREE uint8_t *bytes = NULL;
    size_t size;
    int r = vmcx_writer_build(root, recipe, &bytes, &size);

    return r < 0 ? r : vm_write_file(path, bytes, size);
}

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * From a plan to bytes. Offsets are written out instead of shared with the reader's structs, so
 * that a slip in those can't hide.
 */
#include "vhdx_writer_plan.h"

#include "base/bytes.h"
#include "base/checked.h"
#include "base/cleanup.h"
#include "base/crc.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HEADER_SECTION  (320 * KIB)
#define METADATA_ITEMS  (64 * KIB)
#define UNKNOWN_REGION  "5f9a1d1c-8a7e-4f37-9a0b-0c6f3d2b1a00"
#define UNKNOWN_ITEM    "6b1f7d2e-33a4-4c58-8f4c-aa00bb11cc22"
#define INCOMPLETE_ITEM "71cc85f0-1b69-4e28-9558-c3bf83ae75d3"
#define BAT_REGION      "2dc27766-f623-4200-9d64-115e9bfd4a08"
#define METADATA_REGION "8b7ca206-4790-4b9a-b8fe-575f050f886e"

void output_put(struct output *output, uint64_t offset, const void *bytes, size_t length)
{
    const uint8_t *p = bytes;

    while (length > 0 && output->error == 0) {
        ssize_t n = pwrite(output->fd, p, length, (off_t)offset);
        if (n < 0)
            output->error = -errno;
        else
            p += n, offset += (uint64_t)n, length -= (size_t)n;
    }
}

static void put_guid_text(uint8_t *at, const char *text)
{
    struct guid guid;

    if (!guid_parse_string(text, &guid))
        abort();
    guid_to_le(&guid, at);
}

/* Patches that lie in [offset, offset + size), before (raw = false) or after the checksums. */
static void patch(const struct plan *plan, uint8_t *bytes, uint64_t offset, size_t size)
{
    for (size_t i = 0; i < plan->r.patch_count; i++) {
        const struct vhdx_patch *p = &plan->r.patches[i];
        if (!p->raw && p->offset >= offset && range_fits(p->offset - offset, p->length, size))
            memcpy(bytes + (p->offset - offset), p->bytes, p->length);
    }
}

static void put_header(const struct plan *plan, uint8_t *at, uint64_t sequence, bool other)
{
    const struct vhdx_layout *l = &plan->layout;
    struct guid data_write = other ? plan_guid(plan->r.seed, 99) : l->data_write_guid;

    memcpy(at, "head", 4);
    store_le64(at + 8, sequence);
    guid_to_le(&l->file_write_guid, at + 16);
    guid_to_le(&data_write, at + 32);
    guid_to_le(&l->log_guid, at + 48);
    store_le16(at + 64, plan->r.damage & VHDX_DAMAGE_LOG_VERSION ? 1 : 0);
    store_le16(at + 66, plan->r.damage & VHDX_DAMAGE_VERSION ? 2 : 1);
    store_le32(at + 68, (uint32_t)l->log_length);
    store_le64(at + 72, l->log_offset);
}

static void put_region(uint8_t *table, uint32_t index, const char *guid, uint64_t offset,
                       uint64_t length, uint32_t required)
{
    uint8_t *entry = table + 16 + 32 * index;

    put_guid_text(entry, guid);
    store_le64(entry + 16, offset);
    store_le32(entry + 24, (uint32_t)length);
    store_le32(entry + 28, required);
    store_le32(table + 8, index + 1);
}

static void put_region_table(const struct plan *plan, uint8_t *table)
{
    const struct vhdx_layout *l = &plan->layout;
    uint32_t bat = plan->r.damage & VHDX_REGIONS_SWAPPED ? 1 : 0;

    memcpy(table, "regi", 4);
    put_region(table, bat, BAT_REGION, l->bat_offset, l->bat_length, 1);
    put_region(table, 1 - bat, METADATA_REGION, l->metadata_offset, l->metadata_length, 1);
    store_le32(table + 8, 2);
    if (plan->r.damage & (VHDX_DAMAGE_UNKNOWN_REGION | VHDX_OPTIONAL_REGION))
        put_region(table, 2, UNKNOWN_REGION, l->blocks_offset - MIB, MIB,
                   plan->r.damage & VHDX_DAMAGE_UNKNOWN_REGION ? 1 : 0);
}

static void put_crc(uint8_t *bytes, size_t length, bool wrong)
{
    store_le32(bytes + 4, crc32c_zeroed(bytes, length, 4) + wrong);
}

static int write_header_section(const struct plan *plan, struct output *output)
{
    CLEANUP_FREE uint8_t *bytes = calloc(1, HEADER_SECTION);
    size_t creator_bytes = 0;
    CLEANUP_FREE void *creator = text_to_utf16le(plan->r.creator, &creator_bytes);
    uint8_t *header1 = bytes + 64 * KIB, *header2 = bytes + 128 * KIB;
    uint8_t *table1 = bytes + 192 * KIB, *table2 = bytes + 256 * KIB;
    unsigned damage = plan->r.damage;
    bool equal = damage & (VHDX_DAMAGE_EQUAL_SEQUENCES | VHDX_DAMAGE_AMBIGUOUS_HEADERS);

    if (!bytes || !creator)
        return -ENOMEM;
    memcpy(bytes, "vhdxfile", 8);
    memcpy(bytes + 8, creator, (size_t)min_u64(creator_bytes, 512));
    put_header(plan, header1, plan->r.sequence, damage & VHDX_DAMAGE_AMBIGUOUS_HEADERS);
    put_header(plan, header2, plan->r.sequence + (equal ? 0 : 1), false);
    put_region_table(plan, table1);
    put_region_table(plan, table2);
    patch(plan, bytes, 0, HEADER_SECTION);
    put_crc(header1, 4096, damage & VHDX_DAMAGE_HEADER_1);
    put_crc(header2, 4096, damage & VHDX_DAMAGE_HEADER_2);
    put_crc(table1, 64 * KIB, damage & VHDX_DAMAGE_REGION_TABLE_1);
    put_crc(table2, 64 * KIB, damage & VHDX_DAMAGE_REGION_TABLE_2);
    if (damage & VHDX_DAMAGE_HEADER_TORN)
        memset(header2 + 32, 0xA5, 16);
    output_put(output, 0, bytes, HEADER_SECTION);
    return 0;
}

/* The metadata region while it is filled. */
struct metadata {
    uint8_t *bytes;
    uint32_t count, next; /* entries so far; offset of the next item */
};

static uint8_t *put_item(struct metadata *m, const char *guid, uint32_t flags, uint32_t length)
{
    uint8_t *entry = m->bytes + 32 + 32 * m->count++, *item = m->bytes + m->next;

    memcpy(m->bytes, "metadata", 8);
    store_le16(m->bytes + 10, (uint16_t)m->count);
    put_guid_text(entry, guid);
    store_le32(entry + 16, length ? m->next : 0);
    store_le32(entry + 20, length);
    store_le32(entry + 24, flags);
    m->next += length;
    return item;
}

struct locator {
    struct vhdx_locator_pair pairs[8];
    char linkage[GUID_TEXT_SIZE + 2], linkage2[GUID_TEXT_SIZE + 2];
    const struct vhdx_locator_pair *list;
    size_t count;
};

static void brace(const struct guid *guid, char text[GUID_TEXT_SIZE + 2])
{
    text[0] = '{';
    guid_format(guid, text + 1);
    memcpy(text + 37, "}", 2);
}

static void add_pair(struct locator *locator, const char *key, const char *value)
{
    if (value)
        locator->pairs[locator->count++] = (struct vhdx_locator_pair){key, value};
}

static void make_locator(const struct plan *plan, struct locator *locator)
{
    const struct vhdx_recipe *r = &plan->r;
    struct guid linkage = r->parent_linkage;
    struct vhdx_layout parent;

    if (guid_is_zero(&linkage) && r->parent) {
        vhdx_writer_layout(r->parent, &parent);
        linkage = parent.data_write_guid;
    }
    brace(&linkage, locator->linkage);
    brace(&r->parent_linkage2, locator->linkage2);
    add_pair(locator, "parent_linkage", locator->linkage);
    add_pair(locator, "absolute_win32_path", r->absolute_path);
    add_pair(locator, "relative_path", r->relative_path);
    add_pair(locator, "volume_path", r->volume_path);
    add_pair(locator, "parent_linkage2", locator->linkage2);
    locator->list = locator->pairs;
    if (r->locator) {
        locator->list = r->locator;
        locator->count = r->locator_count;
    }
}

/* Returns the length of the item. */
static uint32_t put_locator(uint8_t *item, const struct locator *locator)
{
    uint32_t at = 20 + 12 * (uint32_t)locator->count;

    put_guid_text(item, "b04aefb7-d19e-4a81-b789-25b8e9445913");
    store_le16(item + 18, (uint16_t)locator->count);
    for (size_t i = 0; i < locator->count; i++) {
        uint8_t *entry = item + 20 + 12 * i;
        for (size_t part = 0; part < 2; part++) {
            const char *text = part ? locator->list[i].value : locator->list[i].key;
            size_t bytes;
            CLEANUP_FREE void *utf16 = text_to_utf16le(text, &bytes);
            store_le32(entry + 4 * part, at);
            store_le16(entry + 8 + 2 * part, (uint16_t)bytes);
            memcpy(item + at, utf16, bytes);
            at += (uint32_t)bytes;
        }
    }
    return at;
}

static void put_parent_locator(const struct plan *plan, struct metadata *m)
{
    struct locator locator = {0};
    uint8_t *item = put_item(m, "a8d35f2d-b30b-454d-abf7-d3d84834ab0c", 4, 1);

    make_locator(plan, &locator);
    uint32_t length = put_locator(item, &locator);
    store_le32(m->bytes + 32 + 32 * (m->count - 1) + 20, length);
    m->next += (length + 7) / 8 * 8 - 1;
}

static int write_metadata(const struct plan *plan, struct output *output)
{
    CLEANUP_FREE uint8_t *bytes = calloc(1, (size_t)plan->layout.metadata_length);
    struct metadata m = {bytes, 0, METADATA_ITEMS};
    const struct vhdx_recipe *r = &plan->r;

    if (!bytes)
        return -ENOMEM;
    uint8_t *parameters = put_item(&m, "caa16737-fa36-4d43-b3b6-33f0aa44e76b", 4, 8);
    store_le32(parameters, r->block_size);
    store_le32(parameters + 4, (r->kind == DISK_FIXED ? 1 : 0) | (r->kind == DISK_DIFFERENCING ? 2 : 0));
    store_le64(put_item(&m, "2fa54224-cd1b-4876-b211-5dbed83bf4b8", 6, 8), r->virtual_size);
    store_le32(put_item(&m, "8141bf1d-a96f-4709-ba47-f233a8faab5f", 6, 4), r->logical_sector_size);
    store_le32(put_item(&m, "cda348c7-445d-4471-9cc9-e9885251c556", 6, 4), r->physical_sector_size);
    guid_to_le(&plan->layout.virtual_disk_id,
               put_item(&m, "beca12ab-b2e6-4523-93ef-c309e000c746", 6, 16));
    if (r->kind == DISK_DIFFERENCING && !(r->damage & VHDX_DAMAGE_NO_LOCATOR))
        put_parent_locator(plan, &m);
    if (r->damage & VHDX_DAMAGE_UNKNOWN_ITEM)
        put_item(&m, UNKNOWN_ITEM, 4, 16);
    if (r->damage & VHDX_OPTIONAL_ITEM)
        put_item(&m, UNKNOWN_ITEM, 1, 16);
    if (r->damage & VHDX_DAMAGE_INCOMPLETE)
        put_item(&m, INCOMPLETE_ITEM, 4, 0);
    patch(plan, bytes, plan->layout.metadata_offset, (size_t)plan->layout.metadata_length);
    output_put(output, plan->layout.metadata_offset, bytes, (size_t)plan->layout.metadata_length);
    return 0;
}

static void make_bat(const struct plan *plan, uint8_t *bat)
{
    uint64_t ratio = plan->layout.chunk_ratio;

    for (size_t i = 0; i < plan->blocks.count; i++) {
        const struct planned_block *b = &plan->blocks.items[i];
        store_le64(bat + 8 * plan_bat_index(plan, b->block), b->offset | b->state);
    }
    for (size_t i = 0; i < plan->bitmaps.count; i++) {
        const struct planned_bitmap *b = &plan->bitmaps.items[i];
        store_le64(bat + 8 * ((b->chunk + 1) * ratio + b->chunk), b->offset | 6);
    }
}

/* Writes a page at a time and leaves holes where it is zero. */
static void write_sparse(struct output *output, uint64_t offset, const uint8_t *bytes, size_t length)
{
    for (size_t done = 0; done < length; done += 4096)
        if (!bytes_are_zero(bytes + done, 4096))
            output_put(output, offset + done, bytes + done, 4096);
}

static void mark_block(const struct plan *plan, const struct planned_block *b, uint8_t *bits)
{
    const struct vhdx_recipe *r = &plan->r;
    uint32_t sectors = r->block_size / r->logical_sector_size;
    uint64_t first = b->block % plan->layout.chunk_ratio * sectors;

    for (uint32_t s = 0; s < sectors; s++) {
        bool inside = b->block * r->block_size + (uint64_t)s * r->logical_sector_size < r->virtual_size;
        if (inside && plan_sector_present(r, b->block, s, b->sectors))
            bits[(first + s) / 8] |= (uint8_t)(1u << (first + s) % 8);
    }
}

static int write_bitmaps(const struct plan *plan, struct output *output)
{
    CLEANUP_FREE uint8_t *bits = malloc(MIB);
    size_t next = 0;

    if (!bits)
        return -ENOMEM;
    for (size_t i = 0; i < plan->bitmaps.count; i++) {
        memset(bits, 0, MIB);
        for (; next < plan->blocks.count; next++) {
            const struct planned_block *b = &plan->blocks.items[next];
            if (b->block / plan->layout.chunk_ratio > plan->bitmaps.items[i].chunk)
                break;
            if (b->state == BLOCK_PARTIALLY_PRESENT)
                mark_block(plan, b, bits);
        }
        write_sparse(output, plan->bitmaps.items[i].offset, bits, MIB);
    }
    return 0;
}

#define STEP (64 * KIB)

/* Sectors that are not here hold rubbish, which nobody may ever see. */
static void write_payload(const struct plan *plan, struct output *output,
                          const struct planned_block *b)
{
    const struct vhdx_recipe *r = &plan->r;
    static uint8_t buffer[STEP];
    uint64_t start = b->block * r->block_size;
    uint64_t length = min_u64(r->block_size, r->virtual_size - start);
    bool full = b->state == BLOCK_FULLY_PRESENT, partial = b->state == BLOCK_PARTIALLY_PRESENT;

    if (r->fill == VHDX_FILL_NONE) /* holes only: don't go over terabytes to see it */
        return;
    for (uint64_t done = 0; done < length; done += STEP) {
        size_t n = (size_t)min_u64(STEP, length - done);
        plan_content(r, start + done, buffer, n);
        if (bytes_are_zero(buffer, n))
            continue;
        for (size_t s = 0; s < n && !full; s += r->logical_sector_size)
            if (!partial || !plan_sector_present(r, b->block,
                                                 (uint32_t)((done + s) / r->logical_sector_size),
                                                 b->sectors))
                memset(buffer + s, 0xDD, r->logical_sector_size);
        output_put(output, b->offset + done, buffer, n);
    }
}

static void write_payloads(const struct plan *plan, struct output *output)
{
    for (size_t i = 0; i < plan->blocks.count && output->error == 0; i++) {
        const struct planned_block *b = &plan->blocks.items[i];
        bool lost = b->offset == 0 || ((plan->r.damage & VHDX_DAMAGE_PAST_END) &&
                                       b->offset >= plan->layout.file_size);
        if (!lost)
            write_payload(plan, output, b);
    }
}

static void write_last_patches(const struct plan *plan, struct output *output)
{
    const struct vhdx_layout *l = &plan->layout;

    for (size_t i = 0; i < plan->r.patch_count; i++) {
        const struct vhdx_patch *p = &plan->r.patches[i];
        bool metadata = p->offset >= l->metadata_offset &&
                        p->offset < l->metadata_offset + l->metadata_length;
        if (p->raw || !(p->offset < HEADER_SECTION || metadata))
            output_put(output, p->offset, p->bytes, p->length);
    }
}

static int write_tables(const struct plan *plan, struct output *output)
{
    CLEANUP_FREE uint8_t *bat = calloc(1, (size_t)plan->layout.bat_length);
    int status = bat ? write_header_section(plan, output) : -ENOMEM;

    if (status == 0)
        status = write_metadata(plan, output);
    if (status < 0)
        return status;
    make_bat(plan, bat);
    plan_write_log(plan, output, bat);
    if (plan->r.dirty != VHDX_DIRTY_BAT)
        write_sparse(output, plan->layout.bat_offset, bat, (size_t)plan->layout.bat_length);
    return write_bitmaps(plan, output);
}

int vhdx_writer_write_fd(int fd, const struct vhdx_recipe *recipe)
{
    struct output output = {fd, 0};
    struct plan plan;
    int status = plan_make(&plan, recipe);

    if (status < 0)
        return status;
    status = write_tables(&plan, &output);
    if (status == 0) {
        write_payloads(&plan, &output);
        write_last_patches(&plan, &output);
        status = output.error;
    }
    if (status == 0 && ftruncate(fd, (off_t)plan.layout.file_size) < 0)
        status = -errno;
    plan_free(&plan);
    return status;
}

int vhdx_writer_write(const char *path, const struct vhdx_recipe *recipe)
{
    int fd = open(path, O_CREAT | O_TRUNC | O_RDWR | O_CLOEXEC, 0644);

    if (fd < 0)
        return -errno;
    int status = vhdx_writer_write_fd(fd, recipe);
    if (close(fd) < 0 && status == 0)
        status = -errno;
    return status;
}

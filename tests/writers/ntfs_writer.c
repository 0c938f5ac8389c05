/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "ntfs_writer.h"

#include "base/checked.h"
#include "base/text.h"
#include "volume/ntfs_format.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define SECTOR 512

static void put_boot_sectors(struct ntfs_writer *w)
{
    struct ntfs_boot_sector boot = {
        .oem = {'N', 'T', 'F', 'S', ' ', ' ', ' ', ' '},
        .cluster_sectors = NTFS_WRITER_CLUSTER / SECTOR,
        .record_clusters = -10,
        .index_clusters = 1,
    };

    store_le16(&boot.sector_size, SECTOR);
    store_le64(&boot.sector_count, w->size / SECTOR - 1);
    store_le64(&boot.mft_cluster, NTFS_WRITER_MFT_CLUSTER);
    store_le64(&boot.mirror_cluster, NTFS_WRITER_MIRROR_CLUSTER);
    store_le64(&boot.serial, 0x1122334455667788);
    store_le16(&boot.signature, 0xAA55);
    memcpy(w->bytes, &boot, sizeof(boot));
    memcpy(w->bytes + w->size - SECTOR, &boot, sizeof(boot));
}

static size_t mft_clusters(const struct ntfs_writer *w)
{
    return (w->record_count * NTFS_WRITER_RECORD + NTFS_WRITER_CLUSTER - 1) / NTFS_WRITER_CLUSTER;
}

static void put_mft_record(struct ntfs_writer *w)
{
    const struct ntfs_writer_run run = {mft_clusters(w), NTFS_WRITER_MFT_CLUSTER};
    const struct ntfs_writer_stream stream = {
        .type = NTFS_DATA,
        .size = w->record_count * NTFS_WRITER_RECORD,
        .initialized_size = w->record_count * NTFS_WRITER_RECORD,
        .runs = &run,
        .run_count = 1,
    };

    ntfs_writer_begin(w, NTFS_MFT, 1, NTFS_RECORD_IN_USE);
    ntfs_writer_information(w, NTFS_MFT, 6, 0);
    ntfs_writer_name(w, NTFS_MFT, ntfs_reference(NTFS_ROOT, 5), "$MFT", NTFS_WIN32_AND_DOS);
    ntfs_writer_runs(w, NTFS_MFT, &stream);
    ntfs_writer_end(w, NTFS_MFT);
    memcpy(w->bytes + NTFS_WRITER_MIRROR_CLUSTER * NTFS_WRITER_CLUSTER,
           ntfs_writer_record(w, NTFS_MFT), NTFS_WRITER_RECORD);
}

bool ntfs_writer_start(struct ntfs_writer *w, size_t clusters, size_t record_count)
{
    *w = (struct ntfs_writer){
        .size = clusters * NTFS_WRITER_CLUSTER + SECTOR,
        .record_count = record_count,
        .time = 132223104001234567,
    };
    w->next_cluster = NTFS_WRITER_MFT_CLUSTER + mft_clusters(w);
    w->bytes = calloc(1, w->size);
    if (!w->bytes)
        return false;
    put_boot_sectors(w);
    put_mft_record(w);
    ntfs_writer_file(w, NTFS_ROOT, ntfs_reference(NTFS_ROOT, NTFS_ROOT), ".", NULL);
    ntfs_writer_file(w, NTFS_EXTEND, ntfs_reference(NTFS_ROOT, NTFS_ROOT), "$Extend", NULL);
    return true;
}

void ntfs_writer_free(struct ntfs_writer *w)
{
    free(w->bytes);
    *w = (struct ntfs_writer){0};
}

uint8_t *ntfs_writer_record(struct ntfs_writer *w, uint64_t number)
{
    assert(number < w->record_count);
    return w->bytes + NTFS_WRITER_MFT_CLUSTER * NTFS_WRITER_CLUSTER + number * NTFS_WRITER_RECORD;
}

void ntfs_writer_begin(struct ntfs_writer *w, uint64_t number, uint16_t sequence, uint16_t flags)
{
    struct ntfs_record_header *header = (void *)ntfs_writer_record(w, number);

    memset(header, 0, NTFS_WRITER_RECORD);
    memcpy(header->signature, "FILE", 4);
    store_le16(&header->fixup_offset, sizeof(*header));
    store_le16(&header->fixup_count, NTFS_WRITER_RECORD / NTFS_FIXUP_STRIDE + 1);
    store_le16(&header->sequence, sequence);
    store_le16(&header->attributes_offset, 56);
    store_le16(&header->flags, flags);
    store_le32(&header->used_size, 56);
    store_le32(&header->allocated_size, NTFS_WRITER_RECORD);
    store_le32(&header->number, (uint32_t)number);
}

void ntfs_writer_end(struct ntfs_writer *w, uint64_t number)
{
    uint8_t *record = ntfs_writer_record(w, number);
    struct ntfs_record_header *header = (void *)record;
    size_t used = get_le32(header->used_size);

    assert(used + 8 <= NTFS_WRITER_RECORD);
    store_le32(record + used, NTFS_ATTRIBUTES_END);
    store_le32(&header->used_size, (uint32_t)used + 8);
    store_le16(record + sizeof(*header), 7);
    for (size_t i = 0; i < NTFS_WRITER_RECORD / NTFS_FIXUP_STRIDE; i++) {
        uint8_t *last = record + (i + 1) * NTFS_FIXUP_STRIDE - 2;
        memcpy(record + sizeof(*header) + 2 + 2 * i, last, 2);
        store_le16(last, 7);
    }
}

void ntfs_writer_extends(struct ntfs_writer *w, uint64_t number, uint64_t base)
{
    struct ntfs_record_header *header = (void *)ntfs_writer_record(w, number);

    store_le64(&header->base, base);
}

static size_t round_up_8(size_t n)
{
    return (n + 7) & ~(size_t)7;
}

/* Room for an attribute with this header and `body` bytes behind its name; where the body goes. */
static uint8_t *add_attribute(struct ntfs_writer *w, uint64_t number, uint32_t type,
                              bool non_resident, const char *name, size_t fixed, size_t body,
                              uint8_t **attribute)
{
    uint8_t *record = ntfs_writer_record(w, number);
    struct ntfs_record_header *header = (void *)record;
    size_t name_length = name ? strlen(name) : 0, used = get_le32(header->used_size);
    size_t body_offset = round_up_8(fixed + 2 * name_length);
    size_t length = round_up_8(body_offset + body);
    struct ntfs_attribute_header *a = (void *)(record + used);

    assert(used + length + 8 <= NTFS_WRITER_RECORD);
    store_le32(&a->type, type);
    store_le32(&a->length, (uint32_t)length);
    a->non_resident = non_resident;
    a->name_length = (uint8_t)name_length;
    store_le16(&a->name_offset, (uint16_t)fixed);
    for (size_t i = 0; i < name_length; i++)
        store_le16(record + used + fixed + 2 * i, (uint8_t)name[i]);
    store_le32(&header->used_size, (uint32_t)(used + length));
    *attribute = record + used;
    return record + used + body_offset;
}

void ntfs_writer_value(struct ntfs_writer *w, uint64_t number, uint32_t type, const char *name,
                       const void *value, size_t size)
{
    uint8_t *attribute, *at = add_attribute(w, number, type, false, name, 24, size, &attribute);
    struct ntfs_resident *r = (void *)(attribute + sizeof(struct ntfs_attribute_header));

    store_le32(&r->value_length, (uint32_t)size);
    store_le16(&r->value_offset, (uint16_t)(at - attribute));
    memcpy(at, value, size);
}

static size_t signed_bytes(int64_t v, uint8_t *out)
{
    size_t n = 0;

    do {
        out[n++] = (uint8_t)v;
        v >>= 8;
    } while (!(v == 0 && !(out[n - 1] & 0x80)) && !(v == -1 && (out[n - 1] & 0x80)));
    return n;
}

static size_t encode_runs(const struct ntfs_writer_stream *s, uint8_t *out)
{
    int64_t last = 0;
    size_t n = 0;

    for (size_t i = 0; i < s->run_count; i++) {
        size_t head = n++;
        size_t count_bytes = signed_bytes((int64_t)s->runs[i].count, out + n), step_bytes = 0;
        n += count_bytes;
        if (s->runs[i].lcn >= 0) {
            step_bytes = signed_bytes(s->runs[i].lcn - last, out + n);
            last = s->runs[i].lcn;
        }
        n += step_bytes;
        out[head] = (uint8_t)(count_bytes | step_bytes << 4);
    }
    out[n++] = 0;
    return n;
}

void ntfs_writer_runs(struct ntfs_writer *w, uint64_t number, const struct ntfs_writer_stream *s)
{
    uint8_t pairs[NTFS_WRITER_RECORD], *attribute;
    size_t length = encode_runs(s, pairs);
    uint8_t *at = add_attribute(w, number, s->type, true, s->name, 64, length, &attribute);
    struct ntfs_attribute_header *header = (void *)attribute;
    struct ntfs_non_resident *n = (void *)(header + 1);
    uint64_t clusters = 0;

    for (size_t i = 0; i < s->run_count; i++)
        clusters += s->runs[i].count;
    store_le16(&header->flags, s->flags);
    store_le64(&n->first_vcn, s->first_vcn);
    store_le64(&n->last_vcn, s->first_vcn + clusters - 1);
    store_le16(&n->runs_offset, (uint16_t)(at - attribute));
    n->compression_unit = s->compression_unit;
    store_le64(&n->allocated_size, clusters * NTFS_WRITER_CLUSTER);
    store_le64(&n->size, s->size);
    store_le64(&n->initialized_size, s->initialized_size);
    memcpy(at, pairs, length);
}

uint64_t ntfs_writer_put(struct ntfs_writer *w, const void *bytes, size_t size)
{
    uint64_t cluster = w->next_cluster;
    size_t clusters = (size + NTFS_WRITER_CLUSTER - 1) / NTFS_WRITER_CLUSTER;

    assert((cluster + clusters) * NTFS_WRITER_CLUSTER < w->size);
    memcpy(w->bytes + cluster * NTFS_WRITER_CLUSTER, bytes, size);
    w->next_cluster += clusters;
    return cluster;
}

void ntfs_writer_information(struct ntfs_writer *w, uint64_t number, uint32_t file_attributes,
                             uint32_t security_id)
{
    struct ntfs_standard_information s = {0};

    store_le64(&s.created, w->time);
    store_le64(&s.modified, w->time);
    store_le64(&s.changed, w->time);
    store_le64(&s.accessed, w->time);
    store_le32(&s.file_attributes, file_attributes);
    store_le32(&s.security_id, security_id);
    ntfs_writer_value(w, number, NTFS_STANDARD_INFORMATION, NULL, &s, sizeof(s));
}

void ntfs_writer_name(struct ntfs_writer *w, uint64_t number, uint64_t parent, const char *name,
                      uint8_t name_space)
{
    uint8_t value[sizeof(struct ntfs_file_name) + 2 * 255];
    struct ntfs_file_name *n = (void *)value;
    size_t bytes;
    void *utf16 = text_to_utf16le(name, &bytes);

    assert(utf16 && bytes <= (size_t)2 * 255);
    memset(n, 0, sizeof(*n));
    store_le64(&n->parent, parent);
    store_le64(&n->created, w->time);
    n->length = (uint8_t)(bytes / 2);
    n->name_space = name_space;
    memcpy(value + sizeof(*n), utf16, bytes);
    free(utf16);
    ntfs_writer_value(w, number, NTFS_FILE_NAME, NULL, value, sizeof(*n) + bytes);
}

uint64_t ntfs_writer_file(struct ntfs_writer *w, uint64_t number, uint64_t parent,
                          const char *name, const char *data)
{
    uint16_t sequence = number == NTFS_ROOT ? NTFS_ROOT : 1;

    ntfs_writer_begin(w, number, sequence,
                      (uint16_t)(NTFS_RECORD_IN_USE | (data ? 0 : NTFS_RECORD_DIRECTORY)));
    ntfs_writer_information(w, number, 0x20, 0);
    ntfs_writer_name(w, number, parent, name, NTFS_WIN32);
    if (data)
        ntfs_writer_value(w, number, NTFS_DATA, NULL, data, strlen(data));
    ntfs_writer_end(w, number);
    return ntfs_reference(number, sequence);
}

void ntfs_writer_secure(struct ntfs_writer *w)
{
    static const struct {
        const char *name;
        uint32_t collation;
    } indexes[] = {{"$SDH", 0x12}, {"$SII", 0x10}};
    struct {
        le32 type, collation, block_size, block_clusters;
        le32 entries_offset, used, allocated, flags;
        le64 value;
        le16 length, key_length, entry_flags, unused;
    } root = {0};

    store_le32(&root.block_size, NTFS_WRITER_CLUSTER);
    store_le32(&root.block_clusters, 1);
    store_le32(&root.entries_offset, 16);
    store_le32(&root.used, 32);
    store_le32(&root.allocated, 32);
    store_le16(&root.length, 16);
    store_le16(&root.entry_flags, 2); /* the last one */
    ntfs_writer_begin(w, NTFS_SECURE, NTFS_SECURE, NTFS_RECORD_IN_USE);
    ntfs_writer_name(w, NTFS_SECURE, ntfs_reference(NTFS_ROOT, NTFS_ROOT), "$Secure", NTFS_WIN32);
    ntfs_writer_value(w, NTFS_SECURE, NTFS_DATA, "$SDS", "", 0);
    for (size_t i = 0; i < ARRAY_SIZE(indexes); i++) {
        store_le32(&root.collation, indexes[i].collation);
        ntfs_writer_value(w, NTFS_SECURE, 0x90, indexes[i].name, &root, sizeof(root));
    }
    ntfs_writer_end(w, NTFS_SECURE);
}

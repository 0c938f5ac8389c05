/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Streams of a file, put together from its base record and the records of its attribute list. */
#include "volume/ntfs_mft.h"

#include "base/checked.h"
#include "base/cleanup.h"
#include "volume/ntfs_compressed.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LIST_MAX (4 * MIB) /* NTFS itself stops at 256 KiB */

void ntfs_stream_free(struct ntfs_stream *stream)
{
    free(stream->value);
    vector_free(&stream->runs);
    *stream = (struct ntfs_stream){0};
}

static int take_resident(struct ntfs_stream *stream, const struct ntfs_attribute *a)
{
    stream->value = malloc(a->value_length + 1);
    if (!stream->value)
        return -ENOMEM;
    memcpy(stream->value, a->value, a->value_length);
    stream->resident = true;
    stream->size = stream->initialized_size = a->value_length;
    return 0;
}

static int add_piece(const struct ntfs *ntfs, struct ntfs_stream *stream,
                     const struct ntfs_attribute *a)
{
    if (stream->resident || (a->resident && stream->pieces > 0)) {
        stream->incomplete = true;
        return 0;
    }
    stream->pieces++;
    if (a->first_vcn == 0) {
        stream->flags = a->flags;
        stream->compression_unit = a->compression_unit;
        stream->size = a->size;
        stream->initialized_size = a->initialized_size;
        stream->allocated_size = a->allocated_size;
    }
    if (a->resident)
        return take_resident(stream, a);
    int r = ntfs_runs_add(&stream->runs, a->value, a->value_length, a->first_vcn,
                          ntfs->geometry.cluster_count);
    if (r == -EBADMSG)
        stream->incomplete = true;
    return r == -EBADMSG ? 0 : r;
}

/* The piece of the stream that starts at first_vcn and stands in this record. */
static int add_from_record(const struct ntfs *ntfs, struct ntfs_stream *stream,
                           const void *record, uint32_t type, const char *name,
                           uint64_t first_vcn)
{
    struct ntfs_attributes list;
    struct ntfs_attribute a;

    ntfs_attributes_start(&list, record, ntfs->geometry.record_size);
    while (ntfs_attributes_next(&list, &a))
        if (ntfs_attribute_is(&a, type, name) && a.first_vcn == first_vcn)
            return add_piece(ntfs, stream, &a);
    stream->incomplete |= list.damaged;
    return 0;
}

/* The attribute list itself never needs one: its runs stand in the base record. */
static int load_list(const struct ntfs *ntfs, const void *base_record, struct ntfs_stream *list,
                     uint8_t **bytes)
{
    int r = add_from_record(ntfs, list, base_record, NTFS_ATTRIBUTE_LIST, NULL, 0);

    if (r < 0 || list->pieces == 0)
        return r;
    size_t size = (size_t)min_u64(list->size, LIST_MAX);
    *bytes = malloc(size + 1);
    if (!*bytes)
        return -ENOMEM;
    int64_t n = ntfs_stream_read(ntfs, list, 0, *bytes, size);
    list->incomplete |= n < (int64_t)size;
    list->size = n < 0 ? 0 : (uint64_t)n;
    return 0;
}

struct piece {
    uint64_t first_vcn, record;
};

typedef VECTOR(struct piece) pieces;

static int compare_pieces(const void *a, const void *b)
{
    const struct piece *x = a, *y = b;

    if (x->first_vcn != y->first_vcn)
        return x->first_vcn < y->first_vcn ? -1 : 1;
    return (x->record > y->record) - (x->record < y->record);
}

static bool entry_names(const struct ntfs_list_entry *entry, size_t length, uint32_t type,
                        const char *name)
{
    struct ntfs_attribute a = {
        .type = get_le32(entry->type),
        .name = (const uint8_t *)entry + entry->name_offset,
        .name_length = entry->name_length,
    };

    return range_fits(entry->name_offset, 2 * (size_t)entry->name_length, length) &&
           ntfs_attribute_is(&a, type, name);
}

/* Where the pieces of the stream stand, in their order. */
static int find_pieces(const uint8_t *list, size_t size, uint32_t type, const char *name,
                       pieces *found)
{
    for (size_t at = 0; size - at >= sizeof(struct ntfs_list_entry);) {
        const struct ntfs_list_entry *entry = (const void *)(list + at);
        size_t length = get_le16(entry->length);
        if (length < sizeof(*entry) || length > size - at)
            return -EBADMSG;
        if (entry_names(entry, length, type, name)) {
            struct piece *piece = vector_push(found);
            if (!piece)
                return -ENOMEM;
            *piece = (struct piece){get_le64(entry->first_vcn), get_le64(entry->record)};
        }
        at += length;
    }
    if (found->count > 0)
        qsort(found->items, found->count, sizeof(*found->items), compare_pieces);
    return 0;
}

static bool read_extension(const struct ntfs *ntfs, uint64_t base, uint64_t reference,
                           void *record)
{
    const struct ntfs_record_header *header = record;

    return ntfs_record_read(ntfs, ntfs_number(reference), record) == 0 &&
           ntfs_number(get_le64(header->base)) == base &&
           get_le16(header->sequence) == ntfs_sequence(reference);
}

static int load_pieces(const struct ntfs *ntfs, uint64_t number, const void *base_record,
                       const pieces *found, uint32_t type, const char *name,
                       struct ntfs_stream *stream)
{
    CLEANUP_FREE void *buffer = malloc(ntfs->geometry.record_size);
    uint64_t last = UINT64_MAX;
    const void *record = NULL;
    int r = buffer ? 0 : -ENOMEM;

    for (size_t i = 0; i < found->count && r == 0; i++) {
        const struct piece *piece = &found->items[i];
        if (ntfs_number(piece->record) == number)
            record = base_record;
        else if (piece->record != last)
            record = read_extension(ntfs, number, piece->record, buffer) ? buffer : NULL;
        last = piece->record;
        if (record)
            r = add_from_record(ntfs, stream, record, type, name, piece->first_vcn);
        else
            stream->incomplete = true;
    }
    return r;
}

/* The sizes count in clusters: what the runs do not reach cannot be read. */
static void check_complete(const struct ntfs *ntfs, struct ntfs_stream *stream)
{
    uint64_t bytes;

    if (stream->resident)
        return;
    uint64_t clusters = ntfs_runs_clusters(&stream->runs);
    if (!MUL_OVERFLOW(clusters, (uint64_t)ntfs->geometry.cluster_size, &bytes) &&
        bytes < stream->size)
        stream->incomplete = true;
    stream->initialized_size = min_u64(stream->initialized_size, stream->size);
}

int ntfs_stream_load(const struct ntfs *ntfs, uint64_t number, const void *base_record,
                     uint32_t type, const char *name, struct ntfs_stream *stream)
{
    CLEANUP(ntfs_stream) struct ntfs_stream list = {0};
    CLEANUP_FREE uint8_t *bytes = NULL;
    pieces found = {0};

    *stream = (struct ntfs_stream){0};
    int r = load_list(ntfs, base_record, &list, &bytes);
    if (r == 0 && bytes) {
        r = find_pieces(bytes, list.size, type, name, &found);
        if (r == 0 || r == -EBADMSG) {
            stream->incomplete = list.incomplete || r == -EBADMSG;
            r = load_pieces(ntfs, number, base_record, &found, type, name, stream);
        }
        vector_free(&found);
    } else if (r == 0) {
        r = add_from_record(ntfs, stream, base_record, type, name, 0);
    }
    if (r == 0 && stream->pieces == 0)
        r = -ENOENT;
    if (r < 0)
        ntfs_stream_free(stream);
    else
        check_complete(ntfs, stream);
    return r;
}

static int64_t read_stream(const struct ntfs_stream *stream, io_source *volume,
                           uint32_t cluster_size, uint64_t offset, void *buffer, size_t length)
{
    if (stream->resident) {
        memcpy(buffer, stream->value + offset, length);
        return (int64_t)length;
    }
    if (offset >= stream->initialized_size) {
        memset(buffer, 0, length);
        return (int64_t)length;
    }
    length = (size_t)min_u64(length, stream->initialized_size - offset);
    return ntfs_runs_read(&stream->runs, volume, cluster_size, offset, buffer, length);
}

int64_t ntfs_stream_read(const struct ntfs *ntfs, const struct ntfs_stream *stream,
                         uint64_t offset, void *buffer, size_t length)
{
    size_t done = 0;

    if (offset >= stream->size)
        return 0;
    length = (size_t)min_u64(length, stream->size - offset);
    while (done < length) {
        int64_t n = read_stream(stream, ntfs->source, ntfs->geometry.cluster_size, offset + done,
                                (char *)buffer + done, length - done);
        if (n < 0 && done == 0)
            return n;
        if (n <= 0)
            break;
        done += (size_t)n;
    }
    return (int64_t)done;
}

struct stream_source {
    io_source *volume;
    uint32_t cluster_size;
    struct ntfs_stream stream;
};

static int64_t source_read(void *self, uint64_t offset, void *buffer, size_t length)
{
    struct stream_source *s = self;

    return read_stream(&s->stream, s->volume, s->cluster_size, offset, buffer, length);
}

static void source_close(void *self)
{
    struct stream_source *s = self;

    ntfs_stream_free(&s->stream);
    io_unref(s->volume);
    free(s);
}

int ntfs_stream_source(const struct ntfs *ntfs, struct ntfs_stream *stream, io_source **source)
{
    static const struct io_ops ops = {source_read, source_close};

    if (stream->flags & NTFS_ATTRIBUTE_ENCRYPTED)
        return -ENOTSUP;
    if (stream->flags & NTFS_ATTRIBUTE_COMPRESSED && !stream->resident)
        return ntfs_compressed_source(ntfs, stream, source);
    struct stream_source *s = malloc(sizeof(*s));
    if (!s)
        return -ENOMEM;
    s->volume = io_ref(ntfs->source);
    s->cluster_size = ntfs->geometry.cluster_size;
    s->stream = *stream;
    *stream = (struct ntfs_stream){0};
    *source = io_source_new(&ops, s, s->stream.size);
    return *source ? 0 : -ENOMEM;
}

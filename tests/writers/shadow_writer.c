/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "shadow_writer.h"

#include "base/checked.h"
#include "volume/shadow_format.h"

#include <string.h>

/* Behind the header in every block of a kind. */
#define ROOM (SHADOW_BLOCK - sizeof(struct shadow_block_header))

/* "Block descriptor" */
struct descriptor {
    le64 original; /* +0x00  offset in the volume */
    le64 relative; /* +0x08  in the store */
    le64 copy;     /* +0x10  offset in the volume of what was there */
    le32 flags;    /* +0x18 */
    le32 bitmap;   /* +0x1C */
};
#define DESCRIPTORS (ROOM / sizeof(struct descriptor))

/* "Catalog entry type 0x03" */
struct store_entry {
    le64 type;       /* +0x00 */
    le64 block_list; /* +0x08 */
    uint8_t id[16];  /* +0x10 */
    le64 header;     /* +0x20 */
    le64 range_list; /* +0x28 */
    le64 bitmap;     /* +0x30 */
    le64 file;       /* +0x38 */
    le64 allocated;  /* +0x40 */
    le64 previous;   /* +0x48 */
    uint8_t unused[48];
};
_Static_assert(sizeof(struct store_entry) == 128, "catalog entry");

/* "Store information", up to the names of the machines. */
struct information {
    uint8_t unknown[16]; /* +0x00 */
    uint8_t copy_id[16]; /* +0x10 */
    uint8_t set_id[16];  /* +0x20 */
    le32 type;           /* +0x30 */
    le32 provider;       /* +0x34 */
    le32 attributes;     /* +0x38 */
    le32 unused;         /* +0x3C */
    le16 names[2];       /* +0x40  lengths, 0 */
};

static void make_id(uint8_t kind, unsigned number, uint8_t id[16])
{
    memset(id, kind, 16);
    id[15] = (uint8_t)number;
}

void shadow_writer_copy_id(unsigned number, uint8_t id[16])
{
    make_id(0xC0, number, id);
}

void shadow_writer_set_id(unsigned number, uint8_t id[16])
{
    make_id(0x5E, number, id);
}

/* Blocks of the area, one behind the other. */
struct place {
    struct shadow_writer *w;
    uint64_t next, store; /* where the store begins; the catalog: where it does */
    bool full;
};

static uint64_t take_block(struct place *place)
{
    uint64_t at = place->next;

    if (!range_fits(at, SHADOW_BLOCK, place->w->size)) {
        place->full = true;
        return place->w->area;
    }
    memset(place->w->bytes + at, 0, SHADOW_BLOCK);
    place->next += SHADOW_BLOCK;
    return at;
}

/* A new block of that record; the one of the chain before it, if any, points at it. */
static uint64_t chain_block(struct place *place, enum shadow_record record, uint64_t before)
{
    uint64_t at = take_block(place);
    struct shadow_block_header *header = (void *)(place->w->bytes + at);

    memcpy(header->identifier, SHADOW_IDENTIFIER, sizeof(header->identifier));
    store_le32(&header->version, 1);
    store_le32(&header->record, record);
    store_le64(&header->relative, at - place->store);
    store_le64(&header->here, at);
    if (before)
        store_le64(place->w->bytes + before + offsetof(struct shadow_block_header, next), at);
    return at;
}

static void put_information(struct place *place, uint64_t header, unsigned number)
{
    struct information information = {0};

    shadow_writer_copy_id(number, information.copy_id);
    shadow_writer_set_id(number, information.set_id);
    store_le32(&information.type, 9);
    store_le32(&information.provider, 1);
    store_le32(&information.attributes, 0x00420009);
    memcpy(place->w->bytes + header + sizeof(struct shadow_block_header), &information,
           sizeof(information));
    store_le64(place->w->bytes + header + offsetof(struct shadow_block_header, information_size),
               sizeof(information));
}

/* The blocks that were different when the copy was made from what `later` has. */
static void put_differences(struct place *place, struct shadow_writer_copy *copy,
                            const uint8_t *later)
{
    uint64_t list = copy->block_list;
    size_t in_list = 0;

    copy->data = place->next;
    for (uint64_t at = 0; at < place->w->area && !place->full; at += SHADOW_BLOCK) {
        if (memcmp(copy->bytes + at, later + at, SHADOW_BLOCK) == 0)
            continue;
        if (in_list == DESCRIPTORS) {
            list = chain_block(place, SHADOW_BLOCK_LIST, list);
            in_list = 0;
        }
        uint64_t kept = take_block(place);
        struct descriptor *d =
            (void *)(place->w->bytes + list + sizeof(struct shadow_block_header) +
                     in_list++ * sizeof(*d));
        memcpy(place->w->bytes + kept, copy->bytes + at, SHADOW_BLOCK);
        store_le64(&d->original, at);
        store_le64(&d->relative, kept - place->store);
        store_le64(&d->copy, kept);
    }
}

static void put_store(struct place *place, struct shadow_writer_copy *copy, unsigned number,
                      const uint8_t *later)
{
    place->store = place->next;
    copy->header = chain_block(place, SHADOW_STORE_HEADER, 0);
    copy->block_list = chain_block(place, SHADOW_BLOCK_LIST, 0);
    copy->range_list = chain_block(place, SHADOW_RANGE_LIST, 0);
    uint64_t bitmap = copy->bitmap = chain_block(place, SHADOW_BITMAP, 0);
    for (uint64_t done = ROOM * 8; done < place->w->size / SHADOW_BLOCK; done += ROOM * 8)
        bitmap = chain_block(place, SHADOW_BITMAP, bitmap);
    put_information(place, copy->header, number);
    put_differences(place, copy, later);
    le64 *range = (void *)(place->w->bytes + copy->range_list + sizeof(struct shadow_block_header));
    store_le64(&range[0], place->store);
    store_le64(&range[2], place->next - place->store);
}

static void put_entries(struct shadow_writer *w, uint64_t block,
                        const struct shadow_writer_copy *copy, size_t index)
{
    struct shadow_copy_entry first = {0};
    struct store_entry second = {0};

    make_id(0x1D, (unsigned)index + 1, first.id);
    store_le64(&first.type, SHADOW_ENTRY_COPY);
    store_le64(&first.volume_size, w->size);
    store_le64(&first.sequence, index + 1);
    store_le64(&first.flags, 0x40);
    store_le64(&first.created, copy->created);
    memcpy(second.id, first.id, sizeof(second.id));
    store_le64(&second.type, SHADOW_ENTRY_STORE);
    store_le64(&second.block_list, copy->block_list);
    store_le64(&second.header, copy->header);
    store_le64(&second.range_list, copy->range_list);
    store_le64(&second.bitmap, copy->bitmap);
    memcpy(w->bytes + block + 128 * (2 * index + 1), &first, sizeof(first));
    memcpy(w->bytes + block + 128 * (2 * index + 2), &second, sizeof(second));
}

/* It was not there yet when the copies were made: they show what was in its place. */
static void put_volume_header(struct shadow_writer *w)
{
    struct shadow_volume_header header = {0};

    memcpy(header.identifier, SHADOW_IDENTIFIER, sizeof(header.identifier));
    store_le32(&header.version, 1);
    store_le32(&header.record, SHADOW_VOLUME_HEADER);
    store_le64(&header.here, SHADOW_HEADER_OFFSET);
    store_le64(&header.unknown[0], SHADOW_HEADER_OFFSET);
    memset(header.volume, 0x70, sizeof(header.volume));
    memset(header.storage_volume, 0x70, sizeof(header.storage_volume));
    memcpy(w->bytes + SHADOW_HEADER_OFFSET, &header, sizeof(header));
}

bool shadow_writer_put(struct shadow_writer *w, struct shadow_writer_copy *copies, size_t count)
{
    struct place place = {.w = w, .next = w->area};

    put_volume_header(w);
    for (size_t i = 0; i < count; i++)
        put_store(&place, &copies[i], (unsigned)i + 1,
                  i + 1 < count ? copies[i + 1].bytes : w->bytes);
    place.store = place.next;
    w->catalog = chain_block(&place, SHADOW_CATALOG, 0);
    if (place.full || count > (ROOM / 128) / 2)
        return false;
    for (size_t i = 0; i < count; i++)
        put_entries(w, w->catalog, &copies[i], i);
    store_le64(w->bytes + SHADOW_HEADER_OFFSET + offsetof(struct shadow_volume_header, catalog),
               w->catalog);
    return true;
}

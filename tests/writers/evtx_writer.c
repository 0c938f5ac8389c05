/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "evtx_chunk.h"

#include "base/checked.h"
#include "base/crc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct evtx_writer {
    struct evtx_recipe recipe;
    struct chunk chunk;
    uint8_t before[EVTX_CHUNK_SIZE]; /* the chunk; zeros behind the header unless slack is kept */
    uint8_t *file;
    size_t size, capacity;
    uint64_t chunk_count; /* ever flushed: some were overwritten since */
    uint64_t next_id;
    filetime last_time;
    bool finished;
};

/* ---- chunks ---- */

static void begin_chunk(struct evtx_writer *w)
{
    struct chunk *chunk = &w->chunk;

    if (!w->recipe.keep_slack)
        memset(chunk->bytes, 0, EVTX_CHUNK_SIZE);
    memset(chunk->bytes, 0, EVTX_CHUNK_RECORDS);
    chunk->used = EVTX_CHUNK_RECORDS;
    chunk->records.count = 0;
    residents_cut(&chunk->names, 0);
    residents_cut(&chunk->templates, 0);
}

/* The records that the headers tell of: all but the last ones when the log is to lag. */
static size_t told_records(const struct evtx_writer *w, bool last_chunk)
{
    size_t count = w->chunk.records.count;

    return last_chunk && w->recipe.lag < count ? count - w->recipe.lag : count;
}

static void put_chunk_header(struct evtx_writer *w, bool last_chunk)
{
    struct chunk *chunk = &w->chunk;
    struct evtx_chunk_header *h = (void *)chunk->bytes;
    const struct record_place *first = &chunk->records.items[0];
    const struct record_place *last = &chunk->records.items[told_records(w, last_chunk) - 1];
    uint32_t flags =
        (w->recipe.dirty ? EVTX_DIRTY : 0) | (w->recipe.no_checksums ? EVTX_NO_CRC : 0);

    memcpy(h->signature, EVTX_CHUNK_SIGNATURE, sizeof(h->signature));
    store_le64(&h->first_record_number, first->id);
    store_le64(&h->last_record_number, last->id);
    store_le64(&h->first_record_id, first->id);
    store_le64(&h->last_record_id, last->id);
    store_le32(&h->header_size, 128);
    store_le32(&h->last_record, last->offset);
    store_le32(&h->free_space, last->end);
    store_le32(&h->flags, flags);
    if (!w->recipe.no_checksums)
        evtx_seal_chunk(chunk->bytes, 0);
}

static void reserve_file(struct evtx_writer *w, size_t size)
{
    if (size > w->capacity) {
        w->capacity = size + size / 2;
        w->file = evtx_must(realloc(w->file, w->capacity));
    }
    if (size > w->size) {
        memset(w->file + w->size, 0, size - w->size);
        w->size = size;
    }
}

static void flush_chunk(struct evtx_writer *w, bool last_chunk)
{
    uint64_t place = w->chunk_count;

    if (w->chunk.records.count == 0)
        return;
    if (w->recipe.max_chunks > 0)
        place %= w->recipe.max_chunks;
    size_t offset = EVTX_HEADER_BLOCK + (size_t)place * EVTX_CHUNK_SIZE;
    put_chunk_header(w, last_chunk);
    reserve_file(w, offset + EVTX_CHUNK_SIZE);
    memcpy(w->file + offset, w->chunk.bytes, EVTX_CHUNK_SIZE);
    w->chunk_count++;
    begin_chunk(w);
}

static bool try_record(struct evtx_writer *w, const struct evtx_event *event)
{
    struct chunk *chunk = &w->chunk;
    size_t names = chunk->names.count, templates = chunk->templates.count;
    uint32_t used = chunk->used;

    /* What a record that does not fit writes over: the tables, and slack if there is any. */
    memcpy(w->before, chunk->bytes, EVTX_CHUNK_RECORDS);
    if (w->recipe.keep_slack)
        memcpy(w->before, chunk->bytes, EVTX_CHUNK_SIZE);
    chunk_put_record(chunk, event);
    if (chunk->used <= EVTX_CHUNK_SIZE)
        return true;
    memcpy(chunk->bytes, w->before, EVTX_CHUNK_RECORDS);
    memcpy(chunk->bytes + used, w->before + used, EVTX_CHUNK_SIZE - used);
    chunk->used = used;
    chunk->records.count--;
    residents_cut(&chunk->names, names);
    residents_cut(&chunk->templates, templates);
    return false;
}

void evtx_write(struct evtx_writer *w, const struct evtx_event *given)
{
    struct evtx_event event = *given;
    uint32_t limit = w->recipe.chunk_records;

    if (w->finished)
        evtx_refuse("the log is finished");
    if (event.record_id == 0)
        event.record_id = w->next_id;
    if (event.time == 0)
        event.time = w->last_time + 10000000;
    if (!event.computer)
        event.computer = w->recipe.computer;
    w->next_id = event.record_id + 1;
    w->last_time = event.time;
    if (limit > 0 && w->chunk.records.count == limit)
        flush_chunk(w, false);
    if (!try_record(w, &event)) {
        flush_chunk(w, false);
        if (!try_record(w, &event))
            evtx_refuse("a record is larger than a chunk");
    }
}

/* ---- the file ---- */

struct evtx_writer *evtx_writer_new(const struct evtx_recipe *recipe)
{
    struct evtx_writer *w = evtx_must(calloc(1, sizeof(*w)));

    w->recipe = *recipe;
    if (w->recipe.minor_version == 0)
        w->recipe.minor_version = 1;
    if (!w->recipe.computer)
        w->recipe.computer = "HOST01.example.test";
    w->next_id = recipe->first_record_id ? recipe->first_record_id : 1;
    w->last_time = when_from_date(2026, 3, 2, 1, 0, 0, 0);
    begin_chunk(w);
    reserve_file(w, EVTX_HEADER_BLOCK);
    return w;
}

void evtx_writer_free(struct evtx_writer *w)
{
    residents_cut(&w->chunk.names, 0);
    residents_cut(&w->chunk.templates, 0);
    vector_free(&w->chunk.names);
    vector_free(&w->chunk.templates);
    vector_free(&w->chunk.records);
    free(w->file);
    free(w);
}

static void put_file_header(struct evtx_writer *w, uint64_t last_id)
{
    struct evtx_file_header *h = (void *)w->file;
    uint64_t chunks = w->chunk_count, kept = chunks;

    if (w->recipe.max_chunks > 0 && chunks > w->recipe.max_chunks)
        kept = w->recipe.max_chunks;
    memcpy(h->signature, EVTX_FILE_SIGNATURE, sizeof(h->signature));
    store_le64(&h->first_chunk, kept < chunks ? chunks % kept : 0);
    store_le64(&h->last_chunk, chunks == 0 ? 0 : (chunks - 1) % kept);
    store_le64(&h->next_record_id, last_id + 1);
    store_le32(&h->header_size, 128);
    store_le16(&h->minor_version, (uint16_t)w->recipe.minor_version);
    store_le16(&h->major_version, 3);
    store_le16(&h->header_block_size, EVTX_HEADER_BLOCK);
    store_le16(&h->chunk_count, (uint16_t)kept);
    store_le32(&h->flags, (w->recipe.dirty ? EVTX_DIRTY : 0) | (kept < chunks ? EVTX_FULL : 0) |
                              (w->recipe.no_checksums ? EVTX_NO_CRC : 0));
    if (!w->recipe.no_checksums)
        evtx_seal_file_header(w->file);
}

const uint8_t *evtx_writer_finish(struct evtx_writer *w, size_t *size)
{
    if (!w->finished) {
        uint64_t untold = w->chunk.records.count - told_records(w, true);
        flush_chunk(w, true);
        put_file_header(w, w->next_id - 1 - untold);
        reserve_file(w, w->size + (size_t)w->recipe.unused_chunks * EVTX_CHUNK_SIZE);
        w->finished = true;
    }
    *size = w->size;
    return w->file;
}

void evtx_writer_save(struct evtx_writer *w, const char *path)
{
    size_t size;
    const uint8_t *bytes = evtx_writer_finish(w, &size);
    FILE *file = fopen(path, "wb");

    if (!file || fwrite(bytes, 1, size, file) != size || fclose(file) != 0)
        evtx_refuse(path);
}

void evtx_seal_chunk(uint8_t *file, size_t offset)
{
    struct evtx_chunk_header *h = (void *)(file + offset);
    uint8_t covered[EVTX_CHUNK_RECORDS - 8];
    uint32_t end = get_le32(h->free_space);

    if (end < EVTX_CHUNK_RECORDS || end > EVTX_CHUNK_SIZE)
        end = EVTX_CHUNK_RECORDS;
    uint32_t size = end - EVTX_CHUNK_RECORDS;
    store_le32(&h->records_checksum, crc32_zeroed(file + offset + EVTX_CHUNK_RECORDS, size, size));
    memcpy(covered, h, EVTX_CRC_SIZE);
    memcpy(covered + EVTX_CRC_SIZE, h->strings, sizeof(covered) - EVTX_CRC_SIZE);
    store_le32(&h->checksum, crc32_zeroed(covered, sizeof(covered), sizeof(covered)));
}

void evtx_seal_file_header(uint8_t *file)
{
    struct evtx_file_header *h = (void *)file;

    store_le32(&h->checksum, crc32_zeroed(file, EVTX_CRC_SIZE, EVTX_CRC_SIZE));
}

size_t evtx_find_record(const uint8_t *file, size_t size, uint64_t record_id)
{
    for (size_t chunk = EVTX_HEADER_BLOCK; chunk + EVTX_CHUNK_SIZE <= size;
         chunk += EVTX_CHUNK_SIZE) {
        const struct evtx_chunk_header *h = (const void *)(file + chunk);
        size_t at = chunk + EVTX_CHUNK_RECORDS, end = chunk + get_le32(h->free_space);
        while (at < end) {
            const struct evtx_record_header *record = (const void *)(file + at);
            if (get_le64(record->id) == record_id)
                return at;
            at += get_le32(record->size);
        }
    }
    return SIZE_MAX;
}

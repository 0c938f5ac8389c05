/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * Walks an .evtx file chunk by chunk. Two passes: first the live records of every chunk, then, in
 * those chunks that have any, the older records in their slack. Windows fills a chunk in memory
 * that held an earlier one, so most of what lies in slack is also live elsewhere: what the first
 * pass saw, the second leaves out.
 */
#include "event/evtx_private.h"

#include "base/checked.h"
#include "base/crc.h"
#include "event/evtx_format.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* What reading one chunk may cost; a chunk of healthy records costs a twentieth (binxml.h). */
#define CHUNK_BUDGET 1000000

/* ---- chunks ---- */

static uint32_t chunk_crc(const uint8_t *chunk)
{
    uint8_t covered[EVTX_CHUNK_RECORDS - 8];

    memcpy(covered, chunk, EVTX_CRC_SIZE);
    memcpy(covered + EVTX_CRC_SIZE, chunk + 0x80, EVTX_CHUNK_RECORDS - 0x80);
    return crc32_zeroed(covered, sizeof(covered), sizeof(covered));
}

/* A log that is open has a header that may be behind its records: that is no damage. */
static enum severity lag_severity(const struct event_log *log)
{
    return log->dirty && !log->hole ? SEVERITY_INFO : SEVERITY_PROBLEM;
}

/* Where the chunk header says that its records end; 0 when it can't be trusted. */
static uint32_t check_chunk_header(struct event_log *log)
{
    const struct evtx_chunk_header *header = (const void *)log->chunk;

    if (log->chunk_size < EVTX_CHUNK_RECORDS || !evtx_is_chunk_signature(header->signature)) {
        notes_add(log->notes, SEVERITY_PROBLEM, "EVTX-CHUNK-HEADER", log->chunk_offset,
                  "there is no chunk header where one is expected");
        return 0;
    }
    uint32_t free_space = get_le32(header->free_space), crc = chunk_crc(log->chunk);
    if (get_le32(header->flags) & EVTX_NO_CRC)
        log->no_crc = true;
    if (!log->no_crc && get_le32(header->checksum) != crc) {
        notes_add(log->notes, lag_severity(log), "EVTX-CHUNK-CHECKSUM", log->chunk_offset + 0x7C,
                  "the chunk header's checksum is 0x%08x, its bytes give 0x%08x",
                  get_le32(header->checksum), crc);
        return 0;
    }
    if (free_space < EVTX_CHUNK_RECORDS || free_space > EVTX_CHUNK_SIZE) {
        notes_add(log->notes, SEVERITY_PROBLEM, "EVTX-CHUNK-HEADER", log->chunk_offset + 0x30,
                  "the chunk's free space begins at %u, outside its %u to %u", free_space,
                  EVTX_CHUNK_RECORDS, EVTX_CHUNK_SIZE);
        return 0;
    }
    return free_space;
}

/* The verdict on the checksum waits for the walk: a lagging header is told from damage by it. */
static void check_records(struct event_log *log)
{
    const struct evtx_chunk_header *header = (const void *)log->chunk;
    uint32_t end = log->header_end;

    log->bad_checksum = end > 0 && end <= log->chunk_size && !log->no_crc &&
                        get_le32(header->records_checksum) !=
                            crc32_zeroed(log->chunk + EVTX_CHUNK_RECORDS, end - EVTX_CHUNK_RECORDS,
                                         end - EVTX_CHUNK_RECORDS);
}

/* Reads the chunk at `offset`. 1, 0 when there is none (or an empty one), negative errno. */
static int load_chunk(struct event_log *log, uint64_t offset)
{
    int64_t n = io_read_some(log->source, offset, log->chunk, EVTX_CHUNK_SIZE);

    log->chunk_size = 0;
    if (n < 0)
        return (int)n;
    if (bytes_are_zero(log->chunk, (size_t)n))
        return 0;
    log->chunk_offset = offset;
    log->chunk_size = (uint32_t)n;
    log->budget = CHUNK_BUDGET;
    record_reader_set_chunk(&log->reader, log->chunk, log->chunk_size, &log->budget);
    return 1;
}

static void note_gap(struct event_log *log)
{
    if (log->unused > 0)
        notes_add(log->notes, SEVERITY_WARNING, "EVTX-GAP",
                  log->chunk_offset - log->unused * EVTX_CHUNK_SIZE,
                  "%" PRIu64 " chunks of zeros lie before one in use", log->unused);
    log->unused = 0;
}

static int begin_live(struct event_log *log)
{
    log->hole = log->bad_checksum = false;
    log->last_id = 0;
    note_gap(log);
    if (log->chunk_size < EVTX_CHUNK_SIZE)
        notes_add(log->notes, SEVERITY_PROBLEM, "EVTX-TRUNCATED",
                  log->chunk_offset + log->chunk_size, "the last chunk has %u bytes of %u",
                  log->chunk_size, EVTX_CHUNK_SIZE);
    log->header_end = check_chunk_header(log);
    check_records(log);
    log->position = EVTX_CHUNK_RECORDS;
    log->live_end = log->header_end > 0 ? log->header_end : EVTX_CHUNK_RECORDS;
    if (log->header_end == 0)
        return 0;
    return definitions_add_chunk(&log->definitions, &log->reader.xml.chunk, log->chunk_offset);
}

/* 1 a chunk is loaded, 0 the pass is over, negative errno. */
static int next_live_chunk(struct event_log *log)
{
    while (log->next_chunk < io_size(log->source)) {
        uint64_t offset = log->next_chunk;
        log->next_chunk += EVTX_CHUNK_SIZE;
        int r = load_chunk(log, offset);
        if (r < 0)
            return r;
        if (r > 0) {
            r = begin_live(log);
            return r < 0 ? r : 1;
        }
        log->unused++;
    }
    return 0;
}

static int next_slack_chunk(struct event_log *log)
{
    while (log->next_chunk < log->slacks.count) {
        const struct slack *slack = &log->slacks.items[log->next_chunk++];
        int r = load_chunk(log, slack->chunk);
        if (r < 0)
            return r;
        log->position = slack->offset;
        if (r > 0)
            return 1;
    }
    return 0;
}

static int next_chunk(struct event_log *log)
{
    int r = 0;

    if (log->pass == PASS_LIVE) {
        r = next_live_chunk(log);
        if (r == 0) {
            log->pass = PASS_SLACK;
            log->next_chunk = 0;
        }
    }
    if (r == 0 && log->pass == PASS_SLACK) {
        r = next_slack_chunk(log);
        if (r == 0)
            log->pass = PASS_DONE;
    }
    return r;
}

/* ---- records in the chunk ---- */

static const struct evtx_record_header *record_at(const struct event_log *log, uint32_t offset)
{
    return (const void *)(log->chunk + offset);
}

/* A record is known by its signature and by its size at both ends. */
static bool is_record(const struct event_log *log, uint32_t offset)
{
    if (!range_fits(offset, EVTX_RECORD_MIN, log->chunk_size) ||
        memcmp(log->chunk + offset, EVTX_RECORD_SIGNATURE, sizeof(EVTX_RECORD_SIGNATURE)) != 0)
        return false;
    uint32_t size = get_le32(record_at(log, offset)->size);
    return size >= EVTX_RECORD_MIN && range_fits(offset, size, log->chunk_size) &&
           load_le32(log->chunk + offset + size - sizeof(le32)) == size;
}

/* The first record in [from, end), or `end`. */
static uint32_t find_record(const struct event_log *log, uint32_t from, uint32_t end)
{
    while (from < end) {
        const uint8_t *hit = memmem(log->chunk + from, end - from, EVTX_RECORD_SIGNATURE,
                                    sizeof(EVTX_RECORD_SIGNATURE));
        if (!hit)
            return end;
        from = (uint32_t)(hit - log->chunk);
        if (is_record(log, from))
            return from;
        from++;
    }
    return end;
}

/*
 * Behind the end that the header tells, records that go on counting are live: the header lags.
 * Without a header, that is how the live records are found at all.
 */
static bool is_continued(const struct event_log *log)
{
    return is_record(log, log->position) &&
           (log->last_id == 0 ? log->header_end == 0
                              : get_le64(record_at(log, log->position)->id) == log->last_id + 1);
}

static void note_hole(struct event_log *log, uint32_t found, uint32_t end)
{
    if (found < end)
        notes_add(log->notes, SEVERITY_PROBLEM, "EVTX-RECORD", log->chunk_offset + log->position,
                  "there is no record here, where one is expected; the next is %u bytes on",
                  found - log->position);
    else
        notes_add(log->notes, SEVERITY_PROBLEM, "EVTX-RECORD", log->chunk_offset + log->position,
                  "there is no record here, nor in the %u bytes to the end of the chunk's records",
                  end - log->position);
    log->hole = true;
}

static void note_lag(struct event_log *log)
{
    if (log->header_end > 0 && log->live_end > log->header_end)
        notes_add(log->notes, SEVERITY_INFO, "EVTX-LAG", log->chunk_offset + 0x30,
                  "the chunk header ends at %u; records go on to %u", log->header_end,
                  log->live_end);
    if (log->bad_checksum)
        notes_add(log->notes, lag_severity(log), "EVTX-RECORDS-CHECKSUM", log->chunk_offset + 0x34,
                  "the chunk's records do not have the checksum that its header gives");
}

static int end_live(struct event_log *log)
{
    note_lag(log);
    if (find_record(log, log->live_end, log->chunk_size) < log->chunk_size) {
        struct slack *slack = vector_push(&log->slacks);
        if (!slack)
            return -ENOMEM;
        *slack = (struct slack){log->chunk_offset, log->live_end};
    }
    return 0;
}

/* Sets *offset to the next live record of the chunk. 1, 0 there is none, -ENOMEM. */
static int next_live(struct event_log *log, uint32_t *offset)
{
    uint32_t end = (uint32_t)min_u64(log->live_end, log->chunk_size);

    if (log->position >= end && is_continued(log)) {
        end = log->live_end = log->position + get_le32(record_at(log, log->position)->size);
    } else if (log->position < end && !is_record(log, log->position)) {
        uint32_t found = find_record(log, log->position, end);
        note_hole(log, found, end);
        log->position = found;
    }
    if (log->position >= end)
        return end_live(log);
    *offset = log->position;
    log->last_id = get_le64(record_at(log, *offset)->id);
    log->position += get_le32(record_at(log, *offset)->size);
    return 1;
}

static int next_recovered(struct event_log *log, uint32_t *offset)
{
    *offset = find_record(log, log->position, log->chunk_size);
    if (*offset == log->chunk_size)
        return 0;
    log->position = *offset + get_le32(record_at(log, *offset)->size);
    return 1;
}

/* ---- one record ---- */

static int read_values(struct event_log *log)
{
    struct event_record *record = &log->reader.record;
    int r = record_read_values(&log->reader);

    if (r == 0 && record->damaged) {
        log->counts.damaged++;
        if (log->pass == PASS_LIVE)
            notes_add(log->notes, SEVERITY_PROBLEM, "EVTX-VALUES", record->offset,
                      "the values of record %" PRIu64 " break off", record->record_id);
    }
    return r;
}

static int skip_unreadable(struct event_log *log, uint32_t offset, uint64_t id)
{
    if (log->pass == PASS_SLACK) /* what looks like a record need not be one */
        log->position = offset + 1;
    log->counts.damaged++;
    if (log->pass == PASS_LIVE)
        notes_add(log->notes, SEVERITY_PROBLEM, "EVTX-SYSTEM", log->reader.record.offset,
                  "the System element of record %" PRIu64 " can't be read", id);
    return 0;
}

/* 1 the record is wanted, 0 it is not, -ENOMEM. */
static int take_record(struct event_log *log, uint32_t offset)
{
    struct event_record *record = &log->reader.record;
    uint64_t id = get_le64(record_at(log, offset)->id);
    bool live = log->pass == PASS_LIVE;

    if (!live && id_ranges_has(&log->seen, id))
        return 0;
    definitions_next_record(&log->definitions);
    int r = record_read_system(&log->reader, offset);
    record->offset = log->chunk_offset + offset;
    record->origin = live ? EVENT_LIVE : EVENT_RECOVERED;
    if (r == -EBADMSG)
        return skip_unreadable(log, offset, id);
    if (r == 0)
        r = id_ranges_add(&log->seen, id);
    if (r < 0)
        return r;
    if (r == 0) {
        notes_add(log->notes, SEVERITY_WARNING, "EVTX-DUPLICATE", record->offset,
                  "record %" PRIu64 " is there twice", id);
        return 0;
    }
    if (live)
        log->counts.live++;
    else if (log->counts.recovered++ == 0)
        notes_add(log->notes, SEVERITY_INFO, "EVTX-RECOVERED", record->offset,
                  "records that the log no longer lists were found in the slack of its chunks");
    if (log->filter && !log->filter(record, log->filter_context))
        return 0;
    r = read_values(log);
    return r < 0 ? r : 1;
}

int event_log_next(struct event_log *log, const struct event_record **record)
{
    uint32_t offset;
    int r = 0;

    *record = NULL;
    while (r == 0 && log->pass != PASS_DONE) {
        if (log->chunk_size == 0) {
            r = next_chunk(log);
            if (r < 0)
                return r;
            r = 0;
            continue;
        }
        r = log->pass == PASS_LIVE ? next_live(log, &offset) : next_recovered(log, &offset);
        if (r == 0)
            log->chunk_size = 0;
        else if (r > 0)
            r = take_record(log, offset);
    }
    if (r > 0)
        *record = &log->reader.record;
    return r;
}

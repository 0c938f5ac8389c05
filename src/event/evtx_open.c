/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Opening a log: the file header, or the chunks without it. */
#include "event/evtx_private.h"

#include "base/checked.h"
#include "base/crc.h"
#include "event/evtx_format.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* How far a chunk is looked for when the file header is lost. */
#define SEARCH_SIZE MIB

bool evtx_is_chunk_signature(const void *bytes)
{
    return memcmp(bytes, EVTX_CHUNK_SIGNATURE, sizeof(EVTX_CHUNK_SIGNATURE)) == 0;
}

static bool is_file_signature(const void *bytes)
{
    return memcmp(bytes, EVTX_FILE_SIGNATURE, sizeof(EVTX_FILE_SIGNATURE)) == 0;
}

bool event_log_probe(io_source *source)
{
    char signature[sizeof(EVTX_FILE_SIGNATURE)];

    if (io_read(source, 0, signature, sizeof(signature)) < 0)
        return false;
    if (is_file_signature(signature) || evtx_is_chunk_signature(signature))
        return true;
    return io_read(source, EVTX_HEADER_BLOCK, signature, sizeof(signature)) == 0 &&
           evtx_is_chunk_signature(signature);
}

/* The first chunk signature at a multiple of a sector, as disks lose and carvers find them. */
static int search_chunk(struct event_log *log)
{
    for (uint64_t at = 0; at < SEARCH_SIZE && at < io_size(log->source); at += EVTX_CHUNK_SIZE) {
        int64_t n = io_read_some(log->source, at, log->chunk, EVTX_CHUNK_SIZE);
        if (n < 0)
            return (int)n;
        for (int64_t i = 0; i + 512 <= n; i += 512) {
            if (evtx_is_chunk_signature(log->chunk + i)) {
                log->first_chunk = (at + (uint64_t)i) % EVTX_CHUNK_SIZE;
                return 0;
            }
        }
    }
    return -ENOMSG;
}

static int find_chunks(struct event_log *log)
{
    int r = search_chunk(log);

    if (r == 0)
        notes_add(log->notes, SEVERITY_PROBLEM, "EVTX-FILE-HEADER", 0,
                  "the file does not begin with the signature \"ElfFile\"; its chunks were found "
                  "all the same, the first place for one is at %" PRIu64,
                  log->first_chunk);
    return r;
}

static int check_version(struct event_log *log, const struct evtx_file_header *header)
{
    unsigned major = get_le16(header->major_version), minor = get_le16(header->minor_version);

    if (major != 3) {
        notes_add(log->notes, SEVERITY_PROBLEM, "EVTX-VERSION", 0x24,
                  "the log's version is %u.%u; only 3.x is known", major, minor);
        return -ENOTSUP;
    }
    if (minor < 1 || minor > 2)
        notes_add(log->notes, SEVERITY_WARNING, "EVTX-VERSION", 0x24,
                  "the log's version is 3.%u; 3.1 and 3.2 are known", minor);
    return 0;
}

static void check_length(struct event_log *log, const struct evtx_file_header *header)
{
    uint64_t size = io_size(log->source), chunks = get_le16(header->chunk_count);
    uint64_t there = size > log->first_chunk ? (size - log->first_chunk) / EVTX_CHUNK_SIZE : 0;

    if (there < chunks)
        notes_add(log->notes, SEVERITY_PROBLEM, "EVTX-TRUNCATED", size,
                  "the file ends after %" PRIu64 " whole chunks; its header counts %" PRIu64, there,
                  chunks);
}

static int read_file_header(struct event_log *log)
{
    struct evtx_file_header header;
    int r = io_read(log->source, 0, &header, sizeof(header));

    if (r == -ENODATA)
        return -ENOMSG;
    if (r < 0)
        return r;
    if (!is_file_signature(header.signature))
        return find_chunks(log);
    uint32_t flags = get_le32(header.flags),
             crc = crc32_zeroed(&header, EVTX_CRC_SIZE, EVTX_CRC_SIZE);
    log->no_crc = flags & EVTX_NO_CRC;
    log->first_chunk = EVTX_HEADER_BLOCK;
    if (!log->no_crc && get_le32(header.checksum) != crc) {
        notes_add(log->notes, SEVERITY_PROBLEM, "EVTX-FILE-CHECKSUM", 0x7C,
                  "the file header's checksum is 0x%08x, its bytes give 0x%08x",
                  get_le32(header.checksum), crc);
        return 0;
    }
    r = check_version(log, &header);
    if (r < 0)
        return r;
    if (get_le16(header.header_block_size) >= sizeof(header))
        log->first_chunk = get_le16(header.header_block_size);
    log->dirty = flags & EVTX_DIRTY;
    if (log->dirty)
        notes_add(log->notes, SEVERITY_INFO, "EVTX-DIRTY", 0x78,
                  "the log was open when it was copied, or was not closed in order");
    check_length(log, &header);
    return 0;
}

int event_log_open(struct event_log **out, io_source *source, struct notes *notes)
{
    struct event_log *log = calloc(1, sizeof(*log));

    *out = NULL;
    if (!log)
        return -ENOMEM;
    log->source = io_ref(source);
    log->notes = notes;
    log->chunk = malloc(EVTX_CHUNK_SIZE);
    log->definitions.source = source;
    int r = record_reader_init(&log->reader);
    log->reader.xml.find = definitions_find;
    log->reader.xml.find_context = &log->definitions;
    if (!log->chunk)
        r = -ENOMEM;
    if (r == 0)
        r = read_file_header(log);
    if (r < 0) {
        event_log_close(log);
        return r;
    }
    log->next_chunk = log->first_chunk;
    *out = log;
    return 0;
}

void event_log_close(struct event_log *log)
{
    if (!log)
        return;
    io_unref(log->source);
    definitions_free(&log->definitions);
    record_reader_free(&log->reader);
    id_ranges_free(&log->seen);
    vector_free(&log->slacks);
    free(log->chunk);
    free(log);
}

void event_log_set_filter(struct event_log *log, event_filter *filter, void *context)
{
    log->filter = filter;
    log->filter_context = context;
}

struct event_log_counts event_log_counts(const struct event_log *log)
{
    return log->counts;
}

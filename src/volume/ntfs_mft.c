/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Finding $MFT, whatever of it is damaged, and the pass over its records. */
#include "volume/ntfs_mft.h"

#include "base/checked.h"
#include "base/cleanup.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define PASS_BYTES  MIB /* one read of the pass */
#define GUESS_BYTES (64 * KIB)
#define MFT_ROUNDS  64 /* times that $MFT's own runs lead to more of its runs */

int ntfs_record_read(const struct ntfs *ntfs, uint64_t number, void *record)
{
    size_t size = ntfs->geometry.record_size;

    if (number >= ntfs->record_count)
        return -ENOENT;
    int64_t n = ntfs_stream_read(ntfs, &ntfs->mft, number * size, record, size);
    if (n < 0)
        return (int)n;
    if (n < (int64_t)size)
        return -ENODATA;
    switch (ntfs_record_fix(record, size)) {
    case NTFS_RECORD_WHOLE:
        return 0;
    case NTFS_RECORD_EMPTY:
        return -ENOENT;
    default:
        return -EBADMSG;
    }
}

/* Record 0 at a place of the volume that needs no runs to be found. */
static int read_first_record(const struct ntfs *ntfs, uint64_t offset, uint8_t *record)
{
    const struct ntfs_record_header *header = (const void *)record;
    int r = io_read(ntfs->source, offset, record, ntfs->geometry.record_size);

    if (r < 0)
        return r;
    if (ntfs_record_fix(record, ntfs->geometry.record_size) != NTFS_RECORD_WHOLE ||
        !(get_le16(header->flags) & NTFS_RECORD_IN_USE))
        return -EBADMSG;
    return 0;
}

static void count_records(struct ntfs *ntfs)
{
    ntfs->record_count = ntfs->mft.initialized_size / ntfs->geometry.record_size;
}

/*
 * Takes $MFT's runs from its record 0. Where it has an attribute list, the records that hold the
 * further runs are found through the runs known so far: again and again until nothing new comes.
 */
static int take_mft(struct ntfs *ntfs, const uint8_t *record)
{
    size_t known = 0;

    ntfs_stream_free(&ntfs->mft);
    ntfs->record_count = 0;
    struct ntfs_attributes list;
    struct ntfs_attribute a;
    ntfs_attributes_start(&list, record, ntfs->geometry.record_size);
    while (ntfs_attributes_next(&list, &a))
        if (ntfs_attribute_is(&a, NTFS_DATA, NULL) && !a.resident && a.first_vcn == 0) {
            int r = ntfs_runs_add(&ntfs->mft.runs, a.value, a.value_length, 0,
                                  ntfs->geometry.cluster_count);
            if (r == -ENOMEM)
                return r;
            ntfs->mft.size = a.size;
            ntfs->mft.initialized_size = min_u64(a.initialized_size, a.size);
            count_records(ntfs);
        }
    for (int round = 0; round < MFT_ROUNDS && ntfs->mft.runs.count > known; round++) {
        struct ntfs_stream whole;
        known = ntfs->mft.runs.count;
        int r = ntfs_stream_load(ntfs, NTFS_MFT, record, NTFS_DATA, NULL, &whole);
        if (r < 0)
            return r == -ENOENT ? -EBADMSG : r;
        if (whole.resident || whole.runs.count < known) {
            ntfs_stream_free(&whole);
            break;
        }
        ntfs_stream_free(&ntfs->mft);
        ntfs->mft = whole;
        count_records(ntfs);
        if (!whole.incomplete)
            break;
    }
    return ntfs->mft.runs.count > 0 && ntfs->record_count > 0 ? 0 : -EBADMSG;
}

/* With record 0 and its mirror gone: what follows the start of $MFT without a gap. */
static int guess_mft(struct ntfs *ntfs, struct notes *notes)
{
    CLEANUP_FREE uint8_t *block = malloc(GUESS_BYTES);
    uint64_t start = ntfs->geometry.mft_offset, size = 0;
    bool found = true;

    if (!block)
        return -ENOMEM;
    ntfs_stream_free(&ntfs->mft);
    while (found) {
        int64_t n = io_read_some(ntfs->source, start + size, block, GUESS_BYTES);
        found = false;
        for (int64_t at = 0; at + ntfs->geometry.record_size <= n; at += ntfs->geometry.record_size)
            found |= memcmp(block + at, "FILE", 4) == 0;
        if (found)
            size += (uint64_t)n / ntfs->geometry.record_size * ntfs->geometry.record_size;
    }
    if (size == 0)
        return -EBADMSG;
    struct ntfs_run *run = vector_push(&ntfs->mft.runs);
    if (!run)
        return -ENOMEM;
    run->count = div_round_up(size, ntfs->geometry.cluster_size);
    run->lcn = start / ntfs->geometry.cluster_size;
    ntfs->mft.size = ntfs->mft.initialized_size = size;
    ntfs->mft.incomplete = true;
    count_records(ntfs);
    notes_add(notes, SEVERITY_PROBLEM, "NTFS-MFT-GUESSED", start,
              "record 0 of $MFT and its mirror cannot be read: only the first %" PRIu64
              " records, which follow one another, are known", ntfs->record_count);
    return 0;
}

static int find_mft(struct ntfs *ntfs, struct notes *notes)
{
    CLEANUP_FREE uint8_t *record = malloc(ntfs->geometry.record_size);

    if (!record)
        return -ENOMEM;
    int r = read_first_record(ntfs, ntfs->geometry.mft_offset, record);
    if (r == 0)
        r = take_mft(ntfs, record);
    if (r == 0 || r == -ENOMEM)
        return r;
    r = read_first_record(ntfs, ntfs->geometry.mirror_offset, record);
    if (r == 0)
        r = take_mft(ntfs, record);
    if (r == 0)
        notes_add(notes, SEVERITY_WARNING, "NTFS-MFT-MIRROR", ntfs->geometry.mft_offset,
                  "record 0 of $MFT cannot be read, its mirror at byte %" PRIu64 " is used",
                  ntfs->geometry.mirror_offset);
    return r;
}

static int find_by_boot_sector(struct ntfs *ntfs, struct notes *notes)
{
    uint8_t sector[512];

    int r = io_read(ntfs->source, 0, sector, sizeof(sector));
    if (r < 0 && r != -ENODATA)
        return r;
    if (r < 0 || !ntfs_boot_parse(sector, &ntfs->geometry))
        return -EBADMSG;
    return find_mft(ntfs, notes);
}

static int find_by_copy(struct ntfs *ntfs, struct notes *notes)
{
    int r = ntfs_boot_find_copy(ntfs->source, &ntfs->geometry);

    if (r < 0)
        return -EBADMSG;
    r = find_mft(ntfs, notes);
    if (r == 0)
        notes_add(notes, SEVERITY_WARNING, "NTFS-BOOT-COPY", 0,
                  "the boot sector makes no sense, its copy at byte %" PRIu64 " is used",
                  ntfs->geometry.volume_size);
    return r;
}

static int find(struct ntfs *ntfs, struct notes *notes)
{
    int r = find_by_boot_sector(ntfs, notes);

    if (r != -EBADMSG && r != -ENODATA)
        return r;
    struct ntfs_geometry by_boot_sector = ntfs->geometry;
    r = find_by_copy(ntfs, notes);
    if (r != -EBADMSG && r != -ENODATA)
        return r;
    if (by_boot_sector.record_size > 0)
        ntfs->geometry = by_boot_sector;
    return ntfs->geometry.record_size > 0 ? guess_mft(ntfs, notes) : -EBADMSG;
}

static void note_damage(const struct ntfs *ntfs, struct notes *notes)
{
    if (io_size(ntfs->source) < ntfs->geometry.volume_size)
        notes_add(notes, SEVERITY_PROBLEM, "NTFS-TRUNCATED", io_size(ntfs->source),
                  "the volume should have %" PRIu64 " bytes, the image ends after %" PRIu64,
                  ntfs->geometry.volume_size, io_size(ntfs->source));
    if (ntfs->mft.incomplete && !(notes && notes_has(notes, "NTFS-MFT-GUESSED")))
        notes_add(notes, SEVERITY_PROBLEM, "NTFS-MFT-INCOMPLETE", ntfs->geometry.mft_offset,
                  "a part of $MFT's own runs is lost: files whose records lie there are not listed");
}

int ntfs_open(struct ntfs *ntfs, io_source *volume, struct notes *notes)
{
    *ntfs = (struct ntfs){.source = io_ref(volume)};
    int r = find(ntfs, notes);

    if (r == 0) {
        note_damage(ntfs, notes);
        return 0;
    }
    if (r == -ENODATA)
        r = -EBADMSG;
    if (r == -EBADMSG)
        notes_add(notes, SEVERITY_PROBLEM, "NTFS-UNREADABLE", 0,
                  ntfs->geometry.record_size == 0
                      ? "neither the boot sector nor its copy makes sense"
                      : "neither record 0 of $MFT, its mirror nor any other record was found");
    ntfs_close(ntfs);
    return r;
}

void ntfs_close(struct ntfs *ntfs)
{
    ntfs_stream_free(&ntfs->mft);
    io_unref(ntfs->source);
    *ntfs = (struct ntfs){0};
}

/* Records that could not be read, told in ranges: a cut image loses thousands in a row. */
struct lost {
    ntfs_record_lost *tell;
    void *user;
    uint64_t first, count;
    const char *reason;
};

static void flush_lost(struct lost *lost)
{
    if (lost->count > 0)
        lost->tell(lost->user, lost->first, lost->first + lost->count - 1, lost->reason);
    lost->count = 0;
}

static void add_lost(struct lost *lost, uint64_t first, uint64_t count, const char *reason)
{
    if (lost->count > 0 && (lost->first + lost->count != first || lost->reason != reason))
        flush_lost(lost);
    if (lost->count == 0) {
        lost->first = first;
        lost->reason = reason;
    }
    lost->count += count;
}

static int visit_block(const struct ntfs *ntfs, uint64_t number, uint8_t *block, size_t count,
                       ntfs_record_visit *visit, void *user, struct lost *lost)
{
    size_t size = ntfs->geometry.record_size;
    int r = 0;

    for (size_t i = 0; i < count && r == 0; i++) {
        enum ntfs_record_state state = ntfs_record_fix(block + i * size, size);
        if (state == NTFS_RECORD_WHOLE)
            r = visit(user, number + i, block + i * size);
        else if (state != NTFS_RECORD_EMPTY)
            add_lost(lost, number + i, 1, ntfs_record_state_name(state));
    }
    return r;
}

/*
 * The records from `number` on that lie in one run, or in one gap of the runs; one that begins in
 * it and ends elsewhere counts when it is the first. *why is set when they cannot be read.
 */
static uint64_t records_of_span(const struct ntfs *ntfs, uint64_t number, const char **why)
{
    uint64_t size = ntfs->geometry.record_size, at;
    uint64_t end = ntfs_runs_span(&ntfs->mft.runs, ntfs->geometry.cluster_size, number * size, &at);

    *why = NULL;
    if (at == UINT64_MAX)
        *why = "$MFT's runs are not known there";
    else if (at >= io_size(ntfs->source))
        *why = "behind the end of the image";
    return max_u64(min_u64(end / size, ntfs->record_count), number + 1) - number;
}

/* One read of at most `want` records; after an error one by one. */
static int64_t read_block(const struct ntfs *ntfs, uint64_t number, uint8_t *block, size_t want)
{
    size_t size = ntfs->geometry.record_size;
    int64_t n = ntfs_stream_read(ntfs, &ntfs->mft, number * size, block, want * size);

    if (n < 0 && want > 1)
        n = ntfs_stream_read(ntfs, &ntfs->mft, number * size, block, size);
    return n < 0 ? 0 : n / (int64_t)size;
}

int ntfs_scan(const struct ntfs *ntfs, ntfs_record_visit *visit, ntfs_record_lost *tell,
              void *user)
{
    size_t size = ntfs->geometry.record_size;
    CLEANUP_FREE uint8_t *block = malloc(PASS_BYTES);
    struct lost lost = {.tell = tell, .user = user};
    /* An honest $MFT lies on the volume once; runs that overlap could make it as long as they
     * like. */
    uint64_t number = 0, budget = io_size(ntfs->source) / size;
    int r = 0;

    if (!block)
        return -ENOMEM;
    while (number < ntfs->record_count && budget > 0 && r == 0) {
        const char *why;
        uint64_t count = records_of_span(ntfs, number, &why);
        if (why) {
            add_lost(&lost, number, count, why);
        } else {
            count = min_u64(count, min_u64(PASS_BYTES / size, budget));
            count = (uint64_t)read_block(ntfs, number, block, (size_t)count);
            if (count > 0)
                r = visit_block(ntfs, number, block, (size_t)count, visit, user, &lost);
            else
                add_lost(&lost, number, count = 1, "cannot be read");
            budget -= count;
        }
        number += count;
    }
    if (r == 0 && number < ntfs->record_count)
        add_lost(&lost, number, ntfs->record_count - number, "they lie where others lay already");
    flush_lost(&lost);
    return r;
}

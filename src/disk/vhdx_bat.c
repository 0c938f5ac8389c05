/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* The block allocation table (2.5), read once from start to end and never kept. */
#include "disk/usage_map.h"
#include "disk/vhdx.h"

#include "base/cleanup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define STEP (256 * KIB)

/*
 * Rules that an entry can break. A table can break one a million times: counted while reading,
 * told once at the end with the first place.
 */
enum bat_rule { RESERVED, STATE, PARTIAL, PLACE, STRUCTURE, OVERLAP, ANCHOR, BITMAP, NO_BITMAP,
                BAT_RULES };

static const struct bat_rule_text {
    enum severity severity;
    const char *rule, *text;
} rule_texts[BAT_RULES] = {
    [RESERVED] = {SEVERITY_WARNING, "VHDX-B2", "have reserved bits set"},
    [STATE] = {SEVERITY_PROBLEM, "VHDX-B3", "have a reserved state (4 or 5)"},
    [PARTIAL] = {SEVERITY_PROBLEM, "VHDX-B4",
                 "are PARTIALLY_PRESENT, but the disk is not differencing"},
    [PLACE] = {SEVERITY_PROBLEM, "VHDX-B6",
               "are present at a place before the first MiB or behind the end of the file"},
    [STRUCTURE] = {SEVERITY_PROBLEM, "VHDX-B7", "lie on the log or on a region"},
    [OVERLAP] = {SEVERITY_PROBLEM, "VHDX-B8", "lie on another block"},
    [ANCHOR] = {SEVERITY_PROBLEM, "VHDX-B9",
                "share their place with a trimmed block that still claims it"},
    [BITMAP] = {SEVERITY_PROBLEM, "VHDX-B10",
                "are sector bitmaps with a reserved state, or of a disk that has no parent"},
    [NO_BITMAP] = {SEVERITY_PROBLEM, "VHDX-B11",
                   "are absent sector bitmaps of chunks with PARTIALLY_PRESENT blocks"},
};

struct bat_scan {
    struct vhdx *v;
    struct usage_map map;
    uint64_t file_size;
    uint64_t index, block;  /* of the entry at hand */
    uint64_t left_in_chunk; /* payload entries before the next bitmap entry */
    bool chunk_has_partial;
    uint64_t next_place; /* where the next block lies if the disk is in one piece */
    bool in_one_piece;
    uint64_t count[BAT_RULES], first[BAT_RULES]; /* first: index of the entry */
};

static void broken(struct bat_scan *scan, enum bat_rule rule)
{
    if (scan->count[rule]++ == 0)
        scan->first[rule] = scan->index;
}

/* A payload or bitmap block that is in use. */
static void place_block(struct bat_scan *scan, uint64_t offset, uint64_t length)
{
    if (offset < VHDX_HEADER_AREA || !range_fits(offset, length, scan->file_size)) {
        broken(scan, PLACE);
        return;
    }
    if (usage_map_any(&scan->map, USAGE_STRUCTURE, offset, length))
        broken(scan, STRUCTURE);
    if (usage_map_any(&scan->map, USAGE_ANCHOR, offset, length))
        broken(scan, ANCHOR);
    if (usage_map_mark(&scan->map, USAGE_BLOCK, offset, length))
        broken(scan, OVERLAP);
}

/* A trimmed or undefined block may keep its place, which nobody else may have then (2.5.1.1). */
static void place_anchor(struct bat_scan *scan, uint64_t offset, uint64_t length)
{
    usage_map_mark(&scan->map, USAGE_ANCHOR, offset, length);
    if (usage_map_any(&scan->map, USAGE_BLOCK, offset, length))
        broken(scan, ANCHOR);
}

static void scan_payload(struct bat_scan *scan, uint64_t entry)
{
    struct disk_facts *facts = scan->v->disk->facts;
    unsigned state = VHDX_BAT_STATE(entry);
    uint64_t offset = VHDX_BAT_OFFSET(entry);

    facts->blocks[state]++;
    if (state == BLOCK_FULLY_PRESENT || state == BLOCK_PARTIALLY_PRESENT)
        place_block(scan, offset, facts->block_size);
    else if (state == 4 || state == 5)
        broken(scan, STATE);
    else if ((state == BLOCK_UNMAPPED || state == BLOCK_UNDEFINED) && offset != 0)
        place_anchor(scan, offset, facts->block_size);
    if (state == BLOCK_PARTIALLY_PRESENT) {
        scan->chunk_has_partial = true;
        if (!scan->v->has_parent)
            broken(scan, PARTIAL);
    }
    scan->in_one_piece = scan->in_one_piece && state == BLOCK_FULLY_PRESENT &&
                         (scan->block == 0 || offset == scan->next_place);
    scan->next_place = offset + facts->block_size;
    scan->block++;
}

static void scan_bitmap(struct bat_scan *scan, uint64_t entry)
{
    unsigned state = VHDX_BAT_STATE(entry);

    if (state == VHDX_BITMAP_PRESENT && scan->v->has_parent)
        place_block(scan, VHDX_BAT_OFFSET(entry), VHDX_BITMAP_SIZE);
    else if (state != VHDX_BITMAP_NOT_PRESENT)
        broken(scan, BITMAP);
    if (state != VHDX_BITMAP_PRESENT && scan->chunk_has_partial && scan->v->has_parent)
        broken(scan, NO_BITMAP);
    scan->chunk_has_partial = false;
    scan->left_in_chunk = scan->v->chunk_ratio;
}

/* Every (chunk ratio + 1)th entry is of a sector bitmap, also where disks have none. Behind the
 * last block of a differencing disk there are entries up to the last bitmap's, which stay unused. */
static void scan_entry(struct bat_scan *scan, uint64_t entry)
{
    bool bitmap = scan->left_in_chunk == 0;

    if (VHDX_BAT_RESERVED(entry))
        broken(scan, RESERVED);
    if (bitmap) {
        scan_bitmap(scan, entry);
    } else {
        if (scan->block < scan->v->disk->block_count)
            scan_payload(scan, entry);
        scan->left_in_chunk--;
    }
    scan->index++;
}

static int scan_table(struct bat_scan *scan)
{
    struct vhdx *v = scan->v;
    uint64_t size = v->bat_entries * sizeof(le64);
    CLEANUP_FREE uint8_t *bytes = malloc(STEP);

    if (!bytes)
        return -ENOMEM;
    for (uint64_t done = 0; done < size; done += STEP) {
        size_t n = (size_t)min_u64(STEP, size - done);
        int r = vhdx_read(v, v->bat.offset + done, bytes, n);
        if (r < 0)
            return r;
        for (size_t i = 0; i < n; i += sizeof(le64))
            scan_entry(scan, load_le64(bytes + i));
    }
    return 0;
}

static void report(const struct bat_scan *scan)
{
    for (int rule = 0; rule < BAT_RULES; rule++)
        if (scan->count[rule] > 0)
            vhdx_note(scan->v, rule_texts[rule].severity, rule_texts[rule].rule,
                      scan->v->bat.offset + scan->first[rule] * sizeof(le64),
                      "%llu BAT entries %s, the first is entry %llu",
                      (unsigned long long)scan->count[rule], rule_texts[rule].text,
                      (unsigned long long)scan->first[rule]);
}

static void report_layout(const struct bat_scan *scan)
{
    const struct disk_facts *facts = scan->v->disk->facts;
    uint64_t end = usage_map_end(&scan->map);

    if (facts->kind == DISK_FIXED && !scan->in_one_piece)
        vhdx_note(scan->v, SEVERITY_INFO, "VHDX-B14", scan->v->bat.offset,
                  "the blocks of this fixed disk are not all present in one piece");
    if (end > 0 && scan->file_size > end)
        vhdx_note(scan->v, SEVERITY_INFO, "VHDX-B17", end,
                  "%llu bytes at the end of the file are not in use",
                  (unsigned long long)(scan->file_size - end));
}

static void count_up(struct vhdx *v)
{
    struct disk_facts *facts = v->disk->facts;

    facts->has_counts = true;
    facts->partial_blocks = facts->blocks[BLOCK_PARTIALLY_PRESENT];
    facts->has_partial_blocks = true;
    facts->allocated_blocks = facts->blocks[BLOCK_FULLY_PRESENT] + facts->partial_blocks;
    facts->allocated_bytes = facts->allocated_blocks * facts->block_size;
}

/* The header section, the log and the regions are taken before the first block. */
static void mark_structures(struct bat_scan *scan)
{
    usage_map_mark(&scan->map, USAGE_STRUCTURE, 0, VHDX_HEADER_AREA);
    for (size_t i = 0; i < scan->v->structures.count; i++)
        usage_map_mark(&scan->map, USAGE_STRUCTURE, scan->v->structures.items[i].offset,
                       scan->v->structures.items[i].length);
}

static int scan_bat(struct vhdx *v)
{
    struct bat_scan scan = {
        .v = v,
        .file_size = io_size(v->disk->source),
        .left_in_chunk = v->chunk_ratio,
        .in_one_piece = true,
    };
    int r = usage_map_make(&scan.map, scan.file_size);

    if (r < 0)
        return r;
    mark_structures(&scan);
    r = scan_table(&scan);
    if (r == 0) {
        report(&scan);
        report_layout(&scan);
        count_up(v);
    } else {
        memset(v->disk->facts->blocks, 0, sizeof(v->disk->facts->blocks));
    }
    usage_map_free(&scan.map);
    return r;
}

int vhdx_read_bat(struct vhdx *v)
{
    /* Without the replay of a log that is due, what the table says may be long outdated. */
    if (v->chunk_ratio == 0 || v->bat.length == 0 ||
        v->disk->facts->log == DISK_LOG_UNREPLAYABLE)
        return 0;
    if (v->bat_entries * sizeof(le64) > v->bat.length) {
        vhdx_note(v, SEVERITY_PROBLEM, "VHDX-B1", v->bat.offset,
                  "the BAT region has %llu bytes, but %llu entries need %llu",
                  (unsigned long long)v->bat.length, (unsigned long long)v->bat_entries,
                  (unsigned long long)(v->bat_entries * sizeof(le64)));
        return vhdx_fail(v, -EBADMSG);
    }
    int r = scan_bat(v);
    if (r != -EBADMSG)
        return r;
    vhdx_note(v, SEVERITY_PROBLEM, "VHDX-B1", v->bat.offset,
              "the BAT is cut off by the end of the file");
    return vhdx_fail(v, -EBADMSG);
}

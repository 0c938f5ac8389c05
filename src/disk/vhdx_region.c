/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* The two region tables (2.2.3): the first valid copy counts. */
#include "disk/vhdx.h"

#include "base/cleanup.h"
#include "base/crc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *broken_table(const uint8_t *table, int read_status, const char **rule)
{
    struct vhdx_region_header h;

    memcpy(&h, table, sizeof(h));
    *rule = "VHDX-R1";
    if (read_status < 0)
        return "lies behind the end of the file";
    if (memcmp(h.signature, "regi", 4) != 0)
        return "has no signature \"regi\"";
    if (get_le32(h.checksum) != crc32c_zeroed(table, VHDX_TABLE_SIZE, 4))
        return "does not match its checksum";
    *rule = "VHDX-R3";
    return get_le32(h.entry_count) > VHDX_ENTRIES_MAX ? "has more than 2047 entries" : NULL;
}

static void note_broken(struct vhdx *v, int number, uint64_t offset, const char *rule,
                        const char *broken, bool other_is_valid)
{
    if (broken)
        notes_add(v->notes, other_is_valid ? SEVERITY_WARNING : SEVERITY_PROBLEM, rule, offset,
                  "region table %d %s%s", number, broken,
                  other_is_valid ? "; the other one is used" : "");
}

/* The table to use, in the first or second half of `tables`, or NULL. */
static const uint8_t *choose(struct vhdx *v, const uint8_t *tables, const int status[2],
                             uint64_t *offset)
{
    const uint8_t *second = tables + VHDX_TABLE_SIZE;
    const char *rules[2];
    const char *broken[2] = {broken_table(tables, status[0], &rules[0]),
                             broken_table(second, status[1], &rules[1])};

    note_broken(v, 1, VHDX_REGION_TABLE_1, rules[0], broken[0], !broken[1]);
    note_broken(v, 2, VHDX_REGION_TABLE_2, rules[1], broken[1], !broken[0]);
    if (!broken[0] && !broken[1] && memcmp(tables, second, VHDX_TABLE_SIZE) != 0)
        vhdx_note(v, SEVERITY_WARNING, "VHDX-R2", VHDX_REGION_TABLE_2,
                  "the two region tables are valid but differ; the first one is used");
    *offset = broken[0] ? VHDX_REGION_TABLE_2 : VHDX_REGION_TABLE_1;
    if (broken[0] && broken[1])
        return NULL;
    return broken[0] ? second : tables;
}

static void check_place(struct vhdx *v, const struct vhdx_place *place, uint64_t at)
{
    uint64_t end;

    if (place->offset % VHDX_UNIT != 0 || place->length % VHDX_UNIT != 0 || place->length == 0 ||
        place->offset < VHDX_HEADER_AREA)
        vhdx_note(v, SEVERITY_PROBLEM, "VHDX-R5", at,
                  "a region at %llu with %llu bytes: both must be multiples of 1 MiB and not zero",
                  (unsigned long long)place->offset, (unsigned long long)place->length);
    if (ADD_OVERFLOW(place->offset, place->length, &end) || end > io_size(v->disk->source))
        vhdx_note(v, SEVERITY_PROBLEM, "VHDX-R6", at,
                  "the region at %llu with %llu bytes ends behind the end of the file",
                  (unsigned long long)place->offset, (unsigned long long)place->length);
}

/* Known regions are kept, once; unknown ones may be required (2.2.3.2). */
static void take_region(struct vhdx *v, const struct guid *guid, const struct vhdx_place *place,
                        uint32_t flags, uint64_t at)
{
    static const struct guid bat = VHDX_GUID_BAT, metadata = VHDX_GUID_METADATA;
    struct vhdx_place *known = guid_equal(guid, &bat)        ? &v->bat
                               : guid_equal(guid, &metadata) ? &v->metadata
                                                             : NULL;
    char text[GUID_TEXT_SIZE];
    bool required = flags & VHDX_REGION_REQUIRED;

    if (known && known->length == 0)
        *known = *place;
    if (known)
        return;
    vhdx_note(v, required ? SEVERITY_PROBLEM : SEVERITY_INFO, required ? "VHDX-R10" : "VHDX-R10-OPTIONAL",
              at, "unknown %s region %s", required ? "required" : "optional",
              guid_format(guid, text));
    if (required)
        vhdx_fail(v, -ENOTSUP);
}

static int read_entries(struct vhdx *v, const uint8_t *table, uint64_t table_offset,
                        struct guid *guids, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t at = sizeof(struct vhdx_region_header) + i * sizeof(struct vhdx_region_entry);
        struct vhdx_region_entry entry;
        memcpy(&entry, table + at, sizeof(entry));
        struct vhdx_place place = {get_le64(entry.offset), get_le32(entry.length)};
        uint32_t flags = get_le32(entry.flags);
        guids[i] = vhdx_get_guid(entry.guid);
        if (flags & ~VHDX_REGION_REQUIRED)
            vhdx_note(v, SEVERITY_WARNING, "VHDX-R4", table_offset + at + 28,
                      "reserved flags of a region are set: %#x", flags);
        check_place(v, &place, table_offset + at);
        take_region(v, &guids[i], &place, flags, table_offset + at);
        struct vhdx_place *kept = vector_push(&v->structures);
        if (!kept)
            return -ENOMEM;
        *kept = place;
    }
    return 0;
}

static int compare_guids(const void *a, const void *b)
{
    return guid_compare(a, b);
}

static void check_duplicates(struct vhdx *v, struct guid *guids, size_t count, uint64_t offset)
{
    char text[GUID_TEXT_SIZE];

    if (count > 0)
        qsort(guids, count, sizeof(*guids), compare_guids);
    for (size_t i = 1; i < count; i++)
        if (guid_equal(&guids[i - 1], &guids[i]))
            vhdx_note(v, SEVERITY_PROBLEM, "VHDX-R7", offset,
                      "the region table names region %s more than once",
                      guid_format(&guids[i], text));
}

static int by_offset(const void *a, const void *b)
{
    const struct vhdx_place *x = a, *y = b;

    return x->offset < y->offset ? -1 : x->offset > y->offset;
}

/* Log and regions must not share a byte; sorting them harms nobody. */
static void check_overlaps(struct vhdx *v, uint64_t offset)
{
    struct vhdx_place *places = v->structures.items;
    uint64_t end = VHDX_HEADER_AREA;

    if (v->structures.count > 0)
        qsort(places, v->structures.count, sizeof(*places), by_offset);
    for (size_t i = 0; i < v->structures.count; i++) {
        if (places[i].length > 0 && places[i].offset < end)
            vhdx_note(v, SEVERITY_PROBLEM, "VHDX-R8", offset,
                      "the region or log at %llu overlaps another one, or the headers",
                      (unsigned long long)places[i].offset);
        if (places[i].length <= UINT64_MAX - places[i].offset)
            end = max_u64(end, places[i].offset + places[i].length);
    }
}

static int parse(struct vhdx *v, const uint8_t *table, uint64_t offset)
{
    struct vhdx_region_header h;
    CLEANUP_FREE struct guid *guids = calloc(VHDX_ENTRIES_MAX, sizeof(*guids));

    if (!guids)
        return -ENOMEM;
    memcpy(&h, table, sizeof(h));
    size_t count = get_le32(h.entry_count);
    if (get_le32(h.reserved) != 0)
        vhdx_note(v, SEVERITY_WARNING, "VHDX-R4", offset + 12,
                  "the reserved field of the region table is not zero");
    int r = read_entries(v, table, offset, guids, count);
    if (r < 0)
        return r;
    check_duplicates(v, guids, count, offset);
    check_overlaps(v, offset);
    if (v->bat.length > 0 && v->metadata.length > 0)
        return 0;
    vhdx_note(v, SEVERITY_PROBLEM, "VHDX-R9", offset, "the region table names no %s region",
              v->metadata.length > 0 ? "BAT" : "metadata");
    vhdx_fail(v, -EBADMSG);
    return v->metadata.length > 0 ? 0 : -EBADMSG;
}

int vhdx_read_regions(struct vhdx *v)
{
    CLEANUP_FREE uint8_t *tables = calloc(2, VHDX_TABLE_SIZE);
    int status[2];
    uint64_t offset;

    if (!tables)
        return -ENOMEM;
    status[0] = vhdx_read(v, VHDX_REGION_TABLE_1, tables, VHDX_TABLE_SIZE);
    status[1] = vhdx_read(v, VHDX_REGION_TABLE_2, tables + VHDX_TABLE_SIZE, VHDX_TABLE_SIZE);
    for (int i = 0; i < 2; i++)
        if (status[i] < 0 && status[i] != -EBADMSG)
            return status[i];
    const uint8_t *table = choose(v, tables, status, &offset);
    return table ? parse(v, table, offset) : -EBADMSG;
}

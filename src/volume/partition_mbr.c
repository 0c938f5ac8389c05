/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * MBR: four primary partitions, one of which may be extended: a chain of records, each with one
 * logical partition (counted from the record itself) and the place of the next record (counted
 * from the start of the extended partition).
 */
#include "volume/partition_private.h"

#include "base/checked.h"

#include <errno.h>
#include <inttypes.h>

#define LOGICAL_MAX 128 /* records of one chain that are followed */

static bool is_extended(uint8_t type)
{
    return type == MBR_EXTENDED || type == MBR_EXTENDED_LBA || type == MBR_EXTENDED_LINUX;
}

bool mbr_is_table(const struct mbr *mbr)
{
    if (get_le16(mbr->signature) != MBR_SIGNATURE)
        return false;
    for (int i = 0; i < 4; i++)
        if ((mbr->entries[i].status & 0x7F) != 0)
            return false;
    return true;
}

bool mbr_is_protective(const struct mbr *mbr)
{
    for (int i = 0; mbr_is_table(mbr) && i < 4; i++)
        if (mbr->entries[i].type == MBR_GPT_PROTECTIVE)
            return true;
    return false;
}

static int add(struct partition_reader *reader, unsigned index, uint64_t start,
               const struct mbr_entry *entry)
{
    int r;
    struct partition *p = partition_add(reader, index, start, get_le32(entry->count), &r);

    if (p)
        p->mbr_type = entry->type;
    return r;
}

static bool seen_before(const uint64_t *seen, unsigned count, uint64_t record)
{
    for (unsigned i = 0; i < count; i++)
        if (seen[i] == record)
            return true;
    return false;
}

static void note(struct partition_reader *reader, const char *rule, uint64_t record,
                 const char *what)
{
    notes_add(reader->notes, SEVERITY_PROBLEM, rule, record * reader->list->sector_size,
              "the chain of logical partitions %s at sector %" PRIu64
              ": the partitions behind it are not found", what, record);
}

static int read_chain(struct partition_reader *reader, uint64_t start, uint64_t count,
                      unsigned *index)
{
    uint64_t seen[LOGICAL_MAX], record = start;

    for (unsigned n = 0;; n++) {
        struct mbr mbr;
        if (n == LOGICAL_MAX || seen_before(seen, n, record)) {
            note(reader, "PARTITION-CHAIN-LOOP", record, "never ends and comes back");
            return 0;
        }
        seen[n] = record;
        if (io_read(reader->disk, record * reader->list->sector_size, &mbr, sizeof(mbr)) < 0 ||
            get_le16(mbr.signature) != MBR_SIGNATURE) {
            note(reader, "PARTITION-CHAIN-BROKEN", record, "has no record");
            return 0;
        }
        const struct mbr_entry *logical = &mbr.entries[0], *next = &mbr.entries[1];
        uint64_t first = record + get_le32(logical->start);
        if (logical->type != MBR_UNUSED && !is_extended(logical->type)) {
            if (!range_fits(first - start, get_le32(logical->count), count))
                notes_add(reader->notes, SEVERITY_WARNING, "PARTITION-CHAIN-BOUNDS",
                          record * reader->list->sector_size,
                          "logical partition %u leaves the extended partition", *index);
            int r = add(reader, (*index)++, first, logical);
            if (r < 0)
                return r;
        }
        if (!is_extended(next->type))
            return 0;
        if (get_le32(next->start) >= count) {
            note(reader, "PARTITION-CHAIN-BOUNDS", record, "leaves the extended partition");
            return 0;
        }
        record = start + get_le32(next->start);
    }
}

int mbr_read(struct partition_reader *reader, const struct mbr *mbr)
{
    unsigned logical_index = 5;
    int r = 0;

    for (unsigned i = 0; i < 4 && r == 0; i++) {
        const struct mbr_entry *entry = &mbr->entries[i];
        if (entry->type != MBR_UNUSED && !is_extended(entry->type))
            r = add(reader, i + 1, get_le32(entry->start), entry);
    }
    for (unsigned i = 0; i < 4 && r == 0; i++) {
        const struct mbr_entry *entry = &mbr->entries[i];
        if (is_extended(entry->type))
            r = read_chain(reader, get_le32(entry->start), get_le32(entry->count),
                           &logical_index);
    }
    return r;
}

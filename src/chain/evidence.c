/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* What was seen of a disk, and where: the evidence of every finding about it. */
#include "chain/finding.h"

#include "base/bytes.h"
#include "base/checked.h"
#include "base/cleanup.h"
#include "base/strbuf.h"
#include "volume/volume.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static char *identity_line(const struct host_disk *disk, const struct disk_facts *facts)
{
    char id[GUID_TEXT_SIZE], when[WHEN_TEXT_SIZE];

    return string_printf("%s: %s %s, file of %" PRIu64 " bytes, virtual size %" PRIu64
                         ", identifier %s, modified %s",
                         disk->path, disk_kind_name(facts->kind), disk_format_name(facts->format),
                         disk->file_size, facts->virtual_size,
                         guid_format(&facts->data_write_guid, id),
                         disk->modified ? when_format(disk->modified, WHEN_SECONDS, when)
                                        : "at an unknown time");
}

static char *content_line(const struct disk_facts *facts)
{
    return string_printf("%" PRIu64 " allocated blocks (%" PRIu64 " bytes), %" PRIu64
                         " zeroed, %" PRIu64 " unmapped; log %s",
                         facts->allocated_blocks, facts->allocated_bytes,
                         facts->blocks[BLOCK_ZERO], facts->blocks[BLOCK_UNMAPPED],
                         disk_log_name(facts->log));
}

static char *matched_line(const struct judge *judge, const struct disk_verdict *verdict,
                          const char *id)
{
    bool by_path = verdict->parent_key == PARENT_BY_VOLUME_PATH ||
                   verdict->parent_key == PARENT_BY_ABSOLUTE_PATH;
    CLEANUP_FREE char *how = match_line(judge->host, verdict->parent_match, verdict->parent_tail,
                                        verdict->parent);

    return how ? string_printf("parent %s, found by %s%s%s%s, linkage %s matches",
                               judge_disk(judge, verdict->parent)->path,
                               parent_key_name(verdict->parent_key), by_path ? " (" : "",
                               by_path ? how : "", by_path ? ")" : "", id)
               : NULL;
}

static char *parent_line(const struct judge *judge, size_t disk)
{
    const struct disk_verdict *verdict = &judge->verdict->disks[disk];
    const struct disk_parent *parent = judge_disk(judge, disk)->facts->parent;
    const char *recorded = parent && parent->absolute_path   ? parent->absolute_path
                           : parent && parent->relative_path ? parent->relative_path
                                                             : "no path";
    char id[GUID_TEXT_SIZE] = "unknown";

    if (parent && parent->has_linkage)
        guid_format(&parent->linkage, id);
    switch (verdict->parent_state) {
    case PARENT_MATCHED:
        return matched_line(judge, verdict, id);
    case PARENT_MISMATCHED:
        return string_printf("recorded parent %s with identifier %s; %s is there instead",
                             recorded, id, judge_disk(judge, verdict->parent)->path);
    default:
        return string_printf("recorded parent %s with identifier %s: not on the evidence",
                             recorded, id);
    }
}

const char *mismatch_reason(const struct host *host, size_t child, size_t parent)
{
    const struct host_disk *file = &host->disks.items[child], *other = &host->disks.items[parent];
    const struct disk_facts *facts = file->facts, *found = other->facts;

    if (!found || other->status < 0)
        return mismatch_unreadable;
    if (facts->format != found->format)
        return mismatch_format;
    if (facts->has_virtual_disk_id && found->has_virtual_disk_id &&
        !guid_equal(&facts->virtual_disk_id, &found->virtual_disk_id))
        return mismatch_other_disk;
    if (other->modified && file->modified && other->modified > file->modified)
        return mismatch_written;
    if (facts->has_virtual_disk_id && found->has_virtual_disk_id)
        return mismatch_other_state;
    return mismatch_unknown;
}

#define REFERENCES_NAMED 8

/* "referenced by … as …, which is how that was found" for each drive that leads to the disk. */
static int add_drives(const struct judge *judge, const drive_list *drives, const char *who,
                      const char *config, size_t disk, string_list *lines, size_t *found)
{
    for (size_t i = 0; i < drives->count; i++) {
        const struct host_drive *drive = &drives->items[i];
        if (drive->disk != disk || ++*found > REFERENCES_NAMED)
            continue;
        CLEANUP_FREE char *how = match_line(judge->host, drive->match, drive->tail, disk);
        if (!how || string_list_add(lines, string_printf("referenced by %s%s as %s: %s", who,
                                                         config, drive->recorded_path, how)) < 0)
            return -ENOMEM;
    }
    return 0;
}

static int add_references(const struct judge *judge, size_t disk, string_list *lines)
{
    const struct host *host = judge->host;
    size_t found = 0;
    int r = 0;

    for (size_t m = 0; m < host->machines.count && r == 0; m++) {
        const struct host_machine *machine = &host->machines.items[m];
        r = add_drives(judge, &machine->drives, "", machine->config, disk, lines, &found);
        for (size_t c = 0; c < machine->checkpoints.count && r == 0; c++) {
            const struct host_checkpoint *checkpoint = &machine->checkpoints.items[c];
            r = add_drives(judge, &checkpoint->drives, "checkpoint ", checkpoint->config, disk,
                           lines, &found);
        }
    }
    if (r < 0)
        return r;
    if (found > REFERENCES_NAMED &&
        string_list_add(lines, string_printf("and by %zu more", found - REFERENCES_NAMED)) < 0)
        return -ENOMEM;
    size_t node = host->evidence.items[judge_disk(judge, disk)->evidence].node;
    if (found == 0 &&
        string_list_add(lines,
                        string_printf("no reference in %zu configurations%s", host->configs_read,
                                      judge->sure[node]
                                          ? "; it is known of all recorded paths where they lead"
                                          : "")) < 0)
        return -ENOMEM;
    const struct disk_verdict *verdict = &judge->verdict->disks[disk];
    for (size_t i = 0; i < verdict->children.count && i < 4; i++)
        if (string_list_add(lines,
                            string_printf("parent of %s",
                                          judge_disk(judge, verdict->children.items[i])->path)) < 0)
            return -ENOMEM;
    return 0;
}

static int add_missing_inputs(const struct judge *judge, size_t disk, string_list *lines)
{
    const struct host *host = judge->host;
    int r = 0;

    if (host->configs_read == 0 && host->machines.count == 0)
        r = string_list_add(lines, strdup("missing: no VM configuration was found"));
    for (size_t i = 0; i < host->nodes.count && r == 0; i++) {
        const struct host_node *node = &host->nodes.items[i];
        const char *of = *node->name ? node->name : "the host";
        if (!node->has_registry && !node->is_shared_storage)
            r = string_list_add(lines,
                                string_printf("missing: the list of VMs of %s (data.vmcx, the "
                                              "registration folder, or an inventory)",
                                              of));
        if (node->has_unreadable_config && r == 0)
            r = string_list_add(
                lines, string_printf("missing: a configuration of %s cannot be read whole", of));
    }
    for (size_t i = 0; i < host->missing_configs.count && r == 0; i++)
        r = string_list_add(lines, string_printf("missing: the configuration %s",
                                                 host->missing_configs.items[i].recorded_path));
    const char *lost = judge->verdict->disks[disk].lost_above;
    if (r == 0 && lost)
        r = string_list_add(lines,
                            string_printf("missing: what a VM's chain needs at or below %s; it may "
                                          "stand on this file",
                                          lost));
    return r;
}

/* The four sub-authorities are the GUID as it lies on disk, in little-endian words. */
static uint32_t sid_part(const struct guid *id, size_t part)
{
    uint8_t bytes[16];

    guid_to_le(id, bytes);
    return load_le32(bytes + 4 * part);
}

/* What makes it an "ntfs-limitation". */
static int add_attributes(const struct host_disk *file, string_list *lines)
{
    static const struct {
        enum volume_attribute attribute;
        const char *word;
    } words[] = {
        {VOLUME_COMPRESSED, "compressed"},
        {VOLUME_ENCRYPTED, "encrypted (EFS): only its owner can read it"},
        {VOLUME_SPARSE, "sparse"},
        {VOLUME_DEDUPLICATED, "deduplicated: its data lies in the chunk store of the volume"},
        {VOLUME_OFFLINE, "offline: its data lies on other storage"},
    };
    int r = 0;

    for (size_t i = 0; i < ARRAY_SIZE(words) && r == 0; i++)
        if (file->attributes & words[i].attribute)
            r = string_list_add(lines, string_printf("the file is %s", words[i].word));
    return r;
}

static const char *machine_name(const struct host *host, const struct guid *id)
{
    for (size_t i = 0; i < host->machines.count; i++)
        if (host->machines.items[i].has_id && guid_equal(&host->machines.items[i].id, id))
            return host->machines.items[i].name;
    return NULL;
}

/* S-1-5-83-1-… in the file's permissions names the machine that the disk was made for. */
static int add_owners(const struct judge *judge, size_t disk, string_list *lines)
{
    const struct host_disk *file = judge_disk(judge, disk);
    int r = 0;

    for (size_t i = 0; i < file->owners.count && r == 0; i++) {
        const struct guid *id = &file->owners.items[i];
        const char *name = machine_name(judge->host, id);
        char text[GUID_TEXT_SIZE];
        r = string_list_add(
            lines,
            string_printf("likely owner by permission: VM %s%s%s "
                          "(S-1-5-83-1-%" PRIu32 "-%" PRIu32 "-%" PRIu32 "-%" PRIu32 ")",
                          name ? name : "", name ? ", " : "", guid_format(id, text),
                          sid_part(id, 0), sid_part(id, 1), sid_part(id, 2), sid_part(id, 3)));
    }
    return r;
}

/* What the logs say of why the linkage broke: to the child, and to the parent that was touched. */
static int add_touches(const struct judge *judge, size_t disk, string_list *lines)
{
    const struct disk_verdict *verdict = &judge->verdict->disks[disk];
    int r = 0;

    if (verdict->parent_state == PARENT_MISMATCHED) {
        r = evidence_of_refusals(judge, disk, lines);
        if (r == 0)
            r = evidence_of_openings(judge, verdict->parent,
                                     host_disk_made(judge_disk(judge, disk)), lines);
    }
    if (r == 0 && (judge->uses[disk].is_broken_ancestor ||
                   (verdict->overlays & 1u << OVERLAY_TIME_ANOMALY)))
        r = evidence_of_openings(judge, disk, 0, lines);
    return r;
}

int evidence_of_disk(const struct judge *judge, size_t disk, string_list *lines)
{
    const struct host_disk *file = judge_disk(judge, disk);
    const struct disk_verdict *verdict = &judge->verdict->disks[disk];
    int r = 0;

    if (file->error)
        r = string_list_add(lines, string_printf("%s: %s", file->path, file->error));
    if (r == 0 && file->facts && file->status == 0)
        r = string_list_add(lines, identity_line(file, file->facts));
    if (r == 0 && file->facts && file->facts->has_counts)
        r = string_list_add(lines, content_line(file->facts));
    if (r == 0 && verdict->parent_state != PARENT_NONE)
        r = string_list_add(lines, parent_line(judge, disk));
    if (r == 0 && verdict->parent_state == PARENT_MISMATCHED)
        r = string_list_add(lines, strdup(mismatch_reason(judge->host, disk, verdict->parent)));
    if (r == 0)
        r = add_touches(judge, disk, lines);
    if (r == 0)
        r = evidence_of_deleted(judge, disk, lines);
    if (r == 0)
        r = add_attributes(file, lines);
    if (r == 0)
        r = add_owners(judge, disk, lines);
    if (r == 0)
        r = add_references(judge, disk, lines);
    if (r == 0 && (verdict->overlays & 1u << OVERLAY_LOW_CONFIDENCE))
        r = add_missing_inputs(judge, disk, lines);
    return r;
}

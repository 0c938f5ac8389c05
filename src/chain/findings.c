/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Findings: what a person has to know and do, with the evidence for it. */
#include "chain/judge.h"
#include "chain/texts.h"

#include "base/bytes.h"
#include "base/checked.h"
#include "base/strbuf.h"
#include "base/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static int add_line(string_list *list, char *line)
{
    char **slot = line ? vector_push(list) : NULL;

    if (!slot) {
        free(line);
        return -ENOMEM;
    }
    *slot = line;
    return 0;
}

const char *machine_label(const struct host_machine *machine, char text[GUID_TEXT_SIZE])
{
    if (machine->name)
        return machine->name;
    return machine->has_id ? guid_format(&machine->id, text) : "an unnamed VM";
}

bool machine_is_tracking(const struct host_machine *machine)
{
    return machine->registered != HOST_NO && !machine->planned;
}

static const char *file_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* 'It''s quoted as PowerShell wants it'. */
static void append_quoted(struct strbuf *out, const char *text)
{
    strbuf_append_char(out, '\'');
    for (; *text; text++) {
        if (*text == '\'')
            strbuf_append_char(out, '\'');
        strbuf_append_char(out, *text);
    }
    strbuf_append_char(out, '\'');
}

struct names {
    const char *file, *path, *vm;
};

/* Replaces {file}, {path} and {vm}; quoted in commands. */
static char *fill_in(const char *text, const struct names *names, bool quote)
{
    struct strbuf out = {0};

    while (*text) {
        const char *value = NULL;
        size_t length = 0;
        if (strncmp(text, "{file}", 6) == 0) {
            value = names->file;
            length = 6;
        } else if (strncmp(text, "{path}", 6) == 0) {
            value = names->path;
            length = 6;
        } else if (strncmp(text, "{vm}", 4) == 0) {
            value = names->vm;
            length = 4;
        }
        if (!value)
            strbuf_append_char(&out, *text++);
        else if (quote)
            append_quoted(&out, value);
        else
            strbuf_append(&out, value);
        text += length;
    }
    return strbuf_steal(&out);
}

static struct finding *new_finding(struct judge *judge, const struct finding_text *text,
                                   const char *subject, size_t machine, const struct names *names)
{
    struct finding *finding = vector_push(&judge->verdict->findings);

    if (!finding)
        return NULL;
    finding->code = text->code;
    finding->severity = text->severity;
    finding->confidence = text->confidence;
    finding->explanation = text->explanation;
    finding->next_step = text->next_step;
    finding->machine = machine;
    finding->disk = HOST_NONE;
    finding->subject = text_valid(subject);
    finding->summary = fill_in(text->summary, names, false);
    if (!finding->subject || !finding->summary)
        return NULL;
    for (size_t i = 0; i < TEXT_COMMANDS && text->commands[i]; i++) {
        bool needs_vm = strstr(text->commands[i], "{vm}") != NULL;
        if (needs_vm && machine == HOST_NONE)
            continue;
        if (add_line(&finding->commands, fill_in(text->commands[i], names, true)) < 0)
            return NULL;
    }
    return finding;
}

/* What is known of a disk: the lines that every finding about it carries. */

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
        return string_printf("parent %s, found by %s, linkage %s matches",
                             judge_disk(judge, verdict->parent)->path,
                             parent_key_name(verdict->parent_key), id);
    case PARENT_MISMATCHED:
        return string_printf("recorded parent %s with identifier %s; %s is there instead",
                             recorded, id, judge_disk(judge, verdict->parent)->path);
    default:
        return string_printf("recorded parent %s with identifier %s: not on the evidence",
                             recorded, id);
    }
}

/* Why the linkage broke, as far as the two files show it. */
static char *mismatch_line(const struct judge *judge, size_t child)
{
    const struct host_disk *file = judge_disk(judge, child);
    const struct host_disk *other = judge_disk(judge, judge->verdict->disks[child].parent);
    const struct disk_facts *facts = file->facts, *found = other->facts;

    if (!found || other->status < 0)
        return string_printf("%s cannot be read", other->path);
    if (facts->format != found->format)
        return strdup("the file there has another format: it was replaced");
    if (facts->has_virtual_disk_id && found->has_virtual_disk_id &&
        !guid_equal(&facts->virtual_disk_id, &found->virtual_disk_id))
        return strdup("the two files belong to different virtual disks: the parent was replaced");
    if (other->modified && file->modified && other->modified > file->modified)
        return strdup("the parent was written after this child: mounted writable, booted, resized "
                      "or merged into");
    if (facts->has_virtual_disk_id && found->has_virtual_disk_id)
        return strdup("same virtual disk in another state: a restored or copied older version of "
                      "the parent, or one that was written to");
    return strdup("the identifiers differ; the files do not show why");
}

static int add_references(const struct judge *judge, size_t disk, string_list *lines)
{
    const struct host *host = judge->host;
    size_t found = 0;

    for (size_t m = 0; m < host->machines.count; m++) {
        const struct host_machine *machine = &host->machines.items[m];
        for (size_t d = 0; d < machine->drives.count; d++)
            if (machine->drives.items[d].disk == disk && ++found <= 8 &&
                add_line(lines, string_printf("referenced by %s as %s", machine->config,
                                              machine->drives.items[d].recorded_path)) < 0)
                return -ENOMEM;
        for (size_t c = 0; c < machine->checkpoints.count; c++) {
            const struct host_checkpoint *checkpoint = &machine->checkpoints.items[c];
            for (size_t d = 0; d < checkpoint->drives.count; d++)
                if (checkpoint->drives.items[d].disk == disk && ++found <= 8 &&
                    add_line(lines,
                             string_printf("referenced by checkpoint %s as %s", checkpoint->config,
                                           checkpoint->drives.items[d].recorded_path)) < 0)
                    return -ENOMEM;
        }
    }
    if (found > 8)
        return add_line(lines, string_printf("and by %zu more", found - 8));
    return found ? 0
                 : add_line(lines, string_printf("no reference in %zu configurations",
                                                 host->configs_read));
}

static int add_missing_inputs(const struct judge *judge, string_list *lines)
{
    const struct host *host = judge->host;
    int r = 0;

    if (host->configs_read == 0 && host->machines.count == 0)
        r = add_line(lines, strdup("missing: no VM configuration was found"));
    for (size_t i = 0; i < host->nodes.count && r == 0; i++) {
        const struct host_node *node = &host->nodes.items[i];
        const char *of = *node->name ? node->name : "the host";
        if (!node->has_registry && !node->is_shared_storage)
            r = add_line(lines, string_printf("missing: the list of VMs of %s (data.vmcx, the "
                                              "registration folder, or an inventory)",
                                              of));
        if (node->has_unreadable_config && r == 0)
            r = add_line(lines,
                         string_printf("missing: a configuration of %s cannot be read whole", of));
    }
    for (size_t i = 0; i < host->missing_configs.count && r == 0; i++)
        r = add_line(lines, string_printf("missing: the configuration %s",
                                          host->missing_configs.items[i].recorded_path));
    return r;
}

/* The four sub-authorities are the GUID as it lies on disk, in little-endian words. */
static uint32_t sid_part(const struct guid *id, size_t part)
{
    uint8_t bytes[16];

    guid_to_le(id, bytes);
    return load_le32(bytes + 4 * part);
}

/* S-1-5-83-1-… in the file's permissions names the machine that the disk was made for. */
static int add_owners(const struct judge *judge, size_t disk, string_list *lines)
{
    const struct host_disk *file = judge_disk(judge, disk);
    int r = 0;

    for (size_t i = 0; i < file->owners.count && r == 0; i++) {
        const struct guid *id = &file->owners.items[i];
        char text[GUID_TEXT_SIZE];
        r = add_line(lines, string_printf("likely owner by permission: VM %s "
                                          "(S-1-5-83-1-%" PRIu32 "-%" PRIu32 "-%" PRIu32
                                          "-%" PRIu32 ")",
                                          guid_format(id, text), sid_part(id, 0), sid_part(id, 1),
                                          sid_part(id, 2), sid_part(id, 3)));
    }
    return r;
}

static int describe_disk(const struct judge *judge, size_t disk, string_list *lines)
{
    const struct host_disk *file = judge_disk(judge, disk);
    const struct disk_verdict *verdict = &judge->verdict->disks[disk];
    int r = 0;

    if (file->error)
        r = add_line(lines, string_printf("%s: %s", file->path, file->error));
    if (r == 0 && file->facts && file->status == 0)
        r = add_line(lines, identity_line(file, file->facts));
    if (r == 0 && file->facts && file->facts->has_counts)
        r = add_line(lines, content_line(file->facts));
    if (r == 0 && verdict->parent_state != PARENT_NONE)
        r = add_line(lines, parent_line(judge, disk));
    if (r == 0 && verdict->parent_state == PARENT_MISMATCHED)
        r = add_line(lines, mismatch_line(judge, disk));
    if (r == 0)
        r = add_owners(judge, disk, lines);
    if (r == 0)
        r = add_references(judge, disk, lines);
    if (r == 0 && (verdict->overlays & 1u << OVERLAY_LOW_CONFIDENCE))
        r = add_missing_inputs(judge, lines);
    return r;
}

static const struct {
    enum disk_overlay overlay;
    const char *text;
} blockers[] = {
    {OVERLAY_HOLD, "the VM is in a state that only Microsoft support can resolve"},
    {OVERLAY_BROKEN_CHAIN, "the chain is broken"},
    {OVERLAY_MERGE_IN_PROGRESS, "a merge is running"},
    {OVERLAY_MERGE_FAILED, "a merge failed and its cause is not settled"},
    {OVERLAY_BACKUP_ACTIVE, "a backup is running"},
    {OVERLAY_REPLICA, "the VM is replicated"},
    {OVERLAY_CLUSTER_UNKNOWN, "other cluster nodes were not examined"},
    {OVERLAY_SAVED_STATE, "the VM has saved state"},
    {OVERLAY_LOW_CONFIDENCE, "the evidence of what is tracked is incomplete"},
    {OVERLAY_NTFS_LIMITATION, "the file has attributes that Hyper-V refuses"},
};

/* Nothing is called safe while one of these holds. */
#define CAUTION (1u << OVERLAY_CLUSTER_UNKNOWN | 1u << OVERLAY_SAVED_STATE |                       \
                 1u << OVERLAY_LOW_CONFIDENCE | 1u << OVERLAY_HOLD)

static int qualify(const struct judge *judge, size_t disk, const struct finding_text *text,
                   struct finding *finding)
{
    unsigned overlays = judge->verdict->disks[disk].overlays;

    if ((overlays & CAUTION) && text->cautious_step)
        finding->next_step = text->cautious_step;
    if (overlays & 1u << OVERLAY_LOW_CONFIDENCE)
        finding->confidence = CONFIDENCE_POSSIBLE;
    for (size_t i = 0; i < ARRAY_SIZE(blockers); i++)
        if ((overlays & 1u << blockers[i].overlay) &&
            strcmp(overlay_name(blockers[i].overlay), finding->code) != 0 &&
            add_line(&finding->blocked_by, strdup(blockers[i].text)) < 0)
            return -ENOMEM;
    return 0;
}

static struct finding *disk_finding(struct judge *judge, size_t disk,
                                    const struct finding_text *text)
{
    const struct host_disk *file = judge_disk(judge, disk);
    size_t machine = judge->verdict->disks[disk].machine;
    char id[GUID_TEXT_SIZE];
    struct names names = {
        .file = file_name(file->path),
        .path = judge->uses[disk].windows_path ? judge->uses[disk].windows_path : file->path,
        .vm = machine == HOST_NONE ? "an unknown VM"
                                   : machine_label(&judge->host->machines.items[machine], id),
    };
    struct finding *finding = new_finding(judge, text, file->path, machine, &names);

    if (!finding)
        return NULL;
    finding->disk = disk;
    return qualify(judge, disk, text, finding) < 0 ? NULL : finding;
}

static int add_described(struct judge *judge, size_t disk, const struct finding_text *text)
{
    struct finding *finding = disk_finding(judge, disk, text);

    return finding ? describe_disk(judge, disk, &finding->evidence) : -ENOMEM;
}

static int add_integrity(struct judge *judge, size_t disk)
{
    const struct notes *notes = &judge_disk(judge, disk)->notes;

    for (size_t i = 0; i < notes->count; i++) {
        const struct note *note = &notes->items[i];
        if (note->severity < SEVERITY_WARNING)
            continue;
        struct finding_text text = *rule_text(note->rule);
        text.code = note->rule;
        text.severity = note->severity;
        struct finding *finding = disk_finding(judge, disk, &text);
        char *where = note->offset == NOTE_NO_OFFSET
                          ? strdup(note->text ? note->text : "")
                          : string_printf("%s (offset %" PRIu64 ")", note->text ? note->text : "",
                                          note->offset);
        if (!finding) {
            free(where);
            return -ENOMEM;
        }
        if (add_line(&finding->evidence, where) < 0)
            return -ENOMEM;
    }
    return 0;
}

static int add_geometry(struct judge *judge, size_t disk)
{
    const struct disk_verdict *verdict = &judge->verdict->disks[disk];

    if (verdict->parent_state != PARENT_MATCHED)
        return 0;
    const struct disk_facts *facts = judge_disk(judge, disk)->facts;
    const struct disk_facts *parent = judge_disk(judge, verdict->parent)->facts;
    if (facts->logical_sector_size != parent->logical_sector_size &&
        add_described(judge, disk, &text_sector_mismatch) < 0)
        return -ENOMEM;
    return 0;
}

static int add_copies(struct judge *judge, size_t disk)
{
    const struct disk_verdict *verdict = &judge->verdict->disks[disk];
    size_t count;

    if (verdict->parent_state == PARENT_MATCHED || verdict->parent_copies < 2)
        return 0;
    struct finding *finding = disk_finding(judge, disk, &text_ambiguous_parent);
    if (!finding)
        return -ENOMEM;
    const size_t *copies = host_find_identifier(
        judge->host, &judge_disk(judge, disk)->facts->parent->linkage, &count);
    for (size_t i = 0; i < count && i < 16; i++)
        if (add_line(&finding->evidence, strdup(judge_disk(judge, copies[i])->path)) < 0)
            return -ENOMEM;
    return 0;
}

/* Overlays that speak of one disk; what concerns a whole host or VM is said once, elsewhere. */
static const enum disk_overlay disk_overlays[] = {
    OVERLAY_HOLD,
    OVERLAY_BROKEN_CHAIN,
    OVERLAY_NTFS_LIMITATION,
    OVERLAY_TIME_ANOMALY,
};

/*
 * NTFS describes the runs of a file in an attribute list of at most 256 KiB; growth beyond that
 * fails with 0x80070299. A merge that grows the file is warned about from half of it on.
 */
#define ATTRIBUTE_LIST_WARNING (128u * 1024)

static int add_fragmentation(struct judge *judge, size_t disk)
{
    const struct host_disk *file = judge_disk(judge, disk);

    if (file->attribute_list_size < ATTRIBUTE_LIST_WARNING)
        return 0;
    struct finding *finding = disk_finding(judge, disk, &text_fragmented);
    if (!finding)
        return -ENOMEM;
    return add_line(&finding->evidence,
                    string_printf("%" PRIu64 " extents in %" PRIu32 " records of $MFT; the list "
                                  "of them takes %" PRIu32 " of 262144 bytes",
                                  file->extents, file->mft_records, file->attribute_list_size));
}

static int judge_one(struct judge *judge, size_t disk)
{
    const struct disk_verdict *verdict = &judge->verdict->disks[disk];
    const struct finding_text *text = class_text(verdict->class);
    int r = text ? add_described(judge, disk, text) : 0;

    for (size_t i = 0; i < ARRAY_SIZE(disk_overlays) && r == 0; i++)
        if (verdict->overlays & 1u << disk_overlays[i])
            r = add_described(judge, disk, overlay_text(disk_overlays[i]));
    if (r == 0)
        r = add_integrity(judge, disk);
    if (r == 0)
        r = add_geometry(judge, disk);
    if (r == 0)
        r = add_copies(judge, disk);
    if (r == 0)
        r = add_fragmentation(judge, disk);
    return r;
}

/* Once per host. */
static int add_cluster_unknown(struct judge *judge)
{
    struct finding *finding = NULL;

    for (size_t i = 0; i < judge->verdict->disk_count; i++) {
        const struct host_disk *disk = judge_disk(judge, i);
        if (!(judge->verdict->disks[i].overlays & 1u << OVERLAY_CLUSTER_UNKNOWN))
            continue;
        if (!finding) {
            struct names names = {"", "", ""};
            finding = new_finding(judge, overlay_text(OVERLAY_CLUSTER_UNKNOWN),
                                  judge->host->evidence.items[disk->evidence].path, HOST_NONE,
                                  &names);
            if (!finding)
                return -ENOMEM;
        }
        if (finding->evidence.count < 8 && add_line(&finding->evidence, strdup(disk->path)) < 0)
            return -ENOMEM;
    }
    return 0;
}

/* Once per machine, or per disk where the machine is not known. */
static int add_replicas(struct judge *judge)
{
    const struct disk_verdict *disks = judge->verdict->disks;

    for (size_t i = 0; i < judge->verdict->disk_count; i++) {
        bool said = false;
        if (!(disks[i].overlays & 1u << OVERLAY_REPLICA))
            continue;
        for (size_t j = 0; j < i && disks[i].machine != HOST_NONE; j++)
            said = said || (disks[j].machine == disks[i].machine &&
                            (disks[j].overlays & 1u << OVERLAY_REPLICA));
        if (!said && add_described(judge, i, overlay_text(OVERLAY_REPLICA)) < 0)
            return -ENOMEM;
    }
    return 0;
}

/* Machines. */

static struct finding *machine_finding(struct judge *judge, size_t machine, const char *subject,
                                       const struct finding_text *text)
{
    char id[GUID_TEXT_SIZE];
    struct names names = {.file = file_name(subject), .path = subject, .vm = "an unknown VM"};

    if (machine != HOST_NONE)
        names.vm = machine_label(&judge->host->machines.items[machine], id);
    return new_finding(judge, text, subject, machine, &names);
}

static const char *machine_subject(const struct host_machine *machine, char id[GUID_TEXT_SIZE])
{
    if (machine->has_id)
        return guid_format(&machine->id, id);
    return machine->config ? machine->config : "unknown";
}

static bool is_disk_drive(const struct host_drive *drive)
{
    const char *dot = strrchr(drive->recorded_path, '.');
    static const char *const extensions[] = {".vhdx", ".avhdx", ".vhd", ".avhd"};

    for (size_t i = 0; dot && i < ARRAY_SIZE(extensions); i++)
        if (text_compare_folded(dot, extensions[i]) == 0)
            return true;
    return false;
}

static int judge_drive(struct judge *judge, size_t m, const struct host_drive *drive,
                       const char *config)
{
    const struct host_machine *machine = &judge->host->machines.items[m];
    const struct finding_text *text = NULL;
    char id[GUID_TEXT_SIZE];

    if (drive->match == MATCH_AMBIGUOUS)
        text = &text_ambiguous_path;
    else if (drive->match == MATCH_NOT_FOUND && drive->folder_is_known && is_disk_drive(drive) &&
             machine_is_tracking(machine))
        text = &text_missing_disk;
    if (!text)
        return 0;
    struct finding *finding = machine_finding(judge, m, machine_subject(machine, id), text);
    if (!finding)
        return -ENOMEM;
    char *line = drive->match == MATCH_AMBIGUOUS
                     ? string_printf("%s records %s; %zu files fit", config ? config : "a list",
                                     drive->recorded_path, drive->candidates)
                     : string_printf("%s records %s", config ? config : "a list",
                                     drive->recorded_path);
    return add_line(&finding->evidence, line);
}

static int judge_checkpoint(struct judge *judge, size_t m, const struct host_checkpoint *checkpoint)
{
    int r = 0;

    for (size_t d = 0; d < checkpoint->drives.count && r == 0; d++)
        r = judge_drive(judge, m, &checkpoint->drives.items[d], checkpoint->config);
    if (r < 0 || checkpoint->kind != CHECKPOINT_RECOVERY)
        return r;
    struct finding *finding =
        machine_finding(judge, m, checkpoint->config, &text_backup_checkpoint);
    if (!finding)
        return -ENOMEM;
    if (judge->host->machines.items[m].saved_state)
        finding->next_step = text_backup_checkpoint.cautious_step;
    char when[WHEN_TEXT_SIZE];
    return add_line(&finding->evidence,
                    string_printf("checkpoint \"%s\"%s%s", checkpoint->name,
                                  checkpoint->created ? ", created " : "",
                                  when_format(checkpoint->created, WHEN_SECONDS, when)));
}

/* What the last merge left behind: its events, then the files that still wait. */
static int judge_last_merge(struct judge *judge, size_t m)
{
    const struct episode *episode = episode_last(judge->verdict, m);
    const struct host_machine *machine = &judge->host->machines.items[m];
    char id[GUID_TEXT_SIZE];
    string_list left = {0};
    bool failed_before = false;
    int r = 0;

    for (size_t i = 0; i < judge->verdict->episodes.count; i++)
        failed_before = failed_before || (judge->verdict->episodes.items[i].machine == m &&
                                          judge->verdict->episodes.items[i].is_settled);
    if (!episode || (episode->end == EPISODE_FINISHED && !failed_before))
        return 0;
    for (size_t i = 0; i < judge->verdict->disk_count && r == 0; i++)
        if (judge->verdict->disks[i].machine == m && episode_concerns(judge, i))
            r = add_line(&left, string_printf("left behind: %s", judge_disk(judge, i)->path));
    const struct finding_text *text =
        left.count == 0 || episode->end == EPISODE_FINISHED           ? &text_merge_settled
        : episode->end == EPISODE_OPEN && !episode->service_restarted ? &text_merge_open
                                                                      : &text_merge_failed;
    struct finding *finding =
        r == 0 ? machine_finding(judge, m, machine_subject(machine, id), text) : NULL;
    if (!finding)
        r = -ENOMEM;
    if (r == 0)
        r = add_line(&finding->evidence, event_line(judge->host, episode->first));
    if (r == 0 && episode->last != episode->first)
        r = add_line(&finding->evidence, event_line(judge->host, episode->last));
    if (r == 0 && episode->service_restarted)
        r = add_line(&finding->evidence,
                     strdup("the virtual machine management service was started anew since"));
    for (size_t i = 0; i < left.count; i++)
        if (r == 0)
            r = add_line(&finding->evidence, left.items[i]);
        else
            free(left.items[i]);
    vector_free(&left);
    return r;
}

static int judge_machine(struct judge *judge, size_t m)
{
    const struct host_machine *machine = &judge->host->machines.items[m];
    char id[GUID_TEXT_SIZE];
    int r = 0;

    for (size_t d = 0; d < machine->drives.count && r == 0; d++)
        r = judge_drive(judge, m, &machine->drives.items[d], machine->config);
    for (size_t c = 0; c < machine->checkpoints.count && r == 0; c++)
        r = judge_checkpoint(judge, m, &machine->checkpoints.items[c]);
    if (r == 0)
        r = judge_last_merge(judge, m);
    if (r < 0 || machine->merge_pending != HOST_YES || !machine_is_tracking(machine))
        return r;
    struct finding *finding =
        machine_finding(judge, m, machine_subject(machine, id), &text_merge_pending);
    if (!finding)
        return -ENOMEM;
    return add_line(&finding->evidence,
                    string_printf("%s: global_settings/disk_merge_pending is true",
                                  machine->config));
}

static bool is_journal_alone(const struct host_trouble *trouble)
{
    static const char prefix[] = "VMCX-JOURNAL-";

    for (size_t i = 0; i < trouble->notes.count; i++)
        if (trouble->notes.items[i].severity >= SEVERITY_WARNING &&
            strncmp(trouble->notes.items[i].rule, prefix, sizeof(prefix) - 1) != 0)
            return false;
    return trouble->journal_unreadable;
}

static int judge_trouble(struct judge *judge, const struct host_trouble *trouble)
{
    const struct finding_text *text = trouble->status < 0             ? &text_config_unreadable
                                      : is_journal_alone(trouble) ? &text_journal_unreadable
                                                                  : &text_config_damaged;
    struct finding *finding = machine_finding(judge, HOST_NONE, trouble->path, text);

    if (!finding)
        return -ENOMEM;
    if (trouble->notes.count == 0)
        return add_line(&finding->evidence, strdup(strerror(-trouble->status)));
    for (size_t i = 0; i < trouble->notes.count && i < 8; i++) {
        const struct note *note = &trouble->notes.items[i];
        char *line = note->offset == NOTE_NO_OFFSET
                         ? string_printf("%s (rule %s)", note->text, note->rule)
                         : string_printf("%s (rule %s, offset %" PRIu64 ")", note->text,
                                         note->rule, note->offset);
        if (add_line(&finding->evidence, line) < 0)
            return -ENOMEM;
    }
    return 0;
}

static int judge_missing_config(struct judge *judge, const struct host_missing_config *missing)
{
    char id[GUID_TEXT_SIZE];

    if (!missing->folder_is_known)
        return 0;
    struct finding *finding = machine_finding(judge, HOST_NONE, guid_format(&missing->id, id),
                                              &text_missing_config);
    return finding ? add_line(&finding->evidence,
                              string_printf("the list of VMs records %s", missing->recorded_path))
                   : -ENOMEM;
}

/* Chains. */

static int judge_depth(struct judge *judge, const struct chain *chain)
{
    return chain->layers.count > DISK_CHAIN_MAX
               ? add_described(judge, chain->leaf, &text_chain_depth)
               : 0;
}

/* One finding per cycle, on its first member, naming all of them. */
static int judge_cycle(struct judge *judge, size_t disk)
{
    const struct disk_verdict *disks = judge->verdict->disks;

    if (!disks[disk].in_cycle)
        return 0;
    for (size_t other = disks[disk].parent; other != disk; other = disks[other].parent)
        if (other < disk)
            return 0;
    struct finding *finding = disk_finding(judge, disk, &text_chain_cycle);
    if (!finding)
        return -ENOMEM;
    size_t member = disk, named = 0;
    do {
        if (add_line(&finding->evidence,
                     string_printf("%s has parent %s", judge_disk(judge, member)->path,
                                   judge_disk(judge, disks[member].parent)->path)) < 0)
            return -ENOMEM;
        member = disks[member].parent;
    } while (member != disk && ++named < 32);
    return 0;
}

static int compare_findings(const void *a, const void *b)
{
    const struct finding *x = a, *y = b;
    int c = strcmp(x->subject, y->subject);

    if (c == 0)
        c = strcmp(x->code, y->code);
    if (c == 0)
        c = strcmp(x->evidence.count ? x->evidence.items[0] : "",
                   y->evidence.count ? y->evidence.items[0] : "");
    return c;
}

int judge_findings(struct judge *judge)
{
    const struct host *host = judge->host;
    int r = 0;

    for (size_t i = 0; i < judge->verdict->disk_count && r == 0; i++) {
        r = judge_one(judge, i);
        if (r == 0)
            r = judge_cycle(judge, i);
    }
    for (size_t i = 0; i < host->machines.count && r == 0; i++)
        r = judge_machine(judge, i);
    for (size_t i = 0; i < host->troubles.count && r == 0; i++)
        r = judge_trouble(judge, &host->troubles.items[i]);
    for (size_t i = 0; i < host->missing_configs.count && r == 0; i++)
        r = judge_missing_config(judge, &host->missing_configs.items[i]);
    for (size_t i = 0; i < judge->verdict->chains.count && r == 0; i++)
        r = judge_depth(judge, &judge->verdict->chains.items[i]);
    if (r == 0)
        r = add_cluster_unknown(judge);
    if (r == 0)
        r = add_replicas(judge);
    if (judge->verdict->findings.count > 0)
        qsort(judge->verdict->findings.items, judge->verdict->findings.count,
              sizeof(*judge->verdict->findings.items), compare_findings);
    return r;
}

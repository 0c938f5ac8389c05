/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Circumstances that a class does not tell: each overlay is a condition, all that hold apply. */
#include "chain/judge.h"

#include "base/checked.h"
#include "volume/volume.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct host_machine *owner(const struct judge *judge, size_t disk)
{
    size_t machine = judge->verdict->disks[disk].machine;

    return machine == HOST_NONE ? NULL : &judge->host->machines.items[machine];
}

static bool has_broken_chain(const struct judge *judge, size_t disk)
{
    const struct disk_verdict *verdict = &judge->verdict->disks[disk];
    bool broken = verdict->parent_state == PARENT_MISSING ||
                  verdict->parent_state == PARENT_MISMATCHED;

    return verdict->in_cycle || (verdict->tracked && broken);
}

static bool is_replica(const struct judge *judge, size_t disk)
{
    const struct host_machine *machine = owner(judge, disk);

    return (judge_disk(judge, disk)->siblings & (SIBLING_HRL | SIBLING_HRU)) ||
           (machine && machine->replicated);
}

static size_t hosts_given(const struct host *host)
{
    size_t given = 0;

    for (size_t i = 0; i < host->nodes.count; i++)
        given += !host->nodes.items[i].is_shared_storage;
    return given;
}

static bool is_cluster_unknown(const struct judge *judge, size_t disk)
{
    return judge->uses[disk].is_shared && hosts_given(judge->host) < 2;
}

static bool has_saved_state(const struct judge *judge, size_t disk)
{
    const struct host_machine *machine = owner(judge, disk);

    return machine && machine->saved_state;
}

static bool is_uncertain_machine(const struct host_machine *machine)
{
    if (machine->registered == HOST_UNKNOWN || machine->journal == VM_JOURNAL_UNREADABLE)
        return true;
    for (size_t c = 0; c < machine->checkpoints.count; c++)
        if (machine->checkpoints.items[c].journal == VM_JOURNAL_UNREADABLE)
            return true;
    return false;
}

/* For a disk that nothing claims, every host that could claim it must have been heard. */
static bool may_be_claimed_unseen(const struct host *host, size_t node)
{
    bool shared = host->nodes.items[node].is_shared_storage;

    for (size_t i = 0; i < host->nodes.count; i++) {
        const struct host_node *other = &host->nodes.items[i];
        if ((i != node && !shared) || other->is_shared_storage)
            continue;
        if (!other->has_registry || other->has_unreadable_config)
            return true;
    }
    for (size_t i = 0; i < host->missing_configs.count; i++)
        if (host->missing_configs.items[i].node == node || shared)
            return true;
    return host->nodes.items[node].has_unreadable_config;
}

static const char *lost_drive(const drive_list *drives)
{
    for (size_t i = 0; i < drives->count; i++) {
        const struct host_drive *drive = &drives->items[i];
        if (drive->disk == HOST_NONE && judge_is_disk_path(drive->recorded_path))
            return drive->recorded_path;
    }
    return NULL;
}

static const char *lost_drive_of_machine(const struct host_machine *machine)
{
    const char *lost = lost_drive(&machine->drives);

    for (size_t c = 0; c < machine->checkpoints.count && !lost; c++)
        lost = lost_drive(&machine->checkpoints.items[c].drives);
    return lost;
}

static bool may_be_same_disk(const struct disk_facts *a, const struct disk_facts *b)
{
    if (!a || !b)
        return false;
    if (a->has_virtual_disk_id && b->has_virtual_disk_id)
        return guid_equal(&a->virtual_disk_id, &b->virtual_disk_id);
    return a->virtual_size == b->virtual_size;
}

const char *judge_lost_above(const struct judge *judge, size_t disk)
{
    const struct host *host = judge->host;
    size_t node = host->evidence.items[judge_disk(judge, disk)->evidence].node;

    if (judge->verdict->disks[disk].tracked)
        return NULL;
    for (size_t i = 0; i < host->machines.count; i++) {
        const struct host_machine *machine = &host->machines.items[i];
        bool reaches = machine->node == node || host->nodes.items[node].is_shared_storage ||
                       host->nodes.items[machine->node].is_shared_storage;
        const char *lost = reaches && machine_is_tracking(machine) ? lost_drive_of_machine(machine)
                                                                   : NULL;
        if (lost)
            return lost;
    }
    for (size_t i = 0; i < host->disks.count; i++)
        if (judge->verdict->disks[i].tracked && has_broken_chain(judge, i) &&
            may_be_same_disk(judge_disk(judge, i)->facts, judge_disk(judge, disk)->facts))
            return judge_disk(judge, i)->path;
    return NULL;
}

static bool has_low_confidence(const struct judge *judge, size_t disk)
{
    const struct host *host = judge->host;
    const struct host_machine *machine = owner(judge, disk);

    if (host->configs_read == 0 && host->machines.count == 0)
        return true;
    if (judge->verdict->disks[disk].tracked)
        return machine && is_uncertain_machine(machine);
    return (machine && is_uncertain_machine(machine)) || judge_lost_above(judge, disk) ||
           may_be_claimed_unseen(host, host->evidence.items[judge_disk(judge, disk)->evidence].node);
}

static const struct episode *concerning_episode(const struct judge *judge, size_t disk)
{
    if (judge->verdict->disks[disk].machine == HOST_NONE || !episode_concerns(judge, disk))
        return NULL;
    return episode_last(judge->verdict, judge->verdict->disks[disk].machine);
}

static bool has_merge_in_progress(const struct judge *judge, size_t disk)
{
    const struct episode *episode = concerning_episode(judge, disk);

    return episode && episode->end == EPISODE_OPEN && !episode->service_restarted;
}

static bool has_merge_failed(const struct judge *judge, size_t disk)
{
    const struct episode *episode = concerning_episode(judge, disk);

    if (!episode)
        return false;
    return episode->end == EPISODE_FAILED || episode->end == EPISODE_INTERRUPTED ||
           (episode->end == EPISODE_OPEN && episode->service_restarted);
}

/* The signs of layers that were committed in memory but not in the files. */
static bool is_hold_event(const struct event *event)
{
    static const uint32_t codes[] = {0x80048102, 0x800480BD, 0x800480BC, 0x800703EE};

    if (strcmp(event->kind, "checkpoint-switch-failed") == 0)
        return true;
    for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
        if (event->has_code && event->code == codes[i])
            return true;
    return false;
}

static bool is_on_hold(const struct judge *judge, size_t disk)
{
    const struct host *host = judge->host;

    if (!episode_concerns(judge, disk))
        return false;
    for (size_t i = 0; i < host->events.count; i++)
        if (host->events.items[i].machine != HOST_NONE &&
            host->events.items[i].machine == judge->verdict->disks[disk].machine &&
            is_hold_event(&host->events.items[i].event))
            return true;
    return false;
}

/* A backup that the logs show as begun and not as ended, of the host that the disk lies on. */
static bool has_backup_active(const struct judge *judge, size_t disk)
{
    const struct host *host = judge->host;
    size_t node = host->evidence.items[judge_disk(judge, disk)->evidence].node;
    static const char *const ends[] = {"backup-finished", "backup-failed", "backup-partly-failed",
                                       "backup-stopped"};
    bool active = false;

    if (!episode_concerns(judge, disk))
        return false;
    for (size_t i = 0; i < host->events.count; i++) {
        const struct host_event *event = &host->events.items[i];
        if (host->evidence.items[host->logs.items[event->log].evidence].node != node)
            continue;
        if (strcmp(event->event.kind, "backup-started") == 0)
            active = true;
        for (size_t k = 0; k < ARRAY_SIZE(ends); k++)
            if (strcmp(event->event.kind, ends[k]) == 0)
                active = false;
    }
    return active;
}

static bool has_ntfs_limitation(const struct judge *judge, size_t disk)
{
    return judge_disk(judge, disk)->attributes != 0;
}

static bool has_dirty_log(const struct judge *judge, size_t disk)
{
    const struct disk_facts *facts = judge_disk(judge, disk)->facts;

    return facts && facts->log == DISK_LOG_REPLAYED;
}

/*
 * A parent is not written to once it has children. Copying files and closing handles move times
 * by minutes, so that only a clear distance counts.
 */
#define TIME_SLACK ((filetime)10 * 60 * 10000000)

static bool is_clearly_newer(const struct host_disk *parent, const struct host_disk *child)
{
    return parent->modified != 0 && child->modified != 0 && parent->modified > child->modified &&
           parent->modified - child->modified > TIME_SLACK;
}

static bool has_time_anomaly(const struct judge *judge, size_t disk)
{
    const struct disk_verdict *verdicts = judge->verdict->disks;
    const struct host_disk *parent = judge_disk(judge, disk);

    for (size_t i = 0; i < verdicts[disk].children.count; i++)
        if (is_clearly_newer(parent, judge_disk(judge, verdicts[disk].children.items[i])))
            return true;
    if (!judge->uses[disk].is_broken_ancestor)
        return false;
    for (size_t i = 0; i < judge->verdict->disk_count; i++)
        if (verdicts[i].parent == disk && verdicts[i].parent_state == PARENT_MISMATCHED &&
            verdicts[i].tracked && is_clearly_newer(parent, judge_disk(judge, i)))
            return true;
    return false;
}

static const struct {
    enum disk_overlay overlay;
    bool (*holds)(const struct judge *, size_t disk);
} conditions[] = {
    {OVERLAY_HOLD, is_on_hold},
    {OVERLAY_BROKEN_CHAIN, has_broken_chain},
    {OVERLAY_MERGE_IN_PROGRESS, has_merge_in_progress},
    {OVERLAY_MERGE_FAILED, has_merge_failed},
    {OVERLAY_BACKUP_ACTIVE, has_backup_active},
    {OVERLAY_REPLICA, is_replica},
    {OVERLAY_CLUSTER_UNKNOWN, is_cluster_unknown},
    {OVERLAY_SAVED_STATE, has_saved_state},
    {OVERLAY_LOW_CONFIDENCE, has_low_confidence},
    {OVERLAY_NTFS_LIMITATION, has_ntfs_limitation},
    {OVERLAY_DIRTY_LOG, has_dirty_log},
    {OVERLAY_TIME_ANOMALY, has_time_anomaly},
};

/* Severity that an overlay brings; "saved state" raises the class's own instead. */
static const enum severity overlay_severities[OVERLAY_COUNT] = {
    [OVERLAY_HOLD] = SEVERITY_DATA_LOSS_RISK,
    [OVERLAY_BROKEN_CHAIN] = SEVERITY_DATA_LOSS_RISK,
    [OVERLAY_MERGE_IN_PROGRESS] = SEVERITY_WARNING,
    [OVERLAY_MERGE_FAILED] = SEVERITY_PROBLEM,
    [OVERLAY_BACKUP_ACTIVE] = SEVERITY_INFO,
    [OVERLAY_REPLICA] = SEVERITY_WARNING,
    [OVERLAY_CLUSTER_UNKNOWN] = SEVERITY_WARNING,
    [OVERLAY_NTFS_LIMITATION] = SEVERITY_WARNING,
    [OVERLAY_CLONED_DISK] = SEVERITY_INFO,
    [OVERLAY_DIRTY_LOG] = SEVERITY_INFO,
    [OVERLAY_TIME_ANOMALY] = SEVERITY_PROBLEM,
};

enum severity overlay_severity(enum disk_overlay overlay)
{
    return overlay_severities[overlay];
}

/* Saved memory makes what is wrong one step worse; where nothing is wrong it is a fact. */
static enum severity raise_for_saved_state(enum severity severity)
{
    if (severity < SEVERITY_WARNING)
        return SEVERITY_INFO;
    return severity < SEVERITY_DATA_LOSS_RISK ? severity + 1 : severity;
}

static enum severity severity_of(const struct disk_verdict *verdict)
{
    enum severity severity = class_severity(verdict->class);

    if (verdict->overlays & 1u << OVERLAY_SAVED_STATE)
        severity = raise_for_saved_state(severity);
    for (enum disk_overlay i = 0; i < OVERLAY_COUNT; i++)
        if ((verdict->overlays & 1u << i) && overlay_severities[i] > severity)
            severity = overlay_severities[i];
    return severity;
}

static bool is_first_pass(enum disk_class class)
{
    return class == CLASS_CORRUPT || class == CLASS_FOREIGN_CONTAINER ||
           class == CLASS_FOREIGN_PROFILE;
}

/* Of what could not be read, what the file system says of the file is known all the same. */
static bool may_have(enum disk_class class, enum disk_overlay overlay)
{
    return !is_first_pass(class) ||
           (class == CLASS_CORRUPT && overlay == OVERLAY_NTFS_LIMITATION);
}

/* Shared storage: what lies in a folder with a shared disk is shared, too. */

static int compare_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int spread_shared(struct judge *judge)
{
    size_t count = judge->verdict->disk_count, folders = 0;
    const char **shared = calloc(count + 1, sizeof(*shared));

    if (!shared)
        return -ENOMEM;
    for (size_t i = 0; i < count; i++) {
        const struct host_disk *disk = judge_disk(judge, i);
        const struct host_evidence *evidence = &judge->host->evidence.items[disk->evidence];
        if (judge->host->nodes.items[evidence->node].is_shared_storage ||
            strstr(disk->folder_key, "/CLUSTERSTORAGE/"))
            judge->uses[i].is_shared = true;
        if (judge->uses[i].is_shared)
            shared[folders++] = disk->folder_key;
    }
    qsort(shared, folders, sizeof(*shared), compare_text);
    for (size_t i = 0; i < count && folders > 0; i++) {
        const char *key = judge_disk(judge, i)->folder_key;
        if (bsearch(&key, shared, folders, sizeof(*shared), compare_text))
            judge->uses[i].is_shared = true;
    }
    free(shared);
    return 0;
}

/* Clones: one VirtualDiskId in trees that do not hang together. */

struct identified {
    struct guid id;
    size_t disk, root, machine;
    bool has_base; /* the tree's root is no differencing disk: the whole disk is there */
};

static int compare_identified(const void *a, const void *b)
{
    const struct identified *x = a, *y = b;
    int c = guid_compare(&x->id, &y->id);

    return c ? c : (x->disk > y->disk) - (x->disk < y->disk);
}

static size_t root_of(const struct judge *judge, size_t disk)
{
    const struct disk_verdict *disks = judge->verdict->disks;

    while (!disks[disk].in_cycle && disks[disk].parent_state == PARENT_MATCHED)
        disk = disks[disk].parent;
    return disk;
}

/* Two whole disks, or two machines, under one identifier. A lost layer of one disk is no clone. */
static bool are_clones(const struct identified *group, size_t count)
{
    size_t base = HOST_NONE, machine = HOST_NONE;

    for (size_t i = 0; i < count; i++) {
        if (group[i].has_base && base != HOST_NONE && base != group[i].root)
            return true;
        if (group[i].machine != HOST_NONE && machine != HOST_NONE &&
            machine != group[i].machine)
            return true;
        base = group[i].has_base ? group[i].root : base;
        machine = group[i].machine != HOST_NONE ? group[i].machine : machine;
    }
    return false;
}

/* Two configurations of one machine (a live one, an old copy of it) are one machine. */
static size_t same_machine(const struct host *host, size_t machine)
{
    if (machine == HOST_NONE || !host->machines.items[machine].has_id)
        return machine;
    for (size_t i = 0; i < machine; i++)
        if (host->machines.items[i].has_id &&
            guid_equal(&host->machines.items[i].id, &host->machines.items[machine].id))
            return i;
    return machine;
}

static int mark_clones(struct judge *judge)
{
    size_t count = 0;
    struct identified *all = calloc(judge->verdict->disk_count + 1, sizeof(*all));

    if (!all)
        return -ENOMEM;
    for (size_t i = 0; i < judge->verdict->disk_count; i++) {
        const struct disk_facts *facts = judge_disk(judge, i)->facts;
        if (!facts || !facts->has_virtual_disk_id || guid_is_zero(&facts->virtual_disk_id) ||
            is_first_pass(judge->verdict->disks[i].class))
            continue;
        size_t root = root_of(judge, i);
        all[count++] = (struct identified){facts->virtual_disk_id, i, root,
                                           same_machine(judge->host,
                                                        judge->verdict->disks[i].machine),
                                           !judge_is_differencing(judge, root)};
    }
    qsort(all, count, sizeof(*all), compare_identified);
    for (size_t i = 0, end; i < count; i = end) {
        for (end = i + 1; end < count && guid_equal(&all[i].id, &all[end].id); end++)
            ;
        if (are_clones(all + i, end - i))
            for (size_t d = i; d < end; d++)
                judge->verdict->disks[all[d].disk].overlays |= 1u << OVERLAY_CLONED_DISK;
    }
    free(all);
    return 0;
}

int judge_overlays(struct judge *judge)
{
    if (spread_shared(judge) < 0 || mark_clones(judge) < 0)
        return -ENOMEM;
    for (size_t disk = 0; disk < judge->verdict->disk_count; disk++) {
        struct disk_verdict *verdict = &judge->verdict->disks[disk];
        for (size_t i = 0; i < ARRAY_SIZE(conditions); i++)
            if (may_have(verdict->class, conditions[i].overlay) && conditions[i].holds(judge, disk))
                verdict->overlays |= 1u << conditions[i].overlay;
        verdict->severity = severity_of(verdict);
        if (verdict->overlays & 1u << OVERLAY_LOW_CONFIDENCE)
            verdict->lost_above = judge_lost_above(judge, disk);
    }
    return 0;
}

/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "diagnose/clues.h"

#include "base/checked.h"
#include "base/strbuf.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

/* ---- disks ---- */

typedef bool disk_test(const struct trace *, size_t disk);

/* Says each disk of the machine (or of the host) that passes. */
static bool find_disks(struct trace *trace, disk_test *test, const char *what)
{
    bool found = false;

    if (trace->per_machine && trace->machine == HOST_NONE)
        return false;
    for (size_t i = 0; i < trace->verdict->disk_count; i++) {
        const struct disk_verdict *disk = &trace->verdict->disks[i];
        if ((trace->per_machine && disk->machine != trace->machine) || !test(trace, i))
            continue;
        found = true;
        trace_add(trace,
                  string_printf("%s: %s (%s)", what, trace->host->disks.items[i].path,
                                class_name(disk->class)),
                  0);
    }
    return found;
}

static bool is_untracked_layer(const struct trace *trace, size_t disk)
{
    switch (trace->verdict->disks[disk].class) {
    case CLASS_ACTIVE_UNTRACKED:
    case CLASS_PENDING_MERGE:
    case CLASS_ORPHAN_WITH_DATA:
    case CLASS_ORPHAN_SIDE_BRANCH:
    case CLASS_ORPHAN_EMPTY:
        return true;
    default:
        return false;
    }
}

bool clue_untracked_layers(struct trace *trace)
{
    return find_disks(trace, is_untracked_layer, "a layer that no checkpoint owns");
}

/* A layer is made when its parent is written to for the last time. */
static filetime layer_made(const struct trace *trace, size_t disk)
{
    const struct disk_verdict *verdict = &trace->verdict->disks[disk];
    const struct host_disk *disks = trace->host->disks.items;

    if (host_disk_made(&disks[disk]))
        return host_disk_made(&disks[disk]);
    return verdict->parent_state == PARENT_MATCHED && disks[verdict->parent].modified
               ? disks[verdict->parent].modified
               : disks[disk].modified;
}

bool clue_unexplained_layers(struct trace *trace)
{
    bool found = false;

    if (trace->machine == HOST_NONE || episode_last(trace->verdict, trace->machine))
        return false;
    for (size_t i = 0; i < trace->verdict->disk_count; i++) {
        if (trace->verdict->disks[i].machine != trace->machine || !is_untracked_layer(trace, i))
            continue;
        found = true;
        trace_add(trace,
                  string_printf("%s: %s, and no log tells of its merge",
                                trace->host->disks.items[i].path,
                                class_name(trace->verdict->disks[i].class)),
                  layer_made(trace, i));
    }
    return found;
}

static bool is_autorecovery(const struct trace *trace, size_t disk)
{
    return trace->verdict->disks[disk].class == CLASS_AUTORECOVERY_LEFTOVER;
}

bool clue_autorecovery_leftover(struct trace *trace)
{
    return find_disks(trace, is_autorecovery, "a stale automatic-recovery disk");
}

static bool has_overlay(const struct trace *trace, size_t disk, enum disk_overlay overlay)
{
    return trace->verdict->disks[disk].overlays & 1u << overlay;
}

static bool is_replicated(const struct trace *trace, size_t disk)
{
    return has_overlay(trace, disk, OVERLAY_REPLICA);
}

bool clue_replica_disks(struct trace *trace)
{
    return find_disks(trace, is_replicated, "a replicated disk");
}

static bool is_mismatched(const struct trace *trace, size_t disk)
{
    return trace->verdict->disks[disk].parent_state == PARENT_MISMATCHED;
}

bool clue_mismatched_disks(struct trace *trace)
{
    return find_disks(trace, is_mismatched, "a disk whose parent is another one now");
}

bool clue_parent_opened(struct trace *trace)
{
    bool found = false;

    for (size_t i = 0; i < trace->verdict->disk_count; i++) {
        const struct disk_verdict *child = &trace->verdict->disks[i];
        if (child->machine != trace->machine || !is_mismatched(trace, i))
            continue;
        for (size_t e = 0; e < trace->host->events.count; e++)
            if (event_is_opening(trace->host, e, child->parent)) {
                found = true;
                trace_add_event_line(trace, e, opening_line(trace->host, e));
            }
    }
    return found;
}

static bool is_without_parent(const struct trace *trace, size_t disk)
{
    return trace->verdict->disks[disk].parent_state == PARENT_MISSING;
}

bool clue_missing_parent(struct trace *trace)
{
    return find_disks(trace, is_without_parent, "a disk whose parent is missing");
}

static bool is_in_saved_state(const struct trace *trace, size_t disk)
{
    return has_overlay(trace, disk, OVERLAY_SAVED_STATE) && is_untracked_layer(trace, disk);
}

bool clue_saved_state(struct trace *trace)
{
    return find_disks(trace, is_in_saved_state, "unmerged while its VM has saved state");
}

static bool is_abandoned(const struct trace *trace, size_t disk)
{
    return trace->verdict->disks[disk].class == CLASS_ABANDONED_CHAIN ||
           trace->verdict->disks[disk].class == CLASS_UNATTACHED_DISK;
}

bool clue_abandoned_chain(struct trace *trace)
{
    return find_disks(trace, is_abandoned, "a disk that no configuration refers to");
}

bool clue_deleted_machine_left_disks(struct trace *trace)
{
    for (size_t i = 0; i < trace->host->events.count; i++)
        if (event_is_of_kind(&trace->host->events.items[i].event, "vm-deleted"))
            return clue_abandoned_chain(trace);
    return false;
}

/* ---- machines ---- */

bool clue_recovery_checkpoint(struct trace *trace)
{
    bool found = false;

    if (trace->machine == HOST_NONE)
        return false;
    const struct host_machine *machine = &trace->host->machines.items[trace->machine];
    for (size_t i = 0; i < machine->checkpoints.count; i++)
        if (machine->checkpoints.items[i].kind == CHECKPOINT_RECOVERY) {
            found = true;
            trace_add(trace,
                      string_printf("a backup's checkpoint: %s",
                                    machine->checkpoints.items[i].config),
                      0);
        }
    return found;
}

bool clue_config_troubles(struct trace *trace)
{
    bool found = false;

    for (size_t i = 0; i < trace->host->troubles.count; i++)
        if (trace->host->troubles.items[i].status < 0) {
            found = true;
            trace_add(trace,
                      string_printf("a configuration that cannot be read: %s",
                                    trace->host->troubles.items[i].path),
                      0);
        }
    return found;
}

/* ---- merges ---- */

bool clue_later_merge_finished(struct trace *trace)
{
    const struct episode *last =
        trace->machine == HOST_NONE ? NULL : episode_last(trace->verdict, trace->machine);

    if (!last || last->end != EPISODE_FINISHED)
        return false;
    trace_add_event(trace, last->last);
    return true;
}

bool clue_merge_settled(struct trace *trace)
{
    string_list unheard = {0}, *lines = trace->lines;

    trace->lines = &unheard;
    bool waits = clue_untracked_layers(trace);
    trace->lines = lines;
    string_list_free(&unheard);
    return !waits && clue_later_merge_finished(trace);
}

bool clue_open_merge(struct trace *trace)
{
    const struct episode *last =
        trace->machine == HOST_NONE ? NULL : episode_last(trace->verdict, trace->machine);

    if (!last || (last->end != EPISODE_OPEN && last->end != EPISODE_INTERRUPTED))
        return false;
    trace_add_event(trace, last->last);
    return true;
}

/* ---- shadow copies ---- */

#define STATUS_NO_SUCH_DEVICE 0xC000000E /* the backup's own disk, detached after its work */

static bool loses_shadow_copies(const struct event *event)
{
    return event_is_of_kind(event, "shadow-copies-lost") ||
           (event_is_of_kind(event, "shadow-copies-not-found") && event->has_code &&
            event->code != STATUS_NO_SUCH_DEVICE);
}

bool clue_shadow_copies_lost(struct trace *trace)
{
    bool found = false;

    for (size_t i = 0; i < trace->host->events.count; i++)
        if (loses_shadow_copies(&trace->host->events.items[i].event)) {
            found = true;
            trace_add_event(trace, i);
        }
    return found;
}

/* ---- lists that commands printed ---- */

bool clue_no_writers(struct trace *trace)
{
    bool found = false;

    for (size_t i = 0; i < trace->host->logs.count; i++) {
        const struct host_log *log = &trace->host->logs.items[i];
        if (log->has_writers && log->writers.count == 0) {
            found = true;
            trace_add(trace, string_printf("%s: the list of VSS writers is empty", log->path), 0);
        }
    }
    return found;
}

bool clue_some_writers(struct trace *trace)
{
    bool found = false;

    for (size_t i = 0; i < trace->host->logs.count; i++) {
        const struct host_log *log = &trace->host->logs.items[i];
        if (log->writers.count > 0) {
            found = true;
            trace_add(trace, string_printf("%s: %zu VSS writers", log->path, log->writers.count),
                      0);
        }
    }
    return found;
}

/* The service to restart for a writer, by the writer's name. */
static const char *service_of_writer(const char *writer)
{
    static const char *const services[][2] = {
        {"Microsoft Hyper-V VSS Writer", "vmms"},
        {"System Writer", "CryptSvc"},
        {"WMI Writer", "Winmgmt"},
        {"SqlServerWriter", "SQLWriter"},
        {"BITS Writer", "BITS"},
        {"Dhcp Jet Writer", "DHCPServer"},
        {"NTDS", "NTDS"},
        {"COM+ REGDB Writer", "VSS"},
        {"Registry Writer", "VSS"},
        {"ASR Writer", "VSS"},
        {"Shadow Copy Optimization Writer", "VSS"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(services); i++)
        if (text_compare_folded(services[i][0], writer) == 0)
            return services[i][1];
    return NULL;
}

static char *failed_writer_line(const struct host_log *log, const struct vss_writer *writer)
{
    const char *service = service_of_writer(writer->name);

    return string_printf("%s: writer %s is in state %d%s%s%s", log->path, writer->name,
                         writer->state, service ? " (service " : "", service ? service : "",
                         service ? ")" : "");
}

bool clue_failed_writer(struct trace *trace)
{
    bool found = false;

    for (size_t i = 0; i < trace->host->logs.count; i++) {
        const struct host_log *log = &trace->host->logs.items[i];
        for (size_t w = 0; w < log->writers.count; w++)
            if (log->writers.items[w].state >= 7) {
                found = true;
                trace_add(trace, failed_writer_line(log, &log->writers.items[w]), 0);
            }
    }
    return found;
}

static const struct service_process *process_of(const struct host_log *log, const char *service)
{
    for (size_t p = 0; p < log->services.count; p++)
        for (size_t s = 0; s < log->services.items[p].services.count; s++)
            if (text_compare_folded(log->services.items[p].services.items[s], service) == 0)
                return &log->services.items[p];
    return NULL;
}

static bool find_eventsystem(struct trace *trace, bool alone)
{
    bool found = false;

    for (size_t i = 0; i < trace->host->logs.count; i++) {
        const struct host_log *log = &trace->host->logs.items[i];
        const struct service_process *process = process_of(log, "EventSystem");
        if (!process || (process->services.count == 1) != alone)
            continue;
        found = true;
        trace_add(trace,
                  string_printf("%s: EventSystem runs in process %u with %zu other services",
                                log->path, process->pid, process->services.count - 1),
                  0);
    }
    return found;
}

bool clue_eventsystem_shares(struct trace *trace)
{
    return find_eventsystem(trace, false);
}

bool clue_eventsystem_alone(struct trace *trace)
{
    return find_eventsystem(trace, true);
}

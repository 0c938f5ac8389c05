/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Events joined with the model: in one order, tied to machines and to disks. */
#include "host/gather.h"

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "host/index.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void widen(struct host_log *log, filetime time)
{
    if (time == 0)
        return;
    if (log->first == 0 || time < log->first)
        log->first = time;
    if (time > log->last)
        log->last = time;
}

/* "Microsoft-Windows-VHDMP%4Operational.evtx": what Windows names the file of a channel. 0 or
 * -ENOMEM; *channel stays NULL when that is no name of an event log. */
static int channel_from_name(char **channel, const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    size_t length = strlen(name);
    struct strbuf text = {0};

    if (length < 6 || text_compare_folded(name + length - 5, ".evtx") != 0)
        return 0;
    for (const char *at = name; at < name + length - 5; at++) {
        bool is_slash = strncmp(at, "%4", 2) == 0;
        strbuf_append_char(&text, is_slash ? '/' : *at);
        at += is_slash;
    }
    *channel = strbuf_steal(&text);
    return *channel ? 0 : -ENOMEM;
}

/* What the records say of the channel counts before the file's name, which a copy may change. */
static int take_channel(struct host_log *log, struct event_file *file)
{
    const char *said = file->events.count > 0 ? file->events.items[0].channel : NULL;

    log->channel = file->channel;
    file->channel = NULL;
    if (!log->channel && said) {
        log->channel = strdup(said);
        return log->channel ? 0 : -ENOMEM;
    }
    return log->channel || file->format != EVENT_FORMAT_EVTX
               ? 0
               : channel_from_name(&log->channel, log->path);
}

/* Moves one array of a file over to the log; both sides are plain vectors. */
#define MOVE_VECTOR(to, from)                                                                      \
    do {                                                                                           \
        (to)->items = (from)->items;                                                               \
        (to)->count = (from)->count;                                                               \
        (to)->capacity = (from)->capacity;                                                         \
        (from)->items = NULL;                                                                      \
        (from)->count = (from)->capacity = 0;                                                      \
    } while (0)

/*
 * Programs on the host itself write its local time. A log of VMware comes from another machine, of
 * which a registry that lies beside it says nothing.
 */
static bool is_in_local_time(enum event_format format)
{
    return format == EVENT_FORMAT_AVAMAR || format == EVENT_FORMAT_WINCLUSTER;
}

static void apply_zone(struct host_event *event, const struct host_hive *hive)
{
    filetime utc = zone_to_utc(&hive->facts.zone, event->event.time);

    if (!event->event.local_time || utc == 0)
        return;
    event->event.time = utc;
    event->event.local_time = false;
    event->zone_hive = hive->path;
}

static int take_log(struct host *host, struct found_file *file)
{
    struct host_log *log = vector_push(&host->logs);
    const struct host_hive *zone =
        is_in_local_time(file->log.format)
            ? hives_zone(host, host->evidence.items[file->evidence].node)
            : NULL;

    if (!log)
        return -ENOMEM;
    log->evidence = file->evidence;
    log->path = strdup(file->path);
    log->format = file->log.format;
    log->has_writers = log->format == EVENT_FORMAT_VSS_WRITERS;
    log->has_services = log->format == EVENT_FORMAT_SERVICES;
    log->records = file->log.counts.live + file->log.counts.recovered;
    log->damaged_records = file->log.counts.damaged;
    if (!log->path || take_channel(log, &file->log) < 0)
        return -ENOMEM;
    widen(log, file->log.first);
    widen(log, file->log.last);
    MOVE_VECTOR(&log->writers, &file->log.writers);
    MOVE_VECTOR(&log->services, &file->log.services);
    for (size_t i = 0; i < file->log.events.count; i++) {
        struct host_event *event = vector_push(&host->events);
        if (!event)
            return -ENOMEM;
        event->event = file->log.events.items[i];
        file->log.events.items[i] = (struct event){0};
        event->log = host->logs.count - 1;
        event->machine = HOST_NONE;
        if (zone)
            apply_zone(event, zone);
        if (log->format != EVENT_FORMAT_EVTX) /* there, what slack gave back does not count */
            widen(log, event->event.time);
    }
    return 0;
}

/* An evidence that is one log is called by what it is. */
static void name_kind(struct host_evidence *evidence, enum event_format format)
{
    if (evidence->is_file && format != EVENT_FORMAT_NONE)
        evidence->kind =
            format == EVENT_FORMAT_EVTX ? EVIDENCE_EVENT_LOG : EVIDENCE_TEXT_LOG;
}

const char *host_tie_name(enum host_tie tie)
{
    static const char *const names[] = {NULL, "id", "name"};

    return names[tie];
}

/* A copy of the machine on the log's own host counts before one elsewhere. */
static size_t machine_by_id(const struct host *host, const struct guid *id, size_t node)
{
    size_t found = HOST_NONE;

    for (size_t i = 0; i < host->machines.count; i++) {
        const struct host_machine *machine = &host->machines.items[i];
        if (!machine->has_id || !guid_equal(&machine->id, id))
            continue;
        if (machine->node == node)
            return i;
        if (found == HOST_NONE)
            found = i;
    }
    return found;
}

/* A name is an identity only where one machine bears it. */
static size_t machine_by_name(const struct host *host, const char *name, size_t node)
{
    size_t found = HOST_NONE;

    for (size_t i = 0; i < host->machines.count; i++) {
        const struct host_machine *machine = &host->machines.items[i];
        if (!machine->name || machine->node != node ||
            text_compare_folded(machine->name, name) != 0)
            continue;
        if (found != HOST_NONE)
            return HOST_NONE;
        found = i;
    }
    return found;
}

static void tie_machine(const struct host *host, struct host_event *event, size_t node)
{
    if (event->event.has_vm_id) {
        event->machine = machine_by_id(host, &event->event.vm_id, node);
        event->tie = event->machine == HOST_NONE ? TIE_NONE : TIE_BY_ID;
    } else if (event->event.vm_name) {
        event->machine = machine_by_name(host, event->event.vm_name, node);
        event->tie = event->machine == HOST_NONE ? TIE_NONE : TIE_BY_NAME;
    }
}

static int compare_indexes(const void *a, const void *b)
{
    size_t x = *(const size_t *)a, y = *(const size_t *)b;

    return (x > y) - (x < y);
}

static int add_disk(struct host_event *event, size_t disk)
{
    for (size_t i = 0; i < event->disks.count; i++)
        if (event->disks.items[i] == disk)
            return 0;
    size_t *slot = vector_push(&event->disks);
    if (!slot)
        return -ENOMEM;
    *slot = disk;
    return 0;
}

static int tie_disks(const struct host *host, struct host_event *event, size_t node)
{
    for (size_t i = 0; i < event->event.paths.count; i++) {
        struct host_found found;
        if (strcasestr(event->event.paths.items[i], "HarddiskVolumeShadowCopy"))
            continue; /* a file as it once was, not the one on this evidence */
        int r = host_find_path(host, event->event.paths.items[i], node, &found);
        if (r == 0 && found.count == 1)
            r = add_disk(event, found.disks[0]);
        free(found.disks);
        if (r < 0)
            return r;
    }
    if (event->disks.count > 1)
        qsort(event->disks.items, event->disks.count, sizeof(*event->disks.items),
              compare_indexes);
    return 0;
}

static int compare_events(const void *a, const void *b, void *user)
{
    const struct host_event *x = a, *y = b;
    const struct host *host = user;

    if (x->event.time != y->event.time)
        return x->event.time < y->event.time ? -1 : 1;
    if (x->event.record != y->event.record)
        return x->event.record < y->event.record ? -1 : 1;
    int c = strcmp(host->logs.items[x->log].path, host->logs.items[y->log].path);
    return c ? c : (x->event.place > y->event.place) - (x->event.place < y->event.place);
}

/* A log that was named on its own and lies inside other evidence, too. */
static bool is_read_already(const file_list *files, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (files->items[i].is_log && strcmp(files->items[i].path, files->items[index].path) == 0)
            return true;
    return false;
}

int logs_join(struct host *host, file_list *files)
{
    for (size_t i = 0; i < files->count; i++) {
        struct found_file *file = &files->items[i];
        if (!file->is_log || file->log.format == EVENT_FORMAT_NONE)
            continue;
        if (is_read_already(files, i))
            continue;
        name_kind(&host->evidence.items[file->evidence], file->log.format);
        if (take_log(host, file) < 0)
            return -ENOMEM;
    }
    for (size_t i = 0; i < host->events.count; i++) {
        struct host_event *event = &host->events.items[i];
        size_t node = host->evidence.items[host->logs.items[event->log].evidence].node;
        tie_machine(host, event, node);
        if (tie_disks(host, event, node) < 0)
            return -ENOMEM;
    }
    if (host->events.count > 0)
        qsort_r(host->events.items, host->events.count, sizeof(*host->events.items),
                compare_events, host);
    return 0;
}

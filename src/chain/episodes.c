/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * Merges as the management service logs them (19070 started, 19080 finished, 19090 interrupted,
 * 19100 failed), one episode from start to end per machine. Hyper-V names the machine, never the
 * file: which files an episode is about follows from what is still unmerged.
 */
#include "chain/judge.h"

#include "base/checked.h"
#include "base/strbuf.h"
#include "event/codes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *kind;
    bool starts;
    enum episode_end end;
} steps[] = {
    {"merge-started", true, EPISODE_OPEN},
    {"merge-finished", false, EPISODE_FINISHED},
    {"merge-interrupted", false, EPISODE_INTERRUPTED},
    {"merge-failed", false, EPISODE_FAILED},
};

static struct episode *open_episode(struct verdict *verdict, size_t machine, size_t from)
{
    for (size_t i = verdict->episodes.count; i > from; i--) {
        struct episode *episode = &verdict->episodes.items[i - 1];
        if (episode->machine == machine)
            return episode->end == EPISODE_OPEN ? episode : NULL;
    }
    return NULL;
}

static int add_step(struct judge *judge, size_t index, size_t from)
{
    const struct host_event *event = &judge->host->events.items[index];
    size_t i = 0;

    while (i < ARRAY_SIZE(steps) && strcmp(event->event.kind, steps[i].kind) != 0)
        i++;
    if (i == ARRAY_SIZE(steps))
        return 0;
    struct episode *episode =
        steps[i].starts ? NULL : open_episode(judge->verdict, event->machine, from);
    if (!episode) {
        episode = vector_push(&judge->verdict->episodes);
        if (!episode)
            return -ENOMEM;
        episode->machine = event->machine;
        episode->first = index;
    }
    episode->last = index;
    episode->end = steps[i].end;
    episode->code = event->event.code;
    episode->has_code = event->event.has_code && steps[i].end == EPISODE_FAILED;
    return 0;
}

static size_t node_of(const struct host *host, const struct host_event *event)
{
    return host->evidence.items[host->logs.items[event->log].evidence].node;
}

/* A merge does not survive the service: one that was open at its start never went on by itself. */
static void mark_restarts(struct judge *judge)
{
    const struct host *host = judge->host;

    for (size_t node = 0; node < host->nodes.count; node++) {
        size_t started = 0;
        for (size_t e = 0; e < host->events.count; e++)
            if (strcmp(host->events.items[e].event.kind, "vmms-started") == 0 &&
                node_of(host, &host->events.items[e]) == node)
                started = e;
        for (size_t i = 0; i < judge->verdict->episodes.count; i++) {
            struct episode *episode = &judge->verdict->episodes.items[i];
            if (episode->end == EPISODE_OPEN && episode->last < started &&
                node_of(host, &host->events.items[episode->last]) == node)
                episode->service_restarted = true;
        }
    }
}

/* Episodes stand by machine, then time: from the end, a finished one settles those before it. */
static void mark_settled(struct verdict *verdict)
{
    bool finished = false;

    for (size_t i = verdict->episodes.count; i > 0; i--) {
        struct episode *episode = &verdict->episodes.items[i - 1];
        if (i == verdict->episodes.count || episode->machine != episode[1].machine)
            finished = false;
        episode->is_settled = finished && episode->end != EPISODE_FINISHED;
        finished = finished || episode->end == EPISODE_FINISHED;
    }
}

int judge_episodes(struct judge *judge)
{
    for (size_t m = 0; m < judge->host->machines.count; m++) {
        size_t from = judge->verdict->episodes.count;
        for (size_t i = 0; i < judge->host->events.count; i++)
            if (judge->host->events.items[i].machine == m && add_step(judge, i, from) < 0)
                return -ENOMEM;
    }
    mark_restarts(judge);
    mark_settled(judge->verdict);
    return 0;
}

const struct episode *episode_last(const struct verdict *verdict, size_t machine)
{
    for (size_t i = verdict->episodes.count; i > 0; i--)
        if (verdict->episodes.items[i - 1].machine == machine)
            return &verdict->episodes.items[i - 1];
    return NULL;
}

static bool is_owed_a_merge(enum disk_class class)
{
    return class == CLASS_ACTIVE_UNTRACKED || class == CLASS_PENDING_MERGE;
}

bool episode_concerns(const struct judge *judge, size_t disk)
{
    const struct disk_verdict *disks = judge->verdict->disks;

    if (disks[disk].machine == HOST_NONE || is_owed_a_merge(disks[disk].class))
        return disks[disk].machine != HOST_NONE;
    if (disks[disk].class != CLASS_ORPHAN_WITH_DATA && disks[disk].class != CLASS_ORPHAN_EMPTY &&
        disks[disk].class != CLASS_ORPHAN_SIDE_BRANCH)
        return false;
    for (size_t i = 0; i < judge->verdict->disk_count; i++)
        if (disks[i].machine == disks[disk].machine && is_owed_a_merge(disks[i].class))
            return false;
    return true;
}

/* "2026-… VSS 8229: message, 0x800423f4 (Application.evtx, record 7)"; a text has lines instead. */
char *event_line(const struct host *host, size_t index)
{
    const struct host_event *event = &host->events.items[index];
    const struct event *e = &event->event;
    char when[WHEN_TEXT_SIZE], code[CODE_TEXT_SIZE];
    struct strbuf line = {0};

    if (e->time)
        strbuf_printf(&line, "%s ", when_format(e->time, e->precision, when));
    strbuf_append(&line, e->provider ? e->provider : "log");
    if (e->has_record)
        strbuf_printf(&line, " %u", e->event_id);
    strbuf_printf(&line, ": %s", e->message ? e->message : "");
    if (e->has_code)
        strbuf_printf(&line, ", %s", code_format(e->code, code));
    strbuf_printf(&line, " (%s, %s %llu%s%s)", host->logs.items[event->log].path,
                  e->record       ? "record"
                  : e->has_record ? "entry"
                                  : "line",
                  (unsigned long long)(e->record ? e->record : e->place),
                  e->local_time ? ", local time" : "",
                  event->tie == TIE_BY_NAME ? ", tied to the VM by its name" : "");
    return strbuf_steal(&line);
}

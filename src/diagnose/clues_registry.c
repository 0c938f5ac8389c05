/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Questions to the registry hives and policies of the host that the diagnosis is about. */
#include "diagnose/clues.h"

#include "base/strbuf.h"
#include "base/text.h"
#include "base/when.h"

#include <stdlib.h>
#include <string.h>

#define ACCOUNT "NT VIRTUAL MACHINE\\Virtual Machines (S-1-5-83-0)"

static size_t node_of(const struct trace *trace, const struct host_hive *hive)
{
    return trace->host->evidence.items[hive->evidence].node;
}

static bool was_seen_on(const struct trace *trace, size_t node)
{
    for (size_t i = 0; i < trace->host->events.count; i++) {
        const struct host_event *event = &trace->host->events.items[i];
        size_t evidence = trace->host->logs.items[event->log].evidence;
        if (event->machine == trace->machine && trace->host->evidence.items[evidence].node == node)
            return true;
    }
    return false;
}

/* A machine is told about by hives of its own host, or, where its files lie on a storage that
 * several share, of the hosts whose logs tell of it; what is no machine's, by all. */
static bool is_of_trace(const struct trace *trace, const struct host_hive *hive)
{
    if (trace->machine == HOST_NONE)
        return true;
    size_t home = trace->host->machines.items[trace->machine].node, node = node_of(trace, hive);
    return home == node ||
           (trace->host->nodes.items[home].is_shared_storage && was_seen_on(trace, node));
}

typedef bool hive_test(struct trace *, const struct host_hive *);

/* True when a hive or policy of the trace passes; the test says what it has seen. */
static bool any_hive(struct trace *trace, hive_test *test)
{
    bool found = false;

    for (size_t i = 0; i < trace->host->hives.count; i++) {
        const struct host_hive *hive = &trace->host->hives.items[i];
        found = (is_of_trace(trace, hive) && test(trace, hive)) || found;
    }
    return found;
}

static void say(struct trace *trace, const struct host_hive *hive, char *text)
{
    char *line = text ? string_printf("%s: %s%s", hive->path, text,
                                      hive->facts.has_pending_log
                                          ? " (changes that wait in the hive's log are not applied)"
                                          : "")
                      : NULL;

    free(text);
    trace_add(trace, line, 0);
}

/* ---- the right to log on as a service ---- */

static bool lacks_right(const struct host_hive *hive)
{
    return hive->facts.logon_right == LOGON_RIGHT_MISSING ||
           hive->facts.logon_right == LOGON_RIGHT_DENIED;
}

static bool right_is_missing(struct trace *trace, const struct host_hive *hive)
{
    bool is_policy = hive->facts.kind == HIVE_POLICY;

    if (!lacks_right(hive))
        return false;
    if (hive->facts.logon_right == LOGON_RIGHT_DENIED)
        say(trace, hive, strdup(ACCOUNT " is denied to log on as a service"));
    else if (is_policy)
        say(trace, hive,
            strdup("a policy says who may log on as a service, without " ACCOUNT));
    else
        say(trace, hive, strdup(ACCOUNT " has no right to log on as a service"));
    return true;
}

bool clue_logon_right_missing(struct trace *trace)
{
    return any_hive(trace, right_is_missing);
}

static bool right_is_there(struct trace *trace, const struct host_hive *hive)
{
    if (hive->facts.kind != HIVE_SECURITY || hive->facts.logon_right != LOGON_RIGHT_GRANTED)
        return false;
    for (size_t i = 0; i < trace->host->hives.count; i++) {
        const struct host_hive *other = &trace->host->hives.items[i];
        if (node_of(trace, other) == node_of(trace, hive) && lacks_right(other))
            return false; /* a policy that takes it away again decides */
    }
    say(trace, hive,
        strdup(ACCOUNT " has the right to log on as a service (now; a refresh of the policies may "
                       "have given it back)"));
    return true;
}

bool clue_logon_right_there(struct trace *trace)
{
    return any_hive(trace, right_is_there);
}

/* ---- the time limit of shared protection points ---- */

#define MINUTE_MS   60000
#define LONG_LIMIT  (60 * MINUTE_MS)

/* The last start of that host in its logs, 0 unknown. */
static filetime last_start(const struct trace *trace, size_t node)
{
    filetime last = 0;

    for (size_t i = 0; i < trace->host->events.count; i++) {
        const struct host_event *event = &trace->host->events.items[i];
        size_t evidence = trace->host->logs.items[event->log].evidence;
        if (event_is_of_kind(&event->event, "host-started") && !event->event.local_time &&
            trace->host->evidence.items[evidence].node == node && event->event.time > last)
            last = event->event.time;
    }
    return last;
}

static const char *remark(uint32_t milliseconds)
{
    if (milliseconds > LONG_LIMIT)
        return ", more than an hour: check the number, it is in milliseconds";
    if (milliseconds < HIVE_DEFAULT_TIMEOUT_MS)
        return ", less than the default of 10 minutes";
    return "";
}

static void say_if_not_in_force(struct trace *trace, const struct host_hive *hive)
{
    filetime start = last_start(trace, node_of(trace, hive)), changed = hive->facts.spp_written;
    char when_changed[WHEN_TEXT_SIZE], when_started[WHEN_TEXT_SIZE];

    if (start == 0 || changed <= start)
        return;
    say(trace, hive,
        string_printf("the key of CreateTimeout was changed at %s, and no start of the host after "
                      "that is logged (the last one: %s): the change takes effect with a restart",
                      when_format(changed, WHEN_SECONDS, when_changed),
                      when_format(start, WHEN_SECONDS, when_started)));
}

static bool timeout_is_known(struct trace *trace, const struct host_hive *hive)
{
    const struct hive_number *limit = &hive->facts.create_timeout;

    if (hive->facts.kind != HIVE_SOFTWARE)
        return false;
    if (!limit->present)
        say(trace, hive, strdup("CreateTimeout is not set: the default of 10 minutes holds"));
    else if (limit->type != HIVE_DWORD)
        say(trace, hive,
            string_printf("CreateTimeout is no REG_DWORD but of type %u and does not count",
                          limit->type));
    else
        say(trace, hive,
            string_printf("CreateTimeout is %u ms = %u.%u minutes%s", limit->value,
                          limit->value / MINUTE_MS, limit->value % MINUTE_MS / (MINUTE_MS / 10),
                          remark(limit->value)));
    if (limit->present)
        say_if_not_in_force(trace, hive);
    return true;
}

bool clue_create_timeout(struct trace *trace)
{
    return any_hive(trace, timeout_is_known);
}

/* The time limit in force on that host as far as its hive tells, in milliseconds. */
static uint32_t limit_of(const struct trace *trace, size_t node)
{
    for (size_t i = 0; i < trace->host->hives.count; i++) {
        const struct host_hive *hive = &trace->host->hives.items[i];
        if (hive->facts.kind == HIVE_SOFTWARE && hive->facts.create_timeout.type == HIVE_DWORD &&
            hive->facts.create_timeout.present && node_of(trace, hive) == node)
            return hive->facts.create_timeout.value;
    }
    return HIVE_DEFAULT_TIMEOUT_MS;
}

#define MILLISECOND ((filetime)10000)
#define LONGEST_MS  (24 * 60 * MINUTE_MS) /* a backup that fails later than this failed of itself */

/* Milliseconds from the start that the event names to the event; 0 when it names none. */
static uint32_t time_to_failure(const struct event *event)
{
    const char *text = event_value(event, "BackupTime");
    filetime start = text ? when_parse(text, NULL, NULL) : 0;

    if (start == 0 || start >= event->time || event->time - start > LONGEST_MS * MILLISECOND)
        return 0;
    return (uint32_t)((event->time - start) / MILLISECOND);
}

bool clue_time_to_failure(struct trace *trace)
{
    bool found = false;

    for (size_t i = 0; i < trace->host->events.count; i++) {
        const struct host_event *event = &trace->host->events.items[i];
        uint32_t took = time_to_failure(&event->event);
        size_t evidence = trace->host->logs.items[event->log].evidence;
        uint32_t limit = limit_of(trace, trace->host->evidence.items[evidence].node);
        if (took == 0 || !event_is_of_kind(&event->event, "backup-failed backup-snapshot-failed"))
            continue;
        found = true;
        trace_add(trace,
                  string_printf("the backup failed %u.%u minutes after its start; the time limit "
                                "is %u.%u minutes",
                                took / MINUTE_MS, took % MINUTE_MS / (MINUTE_MS / 10),
                                limit / MINUTE_MS, limit % MINUTE_MS / (MINUTE_MS / 10)),
                  0);
    }
    return found;
}

/* ---- EventSystem ---- */

#define TYPE_OWN_PROCESS   0x10
#define TYPE_SHARE_PROCESS 0x20
#define FIRST_SPLIT_BUILD  15063 /* Windows 10 1703: services leave their groups by themselves */

static bool type_has(const struct host_hive *hive, uint32_t bit)
{
    const struct hive_number *type = &hive->facts.eventsystem_type;

    return hive->facts.kind == HIVE_SYSTEM && type->present && type->type == HIVE_DWORD &&
           (type->value & bit);
}

/* Of the Windows whose SYSTEM hive that is; 0 unknown. */
static uint32_t build_of(const struct trace *trace, const struct host_hive *system)
{
    uint32_t build = 0;

    for (size_t i = 0; i < trace->host->hives.count; i++) {
        const struct host_hive *hive = &trace->host->hives.items[i];
        if (hive->facts.kind == HIVE_SOFTWARE && node_of(trace, hive) == node_of(trace, system))
            build = hive->facts.build;
    }
    return build;
}

static bool is_never_split(const struct trace *trace, const struct host_hive *hive)
{
    uint32_t build = build_of(trace, hive);
    const struct hive_number *disable = &hive->facts.eventsystem_split_disable;

    return (build > 0 && build < FIRST_SPLIT_BUILD) ||
           (disable->type == HIVE_DWORD && disable->value == 1);
}

static char *sharing_line(const struct host_hive *hive, const char *caveat)
{
    const char *group = hive->facts.eventsystem_group;

    return string_printf("EventSystem has type 0x20 and is started in group %s, as %zu other "
                         "service%s%s",
                         group ? group : "(unknown)", hive->facts.eventsystem_peers.count,
                         hive->facts.eventsystem_peers.count == 1 ? " is" : "s are", caveat);
}

static bool shares(struct trace *trace, const struct host_hive *hive)
{
    if (!type_has(hive, TYPE_SHARE_PROCESS) || hive->facts.eventsystem_peers.count == 0 ||
        !is_never_split(trace, hive))
        return false;
    say(trace, hive, sharing_line(hive, ""));
    return true;
}

bool clue_eventsystem_set_to_share(struct trace *trace)
{
    return any_hive(trace, shares);
}

static bool may_share(struct trace *trace, const struct host_hive *hive)
{
    if (type_has(hive, TYPE_SHARE_PROCESS) && !is_never_split(trace, hive))
        say(trace, hive,
            sharing_line(hive, "; from Windows 10 1703 and Windows Server 2019 on services are "
                               "split by themselves, so only tasklist /svc tells whether they "
                               "share a process"));
    return hive->facts.kind == HIVE_SYSTEM;
}

bool clue_eventsystem_may_share(struct trace *trace)
{
    return any_hive(trace, may_share);
}

/* Nobody has seen it share its process: the type may have been changed without a restart. */
static bool is_seen_sharing(const struct trace *trace)
{
    for (size_t i = 0; i < trace->host->logs.count; i++) {
        const struct host_log *log = &trace->host->logs.items[i];
        for (size_t p = 0; p < log->services.count; p++)
            for (size_t s = 0; s < log->services.items[p].services.count; s++)
                if (log->services.items[p].services.count > 1 &&
                    text_compare_folded(log->services.items[p].services.items[s],
                                        "EventSystem") == 0)
                    return true;
    }
    return false;
}

static bool runs_alone(struct trace *trace, const struct host_hive *hive)
{
    if (!type_has(hive, TYPE_OWN_PROCESS) || is_seen_sharing(trace))
        return false;
    say(trace, hive, strdup("EventSystem has type 0x10: a process of its own"));
    return true;
}

bool clue_eventsystem_set_to_run_alone(struct trace *trace)
{
    return any_hive(trace, runs_alone);
}

#define START_DISABLED 4

static bool is_disabled(struct trace *trace, const struct host_hive *hive)
{
    const struct hive_number *start = &hive->facts.eventsystem_start;

    if (hive->facts.kind != HIVE_SYSTEM || !start->present || start->type != HIVE_DWORD ||
        start->value != START_DISABLED)
        return false;
    say(trace, hive, strdup("EventSystem is disabled: it only has to be started"));
    return true;
}

bool clue_eventsystem_disabled(struct trace *trace)
{
    return any_hive(trace, is_disabled);
}

/* ---- event classes ---- */

static bool classes_are_wrong(struct trace *trace, const struct host_hive *hive)
{
    const char *text = hive->facts.event_classes.text;

    if (hive->facts.kind != HIVE_SOFTWARE || !hive_event_classes_are_wrong(&hive->facts))
        return false;
    say(trace, hive,
        string_printf("TypeLib of the event classes is \"%s\" of type %u, it should be "
                      "\"%%systemroot%%\\system32\\EVENTCLS.DLL\" of type 2 (REG_EXPAND_SZ)",
                      text ? text : "", hive->facts.event_classes.type));
    return true;
}

bool clue_event_classes_wrong(struct trace *trace)
{
    return any_hive(trace, classes_are_wrong);
}

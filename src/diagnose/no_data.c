/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * What can't be judged because its logs are not on the evidence. Silence would read as "excluded";
 * saying it of every rule would bury the rest, so only rules with `needs` are asked.
 */
#include "diagnose/rule.h"

#include "base/strbuf.h"
#include "base/text.h"
#include "diagnose/sources.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

static char *missing_line(const struct log_source *source, enum source_state state,
                          const char *node, filetime from, filetime begins)
{
    char at[WHEN_TEXT_SIZE], wanted[WHEN_TEXT_SIZE];
    const char *of = *node ? " of host " : "";

    if (state == SOURCE_ABSENT)
        return string_printf("%s%s%s is not on the evidence; %s", source->name, of, node,
                             source->how);
    if (begins == 0)
        return string_printf("%s%s%s is empty: an older copy of it, from a backup of the host",
                             source->name, of, node);
    return string_printf("%s%s%s begins at %s, after what it would have to explain (%s): an older "
                         "copy of it, from a backup of the host",
                         source->name, of, node, when_format(begins, WHEN_SECONDS, at),
                         when_format(from, WHEN_SECONDS, wanted));
}

/* Adds a line for each of the sources, unless one of them is there. */
static void look_for_sources(struct trace *trace, const char *needs, size_t node, filetime from)
{
    const struct host *host = trace->host;
    filetime begins = 0;

    for (const char *at = needs; at; at = source_next(at))
        if (source_state(host, node, source_of(at), from, &begins) == SOURCE_THERE)
            return;
    for (const char *at = needs; at; at = source_next(at)) {
        enum source_state state = source_state(host, node, source_of(at), from, &begins);
        trace_add(trace,
                  missing_line(source_of(at), state, host->nodes.items[node].name, from, begins),
                  0);
    }
}

/* Whose logs would tell: those of the machine's own host or, where its files lie on a storage that
 * hosts share, of each of them, as of what is no machine's. */
static bool would_tell(const struct host *host, size_t machine, size_t node)
{
    size_t home = machine == HOST_NONE ? HOST_NONE : host->machines.items[machine].node;

    if (home == HOST_NONE || host->nodes.items[home].is_shared_storage)
        return !host->nodes.items[node].is_shared_storage;
    return home == node;
}

static const char summary[] =
    "Not judged: the logs that would tell are not on the evidence or do not reach back far enough.";

/* Of one machine, or of the hosts (HOST_NONE): an entry, when no source is there. */
static int add(struct diagnosis_list *list, const struct rule *rule, const struct host *host,
               const struct verdict *verdict, size_t machine, bool always)
{
    struct diagnosis made = {
        .rule = rule->name, .verdict = DIAGNOSIS_NO_DATA, .machine = machine, .summary = summary};
    struct trace trace = {.host = host,
                          .verdict = verdict,
                          .machine = machine,
                          .per_machine = rule->per_machine,
                          .lines = &made.evidence};
    bool asked = (rule->asks && rule->asks(&trace)) || always;

    trace.lines = &made.missing;
    for (size_t node = 0; node < host->nodes.count && asked; node++)
        if (would_tell(host, machine, node))
            look_for_sources(&trace, rule->needs, node, trace.first);
    if (made.missing.count > 0 && !trace.failed) {
        struct diagnosis *place = vector_push(list);
        if (place) {
            *place = made;
            return 0;
        }
        trace.failed = true;
    }
    string_list_free(&made.evidence);
    string_list_free(&made.missing);
    return trace.failed ? -ENOMEM : 0;
}

static bool has_entry(const struct diagnosis_list *list, const struct rule *rule, size_t machine)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i].rule == rule->name && list->items[i].machine == machine)
            return true;
    return false;
}

static bool has_any_entry(const struct diagnosis_list *list, const struct rule *rule)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i].rule == rule->name)
            return true;
    return false;
}

static bool shows_hyperv(const struct host *host)
{
    static const char head[] = "Microsoft-Windows-Hyper-V-";

    for (size_t i = 0; i < host->logs.count; i++)
        if (host->logs.items[i].channel &&
            strncasecmp(host->logs.items[i].channel, head, strlen(head)) == 0)
            return true;
    return host->machines.count > 0 || host->disks.count > 0 || host->hives.count > 0;
}

int diagnose_no_data(struct diagnosis_list *list, const struct rule *rule, const struct host *host,
                     const struct verdict *verdict, bool on_request)
{
    int r = 0;

    if (!rule->needs)
        return 0;
    for (size_t m = 0; m < host->machines.count && rule->asks && r == 0; m++)
        if (!has_entry(list, rule, m))
            r = add(list, rule, host, verdict, m, false);
    if (r < 0 || !on_request || has_any_entry(list, rule) ||
        (rule->not_of_hyperv && shows_hyperv(host)))
        return r;
    return add(list, rule, host, verdict, HOST_NONE, true);
}

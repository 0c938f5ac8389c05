/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * Who touched a disk, as the driver of virtual disks (VHDMP) logs it: why a linkage broke. Handles
 * (12) say whether they may write; a disk surfaced in the host (1) is writable unless its handle
 * says otherwise; operations (50) are merges, resizes and the like.
 */
#include "chain/finding.h"

#include "base/checked.h"
#include "base/strbuf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MOST_OPENINGS 6 /* of one disk: the last ones count */

static bool is_true(const char *value)
{
    return value && (strcasecmp(value, "true") == 0 || strcmp(value, "1") == 0);
}

static bool is_false(const char *value)
{
    return value && (strcasecmp(value, "false") == 0 || strcmp(value, "0") == 0);
}

/* NULL: it changes nothing. */
static const char *deed_of(const struct event *event)
{
    if (strcmp(event->kind, "disk-opened") == 0)
        return is_false(event_value(event, "ReadOnly")) &&
                       !is_true(event_value(event, "GetInfoOnly"))
                   ? "opened writable"
                   : NULL;
    if (strcmp(event->kind, "disk-mounted") == 0)
        return "mounted in the host";
    return strcmp(event->kind, "disk-operation-started") == 0 ? "changed by an operation" : NULL;
}

static bool event_names_disk(const struct host_event *event, size_t disk)
{
    for (size_t i = 0; i < event->disks.count; i++)
        if (event->disks.items[i] == disk)
            return true;
    return false;
}

bool event_is_opening(const struct host *host, size_t event, size_t disk)
{
    const struct host_event *e = &host->events.items[event];

    return deed_of(&e->event) && event_names_disk(e, disk);
}

/* "VM web01", "VM 8a…", "the host itself (S-1-5-18, process 2468)". */
static void put_who(struct strbuf *line, const struct host *host, const struct host_event *e)
{
    const struct event *event = &e->event;
    char id[GUID_TEXT_SIZE];

    if (e->machine != HOST_NONE || event->has_vm_id) {
        strbuf_printf(line, "VM %s",
                      e->machine != HOST_NONE ? machine_label(&host->machines.items[e->machine], id)
                                              : guid_format(&event->vm_id, id));
        return;
    }
    strbuf_append(line, "the host itself, not a VM");
    if (event->user)
        strbuf_printf(line, " (user %s, process %u)", event->user, event->process_id);
}

char *opening_line(const struct host *host, size_t index)
{
    const struct host_event *e = &host->events.items[index];
    const char *operation = event_value(&e->event, "VhdMetaOps");
    struct strbuf line = {0};
    char *seen = event_line(host, index);

    strbuf_printf(&line, "%s by ", deed_of(&e->event));
    put_who(&line, host, e);
    if (operation)
        strbuf_printf(&line, ", %s", operation);
    strbuf_printf(&line, ": %s", seen ? seen : "");
    line.failed = line.failed || !seen;
    free(seen);
    return strbuf_steal(&line);
}

int evidence_of_openings(const struct judge *judge, size_t disk, filetime since, string_list *lines)
{
    const struct host *host = judge->host;
    size_t found = 0, skipped = 0;
    int r = 0;

    for (size_t i = 0; i < host->events.count; i++)
        found += host->events.items[i].event.time >= since && event_is_opening(host, i, disk);
    if (found > MOST_OPENINGS)
        r = string_list_add(lines,
                            string_printf("%s was opened writable or mounted %zu times, last:",
                                          path_name(judge_disk(judge, disk)->path), found));
    for (size_t i = 0; i < host->events.count && r == 0; i++)
        if (host->events.items[i].event.time >= since && event_is_opening(host, i, disk) &&
            skipped++ + MOST_OPENINGS >= found)
            r = string_list_add(lines, opening_line(host, i));
    return r;
}

static const char *or_unknown(const char *text)
{
    return text && *text ? text : "unknown";
}

static char *refusal_line(const struct event *event, const char *seen)
{
    return string_printf("the chain was refused: its parent has %s, expected was %s or %s: %s",
                         or_unknown(event_value(event, "ParentLastWriteGUID")),
                         or_unknown(event_value(event, "ExpectedParentLastWriteGUID1")),
                         or_unknown(event_value(event, "ExpectedParentLastWriteGUID2")), seen);
}

int evidence_of_refusals(const struct judge *judge, size_t disk, string_list *lines)
{
    const struct host *host = judge->host;
    int r = 0;

    for (size_t i = 0; i < host->events.count && r == 0; i++) {
        const struct event *event = &host->events.items[i].event;
        if (strcmp(event->kind, "chain-mismatch") != 0 ||
            !event_names_disk(&host->events.items[i], disk))
            continue;
        char *seen = event_line(host, i);
        r = string_list_add(lines, seen ? refusal_line(event, seen) : NULL);
        free(seen);
    }
    return r;
}

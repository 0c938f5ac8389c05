/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * The body file of The Sleuth Kit 3 and later, which mactime turns into a timeline:
 * MD5|name|inode|mode_as_string|UID|GID|size|atime|mtime|ctime|crtime, times in seconds of Unix.
 */
#include "report/printers.h"

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#define TICKS_PER_SECOND 10000000u
#define UNIX_EPOCH       11644473600u /* seconds from 1601 to 1970 */

/* 0, which mactime passes over, where the time is not known or lies before 1970. */
static uint64_t unix_seconds(filetime when)
{
    uint64_t seconds = when / TICKS_PER_SECOND;

    return seconds > UNIX_EPOCH ? seconds - UNIX_EPOCH : 0;
}

/* The format has no escape for its separator. */
static void put_name(struct output *out, const char *name)
{
    CLEANUP_FREE char *printable = text_printable(name);

    if (!printable)
        output_fail(out, -ENOMEM);
    for (const char *p = printable; p && *p; p++) {
        if (*p == '|')
            output_text(out, "\\x7C");
        else
            output_char(out, *p);
    }
}

struct line {
    const char *name, *note; /* note: what is meant, or NULL */
    uint64_t size;
    filetime modified, created;
};

static void put_line(struct output *out, const struct line *line)
{
    if (line->modified == 0 && line->created == 0)
        return;
    output_text(out, "0|");
    put_name(out, line->name);
    if (line->note) {
        output_text(out, " (");
        put_name(out, line->note);
        output_char(out, ')');
    }
    output_printf(out, "|0|r/r---------|0|0|%" PRIu64 "|0|%" PRIu64 "|0|%" PRIu64 "\n", line->size,
                  unix_seconds(line->modified),
                  unix_seconds(line->created));
}

static void put_disk(struct output *out, const struct report *r, size_t index)
{
    const struct host_disk *d = &r->host.disks.items[index];
    struct line line = {.name = d->path, .note = class_name(r->verdict.disks[index].class),
                        .size = d->file_size, .modified = d->modified,
                        .created = d->created};

    put_line(out, &line);
    if (!d->facts || d->facts->created == 0)
        return;
    line = (struct line){.name = d->path, .note = "created, says its footer",
                         .size = d->file_size, .created = d->facts->created};
    put_line(out, &line);
}

static void put_checkpoints(struct output *out, const struct host_machine *m)
{
    for (size_t i = 0; i < m->checkpoints.count; i++) {
        const struct host_checkpoint *c = &m->checkpoints.items[i];
        CLEANUP_FREE char *name = string_printf("checkpoint %s of VM %s", c->name ? c->name : "?",
                                                m->name ? m->name : "?");
        if (!name)
            output_fail(out, -ENOMEM);
        else
            put_line(out, &(struct line){.name = name, .created = c->created});
    }
}

/* An event happened once: all four times would be the same, one is enough. */
static void put_event(struct output *out, const struct event *e)
{
    const char *of = e->vm_name ? e->vm_name : e->computer;
    CLEANUP_FREE char *name =
        string_printf("event %s%s%s: %s", e->kind ? e->kind : "?", of ? " of " : "", of ? of : "",
                      e->message ? e->message : "?");

    if (!name)
        output_fail(out, -ENOMEM);
    else
        put_line(out, &(struct line){.name = name, .modified = e->time});
}

void report_print_bodyfile(struct output *out, const struct report *r,
                           const struct report_style *style)
{
    for (size_t i = 0; i < r->host.disks.count; i++)
        put_disk(out, r, i);
    for (size_t i = 0; i < r->host.machines.count; i++)
        put_checkpoints(out, &r->host.machines.items[i]);
    for (size_t i = 0; i < r->host.events.count; i++)
        put_event(out, &r->host.events.items[i].event);
}

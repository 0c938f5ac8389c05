/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* The Hyper-V VSS writer that refuses a snapshot: how often, and what happened beside it. */
#include "diagnose/clues.h"

#include "base/text.h"

#include <string.h>

#define SECOND         ((filetime)10000000)
#define SAME_RUN       (10 * 60 * SECOND) /* rejections so close belong to one backup */
#define HYPERV_WRITER  "66841cd4-6ded-4f4b-8f17-fd23f8ddc3de|Microsoft Hyper-V VSS Writer|vmms.exe"
#define E_NONRETRYABLE 0x800423F4

static bool is_rejection(const struct event *event)
{
    return event_is_of_kind(event, "vss-writer-rejected") && event->has_code &&
           event->code == E_NONRETRYABLE && event_has_words(event, HYPERV_WRITER);
}

/* Runs of a backup in which the writer failed, without a success between them. */
static size_t rejected_runs(struct trace *trace, bool say)
{
    size_t runs = 0, most = 0;
    filetime last = 0;

    for (size_t i = 0; i < trace->host->events.count; i++) {
        const struct event *event = &trace->host->events.items[i].event;
        if (event_is_of_kind(event, "backup-finished"))
            runs = 0;
        if (!is_rejection(event))
            continue;
        if (runs == 0 || event->time > last + SAME_RUN)
            runs++;
        last = event->time;
        most = runs > most ? runs : most;
        if (say)
            trace_add_event(trace, i);
    }
    return most;
}

bool clue_writer_rejected(struct trace *trace)
{
    return rejected_runs(trace, false) > 0 && rejected_runs(trace, true) > 0;
}

bool clue_writer_rejected_twice(struct trace *trace)
{
    return rejected_runs(trace, false) == 2 && rejected_runs(trace, true) > 0;
}

bool clue_writer_rejected_often(struct trace *trace)
{
    return rejected_runs(trace, false) > 2 && rejected_runs(trace, true) > 0;
}

static const struct host_event *event_at(const struct trace *trace, size_t index)
{
    return &trace->host->events.items[index];
}

/* The rejection after `*index` (SIZE_MAX: the first one); false when there is none. */
static bool next_rejection(const struct trace *trace, size_t *index)
{
    while (++*index < trace->host->events.count)
        if (is_rejection(&event_at(trace, *index)->event))
            return true;
    return false;
}

static bool is_near(const struct event *event, const struct event *rejection)
{
    return event->time + SAME_RUN >= rejection->time && event->time <= rejection->time + SAME_RUN;
}

/* ---- whose checkpoints failed with it ---- */

#define MACHINE_FAILURES                                                                           \
    "production-checkpoint-failed guest-writers-failed backup-checkpoint-failed"

static bool is_same_machine(const struct host_event *a, const struct host_event *b)
{
    if (a->machine != HOST_NONE || b->machine != HOST_NONE)
        return a->machine == b->machine;
    return a->event.vm_name && b->event.vm_name &&
           text_compare_folded(a->event.vm_name, b->event.vm_name) == 0;
}

static bool failed_several(struct trace *trace, const struct event *rejection)
{
    size_t first = SIZE_MAX;

    for (size_t i = 0; i < trace->host->events.count; i++) {
        const struct host_event *event = event_at(trace, i);
        if (!event_is_of_kind(&event->event, MACHINE_FAILURES) ||
            !is_near(&event->event, rejection))
            continue;
        if (first == SIZE_MAX) {
            first = i;
        } else if (!is_same_machine(event_at(trace, first), event)) {
            trace_add_event(trace, first);
            trace_add_event(trace, i);
            return true;
        }
    }
    return false;
}

bool clue_writer_rejected_for_several(struct trace *trace)
{
    for (size_t i = SIZE_MAX; next_rejection(trace, &i);)
        if (failed_several(trace, &event_at(trace, i)->event))
            return true;
    return false;
}

/* ---- what the guest's own logs say ---- */

/* The first and the last rejection; false when there are not two. */
static bool find_span(const struct trace *trace, const struct event **first,
                      const struct event **last)
{
    size_t i = SIZE_MAX;

    *first = *last = NULL;
    while (next_rejection(trace, &i)) {
        *last = &event_at(trace, i)->event;
        *first = *first ? *first : *last;
    }
    return *first != *last;
}

bool clue_guest_service_restarted(struct trace *trace)
{
    const struct event *first, *last;

    if (!find_span(trace, &first, &last))
        return false;
    for (size_t i = 0; i < trace->host->events.count; i++) {
        const struct event *event = &event_at(trace, i)->event;
        const char *service = event_value(event, "Service");
        if (!event_is_of_kind(event, "service-state") || !service ||
            text_compare_folded(service, "vmicvss") != 0 || event->time <= first->time ||
            event->time >= last->time)
            continue;
        trace_add_event(trace, i);
        return true;
    }
    return false;
}

/* Errors of VSS that another computer logged. */
static size_t guest_error_near(const struct trace *trace, const struct event *rejection)
{
    for (size_t i = 0; i < trace->host->events.count; i++) {
        const struct event *event = &event_at(trace, i)->event;
        if (event_is_of_kind(event, "vss-writer-rejected vss-writer-failed vss-routine-failed "
                                    "vss-provider-failed") &&
            event->computer && rejection->computer &&
            text_compare_folded(event->computer, rejection->computer) != 0 &&
            is_near(event, rejection))
            return i;
    }
    return SIZE_MAX;
}

bool clue_guest_vss_failed_first(struct trace *trace)
{
    const struct event *first, *last;

    if (!find_span(trace, &first, &last) || guest_error_near(trace, last) != SIZE_MAX)
        return false;
    size_t error = guest_error_near(trace, first);
    if (error == SIZE_MAX)
        return false;
    trace_add_event(trace, error);
    return true;
}

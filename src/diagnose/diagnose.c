/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Weighs the clues of each rule; the same weighing for all of them. */
#include "diagnose/rule.h"
#include "diagnose/sources.h"

#include "base/checked.h"
#include "base/strbuf.h"
#include "base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct rule *const families[] = {rules_backup, rules_merge, rules_guest, rules_host};

const char *diagnosis_verdict_name(enum diagnosis_verdict verdict)
{
    static const char *const names[] = {"confirmed", "likely", "possible", "excluded", "no-data"};

    return names[verdict];
}

const char *remedy_risk_name(enum remedy_risk risk)
{
    static const char *const names[] = {"none", "service", "data"};

    return names[risk];
}

#define MOST_LINES 40 /* evidence of one diagnosis; a failing host logs the same for months */

static void add_line(struct trace *trace, char *line, filetime time)
{
    if (time && (trace->first == 0 || time < trace->first))
        trace->first = time;
    if (time > trace->last)
        trace->last = time;
    if (line && trace->lines->count >= MOST_LINES) {
        free(line);
        return;
    }
    char **slot = line ? vector_push(trace->lines) : NULL;
    if (!slot) {
        free(line);
        trace->failed = true;
        return;
    }
    *slot = line;
}

void trace_add(struct trace *trace, char *line, filetime time)
{
    trace->witnesses.other_evidence = true;
    add_line(trace, line, time);
}

/* Records of one identifier are the same witness; of a text each line is one. */
static bool is_same_event(const struct event *a, const struct event *b)
{
    if (!a->has_record || !b->has_record)
        return a == b;
    return a->event_id == b->event_id && strcmp(a->kind, b->kind) == 0 &&
           text_compare_folded(a->provider ? a->provider : "", b->provider ? b->provider : "") == 0;
}

static void hear(struct trace *trace, const struct event *event)
{
    struct witnesses *witnesses = &trace->witnesses;

    if (!witnesses->event)
        witnesses->event = event;
    else if (!is_same_event(witnesses->event, event))
        witnesses->other_events = true;
}

void trace_add_event_line(struct trace *trace, size_t index, char *line)
{
    const struct event *event = &trace->host->events.items[index].event;

    hear(trace, event);
    add_line(trace, line, event->time);
}

void trace_add_event(struct trace *trace, size_t index)
{
    trace_add_event_line(trace, index, event_line(trace->host, index));
}

static bool is_one_event(const struct witnesses *witnesses)
{
    return witnesses->event && !witnesses->other_events && !witnesses->other_evidence;
}

bool trace_concerns(const struct trace *trace, const struct host_event *event)
{
    if (!trace->per_machine)
        return true;
    if (trace->machine != HOST_NONE)
        return event->machine == trace->machine;
    return event->machine == HOST_NONE && trace->vm_name && event->event.vm_name &&
           text_compare_folded(event->event.vm_name, trace->vm_name) == 0;
}

bool event_is_of_kind(const struct event *event, const char *kinds)
{
    size_t length = strlen(event->kind);

    for (const char *at = kinds; (at = strstr(at, event->kind)); at += length)
        if ((at == kinds || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\0'))
            return true;
    return false;
}

static bool text_has_words(const char *text, const char *words)
{
    while (*words) {
        size_t length = strcspn(words, "|");
        for (const char *at = text; text && *at; at++)
            if (strncasecmp(at, words, length) == 0)
                return true;
        words += length + (words[length] == '|');
    }
    return false;
}

bool event_has_words(const struct event *event, const char *words)
{
    if (text_has_words(event->message, words))
        return true;
    for (size_t i = 0; i < event->data.count; i++)
        if (text_has_words(event->data.items[i].value, words))
            return true;
    return false;
}

static bool has_code(const struct event *event, const struct clue *clue)
{
    if (clue->inner && !(event->has_inner_code && event->inner_code == clue->inner) &&
        !(event->has_code && event->code == clue->inner))
        return false;
    if (clue->codes[0] == 0)
        return true;
    for (size_t i = 0; i < CLUE_CODES && clue->codes[i]; i++)
        if ((event->has_code && event->code == clue->codes[i]) ||
            (event->has_inner_code && event->inner_code == clue->codes[i]))
            return true;
    return false;
}

static bool fits(const struct trace *trace, const struct clue *clue, const struct host_event *event)
{
    if (!clue->host_wide && !trace_concerns(trace, event))
        return false;
    return (!clue->kinds || event_is_of_kind(&event->event, clue->kinds)) &&
           has_code(&event->event, clue) &&
           (!clue->words || event_has_words(&event->event, clue->words));
}

static bool is_clue_event(const struct trace *trace, const struct clue *clue,
                          const struct host_event *event)
{
    return fits(trace, clue, event) || (clue->or && fits(trace, clue->or, event));
}

#define MINUTE ((filetime)60 * 10000000)

/* Whether the clue's neighbour is there at that time. Events stand in order of time: `*at` only
 * moves on, as long as the times that are asked for do. */
static bool has_neighbour(const struct trace *trace, const struct clue *clue, filetime time,
                          size_t *at)
{
    filetime window = clue->minutes * MINUTE;
    const struct host_event *events = trace->host->events.items;

    if (!clue->near)
        return true;
    while (*at < trace->host->events.count &&
           (events[*at].event.time + window < time ||
            !event_is_of_kind(&events[*at].event, clue->near)))
        ++*at;
    return *at < trace->host->events.count && events[*at].event.time <= time + window;
}

/* The clue's next event from `*from` on, which is moved behind it; SIZE_MAX when there is none. */
static size_t next_clue_event(const struct trace *trace, const struct clue *clue, size_t *from,
                              size_t *neighbour)
{
    while (*from < trace->host->events.count) {
        const struct host_event *event = &trace->host->events.items[(*from)++];
        if (is_clue_event(trace, clue, event) &&
            has_neighbour(trace, clue, event->event.time, neighbour))
            return *from - 1;
    }
    return SIZE_MAX;
}

static size_t count_clue_events(const struct trace *trace, const struct clue *clue)
{
    size_t found = 0, from = 0, neighbour = 0;

    while (next_clue_event(trace, clue, &from, &neighbour) != SIZE_MAX)
        found++;
    return found;
}

#define FIRST_LINES 7 /* of a clue, besides the last one */

static void add_last_of_many(struct trace *trace, size_t event, size_t more)
{
    char *line = event_line(trace->host, event);

    trace_add_event_line(trace, event,
                         line ? string_printf("and %zu more, the last one: %s", more, line) : NULL);
    free(line);
}

/* All are heard; said are the first ones and the last, which tells whether it still goes on. */
static bool find_clue(struct trace *trace, const struct clue *clue)
{
    size_t from = 0, neighbour = 0;

    if (clue->test)
        return clue->test(trace);
    size_t count = count_clue_events(trace, clue);
    if (count < (clue->times ? clue->times : 1))
        return false;
    for (size_t i = 0; i < count; i++) {
        size_t event = next_clue_event(trace, clue, &from, &neighbour);
        if (i < FIRST_LINES || count == FIRST_LINES + 1)
            trace_add_event(trace, event);
        else if (i < count - 1)
            hear(trace, &trace->host->events.items[event].event);
        else
            add_last_of_many(trace, event, count - FIRST_LINES);
    }
    return true;
}

struct weighing {
    size_t found, asked;
    bool core; /* the first one was found */
};

/* A log that was searched settles nothing more: another one, or an older copy of it, may. */
static char *missing_line(const struct trace *trace, const struct clue *clue)
{
    static const char *const remarks[] = {
        [SOURCES_UNKNOWN] = "",
        [SOURCES_NONE] = ": not on the evidence",
        [SOURCES_SOME] = ": not all of it on the evidence",
        [SOURCES_ALL] = ": on the evidence, where it is not logged",
    };
    const struct host *host = trace->host;
    size_t node =
        trace->machine == HOST_NONE ? HOST_NONE : host->machines.items[trace->machine].node;

    if (!clue->source)
        return strdup(clue->text);
    if (node != HOST_NONE && host->nodes.items[node].is_shared_storage)
        node = HOST_NONE; /* any of the hosts may have run it */
    return string_printf("%s (%s%s)", clue->text, clue->source,
                         remarks[source_presence(host, node, clue->source)]);
}

/* Looks for each clue of a list; those that are not there are said in `missing`. */
static struct weighing weigh(struct trace *trace, const struct clue *clues, string_list *missing)
{
    struct weighing weighing = {0};

    for (; clues && clues->text; clues++) {
        weighing.asked++;
        if (find_clue(trace, clues)) {
            weighing.found++;
            weighing.core = weighing.core || weighing.asked == 1;
        } else if (missing) {
            string_list *lines = trace->lines;
            trace->lines = missing;
            add_line(trace, missing_line(trace, clues), 0);
            trace->lines = lines;
        }
    }
    return weighing;
}

static bool is_there(const struct host *host, const struct verdict *verdict,
                     const struct clue *clues, size_t machine, const char *vm_name,
                     bool per_machine)
{
    string_list unheard = {0};
    struct trace trace = {.host = host,
                          .verdict = verdict,
                          .machine = machine,
                          .vm_name = vm_name,
                          .per_machine = per_machine,
                          .lines = &unheard};
    bool found = weigh(&trace, clues, NULL).found > 0;

    string_list_free(&unheard);
    return found;
}

static enum diagnosis_verdict verdict_of(const struct rule *rule, struct weighing required,
                                         struct weighing supporting, bool doubtful, bool excluded)
{
    if (excluded)
        return DIAGNOSIS_EXCLUDED;
    bool complete = required.asked > 0 && required.found == required.asked;
    bool several = required.found > 1 || supporting.found > 0 || !rule->needs_more;
    if (complete && several && !doubtful)
        return DIAGNOSIS_CONFIRMED;
    if (complete || (rule->core_is_telling && required.core) ||
        (required.found > 0 && supporting.found > 0))
        return DIAGNOSIS_LIKELY;
    return DIAGNOSIS_POSSIBLE;
}

static void remove_repeats(string_list *lines)
{
    size_t kept = 0;

    for (size_t i = 0; i < lines->count; i++) {
        bool again = false;
        for (size_t k = 0; k < kept && !again; k++)
            again = strcmp(lines->items[k], lines->items[i]) == 0;
        if (again)
            free(lines->items[i]);
        else
            lines->items[kept++] = lines->items[i];
    }
    lines->count = kept;
}

static int apply(struct diagnosis_list *list, const struct rule *rule, const struct host *host,
                 const struct verdict *verdict, size_t machine, const char *vm_name)
{
    if (!is_there(host, verdict, rule->indicator, machine, vm_name, rule->per_machine))
        return 0;
    struct diagnosis *diagnosis = vector_push(list);
    if (!diagnosis)
        return -ENOMEM;
    struct trace trace = {.host = host,
                          .verdict = verdict,
                          .machine = machine,
                          .vm_name = vm_name,
                          .per_machine = rule->per_machine,
                          .lines = &diagnosis->evidence};
    weigh(&trace, rule->indicator, NULL);
    trace.witnesses = (struct witnesses){0};
    struct weighing required = weigh(&trace, rule->required, &diagnosis->missing);
    struct weighing supporting = weigh(&trace, rule->supporting, &diagnosis->missing);
    bool one_event = is_one_event(&trace.witnesses);
    weigh(&trace, rule->context, &diagnosis->missing);
    trace.lines = &diagnosis->contradictions;
    bool weakened = weigh(&trace, rule->weakening, NULL).found > 0;
    bool excluded = weigh(&trace, rule->excluding, NULL).found > 0;
    remove_repeats(&diagnosis->evidence);
    remove_repeats(&diagnosis->contradictions);
    diagnosis->rule = rule->name;
    diagnosis->summary = rule->summary;
    diagnosis->verdict = verdict_of(rule, required, supporting, weakened || one_event, excluded);
    diagnosis->machine = machine;
    diagnosis->vm_name = vm_name ? strdup(vm_name) : NULL;
    diagnosis->remedies = rule->remedies;
    diagnosis->remedy_count = rule->remedy_count;
    diagnosis->first = trace.first;
    diagnosis->last = trace.last;
    return trace.failed ? -ENOMEM : 0;
}

/* Machines that only events name, each once. */
static bool is_first_of_name(const struct host *host, size_t index)
{
    const char *name = host->events.items[index].event.vm_name;

    if (!name || host->events.items[index].machine != HOST_NONE)
        return false;
    for (size_t i = 0; i < index; i++) {
        const struct host_event *other = &host->events.items[i];
        if (other->machine == HOST_NONE && other->event.vm_name &&
            text_compare_folded(other->event.vm_name, name) == 0)
            return false;
    }
    return true;
}

static int apply_to_machines(struct diagnosis_list *list, const struct rule *rule,
                             const struct host *host, const struct verdict *verdict,
                             const bool *first_of_name)
{
    int r = 0;

    for (size_t m = 0; m < host->machines.count && r == 0; m++)
        r = apply(list, rule, host, verdict, m, NULL);
    for (size_t i = 0; i < host->events.count && r == 0; i++)
        if (first_of_name[i])
            r = apply(list, rule, host, verdict, HOST_NONE, host->events.items[i].event.vm_name);
    return r;
}

int diagnose(struct diagnosis_list *list, const struct host *host, const struct verdict *verdict,
             bool on_request)
{
    bool *first_of_name = calloc(host->events.count + 1, sizeof(*first_of_name));
    int r = first_of_name ? 0 : -ENOMEM;

    *list = (struct diagnosis_list){0};
    for (size_t i = 0; i < host->events.count && r == 0; i++)
        first_of_name[i] = is_first_of_name(host, i);
    for (size_t f = 0; f < ARRAY_SIZE(families) && r == 0; f++)
        for (const struct rule *rule = families[f]; rule->name && r == 0; rule++)
            r = rule->per_machine ? apply_to_machines(list, rule, host, verdict, first_of_name)
                                  : apply(list, rule, host, verdict, HOST_NONE, NULL);
    for (size_t f = 0; f < ARRAY_SIZE(families) && r == 0; f++)
        for (const struct rule *rule = families[f]; rule->name && r == 0; rule++)
            r = diagnose_no_data(list, rule, host, verdict, on_request);
    free(first_of_name);
    return r;
}

void diagnosis_list_free(struct diagnosis_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->items[i].vm_name);
        string_list_free(&list->items[i].evidence);
        string_list_free(&list->items[i].missing);
        string_list_free(&list->items[i].contradictions);
    }
    vector_free(list);
}

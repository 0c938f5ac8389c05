/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * A rule is data: clues and remedies. A clue is either events (by kind, code, text, number of
 * times) or a question of its own to the model (`test`). Private to this room.
 */
#ifndef DIAGNOSE_RULE_H
#define DIAGNOSE_RULE_H

#include "diagnose/diagnose.h"

#define CLUE_CODES 6

/* On what a verdict rests: one and the same event, however often, never confirms anything. */
struct witnesses {
    const struct event *event; /* the first one; NULL none */
    bool other_events;         /* and one of another identifier, or another line of a text */
    bool other_evidence;       /* disks, configurations, the registry, what commands print */
};

/* What a clue has found, gathered over all clues of a rule. */
struct trace {
    const struct host *host;
    const struct verdict *verdict;
    size_t machine;      /* HOST_NONE: clues of the whole host */
    const char *vm_name; /* of a machine that only events know, or NULL */
    bool per_machine;
    string_list *lines;  /* evidence; a clue adds what it has seen */
    filetime first, last;
    struct witnesses witnesses;
    bool failed; /* memory was short */
};

struct clue {
    const char *text;  /* what it is, as a line in `missing` while it is not found */
    const char *kinds; /* event kinds, blanks between; NULL: any kind (with codes or text) */
    uint32_t codes[CLUE_CODES]; /* one of these, as code or inner code; none = any */
    uint32_t inner;    /* … and this as the other code; 0 = any */
    const char *words; /* … and one of these in message or data, '|' between, any case */
    unsigned times;    /* at least so often; 0 = once */
    const char *near;  /* … and within so many minutes of an event of these kinds; NULL: any time */
    unsigned minutes;
    bool host_wide;    /* also in rules per machine: an event of the host, of whatever machine */
    const struct clue *or; /* an event that fits this one will do as well; NULL: none */
    bool (*test)(struct trace *); /* instead of all of the above */
    const char *source; /* what would have to be on the evidence for the clue to be seen */
};

struct rule {
    const char *name, *summary;
    bool per_machine;
    bool core_is_telling;       /* the first required clue alone makes it likely */
    bool needs_more;            /* a single required clue that is one event never confirms */
    const struct clue *indicator; /* nothing is said without it; ends with an empty clue */
    const struct clue *required, *supporting, *weakening, *excluding; /* NULL: none */
    const struct clue *context;   /* said when found, and weighs nothing; NULL: none */
    const struct remedy *remedies;
    size_t remedy_count;
    /* The logs of which one must be there, '|' between, as named in sources.c: without them, and
     * without an indicator, the verdict is no-data. NULL: nothing is said then. */
    const char *needs;
    /* What on the evidence asks for this explanation; says it with its time. NULL: only a person
     * asks. */
    bool (*asks)(struct trace *);
    bool not_of_hyperv; /* nobody asks where the evidence is a Hyper-V host's */
};

/* One table per family, ended by a rule without name. */
extern const struct rule rules_backup[], rules_merge[], rules_guest[], rules_host[];

/* What clue tests share. Adds a line about anything but an event (owned from now on; NULL: memory
 * was short); the line of an event. */
void trace_add(struct trace *, char *line, filetime time);
void trace_add_event(struct trace *, size_t event);
/* The same with another line about it. */
void trace_add_event_line(struct trace *, size_t event, char *line);
/* Whether an event counts for the trace's machine. */
bool trace_concerns(const struct trace *, const struct host_event *);
bool event_has_words(const struct event *, const char *words);
bool event_is_of_kind(const struct event *, const char *kinds);

/* Adds what of a rule can't be judged (no_data.c). `on_request`: a person asks for a diagnosis. */
int diagnose_no_data(struct diagnosis_list *, const struct rule *, const struct host *,
                     const struct verdict *, bool on_request);

#define REMEDIES(...) .remedies = (const struct remedy[]){__VA_ARGS__},                            \
                      .remedy_count = sizeof((const struct remedy[]){__VA_ARGS__}) /               \
                                      sizeof(struct remedy)
#define CLUES(...) (const struct clue[]){__VA_ARGS__, {0}}

#endif

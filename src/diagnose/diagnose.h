/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * Why a backup, checkpoint or merge failed: published failure cases and well-known patterns as
 * rules, each with the evidence that it requires, what supports it, what contradicts it, and its
 * remedies in order. Rules are data (rules_*.c); a clue is a question to the model.
 */
#ifndef DIAGNOSE_DIAGNOSE_H
#define DIAGNOSE_DIAGNOSE_H

#include "chain/verdict.h"
#include "host/host.h"

#include <stdbool.h>
#include <stddef.h>

enum diagnosis_verdict {
    DIAGNOSIS_CONFIRMED, /* all required evidence, of more than one event */
    DIAGNOSIS_LIKELY,    /* the core of it, and nothing contradicts */
    DIAGNOSIS_POSSIBLE,  /* one indicator */
    DIAGNOSIS_EXCLUDED,  /* an indicator, and a contradiction */
    DIAGNOSIS_NO_DATA,   /* what would decide is not on the evidence */
};
const char *diagnosis_verdict_name(enum diagnosis_verdict); /* "confirmed" …, "no-data" */

enum remedy_risk { REMEDY_NONE, REMEDY_SERVICE, REMEDY_DATA };
const char *remedy_risk_name(enum remedy_risk); /* "none", "service", "data" */

struct remedy {
    const char *text;
    enum remedy_risk risk;
    const char *command; /* NULL: none */
};

struct diagnosis {
    const char *rule; /* static */
    enum diagnosis_verdict verdict;
    size_t machine;   /* HOST_NONE: the host's, or the name below */
    char *vm_name;    /* from an event, of a machine that is not on the evidence; or NULL */
    const char *summary;
    string_list evidence, missing, contradictions;
    const struct remedy *remedies; /* static */
    size_t remedy_count;
    filetime first, last; /* of the events that it rests on; 0 none */
};

struct diagnosis_list {
    /* By rule's place in the table, then machine; behind them, in the same order, those without
     * data. */
    struct diagnosis *items;
    size_t count, capacity;
};

/*
 * Pure function over the model. What can't be judged for want of logs is said where something on
 * the evidence asks for an explanation and, `on_request`, of every published case. 0 or -ENOMEM.
 */
int diagnose(struct diagnosis_list *, const struct host *, const struct verdict *,
             bool on_request);
void diagnosis_list_free(struct diagnosis_list *);

#endif

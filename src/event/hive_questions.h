/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Between the reading of a hive and what its values mean. Private to hive*.c. */
#ifndef EVENT_HIVE_QUESTIONS_H
#define EVENT_HIVE_QUESTIONS_H

#include "event/hive.h"
#include "worker/regf.h"

/* A value, or a subkey with one of its values, of an answer; borrowed from the reply. */
struct hive_item {
    const char *name;
    uint32_t type;
    const uint8_t *data;
    size_t size;
};

struct hive_question {
    enum hive_kind hive;
    enum regf_ask ask;
    const char *key; /* behind "*\": of the control set in use */
    const char *name;
    /* For each item of the answer; 0 or -ENOMEM. NULL: not looked at. */
    int (*take)(struct hive_facts *, const struct hive_item *);
    /* Once per answer, before its items; may be NULL. */
    void (*take_key)(struct hive_facts *, const struct regf_answer *);
};

extern const struct hive_question hive_questions[];
extern const size_t hive_question_count;

/* Names are compared in any case. */
bool hive_item_is(const struct hive_item *, const char *name);
struct hive_number hive_item_number(const struct hive_item *);

#endif

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* What is kept of a volume at one point in time until it was compared with the next one. Private.
 */
#ifndef COMPARE_PAST_H
#define COMPARE_PAST_H

#include "compare/history.h"

struct past {
    size_t volume, copy;    /* evidence: the volume, and the copy that it was in */
    size_t first, count;    /* disks of that moment in the history */
    bool is_whole;          /* nothing of the copy was left unread */
    VECTOR(size_t) scope;   /* volumes that the moment knew of */
    struct earlier earlier; /* over the strings below */
    string_list strings;
};

/* Takes down what a comparison needs of a model that is about to be freed. 0 or -ENOMEM. */
int past_take(struct past *, filetime created, const struct host *, const struct verdict *);
void past_free(struct past *);

#endif

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* What the files of this room share. Private. */
#ifndef COMPARE_COMPARISON_H
#define COMPARE_COMPARISON_H

#include "compare/compare.h"

struct comparison {
    struct change_list *list;
    const struct earlier *earlier;
    const struct host *host;
    const struct verdict *verdict;
};

/* A new change, confirmed and without evidence; before and after may be NULL. NULL when memory is
 * short. */
struct change *change_add(const struct comparison *, enum change_kind, const char *subject,
                          size_t machine, const char *before, const char *after);
/* Adds a line that the change owns from now on; NULL stands for memory that was short. 0, -ENOMEM.
 */
int change_evidence(struct change *, char *line);
/* The disk of that path on the evidence of today, or HOST_NONE. */
size_t comparison_find_disk(const struct comparison *, const char *path);
/* The machine of that identifier, or HOST_NONE; NULL is nobody's. */
size_t comparison_find_machine(const struct comparison *, const char *id);

/* Layers that are no longer there: merged or vanished. merges.c; 0 or -ENOMEM. */
int compare_gone_disks(const struct comparison *);

/* Every word that changes are told in. */
struct change_text {
    const char *name, *summary;
};
extern const struct change_text change_texts[];
/* Evidence of a merge; %s: the disk that stood above, the disk below. */
#define TEXT_STANDS_BELOW "%s stood above it and stands on %s now"
/* … %s: the disk below */
#define TEXT_IN_USE "its VM uses %s now, which lay below it"

#endif

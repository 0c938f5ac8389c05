/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* How findings are made: what the files that word them share. Private. */
#ifndef CHAIN_FINDING_H
#define CHAIN_FINDING_H

#include "chain/judge.h"
#include "chain/texts.h"

/* What a text's {file}, {path} and {vm} stand for. */
struct names {
    const char *file, *path, *vm;
    bool path_is_here; /* that of the evidence: the host's own is not known */
};

/* A new finding with its words filled in; NULL when memory is short. */
struct finding *finding_new(struct judge *, const struct finding_text *, const char *subject,
                            size_t machine, const struct names *);
/* The last element of a path. */
const char *path_name(const char *path);

/* What is known of a disk: the lines that every finding about it carries. 0 or -ENOMEM. */
int evidence_of_disk(const struct judge *, size_t disk, string_list *lines);

/* Who opened the disk writable from `since` on (0: ever), and which events say that its chain was
 * refused, with the identifiers. 0 or -ENOMEM. */
int evidence_of_openings(const struct judge *, size_t disk, filetime since, string_list *lines);
int evidence_of_refusals(const struct judge *, size_t disk, string_list *lines);

/* What the change journal tells of a disk, and of the deleted file that may be its lost parent. */
int evidence_of_deleted(const struct judge *, size_t disk, string_list *lines);
/* A deleted file that may be what a path on that evidence recorded, if there is one. */
int evidence_of_lost(const struct host *, const char *recorded, size_t evidence,
                     string_list *lines);

int findings_of_machines(struct judge *);

#endif

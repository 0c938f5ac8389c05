/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * A host's own lists of machines: data.vmcx, and the registration folders of 2008-2012 R2, whose
 * links lead to the configurations of machines and checkpoints. Private to this room.
 */
#ifndef HOST_LISTS_H
#define HOST_LISTS_H

#include "host/gather.h"

/* One line of a list: that machine or checkpoint is registered there, with this configuration. */
struct listing {
    size_t node;
    struct guid id;
    const char *config_path; /* as recorded; borrowed from the file list */
    bool is_checkpoint;
    bool used; /* the configuration is on the evidence */
};

typedef VECTOR(struct listing) listings;

/* Lists of all nodes; the nodes that have one are marked. 0 or -ENOMEM. */
int lists_read(listings *, struct host *, const file_list *);
void lists_free(listings *);
/* Marks the machines that are registered; when all machines and checkpoints are there. */
void lists_apply(listings *, struct host *);
/* Marks those that no list names, where every list was read. */
void lists_judge_unlisted(struct host *);
/* Adds what is listed and not on the evidence. 0 or -ENOMEM. */
int lists_report_missing(const listings *, struct host *, const file_list *);
/* Which nodes are storage that others reach; when drives are resolved. */
void lists_mark_shared_storage(struct host *);

#endif

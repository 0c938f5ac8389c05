/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* How disks are found: by the folded name and by identifier. Private to this room. */
#ifndef HOST_INDEX_H
#define HOST_INDEX_H

#include "host/host.h"

/* Made after all disks are known and sorted. 0 or -ENOMEM. */
int index_make(struct host *);
void index_free(struct host_index *);

/* Folded absolute folder and name of a path as printed: both end up in host_disk. */
int index_keys(const char *printed_path, char **folder_key, char **name_key);

/* One more piece, which has no path yet; NULL when memory is short. */
struct host_evidence *host_add_evidence(struct host *, const char *node, enum host_evidence_kind);
void host_disk_free(struct host_disk *);
/* Adds a line that it owns from now on. 0 or -ENOMEM. */
int host_complain(struct host_evidence *, char *text);

#endif

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * Where on the evidence a recorded Windows path lies for certain: by what the user says (--map), by
 * the letters and GUIDs that the host's own registry gives to volumes (MountedDevices), and through
 * the links and mount points on the way. Private to this room.
 */
#ifndef HOST_PLACES_H
#define HOST_PLACES_H

#include "host/host.h"

struct place {
    char *key; /* folded path as printed; NULL: not known for certain. The caller frees it. */
    enum host_match match; /* MATCH_MAPPED or MATCH_VOLUME */
};

/* Seen from `node`, on which drive letters mean something. 0 or -ENOMEM. */
int place_find(const struct host *, const struct winpath *, size_t node, struct place *);

/* Takes what the hives say of the volumes among the evidence; after hives_join(). 0 or -ENOMEM. */
int mounts_join(struct host *);
void map_free(struct host_map *);

#endif

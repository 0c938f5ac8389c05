/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* One file, everything known about it: what the readers found, said and would else throw away. */
#ifndef INSPECT_INSPECT_H
#define INSPECT_INSPECT_H

#include "base/notes.h"
#include "base/vector.h"
#include "base/when.h"
#include "disk/disk.h"
#include "event/events.h"
#include "vm/vm.h"
#include "volume/volume.h"

#include <stddef.h>
#include <stdint.h>

enum inspect_kind { INSPECT_UNKNOWN, INSPECT_DISK, INSPECT_CONTAINER, INSPECT_XML, INSPECT_LOG };
const char *inspect_kind_name(enum inspect_kind); /* "unknown", "disk", "container", "xml", "log" */

/* A key of a configuration: path and value are printable. */
struct inspect_key {
    char *path, *value;
    const char *type; /* static */
};

struct inspection {
    char *path;
    uint64_t file_size;
    filetime modified, created; /* 0 unknown */
    enum inspect_kind kind;
    int status;               /* 0, or why it could not be read */
    struct notes notes;       /* of every severity */
    struct disk_facts *facts; /* of a disk; NULL when nothing could be had */
    uint32_t format_version;  /* of a container, (major << 8) | minor */
    enum vm_journal journal;
    uint32_t journal_entries;
    VECTOR(struct inspect_key) keys;
    struct event_file log; /* all zero where it is none */
};

struct inspection_list {
    struct inspection *items;
    size_t count, capacity;
};

struct image_path;
/* Inspects every file of the volume and adds it to the list; of a volume in an image those that the
 * path (else NULL) leads to. 0 or -ENOMEM. */
int inspect_volume(struct inspection_list *, struct volume *, const struct image_path *);
enum severity inspection_worst(const struct inspection *);
void inspection_list_free(struct inspection_list *);

#endif

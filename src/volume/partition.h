/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* What a disk is divided into: an MBR, a GPT, or a volume without a table. */
#ifndef VOLUME_PARTITION_H
#define VOLUME_PARTITION_H

#include "base/guid.h"
#include "base/notes.h"
#include "base/vector.h"
#include "io/source.h"

#include <stdbool.h>
#include <stdint.h>

/* More than Windows can make; a table that names more is cut, with a note. */
#define PARTITIONS_MAX 1024

enum partition_scheme { PARTITION_NO_TABLE, PARTITION_MBR, PARTITION_GPT };

/* What the first sector says (NTFS: also the boot sector's copy in the last one), whatever the
 * table claims. */
enum partition_content {
    PARTITION_OTHER,
    PARTITION_NTFS,
    PARTITION_BITLOCKER,
    PARTITION_REFS,
};

struct partition {
    /* N of IMAGE!pN!: MBR primaries 1-4 by their slot, logical ones from 5 on in the order of
     * the chain, GPT entries by their slot from 1 on; 0 for a volume without a table. */
    unsigned index;
    uint64_t offset, size;  /* bytes, cut to what the source holds */
    uint64_t recorded_size; /* bytes, as the table says */
    enum partition_content content;
    uint8_t mbr_type;       /* MBR: system indicator */
    struct guid type, id;   /* GPT */
    char *name;             /* GPT: UTF-8, may be empty; else NULL */
};

struct partition_list {
    enum partition_scheme scheme;
    uint32_t sector_size;   /* bytes: what the table counts in */
    uint32_t mbr_signature; /* MountedDevices names MBR partitions by it; 0 none */
    struct guid disk_id;    /* GPT */
    VECTOR(struct partition) items;
};

/*
 * Reads the table of a disk; a disk without one is a single partition with index 0. Damage is
 * noted and what can be trusted is listed (a GPT from its second copy).
 * 0; -EIO and the like when the first sector cannot be read; -ENOMEM.
 */
int partitions_read(struct partition_list *, io_source *, struct notes *);
void partitions_free(struct partition_list *);
#define partitions_cleanup partitions_free

enum partition_content partition_content(io_source *volume);

/* What Windows calls a partition in MountedDevices: of an MBR, the disk's signature and the
 * partition's offset in bytes; of a GPT, "DMIO:ID:" and its GUID. */
struct partition_device {
    uint8_t bytes[24];
    size_t size; /* 12 or 24; 0: it has no such name */
};
struct partition_device partition_device(const struct partition_list *, const struct partition *);

const char *partition_scheme_name(enum partition_scheme);   /* "none", "mbr", "gpt" */
const char *partition_content_name(enum partition_content); /* "other", "ntfs", "bitlocker" … */

#endif

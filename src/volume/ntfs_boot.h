/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* The boot sector of an NTFS volume and its copy behind the volume's end. */
#ifndef VOLUME_NTFS_BOOT_H
#define VOLUME_NTFS_BOOT_H

#include "io/source.h"

#include <stdbool.h>
#include <stdint.h>

struct ntfs_geometry {
    uint32_t sector_size, cluster_size, record_size; /* bytes */
    uint64_t volume_size;                            /* bytes, without the copy's sector */
    uint64_t cluster_count;
    uint64_t mft_offset, mirror_offset;              /* bytes */
    uint64_t serial;
};

/* Takes 512 bytes; false when they are no boot sector that makes sense. */
bool ntfs_boot_parse(const void *sector, struct ntfs_geometry *);
/* Whether the last sector of the source is the copy of a boot sector of just this size. */
bool ntfs_boot_has_copy(io_source *);
/* Looks for the copy also in the last 16 MiB of a source that goes on behind the volume.
 * 0 or -ENOENT; geometry may be NULL. */
int ntfs_boot_find_copy(io_source *, struct ntfs_geometry *);

#endif

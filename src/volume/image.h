/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * A disk image or block device: what it is packed in, how it is divided, and the volumes in it.
 * What is behind a path is decided by content; names matter only for finding the further parts of
 * an image that lies in several files.
 */
#ifndef VOLUME_IMAGE_H
#define VOLUME_IMAGE_H

#include "base/notes.h"
#include "base/vector.h"
#include "io/source.h"
#include "volume/bitlocker.h"
#include "volume/partition.h"

#include <stdbool.h>
#include <stdint.h>

struct bitlocker_keys; /* volume/bitlocker_keys.h */
struct volume;
struct workers; /* os/worker.h */

enum image_container {
    IMAGE_RAW,   /* also a block device */
    IMAGE_SPLIT, /* raw, in files .001, .002 … */
    IMAGE_VHD,   /* read by our own reader, with its chain of parents */
    IMAGE_VHDX,
    IMAGE_EWF,   /* .E01, .E02 …; by libewf in a worker */
    IMAGE_QCOW2, /* by libqcow in a worker */
};

/* One volume that we know by its content, opened or not. */
struct image_volume {
    size_t partition;      /* index in image.partitions */
    io_source *source;     /* its bytes, of BitLocker unlocked */
    struct volume *volume; /* NULL when it cannot be read: see status and the image's notes */
    int status;            /* 0; -ENOTSUP ReFS; -ENOKEY BitLocker; -EBADMSG … */
    uint64_t serial;       /* of an NTFS volume; 0 unknown */
    struct bitlocker_unlocked bitlocker;
    size_t first_note, last_note; /* of those of image_open(): [first, last) are about this volume */
};

struct image {
    char *path;
    enum image_container container;
    io_source *disk; /* the bytes of the disk, unpacked */
    struct partition_list partitions;
    VECTOR(struct image_volume) volumes; /* in the order of the partitions */
};

/*
 * Whether the file is worth image_open(): a container that we know, a partition table with an entry,
 * or a volume that we know by its boot sector. A few reads.
 */
bool image_probe(io_source *);

/* What opening may make use of. */
struct image_tools {
    struct workers *workers;            /* NULL: EWF, qcow2 and BitLocker are -ENOTSUP */
    const struct bitlocker_keys *keys;  /* NULL: none */
};

/*
 * Opens all volumes. An NTFS volume's display root is "PATH!pN!/", or "PATH!/" when it is the whole
 * image. `tools` may be NULL.
 * 0, also when no volume can be read; -ENOENT, -EACCES …; -ENOTSUP a container that cannot be read
 * here; -ENOKEY an encrypted one; -EXDEV a disk whose parent is missing; -EBADMSG; -ENOMEM. Notes
 * say why. A damaged VHD whose bytes are a disk as they are is opened as IMAGE_RAW, with warnings.
 */
int image_open(struct image *, const char *path, const struct image_tools *tools,
               struct notes *notes);
/* Volumes that were not taken (set to NULL) are closed with it. One that was taken lives on its
 * own, and is to be closed before the workers are stopped. */
void image_close(struct image *);
#define image_cleanup image_close

const char *image_container_name(enum image_container); /* "raw", "split", "vhd", "ewf" … */

#endif

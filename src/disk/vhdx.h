/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* The parts of the VHDX reader among themselves; one function per structure of the file. */
#ifndef DISK_VHDX_H
#define DISK_VHDX_H

#include "base/vector.h"
#include "disk/disk_format.h"
#include "disk/vhdx_format.h"

struct vhdx_place {
    uint64_t offset, length;
};

struct vhdx {
    struct disk *disk; /* source and facts */
    bool has_parent;
    uint64_t chunk_ratio; /* payload blocks per chunk; 0 = geometry not known */
    uint64_t bat_entries;
    struct vhdx_place log, metadata, bat; /* length 0 = not there */

    /* Only while the disk is opened: */
    struct notes *notes;
    size_t first_note; /* notes before this one are not ours */
    int status;        /* worst so far, see vhdx_fail() */
    struct guid log_guid;
    bool log_usable;                        /* the header says where a log lies that can be read */
    VECTOR(struct vhdx_place) structures;   /* log and regions: where no block may lie */
    VECTOR(struct vhdx_place) replayed;     /* what the log has changed */
};

/*
 * The steps, in this order. 0: go on, also when rules were broken (see vhdx_fail()). Negative: the
 * structure that all later ones hang on can't be had, or reading failed.
 */
int vhdx_read_identifier(struct vhdx *);
int vhdx_read_headers(struct vhdx *);
int vhdx_replay_log(struct vhdx *);
int vhdx_read_regions(struct vhdx *);
int vhdx_read_metadata(struct vhdx *);
int vhdx_read_locator(struct vhdx *, uint64_t file_offset, const uint8_t *item, uint32_t length);
int vhdx_read_bat(struct vhdx *);
void vhdx_note_replay(struct vhdx *);

/* Reads all or nothing: -EBADMSG where the file ends before. */
int vhdx_read(const struct vhdx *, uint64_t offset, void *buffer, size_t length);
/* Remembers that the disk can't be used: -EBADMSG weighs more than -ENOTSUP. Returns 0. */
int vhdx_fail(struct vhdx *, int status);
/* As notes_add(), but each rule once per disk: a file can break one rule a thousand times. */
void vhdx_note(struct vhdx *, enum severity, const char *rule, uint64_t offset, const char *format,
               ...) __attribute__((format(printf, 5, 6)));

static inline struct guid vhdx_get_guid(vhdx_guid guid)
{
    return guid_from_le(guid.b);
}

/* vhdx_content.c */
int vhdx_block(struct disk *, uint64_t block, enum block_state *, uint64_t *file_offset);
int vhdx_sectors(struct disk *, uint64_t block, uint32_t first, uint32_t count, uint8_t *bits);

#endif

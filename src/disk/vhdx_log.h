/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* The log between its two halves: vhdx_log.c finds the active sequence, vhdx_replay.c applies it. */
#ifndef DISK_VHDX_LOG_H
#define DISK_VHDX_LOG_H

#include "disk/vhdx.h"

/* A verified entry. Places are counted in sectors of the log, a ring. */
struct log_entry {
    uint32_t at, length, tail;
    uint32_t descriptors, descriptor_sectors;
    uint64_t sequence, flushed_file_offset, last_file_offset;
    bool has_predecessor;
};

struct log {
    struct vhdx *v;
    uint32_t sectors;
    uint64_t budget;  /* sectors that verifying may still read */
    bool blank;       /* nothing but zeros where entries begin */
    size_t invalid;   /* entries with our LogGuid that do not verify */
    VECTOR(struct log_entry) entries; /* by place */
};

/* One sector of the ring; `index` may be past the end, it wraps. */
int log_read_sector(const struct log *, uint64_t index, void *sector);
/* How many of the descriptors stand in a sector of the entry, and where the first of them does. */
uint32_t log_descriptors_in(const struct log_entry *, uint32_t sector, uint32_t *offset);
bool log_descriptor_is_data(const struct vhdx_log_descriptor *);

/* Fills log->entries with all verified entries of the header's LogGuid. */
int log_scan(struct log *);
/* The entry at that sector, or NULL. */
struct log_entry *log_entry_at(const struct log *, uint32_t at);
/* The entry that goes on from this one, or NULL. */
struct log_entry *log_next(const struct log *, const struct log_entry *);
/* 2.3.2: tail and head of the active sequence; false when there is none. */
bool log_find_active(struct log *, const struct log_entry **tail, const struct log_entry **head);

#endif

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* One record of $MFT in memory: its fixups and its attributes. */
#ifndef VOLUME_NTFS_RECORD_H
#define VOLUME_NTFS_RECORD_H

#include "volume/ntfs_format.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ntfs_record_state {
    NTFS_RECORD_WHOLE,
    NTFS_RECORD_EMPTY, /* never used: no signature */
    NTFS_RECORD_TORN,  /* "BAAD", or a sector that belongs to another write */
    NTFS_RECORD_WRONG, /* something else stands here */
};

/* Checks and undoes the fixups in place. */
enum ntfs_record_state ntfs_record_fix(void *record, size_t size);
/* In words: "torn, …". */
const char *ntfs_record_state_name(enum ntfs_record_state);

/* A piece of an attribute as it stands in one record; pointers go into the record. */
struct ntfs_attribute {
    uint32_t type;
    uint16_t flags;
    const uint8_t *name; /* UTF-16LE */
    size_t name_length;  /* units */
    bool resident;
    const uint8_t *value; /* resident; else the mapping pairs */
    size_t value_length;
    /* non-resident */
    uint64_t first_vcn, last_vcn;
    uint64_t allocated_size, size, initialized_size; /* 0 unless first_vcn is 0 */
    uint8_t compression_unit;
};

struct ntfs_attributes {
    const uint8_t *record;
    size_t at, end;
    bool damaged; /* set when the list ended because it makes no sense */
};

/* Takes a record that ntfs_record_fix() found whole. */
void ntfs_attributes_start(struct ntfs_attributes *, const void *record, size_t size);
/* The next attribute; false at the end. */
bool ntfs_attributes_next(struct ntfs_attributes *, struct ntfs_attribute *);

/* Whether an attribute carries this name; NULL = no name. ASCII only. */
bool ntfs_attribute_is(const struct ntfs_attribute *, uint32_t type, const char *name);

#endif

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * Makes small NTFS volumes in memory, record by record: whole ones, and such as only damage makes.
 * Clusters of 4096 bytes, records of 1024. There are no indexes: the reader under test needs none.
 */
#ifndef WRITERS_NTFS_WRITER_H
#define WRITERS_NTFS_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    NTFS_WRITER_CLUSTER = 4096,
    NTFS_WRITER_RECORD = 1024,
    NTFS_WRITER_MIRROR_CLUSTER = 2,
    NTFS_WRITER_MFT_CLUSTER = 4,
};

struct ntfs_writer {
    uint8_t *bytes;
    size_t size;          /* the copy of the boot sector is its last sector */
    size_t record_count;  /* in one run behind NTFS_WRITER_MFT_CLUSTER */
    uint64_t next_cluster; /* first free one */
    uint64_t time;        /* FILETIME that everything gets */
};

/* A volume with $MFT, its mirror, a root and $Extend; false when memory is short. */
bool ntfs_writer_start(struct ntfs_writer *, size_t clusters, size_t record_count);
void ntfs_writer_free(struct ntfs_writer *);

/* The record's bytes, to be changed before ntfs_writer_end(). */
uint8_t *ntfs_writer_record(struct ntfs_writer *, uint64_t number);

/*
 * Starts a record of the sequence `sequence`; flags: 1 in use, 2 directory. Attributes are added
 * in any order; ntfs_writer_end() closes it and puts the fixups in.
 */
void ntfs_writer_begin(struct ntfs_writer *, uint64_t number, uint16_t sequence, uint16_t flags);
void ntfs_writer_end(struct ntfs_writer *, uint64_t number);
/* Marks it as an extension of another record (its reference). */
void ntfs_writer_extends(struct ntfs_writer *, uint64_t number, uint64_t base);

void ntfs_writer_information(struct ntfs_writer *, uint64_t number, uint32_t file_attributes,
                             uint32_t security_id);
/* name_space: 0 POSIX, 1 Win32, 2 DOS. UTF-8. */
void ntfs_writer_name(struct ntfs_writer *, uint64_t number, uint64_t parent, const char *name,
                      uint8_t name_space);
/* A resident attribute; name NULL or ASCII. */
void ntfs_writer_value(struct ntfs_writer *, uint64_t number, uint32_t type, const char *name,
                       const void *value, size_t size);

struct ntfs_writer_run {
    uint64_t count;
    int64_t lcn; /* -1 sparse */
};
struct ntfs_writer_stream {
    uint32_t type;
    const char *name; /* NULL or ASCII */
    uint16_t flags;
    uint8_t compression_unit;
    uint64_t first_vcn, size, initialized_size;
    const struct ntfs_writer_run *runs;
    size_t run_count;
};
/* A non-resident attribute. */
void ntfs_writer_runs(struct ntfs_writer *, uint64_t number, const struct ntfs_writer_stream *);
/* Puts bytes into free clusters, one after the other; the first cluster. */
uint64_t ntfs_writer_put(struct ntfs_writer *, const void *bytes, size_t size);

/* A whole file with its data in the record, or a directory when data is NULL. The reference. */
uint64_t ntfs_writer_file(struct ntfs_writer *, uint64_t number, uint64_t parent,
                          const char *name, const char *data);

/* An empty $Secure with its indexes: without it libfsntfs opens no volume. */
void ntfs_writer_secure(struct ntfs_writer *);

#endif

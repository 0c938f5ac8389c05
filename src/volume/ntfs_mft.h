/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * $MFT of an NTFS volume: found through the boot sector or its copy, read record by record or in
 * one pass, and the streams of a file put together from all records that hold pieces of them.
 * Nothing here is changed after opening: safe from several threads.
 */
#ifndef VOLUME_NTFS_MFT_H
#define VOLUME_NTFS_MFT_H

#include "base/notes.h"
#include "io/source.h"
#include "volume/ntfs_boot.h"
#include "volume/ntfs_record.h"
#include "volume/ntfs_runs.h"

#include <stdbool.h>
#include <stdint.h>

/* A whole stream. A resident one has its bytes in `value`, any other its runs. */
struct ntfs_stream {
    uint64_t size, initialized_size, allocated_size; /* bytes */
    uint16_t flags;                                  /* NTFS_ATTRIBUTE_… */
    uint8_t compression_unit;
    bool resident;
    bool incomplete;  /* pieces are missing: a record of it cannot be read, or runs make no sense */
    uint32_t pieces; /* attributes that it is made of */
    uint8_t *value;
    ntfs_runs runs;
};

void ntfs_stream_free(struct ntfs_stream *);
#define ntfs_stream_cleanup ntfs_stream_free

struct ntfs {
    io_source *source; /* the volume */
    struct ntfs_geometry geometry;
    struct ntfs_stream mft;
    uint64_t record_count;
};

/*
 * Finds $MFT. Damage that was got round is noted.
 * 0; -EBADMSG when neither a boot sector nor a record of $MFT can be found; -ENOMEM, -EIO …
 */
int ntfs_open(struct ntfs *, io_source *volume, struct notes *);
void ntfs_close(struct ntfs *);

/* Reads and fixes one record into record_size bytes. 0; -ENOENT never used; -ENODATA behind the
 * image's end; -EBADMSG torn, or no record at all; -EIO … */
int ntfs_record_read(const struct ntfs *, uint64_t number, void *record);

/*
 * Puts together one stream of the file whose base record is given (whole, as ntfs_record_read()
 * left it); `name` NULL for the unnamed one. 0; -ENOENT no such stream; -ENOMEM, -EIO …
 * What can be had of a damaged one is given with `incomplete` set.
 */
int ntfs_stream_load(const struct ntfs *, uint64_t number, const void *base_record, uint32_t type,
                     const char *name, struct ntfs_stream *);
/* Reads like io_read_some(). Compressed and encrypted streams give what lies on the volume. */
int64_t ntfs_stream_read(const struct ntfs *, const struct ntfs_stream *, uint64_t offset,
                         void *buffer, size_t length);
/* A source of the stream's content, decompressed; the struct is emptied. The source lives without
 * the struct ntfs. -ENOTSUP when it is encrypted. */
int ntfs_stream_source(const struct ntfs *, struct ntfs_stream *, io_source **);

/* One record of the pass, fixed. Valid only during the visit. */
typedef int ntfs_record_visit(void *user, uint64_t number, const void *record);
/* Records first … last could not be read. */
typedef void ntfs_record_lost(void *user, uint64_t first, uint64_t last, const char *reason);

/* Every used record once, in order, in large reads. 0, -ENOMEM or what a visit returned. */
int ntfs_scan(const struct ntfs *, ntfs_record_visit *, ntfs_record_lost *, void *user);

#endif

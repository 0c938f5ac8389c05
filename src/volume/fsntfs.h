/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * What libfsntfs reads of a volume, through its worker program: the witness of our own reader, and
 * the reader of what that one does not unpack.
 */
#ifndef VOLUME_FSNTFS_H
#define VOLUME_FSNTFS_H

#include "base/vector.h"
#include "io/source.h"
#include "worker/fsntfs.h"

struct workers; /* os/worker.h */

struct fsntfs_file_name {
    uint64_t parent; /* file reference */
    uint32_t space;  /* 0 POSIX, 1 Win32, 2 DOS, 3 both */
    const char *text;
};

struct fsntfs_file_stream {
    uint64_t size;
    const char *name;
};

/* One record of $MFT, valid during the visit. */
struct fsntfs_file {
    struct fsntfs_entry entry;
    VECTOR(struct fsntfs_file_name) names;
    VECTOR(struct fsntfs_file_stream) streams; /* besides the unnamed one */
};

/* Return 0 to go on, negative errno to end with that status. */
typedef int fsntfs_visit(void *user, const struct fsntfs_file *);

/*
 * Visits the records first … first + count - 1 that libfsntfs can read, extension records too.
 * 0 or what a visit returned; -EBADMSG libfsntfs does not open the volume, with its reason in
 * error; else as workers_run().
 */
int fsntfs_list(struct workers *, io_source *volume, uint64_t first, uint64_t count, fsntfs_visit *,
                void *user, char error[256]);

/*
 * The content of a file as libfsntfs unpacks it; `stream` "" for the unnamed one. The source keeps
 * a worker to itself.
 * 0; -ENOENT no such stream, or no worker program; else as workers_open_source().
 */
int fsntfs_open(struct workers *, io_source *volume, uint64_t number, const char *stream,
                io_source **);

#endif

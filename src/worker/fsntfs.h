/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * The worker program "fsntfs": what libfsntfs reads of the NTFS volume that is the job's only
 * source.
 *
 * Run, it lists records of $MFT: a struct fsntfs_reply, then for each record that it could read a
 * struct fsntfs_entry with its names (struct fsntfs_name, text), then its streams besides the
 * unnamed one (struct fsntfs_stream, text). Served, it gives the content of one stream.
 * Parameters: struct fsntfs_request, behind it the stream's name. Nothing is aligned; texts of the
 * reply are UTF-8 with a NUL.
 */
#ifndef WORKER_FSNTFS_H
#define WORKER_FSNTFS_H

#include <stdint.h>

struct fsntfs_request {
    uint64_t first; /* number of the first record wanted; served: of the file */
    uint64_t count; /* of records at most */
};

struct fsntfs_reply {
    uint64_t next;   /* the first record that the reply does not tell of */
    uint64_t total;  /* records of $MFT */
    uint32_t opened; /* else only `error` is set */
    char error[256];
};

enum fsntfs_flags {
    FSNTFS_ALLOCATED = 1,
    FSNTFS_DIRECTORY = 2,
    FSNTFS_CORRUPTED = 4,
    FSNTFS_HAS_DATA = 8,    /* an unnamed data stream */
    FSNTFS_INCOMPLETE = 16, /* not all of it could be read, or there was no more room */
};

struct fsntfs_entry {
    uint64_t reference, base;                      /* file references; base 0: this is one */
    uint64_t size;                                 /* bytes of the unnamed data stream */
    uint64_t created, modified, changed, accessed; /* FILETIME, of $STANDARD_INFORMATION */
    uint32_t attributes;                           /* FILE_ATTRIBUTE_… */
    uint32_t flags;                                /* enum fsntfs_flags */
    uint32_t name_count, stream_count;
};

struct fsntfs_name {
    uint64_t parent; /* file reference */
    uint32_t space;  /* 0 POSIX, 1 Win32, 2 DOS, 3 both */
    uint32_t size;   /* of the text, bytes, with its NUL */
};

struct fsntfs_stream {
    uint64_t data_size; /* bytes */
    uint32_t size;      /* of the text, bytes, with its NUL */
};

#endif

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Names and reparse data of NTFS as text. */
#ifndef VOLUME_NTFS_REPARSE_H
#define VOLUME_NTFS_REPARSE_H

#include <stddef.h>
#include <stdint.h>

#define NTFS_REPARSE_MAX 16384 /* MS-FSCC 2.1.2 */

/* A name as one element of a path: UTF-8, never empty, "." or "..", without '/'; what cannot be
 * in a name is U+FFFD. The caller frees; NULL when memory is short. */
char *ntfs_name(const void *utf16, size_t units);

/* 0 when there is none. */
uint32_t ntfs_reparse_tag(const void *data, size_t size);
/*
 * Where a symbolic link or mount point leads, as recorded: the name for the system (its prefix
 * \??\ as \\?\). NULL when it is none, makes no sense or memory is short.
 */
char *ntfs_reparse_target(const void *data, size_t size);

#endif

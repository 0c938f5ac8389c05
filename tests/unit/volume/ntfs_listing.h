/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* What a walk says, as text to compare with. */
#ifndef TESTS_NTFS_LISTING_H
#define TESTS_NTFS_LISTING_H

#include "base/notes.h"
#include "base/strbuf.h"
#include "ntfs_writer.h"
#include "volume/ntfs_volume.h"

struct ntfs_listing {
    struct strbuf paths;      /* a line each: "path", "path/", "path -> target", "path again" */
    struct strbuf complaints; /* one line each */
    VECTOR(struct volume_entry) entries; /* path and name stay NULL */
    struct notes notes;
    struct volume *volume;    /* NULL when it could not be opened */
    int status;
};

/* Opens the first `size` bytes of the volume and walks it. Fails the test where the order of the
 * walk is not that of the bytes of the paths. */
void ntfs_list(struct ntfs_listing *, const void *bytes, size_t size);
void ntfs_listing_free(struct ntfs_listing *);
/* Path of the entry of that record number; NULL. */
const struct volume_entry *ntfs_listing_find(const struct ntfs_listing *, uint64_t number);
/* Content of an entry as text; the caller frees. Fails the test when it cannot be read. */
char *ntfs_content(const struct ntfs_listing *, uint64_t number);

#endif

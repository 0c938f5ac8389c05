/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * An NTFS volume inside an image as a tree of files (volume.h), and what only a volume can tell:
 * deleted files, owners by permission, fragmentation, the change journal.
 *
 * The walk leaves out the volume's own files ($MFT … and all below $Extend). Entries whose folder
 * is gone stand below "$Orphan/N/", N being the number of their record. The id of an entry is its
 * file reference: number of the record and sequence. Alternate data streams are no entries.
 */
#ifndef VOLUME_NTFS_VOLUME_H
#define VOLUME_NTFS_VOLUME_H

#include "base/guid.h"
#include "base/notes.h"
#include "base/vector.h"
#include "volume/volume.h"

struct workers; /* os/worker.h */

/*
 * Opens what lies in `source` from its first byte on. display_root: "IMAGE!p2!/".
 * 0; -EBADMSG with a note when it cannot be found out where the files are; -ENOMEM, -EIO …
 */
int ntfs_volume_open(struct volume **, io_source *source, const char *display_root,
                     struct notes *);
bool volume_is_ntfs(const struct volume *);
/* Lets a worker program unpack what our own reader does not: files that the overlay filter has
 * compressed. Without it opening them is -ENOTSUP. NULL is fine. */
void ntfs_volume_use_workers(struct volume *, struct workers *);
uint64_t ntfs_volume_serial(const struct volume *);

/*
 * Before the first walk: only files that `wanted` accepts are kept and visited, which keeps memory
 * small on large volumes; directories always are. entry->path is NULL there, name is one of the
 * file's names. Files left out are counted.
 */
typedef bool ntfs_volume_wanted(void *user, const struct volume_entry *);
void ntfs_volume_keep_only(struct volume *, ntfs_volume_wanted *, void *user);
uint64_t ntfs_volume_left_out(const struct volume *);

/* The number of its record in $MFT; the rest of an id counts how often that was used before. */
static inline uint64_t ntfs_volume_record_number(uint64_t id)
{
    return id & 0xFFFFFFFFFFFFull;
}

/* What $MFT says of one file of the walk, or of a deleted one. */
struct ntfs_facts {
    uint64_t id; /* file reference, as it was while the file lived */
    bool deleted;
    uint64_t size, allocated_size; /* bytes of the unnamed data stream */
    filetime created, modified, changed, accessed;
    uint32_t attributes;   /* enum volume_attribute */
    /* Fragmentation: NTFS refuses further growth (0x80070299) when the attribute list is full,
     * NTFS_LIST_LIMIT bytes, or can itself not be extended. */
    uint64_t extents;      /* those on both sides of a record's end count twice */
    uint32_t records;      /* of $MFT that the file takes */
    uint32_t list_size;    /* bytes of its attribute list; 0 without one */
};

#define NTFS_LIST_LIMIT 0x40000

/* 0; -ENOENT not a file that was kept. Call after the walk. */
int ntfs_volume_facts(const struct volume *, uint64_t id, struct ntfs_facts *);
/* Whether some of the file's data lies behind the end of an image that was cut off. Any thread. */
bool ntfs_volume_is_cut(const struct volume *, uint64_t id);

/* A deleted .avhdx, .avhd, .vhdx, .vhd, .vmcx, .rct, .mrt or .hrl file. */
struct ntfs_trace {
    char *path;        /* as far as known, '/' between */
    bool path_is_full; /* from the root on; else its upper part is lost */
    struct ntfs_facts facts;
};
typedef VECTOR(struct ntfs_trace) ntfs_traces;

/* Sorted by path, then by id. Call after the walk. 0 or -ENOMEM. */
int ntfs_volume_traces(const struct volume *, ntfs_traces *);
void ntfs_traces_free(ntfs_traces *);
#define ntfs_traces_cleanup ntfs_traces_free

/*
 * The machines that the permissions of a file let in (S-1-5-83-1-…): several for a shared base.
 * Free with vector_free(). One thread at a time. 0; -ESTALE, -EBADMSG … as volume_open(); -ENOMEM.
 */
typedef VECTOR(struct guid) ntfs_machines;
int ntfs_volume_machines(struct volume *, uint64_t id, ntfs_machines *);

enum ntfs_usn_reason { /* MS-FSCC 2.3.62 */
    NTFS_USN_CREATED = 0x100,
    NTFS_USN_DELETED = 0x200,
    NTFS_USN_RENAMED_FROM = 0x1000, /* the name is the old one */
    NTFS_USN_RENAMED_TO = 0x2000,
};
#define NTFS_USN_CLOSED 0x80000000u

/* One record of the change journal, valid during the visit. */
struct ntfs_usn {
    uint64_t usn;        /* its number, ascending */
    uint64_t id, parent; /* file references */
    filetime time;
    uint32_t reason;     /* enum ntfs_usn_reason and more, see MS-FSCC */
    const char *name;
};
/* Return 0 to go on, negative errno to end with that status. */
typedef int ntfs_usn_visit(void *user, const struct ntfs_usn *);

/* All that the change journal still holds, in its order. 0; -ENOENT there is none. */
int ntfs_volume_journal(struct volume *, ntfs_usn_visit *, void *user, struct notes *);

/* What happened to a file of the kinds that leave traces. */
struct ntfs_life {
    uint64_t id, usn;
    filetime time;
    uint32_t reason; /* only those named in enum ntfs_usn_reason, at least one */
    char *path;      /* with the folder's path as it is now, as far as known */
    bool path_is_full;
};
typedef VECTOR(struct ntfs_life) ntfs_lives;

/* Each deed once, in the order of the journal. As ntfs_volume_journal(). */
int ntfs_volume_lives(struct volume *, ntfs_lives *, struct notes *);
void ntfs_lives_free(ntfs_lives *);
#define ntfs_lives_cleanup ntfs_lives_free

#endif

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * The files of an NTFS volume as one pass over $MFT gives them: all directories, for the paths,
 * and of the files those that are wanted. Between the files of this room.
 */
#ifndef VOLUME_NTFS_TREE_H
#define VOLUME_NTFS_TREE_H

#include "base/vector.h"
#include "base/when.h"
#include "volume/ntfs_mft.h"

#include <stdbool.h>
#include <stdint.h>

/* Where a name stands when it is not below a directory of the list. */
#define NTFS_AT_ROOT 0xFFFFFFFEu
#define NTFS_NOWHERE 0xFFFFFFFFu /* the parent is gone, or is another one now */
#define NTFS_FILES_MAX 0x40000000u

struct ntfs_file {
    uint64_t reference;      /* as it was while the file lived, also of a deleted one */
    uint64_t size, allocated_size;
    filetime created, modified, changed, accessed;
    uint64_t extents;        /* of the unnamed data stream; those in two records count twice */
    uint32_t file_attributes; /* FILE_ATTRIBUTE_… */
    uint32_t reparse_tag;
    uint32_t list_size;      /* bytes of the attribute list, 0 without one */
    uint32_t records;        /* of $MFT, the base record counted */
    uint32_t target;         /* of a link, in the text; 0 none */
    uint32_t link;           /* its first name */
    uint32_t first_step, step_count; /* of a directory: in tree.steps */
    uint32_t path_length;    /* of a directory that has been placed; bytes */
    uint16_t data_flags;     /* NTFS_ATTRIBUTE_… of the unnamed data stream */
    bool in_use, directory, wanted, has_size;
    bool has_long_name;
    bool placed, climbing; /* a directory: its way to the root is known, is being followed */
    bool visited;          /* by the walk under an earlier name */
};

/* One name of a file; files with hard links have several. */
struct ntfs_link {
    uint64_t owner, parent_reference;
    uint32_t file, parent; /* indexes into files */
    uint32_t name;         /* in the text */
    uint32_t length;       /* bytes */
    bool is_short;         /* 8.3, the only name in its record */
};

struct ntfs_lost {
    uint64_t first, last;
    const char *reason;
};

struct ntfs_tree {
    VECTOR(struct ntfs_file) files; /* by number; behind `found` our own folders for orphans */
    size_t found;
    VECTOR(struct ntfs_link) links;
    /*
     * The walk, folder by folder: twice the index of a link, plus 1 to go into that folder. Sorted
     * by name, with a '/' behind it where the step goes in: so "a", "a.b", "a/c" come in the order
     * of their bytes.
     */
    VECTOR(uint32_t) steps;
    uint32_t root_first_step, root_step_count;
    char *text;
    size_t text_size, text_capacity;
    VECTOR(struct ntfs_lost) lost;
    uint64_t lost_more;  /* ranges that are not kept */
    uint64_t skipped;    /* files in use that were not wanted */
    uint64_t journal;    /* number of $Extend\$UsnJrnl, 0 none */
};

/* Whether a file is to be listed; `name` is one of its names. */
typedef bool ntfs_wanted(void *user, const struct ntfs_file *, const char *name);

/* 0 or -ENOMEM. Records that cannot be read are in `lost`. */
int ntfs_tree_build(struct ntfs_tree *, const struct ntfs *, ntfs_wanted *, void *user);
void ntfs_tree_free(struct ntfs_tree *);

/* Names as they are in the list: '/' and other impossible characters replaced. */
const char *ntfs_tree_text(const struct ntfs_tree *, uint32_t at);
/* NULL when the list does not hold it. */
struct ntfs_file *ntfs_tree_find(const struct ntfs_tree *, uint64_t reference);

struct strbuf;
/* Appends the path of a name, or of a folder ("" for the root); false when its start is not
 * known. */
bool ntfs_tree_path(const struct ntfs_tree *, const struct ntfs_link *, struct strbuf *);
bool ntfs_tree_folder_path(const struct ntfs_tree *, uint64_t reference, struct strbuf *);

/* Wanted files in use, and directories, in byte order of their path, under each of their names;
 * from the second one on `visited` is set. What `visit` returns ends the walk. */
typedef int ntfs_tree_visit(void *user, const struct ntfs_file *, const struct ntfs_link *,
                            const char *path);
int ntfs_tree_walk(struct ntfs_tree *, ntfs_tree_visit *, void *user);

/* The parts of building it (ntfs_collect.c, ntfs_place.c). */
int ntfs_collect(struct ntfs_tree *, const struct ntfs *, ntfs_wanted *, void *user);
int ntfs_place(struct ntfs_tree *);
/* Adds text with a NUL; its place in *at. 0 or -ENOMEM. */
int ntfs_tree_add_text(struct ntfs_tree *, const char *text, size_t length, uint32_t *at);

#endif

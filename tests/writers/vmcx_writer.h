/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * Makes configuration files for tests and for the corpus: whole ones from a struct vm_fixture
 * (see vm_fixture.h), any others from a tree. The same input always gives the same bytes.
 *
 *     static const char *const pairs[] = {
 *         "configuration/properties/name=string:Server",
 *         "configuration/properties/version=int:2304", NULL};
 *     struct tree_node *tree = vm_tree_from_pairs(pairs);
 *     vmcx_writer_write("server.vmcx", tree, NULL);
 *     xml_writer_write("server.xml", tree, TEXT_UTF16LE);
 *     tree_free(tree);
 *
 * Where things lie in a container: headers at 0 and 4096 (the first is current), object tables
 * from 8192, then file objects, key tables, and the replay log at the end.
 */
#ifndef WRITERS_VMCX_WRITER_H
#define WRITERS_VMCX_WRITER_H

#include "base/text.h"
#include "vm/tree.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * One value per pair, "path=type:value"; types are string, int, uint, double, bool (true, false),
 * bytes (hexadecimal) and node (no value). The nodes on the way are made when they are missing;
 * a pair whose path is there already makes a second key of that name. NULL when memory is short
 * or a pair can't be read.
 */
struct tree_node *vm_tree_from_pairs(const char *const *pairs);
/* Adds one pair to a tree. 0, -EINVAL or -ENOMEM. */
int vm_tree_add_pair(struct tree_node *root, const char *pair);

/* What is wrong with a container on purpose: one checksum each, unless said otherwise. */
enum vmcx_damage {
    VMCX_DAMAGE_HEADER_1 = 1,
    VMCX_DAMAGE_HEADER_2 = 2,
    VMCX_DAMAGE_OBJECT = 4,      /* of the first object table entry */
    VMCX_DAMAGE_KEY_TABLE = 8,   /* of the first key table's header */
    VMCX_DAMAGE_KEY = 16,        /* of the last key */
    VMCX_DAMAGE_LOG_HEADER = 32,
    VMCX_DAMAGE_LOG_ENTRY = 64,  /* of the first pending entry */
    VMCX_DAMAGE_LOG_DATA = 128,  /* of the last pending entry */
    VMCX_DAMAGE_SEQUENCE = 256,  /* both headers have the same sequence number */
};

/* Zero or NULL is the sensible default everywhere. */
struct vmcx_recipe {
    uint32_t version;           /* 0x0400 */
    uint32_t table_size;        /* of a key table: 4096 */
    uint32_t objects_per_table; /* 227, of which the last names the next table */
    /*
     * When set, the file holds this tree, and entries that turn it into the other one are pending
     * in its log. With a tree that equals the other one the log is clean.
     */
    const struct tree_node *before;
    bool leftovers; /* a whole entry of an earlier commit behind the current ones */
    unsigned damage; /* enum vmcx_damage */
};

/* The container in memory, which the caller frees. 0, -EINVAL (a key that does not fit) or
 * -ENOMEM. */
int vmcx_writer_build(const struct tree_node *root, const struct vmcx_recipe *, uint8_t **bytes,
                      size_t *size);
/* The same into a file. 0 or negative errno. */
int vmcx_writer_write(const char *path, const struct tree_node *root, const struct vmcx_recipe *);

/* An XML configuration with a mark; the root must have exactly one child. */
int xml_writer_build(const struct tree_node *root, enum text_encoding, uint8_t **bytes,
                     size_t *size);
int xml_writer_write(const char *path, const struct tree_node *root, enum text_encoding);

/* Writes a new file, or over an old one. 0 or negative errno. */
int vm_write_file(const char *path, const void *bytes, size_t size);

#endif

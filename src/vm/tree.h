/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * The key tree that both formats of a configuration share. Siblings may carry one name: children
 * are a list, never a map.
 */
#ifndef VM_TREE_H
#define VM_TREE_H

#include <stddef.h>
#include <stdint.h>

enum tree_type { TREE_NODE, TREE_INT, TREE_UINT, TREE_DOUBLE, TREE_STRING, TREE_ARRAY, TREE_BOOL };

struct tree_node {
    char *name; /* UTF-8 */
    enum tree_type type;
    union {
        int64_t integer; /* also bool */
        uint64_t uinteger;
        double real;
    } value;
    void *bytes; /* TREE_STRING: UTF-8 text; TREE_ARRAY: bytes */
    size_t size;
    struct tree_node *parent, *first_child, *next; /* in insertion order */
};

/* The first child of that name, any case; NULL when absent. */
const struct tree_node *tree_child(const struct tree_node *, const char *name);
/* Follows "a/b/c" from a node. */
const struct tree_node *tree_find(const struct tree_node *, const char *path);
/* The text of a string at path, or NULL. */
const char *tree_string(const struct tree_node *, const char *path);
void tree_free(struct tree_node *);

#endif

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
    void *bytes; /* TREE_STRING: UTF-8 text with a NUL; TREE_ARRAY: bytes; NULL: was not read */
    size_t size; /* of the value, without that NUL */
    struct tree_node *parent, *first_child, *last_child, *next; /* in insertion order */
};

/* No parser builds a tree deeper than this, whatever its file says; real ones have six levels. */
#define TREE_DEPTH_MAX 64

/* The first child of that name, any case; NULL when absent. */
const struct tree_node *tree_child(const struct tree_node *, const char *name);
/* Follows "a/b/c" from a node. */
const struct tree_node *tree_find(const struct tree_node *, const char *path);
/* The text of a string at path, or NULL. */
const char *tree_string(const struct tree_node *, const char *path);
/* The node behind this one when a tree is read from top to bottom; NULL after the last. */
const struct tree_node *tree_next(const struct tree_node *root, const struct tree_node *);

/*
 * Every key below the root, unknown ones too, from top to bottom: its path ("configuration/
 * properties/name") and its value as text, both printable UTF-8; a node's value is "". What visit
 * returns, when it is not 0, ends the walk and is its result; else 0 or -ENOMEM.
 */
typedef int tree_visitor(void *user, const char *path, const char *value,
                         const struct tree_node *);
int tree_walk(const struct tree_node *root, tree_visitor *visit, void *user);
/* A value as text that the caller frees; long arrays are cut. NULL when memory is short. */
char *tree_value_text(const struct tree_node *);
const char *tree_type_name(enum tree_type); /* "node", "integer", "string" … */

/* For builders: a node of its own (NULL when memory is short), and hanging it below another. */
struct tree_node *tree_new(const char *name, size_t length, enum tree_type);
void tree_append(struct tree_node *parent, struct tree_node *child);
/* Frees the node and all below it. NULL is fine. */
void tree_free(struct tree_node *);

static inline void tree_cleanup(struct tree_node **node)
{
    tree_free(*node);
}

#endif

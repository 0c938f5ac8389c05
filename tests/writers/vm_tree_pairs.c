/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Trees from lines of text. */
#include "vmcx_writer.h"

#include "base/checked.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int set_string(struct tree_node *node, const char *text)
{
    node->bytes = strdup(text);
    node->size = strlen(text);
    return node->bytes ? 0 : -ENOMEM;
}

static int set_int(struct tree_node *node, const char *text)
{
    char *end;

    node->value.integer = strtoll(text, &end, 0);
    return *end == '\0' && end != text ? 0 : -EINVAL;
}

static int set_uint(struct tree_node *node, const char *text)
{
    char *end;

    node->value.uinteger = strtoull(text, &end, 0);
    return *end == '\0' && end != text ? 0 : -EINVAL;
}

static int set_double(struct tree_node *node, const char *text)
{
    char *end;

    node->value.real = strtod(text, &end);
    return *end == '\0' && end != text ? 0 : -EINVAL;
}

static int set_bool(struct tree_node *node, const char *text)
{
    node->value.integer = strcmp(text, "true") == 0;
    return node->value.integer || strcmp(text, "false") == 0 ? 0 : -EINVAL;
}

static int set_bytes(struct tree_node *node, const char *text)
{
    size_t size = strlen(text) / 2;
    uint8_t *bytes = malloc(size + 1);

    node->bytes = bytes;
    node->size = size;
    if (!bytes)
        return -ENOMEM;
    for (size_t i = 0; i < size; i++) {
        char digits[3] = {text[2 * i], text[2 * i + 1], '\0'}, *end;
        bytes[i] = (uint8_t)strtoul(digits, &end, 16);
        if (*end != '\0')
            return -EINVAL;
    }
    return strlen(text) % 2 == 0 ? 0 : -EINVAL;
}

static int set_nothing(struct tree_node *node, const char *text)
{
    return *text == '\0' ? 0 : -EINVAL;
}

static const struct {
    const char *name;
    enum tree_type type;
    int (*set)(struct tree_node *, const char *text);
} types[] = {
    {"string:", TREE_STRING, set_string}, {"int:", TREE_INT, set_int},
    {"uint:", TREE_UINT, set_uint},       {"double:", TREE_DOUBLE, set_double},
    {"bool:", TREE_BOOL, set_bool},       {"bytes:", TREE_ARRAY, set_bytes},
    {"node:", TREE_NODE, set_nothing},
};

/* The node of that name below `parent`, made when it is missing; a value never holds others. */
static struct tree_node *step(struct tree_node *parent, const char *name, size_t length)
{
    struct tree_node *child = parent->first_child;

    while (child && (child->type != TREE_NODE || strlen(child->name) != length ||
                     memcmp(child->name, name, length) != 0))
        child = child->next;
    if (!child && (child = tree_new(name, length, TREE_NODE)))
        tree_append(parent, child);
    return child;
}

int vm_tree_add_pair(struct tree_node *root, const char *pair)
{
    const char *equals = strchr(pair, '='), *name = pair;
    size_t i = 0;

    while (equals && i < ARRAY_SIZE(types) &&
           strncmp(equals + 1, types[i].name, strlen(types[i].name)) != 0)
        i++;
    if (!equals || i == ARRAY_SIZE(types))
        return -EINVAL;
    for (const char *slash; (slash = memchr(name, '/', (size_t)(equals - name)));
         name = slash + 1)
        if (!(root = step(root, name, (size_t)(slash - name))))
            return -ENOMEM;
    struct tree_node *node = tree_new(name, (size_t)(equals - name), types[i].type);
    if (!node)
        return -ENOMEM;
    tree_append(root, node);
    return types[i].set(node, equals + 1 + strlen(types[i].name));
}

struct tree_node *vm_tree_from_pairs(const char *const *pairs)
{
    struct tree_node *root = tree_new("", 0, TREE_NODE);

    for (; root && *pairs; pairs++)
        if (vm_tree_add_pair(root, *pairs) < 0) {
            tree_free(root);
            return NULL;
        }
    return root;
}

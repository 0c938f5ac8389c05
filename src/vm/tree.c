/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "vm/tree.h"

#include "base/checked.h"
#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Longer arrays are cut in the text of a value. */
#define ARRAY_TEXT_BYTES 64

struct tree_node *tree_new(const char *name, size_t length, enum tree_type type)
{
    struct tree_node *node = calloc(1, sizeof(*node));

    if (!node)
        return NULL;
    node->name = strndup(name, length);
    node->type = type;
    if (!node->name) {
        free(node);
        return NULL;
    }
    return node;
}

void tree_append(struct tree_node *parent, struct tree_node *child)
{
    child->parent = parent;
    if (parent->last_child)
        parent->last_child->next = child;
    else
        parent->first_child = child;
    parent->last_child = child;
}

/* From the leaves up, without recursion: each node is freed when it has lost its last child. */
void tree_free(struct tree_node *root)
{
    struct tree_node *node = root;

    while (node) {
        struct tree_node *child = node->first_child, *parent = node->parent;
        if (child) {
            node->first_child = child->next;
            node = child;
            continue;
        }
        bool last = node == root;
        free(node->name);
        free(node->bytes);
        free(node);
        node = last ? NULL : parent;
    }
}

const struct tree_node *tree_child(const struct tree_node *node, const char *name)
{
    const struct tree_node *child = node->first_child;

    while (child && text_compare_folded(child->name, name) != 0)
        child = child->next;
    return child;
}

const struct tree_node *tree_find(const struct tree_node *node, const char *path)
{
    char element[256];

    while (node && *path) {
        size_t length = strcspn(path, "/");
        if (length >= sizeof(element))
            return NULL;
        memcpy(element, path, length);
        element[length] = '\0';
        path += length + (path[length] == '/');
        node = tree_child(node, element);
    }
    return node;
}

const char *tree_string(const struct tree_node *node, const char *path)
{
    const struct tree_node *found = tree_find(node, path);

    return found && found->type == TREE_STRING ? found->bytes : NULL;
}

const struct tree_node *tree_next(const struct tree_node *root, const struct tree_node *node)
{
    if (node->first_child)
        return node->first_child;
    while (node != root && !node->next)
        node = node->parent;
    return node == root ? NULL : node->next;
}

const char *tree_type_name(enum tree_type type)
{
    static const char *const names[] = {"node",   "integer", "unsigned integer", "double",
                                        "string", "array",   "bool"};

    return names[type];
}

static char *array_text(const struct tree_node *node)
{
    struct strbuf text = {0};
    const uint8_t *bytes = node->bytes;
    size_t shown = (size_t)min_u64(node->size, ARRAY_TEXT_BYTES);

    for (size_t i = 0; i < shown; i++)
        strbuf_printf(&text, "%02x", bytes[i]);
    if (shown < node->size)
        strbuf_printf(&text, "... (%zu bytes)", node->size);
    return strbuf_steal(&text);
}

char *tree_value_text(const struct tree_node *node)
{
    bool in_bytes = node->type == TREE_STRING || node->type == TREE_ARRAY;

    if (in_bytes && !node->bytes)
        return string_printf("(%zu bytes, not read)", node->size);
    switch (node->type) {
    case TREE_NODE:
        break;
    case TREE_INT:
        return string_printf("%" PRId64, node->value.integer);
    case TREE_UINT:
        return string_printf("%" PRIu64, node->value.uinteger);
    case TREE_DOUBLE:
        return string_printf("%g", node->value.real);
    case TREE_STRING:
        return text_printable(node->bytes);
    case TREE_ARRAY:
        return array_text(node);
    case TREE_BOOL:
        return strdup(node->value.integer ? "true" : "false");
    }
    return strdup("");
}

/* The path from the root, which is not named itself. */
static char *path_text(const struct tree_node *root, const struct tree_node *node)
{
    const struct tree_node *way[TREE_DEPTH_MAX];
    struct strbuf path = {0};
    size_t depth = 0;

    for (; node != root && depth < TREE_DEPTH_MAX; node = node->parent)
        way[depth++] = node;
    while (depth > 0) {
        strbuf_append(&path, way[--depth]->name);
        if (depth > 0)
            strbuf_append_char(&path, '/');
    }
    CLEANUP_FREE char *text = strbuf_steal(&path);
    return text ? text_printable(text) : NULL;
}

int tree_walk(const struct tree_node *root, tree_visitor *visit, void *user)
{
    for (const struct tree_node *node = root; (node = tree_next(root, node));) {
        CLEANUP_FREE char *path = path_text(root, node);
        CLEANUP_FREE char *value = tree_value_text(node);
        if (!path || !value)
            return -ENOMEM;
        int r = visit(user, path, value, node);
        if (r != 0)
            return r;
    }
    return 0;
}

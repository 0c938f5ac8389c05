/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* The body of a container: object tables, file objects, key tables. */
#include "vmcx_writer_body.h"

#include "base/bytes.h"
#include "base/crc.h"
#include "vm/vmcx_format.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FILE_OBJECT_FROM 2048 /* values of this size and more */
#define FREE_FILL        0xFD

int vmcx_image_extend(struct image *image, size_t size)
{
    if (size > image->capacity) {
        size_t capacity = size + size / 2;
        uint8_t *grown = realloc(image->bytes, capacity);
        if (!grown)
            return -ENOMEM;
        image->bytes = grown;
        image->capacity = capacity;
    }
    if (size > image->size) {
        memset(image->bytes + image->size, 0, size - image->size);
        image->size = size;
    }
    return 0;
}

/* ---- the plan: where every key and value goes ---- */

static struct key *find_key(struct plan *plan, const struct tree_node *node)
{
    for (size_t i = 0; i < plan->keys.count; i++)
        if (plan->keys.items[i].node == node)
            return &plan->keys.items[i];
    return NULL;
}

static int take_value(struct key *key)
{
    const struct tree_node *node = key->node;

    if (node->type == TREE_STRING) {
        key->value = text_to_utf16le(node->bytes, &key->value_size);
        return key->value ? 0 : -ENOMEM;
    }
    static const uint8_t sizes[] = {[TREE_NODE] = 12, [TREE_INT] = 8,  [TREE_UINT] = 8,
                                    [TREE_DOUBLE] = 8, [TREE_BOOL] = 4, [TREE_ARRAY] = 0};
    key->value_size = node->type == TREE_ARRAY ? node->size : sizes[node->type];
    key->value = calloc(1, key->value_size + 1);
    if (!key->value)
        return -ENOMEM;
    if (node->type == TREE_ARRAY)
        memcpy(key->value, node->bytes, node->size);
    else if (node->type == TREE_BOOL)
        store_le32(key->value, (uint32_t)node->value.integer);
    else if (node->type != TREE_NODE)
        store_le64(key->value, node->value.uinteger);
    return 0;
}

static bool has_length(const struct key *key)
{
    return key->node->type == TREE_STRING || key->node->type == TREE_ARRAY;
}

static bool is_outside(const struct key *key)
{
    return has_length(key) && key->value_size >= FILE_OBJECT_FROM;
}

static size_t value_bytes(const struct key *key)
{
    if (is_outside(key))
        return sizeof(struct vmcx_file_object_disk);
    return key->value_size + (has_length(key) ? 4 : 0);
}

static int collect_keys(struct plan *plan, const struct tree_node *root)
{
    for (const struct tree_node *node = root; (node = tree_next(root, node));) {
        struct key *key = vector_push(&plan->keys);
        if (!key)
            return -ENOMEM;
        key->node = node;
        int r = take_value(key);
        if (r < 0)
            return r;
        size_t size = sizeof(struct vmcx_key_disk) + strlen(node->name) + 1 + value_bytes(key);
        if (strlen(node->name) >= UINT8_MAX || size > plan->table_size)
            return -EINVAL;
        key->entry_size = (uint32_t)size;
    }
    return 0;
}

/*
 * Fills table after table. What is left of a table must be nothing or an entry of its own; a rest
 * too short for that becomes slack of the entry before it.
 */
static int place_keys(struct plan *plan)
{
    uint32_t at = plan->table_size;

    for (size_t i = 0; i < plan->keys.count; i++) {
        struct key *key = &plan->keys.items[i];
        if (plan->table_size - at < key->entry_size) {
            at = sizeof(struct vmcx_key_table_disk);
            if (++plan->table_count > UINT16_MAX || plan->table_size - at < key->entry_size)
                return -EINVAL;
        }
        uint32_t rest = plan->table_size - at - key->entry_size;
        if (rest <= sizeof(struct vmcx_key_disk))
            key->entry_size += rest;
        key->table = (uint16_t)plan->table_count;
        key->offset = at;
        at += key->entry_size;
        struct key *parent = find_key(plan, key->node->parent);
        key->insertion = 1;
        for (const struct tree_node *n = key->node->parent->first_child; n != key->node; n = n->next)
            key->insertion++;
        if (parent)
            parent->next_insertion = key->insertion + 1;
    }
    return 0;
}

static void place_objects(struct plan *plan)
{
    for (size_t i = 0; i < plan->keys.count; i++)
        plan->file_object_count += is_outside(&plan->keys.items[i]);
    plan->object_table_bytes =
        round_up(sizeof(struct vmcx_object_table_disk) +
                 plan->objects_per_table * sizeof(struct vmcx_object_disk));
    plan->object_tables = div_round_up(max_u64(plan->table_count + plan->file_object_count, 1),
                                       plan->objects_per_table - 1);
    plan->file_objects = VMCX_OBJECT_TABLE_OFFSET + plan->object_tables * plan->object_table_bytes;
    plan->tables = plan->file_objects;
    for (size_t i = 0; i < plan->keys.count; i++)
        if (is_outside(&plan->keys.items[i])) {
            plan->keys.items[i].file_object = plan->tables;
            plan->tables += round_up(plan->keys.items[i].value_size);
        }
    plan->end = plan->tables + plan->table_count * round_up(plan->table_size);
}

static int make_plan(struct plan *plan, const struct tree_node *root,
                     const struct vmcx_recipe *recipe)
{
    plan->version = recipe->version ? recipe->version : VMCX_VERSION_CURRENT;
    plan->table_size = recipe->table_size ? recipe->table_size : PAGE;
    plan->objects_per_table = recipe->objects_per_table ? recipe->objects_per_table : 227;
    if (plan->objects_per_table < 2)
        return -EINVAL;
    int r = collect_keys(plan, root);
    if (r == 0)
        r = place_keys(plan);
    if (r == 0)
        place_objects(plan);
    return r;
}

/* ---- object tables, file objects, key tables ---- */

static void write_object(uint8_t *image, const struct plan *plan, size_t number, uint8_t type,
                         uint64_t offset, uint64_t size, uint8_t flags)
{
    size_t per_table = plan->objects_per_table - 1;
    size_t table = number / per_table, slot = number % per_table;
    struct vmcx_object_disk *entry =
        (struct vmcx_object_disk *)(image + VMCX_OBJECT_TABLE_OFFSET +
                                    table * plan->object_table_bytes +
                                    sizeof(struct vmcx_object_table_disk)) +
        slot;

    entry->type = type;
    store_le64(&entry->offset, offset);
    store_le32(&entry->size, (uint32_t)size);
    entry->flags = flags;
}

static void write_object_tables(uint8_t *image, const struct plan *plan)
{
    for (size_t t = 0; t < plan->object_tables; t++) {
        uint64_t at = VMCX_OBJECT_TABLE_OFFSET + t * plan->object_table_bytes;
        struct vmcx_object_table_disk *head = (struct vmcx_object_table_disk *)(image + at);
        struct vmcx_object_disk *entries = (struct vmcx_object_disk *)(head + 1);
        struct vmcx_object_disk *last = &entries[plan->objects_per_table - 1];

        store_le32(&head->signature, VMCX_OBJECT_TABLE_SIGNATURE);
        store_le32(&head->entry_count, plan->objects_per_table);
        if (t + 1 < plan->object_tables) {
            last->type = VMCX_OBJECT_TABLE;
            store_le64(&last->offset, at + plan->object_table_bytes);
            store_le32(&last->size, (uint32_t)plan->object_table_bytes);
            last->flags = 1;
        }
        for (uint32_t i = 0; i < plan->objects_per_table; i++)
            store_le32(&entries[i].checksum,
                       crc32_zeroed(&entries[i], sizeof(entries[i]),
                                    offsetof(struct vmcx_object_disk, checksum)));
    }
}

static void write_key(uint8_t *image, struct plan *plan, const struct key *key)
{
    static const uint8_t types[] = {[TREE_NODE] = VMCX_KEY_NODE,     [TREE_INT] = VMCX_KEY_INT,
                                    [TREE_UINT] = VMCX_KEY_UINT,     [TREE_DOUBLE] = VMCX_KEY_DOUBLE,
                                    [TREE_STRING] = VMCX_KEY_STRING, [TREE_ARRAY] = VMCX_KEY_ARRAY,
                                    [TREE_BOOL] = VMCX_KEY_BOOL};
    const struct key *parent = find_key(plan, key->node->parent);
    uint64_t at = plan->tables + (key->table - 1u) * round_up(plan->table_size) + key->offset;
    struct vmcx_key_disk *head = (struct vmcx_key_disk *)(image + at);
    size_t name_size = strlen(key->node->name) + 1;
    uint8_t *value = image + at + sizeof(*head) + name_size;

    head->type = types[key->node->type];
    head->flags = is_outside(key) ? VMCX_KEY_IN_FILE_OBJECT : 0;
    store_le32(&head->size, key->entry_size);
    store_le16(&head->parent_table, parent ? parent->table : 0);
    store_le32(&head->parent_offset, parent ? parent->offset : 0);
    store_le32(&head->insertion_sequence, key->insertion);
    head->name_size = (uint8_t)name_size;
    memcpy(head + 1, key->node->name, name_size);
    if (is_outside(key)) {
        store_le32(value, (uint32_t)key->value_size);
        store_le64(value + 4, key->file_object);
        memcpy(image + key->file_object, key->value, key->value_size);
    } else {
        if (has_length(key))
            store_le32(value, (uint32_t)key->value_size);
        memcpy(value + (has_length(key) ? 4 : 0), key->value, key->value_size);
        if (key->node->type == TREE_NODE)
            store_le32(value + 8, key->next_insertion);
    }
    store_le32(&head->checksum, crc32_zeroed(head, sizeof(*head) + name_size + value_bytes(key),
                                             offsetof(struct vmcx_key_disk, checksum)));
}

static void write_key_table_heads(uint8_t *image, const struct plan *plan)
{
    for (size_t t = 0; t < plan->table_count; t++) {
        uint64_t at = plan->tables + t * round_up(plan->table_size);
        struct vmcx_key_table_disk *head = (struct vmcx_key_table_disk *)(image + at);

        store_le16(&head->signature, VMCX_KEY_TABLE_SIGNATURE);
        store_le16(&head->index, (uint16_t)(t + 1));
        store_le16(&head->sequence, 1);
        store_le32(&head->checksum,
                   crc32_zeroed(head, sizeof(*head), offsetof(struct vmcx_key_table_disk, checksum)));
    }
}

/* Where the last key of each table ends, the rest is one free entry. */
static void write_free_entries(uint8_t *image, const struct plan *plan)
{
    for (size_t i = 0; i < plan->keys.count; i++) {
        const struct key *key = &plan->keys.items[i];
        uint32_t end = key->offset + key->entry_size;
        bool last = i + 1 == plan->keys.count || plan->keys.items[i + 1].table != key->table;
        if (!last || end == plan->table_size)
            continue;
        struct vmcx_key_disk *head =
            (struct vmcx_key_disk *)(image + plan->tables +
                                     (key->table - 1u) * round_up(plan->table_size) + end);
        memset(head, FREE_FILL, plan->table_size - end);
        memset(head, 0, offsetof(struct vmcx_key_disk, insertion_sequence));
        head->type = VMCX_KEY_FREE;
        head->name_size = 0;
        store_le32(&head->size, plan->table_size - end);
    }
}

void vmcx_body_cleanup(struct vmcx_body *body)
{
    for (size_t i = 0; i < body->plan.keys.count; i++)
        free(body->plan.keys.items[i].value);
    vector_free(&body->plan.keys);
    free(body->image.bytes);
}

int vmcx_body_build(struct vmcx_body *body, const struct tree_node *root,
                      const struct vmcx_recipe *recipe)
{
    struct plan *plan = &body->plan;
    size_t object = 0;
    int r = make_plan(plan, root, recipe);

    if (r == 0)
        r = vmcx_image_extend(&body->image, plan->end);
    if (r < 0)
        return r;
    uint8_t *bytes = body->image.bytes;
    for (size_t t = 0; t < plan->table_count; t++)
        write_object(bytes, plan, object++, VMCX_OBJECT_KEY_TABLE,
                     plan->tables + t * round_up(plan->table_size), plan->table_size, 1);
    for (size_t i = 0; i < plan->keys.count; i++) {
        const struct key *key = &plan->keys.items[i];
        if (is_outside(key))
            write_object(bytes, plan, object++, VMCX_OBJECT_FILE, key->file_object,
                         round_up(key->value_size), 0);
        write_key(bytes, plan, key);
    }
    write_object_tables(bytes, plan);
    write_key_table_heads(bytes, plan);
    write_free_entries(bytes, plan);
    return 0;
}


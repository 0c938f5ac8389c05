/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * The key tables as a tree. Keys name their parents by table and offset, in any order and across
 * tables; so all are read first, then parents are found, then what hangs together with the root
 * is linked in the order of the insertion sequence.
 */
#include "base/checked.h"
#include "base/cleanup.h"
#include "base/crc.h"
#include "base/text.h"
#include "vm/vmcx_parts.h"

#include <errno.h>

/* Hostile files only come near these: a configuration has some 400 keys in eight tables. */
#define TABLE_SIZE_MAX    (1 * MIB)
#define TABLES_MAX        65536 /* they have 16 bits for their index */
#define TABLES_BYTES_MAX  (64 * MIB)
#define KEYS_MAX          250000
#define FILE_OBJECT_MAX   (16 * MIB)
#define FILE_OBJECTS_MAX  (64 * MIB) /* of one file, together */

/* Places of a key's parent other than an element of keys. */
#define PARENT_ROOT SIZE_MAX
#define PARENT_NONE (SIZE_MAX - 1)

struct key {
    struct tree_node *node; /* NULL once it hangs in the tree */
    uint64_t place;         /* in the file */
    uint32_t table, offset;
    uint32_t parent_table, parent_offset;
    uint32_t insertion;
    size_t parent; /* element of keys */
};

struct key_table {
    uint16_t index, sequence;
    uint64_t offset;
    uint32_t size;
};

struct reader {
    io_source *file;
    struct vmcx_objects *objects;
    enum vmcx_values values;
    struct notes *notes;
    VECTOR(struct key_table) tables;
    VECTOR(struct key) keys; /* sorted by table and offset */
    uint64_t table_bytes, file_object_bytes;
    bool full;
};

/* ---- the list of tables ---- */

static int read_table_header(struct reader *reader, const struct vmcx_object *object)
{
    struct vmcx_key_table_disk head;
    int r = io_read(reader->file, object->offset, &head, sizeof(head));

    if (r < 0 && r != -ENODATA)
        return r;
    if (r < 0 || get_le16(head.signature) != VMCX_KEY_TABLE_SIGNATURE ||
        object->size > TABLE_SIZE_MAX || object->size < sizeof(head)) {
        notes_add(reader->notes, SEVERITY_PROBLEM, "VMCX-KEY-TABLE", object->offset,
                  "No key table of %u bytes here: signature 0x%04x, expected 0x%04x", object->size,
                  r < 0 ? 0 : get_le16(head.signature), VMCX_KEY_TABLE_SIGNATURE);
        return 0;
    }
    uint32_t sum =
        crc32_zeroed(&head, sizeof(head), offsetof(struct vmcx_key_table_disk, checksum));
    if (sum != get_le32(head.checksum))
        notes_add(reader->notes, SEVERITY_PROBLEM, "VMCX-KEY-TABLE-CHECKSUM", object->offset,
                  "A key table header's checksum is 0x%08x, its bytes give 0x%08x",
                  get_le32(head.checksum), sum);
    struct key_table *table = vector_push(&reader->tables);
    if (!table)
        return -ENOMEM;
    *table = (struct key_table){get_le16(head.index), get_le16(head.sequence), object->offset,
                                object->size};
    return 0;
}

/* By index; of one index the newest first. */
static int compare_tables(const void *left, const void *right)
{
    const struct key_table *a = left, *b = right;

    if (a->index != b->index)
        return a->index < b->index ? -1 : 1;
    if (a->sequence != b->sequence)
        return a->sequence > b->sequence ? -1 : 1;
    return a->offset < b->offset ? -1 : a->offset > b->offset;
}

static int read_table_headers(struct reader *reader)
{
    size_t count = (size_t)min_u64(reader->objects->key_tables.count, TABLES_MAX);

    if (count < reader->objects->key_tables.count)
        notes_add(reader->notes, SEVERITY_PROBLEM, "VMCX-LIMIT", NOTE_NO_OFFSET,
                  "%zu key tables, more than can have an index: the rest was not read",
                  reader->objects->key_tables.count);
    for (size_t i = 0; i < count; i++) {
        int r = read_table_header(reader, &reader->objects->key_tables.items[i]);
        if (r < 0)
            return r;
    }
    if (reader->tables.count > 1)
        qsort(reader->tables.items, reader->tables.count, sizeof(struct key_table),
              compare_tables);
    return 0;
}

/* ---- one key ---- */

static int compare_objects(const void *left, const void *right)
{
    const struct vmcx_object *a = left, *b = right;

    return a->offset < b->offset ? -1 : a->offset > b->offset;
}

static bool file_object_is_listed(const struct reader *reader, uint64_t offset, size_t size)
{
    struct vmcx_object wanted = {.offset = offset};
    const struct vmcx_object *object =
        reader->objects->files.count == 0
            ? NULL
            : bsearch(&wanted, reader->objects->files.items, reader->objects->files.count,
                      sizeof(wanted), compare_objects);

    return object && object->size >= size;
}

/* The bytes of a value that lies in a file object; *bytes stays NULL when they can't be had. */
static int read_file_object(struct reader *reader, uint64_t place, const void *pointer,
                            uint8_t **bytes, size_t *size)
{
    const struct vmcx_file_object_disk *object = pointer;
    uint64_t offset = get_le64(object->offset);

    *size = get_le32(object->size);
    if (reader->values == VMCX_INLINE_VALUES)
        return 0;
    if (!range_fits(offset, *size, io_size(reader->file))) {
        notes_add(reader->notes, SEVERITY_PROBLEM, "VMCX-FILE-OBJECT", place,
                  "A value of %zu bytes at 0x%llx reaches behind the end of the file", *size,
                  (unsigned long long)offset);
        return 0;
    }
    if (*size > FILE_OBJECT_MAX || reader->file_object_bytes + *size > FILE_OBJECTS_MAX) {
        notes_add(reader->notes, SEVERITY_WARNING, "VMCX-LIMIT", place,
                  "A value of %zu bytes was not read: values of more than 16 MiB, or 64 MiB "
                  "together, are no configuration",
                  *size);
        return 0;
    }
    if (!file_object_is_listed(reader, offset, *size))
        notes_add(reader->notes, SEVERITY_WARNING, "VMCX-FILE-OBJECT", place,
                  "The file object at 0x%llx is in no object table", (unsigned long long)offset);
    reader->file_object_bytes += *size;
    *bytes = malloc(*size + 1);
    return *bytes ? io_read(reader->file, offset, *bytes, *size) : -ENOMEM;
}

/* A string or an array, wherever its bytes lie. Takes `bytes` over. */
static int set_bytes(struct reader *reader, uint64_t place, struct tree_node *node, uint8_t *bytes,
                     size_t size)
{
    bool valid;

    node->size = size;
    node->bytes = bytes;
    if (node->type == TREE_ARRAY)
        return 0;
    node->bytes = text_from_utf16le(bytes, size, &valid);
    free(bytes);
    if (!node->bytes)
        return -ENOMEM;
    node->size = strlen(node->bytes);
    if (!valid || size % 2 != 0)
        notes_add(reader->notes, SEVERITY_WARNING, "VMCX-KEY-STRING", place,
                  "The value of '%s' is not valid UTF-16", node->name);
    return 0;
}

/* What each type of key holds: its type in the tree and the bytes of its value. */
static const struct {
    enum tree_type type;
    uint8_t size; /* of the value, or of the length before it; 0 = no such type */
    bool has_length;
} key_types[] = {
    [VMCX_KEY_INT] = {TREE_INT, 8, false},      [VMCX_KEY_UINT] = {TREE_UINT, 8, false},
    [VMCX_KEY_DOUBLE] = {TREE_DOUBLE, 8, false}, [VMCX_KEY_STRING] = {TREE_STRING, 4, true},
    [VMCX_KEY_ARRAY] = {TREE_ARRAY, 4, true},   [VMCX_KEY_BOOL] = {TREE_BOOL, 4, false},
    [VMCX_KEY_NODE] = {TREE_NODE, 12, false},
};

/* The meaningful bytes of a value, of which `room` are there; false when they do not fit. */
static bool value_size(const struct vmcx_key_disk *head, const uint8_t *value, uint64_t room,
                       uint64_t *size)
{
    bool outside = head->flags & VMCX_KEY_IN_FILE_OBJECT;
    bool has_length = key_types[head->type].has_length;

    *size = outside ? sizeof(struct vmcx_file_object_disk) : key_types[head->type].size;
    if (*size > room || (outside && !has_length))
        return false;
    if (!outside && has_length)
        *size += load_le32(value);
    return *size <= room;
}

static int set_value(struct reader *reader, uint64_t place, struct tree_node *node, uint8_t flags,
                     const uint8_t *value)
{
    bool outside = flags & VMCX_KEY_IN_FILE_OBJECT;
    uint8_t *bytes = NULL;
    size_t size;

    if (node->type == TREE_INT)
        node->value.integer = (int64_t)load_le64(value);
    else if (node->type == TREE_UINT)
        node->value.uinteger = load_le64(value);
    else if (node->type == TREE_DOUBLE)
        memcpy(&node->value.real, &(uint64_t){load_le64(value)}, sizeof(double));
    else if (node->type == TREE_BOOL)
        node->value.integer = load_le32(value) != 0;
    if (node->type != TREE_STRING && node->type != TREE_ARRAY)
        return 0;

    int r = 0;
    if (outside) {
        r = read_file_object(reader, place, value, &bytes, &size);
    } else {
        size = load_le32(value);
        bytes = malloc(size + 1);
        if (bytes)
            memcpy(bytes, value + 4, size);
        else
            r = -ENOMEM;
    }
    if (r < 0) {
        free(bytes);
        return r;
    }
    node->size = size;
    return bytes ? set_bytes(reader, place, node, bytes, size) : 0;
}

/* The name behind a key's head as UTF-8 that the caller frees. */
static char *read_name(struct reader *reader, uint64_t place, const char *name, uint8_t size)
{
    char text[UINT8_MAX + 1];

    memcpy(text, name, size);
    text[size] = '\0';
    if (size == 0 || strlen(text) != size - 1u || !text_is_valid(text, strlen(text)))
        notes_add(reader->notes, SEVERITY_PROBLEM, "VMCX-KEY-NAME", place,
                  "A key's name of %u bytes is not UTF-8 that ends in a NUL", size);
    return text_valid(text);
}

/*
 * Takes in one key whose entry is `size` bytes at `entry`. One that makes no sense is left out
 * with a note; one with a wrong checksum that makes sense is kept: to lose a reference to a disk
 * would do more harm than to believe it.
 */
static int read_key(struct reader *reader, const struct key_table *table, const uint8_t *entry,
                    uint32_t offset, uint32_t size)
{
    const struct vmcx_key_disk *head = (const struct vmcx_key_disk *)entry;
    uint64_t place = table->offset + offset, bytes;
    uint64_t before = sizeof(*head) + head->name_size;

    if (head->type == VMCX_KEY_FREE)
        return 0;
    if (head->type >= ARRAY_SIZE(key_types) || key_types[head->type].size == 0) {
        notes_add(reader->notes, SEVERITY_PROBLEM, "VMCX-KEY-TYPE", place,
                  "A key has type %u, expected 1 or 3 to 9", head->type);
        return 0;
    }
    if (before > size || !value_size(head, entry + before, size - before, &bytes)) {
        notes_add(reader->notes, SEVERITY_PROBLEM, "VMCX-KEY-DATA", place,
                  "A key's name or value does not fit in the %u bytes of its entry", size);
        return 0;
    }
    uint32_t sum =
        crc32_zeroed(entry, before + bytes, offsetof(struct vmcx_key_disk, checksum));
    CLEANUP_FREE char *name =
        read_name(reader, place, (const char *)entry + sizeof(*head), head->name_size);
    if (!name)
        return -ENOMEM;
    if (sum != get_le32(head->checksum))
        notes_add(reader->notes, SEVERITY_PROBLEM, "VMCX-KEY-CHECKSUM", place,
                  "The checksum of key '%s' is 0x%08x, its bytes give 0x%08x", name,
                  get_le32(head->checksum), sum);
    struct key *key = vector_push(&reader->keys);
    if (!key)
        return -ENOMEM;
    *key = (struct key){
        .node = tree_new(name, strlen(name), key_types[head->type].type),
        .place = place,
        .table = table->index,
        .offset = offset,
        .parent_table = get_le16(head->parent_table),
        .parent_offset = get_le32(head->parent_offset),
        .insertion = get_le32(head->insertion_sequence),
    };
    return key->node ? set_value(reader, place, key->node, head->flags, entry + before) : -ENOMEM;
}

/* ---- the keys of all tables ---- */

/* Entries fill a table exactly; what is left at its end and too short for a head is none. */
static int walk_table(struct reader *reader, const struct key_table *table, const uint8_t *bytes)
{
    uint32_t offset = sizeof(struct vmcx_key_table_disk), size;

    for (; table->size - offset > sizeof(struct vmcx_key_disk); offset += size) {
        const struct vmcx_key_disk *head = (const struct vmcx_key_disk *)(bytes + offset);
        size = get_le32(head->size);
        if (size <= sizeof(*head) || size > table->size - offset) {
            notes_add(reader->notes, SEVERITY_PROBLEM, "VMCX-KEY-SIZE", table->offset + offset,
                      "A key of %u bytes does not fit in the %u bytes that are left of its table",
                      size, table->size - offset);
            return 0;
        }
        reader->full = reader->keys.count >= KEYS_MAX;
        if (reader->full)
            return 0;
        int r = read_key(reader, table, bytes + offset, offset, size);
        if (r < 0)
            return r;
    }
    return 0;
}

static int read_table(struct reader *reader, const struct key_table *table)
{
    CLEANUP_FREE uint8_t *bytes = malloc(table->size);

    if (!bytes)
        return -ENOMEM;
    int r = io_read(reader->file, table->offset, bytes, table->size);
    return r < 0 ? r : walk_table(reader, table, bytes);
}

static int read_tables(struct reader *reader)
{
    for (size_t i = 0; i < reader->tables.count; i++) {
        const struct key_table *table = &reader->tables.items[i];
        if (i > 0 && table[-1].index == table->index) {
            notes_add(reader->notes, SEVERITY_WARNING, "VMCX-KEY-TABLE-DUPLICATE", table->offset,
                      "Key table %u is there twice; the older one, sequence %u, is left aside",
                      table->index, table->sequence);
            continue;
        }
        reader->table_bytes += table->size;
        reader->full |= reader->table_bytes > TABLES_BYTES_MAX;
        int r = reader->full ? 0 : read_table(reader, table);
        if (r < 0)
            return r;
        if (reader->full) {
            notes_add(reader->notes, SEVERITY_PROBLEM, "VMCX-LIMIT", table->offset,
                      "More than %u keys, or 64 MiB of key tables: the rest was not read",
                      KEYS_MAX);
            return 0;
        }
    }
    return 0;
}

/* ---- the tree ---- */

static int compare_place(const void *left, const void *right)
{
    const struct key *a = left, *b = right;

    if (a->table != b->table)
        return a->table < b->table ? -1 : 1;
    return a->offset < b->offset ? -1 : a->offset > b->offset;
}

static void find_parent(struct reader *reader, struct key *key)
{
    struct key wanted = {.table = key->parent_table, .offset = key->parent_offset};

    key->parent = PARENT_ROOT;
    if (key->parent_table == 0)
        return;
    struct key *parent = bsearch(&wanted, reader->keys.items, reader->keys.count, sizeof(wanted),
                                 compare_place);
    if (parent && parent->node->type == TREE_NODE) {
        key->parent = (size_t)(parent - reader->keys.items);
        return;
    }
    key->parent = PARENT_NONE;
    notes_add(reader->notes, SEVERITY_PROBLEM, "VMCX-KEY-PARENT", key->place,
              "The parent of key '%s', offset %u of table %u, is not a node; the key is left out",
              key->node->name, key->parent_offset, key->parent_table);
}

/* Whether the way up from a key ends at the root, in no more steps than a tree may be deep. */
static bool hangs_on_root(const struct reader *reader, const struct key *key)
{
    size_t up = key->parent;

    for (int depth = 1; depth < TREE_DEPTH_MAX && up < PARENT_NONE; depth++)
        up = reader->keys.items[up].parent;
    if (up < PARENT_NONE)
        notes_add(reader->notes, SEVERITY_PROBLEM, "VMCX-KEY-CYCLE", key->place,
                  "Key '%s' is its own ancestor, or below more than %u others; it is left out",
                  key->node->name, TREE_DEPTH_MAX);
    return up == PARENT_ROOT;
}

/* Siblings side by side, in the order in which they were made. */
static int compare_siblings(const void *left, const void *right)
{
    const struct key *a = *(const struct key *const *)left, *b = *(const struct key *const *)right;

    if (a->parent != b->parent)
        return a->parent < b->parent ? -1 : 1;
    if (a->insertion != b->insertion)
        return a->insertion < b->insertion ? -1 : 1;
    return compare_place(a, b);
}

static int link_keys(struct reader *reader, struct tree_node *root)
{
    CLEANUP_FREE struct key **order = malloc((reader->keys.count + 1) * sizeof(*order));
    CLEANUP_FREE struct tree_node **nodes = malloc((reader->keys.count + 1) * sizeof(*nodes));
    size_t count = 0;

    if (!order || !nodes)
        return -ENOMEM;
    for (size_t i = 0; i < reader->keys.count; i++)
        find_parent(reader, &reader->keys.items[i]);
    for (size_t i = 0; i < reader->keys.count; i++) {
        nodes[i] = reader->keys.items[i].node;
        if (hangs_on_root(reader, &reader->keys.items[i]))
            order[count++] = &reader->keys.items[i];
    }
    qsort(order, count, sizeof(*order), compare_siblings);
    for (size_t i = 0; i < count; i++) {
        struct key *key = order[i];
        tree_append(key->parent == PARENT_ROOT ? root : nodes[key->parent], STEAL(key->node));
    }
    return 0;
}

int vmcx_keys_read(struct tree_node **root, io_source *file, struct vmcx_objects *objects,
                   enum vmcx_values values, struct notes *notes)
{
    struct reader reader = {.file = file, .objects = objects, .values = values, .notes = notes};

    if (objects->files.count > 1)
        qsort(objects->files.items, objects->files.count, sizeof(struct vmcx_object),
              compare_objects);
    *root = tree_new("", 0, TREE_NODE);
    int r = *root ? read_table_headers(&reader) : -ENOMEM;
    if (r == 0)
        r = read_tables(&reader);
    if (r == 0)
        r = link_keys(&reader, *root);
    for (size_t i = 0; i < reader.keys.count; i++)
        tree_free(reader.keys.items[i].node);
    vector_free(&reader.tables);
    vector_free(&reader.keys);
    return r;
}

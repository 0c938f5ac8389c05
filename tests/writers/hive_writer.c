/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Bins of 4 KiB, or what a larger cell needs; names are ASCII ("compressed") or UTF-16. */
#include "hive_writer.h"

#include "base/text.h"
#include "base/vector.h"
#include "event/hive_format.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NOWHERE UINT32_MAX

struct value {
    char *name;
    uint32_t type;
    uint8_t *data;
    size_t size;
};

struct key {
    char *name;
    filetime written;
    VECTOR(struct value) values;
    VECTOR(struct key *) subkeys;
};

struct hive_writer {
    struct key root;
    bool dirty, old_lists;
    uint8_t *bytes;
    size_t used, capacity;
    size_t bin_end; /* of the bin that is being filled */
    uint32_t security;
};

static void fail(const char *what)
{
    fprintf(stderr, "hive_writer: %s\n", what);
    abort();
}

static void *checked(void *p)
{
    if (!p)
        fail("memory is short");
    return p;
}

struct hive_writer *hive_writer_new(void)
{
    struct hive_writer *w = checked(calloc(1, sizeof(*w)));

    w->root.name = checked(strdup("ROOT"));
    return w;
}

static void key_free(struct key *key)
{
    for (size_t i = 0; i < key->values.count; i++) {
        free(key->values.items[i].name);
        free(key->values.items[i].data);
    }
    vector_free(&key->values);
    for (size_t i = 0; i < key->subkeys.count; i++) {
        key_free(key->subkeys.items[i]);
        free(key->subkeys.items[i]);
    }
    vector_free(&key->subkeys);
    free(key->name);
}

void hive_writer_free(struct hive_writer *w)
{
    key_free(&w->root);
    free(w->bytes);
    free(w);
}

/* Subkeys stand in order of their upper-case names. */
static struct key *get_subkey(struct key *parent, const char *name, size_t length)
{
    size_t at = 0, end = parent->subkeys.count;
    char *copy = checked(strndup(name, length));

    while (at < end) {
        size_t middle = at + (end - at) / 2;
        if (strcasecmp(parent->subkeys.items[middle]->name, copy) < 0)
            at = middle + 1;
        else
            end = middle;
    }
    if (at < parent->subkeys.count && strcasecmp(parent->subkeys.items[at]->name, copy) == 0) {
        free(copy);
        return parent->subkeys.items[at];
    }
    checked(vector_push(&parent->subkeys));
    memmove(&parent->subkeys.items[at + 1], &parent->subkeys.items[at],
            (parent->subkeys.count - 1 - at) * sizeof(struct key *));
    struct key *key = parent->subkeys.items[at] = checked(calloc(1, sizeof(*key)));
    key->name = copy;
    return key;
}

static struct key *get_key(struct hive_writer *w, const char *path)
{
    struct key *key = &w->root;

    while (*path) {
        size_t length = strcspn(path, "\\");
        key = get_subkey(key, path, length);
        path += length + (path[length] == '\\');
    }
    return key;
}

void hive_put(struct hive_writer *w, const char *key, const char *name, uint32_t type,
              const void *data, size_t size)
{
    struct key *at = get_key(w, key);
    struct value *value = checked(vector_push(&at->values));

    if (size > 16344)
        fail("values of that size need several cells");
    value->name = checked(strdup(name));
    value->type = type;
    value->data = checked(malloc(size + 1));
    value->size = size;
    memcpy(value->data, data, size);
}

void hive_put_text(struct hive_writer *w, const char *key, const char *name, enum hive_type type,
                   const char *text)
{
    size_t size;
    void *utf16 = checked(text_to_utf16le(text, &size));
    uint8_t *terminated = checked(calloc(1, size + 2));

    memcpy(terminated, utf16, size);
    hive_put(w, key, name, type, terminated, size + 2);
    free(terminated);
    free(utf16);
}

void hive_put_number(struct hive_writer *w, const char *key, const char *name, uint32_t number)
{
    uint8_t bytes[4];

    store_le32(bytes, number);
    hive_put(w, key, name, HIVE_DWORD, bytes, sizeof(bytes));
}

void hive_put_key(struct hive_writer *w, const char *key)
{
    get_key(w, key);
}

void hive_set_written(struct hive_writer *w, const char *key, filetime written)
{
    get_key(w, key)->written = written;
}

void hive_set_dirty(struct hive_writer *w)
{
    w->dirty = true;
}

void hive_set_old_lists(struct hive_writer *w)
{
    w->old_lists = true;
}

/* ---- bins: a header, then cells ---- */

#define BIN_UNIT   4096
#define BIN_HEADER 32

static void make_room(struct hive_writer *w, size_t end)
{
    if (end <= w->capacity)
        return;
    w->bytes = checked(realloc(w->bytes, end * 2));
    memset(w->bytes + w->capacity, 0, end * 2 - w->capacity);
    w->capacity = end * 2;
}

/* What is left of the bin is one free cell. */
static void close_bin(struct hive_writer *w)
{
    if (w->used < w->bin_end)
        store_le32(w->bytes + w->used, (uint32_t)(w->bin_end - w->used));
    w->used = w->bin_end;
}

/* One that takes a cell of that size. */
static void open_bin(struct hive_writer *w, size_t cell)
{
    size_t size = (BIN_HEADER + cell + BIN_UNIT - 1) / BIN_UNIT * BIN_UNIT;

    close_bin(w);
    make_room(w, w->used + size);
    memcpy(w->bytes + w->used, "hbin", 4);
    store_le32(w->bytes + w->used + 4, (uint32_t)(w->used - HIVE_BINS));
    store_le32(w->bytes + w->used + 8, (uint32_t)size);
    w->bin_end = w->used + size;
    w->used += BIN_HEADER;
}

/* ---- cells: a negative size, then the content; offsets count from the first bin ---- */

static uint32_t add_cell(struct hive_writer *w, size_t size)
{
    size_t whole = (size + 4 + 7) & ~(size_t)7;

    if (whole > w->bin_end - w->used)
        open_bin(w, whole);
    uint32_t offset = (uint32_t)(w->used - HIVE_BINS);
    store_le32(w->bytes + w->used, (uint32_t)-(int32_t)whole);
    w->used += whole;
    return offset;
}

/* Moves with the next cell. */
static uint8_t *cell(struct hive_writer *w, uint32_t offset)
{
    return w->bytes + HIVE_BINS + offset + 4;
}

static uint32_t write_data(struct hive_writer *w, const struct value *value)
{
    uint32_t offset = add_cell(w, value->size);

    memcpy(cell(w, offset), value->data, value->size);
    return offset;
}

/* A name as it stands in a cell; the caller frees. */
static void *stored_name(const char *name, size_t *size, bool *is_ascii)
{
    *is_ascii = true;
    for (const char *at = name; *at; at++)
        *is_ascii &= isascii((unsigned char)*at) != 0;
    *size = strlen(name);
    return checked(*is_ascii ? strdup(name) : text_to_utf16le(name, size));
}

static uint32_t write_value(struct hive_writer *w, const struct value *value)
{
    size_t name_size;
    bool is_ascii;
    void *name = stored_name(value->name, &name_size, &is_ascii);
    bool is_inline = value->size <= 4;
    uint32_t data = is_inline ? 0 : write_data(w, value);
    uint32_t offset = add_cell(w, 20 + name_size);
    uint8_t *at = cell(w, offset);

    memcpy(at, "vk", 2);
    store_le16(at + 2, (uint16_t)name_size);
    store_le32(at + 4, (uint32_t)value->size | (is_inline ? 0x80000000u : 0));
    if (is_inline)
        memcpy(at + 8, value->data, value->size);
    else
        store_le32(at + 8, data);
    store_le32(at + 12, value->type);
    store_le16(at + 16, name_size > 0 && is_ascii);
    memcpy(at + 20, name, name_size);
    free(name);
    return offset;
}

static uint32_t write_values(struct hive_writer *w, const struct key *key)
{
    size_t count = key->values.count;

    if (count == 0)
        return NOWHERE;
    uint32_t *offsets = checked(calloc(count, sizeof(*offsets)));
    for (size_t i = 0; i < count; i++)
        offsets[i] = write_value(w, &key->values.items[i]);
    uint32_t list = add_cell(w, count * 4);
    for (size_t i = 0; i < count; i++)
        store_le32(cell(w, list) + i * 4, offsets[i]);
    free(offsets);
    return list;
}

static uint32_t name_hash(const char *name)
{
    uint32_t hash = 0;

    for (; *name; name++)
        hash = hash * 37 + (uint32_t)toupper((unsigned char)*name);
    return hash;
}

static uint32_t write_list(struct hive_writer *w, const struct key *key, const uint32_t *offsets)
{
    size_t count = key->subkeys.count;
    uint32_t list = add_cell(w, 4 + count * 8);
    uint8_t *at = cell(w, list);

    if (count > UINT16_MAX)
        fail("so many subkeys need several lists");
    memcpy(at, w->old_lists ? "lf" : "lh", 2);
    store_le16(at + 2, (uint16_t)count);
    for (size_t i = 0; i < count; i++) {
        const char *name = key->subkeys.items[i]->name;
        store_le32(at + 4 + i * 8, offsets[i]);
        if (w->old_lists)
            memcpy(at + 8 + i * 8, name, strnlen(name, 4));
        else
            store_le32(at + 8 + i * 8, name_hash(name));
    }
    return list;
}

static uint32_t write_key(struct hive_writer *w, const struct key *key, uint32_t parent);

static uint32_t write_subkeys(struct hive_writer *w, const struct key *key, uint32_t self)
{
    size_t count = key->subkeys.count;

    if (count == 0)
        return NOWHERE;
    uint32_t *offsets = checked(calloc(count, sizeof(*offsets)));
    for (size_t i = 0; i < count; i++)
        offsets[i] = write_key(w, key->subkeys.items[i], self);
    uint32_t list = write_list(w, key, offsets);
    free(offsets);
    return list;
}

static uint32_t write_key(struct hive_writer *w, const struct key *key, uint32_t parent)
{
    size_t name_size;
    bool is_ascii, is_root = key == &w->root;
    void *name = stored_name(key->name, &name_size, &is_ascii);
    uint32_t offset = add_cell(w, 76 + name_size);
    uint32_t values = write_values(w, key), subkeys = write_subkeys(w, key, offset);
    uint8_t *at = cell(w, offset);

    memcpy(at, "nk", 2);
    store_le16(at + 2, (is_ascii ? 0x20 : 0) | (is_root ? 0x0c : 0)); /* not to be deleted */
    store_le64(at + 4, key->written);
    store_le32(at + 16, parent);
    store_le32(at + 20, (uint32_t)key->subkeys.count);
    store_le32(at + 28, subkeys);
    store_le32(at + 32, NOWHERE);
    store_le32(at + 36, (uint32_t)key->values.count);
    store_le32(at + 40, values);
    store_le32(at + 44, w->security);
    store_le32(at + 48, NOWHERE);
    store_le16(at + 72, (uint16_t)name_size);
    memcpy(at + 76, name, name_size);
    free(name);
    return offset;
}

/* An empty self-relative security descriptor. */
static void write_security(struct hive_writer *w)
{
    w->security = add_cell(w, 40);
    uint8_t *at = cell(w, w->security);

    memcpy(at, "sk", 2);
    store_le32(at + 4, w->security);
    store_le32(at + 8, w->security);
    store_le32(at + 12, 1);
    store_le32(at + 16, 20);
    at[20] = 1;
    store_le16(at + 22, 0x8000);
}

static void write_base_block(struct hive_writer *w, uint32_t root)
{
    struct hive_base_block *block = (struct hive_base_block *)w->bytes;

    memcpy(block->signature, "regf", 4);
    store_le32(block->primary_sequence.b, w->dirty ? 8 : 7);
    store_le32(block->secondary_sequence.b, 7);
    store_le64(block->written.b, w->root.written);
    store_le32(block->major.b, 1);
    store_le32(block->minor.b, w->old_lists ? 3 : 5);
    store_le32(block->format.b, 1);
    store_le32(block->root_cell.b, root);
    store_le32(block->bins_size.b, (uint32_t)(w->used - HIVE_BINS));
    store_le32(block->clustering.b, 1);
    store_le32(block->checksum.b, hive_checksum(block));
}

const uint8_t *hive_writer_finish(struct hive_writer *w, size_t *size)
{
    make_room(w, HIVE_BINS);
    w->used = w->bin_end = HIVE_BINS;
    write_security(w);
    uint32_t root = write_key(w, &w->root, NOWHERE);
    close_bin(w);
    write_base_block(w, root);
    *size = w->used;
    return w->bytes;
}

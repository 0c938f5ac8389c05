/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* What the parts of the container's writer share; nobody else includes this. */
#ifndef WRITERS_VMCX_WRITER_BODY_H
#define WRITERS_VMCX_WRITER_BODY_H

#include "base/checked.h"
#include "base/vector.h"
#include "vmcx_writer.h"

#define PAGE 4096

/* A growing image. */
struct image {
    uint8_t *bytes;
    size_t size, capacity;
};

static inline uint64_t round_up(uint64_t value)
{
    return div_round_up(value, PAGE) * PAGE;
}

struct key {
    const struct tree_node *node;
    uint8_t *value; /* meaningful bytes, without length or file object */
    size_t value_size;
    uint64_t file_object; /* offset, or 0: inline */
    uint32_t entry_size;  /* with slack */
    uint16_t table;
    uint32_t offset;
    uint32_t insertion, next_insertion;
};

struct plan {
    VECTOR(struct key) keys; /* a parent before its children */
    uint32_t table_size, objects_per_table, version;
    size_t table_count, file_object_count, object_tables;
    uint64_t object_table_bytes, file_objects, tables, end; /* offsets; size of one table */
};

/* Everything but the headers and the log. */
struct vmcx_body {
    struct plan plan;
    struct image image;
};

/* Room up to `size`, zeroed. 0 or -ENOMEM. */
int vmcx_image_extend(struct image *, size_t size);

int vmcx_body_build(struct vmcx_body *, const struct tree_node *root, const struct vmcx_recipe *);
void vmcx_body_cleanup(struct vmcx_body *);

#endif

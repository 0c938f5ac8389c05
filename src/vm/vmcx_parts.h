/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* What the files that read a container share; nobody else includes this. */
#ifndef VM_VMCX_PARTS_H
#define VM_VMCX_PARTS_H

#include "vm/vmcx.h"
#include "vm/vmcx_format.h"

/* An entry of an object table. */
struct vmcx_object {
    enum vmcx_object_type type;
    uint64_t offset;
    uint32_t size;
};

/* Those of them that count. */
struct vmcx_objects {
    VECTOR(struct vmcx_object) key_tables; /* in the order of the file */
    VECTOR(struct vmcx_object) files;
};

/*
 * The file as it is once the pending entries of its log are applied; the file itself when there
 * are none or when one of them does not verify. Sets journal and journal_entries.
 */
int vmcx_log_apply(struct vmcx *, io_source *file, const struct vmcx_header_disk *,
                   io_source **replayed, struct notes *);

/* All keys of all key tables as a tree; *root is set on failure too. Sorts the file objects. */
int vmcx_keys_read(struct tree_node **root, io_source *, struct vmcx_objects *,
                   enum vmcx_values, struct notes *);

#endif

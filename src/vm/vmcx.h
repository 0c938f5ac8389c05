/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Reads a HyperVStorage container into a tree, with its replay log applied in memory. */
#ifndef VM_VMCX_H
#define VM_VMCX_H

#include "vm/tree.h"
#include "vm/vm.h"

struct vmcx {
    uint32_t version; /* of the format, (major << 8) | minor; 0 when no header is whole */
    enum vm_journal journal;
    uint32_t journal_entries;
    struct tree_node *root; /* without a name; below it "configuration" … */
};

enum vmcx_values {
    VMCX_ALL_VALUES,
    VMCX_INLINE_VALUES, /* values in file objects (a saved machine's memory) stay unread */
};

/*
 * 0         a tree; notes of severity "problem" say what of it was lost or can't be trusted
 * -ENOTSUP  a format older than 0x0300
 * -EBADMSG  no container, or no object table
 * -ENOMEM, -EIO …
 */
int vmcx_read(struct vmcx *, io_source *, enum vmcx_values, struct notes *);
void vmcx_free(struct vmcx *);
#define vmcx_cleanup vmcx_free

#endif

/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "vm/kind.h"

#include "base/checked.h"

#include <errno.h>

/* In this order: a runtime state repeats some keys of the configuration. */
static const struct {
    const char *path;
    enum vm_kind kind;
} marks[] = {
    {"Configurations", VM_KIND_REGISTRY},
    {"savedstate", VM_KIND_RUNTIME},
    {"configuration/properties/global_id", VM_KIND_MACHINE},
    {"configuration/properties/name", VM_KIND_MACHINE},
    {"configuration/properties/type_id", VM_KIND_MACHINE},
    {"configuration/settings/global/logical_id", VM_KIND_MACHINE},
    {"configuration/manifest", VM_KIND_MACHINE},
    {"configuration/properties/version", VM_KIND_RUNTIME},
};

enum vm_kind vm_tree_kind(const struct tree_node *root)
{
    for (size_t i = 0; i < ARRAY_SIZE(marks); i++)
        if (tree_find(root, marks[i].path))
            return marks[i].kind;
    return VM_KIND_UNKNOWN;
}

int vm_kind_mismatch(enum vm_kind kind, const struct notes *notes, size_t before)
{
    bool damaged = notes_worst_since(notes, before) >= SEVERITY_PROBLEM;

    return kind == VM_KIND_UNKNOWN && damaged ? -EBADMSG : -ENOMSG;
}

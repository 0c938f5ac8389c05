/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* What a tree is about: the three kinds of file share one container and some of their keys. */
#ifndef VM_KIND_H
#define VM_KIND_H

#include "base/notes.h"
#include "vm/tree.h"

enum vm_kind {
    VM_KIND_UNKNOWN,
    VM_KIND_MACHINE,  /* the configuration of a machine or checkpoint */
    VM_KIND_RUNTIME,  /* .vmrs */
    VM_KIND_REGISTRY, /* data.vmcx */
};

enum vm_kind vm_tree_kind(const struct tree_node *root);

/*
 * The answer of a reader that was given something of another kind: -ENOMSG, but -EBADMSG when
 * the kind is unknown and its notes since `before` say that the file is damaged.
 */
int vm_kind_mismatch(enum vm_kind, const struct notes *, size_t before);

#endif

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * The runtime state (.vmrs): whether the machine's memory was saved, which forbids to merge its
 * disks behind its back.
 *
 * What is relied on: Microsoft's description of saved states in OpenVMM (support/hvs_file/
 * FORMAT.md, appendix A) names the keys of a saved partition and of saved memory; the one real
 * file at hand, of a stopped machine, has none of them and no savedstate node at all. What a
 * running machine's file holds is not known. So only saved content itself counts as "saved", and
 * everything else as "not": neither a savedstate node that holds a version only, nor keys that
 * nobody has described.
 */
#include "vm/vm.h"

#include "base/checked.h"
#include "base/cleanup.h"
#include "vm/kind.h"
#include "vm/tree.h"
#include "vm/vmcx.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

static bool holds_memory(const struct tree_node *savedstate)
{
    static const char *const prefixes[] = {"RamMemoryBlock", "RamBlock"};

    for (const struct tree_node *node = savedstate->first_child; node; node = node->next)
        for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
            if (strncasecmp(node->name, prefixes[i], strlen(prefixes[i])) == 0)
                return true;
    return false;
}

static bool is_saved(const struct tree_node *root)
{
    const struct tree_node *savedstate = tree_child(root, "savedstate");

    return savedstate &&
           (tree_find(savedstate, "savedVM/partition_state") || holds_memory(savedstate));
}

static int read_runtime(bool *saved, io_source *source, struct notes *notes)
{
    CLEANUP(vmcx) struct vmcx vmcx = {0};
    size_t before = notes->count;
    int r;

    if (vm_probe(source) != VM_PROBE_CONTAINER)
        return -ENOMSG;
    r = vmcx_read(&vmcx, source, VMCX_INLINE_VALUES, notes);
    if (r < 0)
        return r;
    *saved = is_saved(vmcx.root);
    if (vm_tree_kind(vmcx.root) == VM_KIND_RUNTIME)
        return 0;
    return vm_kind_mismatch(vm_tree_kind(vmcx.root), notes, before);
}

int vm_runtime_read(bool *saved, io_source *source, struct notes *notes)
{
    struct notes unheard = {0};

    *saved = false;
    int r = read_runtime(saved, source, notes ? notes : &unheard);
    notes_free(&unheard);
    return r;
}

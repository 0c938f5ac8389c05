/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* data.vmcx: one string per machine, named by its identifier, with the path of its file. */
#include "vm/vm.h"

#include "base/cleanup.h"
#include "vm/kind.h"
#include "vm/tree.h"
#include "vm/vmcx.h"

#include <errno.h>
#include <string.h>

/* "_EC04F346-DB96-4700-AF5B-77B3C56C38BD_" */
static bool parse_name(const char *name, struct guid *id)
{
    size_t length = strlen(name);

    return length > 2 && name[0] == '_' && name[length - 1] == '_' &&
           guid_parse(name + 1, length - 2, id);
}

static int add_machine(struct vm_registry *registry, const struct tree_node *node,
                       struct notes *notes)
{
    struct guid id = {0};

    if (node->type != TREE_STRING || !node->bytes || node->size == 0) {
        notes_add(notes, SEVERITY_WARNING, "VM-KEY-TYPE", NOTE_NO_OFFSET,
                  "The registered machine '%s' is of type %s, expected the path of its file",
                  node->name, tree_type_name(node->type));
        return 0;
    }
    if (!parse_name(node->name, &id))
        notes_add(notes, SEVERITY_WARNING, "VM-KEY-VALUE", NOTE_NO_OFFSET,
                  "A registered machine is called '%s', expected its identifier", node->name);
    struct vm_registration *machine = vector_push(&registry->machines);
    if (!machine)
        return -ENOMEM;
    machine->id = id;
    machine->config_path = strdup(node->bytes);
    return machine->config_path ? 0 : -ENOMEM;
}

static int read_registry(struct vm_registry *registry, io_source *source, struct notes *notes)
{
    CLEANUP(vmcx) struct vmcx vmcx = {0};
    size_t before = notes->count;
    int r = vmcx_read(&vmcx, source, VMCX_ALL_VALUES, notes);

    registry->journal = vmcx.journal;
    registry->journal_entries = vmcx.journal_entries;
    if (r < 0)
        return r;
    if (vm_tree_kind(vmcx.root) != VM_KIND_REGISTRY)
        return vm_kind_mismatch(vm_tree_kind(vmcx.root), notes, before);
    const struct tree_node *list = tree_find(vmcx.root, "Configurations/VirtualMachines");
    for (const struct tree_node *node = list ? list->first_child : NULL; node && r == 0;
         node = node->next)
        r = add_machine(registry, node, notes);
    return r;
}

int vm_registry_read(struct vm_registry *registry, io_source *source, struct notes *notes)
{
    struct notes unheard = {0};

    *registry = (struct vm_registry){0};
    int r = read_registry(registry, source, notes ? notes : &unheard);
    notes_free(&unheard);
    if (r < 0)
        vm_registry_free(registry);
    return r;
}

void vm_registry_free(struct vm_registry *registry)
{
    for (size_t i = 0; i < registry->machines.count; i++)
        free(registry->machines.items[i].config_path);
    vector_free(&registry->machines);
}

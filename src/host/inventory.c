/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Inventories: what PowerShell said of the machines, on top of what the files say. */
#include "host/gather.h"

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "host/index.h"
#include "volume/volume.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct host_machine *listed_machine(struct host *host, size_t node,
                                           const struct vm_inventory_drive *line)
{
    struct host_machine *named = NULL;
    size_t same_name = 0;

    for (size_t i = 0; i < host->machines.count; i++) {
        struct host_machine *machine = &host->machines.items[i];
        if (line->has_vm_id && machine->has_id && guid_equal(&machine->id, &line->vm_id))
            return machine;
        if (!line->has_vm_id && line->vm_name && machine->name && machine->node == node &&
            text_compare_folded(machine->name, line->vm_name) == 0) {
            named = machine;
            same_name++;
        }
    }
    return same_name == 1 ? named : NULL;
}

static struct host_machine *inventory_machine(struct host *host, size_t node, const char *path,
                                              const struct vm_inventory_drive *line)
{
    struct host_machine *machine = listed_machine(host, node, line);

    if (machine)
        return machine;
    machine = vector_push(&host->machines);
    if (!machine)
        return NULL;
    machine->id = line->vm_id;
    machine->has_id = line->has_vm_id;
    machine->name = line->vm_name ? text_valid(line->vm_name) : NULL;
    machine->config = strdup(path);
    machine->node = node;
    machine->from_inventory = true;
    machine->merge_pending = HOST_UNKNOWN;
    return machine;
}

static struct host_checkpoint *inventory_checkpoint(struct host_machine *machine, const char *path,
                                                    const struct vm_inventory_drive *line)
{
    for (size_t i = 0; i < machine->checkpoints.count; i++) {
        struct host_checkpoint *checkpoint = &machine->checkpoints.items[i];
        if (line->has_checkpoint_id && checkpoint->has_id
                ? guid_equal(&checkpoint->id, &line->checkpoint_id)
                : line->checkpoint_name && checkpoint->name &&
                      text_compare_folded(checkpoint->name, line->checkpoint_name) == 0)
            return checkpoint;
    }
    struct host_checkpoint *checkpoint = vector_push(&machine->checkpoints);
    if (!checkpoint)
        return NULL;
    checkpoint->id = line->checkpoint_id;
    checkpoint->has_id = line->has_checkpoint_id;
    checkpoint->name = line->checkpoint_name ? text_valid(line->checkpoint_name) : NULL;
    checkpoint->config = strdup(path);
    checkpoint->kind = checkpoint_kind(checkpoint->name, machine->name);
    return checkpoint;
}

static bool drive_is_known(const struct host_drive *drives, size_t count, const char *path)
{
    for (size_t i = 0; i < count; i++)
        if (text_compare_folded(drives[i].recorded_path, path) == 0)
            return true;
    return false;
}

/* A drive that the machine's own configuration names already is not counted twice. */
static int add_listed_drive(drive_list *drives, const struct vm_inventory_drive *line)
{
    if (drive_is_known(drives->items, drives->count, line->path))
        return 0;
    return host_add_drive(drives, line->controller, line->location, line->path, NULL);
}

static int add_inventory_line(struct host *host, size_t node, const char *path,
                              const struct vm_inventory_drive *line)
{
    struct host_machine *machine = inventory_machine(host, node, path, line);

    if (!machine)
        return -ENOMEM;
    machine->registered = HOST_YES;
    if (!line->is_checkpoint) {
        host->nodes.items[node].has_registry = true;
        return add_listed_drive(&machine->drives, line);
    }
    struct host_checkpoint *checkpoint = inventory_checkpoint(machine, path, line);
    return checkpoint ? add_listed_drive(&checkpoint->drives, line) : -ENOMEM;
}

/* An inventory is a volume of one file. */
struct only_file {
    struct volume *volume;
    io_source *source;
};

static int open_only_file(void *user, const struct volume_entry *entry)
{
    struct only_file *file = user;

    return volume_open(file->volume, entry->path, entry->id, &file->source);
}

static void ignore(void *user, const char *path, const char *reason)
{
}

static int read_inventory(struct host *host, struct host_evidence *evidence)
{
    struct only_file file = {.volume = evidence->volume};
    CLEANUP(io_unref) io_source *source = NULL;
    struct vm_inventory inventory = {0};
    struct notes notes = {0};
    int r = volume_walk(evidence->volume, open_only_file, ignore, &file);

    if (r == 0 && !file.source)
        r = -ENOENT;
    if (r == 0 && !(source = io_counter_new(file.source, &evidence->bytes_read)))
        r = -ENOMEM;
    io_unref(file.source);
    evidence->files_seen = 1;
    if (r == 0)
        r = vm_inventory_read(&inventory, source, &notes);
    if (r == 0)
        evidence->files_read = 1;
    else if (r != -ENOMEM) {
        evidence->unreadable = true;
        r = host_complain(evidence,
                          string_printf("%s: not an inventory: %s", evidence->path,
                                        notes.count > 0 ? notes.items[0].text : strerror(-r)));
    }
    if (r == 0 && !evidence->unreadable && inventory.drives.count == 0)
        r = host_complain(evidence,
                          string_printf("%s: lists no drive at all: was Get-VM run as an "
                                        "administrator, on this host?", evidence->path));
    for (size_t i = 0; i < inventory.drives.count && r == 0; i++)
        r = add_inventory_line(host, evidence->node, evidence->path, &inventory.drives.items[i]);
    notes_free(&notes);
    vm_inventory_free(&inventory);
    return r;
}

int inventories_read(struct host *host)
{
    int r = 0;

    for (size_t i = 0; i < host->evidence.count && r == 0; i++)
        if (host->evidence.items[i].kind == EVIDENCE_INVENTORY && host->evidence.items[i].volume)
            r = read_inventory(host, &host->evidence.items[i]);
    return r;
}

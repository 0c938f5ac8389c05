/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * Machines and their checkpoints, joined from configurations, the host's own lists and
 * inventories. Only keys that are known for certain are used: a checkpoint is told by its folder
 * or by a logical_id that differs from its own id, never by a guessed key.
 */
#include "host/gather.h"

#include "base/checked.h"
#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "host/lists.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

struct joining {
    struct host *host;
    file_list *files;
    listings lists;
};

static bool is_checkpoint_file(const struct found_file *file)
{
    const struct vm_config *config = &file->config;

    if (interest_in_folder(file->path, "Snapshots"))
        return true;
    return config->has_id && config->has_logical_id && !guid_is_zero(&config->logical_id) &&
           !guid_equal(&config->id, &config->logical_id);
}

static int copy_drives(drive_list *to, const struct vm_config *config)
{
    for (size_t i = 0; i < config->drives.count; i++) {
        const struct vm_drive *from = &config->drives.items[i];
        if (host_add_drive(to, from->controller, from->location, from->path, from->type) < 0)
            return -ENOMEM;
    }
    return 0;
}

static int add_machine(struct joining *joining, const struct found_file *file)
{
    struct host *host = joining->host;
    const struct vm_config *config = &file->config;
    struct host_machine *machine = vector_push(&host->machines);

    if (!machine)
        return -ENOMEM;
    machine->id = config->id;
    machine->has_id = config->has_id;
    machine->name = config->name ? text_valid(config->name) : NULL;
    machine->config = strdup(file->path);
    machine->node = host->evidence.items[file->evidence].node;
    machine->format = config->format;
    machine->version_major = config->version_major;
    machine->version_minor = config->version_minor;
    machine->generation = config->generation;
    machine->registered = HOST_UNKNOWN;
    machine->merge_pending = (enum host_tristate)config->merge_pending;
    machine->planned = interest_has_folder(file->path, "Planned Virtual Machines");
    machine->replicated = config->replicated;
    machine->clustered = config->clustered == 1;
    machine->journal = config->journal;
    if (!machine->config || copy_drives(&machine->drives, config) < 0)
        return -ENOMEM;
    return 0;
}

static int add_machines(struct joining *joining)
{
    struct host *host = joining->host;

    for (size_t i = 0; i < joining->files->count; i++) {
        const struct found_file *file = &joining->files->items[i];
        if (!file->is_config)
            continue;
        host->configs_read++;
        host->nodes.items[host->evidence.items[file->evidence].node].has_configs = true;
        if (!is_checkpoint_file(file) && add_machine(joining, file) < 0)
            return -ENOMEM;
    }
    return 0;
}

/* Length of the folders that two printed paths share from the front. */
static size_t common_front(const char *a, const char *b)
{
    size_t shared = 0;

    for (size_t i = 0; a[i] && a[i] == b[i]; i++)
        if (a[i] == '/')
            shared = i + 1;
    return shared;
}

/*
 * The machine that a checkpoint belongs to: the one of its logical_id, the nearest on the disk
 * when several copies of that configuration are here; without an id, the only machine whose
 * configuration shares the folder above "Snapshots".
 */
static struct host_machine *owner_of(struct host *host, const struct found_file *file)
{
    const struct vm_config *config = &file->config;
    struct host_machine *best = NULL;
    size_t best_front = 0;
    bool several = false;

    for (size_t i = 0; i < host->machines.count; i++) {
        struct host_machine *machine = &host->machines.items[i];
        if (!machine->config)
            continue;
        bool named = config->has_logical_id && machine->has_id &&
                     guid_equal(&config->logical_id, &machine->id);
        size_t front = common_front(file->path, machine->config);
        if (config->has_logical_id ? !named : front == 0)
            continue;
        if (!best || front > best_front) {
            best = machine;
            best_front = front;
            several = false;
        } else if (front == best_front) {
            several = true;
        }
    }
    return several && !config->has_logical_id ? NULL : best;
}

/* A checkpoint whose machine has no configuration here still proves that its disks are known. */
static struct host_machine *machine_without_config(struct joining *joining,
                                                   const struct found_file *file)
{
    struct host *host = joining->host;
    const struct vm_config *config = &file->config;

    for (size_t i = 0; i < host->machines.count; i++) {
        struct host_machine *machine = &host->machines.items[i];
        if (!machine->config && config->has_logical_id && machine->has_id &&
            guid_equal(&machine->id, &config->logical_id))
            return machine;
    }
    struct host_machine *machine = vector_push(&host->machines);
    if (machine) {
        machine->id = config->logical_id;
        machine->has_id = config->has_logical_id;
        machine->node = host->evidence.items[file->evidence].node;
        machine->registered = machine->merge_pending = HOST_UNKNOWN;
    }
    return machine;
}

/* The forms that the service and backup products write; a person may name any product in a name
 * of their own. */
static const char *const recovery_names[] = {
    "*Backup Checkpoint", "*Backup Checkpoint - (*", "*Recovery Checkpoint", "*Recovery Snapshot",
    "Avamar-*",           "Avamar *",                "DPM-*",                "DPM *",
};

enum host_checkpoint_kind checkpoint_kind(const char *name, const char *machine_name)
{
    if (!name)
        return CHECKPOINT_UNKNOWN;
    for (size_t i = 0; i < ARRAY_SIZE(recovery_names); i++)
        if (fnmatch(recovery_names[i], name, FNM_CASEFOLD) == 0)
            return CHECKPOINT_RECOVERY;
    /* The service's own default: "<name of the machine> - (<date>)". */
    size_t length = machine_name ? strlen(machine_name) : 0;
    if (length > 0 && strncmp(name, machine_name, length) == 0 &&
        strncmp(name + length, " - (", 4) == 0)
        return CHECKPOINT_STANDARD;
    return CHECKPOINT_UNKNOWN;
}

static int add_checkpoint(struct joining *joining, const struct found_file *file)
{
    const struct vm_config *config = &file->config;
    struct host_machine *machine = owner_of(joining->host, file);

    if (!machine)
        machine = machine_without_config(joining, file);
    struct host_checkpoint *checkpoint = machine ? vector_push(&machine->checkpoints) : NULL;
    if (!checkpoint)
        return -ENOMEM;
    checkpoint->id = config->id;
    checkpoint->has_id = config->has_id;
    checkpoint->name = config->name ? text_valid(config->name) : NULL;
    checkpoint->config = strdup(file->path);
    checkpoint->created = config->created;
    checkpoint->journal = config->journal;
    checkpoint->kind = checkpoint_kind(checkpoint->name, machine->name);
    if (!checkpoint->config || copy_drives(&checkpoint->drives, config) < 0)
        return -ENOMEM;
    return 0;
}

static int add_checkpoints(struct joining *joining)
{
    for (size_t i = 0; i < joining->files->count; i++) {
        const struct found_file *file = &joining->files->items[i];
        if (file->is_config && is_checkpoint_file(file) && add_checkpoint(joining, file) < 0)
            return -ENOMEM;
    }
    return 0;
}

/* A runtime file with memory in it, or a saved-state file, marks the machine beside it. */
static bool belongs_to(const char *state_file, const struct host_machine *machine)
{
    char id[GUID_TEXT_SIZE];
    const char *name = strrchr(state_file, '/');
    name = name ? name + 1 : state_file;

    if (!machine->has_id || interest_in_folder(state_file, "Snapshots") ||
        interest_has_folder(state_file, "Snapshots"))
        return false;
    guid_format(&machine->id, id);
    char *folded_name = text_fold(name), *folded_id = text_fold(id);
    bool same = folded_name && folded_id && strncmp(folded_name, folded_id, 36) == 0;
    free(folded_name);
    free(folded_id);
    return same && common_front(state_file, machine->config) > 1;
}

static void mark_saved(struct joining *joining)
{
    struct host *host = joining->host;

    for (size_t i = 0; i < joining->files->count; i++) {
        const struct found_file *file = &joining->files->items[i];
        if (!file->is_saved_state && !(file->interest == INTEREST_STATE && file->size > 0))
            continue;
        for (size_t m = 0; m < host->machines.count; m++)
            if (host->machines.items[m].config && belongs_to(file->path, &host->machines.items[m]))
                host->machines.items[m].saved_state = true;
    }
}

static int keep_troubles(struct joining *joining)
{
    struct host *host = joining->host;

    for (size_t i = 0; i < joining->files->count; i++) {
        struct found_file *file = &joining->files->items[i];
        bool noted = notes_worst(&file->notes) >= SEVERITY_WARNING;
        bool unread =
            (file->is_config && file->config.journal == VM_JOURNAL_UNREADABLE) ||
            (file->is_registry && file->registry.journal == VM_JOURNAL_UNREADABLE);
        if (file->interest != INTEREST_CONFIG || (file->status == 0 && !noted && !unread))
            continue;
        if (file->status < 0 || unread || notes_worst(&file->notes) >= SEVERITY_PROBLEM)
            host->nodes.items[host->evidence.items[file->evidence].node].has_unreadable_config =
                true;
        struct host_trouble *trouble = vector_push(&host->troubles);
        if (!trouble)
            return -ENOMEM;
        trouble->evidence = file->evidence;
        trouble->path = strdup(file->path);
        trouble->status = file->status;
        trouble->journal_unreadable = unread;
        trouble->notes = file->notes;
        file->notes = (struct notes){0};
        if (!trouble->path)
            return -ENOMEM;
    }
    return 0;
}

int machines_resolve(struct host *host)
{
    int r = drives_resolve(host);

    lists_mark_shared_storage(host);
    return r;
}

static int compare_machines(const void *a, const void *b)
{
    const struct host_machine *x = a, *y = b;
    int c = strcmp(x->config ? x->config : "", y->config ? y->config : "");

    return c ? c : guid_compare(&x->id, &y->id);
}

static int compare_checkpoints(const void *a, const void *b)
{
    const struct host_checkpoint *x = a, *y = b;
    int c = strcmp(x->config, y->config);

    return c ? c : guid_compare(&x->id, &y->id);
}

static int compare_troubles(const void *a, const void *b)
{
    return strcmp(((const struct host_trouble *)a)->path, ((const struct host_trouble *)b)->path);
}

static void sort_all(struct host *host)
{
    if (host->machines.count > 0)
        qsort(host->machines.items, host->machines.count, sizeof(*host->machines.items),
              compare_machines);
    for (size_t i = 0; i < host->machines.count; i++) {
        struct host_machine *machine = &host->machines.items[i];
        if (machine->checkpoints.count > 0)
            qsort(machine->checkpoints.items, machine->checkpoints.count,
                  sizeof(*machine->checkpoints.items), compare_checkpoints);
    }
    if (host->troubles.count > 0)
        qsort(host->troubles.items, host->troubles.count, sizeof(*host->troubles.items),
              compare_troubles);
}

int machines_make(struct host *host, file_list *files)
{
    struct joining joining = {.host = host, .files = files};
    int r = lists_read(&joining.lists, host, files);

    if (r == 0)
        r = add_machines(&joining);
    if (r == 0)
        r = add_checkpoints(&joining);
    lists_apply(&joining.lists, host);
    if (r == 0)
        r = inventories_read(host);
    if (r == 0)
        r = machines_resolve(host);
    if (r == 0)
        r = maps_check(host);
    if (r == 0)
        r = lists_report_missing(&joining.lists, host, files);
    if (r == 0) {
        lists_judge_unlisted(host);
        mark_saved(&joining);
        r = keep_troubles(&joining);
    }
    sort_all(host);
    lists_free(&joining.lists);
    return r;
}

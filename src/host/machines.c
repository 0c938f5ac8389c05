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
#include "host/index.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

/* One line of a host's list: that machine is registered there, with this configuration. */
struct listing {
    size_t node;
    struct guid id;
    const char *config_path; /* as recorded; borrowed from the file list */
    bool used;
};

struct joining {
    struct host *host;
    file_list *files;
    VECTOR(struct listing) listings;
};

static bool is_checkpoint_file(const struct found_file *file)
{
    const struct vm_config *config = &file->config;

    if (interest_in_folder(file->path, "Snapshots"))
        return true;
    return config->has_id && config->has_logical_id && !guid_is_zero(&config->logical_id) &&
           !guid_equal(&config->id, &config->logical_id);
}

/* A path that leads to no file has to end at this machine's very configuration all the same when
 * only the beginnings differ: folders are compared from the end. */
static size_t common_tail(const char *recorded, const char *printed)
{
    struct winpath path;

    if (winpath_parse(&path, recorded) < 0)
        return 0;
    size_t tail = winpath_tail(&path, printed);
    winpath_free(&path);
    return tail;
}

static int add_listing(struct joining *joining, size_t node, const struct guid *id,
                       const char *config_path)
{
    struct listing *listing = vector_push(&joining->listings);

    if (!listing)
        return -ENOMEM;
    *listing = (struct listing){node, *id, config_path, false};
    joining->host->nodes.items[node].has_registry = true;
    return 0;
}

static int collect_listings(struct joining *joining)
{
    for (size_t i = 0; i < joining->files->count; i++) {
        const struct found_file *file = &joining->files->items[i];
        size_t node = joining->host->evidence.items[file->evidence].node;
        if (file->is_registry) {
            joining->host->nodes.items[node].has_registry = true;
            for (size_t m = 0; m < file->registry.machines.count; m++) {
                const struct vm_registration *machine = &file->registry.machines.items[m];
                if (add_listing(joining, node, &machine->id, machine->config_path) < 0)
                    return -ENOMEM;
            }
        } else if (file->is_registration) {
            const char *path = file->link_target ? file->link_target : file->path;
            if (add_listing(joining, node, &file->registration_id, path) < 0)
                return -ENOMEM;
        }
    }
    return 0;
}

int host_add_drive(drive_list *list, int controller, int location, const char *path,
                   const char *type)
{
    struct host_drive *drive = vector_push(list);

    if (!drive)
        return -ENOMEM;
    drive->controller = controller;
    drive->location = location;
    drive->disk = HOST_NONE;
    drive->recorded_path = text_valid(path);
    drive->type = type ? text_valid(type) : NULL;
    return drive->recorded_path && (!type || drive->type) ? 0 : -ENOMEM;
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

/* Which of the configurations with a listed id is meant: the one whose path agrees longest. */
static void apply_listing(struct host *host, struct listing *listing)
{
    struct host_machine *best = NULL;
    size_t best_tail = 0;

    for (size_t i = 0; i < host->machines.count; i++) {
        struct host_machine *machine = &host->machines.items[i];
        if (!machine->has_id || !guid_equal(&machine->id, &listing->id))
            continue;
        size_t tail = machine->config && listing->config_path
                          ? common_tail(listing->config_path, machine->config)
                          : 0;
        bool nearer = best && tail == best_tail && machine->node == listing->node &&
                      best->node != listing->node;
        if (!best || tail > best_tail || nearer) {
            best = machine;
            best_tail = tail;
        }
    }
    if (best) {
        best->registered = HOST_YES;
        listing->used = best->config != NULL; /* a checkpoint alone is no configuration of it */
    }
}

/* A node that holds no list of its own and whose folders other nodes reach by shared paths. */
static bool is_shared_storage(const struct host *host, size_t node)
{
    for (size_t i = 0; i < host->evidence.count; i++)
        if (host->evidence.items[i].node == node && host->evidence.items[i].path &&
            (interest_has_folder(host->evidence.items[i].path, "ClusterStorage") ||
             interest_in_folder(host->evidence.items[i].path, "ClusterStorage")))
            return true;
    for (size_t i = 0; i < host->machines.count; i++) {
        const struct host_machine *machine = &host->machines.items[i];
        for (size_t d = 0; d < machine->drives.count; d++) {
            const struct host_drive *drive = &machine->drives.items[d];
            if (drive->disk != HOST_NONE && host_path_is_shared(drive->recorded_path) &&
                host->evidence.items[host->disks.items[drive->disk].evidence].node == node)
                return true;
        }
    }
    return false;
}

static void mark_shared_storage(struct host *host)
{
    for (size_t i = 0; i < host->nodes.count; i++)
        host->nodes.items[i].is_shared_storage =
            !host->nodes.items[i].has_registry && is_shared_storage(host, i);
}

/* "Not registered" is said only where every list that could name the machine was read. */
static bool every_list_is_here(const struct host *host, size_t node)
{
    size_t lists = 0;

    if (host->nodes.items[node].has_registry)
        return true;
    if (!host->nodes.items[node].is_shared_storage)
        return false;
    for (size_t i = 0; i < host->nodes.count; i++) {
        if (!host->nodes.items[i].has_registry && !host->nodes.items[i].is_shared_storage)
            return false;
        lists += host->nodes.items[i].has_registry;
    }
    return lists > 0;
}

static void judge_unlisted(struct host *host)
{
    for (size_t i = 0; i < host->machines.count; i++) {
        struct host_machine *machine = &host->machines.items[i];
        bool nameable = machine->config || machine->has_id; /* a list could name it */
        if (machine->registered == HOST_UNKNOWN && nameable &&
            every_list_is_here(host, machine->node))
            machine->registered = HOST_NO;
    }
}

/* A file at the recorded place that could not be read is damaged, not missing. */
static bool is_there_unread(const struct joining *joining, const struct listing *listing)
{
    for (size_t i = 0; i < joining->files->count; i++) {
        const struct found_file *file = &joining->files->items[i];
        if (file->interest == INTEREST_CONFIG && file->status < 0 &&
            common_tail(listing->config_path, file->path) > 0)
            return true;
    }
    return false;
}

static int report_missing(struct joining *joining)
{
    struct host *host = joining->host;

    for (size_t i = 0; i < joining->listings.count; i++) {
        const struct listing *listing = &joining->listings.items[i];
        struct host_found found = {0};
        if (listing->used || !listing->config_path || is_there_unread(joining, listing))
            continue;
        struct host_missing_config *missing = vector_push(&host->missing_configs);
        if (!missing)
            return -ENOMEM;
        missing->node = listing->node;
        missing->id = listing->id;
        missing->recorded_path = text_valid(listing->config_path);
        if (!missing->recorded_path ||
            host_find_path(host, listing->config_path, listing->node, &found) < 0)
            return -ENOMEM;
        missing->folder_is_known = found.folder_is_known;
        free(found.disks);
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

/* Drives resolved to disks. */

static int resolve_drive(struct host *host, struct host_drive *drive, size_t node, void *user)
{
    struct host_found found;
    int r = host_find_path(host, drive->recorded_path, node, &found);

    if (r < 0)
        return r;
    drive->match = found.match;
    drive->tail = found.tail;
    drive->candidates = found.count;
    drive->folder_is_known = found.folder_is_known;
    drive->disk = found.count == 1 ? found.disks[0] : HOST_NONE;
    free(found.disks);
    return 0;
}

typedef int drive_visit(struct host *, struct host_drive *, size_t node, void *user);

static int each_drive(struct host *host, drive_visit *visit, void *user)
{
    int r = 0;

    for (size_t i = 0; i < host->machines.count; i++) {
        struct host_machine *machine = &host->machines.items[i];
        for (size_t d = 0; d < machine->drives.count && r == 0; d++)
            r = visit(host, &machine->drives.items[d], machine->node, user);
        for (size_t c = 0; c < machine->checkpoints.count; c++) {
            struct host_checkpoint *checkpoint = &machine->checkpoints.items[c];
            for (size_t d = 0; d < checkpoint->drives.count && r == 0; d++)
                r = visit(host, &checkpoint->drives.items[d], machine->node, user);
        }
    }
    return r;
}

/*
 * One file can't lie at two places: where two different paths of local drives lead to one file by
 * their tails, only the one that agrees longest is believed.
 */
static bool is_local_tail(const struct host_drive *drive)
{
    return drive->match == MATCH_TAIL && !host_path_is_shared(drive->recorded_path);
}

static int note_claim(struct host *host, struct host_drive *drive, size_t node, void *user)
{
    size_t *longest = user;

    if (is_local_tail(drive) && drive->tail > longest[drive->disk])
        longest[drive->disk] = drive->tail;
    return 0;
}

static int drop_weak_claim(struct host *host, struct host_drive *drive, size_t node, void *user)
{
    const size_t *longest = user;

    if (is_local_tail(drive) && drive->tail < longest[drive->disk]) {
        drive->match = MATCH_NOT_FOUND;
        drive->disk = HOST_NONE;
    }
    return 0;
}

int machines_resolve(struct host *host)
{
    size_t *longest = calloc(host->disks.count + 1, sizeof(*longest));
    int r = longest ? each_drive(host, resolve_drive, NULL) : -ENOMEM;

    if (r == 0) {
        each_drive(host, note_claim, longest);
        each_drive(host, drop_weak_claim, longest);
    }
    free(longest);
    mark_shared_storage(host);
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
    int r = collect_listings(&joining);

    if (r == 0)
        r = add_machines(&joining);
    if (r == 0)
        r = add_checkpoints(&joining);
    for (size_t i = 0; i < joining.listings.count; i++)
        apply_listing(host, &joining.listings.items[i]);
    if (r == 0)
        r = inventories_read(host);
    if (r == 0)
        r = machines_resolve(host);
    if (r == 0)
        r = maps_check(host);
    if (r == 0)
        r = report_missing(&joining);
    if (r == 0) {
        judge_unlisted(host);
        mark_saved(&joining);
        r = keep_troubles(&joining);
    }
    sort_all(host);
    vector_free(&joining.listings);
    return r;
}

/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "host/lists.h"

#include "base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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

static int add_listing(listings *lists, struct host *host, const struct listing *listing)
{
    struct listing *slot = vector_push(lists);

    if (!slot)
        return -ENOMEM;
    *slot = *listing;
    if (!listing->is_checkpoint) /* what is a list of machines names them */
        host->nodes.items[listing->node].has_registry = true;
    return 0;
}

static int read_file(listings *lists, struct host *host, const struct found_file *file)
{
    struct listing listing = {.node = host->evidence.items[file->evidence].node};

    if (file->is_registry) {
        host->nodes.items[listing.node].has_registry = true;
        for (size_t m = 0; m < file->registry.machines.count; m++) {
            listing.id = file->registry.machines.items[m].id;
            listing.config_path = file->registry.machines.items[m].config_path;
            if (add_listing(lists, host, &listing) < 0)
                return -ENOMEM;
        }
    } else if (file->registration != REGISTRATION_NONE) {
        listing.id = file->registration_id;
        listing.config_path = file->link_target ? file->link_target : file->path;
        listing.is_checkpoint = file->registration == REGISTRATION_CHECKPOINT;
        return add_listing(lists, host, &listing);
    }
    return 0;
}

int lists_read(listings *lists, struct host *host, const file_list *files)
{
    for (size_t i = 0; i < files->count; i++)
        if (read_file(lists, host, &files->items[i]) < 0)
            return -ENOMEM;
    return 0;
}

void lists_free(listings *lists)
{
    vector_free(lists);
}

/* A checkpoint counts by its machine; a link to it only has to lead to a configuration. */
static void apply_to_checkpoints(const struct host *host, struct listing *listing)
{
    for (size_t i = 0; i < host->machines.count; i++) {
        const struct host_machine *machine = &host->machines.items[i];
        for (size_t c = 0; c < machine->checkpoints.count; c++) {
            const struct host_checkpoint *checkpoint = &machine->checkpoints.items[c];
            if ((checkpoint->has_id && guid_equal(&checkpoint->id, &listing->id)) ||
                common_tail(listing->config_path, checkpoint->config) > 0)
                listing->used = true;
        }
    }
}

/* Which of the configurations with a listed id is meant: the one whose path agrees longest. */
static void apply_to_machines(struct host *host, struct listing *listing)
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

void lists_apply(listings *lists, struct host *host)
{
    for (size_t i = 0; i < lists->count; i++)
        if (lists->items[i].is_checkpoint)
            apply_to_checkpoints(host, &lists->items[i]);
        else
            apply_to_machines(host, &lists->items[i]);
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

void lists_mark_shared_storage(struct host *host)
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

void lists_judge_unlisted(struct host *host)
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
static bool is_there_unread(const file_list *files, const struct listing *listing)
{
    for (size_t i = 0; i < files->count; i++) {
        const struct found_file *file = &files->items[i];
        if (file->interest == INTEREST_CONFIG && file->status < 0 &&
            common_tail(listing->config_path, file->path) > 0)
            return true;
    }
    return false;
}

int lists_report_missing(const listings *lists, struct host *host, const file_list *files)
{
    for (size_t i = 0; i < lists->count; i++) {
        const struct listing *listing = &lists->items[i];
        struct host_found found = {0};
        if (listing->used || !listing->config_path || is_there_unread(files, listing))
            continue;
        struct host_missing_config *missing = vector_push(&host->missing_configs);
        if (!missing)
            return -ENOMEM;
        missing->node = listing->node;
        missing->id = listing->id;
        missing->is_checkpoint = listing->is_checkpoint;
        missing->recorded_path = text_valid(listing->config_path);
        if (!missing->recorded_path ||
            host_find_path(host, listing->config_path, listing->node, &found) < 0)
            return -ENOMEM;
        missing->folder_is_known = found.folder_is_known;
        free(found.disks);
    }
    return 0;
}

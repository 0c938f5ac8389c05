/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* The model's beginning and end: what the user named, and how everything is freed. */
#include "host/host.h"

#include "base/checked.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "host/index.h"
#include "host/places.h"
#include "volume/volume.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

void host_init(struct host *host)
{
    *host = (struct host){0};
}

static size_t node_named(struct host *host, const char *name)
{
    for (size_t i = 0; i < host->nodes.count; i++)
        if (strcmp(host->nodes.items[i].name, name) == 0)
            return i;
    struct host_node *node = vector_push(&host->nodes);
    if (!node)
        return HOST_NONE;
    node->name = text_valid(name);
    if (!node->name) {
        host->nodes.count--;
        return HOST_NONE;
    }
    return host->nodes.count - 1;
}

struct host_evidence *host_add_evidence(struct host *host, const char *node,
                                        enum host_evidence_kind kind)
{
    size_t index = node_named(host, node ? node : "");
    struct host_evidence *evidence = index == HOST_NONE ? NULL : vector_push(&host->evidence);

    if (evidence) {
        evidence->kind = kind;
        evidence->node = index;
    }
    return evidence;
}

int host_complain(struct host_evidence *evidence, char *text)
{
    return string_list_add(&evidence->errors, text);
}

/* A file's path with its folder resolved, as the volume of that one file does it. */
static char *file_path(const struct volume *volume, const char *path)
{
    const char *slash = strrchr(path, '/');
    char *joined = string_printf("%s%s", volume->display_root, slash ? slash + 1 : path);
    char *valid = joined ? text_valid(joined) : NULL;

    free(joined);
    return valid;
}

/* The root as the volume prints it, without the separator at its end. */
static char *folder_path(const struct volume *volume)
{
    size_t length = strlen(volume->display_root);

    if (length > 1 && volume->display_root[length - 1] == '/')
        length--;
    char *root = strndup(volume->display_root, length);
    char *valid = root ? text_valid(root) : NULL;
    free(root);
    return valid;
}

/* What the report calls the evidence; one that could not be opened keeps the user's word. */
static int name_evidence(struct host_evidence *evidence, bool is_file, int r, const char *path)
{
    if (r == -ENOMEM)
        return r;
    evidence->is_file = is_file;
    evidence->path = r < 0      ? text_valid(path)
                     : is_file ? file_path(evidence->volume, path)
                               : folder_path(evidence->volume);
    if (!evidence->path)
        return -ENOMEM;
    if (r == 0)
        return 0;
    evidence->unreadable = true;
    return host_complain(evidence, string_printf("%s: cannot be opened: %s", evidence->path,
                                                 strerror(-r)));
}

int host_add_path(struct host *host, const char *node, const char *path)
{
    struct host_evidence *evidence = host_add_evidence(host, node, EVIDENCE_DIRECTORY);

    if (!evidence)
        return -ENOMEM;
    int r = volume_open_directory(&evidence->volume, path);
    bool is_file = r == -ENOTDIR;
    if ((r == -ENOENT || r == -ENOTDIR) && image_path_parse(&evidence->within, path) == 0) {
        path = evidence->within.image;
        is_file = true;
    }
    if (is_file)
        r = volume_open_file(&evidence->volume, path);
    return name_evidence(evidence, is_file, r, path);
}

int host_add_image_of(struct host *host, const char *node, const char *path)
{
    int r = host_add_path(host, node, path);

    if (r == 0)
        host->evidence.items[host->evidence.count - 1].whole = true;
    return r;
}

int host_add_events(struct host *host, const char *node, const char *path)
{
    int r = host_add_path(host, node, path);

    if (r == 0)
        host->evidence.items[host->evidence.count - 1].logs = LOGS_ONLY;
    return r;
}

void host_seek_logs(struct host *host)
{
    for (size_t i = 0; i < host->evidence.count; i++) {
        struct host_evidence *evidence = &host->evidence.items[i];
        if (evidence->kind == EVIDENCE_DIRECTORY)
            evidence->logs = evidence->is_file ? LOGS_ONLY : LOGS_SOUGHT;
    }
}

int host_add_inventory(struct host *host, const char *node, const char *path)
{
    struct host_evidence *evidence = host_add_evidence(host, node, EVIDENCE_INVENTORY);

    if (!evidence)
        return -ENOMEM;
    int r = volume_open_file(&evidence->volume, path);
    return name_evidence(evidence, true, r, path);
}

/* Where the user says that a drive is mounted, as evidence paths are printed: absolute, without
 * links, without a separator at its end. */
static char *map_target(const char *path)
{
    char *real = realpath(path, NULL);
    char *valid = text_valid(real ? real : path);
    size_t length = valid ? strlen(valid) : 0;

    free(real);
    while (length > 1 && valid[length - 1] == '/')
        valid[--length] = '\0';
    return valid;
}

int host_add_map(struct host *host, const char *text)
{
    const char *equals = strchr(text, '=');
    struct winpath from;

    if (!equals || equals == text || equals[1] == '\0')
        return -EINVAL;
    char *left = strndup(text, (size_t)(equals - text));
    int r = left ? winpath_parse(&from, left) : -ENOMEM;
    free(left);
    if (r < 0)
        return r;
    if (from.root == WINPATH_RELATIVE || from.root == WINPATH_OTHER) {
        winpath_free(&from);
        return -EINVAL;
    }
    struct host_map *map = vector_push(&host->maps);
    if (!map) {
        winpath_free(&from);
        return -ENOMEM;
    }
    *map = (struct host_map){from, map_target(equals + 1), HOST_NONE, HOST_NONE};
    return map->to ? 0 : -ENOMEM;
}

int string_list_add(string_list *list, char *text)
{
    char **slot = text ? vector_push(list) : NULL;

    if (!slot) {
        free(text);
        return -ENOMEM;
    }
    *slot = text;
    return 0;
}

void string_list_free(string_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->items[i]);
    vector_free(list);
}

static void free_drives(struct host_drive *drives, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(drives[i].recorded_path);
        free(drives[i].type);
    }
    free(drives);
}

static void free_machine(struct host_machine *machine)
{
    for (size_t i = 0; i < machine->checkpoints.count; i++) {
        struct host_checkpoint *checkpoint = &machine->checkpoints.items[i];
        free(checkpoint->name);
        free(checkpoint->config);
        free_drives(checkpoint->drives.items, checkpoint->drives.count);
    }
    free(machine->checkpoints.items);
    free(machine->name);
    free(machine->config);
    free_drives(machine->drives.items, machine->drives.count);
}

void host_disk_free(struct host_disk *disk)
{
    free(disk->path);
    free(disk->inner);
    free(disk->folder_key);
    free(disk->name_key);
    string_list_free(&disk->aliases);
    vector_free(&disk->owners);
    free(disk->error);
    disk_facts_free(disk->facts);
    notes_free(&disk->notes);
}

filetime host_disk_made(const struct host_disk *disk)
{
    return disk->created <= disk->modified ? disk->created : 0;
}

static void free_log(struct host_log *log)
{
    free(log->path);
    free(log->channel);
    for (size_t i = 0; i < log->writers.count; i++) {
        free(log->writers.items[i].name);
        free(log->writers.items[i].last_error);
    }
    for (size_t i = 0; i < log->services.count; i++) {
        struct service_process *process = &log->services.items[i];
        free(process->image);
        for (size_t s = 0; s < process->services.count; s++)
            free(process->services.items[s]);
        free(process->services.items);
    }
    free(log->writers.items);
    free(log->services.items);
}

void host_close_volumes(struct host *host)
{
    for (size_t i = 0; i < host->evidence.count; i++) {
        volume_close(host->evidence.items[i].volume);
        host->evidence.items[i].volume = NULL;
        io_unref(host->evidence.items[i].bytes);
        host->evidence.items[i].bytes = NULL;
    }
}

void host_free(struct host *host)
{
    host_close_volumes(host);
    for (size_t i = 0; i < host->traces.count; i++)
        free(host->traces.items[i].path);
    for (size_t i = 0; i < host->lives.count; i++)
        free(host->lives.items[i].path);
    vector_free(&host->traces);
    vector_free(&host->lives);
    for (size_t i = 0; i < host->logs.count; i++)
        free_log(&host->logs.items[i]);
    for (size_t i = 0; i < host->events.count; i++) {
        event_free(&host->events.items[i].event);
        free(host->events.items[i].disks.items);
    }
    for (size_t i = 0; i < host->hives.count; i++) {
        free(host->hives.items[i].path);
        hive_free(&host->hives.items[i].facts);
    }
    vector_free(&host->logs);
    vector_free(&host->hives);
    vector_free(&host->events);
    for (size_t i = 0; i < host->nodes.count; i++)
        free(host->nodes.items[i].name);
    for (size_t i = 0; i < host->evidence.count; i++) {
        free(host->evidence.items[i].path);
        free(host->evidence.items[i].root);
        image_path_free(&host->evidence.items[i].within);
        string_list_free(&host->evidence.items[i].errors);
    }
    for (size_t i = 0; i < host->disks.count; i++)
        host_disk_free(&host->disks.items[i]);
    for (size_t i = 0; i < host->machines.count; i++)
        free_machine(&host->machines.items[i]);
    for (size_t i = 0; i < host->troubles.count; i++) {
        free(host->troubles.items[i].path);
        notes_free(&host->troubles.items[i].notes);
    }
    for (size_t i = 0; i < host->missing_configs.count; i++)
        free(host->missing_configs.items[i].recorded_path);
    for (size_t i = 0; i < host->maps.count; i++)
        map_free(&host->maps.items[i]);
    for (size_t i = 0; i < host->mounts.count; i++)
        map_free(&host->mounts.items[i]);
    for (size_t i = 0; i < host->links.count; i++) {
        free(host->links.items[i].path);
        free(host->links.items[i].key);
        free(host->links.items[i].target);
        free(host->links.items[i].leads_to);
    }
    vector_free(&host->nodes);
    vector_free(&host->evidence);
    vector_free(&host->disks);
    vector_free(&host->machines);
    vector_free(&host->troubles);
    vector_free(&host->missing_configs);
    vector_free(&host->maps);
    vector_free(&host->mounts);
    vector_free(&host->links);
    string_list_free(&host->known_folders);
    index_free(host->index);
    host->index = NULL;
}

/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "host/gather.h"

#include "base/strbuf.h"
#include "base/text.h"
#include "host/index.h"
#include "volume/volume.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A folder that the walk is inside of: all paths below it follow each other in byte order. */
struct open_folder {
    size_t length; /* of its path, taken from `sample` */
    char *sample;  /* path of a file in it */
    bool interesting;
    file_list undecided; /* small files, while nothing of interest has been seen beside them */
};

struct walk {
    struct host *host;
    const struct host_options *options;
    file_list *files;
    size_t evidence;
    VECTOR(struct open_folder) folders; /* outermost first */
    uint64_t seen;
    bool met; /* what a path into an image leads to */
};

static void file_free(struct found_file *file)
{
    free(file->inner);
    free(file->path);
    free(file->link_target);
    free(file->error);
    if (file->is_disk)
        host_disk_free(&file->disk);
    if (file->is_config)
        vm_config_free(&file->config);
    if (file->is_registry)
        vm_registry_free(&file->registry);
    if (file->is_log)
        event_file_free(&file->log);
    if (file->is_hive)
        hive_free(&file->hive);
    notes_free(&file->notes);
}

void gather_free(file_list *files)
{
    for (size_t i = 0; i < files->count; i++)
        file_free(&files->items[i]);
    vector_free(files);
}

static int add_file(struct walk *walk, file_list *list, const struct volume_entry *entry,
                    enum interest interest, enum host_sibling sibling)
{
    const struct volume *volume = walk->host->evidence.items[walk->evidence].volume;
    struct found_file *file = vector_push(list);
    char *printed = file ? string_printf("%s%s", volume->display_root, entry->path) : NULL;

    if (!file)
        return -ENOMEM;
    file->evidence = walk->evidence;
    file->inner = strdup(entry->path);
    file->path = printed ? text_valid(printed) : NULL;
    free(printed);
    if (entry->link_target)
        file->link_target = text_valid(entry->link_target);
    file->is_link = entry->type == VOLUME_LINK;
    file->is_alias = entry->type == VOLUME_ALIAS;
    file->registration =
        interest_registration(file->path ? file->path : "", &file->registration_id);
    if (file->registration == REGISTRATION_CHECKPOINT && !file->is_link)
        file->registration = REGISTRATION_NONE; /* the configuration itself */
    file->id = entry->id;
    file->size = entry->size;
    file->modified = entry->modified;
    file->created = entry->created;
    file->attributes = entry->attributes;
    file->interest = interest;
    file->sibling = sibling;
    return file->inner && file->path ? 0 : -ENOMEM;
}

static size_t folder_length(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? (size_t)(slash - path) : 0;
}

static void close_folder(struct walk *walk)
{
    struct open_folder *folder = &walk->folders.items[--walk->folders.count];

    gather_free(&folder->undecided);
    free(folder->sample);
}

static bool is_below(const struct open_folder *folder, const char *path)
{
    return folder->length == 0 || (strncmp(folder->sample, path, folder->length) == 0 &&
                                   path[folder->length] == '/');
}

/* The folder that holds the file; those that the walk has left are closed. */
static struct open_folder *enter_folder(struct walk *walk, const char *path)
{
    size_t length = folder_length(path);
    struct open_folder *top = NULL;

    while (walk->folders.count > 0) {
        top = &walk->folders.items[walk->folders.count - 1];
        if (is_below(top, path))
            break;
        close_folder(walk);
    }
    if (walk->folders.count > 0 && top->length == length)
        return top;
    top = vector_push(&walk->folders);
    if (!top)
        return NULL;
    top->length = length;
    top->sample = strdup(path);
    if (top->sample)
        return top;
    walk->folders.count--;
    return NULL;
}

/* Something of interest lies here: its small neighbours are worth a look, too. */
static int mark_interesting(struct walk *walk, struct open_folder *folder)
{
    folder->interesting = true;
    while (folder->undecided.count > 0) {
        struct found_file *moved = vector_push(walk->files);
        if (!moved)
            return -ENOMEM;
        *moved = folder->undecided.items[--folder->undecided.count];
    }
    return 0;
}

static int visit_file(struct walk *walk, const struct volume_entry *entry)
{
    enum host_sibling sibling = 0;
    enum interest interest = interest_of(entry->path, entry->name, &sibling);
    struct open_folder *folder = enter_folder(walk, entry->path);

    if (!folder)
        return -ENOMEM;
    const struct host_evidence *evidence = &walk->host->evidence.items[walk->evidence];
    enum host_logs logs = evidence->logs;
    if (interest == INTEREST_IGNORED || (interest == INTEREST_LOG && logs == LOGS_NONE))
        return 0;
    if (logs == LOGS_ONLY ||
        (logs == LOGS_SOUGHT && interest == INTEREST_NONE && interest_may_be_log(entry->name)))
        return add_file(walk, walk->files, entry, INTEREST_LOG, 0);
    if (logs == LOGS_SOUGHT && interest == INTEREST_NONE && interest_may_be_hive(entry->name))
        return add_file(walk, walk->files, entry, INTEREST_HIVE, 0);
    if (interest != INTEREST_NONE) {
        int r = interest_marks_folder(interest) ? mark_interesting(walk, folder) : 0;
        return r < 0 ? r : add_file(walk, walk->files, entry, interest, sibling);
    }
    if (entry->size >= SNIFF_ANYWHERE || evidence->is_file) /* what was named is looked at */
        return add_file(walk, walk->files, entry, interest, sibling);
    if (entry->size < SNIFF_LEAST)
        return 0;
    return add_file(walk, folder->interesting ? walk->files : &folder->undecided, entry, interest,
                    sibling);
}

static int add_known_folder(struct walk *walk, const char *path)
{
    const char *root = walk->host->evidence.items[walk->evidence].volume->display_root;
    char *printed = string_printf("%s%s", root, path);
    char *folded = printed ? text_fold(printed) : NULL;
    char **slot = folded ? vector_push(&walk->host->known_folders) : NULL;

    free(printed);
    if (!slot) {
        free(folded);
        return -ENOMEM;
    }
    *slot = folded;
    return 0;
}

/* Whether an entry of an image lies where the path leads, if it leads anywhere in it. */
static bool is_meant(struct walk *walk, const struct volume_entry *entry)
{
    const struct host_evidence *evidence = &walk->host->evidence.items[walk->evidence];
    bool holds = !evidence->within.image || image_path_holds(&evidence->within, entry->path);

    walk->met = walk->met || holds;
    return holds || evidence->whole;
}

static int visit(void *user, const struct volume_entry *entry)
{
    struct walk *walk = user;
    enum host_sibling sibling = 0;
    struct guid id;

    if (!is_meant(walk, entry))
        return 0;
    if (entry->type == VOLUME_LINK && interest_registration(entry->path, &id) != REGISTRATION_NONE)
        return add_file(walk, walk->files, entry, INTEREST_CONFIG, 0);
    if (entry->type == VOLUME_LINK)
        return link_add(walk->host, walk->evidence, entry);
    if (entry->type == VOLUME_DIRECTORY && interest_is_vm_folder(entry->name))
        return add_known_folder(walk, entry->path);
    if (entry->type == VOLUME_ALIAS && entry->id != 0 &&
        interest_of(entry->path, entry->name, &sibling) == INTEREST_DISK)
        return add_file(walk, walk->files, entry, INTEREST_DISK, sibling);
    if (entry->type != VOLUME_FILE)
        return 0;
    walk->host->evidence.items[walk->evidence].files_seen++;
    if (walk->options->progress && ++walk->seen % 512 == 0)
        walk->options->progress(walk->options->progress_user, "finding files", walk->seen, 0);
    return visit_file(walk, entry);
}

static void complain(void *user, const char *path, const char *reason)
{
    struct walk *walk = user;
    struct host_evidence *evidence = &walk->host->evidence.items[walk->evidence];
    char *line = string_printf("%s%s: %s", evidence->volume->display_root, path, reason);

    host_complain(evidence, line ? text_valid(line) : NULL);
    free(line);
}

/* Evidence that lies inside other evidence of its host (or is named again) is walked with that. */
static bool is_covered(const struct host *host, size_t index)
{
    const struct host_evidence *inner = &host->evidence.items[index];

    for (size_t i = 0; i < host->evidence.count; i++) {
        const struct host_evidence *outer = &host->evidence.items[i];
        size_t length = outer->path ? strlen(outer->path) : 0;
        if (i == index || !outer->volume || outer->kind != inner->kind ||
            outer->node != inner->node || outer->logs != inner->logs ||
            strncmp(outer->path, inner->path, length) != 0)
            continue;
        bool same = inner->path[length] == '\0';
        if (same ? i < index : inner->path[length] == '/' || outer->path[length - 1] == '/')
            return true;
    }
    return false;
}

int gather_files(struct host *host, const struct host_options *options, file_list *files)
{
    struct walk walk = {.host = host, .options = options, .files = files};
    int r = 0;

    for (size_t i = 0; i < host->evidence.count && r == 0; i++) {
        struct host_evidence *evidence = &host->evidence.items[i];
        if (!evidence->volume || evidence->kind == EVIDENCE_INVENTORY || is_covered(host, i))
            continue;
        walk.evidence = i;
        walk.met = false;
        r = volume_walk(evidence->volume, visit, complain, &walk);
        while (walk.folders.count > 0)
            close_folder(&walk);
        if (r < 0 && r != -ENOMEM) {
            host_complain(evidence, string_printf("%s: the walk ended early: %s", evidence->path,
                                                  strerror(-r)));
            evidence->unreadable = evidence->files_seen == 0;
            r = 0;
        }
        if (r == 0 && !walk.met)
            r = host_judge_within(host, i);
    }
    vector_free(&walk.folders);
    return r == 0 ? links_join(host) : r;
}

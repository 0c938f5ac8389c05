/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Disk images among the evidence: each volume in them becomes evidence of its own. */
#include "host/gather.h"

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "host/index.h"
#include "os/os_file.h"
#include "volume/image.h"
#include "volume/ntfs_volume.h"
#include "volume/volume.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

typedef VECTOR(struct host_evidence) evidence_list;

/* Large volumes hold millions of files that are no business of ours. Folders decide about some
 * names, and are not known yet here: in doubt a file is kept. */
static bool is_wanted(void *user, const struct volume_entry *entry)
{
    enum host_sibling sibling;

    return entry->type == VOLUME_LINK || entry->size >= SNIFF_ANYWHERE ||
           interest_of(entry->name, entry->name, &sibling) != INTEREST_NONE ||
           interest_may_matter_by_folder(entry->name);
}

/* … where logs are sought, any text may be one. */
static bool is_wanted_log(void *user, const struct volume_entry *entry)
{
    return is_wanted(user, entry) || interest_may_be_log(entry->name) ||
           interest_may_be_hive(entry->name);
}

void images_keep_wanted(struct volume *volume, enum host_logs logs)
{
    bool sought = logs == LOGS_SOUGHT || logs == LOGS_ONLY;

    ntfs_volume_keep_only(volume, sought ? is_wanted_log : is_wanted, NULL);
}

static bool is_image(const struct host_evidence *evidence, const struct host_options *options)
{
    CLEANUP(io_unref) io_source *source = NULL;

    if (evidence->within.image)
        return true;
    if (evidence->kind != EVIDENCE_DIRECTORY || options->files_as_they_are ||
        (!evidence->is_file && !evidence->unreadable))
        return false;
    return os_file_open(evidence->path, true, &source) == 0 && image_probe(source);
}

static int complain_of(struct host_evidence *evidence, const char *path, const struct notes *notes,
                       size_t first, size_t last)
{
    for (size_t i = first; i < last; i++) {
        const struct note *note = &notes->items[i];
        if (note->severity >= SEVERITY_WARNING &&
            host_complain(evidence, string_printf("%s: %s (rule %s)", path, note->text,
                                                  note->rule)) < 0)
            return -ENOMEM;
    }
    return 0;
}

int images_complain(struct host_evidence *evidence, const struct notes *notes)
{
    return complain_of(evidence, evidence->path, notes, 0, notes->count);
}

static const char *why_not(int status)
{
    if (status == -ENOTSUP)
        return "its file system is recognised but cannot be read here: mount it and scan the folder";
    return status == -ENOKEY ? "it is encrypted, and not unlocked" : strerror(-status);
}

/* "!p2!", or "!" where the image is one volume. */
static char *name_of(const struct partition_list *partitions, const struct image_volume *volume)
{
    unsigned index = partitions->items.items[volume->partition].index;

    return index > 0 ? string_printf("!p%u!", index) : strdup("!");
}

static bool is_meant(const struct host_evidence *image, const struct partition_list *partitions,
                     const struct image_volume *volume)
{
    CLEANUP_FREE char *name = name_of(partitions, volume);
    size_t length;

    if (!image->within.image || !name)
        return false;
    image_path_shadow(&image->within, &length);
    return strlen(name) == length && strncmp(name, image->within.volume, length) == 0;
}

/* What the evidence is called, and what of it is looked at: the one volume takes over the path. */
static int name_volume(struct host_evidence *evidence, struct host_evidence *image, bool is_it)
{
    size_t length = strlen(evidence->volume->display_root) - 1; /* without its separator */
    CLEANUP_FREE char *root = strndup(evidence->volume->display_root, length);

    evidence->whole = image->whole;
    if (is_it)
        evidence->within = image->within;
    if (is_it)
        image->within = (struct image_path){0};
    bool further = is_it && !evidence->whole && evidence->within.inner[0];
    evidence->root = root ? text_valid(root) : NULL;
    if (!evidence->root)
        return -ENOMEM;
    free(evidence->path);
    evidence->path = further ? string_printf("%s/%s", evidence->root, evidence->within.inner)
                             : strdup(evidence->root);
    return evidence->path ? 0 : -ENOMEM;
}

/* What was said of it and, where nothing was, why it is not read. */
static int complain_of_volume(struct host_evidence *evidence, const char *path,
                              const struct image_volume *volume, const struct notes *notes)
{
    int r = complain_of(evidence, path, notes, volume->first_note, volume->last_note);

    if (r < 0 || !evidence->unreadable || evidence->errors.count > 0)
        return r;
    return host_complain(evidence, string_printf("%s: %s", path, why_not(volume->status)));
}

static int add_unreadable(struct host_evidence *evidence, const char *image,
                          const struct partition_list *partitions,
                          const struct image_volume *volume, const struct notes *notes)
{
    CLEANUP_FREE char *name = name_of(partitions, volume);

    evidence->unreadable = true;
    evidence->path = name ? string_printf("%s%s", image, name) : NULL;
    return evidence->path ? complain_of_volume(evidence, evidence->path, volume, notes) : -ENOMEM;
}

/* The shadow copy into which the path leads; 0: the volume as it is. */
static unsigned copy_meant(const struct host_evidence *image)
{
    size_t length;

    return image->within.image ? image_path_shadow(&image->within, &length) : 0;
}

/* The volume as it was in a shadow copy takes its place. */
static int go_back(struct host_evidence *evidence, unsigned copy, struct workers *workers)
{
    const char *now = evidence->volume->display_root;
    CLEANUP_FREE char *root = string_printf("%.*svss%u!/", (int)strlen(now) - 1, now, copy);
    CLEANUP(io_unref) io_source *source = NULL;
    CLEANUP(notes) struct notes said = {0};

    volume_close(evidence->volume);
    evidence->volume = NULL;
    if (!root)
        return -ENOMEM;
    int r = image_shadow_open(evidence->bytes, workers, copy, &source, &said);
    if (r == 0)
        r = ntfs_volume_open(&evidence->volume, source, root, &said);
    if (r == -ENOMEM)
        return r;
    root[strlen(root) - 1] = '\0';
    evidence->path = text_valid(root);
    evidence->unreadable = r < 0;
    return evidence->path ? images_complain(evidence, &said) : -ENOMEM;
}

static int count_copies(struct host_evidence *evidence)
{
    int r = image_shadows_count(evidence->bytes, &evidence->shadows, NULL);

    evidence->has_shadows = r < 0 || evidence->shadows > 0;
    return 0;
}

static int add_volume(struct host_evidence *image, const struct host_options *options,
                      const struct partition_list *partitions, struct image_volume *found,
                      const struct notes *notes, evidence_list *list)
{
    struct host_evidence *evidence = vector_push(list);

    if (!evidence)
        return -ENOMEM;
    evidence->kind = EVIDENCE_VOLUME;
    evidence->node = image->node;
    evidence->logs = image->logs == LOGS_ONLY ? LOGS_SOUGHT : image->logs;
    if (!found->volume)
        return add_unreadable(evidence, image->path, partitions, found, notes);
    evidence->volume = STEAL(found->volume);
    evidence->serial = found->serial;
    evidence->bitlocker = found->bitlocker;
    evidence->device = partition_device(partitions, &partitions->items.items[found->partition]);
    evidence->bytes = io_ref(found->source);
    bool is_it = is_meant(image, partitions, found);
    unsigned copy = is_it ? copy_meant(image) : 0;
    int r = copy > 0 ? go_back(evidence, copy, options->workers) : count_copies(evidence);
    if (r < 0 || evidence->unreadable)
        return r;
    if (!options->files_as_they_are)
        images_keep_wanted(evidence->volume, evidence->logs);
    r = name_volume(evidence, image, is_it);
    return r < 0 ? r : complain_of_volume(evidence, evidence->root, found, notes);
}

/* All volumes, or the one into which the path leads. */
static int add_volumes(struct host_evidence *file, const struct host_options *options,
                       struct image *image, const struct notes *notes, evidence_list *list)
{
    bool all = !file->within.image || (file->whole && copy_meant(file) == 0), found = !file->within.image;
    size_t before = list->count;
    int r = 0;

    for (size_t i = 0; i < image->volumes.count && r == 0; i++) {
        bool is_it = is_meant(file, &image->partitions, &image->volumes.items[i]);
        found = found || is_it;
        if (all || is_it)
            r = add_volume(file, options, &image->partitions, &image->volumes.items[i], notes, list);
    }
    if (r < 0 || found)
        return r;
    CLEANUP(strbuf) struct strbuf names = {0};
    for (size_t i = 0; i < image->volumes.count; i++) {
        CLEANUP_FREE char *name = name_of(&image->partitions, &image->volumes.items[i]);
        strbuf_printf(&names, "%s%s", i > 0 ? ", " : "", name ? name : "");
    }
    /* Where volumes were taken all the same, the file is no evidence any more. */
    struct host_evidence *concerned = list->count > before ? &list->items[before] : file;
    return host_complain(concerned, string_printf("%s: has no volume %s, but %s", file->path,
                                                  file->within.volume,
                                                  names.length > 0 ? strbuf_text(&names) : "none"));
}

/* A virtual disk without a volume that we read is a disk to report on, not a host's image. */
static bool is_virtual_disk(const struct host_evidence *evidence)
{
    CLEANUP(io_unref) io_source *source = NULL;

    return os_file_open(evidence->path, true, &source) == 0 &&
           disk_probe(source) != DISK_PROBE_NONE;
}

/* What is said of the image and of no volume in it: all of its notes but the volumes'. */
static int complain_of_image(struct host_evidence *evidence, const char *path,
                             const struct image *image, const struct notes *notes)
{
    size_t next = 0;
    int r = 0;

    for (size_t i = 0; i < image->volumes.count && r == 0; i++) {
        r = complain_of(evidence, path, notes, next, image->volumes.items[i].first_note);
        next = image->volumes.items[i].last_note;
    }
    return r < 0 ? r : complain_of(evidence, path, notes, next, notes->count);
}

/* The file stays evidence where nothing could be had of it: `r` is how opening it ended. */
static int keep_file(struct host_evidence *file, int r, const struct notes *notes,
                     evidence_list *list)
{
    bool part_is_missing = file->within.image && file->errors.count > 0;
    bool is_disk = !part_is_missing && is_virtual_disk(file);
    struct host_evidence *kept = vector_push(list);

    if (!kept)
        return -ENOMEM;
    *kept = *file;
    if (is_disk)
        return 0;
    kept->unreadable = true;
    kept->kind = EVIDENCE_VOLUME;
    volume_close(kept->volume);
    kept->volume = NULL;
    if (part_is_missing)
        return 0;
    string_list_free(&kept->errors);
    r = host_complain(kept, string_printf("%s: no volume in it can be read: %s", kept->path,
                                          r < 0 ? strerror(-r) : "none is NTFS, BitLocker or ReFS"));
    return r < 0 ? r : images_complain(kept, notes);
}

static int open_image(struct host_evidence *file, const struct host_options *options,
                      evidence_list *list)
{
    struct notes notes = {0};
    struct image image = {0};
    const struct image_tools tools = {options->workers, options->keys};
    int r = image_open(&image, file->path, &tools, &notes);
    size_t before = list->count;

    if (r == 0)
        r = add_volumes(file, options, &image, &notes, list);
    if (r == 0 && list->count > before) {
        r = complain_of_image(&list->items[before], file->path, &image, &notes);
        free(file->path);
        image_path_free(&file->within);
        string_list_free(&file->errors);
        volume_close(file->volume);
    } else if (r != -ENOMEM) {
        r = keep_file(file, r, &notes, list);
    }
    image_close(&image);
    notes_free(&notes);
    return r;
}

int images_open(struct host *host, const struct host_options *options)
{
    evidence_list list = {0};
    int r = 0;

    for (size_t i = 0; i < host->evidence.count; i++) {
        struct host_evidence *evidence = &host->evidence.items[i];
        if (r == 0 && is_image(evidence, options)) {
            r = open_image(evidence, options, &list);
            continue;
        }
        struct host_evidence *kept = vector_push(&list);
        if (!kept)
            return -ENOMEM;
        *kept = *evidence;
    }
    free(host->evidence.items);
    host->evidence.items = list.items;
    host->evidence.count = list.count;
    host->evidence.capacity = list.capacity;
    return r;
}

int host_open_images(struct host *host, const struct host_options *options)
{
    struct host_options only = *options;

    only.files_as_they_are = true;
    return images_open(host, &only);
}

static int compare_traces(const void *a, const void *b)
{
    const struct host_trace *x = a, *y = b;
    int c = strcmp(x->path, y->path);

    return c ? c : (x->id > y->id) - (x->id < y->id);
}

static int compare_lives(const void *a, const void *b)
{
    const struct host_life *x = a, *y = b;

    if (x->time != y->time)
        return x->time < y->time ? -1 : 1;
    if (x->evidence != y->evidence)
        return x->evidence < y->evidence ? -1 : 1;
    return (x->usn > y->usn) - (x->usn < y->usn);
}

static int take_traces(struct host *host, size_t index)
{
    struct host_evidence *evidence = &host->evidence.items[index];
    ntfs_traces found = {0};
    int r = ntfs_volume_traces(evidence->volume, &found);

    for (size_t i = 0; i < found.count && r == 0; i++) {
        const struct ntfs_trace *from = &found.items[i];
        struct host_trace *trace = vector_push(&host->traces);
        char *path = trace ? string_printf("%s%s", evidence->volume->display_root, from->path)
                           : NULL;
        if (!path)
            r = -ENOMEM;
        else {
            *trace = (struct host_trace){.evidence = index,
                                         .path = text_valid(path),
                                         .path_is_full = from->path_is_full,
                                         .id = from->facts.id,
                                         .size = from->facts.size,
                                         .created = from->facts.created,
                                         .modified = from->facts.modified,
                                         .changed = from->facts.changed};
            r = trace->path ? 0 : -ENOMEM;
        }
        free(path);
    }
    ntfs_traces_free(&found);
    return r;
}

static int take_lives(struct host *host, size_t index)
{
    struct host_evidence *evidence = &host->evidence.items[index];
    struct notes notes = {0};
    ntfs_lives found = {0};
    int r = ntfs_volume_lives(evidence->volume, &found, &notes);

    for (size_t i = 0; i < found.count && r == 0; i++) {
        const struct ntfs_life *from = &found.items[i];
        struct host_life *life = vector_push(&host->lives);
        char *path = life ? string_printf("%s%s", evidence->volume->display_root, from->path)
                          : NULL;
        if (!path)
            r = -ENOMEM;
        else {
            *life = (struct host_life){index, from->id, from->usn, from->time, from->reason,
                                       text_valid(path)};
            r = life->path ? 0 : -ENOMEM;
        }
        free(path);
    }
    ntfs_lives_free(&found);
    notes_free(&notes);
    return r == -ENOMEM ? r : 0; /* a volume without a journal has nothing to tell */
}

static int take_disk_facts(struct host *host)
{
    for (size_t i = 0; i < host->disks.count; i++) {
        struct host_disk *disk = &host->disks.items[i];
        struct volume *volume = host->evidence.items[disk->evidence].volume;
        struct ntfs_facts facts;
        ntfs_machines machines = {0};
        if (!volume || !volume_is_ntfs(volume))
            continue;
        if (ntfs_volume_facts(volume, disk->file_id, &facts) == 0) {
            disk->extents = facts.extents;
            disk->mft_records = facts.records;
            disk->attribute_list_size = facts.list_size;
        }
        if (ntfs_volume_machines(volume, disk->file_id, &machines) == 0)
            for (size_t m = 0; m < machines.count; m++) {
                struct guid *owner = vector_push(&disk->owners);
                if (!owner)
                    return -ENOMEM;
                *owner = machines.items[m];
            }
        vector_free(&machines);
    }
    return 0;
}

int images_take_facts(struct host *host)
{
    int r = 0;

    for (size_t i = 0; i < host->evidence.count && r == 0; i++) {
        struct host_evidence *evidence = &host->evidence.items[i];
        if (!evidence->volume || !volume_is_ntfs(evidence->volume))
            continue;
        evidence->files_seen += ntfs_volume_left_out(evidence->volume);
        r = take_traces(host, i);
        if (r == 0)
            r = take_lives(host, i);
    }
    if (host->traces.count > 0)
        qsort(host->traces.items, host->traces.count, sizeof(*host->traces.items),
              compare_traces);
    if (host->lives.count > 0)
        qsort(host->lives.items, host->lives.count, sizeof(*host->lives.items), compare_lives);
    return r == 0 ? take_disk_facts(host) : r;
}

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* From evidence to the model: walk, read every file of interest in parallel, join. */
#include "host/host.h"

#include "base/checked.h"
#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "disk/witness.h"
#include "host/gather.h"
#include "host/index.h"
#include "host/places.h"
#include "host/volume_witness.h"
#include "os/parallel.h"
#include "volume/ntfs_volume.h"
#include "volume/volume.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct reading {
    struct host *host;
    const struct host_options *options;
    file_list *files;
    pthread_t caller;
    atomic_size_t done;
    atomic_int status;
};

static bool witness_is_wanted(const struct host_options *options, const struct disk_facts *facts,
                              const struct notes *notes)
{
    if (!options->workers || options->witness == WITNESS_NEVER)
        return false;
    return options->witness == WITNESS_ALWAYS || facts->kind == DISK_DIFFERENCING ||
           notes_worst(notes) >= SEVERITY_WARNING;
}

/* The worst note in words, as the reason why a disk can't be used. */
static char *worst_note(const struct notes *notes)
{
    const struct note *worst = NULL;

    for (size_t i = 0; i < notes->count; i++)
        if (!worst || notes->items[i].severity > worst->severity)
            worst = &notes->items[i];
    if (!worst)
        return NULL;
    if (worst->offset == NOTE_NO_OFFSET)
        return string_printf("%s (rule %s)", worst->text, worst->rule);
    return string_printf("%s (rule %s, offset %" PRIu64 ")", worst->text, worst->rule,
                         worst->offset);
}

/* A file of which the image has not all says nothing of the file that the host has. */
static void excuse_cut_disk(const struct volume *volume, uint64_t id, struct host_disk *disk)
{
    if (!volume_is_ntfs(volume) || !ntfs_volume_is_cut(volume, id))
        return;
    notes_free(&disk->notes);
    disk->error = strdup("cannot be opened: the image ends before the data of the file; its volume "
                         "is imaged only in part");
}

static void read_disk(struct reading *reading, struct found_file *file, io_source *source)
{
    struct host_disk *disk = &file->disk;
    struct disk *opened = NULL;

    file->is_disk = true;
    int r = disk_open(&opened, source, &disk->notes);
    disk->witness_asked =
        r == 0 && witness_is_wanted(reading->options, disk_facts(opened), &disk->notes);
    if (disk->witness_asked)
        disk->witness = witness_compare(reading->options->workers, opened, &disk->notes);
    if (opened)
        disk->facts = disk_take_facts(opened);
    disk_close(opened);
    disk->status = r;
    if (r < 0)
        excuse_cut_disk(reading->host->evidence.items[file->evidence].volume, file->id, disk);
    if (r < 0 && !disk->error) {
        disk->error = worst_note(&disk->notes);
        if (!disk->error)
            disk->error = strdup(strerror(-r));
    }
    if (r < 0 && r != -EBADMSG && r != -ENOTSUP)
        file->error = string_printf("%s: %s", file->path, strerror(-r));
}

/* Container or XML of something else than a configuration: perhaps the list of machines. */
static void read_registry(struct found_file *file, io_source *source)
{
    struct notes notes = {0};

    file->status = 0;
    if (vm_probe(source) != VM_PROBE_CONTAINER)
        return;
    int r = vm_registry_read(&file->registry, source, &notes);
    if (r == -ENOMSG) { /* healthy, and about something else */
        notes_free(&notes);
        return;
    }
    file->status = r;
    file->is_registry = r == 0;
    notes_free(&file->notes);
    file->notes = notes;
}

/* Hyper-V keeps empty .xml files as marks; an empty .vmcx is a lost configuration. */
static bool is_empty_mark(const struct found_file *file)
{
    const char *dot = strrchr(file->inner, '.');

    return file->size == 0 && !(dot && strcasecmp(dot, ".vmcx") == 0);
}

static void read_config(struct found_file *file, io_source *source)
{
    if (is_empty_mark(file))
        return;
    if (file->size == 0) {
        file->status = -EBADMSG;
        notes_add(&file->notes, SEVERITY_PROBLEM, "VMCX-EMPTY", 0, "the file is empty");
        return;
    }
    file->status = vm_config_read(&file->config, source, &file->notes);
    file->is_config = file->status == 0;
    if (file->status == -ENOMSG)
        read_registry(file, source);
}

static void read_log(struct reading *reading, struct found_file *file, io_source *source)
{
    const struct event_options options = {0};

    file->is_log = true;
    file->status = event_file_read(&file->log, source, &options, &file->notes);
    if (file->status == -ENOMSG) {
        file->status = 0;
        if (hive_file_read(file, source, reading->options->workers))
            return;
        const struct host_evidence *evidence = &reading->host->evidence.items[file->evidence];
        file->is_strange = evidence->logs == LOGS_ONLY && evidence->is_file;
        if (file->is_strange)
            file->error = string_printf("%s: not a log that is understood", file->path);
    } else if (file->status < 0) {
        file->error = string_printf("%s: not read to its end: %s", file->path,
                                    strerror(-file->status));
    } else if (notes_worst(&file->notes) >= SEVERITY_PROBLEM) {
        char *what = worst_note(&file->notes);
        file->error = string_printf("%s: damaged: %s", file->path, what ? what : "");
        free(what);
    }
}

static const char *why_unopened(int r)
{
    return r == -ENOTSUP ? "its data is encrypted, deduplicated or on other storage, where only "
                           "Windows can read it"
                         : strerror(-r);
}

/* A disk whose file can't even be opened is a disk all the same, of which nothing is known. */
static void mark_unopened(struct found_file *file, int r)
{
    if (r == -ENOENT || r == -ESTALE) {
        file->error = string_printf("%s: %s", file->path,
                                    r == -ENOENT ? "vanished while the scan was running"
                                                 : "was replaced while the scan was running");
        return;
    }
    file->error = string_printf("%s: cannot be opened: %s", file->path, why_unopened(r));
    file->status = r;
    if (file->interest == INTEREST_DISK) {
        file->is_disk = true;
        file->disk.status = r;
        file->disk.error = string_printf("cannot be opened: %s", why_unopened(r));
    }
}

/* What was named, and is nothing that we know: silence would look like a clean bill. */
static void judge_named(struct found_file *file)
{
    file->is_strange = true;
    file->error = string_printf(
        "%s: is no virtual disk, no configuration, and no disk image that is read here. Of a split "
        "image, name the first part; convert other formats (VMDK, VDI) with qemu-img convert -O "
        "raw; name text logs with --events",
        file->path);
}

static void read_content(struct reading *reading, struct found_file *file, io_source *source)
{
    struct notes ignored = {0};

    switch (file->interest) {
    case INTEREST_DISK:
        read_disk(reading, file, source);
        break;
    case INTEREST_CONFIG:
        read_config(file, source);
        break;
    case INTEREST_RUNTIME:
        vm_runtime_read(&file->is_saved_state, source, &ignored);
        break;
    case INTEREST_HIVE:
        hive_file_read(file, source, reading->options->workers);
        break;
    case INTEREST_LOG:
        read_log(reading, file, source);
        break;
    case INTEREST_NONE:
        if (disk_probe(source) != DISK_PROBE_NONE)
            read_disk(reading, file, source);
        else if (reading->host->evidence.items[file->evidence].is_file)
            judge_named(file);
        break;
    default:
        break;
    }
    notes_free(&ignored);
}

static void read_file(struct reading *reading, struct found_file *file)
{
    struct host_evidence *evidence = &reading->host->evidence.items[file->evidence];
    CLEANUP(io_unref) io_source *plain = NULL;
    CLEANUP(io_unref) io_source *source = NULL;
    struct volume_witness witness;

    if (file->is_link || file->is_alias || file->interest == INTEREST_COMPANION || file->interest == INTEREST_STATE)
        return;
    int r = volume_open(evidence->volume, file->inner, file->id, &plain);
    if (r < 0) {
        mark_unopened(file, r);
        return;
    }
    volume_witness_start(&witness, evidence, reading->options, file->id, &plain);
    source = io_counter_new(plain, &evidence->bytes_read);
    if (!source) {
        atomic_store(&reading->status, -ENOMEM);
        return;
    }
    file->was_read = true;
    read_content(reading, file, source);
    volume_witness_end(&witness, file);
}

static void read_one(void *user, size_t index)
{
    struct reading *reading = user;
    const struct host_options *options = reading->options;

    read_file(reading, &reading->files->items[index]);
    size_t done = atomic_fetch_add(&reading->done, 1) + 1;
    if (options->progress && pthread_equal(pthread_self(), reading->caller))
        options->progress(options->progress_user, "reading files", done, reading->files->count);
}

static int read_files(struct host *host, const struct host_options *options, file_list *files)
{
    struct reading reading = {
        .host = host, .options = options, .files = files, .caller = pthread_self()};
    unsigned threads = options->threads ? options->threads : os_cpu_count();

    parallel_for(files->count, threads, read_one, &reading);
    return atomic_load(&reading.status);
}

static int take_disk(struct host *host, struct found_file *file)
{
    struct host_disk *disk = vector_push(&host->disks);

    if (!disk)
        return -ENOMEM;
    *disk = file->disk;
    file->disk = (struct host_disk){0};
    file->is_disk = false;
    disk->evidence = file->evidence;
    disk->path = strdup(file->path);
    disk->inner = strdup(file->inner);
    disk->file_id = file->id;
    disk->file_size = file->size;
    disk->modified = file->modified;
    disk->created = file->created;
    disk->attributes = file->attributes;
    if (!disk->path || !disk->inner ||
        index_keys(disk->path, &disk->folder_key, &disk->name_key) < 0)
        return -ENOMEM;
    const char *slash = strrchr(disk->path, '/');
    const char *name = slash ? slash + 1 : disk->path;
    disk->context = interest_context(disk->path, name);
    disk->is_avhd = interest_is_avhd(name);
    disk->is_autorecovery = interest_is_autorecovery(name);
    return 0;
}

/* A hard link's other names count as well where recorded paths are matched. */
static int add_aliases(struct host *host, const file_list *files)
{
    for (size_t i = 0; i < files->count; i++) {
        const struct found_file *file = &files->items[i];
        for (size_t d = 0; file->is_alias && d < host->disks.count; d++) {
            struct host_disk *disk = &host->disks.items[d];
            if (disk->evidence != file->evidence || disk->file_id != file->id)
                continue;
            char **alias = vector_push(&disk->aliases);
            if (!alias || !(*alias = strdup(file->path)))
                return -ENOMEM;
        }
    }
    return 0;
}

static int compare_disks(const void *a, const void *b)
{
    const struct host_disk *x = a, *y = b;
    int c = strcmp(x->path, y->path);

    return c ? c : (x->evidence > y->evidence) - (x->evidence < y->evidence);
}

static int compare_strings(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int take_disks(struct host *host, file_list *files)
{
    for (size_t i = 0; i < files->count; i++)
        if (files->items[i].is_disk && take_disk(host, &files->items[i]) < 0)
            return -ENOMEM;
    if (host->disks.count > 0)
        qsort(host->disks.items, host->disks.count, sizeof(*host->disks.items), compare_disks);
    return add_aliases(host, files);
}

static int take_counts(struct host *host, file_list *files)
{
    for (size_t i = 0; i < files->count; i++) {
        struct found_file *file = &files->items[i];
        struct host_evidence *evidence = &host->evidence.items[file->evidence];
        evidence->files_read += file->was_read;
        evidence->unreadable = evidence->unreadable || file->is_strange;
        if (file->error && host_complain(evidence, STEAL(file->error)) < 0)
            return -ENOMEM;
    }
    return 0;
}

static int note_folder(struct host *host, const char *path)
{
    char *folder = NULL, *name = NULL;
    int r = index_keys(path, &folder, &name);

    free(name);
    size_t count = host->known_folders.count;
    bool known = r == 0 && count > 0 && strcmp(host->known_folders.items[count - 1], folder) == 0;
    char **slot = r == 0 && !known ? vector_push(&host->known_folders) : NULL;
    if (slot)
        *slot = folder;
    else
        free(folder);
    return r < 0 || (!known && !slot) ? -ENOMEM : 0;
}

static int note_folders(struct host *host, const file_list *files)
{
    string_list *folders = &host->known_folders;
    size_t kept = 0;

    for (size_t i = 0; i < files->count; i++) {
        const struct found_file *file = &files->items[i];
        bool interesting = interest_marks_folder(file->interest) || file->is_disk;
        if (interesting && note_folder(host, file->path) < 0)
            return -ENOMEM;
    }
    if (folders->count > 0)
        qsort(folders->items, folders->count, sizeof(char *), compare_strings);
    for (size_t i = 0; i < folders->count; i++) {
        if (kept > 0 && strcmp(folders->items[kept - 1], folders->items[i]) == 0)
            free(folders->items[i]);
        else
            folders->items[kept++] = folders->items[i];
    }
    folders->count = kept;
    return 0;
}

static int join(struct host *host, file_list *files)
{
    int r = take_counts(host, files);

    if (r == 0)
        r = note_folders(host, files);
    if (r == 0)
        r = take_disks(host, files);
    if (r == 0)
        r = siblings_join(host, files);
    if (r == 0)
        r = index_make(host);
    if (r == 0)
        r = hives_join(host, files);
    if (r == 0)
        r = mounts_join(host);
    if (r == 0)
        r = machines_make(host, files);
    if (r == 0)
        r = logs_join(host, files);
    if (r == 0)
        r = images_take_facts(host);
    for (size_t i = 0; i < host->evidence.count; i++) {
        string_list *errors = &host->evidence.items[i].errors;
        if (errors->count > 0)
            qsort(errors->items, errors->count, sizeof(char *), compare_strings);
    }
    return r;
}

int host_scan(struct host *host, const struct host_options *options)
{
    file_list files = {0};
    bool something = false;
    int r = images_open(host, options);

    if (r == 0)
        r = gather_files(host, options, &files);
    if (r == 0)
        r = read_files(host, options, &files);
    if (r == 0)
        r = volume_witness_lists(host, options);
    if (r == 0)
        r = join(host, &files);
    gather_free(&files);
    for (size_t i = 0; i < host->evidence.count; i++)
        something = something || !host->evidence.items[i].unreadable;
    return r == 0 && !something ? -ENODATA : r;
}

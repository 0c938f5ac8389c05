/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "../testing.h"

#include "model.h"

#include "base/checked.h"
#include "base/strbuf.h"
#include "event/kinds.h"
#include "host/gather.h"
#include "host/index.h"
#include "host/interest.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct maker {
    struct host *host;
    size_t line;
    struct host_machine *machine;
};

static struct guid number_guid(unsigned long number)
{
    struct guid guid = {{0}};

    guid.bytes[14] = (uint8_t)(number >> 8);
    guid.bytes[15] = (uint8_t)number;
    return guid;
}

/* The value behind "key=", or NULL. */
static const char *value_of(const char *word, const char *key)
{
    size_t length = strlen(key);

    return strncmp(word, key, length) == 0 && word[length] == '=' ? word + length + 1 : NULL;
}

static void windows_slashes(char *path)
{
    for (; *path; path++)
        if (*path == '/')
            *path = '\\';
}

static char *recorded(const char *path)
{
    char *text = strchr(path, '\\') ? strdup(path) : string_printf("C:/e/%s", path);

    if (!strchr(path, '\\'))
        windows_slashes(text);
    return text;
}

static void disk_word(struct host_disk *disk, const char *word, bool *own_linkage, bool *relative)
{
    struct disk_facts *facts = disk->facts;
    const char *value;

    if ((value = value_of(word, "parent"))) {
        facts->kind = DISK_DIFFERENCING;
        facts->parent = calloc(1, sizeof(*facts->parent));
        facts->parent->has_linkage = true;
        facts->parent->relative_path = strdup(value);
        facts->allocated_blocks = facts->blocks[BLOCK_PARTIALLY_PRESENT] = 1;
    } else if ((value = value_of(word, "linkage"))) {
        facts->parent->linkage = number_guid(strtoul(value, NULL, 10));
        *own_linkage = true;
    } else if ((value = value_of(word, "abs"))) {
        facts->parent->absolute_path = recorded(value);
    } else if ((value = value_of(word, "id"))) {
        facts->data_write_guid = number_guid(strtoul(value, NULL, 10));
    } else if ((value = value_of(word, "vid"))) {
        facts->virtual_disk_id = number_guid(strtoul(value, NULL, 10));
    } else if ((value = value_of(word, "blocks"))) {
        facts->allocated_blocks = facts->blocks[BLOCK_PARTIALLY_PRESENT] =
            strtoul(value, NULL, 10);
    } else if ((value = value_of(word, "zero"))) {
        facts->blocks[BLOCK_ZERO] = strtoul(value, NULL, 10);
    } else if ((value = value_of(word, "unmapped"))) {
        facts->blocks[BLOCK_UNMAPPED] = strtoul(value, NULL, 10);
    } else if ((value = value_of(word, "time"))) {
        disk->modified = (filetime)10000000 * 60 * strtoul(value, NULL, 10);
    } else if (strcmp(word, "corrupt") == 0) {
        disk->status = -1;
    } else if (strcmp(word, "unopened") == 0) {
        disk->status = -EACCES;
        disk->error = strdup("cannot be opened: Permission denied");
    } else if (strcmp(word, "norel") == 0) {
        *relative = false;
    } else if (strcmp(word, "dirty") == 0) {
        facts->log = DISK_LOG_REPLAYED;
    } else if (strcmp(word, "hrl") == 0) {
        disk->siblings |= SIBLING_HRL;
    } else if (strcmp(word, "vhds") == 0) {
        disk->siblings |= SIBLING_VHDS;
    } else if (strcmp(word, "ntfs") == 0) {
        disk->attributes = 2;
    } else {
        fail_msg("line %s: unknown word", word);
    }
}

static void make_disk(struct maker *maker, char *words)
{
    char *rest, *path = strtok_r(words, " ", &rest);
    struct host_disk *disk = vector_push(&maker->host->disks);
    struct disk_facts *facts = calloc(1, sizeof(*facts));
    bool own_linkage = false, relative = true;

    *facts = (struct disk_facts){.kind = DISK_DYNAMIC,
                                 .virtual_size = 1 << 30,
                                 .block_size = 1 << 21,
                                 .logical_sector_size = 512,
                                 .log = DISK_LOG_CLEAN,
                                 .has_counts = true,
                                 .has_virtual_disk_id = true,
                                 .virtual_disk_id = number_guid(1000 + maker->line),
                                 .data_write_guid = number_guid(maker->line)};
    disk->facts = facts;
    disk->evidence = maker->host->evidence.count - 1;
    disk->path = string_printf("/e/%s", path);
    disk->inner = strdup(path);
    disk->file_size = 4 << 20;
    assert_int_equal(index_keys(disk->path, &disk->folder_key, &disk->name_key), 0);
    const char *name = strrchr(disk->path, '/') + 1;
    disk->context = interest_context(disk->path, name);
    disk->is_avhd = interest_is_avhd(name);
    disk->is_autorecovery = interest_is_autorecovery(name);
    for (char *word; (word = strtok_r(NULL, " ", &rest));)
        disk_word(disk, word, &own_linkage, &relative);
    if (!facts->parent)
        return;
    for (size_t i = 0; i < maker->host->disks.count && !own_linkage; i++) {
        struct host_disk *parent = &maker->host->disks.items[i];
        if (strcmp(parent->inner, facts->parent->relative_path) == 0) {
            facts->parent->linkage = parent->facts->data_write_guid;
            facts->virtual_disk_id = parent->facts->virtual_disk_id;
        }
    }
    char *slash = strrchr(facts->parent->relative_path, '/');
    char *spelled = string_printf(".\\%s", slash ? slash + 1 : facts->parent->relative_path);
    free(facts->parent->relative_path);
    facts->parent->relative_path = relative ? spelled : NULL;
    if (!relative)
        free(spelled);
}

static void add_drive(drive_list *drives, const char *path)
{
    char *text = recorded(path);

    assert_int_equal(host_add_drive(drives, 0, (int)drives->count, text, "VHD"), 0);
    free(text);
}

static void make_machine(struct maker *maker, char *words)
{
    char *rest, *name = strtok_r(words, " ", &rest);
    struct host_machine *machine = vector_push(&maker->host->machines);
    const char *value;

    *machine = (struct host_machine){.id = number_guid(5000 + maker->line),
                                     .has_id = true,
                                     .name = strdup(name),
                                     .config = string_printf("/e/%s.vmcx", name),
                                     .node = maker->host->nodes.count - 1,
                                     .registered = HOST_YES,
                                     .merge_pending = HOST_NO};
    maker->machine = machine;
    maker->host->configs_read++;
    for (char *word; (word = strtok_r(NULL, " ", &rest));) {
        if ((value = value_of(word, "drive")))
            add_drive(&machine->drives, value);
        else if (strcmp(word, "unlisted") == 0)
            machine->registered = HOST_NO;
        else if (strcmp(word, "unknown") == 0)
            machine->registered = HOST_UNKNOWN;
        else if (strcmp(word, "planned") == 0)
            machine->planned = true;
        else if (strcmp(word, "saved") == 0)
            machine->saved_state = true;
        else if (strcmp(word, "replica") == 0)
            machine->replicated = true;
        else if (strcmp(word, "pending") == 0)
            machine->merge_pending = HOST_YES;
        else if (strcmp(word, "unreadable") == 0)
            machine->journal = VM_JOURNAL_UNREADABLE;
        else
            fail_msg("vm %s: unknown word", word);
    }
}

static void make_checkpoint(struct maker *maker, char *words)
{
    char *rest, *name = strtok_r(words, " ", &rest);
    struct host_checkpoint *checkpoint = vector_push(&maker->machine->checkpoints);
    const char *value;

    checkpoint->config = string_printf("/e/Snapshots/%s.vmcx", name);
    checkpoint->name = strdup(name);
    checkpoint->kind = checkpoint_kind(name, maker->machine->name);
    maker->host->configs_read++;
    for (char *word; (word = strtok_r(NULL, " ", &rest));)
        if ((value = value_of(word, "drive")))
            add_drive(&checkpoint->drives, value);
}

static struct host_log *make_log(struct maker *maker, enum event_format format)
{
    struct host_log *log = vector_push(&maker->host->logs);

    log->evidence = maker->host->evidence.count - 1;
    log->path = strdup("/e/log");
    log->format = format;
    return log;
}

static void make_event_log(struct maker *maker, char *words)
{
    struct host_log *log = make_log(maker, EVENT_FORMAT_EVTX);
    char *rest, *channel = strtok_r(words, " ", &rest), *from = strtok_r(NULL, " ", &rest);

    log->channel = strdup(channel);
    if (from)
        log->first = (filetime)10000000 * 60 * strtoul(value_of(from, "from"), NULL, 10);
}

static size_t machine_named(const struct host *host, const char *name)
{
    for (size_t i = 0; i < host->machines.count; i++)
        if (strcmp(host->machines.items[i].name, name) == 0)
            return i;
    return HOST_NONE;
}

/* Kinds outlive the event: each word is kept once, for all tests of the program. */
static const char *static_kind(const char *kind)
{
    static char kept[256][40];
    size_t i = 0;

    while (i < ARRAY_SIZE(kept) && kept[i][0] && strcmp(kept[i], kind) != 0)
        i++;
    assert_true(i < ARRAY_SIZE(kept) && strlen(kind) < sizeof(kept[i]));
    strcpy(kept[i], kind);
    return kept[i];
}

static void make_event(struct maker *maker, char *words)
{
    char *rest, *kind = strtok_r(words, " ", &rest);
    struct host_event *made = vector_push(&maker->host->events);
    struct event *event = &made->event;
    const char *value;

    if (maker->host->logs.count == 0)
        make_log(maker, EVENT_FORMAT_EVTX);
    if (!event_kind_exists(kind))
        fail_msg("no kind %s", kind);
    event->kind = static_kind(kind);
    event->record = maker->line;
    event->has_record = true;
    event->time = (filetime)10000000 * 60 * (1000 + maker->line);
    made->machine = HOST_NONE;
    for (char *word; (word = strtok_r(NULL, " ", &rest));) {
        if ((value = value_of(word, "vm"))) {
            event->vm_name = strdup(value);
            made->machine = machine_named(maker->host, value);
        } else if ((value = value_of(word, "code"))) {
            event->code = (uint32_t)strtoul(value, NULL, 16);
            event->has_code = true;
        } else if ((value = value_of(word, "inner"))) {
            event->inner_code = (uint32_t)strtoul(value, NULL, 16);
            event->has_inner_code = true;
        } else if ((value = value_of(word, "time"))) {
            event->time = (filetime)10000000 * 60 * strtoul(value, NULL, 10);
        } else if ((value = value_of(word, "text"))) {
            event->message = strdup(value);
        } else if ((value = value_of(word, "disk"))) {
            *vector_push(&event->paths) = strdup(value);
        } else if (isupper((unsigned char)*word) && strchr(word, '=')) {
            struct event_item *item = vector_push(&event->data);
            item->value = strdup(strchr(word, '=') + 1);
            item->name = strndup(word, strcspn(word, "="));
        } else if (strcmp(word, "line") == 0) {
            event->has_record = false;
        } else {
            fail_msg("event %s: unknown word", word);
        }
    }
}

static void make_writers(struct maker *maker, char *words)
{
    struct host_log *log = make_log(maker, EVENT_FORMAT_VSS_WRITERS);
    bool failed = strstr(words, "failed") != NULL;

    log->has_writers = true;
    for (unsigned long i = strtoul(words, NULL, 10); i > 0; i--) {
        struct vss_writer *writer = vector_push(&log->writers);
        writer->name = strdup("Writer");
        writer->state = failed ? 8 : 1;
    }
}

static void make_services(struct maker *maker, char *words)
{
    struct host_log *log = make_log(maker, EVENT_FORMAT_SERVICES);
    struct service_process *process = vector_push(&log->services);

    log->has_services = true;
    process->image = strdup("svchost.exe");
    process->pid = 1000;
    *vector_push(&process->services) = strdup("EventSystem");
    for (unsigned long i = strtoul(words, NULL, 10); i > 0; i--)
        *vector_push(&process->services) = strdup("FontCache");
}

static struct hive_facts *add_hive(struct maker *maker, enum hive_kind kind)
{
    struct host_hive *hive = vector_push(&maker->host->hives);

    hive->evidence = maker->host->evidence.count - 1;
    hive->path = string_printf("/e/%s", hive_kind_name(kind));
    hive->facts.kind = kind;
    return &hive->facts;
}

static struct hive_number dword(uint32_t value)
{
    return (struct hive_number){.present = true, .type = HIVE_DWORD, .value = value};
}

static void set_timeout(struct hive_facts *facts, const char *value)
{
    if (strcmp(value, "text") == 0)
        facts->create_timeout = (struct hive_number){.present = true, .type = HIVE_SZ};
    else if (strcmp(value, "default") != 0)
        facts->create_timeout = dword((uint32_t)strtoul(value, NULL, 10));
}

static void set_service(struct hive_facts *facts, const char *value)
{
    facts->eventsystem_type = dword(strcmp(value, "own") == 0 ? 0x10 : 0x20);
    facts->eventsystem_group = strdup("LocalService");
    *vector_push(&facts->eventsystem_peers) = strdup("FontCache");
    if (strcmp(value, "unsplit") == 0)
        facts->eventsystem_split_disable = dword(1);
}

static void set_typelib(struct hive_facts *facts, const char *value)
{
    facts->event_classes.type = strcmp(value, "right") == 0 ? HIVE_EXPAND_SZ : HIVE_SZ;
    facts->event_classes.text = strdup("%systemroot%\\system32\\EVENTCLS.DLL");
}

static enum logon_right right_named(const char *value)
{
    return strcmp(value, "yes") == 0  ? LOGON_RIGHT_GRANTED
           : strcmp(value, "no") == 0 ? LOGON_RIGHT_MISSING
                                      : LOGON_RIGHT_DENIED;
}

static void make_hives(struct maker *maker, char *words)
{
    struct hive_facts *last = NULL;
    const char *value;
    char *rest;

    for (char *word = strtok_r(words, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        if ((value = value_of(word, "logon")))
            add_hive(maker, HIVE_SECURITY)->logon_right = right_named(value);
        else if ((value = value_of(word, "policy")))
            add_hive(maker, HIVE_POLICY)->logon_right = right_named(value);
        else if ((value = value_of(word, "timeout")))
            set_timeout(last = add_hive(maker, HIVE_SOFTWARE), value);
        else if ((value = value_of(word, "build")))
            add_hive(maker, HIVE_SOFTWARE)->build = (uint32_t)strtoul(value, NULL, 10);
        else if ((value = value_of(word, "typelib")))
            set_typelib(add_hive(maker, HIVE_SOFTWARE), value);
        else if ((value = value_of(word, "service")))
            set_service(add_hive(maker, HIVE_SYSTEM), value);
        else if ((value = value_of(word, "written")))
            last->spp_written = (filetime)10000000 * 60 * strtoul(value, NULL, 10);
        else
            fail_msg("hive %s: unknown word", word);
    }
}

static void make_node(struct maker *maker, const char *words)
{
    struct host_node *node = vector_push(&maker->host->nodes);
    struct host_evidence *evidence = vector_push(&maker->host->evidence);
    size_t length = strcspn(words, " ");
    bool shared = strcmp(words + length, " shared") == 0;

    node->name = strndup(words, length);
    evidence->path = strdup(shared ? "/ClusterStorage/Volume1" : "/e");
    evidence->node = maker->host->nodes.count - 1;
}

static int compare_paths(const void *a, const void *b)
{
    return strcmp(((const struct host_disk *)a)->path, ((const struct host_disk *)b)->path);
}

static void tie_disks(struct host *host)
{
    for (size_t e = 0; e < host->events.count; e++) {
        struct host_event *event = &host->events.items[e];
        for (size_t p = 0; p < event->event.paths.count; p++)
            *vector_push(&event->disks) = model_disk(host, event->event.paths.items[p]);
    }
}

void model_make(struct host *host, const char *const *lines, size_t count)
{
    struct maker maker = {.host = host};

    host_init(host);
    if (count == 0 || strncmp(lines[0], "node ", 5) != 0)
        make_node(&maker, "");
    for (size_t i = 0; i < count; i++) {
        char *line = strdup(lines[i]);
        char *words = strchr(line, ' ');
        if (words)
            *words++ = '\0';
        maker.line = i + 1;
        if (strcmp(line, "list") == 0)
            host->nodes.items[host->nodes.count - 1].has_registry = true;
        else if (strcmp(line, "node") == 0)
            make_node(&maker, words);
        else if (strcmp(line, "disk") == 0)
            make_disk(&maker, words);
        else if (strcmp(line, "vm") == 0)
            make_machine(&maker, words);
        else if (strcmp(line, "cp") == 0)
            make_checkpoint(&maker, words);
        else if (strcmp(line, "event") == 0)
            make_event(&maker, words);
        else if (strcmp(line, "log") == 0)
            make_event_log(&maker, words);
        else if (strcmp(line, "writers") == 0)
            make_writers(&maker, words);
        else if (strcmp(line, "services") == 0)
            make_services(&maker, words);
        else if (strcmp(line, "hive") == 0)
            make_hives(&maker, words);
        else
            fail_msg("%s: unknown line", line);
        free(line);
    }
    if (host->disks.count > 0)
        qsort(host->disks.items, host->disks.count, sizeof(*host->disks.items), compare_paths);
    assert_int_equal(index_make(host), 0);
    assert_int_equal(machines_resolve(host), 0);
    tie_disks(host);
}

size_t model_disk(const struct host *host, const char *path)
{
    for (size_t i = 0; i < host->disks.count; i++)
        if (strcmp(host->disks.items[i].inner, path) == 0)
            return i;
    fail_msg("no disk %s", path);
    return HOST_NONE;
}

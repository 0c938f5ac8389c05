/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Configurations of machines and checkpoints, runtime states, and the host's list of machines. */
#include "mkhost.h"

#include "base/checked.h"
#include "base/cleanup.h"
#include "base/strbuf.h"
#include "vm_fixture.h"
#include "vmcx_writer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

json_t *find_vm(const struct recipe *recipe, const char *name)
{
    json_t *entry;
    size_t i;

    json_array_foreach(recipe->files, i, entry)
    {
        const char *vm = json_string_value(json_object_get(entry, "vm"));

        if (vm && strcmp(vm, name) == 0 && !json_object_get(entry, "checkpoint"))
            return entry;
    }
    return NULL;
}

static json_t *vm_of(const struct recipe *recipe, const char *name)
{
    json_t *vm = find_vm(recipe, name);

    if (!vm)
        fail(recipe, "no VM has the name \"%s\"", name);
    return vm;
}

struct guid machine_guid(const struct recipe *recipe, json_t *vm)
{
    return guid_of(text_member(recipe, vm, "id", text_member(recipe, vm, "vm", "")));
}

struct guid checkpoint_guid(const struct recipe *recipe, json_t *checkpoint)
{
    return guid_of_kind(text_member(recipe, checkpoint, "vm", ""),
                        text_member(recipe, checkpoint, "checkpoint", ""));
}

/* VMs/NAME/Virtual Machines/GUID.vmcx */
static char *machine_path(const struct recipe *recipe, json_t *vm)
{
    const char *file = text_member(recipe, vm, "file", NULL);
    char guid[GUID_TEXT_SIZE];

    if (file)
        return string_printf("%s", file);
    return string_printf("VMs/%s/Virtual Machines/%s.vmcx", text_member(recipe, vm, "vm", ""),
                         guid_file_name(machine_guid(recipe, vm), guid));
}

/* Beside the VM's own folder: …/Snapshots/GUID, of the same format. */
static char *checkpoint_path(const struct recipe *recipe, json_t *checkpoint)
{
    const char *file = text_member(recipe, checkpoint, "file", NULL);
    json_t *vm = vm_of(recipe, text_member(recipe, checkpoint, "vm", ""));
    CLEANUP_FREE char *beside = machine_path(recipe, vm);
    const char *extension = strrchr(beside, '.');
    char guid[GUID_TEXT_SIZE], *slash;

    if (file)
        return string_printf("%s", file);
    extension = extension && strcmp(extension, ".xml") == 0 ? "xml" : "vmcx";
    for (int i = 0; i < 2; i++)
        if ((slash = strrchr(beside, '/')))
            *slash = '\0';
    return string_printf("%s/Snapshots/%s.%s", beside,
                         guid_file_name(checkpoint_guid(recipe, checkpoint), guid), extension);
}

char *config_path(const struct recipe *recipe, json_t *entry)
{
    return json_object_get(entry, "checkpoint") ? checkpoint_path(recipe, entry)
                                                : machine_path(recipe, entry);
}

/* A drive names a disk of the recipe, or it is what Windows recorded, verbatim. */
static char *recorded_path(const struct recipe *recipe, const char *drive)
{
    json_t *disk = find_disk(recipe, drive);

    if (!disk && !strchr(drive, '\\') && !strchr(drive, '/') && *drive)
        fail(recipe, "drive \"%s\" is neither a disk's id nor a Windows path", drive);
    return disk ? windows_path(recipe, disk_path(recipe, disk)) : string_printf("%s", drive);
}

struct drives {
    struct vm_fixture_drive *items;
    char **paths;
    size_t count;
};

static void read_drives(const struct recipe *recipe, json_t *entry, struct drives *drives)
{
    json_t *list = json_object_get(entry, "drives"), *item;
    size_t i;

    drives->count = json_array_size(list);
    drives->items = calloc(drives->count + 1, sizeof(*drives->items));
    drives->paths = calloc(drives->count + 1, sizeof(*drives->paths));
    json_array_foreach(list, i, item)
    {
        const char *path =
            json_is_object(item) ? text_member(recipe, item, "path", "") : json_string_value(item);

        drives->paths[i] = recorded_path(recipe, path);
        drives->items[i] = (struct vm_fixture_drive){
            .path = drives->paths[i],
            .type = json_is_object(item) ? text_member(recipe, item, "type", NULL) : NULL,
            .controller = (int)json_integer_value(json_object_get(item, "controller")),
            .location = json_is_object(item)
                            ? (int)json_integer_value(json_object_get(item, "location"))
                            : (int)i,
        };
    }
}

static void drives_cleanup(struct drives *drives)
{
    for (size_t i = 0; i < drives->count; i++)
        free(drives->paths[i]);
    free(drives->paths);
    free(drives->items);
}

static enum vm_fixture_journal journal_of(const struct recipe *recipe, json_t *entry)
{
    static const struct {
        const char *word;
        enum vm_fixture_journal journal;
    } words[] = {{"clean", VM_FIXTURE_CLEAN},
                 {"pending", VM_FIXTURE_PENDING},
                 {"unreadable", VM_FIXTURE_UNREADABLE}};
    const char *word = text_member(recipe, entry, "journal", "clean");

    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        if (strcmp(words[i].word, word) == 0)
            return words[i].journal;
    fail(recipe, "\"%s\" is no state of a journal", word);
}

/* "9.0" as 0x900. */
static int version_of(const struct recipe *recipe, json_t *entry)
{
    unsigned major = 0, minor = 0;

    sscanf(text_member(recipe, entry, "version", "0.0"), "%u.%u", &major, &minor);
    return (int)(major << 8 | minor);
}

static unsigned damage_of(const struct recipe *recipe, json_t *entry)
{
    static const struct {
        const char *word;
        unsigned bit;
    } words[] = {
        {"header-1", VMCX_DAMAGE_HEADER_1}, {"header-2", VMCX_DAMAGE_HEADER_2},
        {"object", VMCX_DAMAGE_OBJECT},     {"key-table", VMCX_DAMAGE_KEY_TABLE},
        {"key", VMCX_DAMAGE_KEY},           {"log-header", VMCX_DAMAGE_LOG_HEADER},
        {"sequence", VMCX_DAMAGE_SEQUENCE},
    };
    json_t *word;
    unsigned bits = 0;
    size_t i;

    json_array_foreach(json_object_get(entry, "damage"), i, word)
    {
        size_t k = 0;

        while (k < ARRAY_SIZE(words) && strcmp(words[k].word, json_string_value(word)) != 0)
            k++;
        if (k == ARRAY_SIZE(words))
            fail(recipe, "\"%s\" is no damage of a configuration", json_string_value(word));
        bits |= words[k].bit;
    }
    return bits;
}

/* A container that something is wrong with, or of another version than today's. */
static int write_special(const struct recipe *recipe, json_t *entry, const char *where,
                         const struct vm_fixture *fixture)
{
    const struct vmcx_recipe special = {
        .version = (uint32_t)json_integer_value(json_object_get(entry, "container_version")),
        .damage = damage_of(recipe, entry),
    };
    struct tree_node *tree = vm_fixture_tree(fixture, false);
    int r = tree ? vmcx_writer_write(where, tree, &special) : -ENOMEM;

    tree_free(tree);
    return r;
}

static void write_config(struct recipe *recipe, json_t *entry, struct vm_fixture *fixture)
{
    CLEANUP_FREE char *path = config_path(recipe, entry);
    CLEANUP_FREE char *where = place(recipe, path);
    CLEANUP(drives) struct drives drives = {0};
    bool special = json_object_get(entry, "damage") || json_object_get(entry, "container_version");
    int r;

    read_drives(recipe, entry, &drives);
    fixture->drives = drives.items;
    fixture->drive_count = drives.count;
    fixture->type_id = text_member(recipe, entry, "type", NULL);
    fixture->version = version_of(recipe, entry);
    fixture->generation = (int)json_integer_value(json_object_get(entry, "generation"));
    fixture->journal = journal_of(recipe, entry);
    r = special ? write_special(recipe, entry, where, fixture) : vm_fixture_write(where, fixture);
    if (r < 0)
        fail(recipe, "%s: %s", where, strerror(-r));
}

static int64_t count_checkpoints(const struct recipe *recipe, const char *vm)
{
    int64_t count = 0;
    json_t *entry;
    size_t i;

    json_array_foreach(recipe->files, i,
                       entry) if (json_object_get(entry, "checkpoint") &&
                                  strcmp(text_member(recipe, entry, "vm", ""), vm) == 0) count++;
    return count;
}

void make_vm(struct recipe *recipe, json_t *entry)
{
    const char *vm = text_member(recipe, entry, "vm", "");
    struct guid guid = machine_guid(recipe, entry);
    char id[GUID_TEXT_SIZE];
    struct vm_fixture fixture = {
        .id = guid_format(&guid, id),
        .name = text_member(recipe, entry, "name", vm),
        .merge_pending = flag_member(recipe, entry, "merge_pending"),
        .clustered = flag_member(recipe, entry, "clustered"),
        .replicated = flag_member(recipe, entry, "replicated"),
        .checkpoint_count = count_checkpoints(recipe, vm),
        .saved_state_file = text_member(recipe, entry, "saved_state_file", NULL),
    };

    write_config(recipe, entry, &fixture);
}

void make_checkpoint(struct recipe *recipe, json_t *entry)
{
    json_t *vm = vm_of(recipe, text_member(recipe, entry, "vm", ""));
    struct guid guid = checkpoint_guid(recipe, entry), owner = machine_guid(recipe, vm);
    char id[GUID_TEXT_SIZE], owner_id[GUID_TEXT_SIZE];
    struct vm_fixture fixture = {
        .id = guid_format(&guid, id),
        .logical_id = guid_format(&owner, owner_id),
        .name = text_member(recipe, entry, "checkpoint", ""),
        .created = when_from_timespec((struct timespec){
            .tv_sec = read_time(recipe, text_member(recipe, entry, "created", "0s"))}),
    };

    write_config(recipe, entry, &fixture);
}

void make_runtime(struct recipe *recipe, json_t *entry)
{
    CLEANUP_FREE char *where = place(recipe, text_member(recipe, entry, "runtime", ""));
    int r = vm_runtime_fixture_write(where, flag_member(recipe, entry, "saved"));

    if (r < 0)
        fail(recipe, "%s: %s", where, strerror(-r));
}

void make_registry(struct recipe *recipe, json_t *entry)
{
    CLEANUP_FREE char *where = place(recipe, text_member(recipe, entry, "file", LIST_FILE));
    json_t *list = json_object_get(entry, "registry"), *name;
    size_t count = json_array_size(list), i;
    CLEANUP_FREE char(*ids)[GUID_TEXT_SIZE] = calloc(count + 1, sizeof(*ids));
    CLEANUP_FREE const char **id_list = calloc(count + 1, sizeof(*id_list));
    CLEANUP_FREE char **paths = calloc(count + 1, sizeof(*paths));
    int r;

    json_array_foreach(list, i, name)
    {
        json_t *vm = vm_of(recipe, json_string_value(name));
        CLEANUP_FREE char *path = machine_path(recipe, vm);
        struct guid guid = machine_guid(recipe, vm);

        id_list[i] = guid_format(&guid, ids[i]);
        paths[i] = windows_path(recipe, path);
    }
    r = vm_registry_fixture_write(where, id_list, (const char *const *)paths, count);
    if (r < 0)
        fail(recipe, "%s: %s", where, strerror(-r));
    for (i = 0; i < count; i++)
        free(paths[i]);
}

static void link_config(struct recipe *recipe, const char *folder, struct guid id, const char *config)
{
    char guid[GUID_TEXT_SIZE];
    CLEANUP_FREE char *path = string_printf("%s/%s.xml", folder, guid_file_name(id, guid));
    CLEANUP_FREE char *where = place(recipe, path);
    CLEANUP_FREE char *target = windows_path(recipe, config);

    if (symlink(target, where) < 0)
        fail(recipe, "%s: %s", where, strerror(errno));
}

static json_t *find_checkpoint(const struct recipe *recipe, const char *name)
{
    json_t *entry;
    size_t i;

    json_array_foreach(recipe->files, i, entry)
        if (strcmp(text_member(recipe, entry, "checkpoint", ""), name) == 0)
            return entry;
    fail(recipe, "no checkpoint has the name \"%s\"", name);
}

/* 2008-2012 R2: folders with a link for each machine and checkpoint, to the place where its file
 * really is. */
void make_registration_folder(struct recipe *recipe, json_t *entry)
{
    const char *folder = text_member(recipe, entry, "file", LIST_FOLDER);
    CLEANUP_FREE char *machines = string_printf("%s/Virtual Machines", folder);
    CLEANUP_FREE char *snapshots = string_printf("%s/Snapshots", folder);
    json_t *name;
    size_t i;

    json_array_foreach(json_object_get(entry, "registration_folder"), i, name)
    {
        json_t *vm = find_vm(recipe, json_string_value(name));
        CLEANUP_FREE char *config = machine_path(recipe, vm);
        link_config(recipe, machines, machine_guid(recipe, vm), config);
    }
    json_array_foreach(json_object_get(entry, "checkpoints"), i, name)
    {
        json_t *checkpoint = find_checkpoint(recipe, json_string_value(name));
        CLEANUP_FREE char *config = config_path(recipe, checkpoint);
        link_config(recipe, snapshots, checkpoint_guid(recipe, checkpoint), config);
    }
}

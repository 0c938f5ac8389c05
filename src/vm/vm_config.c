/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * A configuration from its tree. Only keys that are proven are read (docs/vmcx.md); what the
 * others say can be seen with tree_walk().
 */
#include "vm/vm.h"

#include "base/bytes.h"
#include "base/checked.h"
#include "base/cleanup.h"
#include "vm/kind.h"
#include "vm/tree.h"
#include "vm/vmcx.h"
#include "vm/xml.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- single settings ---- */

/* Each takes a value over from a key of its type; -EINVAL for one that makes no sense. */
typedef int setter(struct vm_config *, void *field, const struct tree_node *);

static int set_text(struct vm_config *config, void *field, const struct tree_node *node)
{
    if (!node->bytes || node->size == 0)
        return 0;
    char *copy = strdup(node->bytes);
    if (!copy)
        return -ENOMEM;
    *(char **)field = copy;
    return 0;
}

static int set_flag(struct vm_config *config, void *field, const struct tree_node *node)
{
    *(int *)field = node->value.integer != 0;
    return 0;
}

static int set_count(struct vm_config *config, void *field, const struct tree_node *node)
{
    if (node->value.integer < 0)
        return -EINVAL;
    *(int64_t *)field = node->value.integer;
    return 0;
}

static int parse_guid(const struct tree_node *node, struct guid *guid, bool *has)
{
    if (node->size == 0)
        return 0;
    if (!node->bytes || !guid_parse_string(node->bytes, guid))
        return -EINVAL;
    *has = !guid_is_zero(guid);
    return 0;
}

static int set_id(struct vm_config *config, void *field, const struct tree_node *node)
{
    return parse_guid(node, field, &config->has_id);
}

static int set_logical_id(struct vm_config *config, void *field, const struct tree_node *node)
{
    return parse_guid(node, field, &config->has_logical_id);
}

static int set_generation(struct vm_config *config, void *field, const struct tree_node *node)
{
    if (node->value.integer < 0 || node->value.integer > 1)
        return -EINVAL;
    *(int *)field = (int)node->value.integer + 1;
    return 0;
}

static int set_version(struct vm_config *config, void *field, const struct tree_node *node)
{
    if (node->value.integer <= 0 || node->value.integer > 0xFFFF)
        return -EINVAL;
    config->version_major = (int)(node->value.integer >> 8);
    config->version_minor = (int)(node->value.integer & 0xFF);
    return 0;
}

static int set_time(struct vm_config *config, void *field, const struct tree_node *node)
{
    if (!node->bytes || node->size != 8)
        return -EINVAL;
    *(filetime *)field = load_le64(node->bytes);
    return 0;
}

#define FIELD(name) offsetof(struct vm_config, name)

static const struct {
    const char *path; /* below configuration */
    enum tree_type type;
    setter *set;
    size_t field;
} settings[] = {
    {"properties/name", TREE_STRING, set_text, FIELD(name)},
    {"properties/global_id", TREE_STRING, set_id, FIELD(id)},
    {"properties/type_id", TREE_STRING, set_text, FIELD(type_id)},
    {"properties/subtype", TREE_INT, set_generation, FIELD(generation)},
    {"properties/version", TREE_INT, set_version, FIELD(version_major)},
    {"properties/creation_time", TREE_ARRAY, set_time, FIELD(created)},
    {"properties/highly_available", TREE_BOOL, set_flag, FIELD(clustered)},
    {"settings/global/logical_id", TREE_STRING, set_logical_id, FIELD(logical_id)},
    {"global_settings/data_root", TREE_STRING, set_text, FIELD(data_root)},
    {"global_settings/disk_merge_pending", TREE_BOOL, set_flag, FIELD(merge_pending)},
    {"global_settings/snapshots/data_root", TREE_STRING, set_text, FIELD(checkpoint_root)},
    {"global_settings/snapshots/list/size", TREE_INT, set_count, FIELD(checkpoint_count)},
    {"savedstate/vsvlocation", TREE_STRING, set_text, FIELD(saved_state_file)},
};

static int read_setting(struct vm_config *config, size_t i, const struct tree_node *node,
                        struct notes *notes)
{
    if (node->type != settings[i].type) {
        notes_add(notes, SEVERITY_WARNING, "VM-KEY-TYPE", NOTE_NO_OFFSET,
                  "Key '%s' is of type %s, expected %s", settings[i].path,
                  tree_type_name(node->type), tree_type_name(settings[i].type));
        return 0;
    }
    int r = settings[i].set(config, (char *)config + settings[i].field, node);
    if (r != -EINVAL)
        return r;
    CLEANUP_FREE char *text = tree_value_text(node);
    notes_add(notes, SEVERITY_WARNING, "VM-KEY-VALUE", NOTE_NO_OFFSET,
              "Key '%s' has the value '%s', which makes no sense", settings[i].path,
              text ? text : "");
    return 0;
}

static int read_settings(struct vm_config *config, const struct tree_node *configuration,
                         struct notes *notes)
{
    for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
        const struct tree_node *node = tree_find(configuration, settings[i].path);
        int r = node ? read_setting(config, i, node, notes) : 0;
        if (r < 0)
            return r;
    }
    const struct tree_node *replication =
        tree_find(configuration, "global_settings/replication/settings");
    config->replicated = replication && (replication->first_child || replication->size > 0);
    return 0;
}

/* ---- drives ---- */

/* N of a node called prefixN, or -1. */
static int numbered(const struct tree_node *node, const char *prefix)
{
    size_t length = strlen(prefix);

    if (strncasecmp(node->name, prefix, length) != 0)
        return -1;
    const char *digits = node->name + length;
    size_t count = strspn(digits, "0123456789");
    return count > 0 && count < 10 && digits[count] == '\0' ? atoi(digits) : -1;
}

/* The parent of a drive is a controller, and a controller hangs on the instance of a device. */
static int add_drive(struct vm_config *config, const struct tree_node *drive, const char *path)
{
    const struct tree_node *controller = drive->parent, *instance = controller->parent;
    const char *type = tree_string(drive, "type");
    struct vm_drive *added = vector_push(&config->drives);

    if (!added)
        return -ENOMEM;
    added->location = numbered(drive, "drive");
    added->controller = numbered(controller, "controller");
    if (added->controller < 0)
        instance = controller;
    added->path = strdup(path);
    added->type = type ? strdup(type) : NULL;
    added->instance = strdup(instance ? instance->name : "");
    return added->path && added->instance && (added->type || !type) ? 0 : -ENOMEM;
}

/* Every pathname of every driveN counts as a reference, wherever it stands and however often. */
static int read_drives(struct vm_config *config, const struct tree_node *configuration,
                       struct notes *notes)
{
    for (const struct tree_node *drive = configuration;
         (drive = tree_next(configuration, drive));) {
        if (drive->type != TREE_NODE || numbered(drive, "drive") < 0)
            continue;
        for (const struct tree_node *key = drive->first_child; key; key = key->next) {
            if (strcasecmp(key->name, "pathname") != 0)
                continue;
            if (key->type != TREE_STRING || !key->bytes)
                notes_add(notes, SEVERITY_PROBLEM, "VM-KEY-TYPE", NOTE_NO_OFFSET,
                          "The pathname of %s/%s is of type %s, expected a string that can be read",
                          drive->parent->name, drive->name, tree_type_name(key->type));
            else if (key->size > 0 && add_drive(config, drive, key->bytes) < 0)
                return -ENOMEM;
        }
    }
    return 0;
}

/* ---- the file ---- */

/*
 * A configuration that has lost all that identifies it still counts when it names disks; the
 * runtime state of a saved machine may name them too, and does not.
 */
static bool is_machine(const struct vm_config *config, const struct tree_node *root)
{
    enum vm_kind kind = vm_tree_kind(root);

    return kind == VM_KIND_MACHINE ||
           (kind != VM_KIND_REGISTRY && config->drives.count > 0 && !tree_child(root, "savedstate"));
}

static int read_tree(struct vm_config *config, struct tree_node **root, io_source *source,
                     struct notes *notes)
{
    struct vmcx vmcx;

    config->format = vm_probe(source) == VM_PROBE_CONTAINER ? VM_VMCX : VM_XML;
    if (config->format == VM_XML)
        return xml_read(root, source, notes);
    int r = vmcx_read(&vmcx, source, VMCX_ALL_VALUES, notes);
    config->journal = vmcx.journal;
    config->journal_entries = vmcx.journal_entries;
    *root = vmcx.root;
    return r;
}

static int read_config(struct vm_config *config, io_source *source, struct notes *notes)
{
    CLEANUP(tree) struct tree_node *root = NULL;
    size_t before = notes->count;
    int r = read_tree(config, &root, source, notes);

    if (r < 0)
        return r;
    const struct tree_node *configuration = tree_child(root, "configuration");
    if (configuration) {
        r = read_settings(config, configuration, notes);
        if (r == 0)
            r = read_drives(config, configuration, notes);
    }
    if (r == 0 && !is_machine(config, root))
        r = vm_kind_mismatch(vm_tree_kind(root), notes, before);
    return r;
}

int vm_config_read(struct vm_config *config, io_source *source, struct notes *notes)
{
    struct notes unheard = {0};

    *config = (struct vm_config){.merge_pending = -1, .clustered = -1, .checkpoint_count = -1};
    int r = read_config(config, source, notes ? notes : &unheard);
    notes_free(&unheard);
    if (r < 0)
        vm_config_free(config);
    return r;
}

void vm_config_free(struct vm_config *config)
{
    for (size_t i = 0; i < config->drives.count; i++) {
        free(config->drives.items[i].path);
        free(config->drives.items[i].type);
        free(config->drives.items[i].instance);
    }
    vector_free(&config->drives);
    free(config->name);
    free(config->type_id);
    free(config->checkpoint_root);
    free(config->data_root);
    free(config->saved_state_file);
    config->name = config->type_id = config->checkpoint_root = config->data_root = NULL;
    config->saved_state_file = NULL;
}

const char *vm_format_name(enum vm_format format)
{
    return format == VM_VMCX ? "vmcx" : "xml";
}

const char *vm_journal_name(enum vm_journal journal)
{
    static const char *const names[] = {"clean", "replayed", "unreadable"};

    return names[journal];
}

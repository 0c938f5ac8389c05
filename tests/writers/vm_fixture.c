/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "vm_fixture.h"

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/strbuf.h"
#include "vmcx_writer.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#define IDE           "83f8638b-8dca-4152-9eda-2ca8b33039b4"
#define SCSI          "d422512d-2bf2-4752-809d-7b82b5fcb1b4"
#define SCSI_INSTANCE "6b51d1c4-4b4d-4b59-9f3c-0e2f5f6a7b8c"

static int add(struct tree_node *root, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static int add(struct tree_node *root, const char *format, ...)
{
    CLEANUP(strbuf) struct strbuf pair = {0};
    va_list ap;

    va_start(ap, format);
    strbuf_vprintf(&pair, format, ap);
    va_end(ap);
    return pair.failed ? -ENOMEM : vm_tree_add_pair(root, strbuf_text(&pair));
}

/* Only when there is a value. */
static int add_text(struct tree_node *root, const char *path, const char *text)
{
    return text && *text ? add(root, "configuration/%s=string:%s", path, text) : 0;
}

static int add_flag(struct tree_node *root, const char *path, bool flag)
{
    return add(root, "configuration/%s=bool:%s", path, flag ? "true" : "false");
}

static int add_drives(struct tree_node *root, const struct vm_fixture *vm, int generation)
{
    int r = 0;

    for (size_t i = 0; i < vm->drive_count && r == 0; i++) {
        const struct vm_fixture_drive *drive = &vm->drives[i];
        bool ide = drive->bus == VM_FIXTURE_BUS_IDE ||
                   (drive->bus == VM_FIXTURE_BUS_DEFAULT && generation == 1);
        CLEANUP_FREE char *place =
            string_printf("configuration/_%s_/controller%d/drive%d", ide ? IDE : SCSI_INSTANCE,
                          drive->controller, drive->location);
        if (!place)
            return -ENOMEM;
        r = add(root, "%s/pathname=string:%s", place, drive->path);
        if (r == 0)
            r = add(root, "%s/type=string:%s", place, drive->type ? drive->type : "VHD");
    }
    return r;
}

static int add_manifest(struct tree_node *root)
{
    static const char *const pairs[] = {
        "configuration/manifest/size=int:2",
        "configuration/manifest/vdev001/device=string:" IDE,
        "configuration/manifest/vdev001/instance=string:" IDE,
        "configuration/manifest/vdev001/name=string:Microsoft Emulated IDE Controller",
        "configuration/manifest/vdev002/device=string:" SCSI,
        "configuration/manifest/vdev002/instance=string:" SCSI_INSTANCE,
        "configuration/manifest/vdev002/name=string:Microsoft Synthetic SCSI Controller",
    };
    int r = 0;

    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]) && r == 0; i++)
        r = vm_tree_add_pair(root, pairs[i]);
    return r;
}

static int add_properties(struct tree_node *root, const struct vm_fixture *vm, int generation,
                          int version)
{
    uint8_t created[8];
    int r = add(root, "configuration/properties/global_id=string:%s", vm->id);

    if (r == 0)
        r = add_text(root, "properties/name", vm->name ? vm->name : "Machine");
    if (r == 0)
        r = add_text(root, "properties/type_id", vm->type_id ? vm->type_id : "Virtual Machines");
    if (r == 0)
        r = add(root, "configuration/properties/subtype=int:%d", generation - 1);
    if (r == 0)
        r = add(root, "configuration/properties/version=int:%d", version);
    if (r == 0)
        r = add_flag(root, "properties/highly_available", vm->clustered);
    store_le64(created, vm->created);
    if (r == 0 && vm->created)
        r = add(root,
                "configuration/properties/creation_time=bytes:%02x%02x%02x%02x%02x%02x%02x%02x",
                created[0], created[1], created[2], created[3], created[4], created[5],
                created[6], created[7]);
    return r;
}

static int add_settings(struct tree_node *root, const struct vm_fixture *vm)
{
    int r = add(root, "configuration/settings/global/logical_id=string:%s",
                vm->logical_id ? vm->logical_id : vm->id);

    if (r == 0)
        r = add_flag(root, "global_settings/disk_merge_pending", vm->merge_pending);
    if (r == 0)
        r = add(root, "configuration/global_settings/snapshots/list/size=int:%" PRId64,
                vm->checkpoint_count);
    if (r == 0)
        r = add_text(root, "global_settings/data_root", vm->data_root);
    if (r == 0)
        r = add_text(root, "global_settings/snapshots/data_root", vm->checkpoint_root);
    if (r == 0)
        r = add_text(root, "savedstate/vsvlocation", vm->saved_state_file);
    if (r == 0 && vm->replicated)
        r = add(root, "configuration/global_settings/replication/settings/enabled=bool:true");
    return r;
}

static int fill(struct tree_node *root, const struct vm_fixture *vm, bool xml)
{
    int generation = vm->generation ? vm->generation : xml ? 1 : 2;
    int r = add_properties(root, vm, generation, vm->version ? vm->version : xml ? 0x500 : 0x900);

    if (r == 0)
        r = add_settings(root, vm);
    if (r == 0)
        r = add_manifest(root);
    if (r == 0)
        r = add_drives(root, vm, generation);
    for (const char *const *pair = vm->extra; r == 0 && pair && *pair; pair++)
        r = vm_tree_add_pair(root, *pair);
    return r;
}

struct tree_node *vm_fixture_tree(const struct vm_fixture *vm, bool xml)
{
    struct tree_node *root = tree_new("", 0, TREE_NODE);

    if (root && fill(root, vm, xml) < 0) {
        tree_free(root);
        return NULL;
    }
    return root;
}

static bool is_xml(const char *path)
{
    size_t length = strlen(path);

    return length > 4 && strcasecmp(path + length - 4, ".xml") == 0;
}

int vm_fixture_write(const char *path, const struct vm_fixture *vm)
{
    struct vm_fixture earlier = *vm;
    earlier.name = "Before the last commit";
    earlier.drive_count = 0;
    CLEANUP(tree) struct tree_node *root = vm_fixture_tree(vm, is_xml(path));
    CLEANUP(tree) struct tree_node *before = vm_fixture_tree(&earlier, is_xml(path));
    struct vmcx_recipe recipe = {
        .before = vm->journal == VM_FIXTURE_CLEAN ? NULL : before,
        .damage = vm->journal == VM_FIXTURE_UNREADABLE ? VMCX_DAMAGE_LOG_DATA : 0,
    };

    if (!root || !before)
        return -ENOMEM;
    return is_xml(path) ? xml_writer_write(path, root, TEXT_UTF16LE)
                        : vmcx_writer_write(path, root, &recipe);
}

int vm_registry_fixture_write(const char *path, const char *const *ids, const char *const *paths,
                              size_t count)
{
    CLEANUP(tree) struct tree_node *root = tree_new("", 0, TREE_NODE);
    int r = root ? vm_tree_add_pair(root, "Configurations/FormatVersion=int:2") : -ENOMEM;

    if (r == 0 && count == 0)
        r = vm_tree_add_pair(root, "Configurations/VirtualMachines=node:");
    for (size_t i = 0; i < count && r == 0; i++) {
        char id[64];
        size_t length = strlen(ids[i]) < sizeof(id) ? strlen(ids[i]) : sizeof(id) - 1;
        for (size_t c = 0; c < length; c++)
            id[c] = (char)toupper((unsigned char)ids[i][c]);
        id[length] = '\0';
        r = add(root, "Configurations/VirtualMachines/_%s_=string:%s", id, paths[i]);
    }
    return r < 0 ? r : vmcx_writer_write(path, root, NULL);
}

int vm_runtime_fixture_write(const char *path, bool saved)
{
    static const char *const pairs[] = {
        "configuration/properties/version=int:2304",
        "configuration/_ac6b8dc1-3257-4a70-b1b2-a9c9215659ad_/VDEVVersion=int:2048",
        "savedstate/VmVersion=int:2304",
        "savedstate/type=string:Normal",
        "savedstate/savedVM/partition_state=bytes:0102030405060708",
        "savedstate/RamMemoryBlock0=bytes:0300000000000000",
    };
    CLEANUP(tree) struct tree_node *root = tree_new("", 0, TREE_NODE);
    size_t count = saved ? sizeof(pairs) / sizeof(pairs[0]) : 2;
    int r = root ? 0 : -ENOMEM;

    for (size_t i = 0; i < count && r == 0; i++)
        r = vm_tree_add_pair(root, pairs[i]);
    return r < 0 ? r : vmcx_writer_write(path, root, NULL);
}

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * Memory that runs out: each allocation of each reader fails once. What expat and jansson allocate
 * does not fail (jansson 2.14 would not survive it).
 */
#include "vm_testing.h"

#include "../allocations.h"

#include "base/checked.h"
#include "base/cleanup.h"
#include "vm/vm.h"
#include "vm/vmcx.h"
#include "vm_fixture.h"
#include "vmcx_writer.h"

#include <string.h>

static int read_config(void *source)
{
    struct vm_config config;
    int r = vm_config_read(&config, source, NULL);

    vm_config_free(&config);
    return r;
}

static int read_registry(void *source)
{
    struct vm_registry registry;
    int r = vm_registry_read(&registry, source, NULL);

    vm_registry_free(&registry);
    return r;
}

static int read_runtime(void *source)
{
    bool saved;

    return vm_runtime_read(&saved, source, NULL);
}

static int read_inventory(void *source)
{
    struct vm_inventory inventory;
    int r = vm_inventory_read(&inventory, source, NULL);

    vm_inventory_free(&inventory);
    return r;
}

static int visit(void *user, const char *path, const char *value, const struct tree_node *node)
{
    return 0;
}

static int walk(void *source)
{
    struct vmcx vmcx;
    int r = vmcx_read(&vmcx, source, VMCX_ALL_VALUES, NULL);

    if (r == 0)
        r = tree_walk(vmcx.root, visit, NULL);
    vmcx_free(&vmcx);
    return r;
}

static const struct vm_fixture_drive drives[] = {{.path = "C:\\a.vhdx"},
                                                 {.path = "C:\\b.vhdx", .location = 1}};
static const struct vm_fixture machine = {
    .id = "0e1c6a52-7d1b-4a50-9a57-0d8f4d5be7a1",
    .created = 1,
    .drives = drives,
    .drive_count = 2,
    .data_root = "C:\\",
    .checkpoint_root = "C:\\",
    .saved_state_file = "C:\\c.vsv",
};

static io_source *source_of(uint8_t *bytes, size_t size)
{
    io_source *source = io_memory_new(bytes, size);

    assert_non_null(source);
    free(bytes);
    return source;
}

static io_source *container_of(const struct tree_node *root, const struct tree_node *before)
{
    uint8_t *bytes;
    size_t size;

    assert_int_equal(vmcx_writer_build(root, &(struct vmcx_recipe){.before = before}, &bytes,
                                       &size),
                     0);
    return source_of(bytes, size);
}

static void test_container(void **state)
{
    CLEANUP(tree) struct tree_node *root = vm_fixture_tree(&machine, false);
    CLEANUP(tree) struct tree_node *before = vm_fixture_tree(&machine, true);
    CLEANUP_FREE char *large = calloc(1, 6000);

    strcpy(large, "configuration/large=bytes:");
    memset(large + strlen(large), '7', 2 * 2100);
    assert_int_equal(vm_tree_add_pair(root, large), 0);
    CLEANUP(io_unref) io_source *source = container_of(root, before);
    fail_each_allocation(read_config, source);
    fail_each_allocation(walk, source);
}

static void test_other_containers(void **state)
{
    static const char *const registry[] = {
        "Configurations/VirtualMachines/_0e1c6a52-7d1b-4a50-9a57-0d8f4d5be7a1_=string:C:\\a.vmcx",
        NULL};
    static const char *const runtime[] = {"savedstate/RamBlock0=bytes:00", NULL};
    CLEANUP(tree) struct tree_node *list = vm_tree_from_pairs(registry);
    CLEANUP(tree) struct tree_node *state_of_machine = vm_tree_from_pairs(runtime);
    CLEANUP(io_unref) io_source *list_source = container_of(list, NULL);
    CLEANUP(io_unref) io_source *runtime_source = container_of(state_of_machine, NULL);

    fail_each_allocation(read_registry, list_source);
    fail_each_allocation(read_runtime, runtime_source);
}

static void test_xml(void **state)
{
    CLEANUP(tree) struct tree_node *root = vm_fixture_tree(&machine, true);
    uint8_t *bytes;
    size_t size;

    assert_int_equal(xml_writer_build(root, TEXT_UTF16LE, &bytes, &size), 0);
    CLEANUP(io_unref) io_source *source = source_of(bytes, size);
    fail_each_allocation(read_config, source);
}

static void test_inventory(void **state)
{
    static const char text[] =
        "[{\"Path\":\"C:\\\\a.vhdx\",\"VMName\":\"a\",\"VMSnapshotName\":\"b\","
        "\"ComputerName\":\"c\",\"ControllerType\":1,\"DiskNumber\":null},"
        "{\"Path\":\"C:\\\\b.vhdx\",\"ControllerType\":\"IDE\"}]";
    size_t size;
    uint8_t *utf16 = text_to_utf16le(text, &size);
    CLEANUP(io_unref) io_source *wide = source_of(utf16, size);
    CLEANUP(io_unref) io_source *narrow = io_memory_new(text, sizeof(text) - 1);

    fail_each_allocation(read_inventory, wide);
    fail_each_allocation(read_inventory, narrow);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_container),
        cmocka_unit_test(test_other_containers),
        cmocka_unit_test(test_xml),
        cmocka_unit_test(test_inventory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

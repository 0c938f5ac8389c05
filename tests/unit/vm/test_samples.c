/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Files that Windows wrote: every checksum verifies, and what they say is read right. */
#include "vm_testing.h"

#include "base/cleanup.h"
#include "vm/vm.h"
#include "vm/vmcx.h"
#include "vm/xml.h"

#include <errno.h>
#include <string.h>

static io_source *open_sample(const char *name)
{
    size_t size;
    CLEANUP_FREE uint8_t *bytes = load_sample(name, &size);

    if (!bytes)
        skip();
    io_source *source = io_memory_new(bytes, size);
    assert_non_null(source);
    return source;
}

struct expected {
    const char *file, *name, *id, *disk;
    enum vm_format format;
    int version_major;
    filetime created;
};

static void check_machine(const struct expected *expected)
{
    CLEANUP(io_unref) io_source *source = open_sample(expected->file);
    struct notes notes = {0};
    struct vm_config config;
    char id[GUID_TEXT_SIZE];

    assert_int_equal(vm_config_read(&config, source, &notes), 0);
    assert_healthy(&notes);
    assert_int_equal(notes.count, 0);
    assert_int_equal(config.format, expected->format);
    assert_int_equal(config.version_major, expected->version_major);
    assert_int_equal(config.version_minor, 0);
    assert_string_equal(config.name, expected->name);
    assert_string_equal(config.type_id, "Virtual Machines");
    assert_true(config.has_id);
    assert_string_equal(guid_format(&config.id, id), expected->id);
    assert_true(config.has_logical_id);
    assert_true(guid_equal(&config.id, &config.logical_id));
    assert_int_equal(config.generation, 1);
    assert_int_equal(config.merge_pending, 0);
    assert_int_equal(config.clustered, 0);
    assert_false(config.replicated);
    assert_int_equal(config.checkpoint_count, 0);
    assert_int_equal(config.created, expected->created);
    assert_int_equal(config.journal, VM_JOURNAL_CLEAN);
    assert_null(config.saved_state_file);

    /* Three empty drives and an empty floppy are none. */
    assert_int_equal(config.drives.count, 1);
    assert_string_equal(config.drives.items[0].path, expected->disk);
    assert_string_equal(config.drives.items[0].type, "VHD");
    assert_string_equal(config.drives.items[0].instance, "_83f8638b-8dca-4152-9eda-2ca8b33039b4_");
    assert_int_equal(config.drives.items[0].controller, 0);
    assert_int_equal(config.drives.items[0].location, 0);
    vm_config_free(&config);
    notes_free(&notes);
}

static void test_container(void **state)
{
    static const struct expected expected = {
        "vmcx/test.vmcx", "Other Location", "282874fc-59d6-4f30-bc04-5fdd909c82e0",
        "C:\\Users\\Public\\Documents\\Hyper-V\\Virtual Hard Disks\\Other Location.vhdx", VM_VMCX,
        9, 0x01d7979e66456ea7};
    check_machine(&expected);
}

static void test_second_container(void **state)
{
    static const struct expected expected = {
        "vmcx/EC04F346-DB96-4700-AF5B-77B3C56C38BD.vmcx", "Default Generation 1",
        "ec04f346-db96-4700-af5b-77b3c56c38bd",
        "C:\\Disks\\Default Generation 1.vhdx",
        VM_VMCX, 9, 0x01d942f1b438ecfc};
    check_machine(&expected);
}

static void test_xml(void **state)
{
    static const struct expected expected = {"xml/B90AC31B-C6F8-479F-9B91-07B894A6A3F6.xml",
                                             "Default Generation 1",
                                             "b90ac31b-c6f8-479f-9b91-07b894a6a3f6",
                                             "C:\\Disks\\Default Generation 1.vhdx", VM_XML, 5, 0};
    check_machine(&expected);
}

static void test_registry(void **state)
{
    static const struct {
        const char *id, *path;
    } expected[] = {
        {"ec04f346-db96-4700-af5b-77b3c56c38bd",
         "C:\\Hyper-V\\EasyToFind\\Virtual Machines\\EC04F346-DB96-4700-AF5B-77B3C56C38BD.vmcx"},
        {"993f7b33-6057-4d1e-a1fe-a1a1d77be974",
         "C:\\Hyper-V\\EasyToFind\\Virtual Machines\\993F7B33-6057-4D1E-A1FE-A1A1D77BE974.vmcx"},
        {"a5b56431-ca94-482a-b70a-f1f2b12373be",
         "C:\\VM\\Other Generation 1\\Virtual Machines\\A5B56431-CA94-482A-B70A-F1F2B12373BE.vmcx"},
        {"4c57771a-3230-4b92-b029-d63f96518e70",
         "C:\\VM\\Other Generation 2\\Virtual Machines\\4C57771A-3230-4B92-B029-D63F96518E70.vmcx"},
    };
    CLEANUP(io_unref) io_source *source = open_sample("vmcx/data.vmcx");
    struct notes notes = {0};
    struct vm_registry registry;
    char id[GUID_TEXT_SIZE];

    assert_int_equal(vm_registry_read(&registry, source, &notes), 0);
    assert_healthy(&notes);
    assert_int_equal(registry.journal, VM_JOURNAL_CLEAN);
    assert_int_equal(registry.machines.count, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_string_equal(guid_format(&registry.machines.items[i].id, id), expected[i].id);
        assert_string_equal(registry.machines.items[i].config_path, expected[i].path);
    }
    vm_registry_free(&registry);
    notes_free(&notes);
}

static void test_runtime(void **state)
{
    CLEANUP(io_unref) io_source *source = open_sample("vmcx/test.VMRS");
    struct notes notes = {0};
    bool saved = true;

    assert_int_equal(vm_runtime_read(&saved, source, &notes), 0);
    assert_healthy(&notes);
    assert_false(saved);
    notes_free(&notes);
}

/* Each reader knows its own kind of file and says of the others that they are healthy strangers. */
static void test_kinds(void **state)
{
    static const struct {
        const char *file;
        enum vm_probe probe;
        int config, registry, runtime;
    } kinds[] = {
        {"vmcx/test.vmcx", VM_PROBE_CONTAINER, 0, -ENOMSG, -ENOMSG},
        {"vmcx/data.vmcx", VM_PROBE_CONTAINER, -ENOMSG, 0, -ENOMSG},
        {"vmcx/test.VMRS", VM_PROBE_CONTAINER, -ENOMSG, -ENOMSG, 0},
        {"xml/B90AC31B-C6F8-479F-9B91-07B894A6A3F6.xml", VM_PROBE_XML, 0, -EBADMSG, -ENOMSG},
        {"text/orphan-case-2026.txt", VM_PROBE_NONE, -EBADMSG, -EBADMSG, -ENOMSG},
    };

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        CLEANUP(io_unref) io_source *source = open_sample(kinds[i].file);
        struct vm_config config;
        struct vm_registry registry;
        bool saved;
        assert_int_equal(vm_probe(source), kinds[i].probe);
        assert_int_equal(vm_config_read(&config, source, NULL), kinds[i].config);
        vm_config_free(&config);
        assert_int_equal(vm_registry_read(&registry, source, NULL), kinds[i].registry);
        vm_registry_free(&registry);
        assert_int_equal(vm_runtime_read(&saved, source, NULL), kinds[i].runtime);
    }
}

static int count_keys(void *user, const char *path, const char *value,
                      const struct tree_node *node)
{
    size_t *counts = user;

    counts[0]++;
    if (strcmp(path, "configuration/_917bd8cb-3bb6-4124-9383-b7d21ac07f79_/StateFilePath") == 0) {
        assert_string_equal(value, "C:\\Hyper-V\\EasyToFind\\Virtual Machines\\"
                                   "282874FC-59D6-4F30-BC04-5FDD909C82E0.vmgs");
        counts[1]++;
    }
    if (strcmp(path, "configuration/properties/creation_time") == 0) {
        assert_string_equal(value, "a76e45669e97d701");
        counts[1]++;
    }
    if (strcmp(path, "configuration/global_settings/metrics/devicetype") == 0)
        counts[2]++;
    return 0;
}

static void walk(const char *file, size_t counts[3])
{
    CLEANUP(io_unref) io_source *source = open_sample(file);
    struct vmcx vmcx;

    assert_int_equal(vmcx_read(&vmcx, source, VMCX_ALL_VALUES, NULL), 0);
    assert_int_equal(vmcx.version, 0x0400);
    assert_int_equal(tree_walk(vmcx.root, count_keys, counts), 0);
    vmcx_free(&vmcx);
}

static void test_walk(void **state)
{
    size_t machine[3] = {0}, runtime[3] = {0};

    walk("vmcx/test.vmcx", machine);
    assert_int_equal(machine[0], 409);
    assert_int_equal(machine[1], 2);
    walk("vmcx/test.VMRS", runtime);
    assert_int_equal(runtime[2], 3); /* siblings of one name are all there */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_container), cmocka_unit_test(test_second_container),
        cmocka_unit_test(test_xml),       cmocka_unit_test(test_registry),
        cmocka_unit_test(test_runtime),   cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_walk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

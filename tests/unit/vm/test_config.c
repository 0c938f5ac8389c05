/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* From a file to a configuration, in both formats; lists of machines; runtime states. */
#include "vm_testing.h"

#include "base/checked.h"
#include "base/cleanup.h"
#include "base/strbuf.h"
#include "vm/vm.h"
#include "vm/xml.h"
#include "vm_fixture.h"
#include "vmcx_writer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MACHINE    "0e1c6a52-7d1b-4a50-9a57-0d8f4d5be7a1"
#define CHECKPOINT "5b77c8f0-10fd-4c52-9a39-3f6e1f2a9b44"

/* ---- fixtures on disk ---- */

static char folder[] = "/tmp/hvchain-vm-XXXXXX";

static int make_folder(void **state)
{
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    return rmdir(folder);
}

static char *path_of(const char *name)
{
    char *path = string_printf("%s/%s", folder, name);

    assert_non_null(path);
    return path;
}

/* The file's bytes as a source; the file is removed. */
static io_source *take_file(const char *path)
{
    size_t size;
    CLEANUP_FREE uint8_t *bytes = load_file(path, &size);

    assert_non_null(bytes);
    assert_int_equal(unlink(path), 0);
    io_source *source = io_memory_new(bytes, size);
    assert_non_null(source);
    return source;
}

static io_source *fixture_source(const char *name, const struct vm_fixture *vm)
{
    CLEANUP_FREE char *path = path_of(name);

    assert_int_equal(vm_fixture_write(path, vm), 0);
    return take_file(path);
}

static const struct vm_fixture_drive drives[] = {
    {.path = "C:\\VMs\\Server\\Server_7F2A.avhdx"},
    {.path = "D:\\iso\\setup.iso", .type = "ISO", .location = 1},
    {.path = "\\\\?\\Volume{2dc27766-f623-4200-9d64-115e9bfd4a08}\\Data Ärger.vhdx",
     .controller = 1, .location = 63},
    {.path = "", .type = "NONE", .location = 2},
};

static const struct vm_fixture machine = {
    .id = MACHINE,
    .name = "Server <1> & Ärger 日本",
    .generation = 2,
    .created = 0x01d7979e66456ea7,
    .drives = drives,
    .drive_count = ARRAY_SIZE(drives),
    .merge_pending = true,
    .clustered = true,
    .replicated = true,
    .checkpoint_count = 3,
    .data_root = "C:\\VMs\\Server",
    .checkpoint_root = "C:\\ClusterStorage\\Volume1\\Server",
    .saved_state_file = "C:\\VMs\\Server\\0E1C.vsv",
};

static void check_drives(const struct vm_config *config)
{
    assert_int_equal(config->drives.count, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(config->drives.items[i].path, drives[i].path);
        assert_int_equal(config->drives.items[i].controller, drives[i].controller);
        assert_int_equal(config->drives.items[i].location, drives[i].location);
        assert_int_equal(config->drives.items[i].instance[0], '_');
    }
    assert_string_equal(config->drives.items[0].type, "VHD");
    assert_string_equal(config->drives.items[1].type, "ISO");
}

static void check_machine(const char *name, enum vm_format format, int version)
{
    CLEANUP(io_unref) io_source *source = fixture_source(name, &machine);
    struct notes notes = {0};
    struct vm_config config;
    char id[GUID_TEXT_SIZE];

    assert_int_equal(vm_config_read(&config, source, &notes), 0);
    assert_healthy(&notes);
    assert_int_equal(config.format, format);
    assert_int_equal(config.version_major, version);
    assert_string_equal(guid_format(&config.id, id), MACHINE);
    assert_string_equal(guid_format(&config.logical_id, id), MACHINE);
    assert_string_equal(config.name, machine.name);
    assert_string_equal(config.type_id, "Virtual Machines");
    assert_int_equal(config.generation, 2);
    assert_int_equal(config.merge_pending, 1);
    assert_int_equal(config.clustered, 1);
    assert_true(config.replicated);
    assert_int_equal(config.checkpoint_count, 3);
    assert_string_equal(config.data_root, machine.data_root);
    assert_string_equal(config.checkpoint_root, machine.checkpoint_root);
    assert_string_equal(config.saved_state_file, machine.saved_state_file);
    assert_int_equal(config.created, machine.created);
    assert_int_equal(config.journal, VM_JOURNAL_CLEAN);
    check_drives(&config);
    vm_config_free(&config);
    notes_free(&notes);
}

static void test_machine(void **state)
{
    check_machine("machine.vmcx", VM_VMCX, 9);
    check_machine("machine.xml", VM_XML, 5);
}

static void test_checkpoint(void **state)
{
    static const struct vm_fixture checkpoint = {.id = CHECKPOINT, .logical_id = MACHINE,
                                                 .name = "before", .type_id = ""};
    CLEANUP(io_unref) io_source *source = fixture_source("checkpoint.vmcx", &checkpoint);
    struct notes notes = {0};
    struct vm_config config;
    char id[GUID_TEXT_SIZE];

    assert_int_equal(vm_config_read(&config, source, &notes), 0);
    assert_healthy(&notes);
    assert_string_equal(guid_format(&config.id, id), CHECKPOINT);
    assert_string_equal(guid_format(&config.logical_id, id), MACHINE);
    assert_null(config.type_id);
    assert_null(config.data_root);
    assert_null(config.saved_state_file);
    assert_int_equal(config.created, 0);
    assert_int_equal(config.drives.count, 0);
    assert_false(config.replicated);
    vm_config_free(&config);
    notes_free(&notes);
}

static void test_journal(void **state)
{
    struct vm_fixture vm = machine;
    struct vm_config config;

    vm.journal = VM_FIXTURE_PENDING;
    io_source *source = fixture_source("pending.vmcx", &vm);
    assert_int_equal(vm_config_read(&config, source, NULL), 0);
    assert_int_equal(config.journal, VM_JOURNAL_REPLAYED);
    assert_true(config.journal_entries > 0);
    assert_string_equal(config.name, machine.name);
    check_drives(&config);
    vm_config_free(&config);
    io_unref(source);

    vm.journal = VM_FIXTURE_UNREADABLE;
    source = fixture_source("unreadable.vmcx", &vm);
    struct notes notes = {0};
    assert_int_equal(vm_config_read(&config, source, &notes), 0);
    assert_has_note(&notes, "VMCX-JOURNAL-UNREADABLE");
    assert_int_equal(config.journal, VM_JOURNAL_UNREADABLE);
    assert_true(config.journal_entries > 0);
    assert_string_equal(config.name, "Before the last commit");
    assert_int_equal(config.drives.count, 0);
    vm_config_free(&config);
    notes_free(&notes);
    io_unref(source);
}

/* ---- keys that hold something else ---- */

static io_source *container_of(const char *const *pairs)
{
    CLEANUP(tree) struct tree_node *root = vm_tree_from_pairs(pairs);
    CLEANUP_FREE uint8_t *bytes = NULL;
    size_t size;

    assert_non_null(root);
    assert_int_equal(vmcx_writer_build(root, NULL, &bytes, &size), 0);
    io_source *source = io_memory_new(bytes, size);
    assert_non_null(source);
    return source;
}

static void test_wrong_values(void **state)
{
    static const char *const cases[] = {
        "configuration/properties/version=string:9.0",
        "configuration/properties/version=int:-1",
        "configuration/properties/version=int:65536",
        "configuration/properties/subtype=int:2",
        "configuration/properties/subtype=bool:true",
        "configuration/properties/creation_time=bytes:01",
        "configuration/properties/creation_time=int:1",
        "configuration/properties/highly_available=int:1",
        "configuration/properties/name=int:1",
        "configuration/properties/type_id=node:",
        "configuration/settings/global/logical_id=string:nobody",
        "configuration/global_settings/disk_merge_pending=string:true",
        "configuration/global_settings/snapshots/list/size=int:-3",
        "configuration/_i_/controller0/drive0/pathname=int:7",
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const char *pairs[] = {"configuration/properties/global_id=string:" MACHINE, cases[i], NULL};
        CLEANUP(io_unref) io_source *source = container_of(pairs);
        struct notes notes = {0};
        struct vm_config config;
        assert_int_equal(vm_config_read(&config, source, &notes), 0);
        if (notes.count != 1)
            print_error("%s\n", cases[i]);
        assert_int_equal(notes.count, 1);
        assert_true(notes_worst(&notes) >= SEVERITY_WARNING);
        assert_true(config.has_id);
        assert_false(config.has_logical_id);
        assert_int_equal(config.version_major, 0);
        assert_int_equal(config.generation, 0);
        assert_int_equal(config.created, 0);
        assert_int_equal(config.merge_pending, -1);
        assert_int_equal(config.clustered, -1);
        assert_int_equal(config.checkpoint_count, -1);
        assert_int_equal(config.drives.count, 0);
        assert_null(config.name);
        vm_config_free(&config);
        notes_free(&notes);
    }
}

/* Every pathname counts: of two drives with one name, of two names in one drive, of any device. */
static void test_every_pathname_counts(void **state)
{
    static const char *const pairs[] = {
        "configuration/properties/global_id=string:{0E1C6A52-7D1B-4A50-9A57-0D8F4D5BE7A1}",
        "configuration/_A_/Controller7/Drive12/PathName=string:one",
        "configuration/_A_/Controller7/Drive12/PathName=string:two",
        "configuration/_A_/drive3/pathname=string:three",
        "configuration/drive4/pathname=string:four",
        "configuration/_A_/Controller7/drivex/pathname=string:none",
        "configuration/_A_/Controller7/drive/pathname=string:none",
        "configuration/_A_/Controller7/drive99999999999/pathname=string:none",
        "configuration/_A_/Controller7/pathname=string:none",
        "elsewhere/_A_/controller0/drive0/pathname=string:none",
        NULL,
    };
    static const struct {
        const char *path, *instance;
        int controller, location;
    } expected[] = {
        {"one", "_A_", 7, 12}, {"two", "_A_", 7, 12}, {"three", "_A_", -1, 3},
        {"four", "configuration", -1, 4},
    };
    CLEANUP(io_unref) io_source *source = container_of(pairs);
    struct vm_config config;

    assert_int_equal(vm_config_read(&config, source, NULL), 0);
    assert_true(config.has_id);
    assert_int_equal(config.drives.count, ARRAY_SIZE(expected));
    for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
        const struct vm_drive *drive = &config.drives.items[i];
        assert_string_equal(drive->path, expected[i].path);
        assert_string_equal(drive->instance, expected[i].instance);
        assert_int_equal(drive->controller, expected[i].controller);
        assert_int_equal(drive->location, expected[i].location);
        assert_null(drive->type);
    }
    vm_config_free(&config);
}

static void test_no_identifier(void **state)
{
    static const char *const zeros[] = {
        "configuration/properties/global_id=string:00000000-0000-0000-0000-000000000000", NULL};
    static const char *const empty[] = {"configuration/properties/global_id=string:",
                                        "configuration/properties/name=string:", NULL};
    static const char *const drive[] = {"configuration/_A_/controller0/drive0/pathname=string:x",
                                        NULL};
    static const char *const saved[] = {"configuration/_A_/controller0/drive0/pathname=string:x",
                                        "savedstate/VmVersion=int:2304", NULL};
    static const struct {
        const char *const *pairs;
        int result;
        size_t drives;
    } cases[] = {{zeros, 0, 0}, {empty, 0, 0}, {drive, 0, 1}, {saved, -ENOMSG, 0}};

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(io_unref) io_source *source = container_of(cases[i].pairs);
        struct notes notes = {0};
        struct vm_config config;
        assert_int_equal(vm_config_read(&config, source, &notes), cases[i].result);
        assert_int_equal(notes.count, 0);
        assert_int_equal(config.drives.count, cases[i].drives);
        assert_false(config.has_id);
        vm_config_free(&config);
    }
}

/* ---- XML ---- */

static io_source *text_source(const char *text)
{
    io_source *source = io_memory_new(text, strlen(text));

    assert_non_null(source);
    return source;
}

static void test_xml_encodings(void **state)
{
    static const enum text_encoding encodings[] = {TEXT_UTF8, TEXT_UTF16LE, TEXT_UTF16BE};
    CLEANUP(tree) struct tree_node *root = vm_fixture_tree(&machine, true);

    for (size_t i = 0; i < ARRAY_SIZE(encodings); i++) {
        for (size_t mark = 0; mark < 2; mark++) {
            CLEANUP_FREE uint8_t *bytes = NULL;
            size_t size, skip = mark ? 0 : encodings[i] == TEXT_UTF8 ? 3 : 2;
            struct notes notes = {0};
            struct vm_config config;
            assert_int_equal(xml_writer_build(root, encodings[i], &bytes, &size), 0);
            CLEANUP(io_unref) io_source *source = io_memory_new(bytes + skip, size - skip);
            assert_int_equal(vm_probe(source), VM_PROBE_XML);
            assert_int_equal(vm_config_read(&config, source, &notes), 0);
            assert_healthy(&notes);
            assert_string_equal(config.name, machine.name);
            check_drives(&config);
            vm_config_free(&config);
            notes_free(&notes);
        }
    }
}

/* A file that was converted says one encoding and has another. */
static void test_xml_wrong_declaration(void **state)
{
    CLEANUP(io_unref) io_source *source =
        text_source("<?xml version=\"1.0\" encoding=\"UTF-16\"?><!-- x -->\r\n<configuration>"
                    "<properties><name type=\"string\">é</name></properties></configuration>");
    struct vm_config config;

    assert_int_equal(vm_probe(source), VM_PROBE_XML);
    assert_int_equal(vm_config_read(&config, source, NULL), 0);
    assert_string_equal(config.name, "é");
    vm_config_free(&config);
}

static void test_xml_values(void **state)
{
    CLEANUP(io_unref) io_source *source = text_source(
        "<configuration><a type=\"integer\">18446744073709551615</a><b type=\"integer\">-7</b>"
        "<c type=\"bytes\">AAEC\r\n</c><d type=\"bytes\">AA==</d><e type=\"bytes\"></e>"
        "<f type=\"bool\">True</f><g type=\"double\">1,5</g><h>text</h><i type=\"string\"/>"
        "<j type=\"string\">a<k type=\"string\">b</k>c</j></configuration>");
    struct notes notes = {0};
    struct tree_node *root;

    assert_int_equal(xml_read(&root, source, &notes), 0);
    assert_int_equal(notes.count, 0);
    const struct tree_node *c = tree_child(root, "configuration");
    assert_true(tree_child(c, "a")->value.uinteger == UINT64_MAX);
    assert_int_equal(tree_child(c, "a")->type, TREE_UINT);
    assert_int_equal(tree_child(c, "b")->value.integer, -7);
    assert_int_equal(tree_child(c, "c")->size, 3);
    assert_memory_equal(tree_child(c, "c")->bytes, "\0\1\2", 3);
    assert_int_equal(tree_child(c, "d")->size, 1);
    assert_int_equal(tree_child(c, "e")->size, 0);
    assert_int_equal(tree_child(c, "e")->type, TREE_ARRAY);
    assert_int_equal(tree_child(c, "f")->value.integer, 1);
    assert_string_equal(tree_string(c, "g"), "1,5");
    assert_int_equal(tree_child(c, "h")->type, TREE_NODE);
    assert_string_equal(tree_string(c, "i"), "");
    assert_int_equal(tree_child(c, "j")->type, TREE_NODE);
    assert_string_equal(tree_string(c, "j/k"), "b");
    tree_free(root);
    notes_free(&notes);
}

static void test_xml_wrong_values(void **state)
{
    static const char *const cases[] = {
        "<a type=\"integer\"></a>",      "<a type=\"integer\">0x10</a>",
        "<a type=\"integer\">7 </a>",    "<a type=\"integer\">99999999999999999999</a>",
        "<a type=\"integer\">-99999999999999999999</a>",
        "<a type=\"bool\">maybe</a>",    "<a type=\"bytes\">A</a>",
        "<a type=\"bytes\">A!==</a>",    "<a type=\"bytes\">AA=A</a>",
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP_FREE char *text = string_printf("<configuration>%s</configuration>", cases[i]);
        CLEANUP(io_unref) io_source *source = text_source(text);
        struct notes notes = {0};
        struct tree_node *root;
        assert_int_equal(xml_read(&root, source, &notes), 0);
        assert_has_note(&notes, "VM-XML-VALUE");
        assert_int_equal(tree_find(root, "configuration/a")->type, TREE_STRING);
        tree_free(root);
        notes_free(&notes);
    }
}

static void check_bad_xml(const char *text, int result, const char *rule)
{
    CLEANUP(io_unref) io_source *source = text_source(text);
    struct notes notes = {0};
    struct vm_config config;

    assert_int_equal(vm_config_read(&config, source, &notes), result);
    if (rule)
        assert_has_note(&notes, rule);
    else
        assert_int_equal(notes.count, 0);
    vm_config_free(&config);
    notes_free(&notes);
}

static void test_bad_xml(void **state)
{
    check_bad_xml("", -EBADMSG, "VM-XML-MALFORMED");
    check_bad_xml("no document", -EBADMSG, "VM-XML-MALFORMED");
    check_bad_xml("<configuration>", -EBADMSG, "VM-XML-MALFORMED");
    check_bad_xml("<configuration/>", -ENOMSG, NULL);
    check_bad_xml("<html><body/></html>", -ENOMSG, NULL);
    check_bad_xml("<?xml version=\"1.0\"?><!DOCTYPE a [<!ENTITY b \"c\">]><configuration>&b;"
                  "</configuration>",
                  -EBADMSG, "VM-XML-DOCTYPE");
    check_bad_xml("<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><configuration/>", -EBADMSG,
                  "VM-XML-DOCTYPE");
    check_bad_xml("<configuration>&b;</configuration>", -EBADMSG, "VM-XML-MALFORMED");
    check_bad_xml("<configuration>\xFF</configuration>", -EBADMSG, "VM-XML-MALFORMED");
}

static void test_deep_xml(void **state)
{
    CLEANUP(strbuf) struct strbuf text = {0};

    strbuf_append(&text, "<configuration><manifest/>");
    for (int i = 0; i < 100000; i++)
        strbuf_append(&text, "<a>");
    check_bad_xml(strbuf_text(&text), 0, "VM-XML-LIMIT");
    strbuf_clear(&text);
    strbuf_append(&text, "<configuration><manifest/>");
    for (int i = 0; i < 62; i++)
        strbuf_append(&text, "<a>");
    for (int i = 0; i < 300000; i++)
        strbuf_append(&text, "<b/>");
    check_bad_xml(strbuf_text(&text), 0, "VM-XML-LIMIT");
}

/* What stands before the end of a document that was cut off is read, and the cut is said. */
static void test_truncated_xml(void **state)
{
    CLEANUP(tree) struct tree_node *root = vm_fixture_tree(&machine, true);
    CLEANUP_FREE uint8_t *bytes = NULL;
    size_t size, most = 0;

    assert_int_equal(xml_writer_build(root, TEXT_UTF16LE, &bytes, &size), 0);
    for (size_t cut = 0; cut < size - 4; cut++) { /* the last four bytes are a line break */
        CLEANUP(io_unref) io_source *source = io_memory_new(bytes, cut);
        struct notes notes = {0};
        struct vm_config config;
        int r = vm_config_read(&config, source, &notes);
        assert_true(r == 0 || r == -EBADMSG);
        assert_int_equal(notes_worst(&notes), SEVERITY_PROBLEM);
        assert_true(config.drives.count >= most || r < 0);
        most = r == 0 ? config.drives.count : most;
        vm_config_free(&config);
        notes_free(&notes);
    }
    assert_int_equal(most, 3);
}

static void test_probe(void **state)
{
    static const struct {
        const char *text;
        enum vm_probe probe;
    } cases[] = {
        {"<configuration>", VM_PROBE_XML},
        {"\xEF\xBB\xBF \r\n<?xml?><!-- <configuration> --><Configuration a=\"b\">", VM_PROBE_XML},
        {"<configuration", VM_PROBE_XML}, /* cut off */
        {"<configurations>", VM_PROBE_NONE},
        {"<!-- <configuration>", VM_PROBE_NONE},
        {"<?xml", VM_PROBE_NONE},
        {"", VM_PROBE_NONE},
        {"text <configuration>", VM_PROBE_NONE},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(io_unref) io_source *source = text_source(cases[i].text);
        assert_int_equal(vm_probe(source), cases[i].probe);
    }
}

static void test_probe_container(void **state)
{
    static const char *const pairs[] = {"configuration/manifest/size=int:0", NULL};
    CLEANUP(io_unref) io_source *source = container_of(pairs);
    uint8_t bytes[8192] = {0};

    assert_int_equal(vm_probe(source), VM_PROBE_CONTAINER);
    assert_int_equal(io_read(source, 4096, bytes + 4096, 4096), 0);
    CLEANUP(io_unref) io_source *torn = io_memory_new(bytes, sizeof(bytes));
    assert_int_equal(vm_probe(torn), VM_PROBE_CONTAINER);
}

/*
 * A damaged file is still known for what it is, by its own reader and by the others; only one of
 * which nothing is known is damaged beyond use.
 */
static void test_damaged_kinds(void **state)
{
    static const struct {
        const char *pair;
        int config, registry, runtime;
    } cases[] = {
        {"configuration/properties/global_id=string:" MACHINE, 0, -ENOMSG, -ENOMSG},
        {"Configurations/VirtualMachines/_" MACHINE "_=string:C:\\a.vmcx", -ENOMSG, 0, -ENOMSG},
        {"savedstate/VmVersion=int:2304", -ENOMSG, -ENOMSG, 0},
        {"configuration/properties/version=int:2304", -ENOMSG, -ENOMSG, 0},
        {"stranger/name=string:x", -EBADMSG, -EBADMSG, -EBADMSG},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(tree) struct tree_node *root = tree_new("", 0, TREE_NODE);
        CLEANUP_FREE uint8_t *bytes = NULL;
        struct vm_config config;
        struct vm_registry registry;
        size_t size;
        bool saved;
        assert_int_equal(vm_tree_add_pair(root, cases[i].pair), 0);
        assert_int_equal(vmcx_writer_build(root, &(struct vmcx_recipe){.damage = VMCX_DAMAGE_KEY},
                                           &bytes, &size),
                         0);
        CLEANUP(io_unref) io_source *source = io_memory_new(bytes, size);
        assert_int_equal(vm_config_read(&config, source, NULL), cases[i].config);
        vm_config_free(&config);
        assert_int_equal(vm_registry_read(&registry, source, NULL), cases[i].registry);
        vm_registry_free(&registry);
        assert_int_equal(vm_runtime_read(&saved, source, NULL), cases[i].runtime);
    }
}

/* ---- a device that fails ---- */

struct failing {
    io_source *below;
    int left; /* reads that still work */
};

static int64_t failing_read(void *self, uint64_t offset, void *buffer, size_t length)
{
    struct failing *failing = self;

    return failing->left-- > 0 ? io_read_some(failing->below, offset, buffer, length) : -EIO;
}

static void check_failing_device(io_source *below)
{
    static const struct io_ops ops = {.read = failing_read};
    int r = -EIO;

    for (int reads = 0; r == -EIO; reads++) {
        struct failing failing = {below, reads};
        CLEANUP(io_unref) io_source *source = io_source_new(&ops, &failing, io_size(below));
        struct vm_config config;
        assert_true(reads < 1000);
        r = vm_config_read(&config, source, NULL);
        assert_int_equal(config.drives.count, r == 0 ? 3 : 0);
        vm_config_free(&config);
    }
    assert_int_equal(r, 0);
}

static void test_failing_device(void **state)
{
    struct vm_fixture vm = machine;

    vm.journal = VM_FIXTURE_PENDING;
    CLEANUP(io_unref) io_source *container = fixture_source("machine.vmcx", &vm);
    CLEANUP(io_unref) io_source *xml = fixture_source("machine.xml", &machine);
    check_failing_device(container);
    check_failing_device(xml);
}

/* ---- lists of machines, runtime states ---- */

static void test_registry(void **state)
{
    static const char *const ids[] = {MACHINE, CHECKPOINT};
    static const char *const paths[] = {"C:\\VMs\\a.vmcx", "C:\\VMs\\b.vmcx"};
    CLEANUP_FREE char *path = path_of("data.vmcx");

    for (size_t count = 0; count <= 2; count++) {
        struct notes notes = {0};
        struct vm_registry registry;
        char id[GUID_TEXT_SIZE];
        assert_int_equal(vm_registry_fixture_write(path, ids, paths, count), 0);
        CLEANUP(io_unref) io_source *source = take_file(path);
        assert_int_equal(vm_registry_read(&registry, source, &notes), 0);
        assert_healthy(&notes);
        assert_int_equal(registry.machines.count, count);
        for (size_t i = 0; i < count; i++) {
            assert_string_equal(guid_format(&registry.machines.items[i].id, id), ids[i]);
            assert_string_equal(registry.machines.items[i].config_path, paths[i]);
        }
        vm_registry_free(&registry);
        notes_free(&notes);
    }
}

static void test_odd_registry(void **state)
{
    static const char *const pairs[] = {
        "Configurations/VirtualMachines/_nobody_=string:C:\\a.vmcx",
        "Configurations/VirtualMachines/_" MACHINE "_=int:7",
        "Configurations/VirtualMachines/" MACHINE "=string:C:\\b.vmcx",
        "Configurations/VirtualMachines/_" CHECKPOINT "_=string:C:\\c.vmcx",
        NULL,
    };
    CLEANUP(io_unref) io_source *source = container_of(pairs);
    struct notes notes = {0};
    struct vm_registry registry;

    assert_int_equal(vm_registry_read(&registry, source, &notes), 0);
    assert_int_equal(notes.count, 3);
    assert_has_note(&notes, "VM-KEY-TYPE");
    assert_has_note(&notes, "VM-KEY-VALUE");
    assert_int_equal(registry.machines.count, 3);
    assert_true(guid_is_zero(&registry.machines.items[0].id));
    assert_false(guid_is_zero(&registry.machines.items[2].id));
    vm_registry_free(&registry);
    notes_free(&notes);
}

static void check_runtime(const char *const *pairs, int result, bool expected)
{
    CLEANUP(io_unref) io_source *source = container_of(pairs);
    bool saved = !expected;

    assert_int_equal(vm_runtime_read(&saved, source, NULL), result);
    assert_int_equal(saved, expected);
}

static void test_runtime(void **state)
{
    static const char *const version_only[] = {"configuration/properties/version=int:2304",
                                               "savedstate/VmVersion=int:2304", NULL};
    static const char *const memory[] = {"savedstate/RamBlock0=bytes:00", NULL};
    static const char *const partition[] = {"savedstate/savedVM/partition_state=bytes:00", NULL};
    static const char *const configuration[] = {
        "configuration/properties/global_id=string:" MACHINE, NULL};
    static const char *const stranger[] = {"Configurations/FormatVersion=int:2", NULL};
    CLEANUP_FREE char *path = path_of("machine.vmrs");

    for (int i = 0; i < 2; i++) {
        bool saved = i == 0;
        assert_int_equal(vm_runtime_fixture_write(path, i == 1), 0);
        CLEANUP(io_unref) io_source *source = take_file(path);
        assert_int_equal(vm_runtime_read(&saved, source, NULL), 0);
        assert_int_equal(saved, i == 1);
    }
    check_runtime(version_only, 0, false);
    check_runtime(memory, 0, true);
    check_runtime(partition, 0, true);
    check_runtime(configuration, -ENOMSG, false);
    check_runtime(stranger, -ENOMSG, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_machine),
        cmocka_unit_test(test_checkpoint),
        cmocka_unit_test(test_journal),
        cmocka_unit_test(test_wrong_values),
        cmocka_unit_test(test_every_pathname_counts),
        cmocka_unit_test(test_no_identifier),
        cmocka_unit_test(test_xml_encodings),
        cmocka_unit_test(test_xml_wrong_declaration),
        cmocka_unit_test(test_xml_values),
        cmocka_unit_test(test_xml_wrong_values),
        cmocka_unit_test(test_bad_xml),
        cmocka_unit_test(test_deep_xml),
        cmocka_unit_test(test_truncated_xml),
        cmocka_unit_test(test_probe),
        cmocka_unit_test(test_probe_container),
        cmocka_unit_test(test_damaged_kinds),
        cmocka_unit_test(test_failing_device),
        cmocka_unit_test(test_registry),
        cmocka_unit_test(test_odd_registry),
        cmocka_unit_test(test_runtime),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}

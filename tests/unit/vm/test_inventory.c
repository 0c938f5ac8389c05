/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Inventories as the two PowerShells write them, and what is refused. */
#include "vm_testing.h"

#include "base/checked.h"
#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "vm/vm.h"

#include <errno.h>
#include <string.h>

#define MACHINE    "0e1c6a52-7d1b-4a50-9a57-0d8f4d5be7a1"
#define CHECKPOINT "5b77c8f0-10fd-4c52-9a39-3f6e1f2a9b44"

/* PowerShell 5.1: two blanks behind a colon, values indented to the column of their name. */
#define DRIVE_5_1(path, number, controller_type, checkpoint, checkpoint_name)                      \
    "    {\r\n"                                                                                    \
    "        \"Path\":  " path ",\r\n"                                                             \
    "        \"DiskNumber\":  " number ",\r\n"                                                     \
    "        \"MaximumIOPS\":  0,\r\n"                                                             \
    "        \"MinimumIOPS\":  18446744073709551615,\r\n"                                          \
    "        \"QoSPolicyID\":  \"00000000-0000-0000-0000-000000000000\",\r\n"                      \
    "        \"SupportPersistentReservations\":  false,\r\n"                                       \
    "        \"WriteHardeningMethod\":  0,\r\n"                                                    \
    "        \"ControllerLocation\":  1,\r\n"                                                      \
    "        \"ControllerNumber\":  0,\r\n"                                                        \
    "        \"ControllerType\":  " controller_type ",\r\n"                                        \
    "        \"Name\":  \"Hard Drive on SCSI controller number 0 at location 1\",\r\n"             \
    "        \"PoolName\":  \"Primordial\",\r\n"                                                   \
    "        \"Id\":  \"Microsoft:0E1C6A52-7D1B-4A50-9A57-0D8F4D5BE7A1\\\\83F8638B\\\\0\\\\1\\\\D\",\r\n" \
    "        \"VMId\":  \"" MACHINE "\",\r\n"                                                      \
    "        \"VMName\":  \"Server \\u0026 Ärger\",\r\n"                                           \
    "        \"VMSnapshotId\":  \"" checkpoint "\",\r\n"                                           \
    "        \"VMSnapshotName\":  \"" checkpoint_name "\",\r\n"                                    \
    "        \"CimSession\":  {\r\n"                                                               \
    "                           \"ComputerName\":  null,\r\n"                                      \
    "                           \"InstanceId\":  \"cf1d5a5f-5b7d-4d12-9e9e-0d6c7c2e4f10\"\r\n"     \
    "                       },\r\n"                                                                \
    "        \"ComputerName\":  \"HV1\",\r\n"                                                      \
    "        \"IsDeleted\":  false\r\n"                                                            \
    "    }"
#define ZEROS "00000000-0000-0000-0000-000000000000"
#define DISK  "\"C:\\\\VMs\\\\Server\\\\Server_7F2A.avhdx\""

struct fixture {
    struct vm_inventory inventory;
    struct notes notes;
    int result;
};

static void read_bytes(struct fixture *f, const void *bytes, size_t size)
{
    io_source *source = io_memory_new(bytes, size);

    assert_non_null(source);
    *f = (struct fixture){0};
    f->result = vm_inventory_read(&f->inventory, source, &f->notes);
    io_unref(source);
}

static void read_text(struct fixture *f, const char *text)
{
    read_bytes(f, text, strlen(text));
}

static void drop(struct fixture *f)
{
    vm_inventory_free(&f->inventory);
    notes_free(&f->notes);
}

static void check_drive(const struct vm_inventory_drive *drive, bool is_checkpoint)
{
    char id[GUID_TEXT_SIZE];

    assert_string_equal(drive->path, "C:\\VMs\\Server\\Server_7F2A.avhdx");
    assert_true(drive->has_vm_id);
    assert_string_equal(guid_format(&drive->vm_id, id), MACHINE);
    assert_string_equal(drive->vm_name, "Server & Ärger");
    assert_string_equal(drive->computer_name, "HV1");
    assert_string_equal(drive->controller_type, "SCSI");
    assert_int_equal(drive->controller, 0);
    assert_int_equal(drive->location, 1);
    assert_int_equal(drive->is_checkpoint, is_checkpoint);
    assert_int_equal(drive->has_checkpoint_id, is_checkpoint);
    if (is_checkpoint) {
        assert_string_equal(guid_format(&drive->checkpoint_id, id), CHECKPOINT);
        assert_string_equal(drive->checkpoint_name, "before the update");
    } else {
        assert_null(drive->checkpoint_name);
    }
}

static void test_machines(void **state)
{
    struct fixture f;

    read_text(&f, "[\r\n" DRIVE_5_1(DISK, "null", "1", ZEROS, "") ",\r\n"
                  DRIVE_5_1("\"Disk 2 127.00 GB Bus 0 Lun 1 Target 0\"", "2", "0", ZEROS, "") ",\r\n"
                  DRIVE_5_1("null", "null", "0", ZEROS, "") ",\r\n"
                  DRIVE_5_1("\"\"", "null", "0", ZEROS, "") ",\r\n"
                  DRIVE_5_1(DISK, "null", "\"SCSI\"", CHECKPOINT, "before the update") "\r\n]\r\n");
    assert_int_equal(f.result, 0);
    assert_int_equal(f.notes.count, 0);
    assert_int_equal(f.inventory.drives.count, 2);
    assert_int_equal(f.inventory.pass_through, 3);
    check_drive(&f.inventory.drives.items[0], false);
    check_drive(&f.inventory.drives.items[1], true);
    drop(&f);
}

static void test_single_drive(void **state)
{
    struct fixture f;

    read_text(&f, DRIVE_5_1(DISK, "null", "1", CHECKPOINT, "before the update"));
    assert_int_equal(f.result, 0);
    assert_int_equal(f.inventory.drives.count, 1);
    check_drive(&f.inventory.drives.items[0], true);
    drop(&f);
}

/* 5.1 redirects as UTF-16LE with a mark, Out-File -Encoding utf8 writes a mark, 7 writes none. */
static void test_encodings(void **state)
{
    static const char text[] = "\xEF\xBB\xBF[" DRIVE_5_1(DISK, "null", "1", ZEROS, "") "]";
    size_t size;
    CLEANUP_FREE uint8_t *utf16 = text_to_utf16le(text, &size);
    struct fixture f;

    for (size_t mark = 0; mark < 2; mark++) {
        read_bytes(&f, text + 3 * mark, sizeof(text) - 1 - 3 * mark);
        assert_int_equal(f.result, 0);
        check_drive(&f.inventory.drives.items[0], false);
        drop(&f);
        read_bytes(&f, utf16 + 2 * mark, size - 2 * mark);
        assert_int_equal(f.result, 0);
        check_drive(&f.inventory.drives.items[0], false);
        drop(&f);
    }
    for (size_t i = 0; i + 1 < size; i += 2) {
        uint8_t first = utf16[i];
        utf16[i] = utf16[i + 1];
        utf16[i + 1] = first;
    }
    read_bytes(&f, utf16, size);
    assert_int_equal(f.result, 0);
    check_drive(&f.inventory.drives.items[0], false);
    drop(&f);
}

/* No drives: the command prints nothing, and a redirection leaves the mark alone. */
static void test_empty(void **state)
{
    static const char *const cases[] = {"", "\xEF\xBB\xBF", "\xFF\xFE", " \r\n", "[]", "[\r\n\r\n]",
                                        "null"};

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct fixture f;
        read_text(&f, cases[i]);
        assert_int_equal(f.result, 0);
        assert_healthy(&f.notes);
        assert_int_equal(f.inventory.drives.count, 0);
        drop(&f);
    }
}

/* Other spellings of the same: each has one drive D:\a.vhdx. */
static void test_variants(void **state)
{
    static const struct {
        const char *text, *controller_type;
        bool is_checkpoint;
    } cases[] = {
        {"{\"Path\":\"D:\\\\a.vhdx\"}", NULL, false},
        {"{\"path\":\"D:\\\\a.vhdx\",\"CimSession\":\"Microsoft.Management\"}", NULL, false},
        {"{\"value\":[{\"Path\":\"D:\\\\a.vhdx\"}],\"Count\":1}", NULL, false},
        {"{\"Path\":\"D:\\\\a.vhdx\",\"ControllerType\":{\"value\":0,\"Value\":\"IDE\"}}", "IDE", false},
        {"{\"Path\":\"D:\\\\a.vhdx\",\"ControllerType\":{\"value\":1}}", "SCSI", false},
        {"{\"Path\":\"D:\\\\a.vhdx\\u0000\",\"ControllerType\":null}", NULL, false},
        {"{\"Path\":\"D:\\\\a.vhdx\",\"VMSnapshotName\":\"x\"}", NULL, true},
        {"{\"Path\":\"D:\\\\a.vhdx\",\"VMCheckpointId\":\"" CHECKPOINT "\"}", NULL, true},
        {"{\"Path\":\"D:\\\\a.vhdx\",\"VMSnapshotId\":null,\"VMId\":\"\"}", NULL, false},
        {"{\"Path\":\"D:\\\\a.vhdx\",\"VMSnapshotId\":\"" CHECKPOINT "\",\"VMCheckpointId\":\"" CHECKPOINT
         "\",\"VMSnapshotName\":\"x\",\"VMCheckpointName\":\"x\"}", NULL, true},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct fixture f;
        read_text(&f, cases[i].text);
        if (f.result != 0)
            print_notes(&f.notes);
        assert_int_equal(f.result, 0);
        assert_int_equal(f.inventory.drives.count, 1);
        const struct vm_inventory_drive *drive = &f.inventory.drives.items[0];
        assert_string_equal(drive->path, "D:\\a.vhdx");
        assert_int_equal(drive->is_checkpoint, cases[i].is_checkpoint);
        assert_false(drive->has_vm_id);
        assert_int_equal(drive->controller, -1);
        assert_int_equal(drive->location, -1);
        if (cases[i].controller_type)
            assert_string_equal(drive->controller_type, cases[i].controller_type);
        else
            assert_null(drive->controller_type);
        drop(&f);
    }
}

/* A file that is only half understood is refused, and the note says where. */
static void test_refused(void **state)
{
    static const struct {
        const char *text, *rule, *word;
    } cases[] = {
        {"[{\"Path\":\"a\"},\n{\"Path\":}]", "INVENTORY-JSON", "Line 2"},
        {"[{\"Path\":\"a\"}", "INVENTORY-JSON", "Line 1"},
        {"[{\"Path\":\"a\"}] x", "INVENTORY-JSON", "Line 1"},
        {"{\"Path\":\"a\",\"Path\":\"b\"}", "INVENTORY-JSON", "Line 1"},
        {"{\"Path\":\"\xFC\"}", "INVENTORY-JSON", "Line 1"},
        {"{\"Path\":\"\\ud800\"}", "INVENTORY-JSON", "Line 1"},
        {"[\"HardDiskDrive (Name = ...)\"]", "INVENTORY-DRIVE", "-Depth"},
        {"7", "INVENTORY-DRIVE", "a number"},
        {"[[{\"Path\":\"a\"}]]", "INVENTORY-DRIVE", "an array"},
        {"{}", "INVENTORY-DRIVE", "no member Path"},
        {"{\"VMName\":\"x\"}", "INVENTORY-DRIVE", "no member Path"},
        {"[{\"Path\":\"a\"},{\"Path\":7}]", "INVENTORY-MEMBER", "Path of drive 2"},
        {"{\"Path\":[\"a\"]}", "INVENTORY-MEMBER", "an array"},
        {"{\"Path\":\"a\\u0000b\"}", "INVENTORY-MEMBER", "Path"},
        {"{\"Path\":\"a\",\"VMId\":\"nobody\"}", "INVENTORY-MEMBER", "nobody"},
        {"{\"Path\":\"a\",\"VMId\":7}", "INVENTORY-MEMBER", "VMId"},
        {"{\"Path\":\"a\",\"VMSnapshotId\":{}}", "INVENTORY-MEMBER", "VMSnapshotId"},
        {"{\"Path\":\"a\",\"VMName\":true}", "INVENTORY-MEMBER", "VMName"},
        {"{\"Path\":\"a\",\"DiskNumber\":\"1\"}", "INVENTORY-MEMBER", "DiskNumber"},
        {"{\"Path\":\"a\",\"ControllerType\":7}", "INVENTORY-MEMBER", "ControllerType"},
        {"{\"Path\":\"a\",\"ControllerType\":[]}", "INVENTORY-MEMBER", "ControllerType"},
        {"{\"Path\":\"a\",\"ControllerNumber\":1.5}", "INVENTORY-MEMBER", "ControllerNumber"},
        {"{\"Path\":\"a\",\"ControllerNumber\":-1}", "INVENTORY-MEMBER", "ControllerNumber"},
        {"{\"Path\":\"a\",\"ControllerLocation\":1e300}", "INVENTORY-MEMBER", "ControllerLocation"},
        {"{\"Path\":\"a\",\"ComputerName\":[]}", "INVENTORY-MEMBER", "ComputerName"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct fixture f;
        read_text(&f, cases[i].text);
        if (f.result != -EBADMSG)
            print_error("%s\n", cases[i].text);
        assert_int_equal(f.result, -EBADMSG);
        assert_has_note(&f.notes, cases[i].rule);
        assert_int_equal(f.notes.count, 1);
        if (!strstr(f.notes.items[0].text, cases[i].word))
            print_notes(&f.notes);
        assert_non_null(strstr(f.notes.items[0].text, cases[i].word));
        assert_int_equal(f.inventory.drives.count, 0);
        drop(&f);
    }
}

static void test_deep(void **state)
{
    CLEANUP(strbuf) struct strbuf text = {0};
    struct fixture f;

    for (int i = 0; i < 200000; i++)
        strbuf_append_char(&text, '[');
    read_text(&f, strbuf_text(&text));
    assert_int_equal(f.result, -EBADMSG);
    assert_has_note(&f.notes, "INVENTORY-JSON");
    drop(&f);
}

static void test_truncation(void **state)
{
    static const char text[] = "[" DRIVE_5_1(DISK, "null", "1", ZEROS, "") "]";

    for (size_t size = 1; size < sizeof(text) - 1; size++) {
        struct fixture f;
        read_bytes(&f, text, size);
        assert_int_equal(f.result, -EBADMSG);
        drop(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_machines),  cmocka_unit_test(test_single_drive),
        cmocka_unit_test(test_encodings), cmocka_unit_test(test_empty),
        cmocka_unit_test(test_variants),  cmocka_unit_test(test_refused),
        cmocka_unit_test(test_deep),      cmocka_unit_test(test_truncation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * An inventory: what Get-VMHardDiskDrive gives, as ConvertTo-Json of PowerShell 5.1 or 7 writes
 * it. One drive is an object, several are an array, none is an empty file. Members that we do not
 * know are of no interest; one that we know and that holds something else refuses the whole file,
 * since a list of what is tracked that was half understood would make orphans out of disks in use.
 */
#include "vm/vm.h"

#include "base/bytes.h"
#include "base/checked.h"
#include "base/cleanup.h"
#include "base/text.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define FILE_MAX (64 * MIB)

/* One drive while it is read: `which` for the notes. */
struct reader {
    struct vm_inventory_drive drive;
    bool has_path, has_number; /* a member Path; a disk of the host instead of a file */
    size_t which;
    struct notes *notes;
};

/* Each takes one member over; -EINVAL when it holds something else than expected. */
typedef int setter(struct reader *, void *field, const json_t *value);

static int set_text(struct reader *reader, void *field, const json_t *value)
{
    const char *text = json_string_value(value);

    if (json_is_null(value))
        return 0;
    if (!text)
        return -EINVAL;
    /* A NUL can only be one that ended a recorded path. */
    size_t length = strlen(text);
    if (!bytes_are_zero(text + length, json_string_length(value) - length))
        return -EINVAL;
    if (length == 0)
        return 0;
    char *copy = strdup(text);
    if (!copy)
        return -ENOMEM;
    free(*(char **)field);
    *(char **)field = copy;
    return 0;
}

static int set_path(struct reader *reader, void *field, const json_t *value)
{
    reader->has_path = true;
    return set_text(reader, field, value);
}

static int parse_guid(const json_t *value, struct guid *guid, bool *has)
{
    const char *text = json_string_value(value);

    if (json_is_null(value) || (text && *text == '\0'))
        return 0;
    if (!text || !guid_parse_string(text, guid))
        return -EINVAL;
    *has = !guid_is_zero(guid);
    return 0;
}

static int set_vm_id(struct reader *reader, void *field, const json_t *value)
{
    return parse_guid(value, field, &reader->drive.has_vm_id);
}

/* The drive of a machine itself has a checkpoint identifier of zeros. */
static int set_checkpoint_id(struct reader *reader, void *field, const json_t *value)
{
    return parse_guid(value, field, &reader->drive.has_checkpoint_id);
}

static bool small_number(const json_t *value, int *number)
{
    double real = json_number_value(value);

    if (!json_is_number(value) || real < 0 || real > 65535 || real != (int)real)
        return false;
    *number = (int)real;
    return true;
}

static int set_number(struct reader *reader, void *field, const json_t *value)
{
    return json_is_null(value) || small_number(value, field) ? 0 : -EINVAL;
}

static int set_disk_number(struct reader *reader, void *field, const json_t *value)
{
    int number;

    if (json_is_null(value))
        return 0;
    reader->has_number = true;
    return small_number(value, &number) ? 0 : -EINVAL;
}

/* An enumeration: its number, its name (-EnumsAsStrings), or both (from a remote session). */
static int set_controller_type(struct reader *reader, void *field, const json_t *value)
{
    static const char *const names[] = {"IDE", "SCSI"};
    const json_t *name = json_object_get(value, "Value");
    int number;

    if (json_is_object(value))
        value = name ? name : json_object_get(value, "value");
    if (!json_is_number(value))
        return set_text(reader, field, value);
    if (!small_number(value, &number) || number >= (int)ARRAY_SIZE(names))
        return -EINVAL;
    free(*(char **)field);
    *(char **)field = strdup(names[number]);
    return *(char **)field ? 0 : -ENOMEM;
}

#define FIELD(name) offsetof(struct vm_inventory_drive, name)

static const struct {
    const char *name, *expected;
    setter *set;
    size_t field;
} members[] = {
    {"Path", "text", set_path, FIELD(path)},
    {"DiskNumber", "a number or null", set_disk_number, 0},
    {"VMId", "an identifier", set_vm_id, FIELD(vm_id)},
    {"VMName", "text", set_text, FIELD(vm_name)},
    {"VMSnapshotId", "an identifier", set_checkpoint_id, FIELD(checkpoint_id)},
    {"VMSnapshotName", "text", set_text, FIELD(checkpoint_name)},
    {"VMCheckpointId", "an identifier", set_checkpoint_id, FIELD(checkpoint_id)},
    {"VMCheckpointName", "text", set_text, FIELD(checkpoint_name)},
    {"ComputerName", "text", set_text, FIELD(computer_name)},
    {"ControllerType", "IDE, SCSI or their number", set_controller_type, FIELD(controller_type)},
    {"ControllerNumber", "a small number", set_number, FIELD(controller)},
    {"ControllerLocation", "a small number", set_number, FIELD(location)},
};

static const char *type_name(const json_t *value)
{
    static const char *const names[] = {"an object", "an array", "text", "a number",
                                        "a number",  "true",     "false", "null"};

    return names[json_typeof(value)];
}

static int read_member(struct reader *reader, const char *name, const json_t *value)
{
    for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
        if (strcasecmp(members[i].name, name) != 0)
            continue;
        int r = members[i].set(reader, (char *)&reader->drive + members[i].field, value);
        if (r != -EINVAL)
            return r;
        const char *text = json_string_value(value);
        notes_add(reader->notes, SEVERITY_PROBLEM, "INVENTORY-MEMBER", NOTE_NO_OFFSET,
                  "Member %s of drive %zu is %s%s%.64s, expected %s", members[i].name,
                  reader->which, type_name(value), text ? " " : "", text ? text : "",
                  members[i].expected);
        return -EBADMSG;
    }
    return 0;
}

static void free_drive(struct vm_inventory_drive *drive)
{
    free(drive->vm_name);
    free(drive->checkpoint_name);
    free(drive->computer_name);
    free(drive->path);
    free(drive->controller_type);
}

static int read_members(struct reader *reader, json_t *object)
{
    const char *name;
    json_t *value;

    if (!json_is_object(object)) {
        notes_add(reader->notes, SEVERITY_PROBLEM, "INVENTORY-DRIVE", NOTE_NO_OFFSET,
                  "Drive %zu is %s, expected an object: ConvertTo-Json needs -Depth 1 at least",
                  reader->which, type_name(object));
        return -EBADMSG;
    }
    json_object_foreach (object, name, value) {
        int r = read_member(reader, name, value);
        if (r < 0)
            return r;
    }
    if (!reader->has_path) {
        notes_add(reader->notes, SEVERITY_PROBLEM, "INVENTORY-DRIVE", NOTE_NO_OFFSET,
                  "Drive %zu has no member Path: this is not what Get-VMHardDiskDrive gives",
                  reader->which);
        return -EBADMSG;
    }
    return 0;
}

static int read_drive(struct vm_inventory *inventory, json_t *object, size_t which,
                      struct notes *notes)
{
    struct reader reader = {.drive = {.controller = -1, .location = -1}, .which = which,
                            .notes = notes};
    int r = read_members(&reader, object);
    bool has_file = reader.drive.path && !reader.has_number;

    reader.drive.is_checkpoint = reader.drive.has_checkpoint_id || reader.drive.checkpoint_name;
    inventory->pass_through += r == 0 && !has_file;
    struct vm_inventory_drive *kept =
        r == 0 && has_file ? vector_push(&inventory->drives) : NULL;
    if (kept)
        *kept = reader.drive;
    else
        free_drive(&reader.drive);
    return r == 0 && has_file && !kept ? -ENOMEM : r;
}

/* PowerShell 5.1 may wrap a list as {"value": [...], "Count": n}. */
static const json_t *unwrap(const json_t *document)
{
    const json_t *list = json_object_get(document, "value");

    return json_is_array(list) && json_object_get(document, "Count") ? list : document;
}

static int read_document(struct vm_inventory *inventory, json_t *document, struct notes *notes)
{
    const json_t *list = unwrap(document);
    int r = 0;

    if (!json_is_array(list))
        return read_drive(inventory, document, 1, notes);
    for (size_t i = 0; i < json_array_size(list) && r == 0; i++)
        r = read_drive(inventory, json_array_get(list, i), i + 1, notes);
    return r;
}

/* The whole file as UTF-8 that the caller frees. */
static int read_text(io_source *source, char **text, size_t *length, struct notes *notes)
{
    uint64_t size = io_size(source);
    size_t mark;

    if (size > FILE_MAX) {
        notes_add(notes, SEVERITY_PROBLEM, "INVENTORY-LIMIT", NOTE_NO_OFFSET,
                  "A file of %llu bytes is no inventory: more than 64 MiB",
                  (unsigned long long)size);
        return -EBADMSG;
    }
    CLEANUP_FREE char *bytes = malloc(size + 1);
    if (!bytes)
        return -ENOMEM;
    int r = io_read(source, 0, bytes, size);
    if (r < 0)
        return r;
    enum text_encoding encoding = text_detect(bytes, size, &mark);
    *length = size - mark;
    if (encoding == TEXT_UTF8) {
        memmove(bytes, bytes + mark, *length);
        *text = STEAL(bytes);
        return 0;
    }
    *text = encoding == TEXT_UTF16LE ? text_from_utf16le(bytes + mark, *length, NULL)
                                     : text_from_utf16be(bytes + mark, *length, NULL);
    *length = *text ? strlen(*text) : 0;
    return *text ? 0 : -ENOMEM;
}

static bool is_blank(const char *text, size_t length)
{
    while (length > 0 && strchr(" \t\r\n", text[length - 1]) && text[length - 1])
        length--;
    return length == 0;
}

/* When memory is short, jansson leaves the error as it was. */
static int note_syntax(const json_error_t *error, struct notes *notes)
{
    enum json_error_code code = json_error_code(error);

    if (code == json_error_unknown || code == json_error_out_of_memory)
        return -ENOMEM;
    notes_add(notes, SEVERITY_PROBLEM, "INVENTORY-JSON", NOTE_NO_OFFSET,
              "Line %d, column %d is no JSON: %s", error->line, error->column, error->text);
    return -EBADMSG;
}

static int read_inventory(struct vm_inventory *inventory, io_source *source, struct notes *notes)
{
    CLEANUP_FREE char *text = NULL;
    json_error_t error = {0};
    size_t length;
    int r = read_text(source, &text, &length, notes);

    if (r < 0)
        return r;
    if (is_blank(text, length)) {
        notes_add(notes, SEVERITY_INFO, "INVENTORY-EMPTY", NOTE_NO_OFFSET,
                  "The inventory is empty: the command found no drives, or failed");
        return 0;
    }
    /* Numbers as doubles: an unsigned 64-bit one of no interest must not refuse the file. */
    json_t *document = json_loadb(
        text, length,
        JSON_ALLOW_NUL | JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL | JSON_REJECT_DUPLICATES,
        &error);
    if (!document)
        return note_syntax(&error, notes);
    r = json_is_null(document) ? 0 : read_document(inventory, document, notes);
    json_decref(document);
    return r;
}

int vm_inventory_read(struct vm_inventory *inventory, io_source *source, struct notes *notes)
{
    *inventory = (struct vm_inventory){0};
    int r = read_inventory(inventory, source, notes);
    if (r < 0)
        vm_inventory_free(inventory);
    return r;
}

void vm_inventory_free(struct vm_inventory *inventory)
{
    for (size_t i = 0; i < inventory->drives.count; i++)
        free_drive(&inventory->drives.items[i]);
    vector_free(&inventory->drives);
    inventory->pass_through = 0;
}

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* The container as a whole: its headers, and the object tables that name all its parts. */
#include "vm/vmcx.h"

#include "base/checked.h"
#include "base/cleanup.h"
#include "base/crc.h"
#include "vm/vmcx_parts.h"

#include <errno.h>

/* Windows makes tables of 227 entries; more than this is no table. */
#define OBJECTS_PER_TABLE_MAX 65536
#define OBJECT_TABLES_MAX     4096
#define OBJECTS_MAX           1000000 /* of all tables; a saved machine has one per MiB of memory */

static bool header_is_whole(const struct vmcx_header_disk *header)
{
    return get_le32(header->signature) == VMCX_HEADER_SIGNATURE &&
           get_le32(header->checksum) ==
               crc32_zeroed(header, sizeof(*header), offsetof(struct vmcx_header_disk, checksum));
}

static void note_damaged_header(const struct vmcx_header_disk *header, uint64_t offset,
                                enum severity severity, struct notes *notes)
{
    if (get_le32(header->signature) != VMCX_HEADER_SIGNATURE)
        notes_add(notes, severity, "VMCX-HEADER-SIGNATURE", offset,
                  "The header's signature is 0x%08x, expected 0x%08x",
                  get_le32(header->signature), VMCX_HEADER_SIGNATURE);
    else
        notes_add(
            notes, severity, "VMCX-HEADER-CHECKSUM", offset,
            "The header's checksum is 0x%08x, its bytes give 0x%08x", get_le32(header->checksum),
            crc32_zeroed(header, sizeof(*header), offsetof(struct vmcx_header_disk, checksum)));
}

/* 0 or 1, the current one of two whole headers. */
static int newer_header(const struct vmcx_header_disk headers[2], struct notes *notes)
{
    uint16_t first = get_le16(headers[0].sequence), second = get_le16(headers[1].sequence);

    if (first == second)
        notes_add(notes, SEVERITY_PROBLEM, "VMCX-HEADER-SEQUENCE", 0,
                  "Both headers have sequence number %u, expected two different ones", first);
    else if ((first == 0 && second == UINT16_MAX) || (second == 0 && first == UINT16_MAX))
        notes_add(notes, SEVERITY_INFO, "VMCX-HEADER-WRAP", 0,
                  "The headers' sequence numbers are 0 and 65535: which one is newer is not "
                  "documented, the higher one was used");
    return second > first;
}

/*
 * Reads both headers and copies the current one. False when none is whole: the tables can be read
 * all the same, since the first object table has a fixed place.
 */
static int read_headers(io_source *file, struct vmcx_header_disk *current, bool *found,
                        struct notes *notes)
{
    static const uint64_t offsets[2] = {0, VMCX_HEADER_2_OFFSET};
    struct vmcx_header_disk headers[2] = {0};
    bool whole[2], like = false;

    for (int i = 0; i < 2; i++) {
        int64_t n = io_read_some(file, offsets[i], &headers[i], sizeof(headers[i]));
        if (n < 0)
            return (int)n;
        whole[i] = header_is_whole(&headers[i]);
        like |= get_le32(headers[i].signature) == VMCX_HEADER_SIGNATURE;
    }
    *found = whole[0] || whole[1];
    for (int i = 0; i < 2; i++)
        if (!whole[i])
            note_damaged_header(&headers[i], offsets[i],
                                *found ? SEVERITY_WARNING : SEVERITY_PROBLEM, notes);
    if (whole[0] && whole[1])
        *current = headers[newer_header(headers, notes)];
    else if (*found)
        *current = headers[whole[1]];
    return like ? 0 : -EBADMSG;
}

static int check_header(struct vmcx *vmcx, const struct vmcx_header_disk *header,
                        struct notes *notes)
{
    uint32_t alignment = get_le32(header->data_alignment);

    vmcx->version = get_le32(header->format_version);
    if (vmcx->version < VMCX_VERSION_OLDEST) {
        notes_add(notes, SEVERITY_PROBLEM, "VMCX-VERSION", 0,
                  "The container has format version 0x%04x; versions before 0x%04x can't be read",
                  vmcx->version, VMCX_VERSION_OLDEST);
        return -ENOTSUP;
    }
    if (vmcx->version > VMCX_VERSION_CURRENT)
        notes_add(notes, SEVERITY_WARNING, "VMCX-VERSION", 0,
                  "The container has format version 0x%04x; versions after 0x%04x are not known",
                  vmcx->version, VMCX_VERSION_CURRENT);
    if (!is_power_of_two(alignment) || alignment > 65536)
        notes_add(notes, SEVERITY_WARNING, "VMCX-ALIGNMENT", 0,
                  "The data alignment is %u, expected a power of two up to 65536", alignment);
    return 0;
}

/* A part that can't lie where its entry says is no part. */
static bool object_is_plausible(const struct vmcx_object *object, uint64_t place, io_source *file,
                                struct notes *notes)
{
    /* A file object's last page and the log may reach behind the end of the file. */
    uint64_t needed = object->type == VMCX_OBJECT_KEY_TABLE ? object->size : 1;

    if (object->type >= VMCX_OBJECT_TYPES) {
        notes_add(notes, SEVERITY_WARNING, "VMCX-OBJECT-TYPE", place,
                  "An object table entry has type %u, expected 0 to %u", object->type,
                  VMCX_OBJECT_TYPES - 1);
        return false;
    }
    if (object->type < VMCX_OBJECT_TABLE || object->type > VMCX_OBJECT_FILE)
        return false;
    if (object->offset < VMCX_OBJECT_TABLE_OFFSET ||
        !range_fits(object->offset, needed, io_size(file))) {
        notes_add(notes, SEVERITY_PROBLEM, "VMCX-OBJECT-RANGE", place,
                  "An object of type %u at 0x%llx, %u bytes, does not lie between the headers and "
                  "the end of the file at 0x%llx",
                  object->type, (unsigned long long)object->offset, object->size,
                  (unsigned long long)io_size(file));
        return false;
    }
    return true;
}

/*
 * Takes one entry in. A wrong checksum does not throw it away: the parts that count are known by
 * signatures and checksums of their own.
 */
static int read_object(const struct vmcx *vmcx, io_source *file,
                       const struct vmcx_object_disk *entry, uint64_t place,
                       struct vmcx_objects *objects, uint64_t *next, struct notes *notes)
{
    struct vmcx_object object = {(enum vmcx_object_type)entry->type, get_le64(entry->offset),
                                 get_le32(entry->size)};
    uint32_t sum =
        crc32_zeroed(entry, sizeof(*entry), offsetof(struct vmcx_object_disk, checksum));

    if (vmcx->version >= VMCX_VERSION_OBJECT_CHECKSUM && sum != get_le32(entry->checksum))
        notes_add(notes, SEVERITY_PROBLEM, "VMCX-OBJECT-CHECKSUM", place,
                  "An object table entry's checksum is 0x%08x, its bytes give 0x%08x",
                  get_le32(entry->checksum), sum);
    if (!object_is_plausible(&object, place, file, notes))
        return 0;
    if (object.type == VMCX_OBJECT_TABLE) {
        if (*next != 0)
            notes_add(notes, SEVERITY_PROBLEM, "VMCX-OBJECT-TABLE", place,
                      "A second entry of one table names a next table, 0x%llx after 0x%llx",
                      (unsigned long long)object.offset, (unsigned long long)*next);
        *next = object.offset;
        return 0;
    }
    if (objects->files.count + objects->key_tables.count == OBJECTS_MAX) {
        notes_add(notes, SEVERITY_PROBLEM, "VMCX-LIMIT", place,
                  "More than %u objects: the rest was not read", OBJECTS_MAX);
        return -E2BIG;
    }
    struct vmcx_object *kept = object.type == VMCX_OBJECT_FILE ? vector_push(&objects->files)
                                                              : vector_push(&objects->key_tables);
    if (!kept)
        return -ENOMEM;
    *kept = object;
    return 0;
}

/* One table; *next is the place of the one behind it, 0 when it is the last. */
static int read_object_table(const struct vmcx *vmcx, io_source *file, uint64_t offset,
                             struct vmcx_objects *objects, uint64_t *next, struct notes *notes)
{
    struct vmcx_object_table_disk head = {0};
    int r = io_read(file, offset, &head, sizeof(head));
    uint32_t count = get_le32(head.entry_count);
    size_t size = count * sizeof(struct vmcx_object_disk);

    *next = 0;
    if (r < 0 && r != -ENODATA)
        return r;
    if (r < 0 || get_le32(head.signature) != VMCX_OBJECT_TABLE_SIGNATURE ||
        count > OBJECTS_PER_TABLE_MAX || !range_fits(offset + sizeof(head), size, io_size(file))) {
        notes_add(notes, SEVERITY_PROBLEM, "VMCX-OBJECT-TABLE", offset,
                  "No object table here: signature 0x%08x with %u entries, expected 0x%08x and "
                  "entries that fit in the file",
                  get_le32(head.signature), count, VMCX_OBJECT_TABLE_SIGNATURE);
        return -EBADMSG;
    }
    CLEANUP_FREE struct vmcx_object_disk *entries = malloc(size + 1);
    if (!entries)
        return -ENOMEM;
    r = io_read(file, offset + sizeof(head), entries, size);
    /* The last slot is kept for the next table: another use of it means that the count is wrong. */
    if (r == 0 && (count == 0 || (entries[count - 1].type != VMCX_OBJECT_EMPTY &&
                                  entries[count - 1].type != VMCX_OBJECT_TABLE)))
        notes_add(notes, SEVERITY_PROBLEM, "VMCX-OBJECT-TABLE", offset,
                  "The last of %u slots is not empty and names no next table: some may be missing",
                  count);
    for (uint32_t i = 0; i < count && r == 0; i++)
        r = read_object(vmcx, file, &entries[i],
                        offset + sizeof(head) + i * sizeof(struct vmcx_object_disk), objects,
                        next, notes);
    return r;
}

static bool seen_before(const uint64_t *offsets, size_t count, uint64_t offset)
{
    for (size_t i = 0; i < count; i++)
        if (offsets[i] == offset)
            return true;
    return false;
}

/* The whole chain of tables; what is behind a broken link is lost, what is before it is not. */
static int read_object_tables(const struct vmcx *vmcx, io_source *file,
                              struct vmcx_objects *objects, struct notes *notes)
{
    CLEANUP_FREE uint64_t *visited = malloc(OBJECT_TABLES_MAX * sizeof(*visited));
    uint64_t offset = VMCX_OBJECT_TABLE_OFFSET, next;
    size_t count = 0;

    if (!visited)
        return -ENOMEM;
    for (; offset != 0; offset = next) {
        if (count == OBJECT_TABLES_MAX || seen_before(visited, count, offset)) {
            notes_add(notes, SEVERITY_PROBLEM, "VMCX-OBJECT-LOOP", offset,
                      "The chain of object tables comes back to 0x%llx, or has more than %u tables",
                      (unsigned long long)offset, OBJECT_TABLES_MAX);
            return 0;
        }
        visited[count++] = offset;
        int r = read_object_table(vmcx, file, offset, objects, &next, notes);
        if (r == -E2BIG || (r == -EBADMSG && count > 1))
            return 0;
        if (r < 0)
            return r;
    }
    return 0;
}

static int read_container(struct vmcx *vmcx, io_source *file, struct notes *notes,
                          enum vmcx_values values)
{
    CLEANUP(io_unref) io_source *replayed = NULL;
    struct vmcx_header_disk header = {0};
    struct vmcx_objects objects = {0};
    bool found = false;
    int r = read_headers(file, &header, &found, notes);

    if (r == 0 && found)
        r = check_header(vmcx, &header, notes);
    if (r == 0 && found)
        r = vmcx_log_apply(vmcx, file, &header, &replayed, notes);
    if (r == 0 && !found) {
        /* Without a header nobody knows where the log is, nor whether it is empty. */
        vmcx->journal = VM_JOURNAL_UNREADABLE;
        replayed = io_ref(file);
    }
    if (r == 0)
        r = read_object_tables(vmcx, replayed, &objects, notes);
    if (r == 0)
        r = vmcx_keys_read(&vmcx->root, replayed, &objects, values, notes);
    vector_free(&objects.key_tables);
    vector_free(&objects.files);
    return r;
}

int vmcx_read(struct vmcx *vmcx, io_source *file, enum vmcx_values values, struct notes *notes)
{
    *vmcx = (struct vmcx){0};
    int r = read_container(vmcx, file, notes, values);
    if (r < 0)
        vmcx_free(vmcx);
    return r;
}

void vmcx_free(struct vmcx *vmcx)
{
    tree_free(vmcx->root);
    vmcx->root = NULL;
}

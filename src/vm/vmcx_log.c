/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * The replay log. A commit first writes its changes here, then to their places; a file whose log
 * has current entries is one where this second step is not known to have ended. Entries behind
 * the current ones are leftovers of earlier commits and are never applied.
 *
 * All or nothing: a log of which one current entry does not verify is not applied at all, since
 * half a commit is worse than none.
 */
#include "base/checked.h"
#include "base/cleanup.h"
#include "base/crc.h"
#include "vm/vmcx_parts.h"

#include <errno.h>

/* Windows has room for 145 entries; their data are pages of a configuration. */
#define LOG_ENTRIES_MAX 4096
#define LOG_DATA_MAX    (64 * MIB)
#define LOG_GROWTH_MAX  (64 * MIB)

/* Bytes that stand in for those of the file. */
struct patch {
    uint64_t offset;
    size_t size;
    uint8_t *bytes;
};

struct replayed {
    io_source *below;
    uint64_t size;
    VECTOR(struct patch) patches; /* a later one covers an earlier one */
};

static void replayed_close(void *self)
{
    struct replayed *replayed = self;

    for (size_t i = 0; i < replayed->patches.count; i++)
        free(replayed->patches.items[i].bytes);
    vector_free(&replayed->patches);
    io_unref(replayed->below);
    free(replayed);
}

static void apply_patch(const struct patch *patch, uint64_t offset, uint8_t *buffer, size_t length)
{
    uint64_t start = max_u64(offset, patch->offset);
    uint64_t end = min_u64(offset + length, patch->offset + patch->size);

    if (start < end)
        memcpy(buffer + (start - offset), patch->bytes + (start - patch->offset), end - start);
}

static int64_t replayed_read(void *self, uint64_t offset, void *buffer, size_t length)
{
    const struct replayed *replayed = self;
    int64_t n = io_read_some(replayed->below, offset, buffer, length);

    if (n < 0)
        return n;
    memset((uint8_t *)buffer + n, 0, length - (size_t)n);
    for (size_t i = 0; i < replayed->patches.count; i++)
        apply_patch(&replayed->patches.items[i], offset, buffer, length);
    return (int64_t)length;
}

static const struct io_ops replayed_ops = {replayed_read, replayed_close};

struct log {
    io_source *file;
    uint64_t offset, size;
    uint32_t header_size;
    uint64_t data_bytes; /* of the entries so far */
    struct notes *notes;
};

static int unreadable(struct log *log, uint64_t place, uint32_t entry, const char *what)
{
    notes_add(log->notes, SEVERITY_PROBLEM, "VMCX-JOURNAL-ENTRY", place,
              "Pending entry %u of the replay log %s", entry, what);
    return -EBADMSG;
}

/* Reads and verifies one current entry. -EBADMSG when it can't be applied. */
static int read_entry(struct log *log, uint32_t number, const struct vmcx_log_entry_disk *entry,
                      struct replayed *replayed)
{
    uint64_t place = log->offset + sizeof(struct vmcx_log_disk) + number * sizeof(*entry);
    uint64_t offset = get_le64(entry->offset), data = get_le64(entry->data_offset), end;
    uint32_t size = get_le32(entry->size);

    if (get_le32(entry->checksum) !=
        crc32_zeroed(entry, sizeof(*entry), offsetof(struct vmcx_log_entry_disk, checksum)))
        return unreadable(log, place, number, "has a wrong checksum");
    if (data < log->header_size || !range_fits(data, size, log->size))
        return unreadable(log, place, number, "has its data outside the log");
    if (ADD_OVERFLOW(offset, size, &end) || end > io_size(log->file) + LOG_GROWTH_MAX)
        return unreadable(log, place, number, "has its destination far behind the end of the file");
    log->data_bytes += size;
    if (log->data_bytes > LOG_DATA_MAX)
        return unreadable(log, place, number, "belongs to a log of more than 64 MiB");

    struct patch *patch = vector_push(&replayed->patches);
    if (!patch || !(patch->bytes = malloc((size_t)size + 1)))
        return -ENOMEM;
    patch->offset = offset;
    patch->size = size;
    int r = io_read(log->file, log->offset + data, patch->bytes, size);
    if (r == -ENODATA)
        return unreadable(log, place, number, "has its data behind the end of the file");
    if (r < 0)
        return r;
    if (get_le32(entry->data_checksum) != crc32_zeroed(patch->bytes, size, size))
        return unreadable(log, place, number, "has data with a wrong checksum");
    replayed->size = max_u64(replayed->size, end);
    return 0;
}

static int read_entries(struct log *log, uint32_t count, struct replayed *replayed)
{
    size_t size = count * sizeof(struct vmcx_log_entry_disk);
    CLEANUP_FREE struct vmcx_log_entry_disk *entries = malloc(size);

    if (!entries)
        return -ENOMEM;
    int r = io_read(log->file, log->offset + sizeof(struct vmcx_log_disk), entries, size);
    if (r == -ENODATA)
        return unreadable(log, log->offset, count - 1, "lies behind the end of the file");
    for (uint32_t i = 0; i < count && r == 0; i++)
        r = read_entry(log, i, &entries[i], replayed);
    return r;
}

/* The number of current entries; -EBADMSG when the log's header can't be trusted. */
static int read_log_header(struct log *log, uint32_t *current)
{
    struct vmcx_log_disk head = {0};
    int r = io_read(log->file, log->offset, &head, sizeof(head));
    uint32_t max = get_le32(head.max_entries);

    if (r < 0 && r != -ENODATA)
        return r;
    uint32_t sum = crc32_zeroed(&head, sizeof(head), offsetof(struct vmcx_log_disk, checksum));
    if (r < 0 || get_le32(head.signature) != VMCX_LOG_SIGNATURE || get_le32(head.checksum) != sum) {
        notes_add(log->notes, SEVERITY_PROBLEM, "VMCX-JOURNAL-HEADER", log->offset,
                  "The replay log's header has signature 0x%08x and checksum 0x%08x, expected "
                  "0x%08x and 0x%08x",
                  get_le32(head.signature), get_le32(head.checksum), VMCX_LOG_SIGNATURE, sum);
        return -EBADMSG;
    }
    *current = get_le32(head.current_entries);
    uint64_t needed = sizeof(head) + (uint64_t)*current * sizeof(struct vmcx_log_entry_disk);
    if (*current > max || *current > LOG_ENTRIES_MAX || needed > log->header_size) {
        notes_add(log->notes, SEVERITY_PROBLEM, "VMCX-JOURNAL-HEADER", log->offset,
                  "The replay log has %u pending entries and room for %u in a header of %u bytes",
                  *current, max, log->header_size);
        return -EBADMSG;
    }
    return 0;
}

static int replay(struct vmcx *vmcx, struct log *log, io_source **result)
{
    struct replayed *replayed = calloc(1, sizeof(*replayed));

    if (!replayed)
        return -ENOMEM;
    replayed->below = io_ref(log->file);
    replayed->size = io_size(log->file);
    int r = read_entries(log, vmcx->journal_entries, replayed);
    if (r < 0) {
        replayed_close(replayed);
        return r;
    }
    *result = io_source_new(&replayed_ops, replayed, replayed->size);
    if (!*result)
        return -ENOMEM;
    vmcx->journal = VM_JOURNAL_REPLAYED;
    notes_add(log->notes, SEVERITY_INFO, "VMCX-JOURNAL-REPLAYED", log->offset,
              "%u pending entries of the replay log were applied in memory", vmcx->journal_entries);
    return 0;
}

int vmcx_log_apply(struct vmcx *vmcx, io_source *file, const struct vmcx_header_disk *header,
                   io_source **replayed, struct notes *notes)
{
    struct log log = {
        .file = file,
        .offset = get_le64(header->log_offset),
        .size = get_le64(header->log_size),
        .header_size = get_le32(header->log_header_size),
        .notes = notes,
    };
    int r = read_log_header(&log, &vmcx->journal_entries);

    vmcx->journal = VM_JOURNAL_CLEAN;
    if (r == 0 && vmcx->journal_entries > 0)
        r = replay(vmcx, &log, replayed);
    if (r == -EBADMSG) {
        vmcx->journal = VM_JOURNAL_UNREADABLE;
        notes_add(notes, SEVERITY_PROBLEM, "VMCX-JOURNAL-UNREADABLE", log.offset,
                  "The configuration is dirty or can't be told clean: %u pending journal entries, "
                  "not applied",
                  vmcx->journal_entries);
        r = 0;
    }
    if (r == 0 && !*replayed)
        *replayed = io_ref(file);
    return r;
}

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* The two headers (2.2.2) and the choice between them (2.2.2.1). */
#include "disk/vhdx.h"

#include "base/crc.h"

#include <errno.h>
#include <string.h>

/* One of the two copies. A copy without `rule` is valid. */
struct copy {
    uint64_t offset;
    struct vhdx_header header;
    const char *rule, *broken;
    bool unknown_version;
};

static int read_copy(struct vhdx *v, struct copy *copy, uint64_t offset)
{
    struct vhdx_header *h = &copy->header;
    int r = vhdx_read(v, offset, h, sizeof(*h));

    copy->offset = offset;
    if (r < 0 && r != -EBADMSG)
        return r;
    if (r < 0) {
        copy->rule = "VHDX-H1";
        copy->broken = "lies behind the end of the file";
    } else if (memcmp(h->signature, "head", 4) != 0) {
        copy->rule = "VHDX-H1";
        copy->broken = "has no signature \"head\"";
    } else if (get_le32(h->checksum) != crc32c_zeroed(h, sizeof(*h), 4)) {
        copy->rule = "VHDX-H2";
        copy->broken = "does not match its checksum: it was torn while being written, or damaged";
    } else if (get_le16(h->version) != 1) {
        copy->rule = "VHDX-H7";
        copy->broken = "has a version other than 1";
        copy->unknown_version = true;
    }
    return 0;
}

static void note_broken(struct vhdx *v, const struct copy *copy, bool other_is_valid)
{
    if (copy->rule)
        notes_add(v->notes, other_is_valid ? SEVERITY_WARNING : SEVERITY_PROBLEM, copy->rule,
                  copy->offset, "header %d %s%s", copy->offset == VHDX_HEADER_1 ? 1 : 2,
                  copy->broken, other_is_valid ? "; the other one is used" : "");
}

static bool same_guids(const struct vhdx_header *a, const struct vhdx_header *b)
{
    return memcmp(&a->file_write_guid, &b->file_write_guid, 3 * sizeof(vhdx_guid)) == 0;
}

static bool same_log(const struct vhdx_header *a, const struct vhdx_header *b)
{
    return memcmp(&a->log_guid, &b->log_guid, sizeof(vhdx_guid)) == 0 &&
           memcmp(&a->log_length, &b->log_length, sizeof(le32) + sizeof(le64)) == 0;
}

/* What two valid copies say of each other. */
static void compare(struct vhdx *v, const struct copy *older, const struct copy *current)
{
    uint64_t a = get_le64(older->header.sequence), b = get_le64(current->header.sequence);

    if (a == b && same_guids(&older->header, &current->header))
        vhdx_note(v, SEVERITY_INFO, "VHDX-H4", current->offset,
                  "both headers carry sequence number %llu and the same identifiers",
                  (unsigned long long)b);
    else if (a == b)
        vhdx_note(v, SEVERITY_PROBLEM, "VHDX-H4", current->offset,
                  "both headers carry sequence number %llu but different identifiers: which one "
                  "is current can't be told",
                  (unsigned long long)b);
    if (a == 0 && b == 0)
        vhdx_note(v, SEVERITY_INFO, "VHDX-H5", current->offset, "both sequence numbers are zero");
    if (!same_log(&older->header, &current->header))
        vhdx_note(v, b - a == 1 ? SEVERITY_WARNING : SEVERITY_PROBLEM, "VHDX-H17", older->offset,
                  "the headers disagree about the log: an update of the headers was interrupted");
}

static const struct copy *choose(struct vhdx *v, const struct copy copies[2])
{
    bool valid[2] = {!copies[0].rule, !copies[1].rule};

    note_broken(v, &copies[0], valid[1]);
    note_broken(v, &copies[1], valid[0]);
    if (!valid[0] && !valid[1])
        return NULL;
    if (!valid[0] || !valid[1])
        return valid[0] ? &copies[0] : &copies[1];
    /* Equal numbers are not defined; Windows writes the second copy last. */
    int current =
        get_le64(copies[0].header.sequence) > get_le64(copies[1].header.sequence) ? 0 : 1;
    compare(v, &copies[1 - current], &copies[current]);
    return &copies[current];
}

static void problem(struct vhdx *v, const char *rule, uint64_t offset, const char *text)
{
    vhdx_note(v, SEVERITY_PROBLEM, rule, offset, "%s", text);
    v->log_usable = false;
}

/* Where the header says that the log lies; matters for content only while LogGuid is set. */
static void check_log_place(struct vhdx *v, uint64_t at)
{
    uint64_t end, offset = v->log.offset, length = v->log.length;

    v->log_usable = true;
    if (length == 0 && !guid_is_zero(&v->log_guid))
        problem(v, "VHDX-H13", at + 68, "LogLength is zero although LogGuid is set");
    if (offset % VHDX_UNIT != 0 || length % VHDX_UNIT != 0)
        problem(v, "VHDX-H9", at + 68, "LogOffset and LogLength are not multiples of 1 MiB");
    if (length > 0 && offset < VHDX_HEADER_AREA)
        problem(v, "VHDX-H10", at + 72, "LogOffset lies within the first MiB of the file");
    if (ADD_OVERFLOW(offset, length, &end) || end > io_size(v->disk->source))
        problem(v, "VHDX-H11", at + 68, "the log ends behind the end of the file");
    if (length > VHDX_LOG_LENGTH_MAX)
        problem(v, "VHDX-H12", at + 68, "LogLength is above 1 GiB");
}

static void check_log_version(struct vhdx *v, const struct vhdx_header *h, uint64_t at)
{
    unsigned version = get_le16(h->log_version);

    if (version == 0)
        return;
    vhdx_note(v, SEVERITY_PROBLEM, "VHDX-H8", at + 64, "LogVersion is %u, expected 0", version);
    if (guid_is_zero(&v->log_guid))
        return;
    v->log_usable = false;
    vhdx_fail(v, -ENOTSUP);
}

static void check_header(struct vhdx *v, const struct vhdx_header *h, uint64_t at)
{
    const struct disk_facts *facts = v->disk->facts;

    check_log_place(v, at);
    check_log_version(v, h, at);
    if (!bytes_are_zero(h->reserved, sizeof(h->reserved)))
        vhdx_note(v, SEVERITY_INFO, "VHDX-H15", at + 80, "reserved bytes of the header are not zero");
    if (guid_is_zero(&facts->data_write_guid) || guid_is_zero(&facts->file_write_guid))
        vhdx_note(v, SEVERITY_WARNING, "VHDX-H16", at + 16,
                  "FileWriteGuid or DataWriteGuid is zero: no child can be linked to this disk");
    if (facts->header_sequence >= UINT64_MAX - 1024)
        vhdx_note(v, SEVERITY_INFO, "VHDX-H18", at + 8, "the sequence number is about to wrap");
}

static int keep_structure(struct vhdx *v, struct vhdx_place place)
{
    struct vhdx_place *kept = vector_push(&v->structures);

    if (!kept)
        return -ENOMEM;
    *kept = place;
    return 0;
}

static int take_header(struct vhdx *v, const struct copy *current)
{
    const struct vhdx_header *h = &current->header;
    struct disk_facts *facts = v->disk->facts;

    facts->data_write_guid = vhdx_get_guid(h->data_write_guid);
    facts->file_write_guid = vhdx_get_guid(h->file_write_guid);
    facts->has_file_write_guid = true;
    facts->header_sequence = get_le64(h->sequence);
    v->disk->has_facts = true;
    v->log_guid = vhdx_get_guid(h->log_guid);
    v->log = (struct vhdx_place){get_le64(h->log_offset), get_le32(h->log_length)};
    disk_add_part(facts, "current header", current->offset, sizeof(*h));
    check_header(v, h, current->offset);
    return v->log.length > 0 ? keep_structure(v, v->log) : 0;
}

int vhdx_read_headers(struct vhdx *v)
{
    struct copy copies[2] = {0};
    int r = read_copy(v, &copies[0], VHDX_HEADER_1);

    if (r == 0)
        r = read_copy(v, &copies[1], VHDX_HEADER_2);
    if (r < 0)
        return r;
    const struct copy *current = choose(v, copies);
    if (current)
        return take_header(v, current);
    return copies[0].unknown_version || copies[1].unknown_version ? -ENOTSUP : -EBADMSG;
}

bool vhdx_has_header(io_source *source)
{
    static const uint64_t offsets[] = {VHDX_HEADER_1, VHDX_HEADER_2};
    struct vhdx_header h;

    for (size_t i = 0; i < ARRAY_SIZE(offsets); i++)
        if (io_read(source, offsets[i], &h, sizeof(h)) == 0 && memcmp(h.signature, "head", 4) == 0 &&
            get_le32(h.checksum) == crc32c_zeroed(&h, sizeof(h), 4))
            return true;
    return false;
}

/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "disk/vhd.h"

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"

#include <errno.h>
#include <stdlib.h>

#define CHECKSUM offsetof(struct vhd_footer, checksum)

uint32_t vhd_checksum(const void *bytes, size_t length, size_t field)
{
    const uint8_t *b = bytes;
    uint32_t sum = 0;

    for (size_t i = 0; i < length; i++)
        if (i < field || i >= field + sizeof(be32))
            sum += b[i];
    return ~sum;
}

/* One place where a footer may lie. */
struct candidate {
    uint64_t offset;
    bool has_cookie, is_valid;
    struct vhd_footer footer;
};

static int look_at(io_source *source, uint64_t offset, struct candidate *found)
{
    *found = (struct candidate){.offset = offset};
    /* A footer of 511 bytes reads as one with a zero at the end: the sum is the same. */
    int64_t n = io_read_some(source, offset, &found->footer, sizeof(found->footer));

    if (n < 0)
        return (int)n;
    found->has_cookie = n >= VHD_OLD_FOOTER_SIZE && memcmp(found->footer.cookie, VHD_FOOTER_COOKIE,
                                                           sizeof(found->footer.cookie)) == 0;
    found->is_valid =
        found->has_cookie && get_be32(found->footer.checksum) ==
                                 vhd_checksum(&found->footer, sizeof(found->footer), CHECKSUM);
    return 0;
}

/* The usual place, then the two that are seen with old and with careless tools. */
static int look_at_end(io_source *source, struct candidate *found)
{
    static const uint64_t sizes[] = {sizeof(struct vhd_footer), VHD_OLD_FOOTER_SIZE,
                                     sizeof(struct vhd_footer) + 1};
    struct candidate seen;

    *found = (struct candidate){.offset = io_size(source)};
    for (size_t i = 0; i < ARRAY_SIZE(sizes) && !found->is_valid; i++) {
        if (io_size(source) < sizes[i])
            continue;
        int r = look_at(source, io_size(source) - sizes[i], &seen);
        if (r < 0)
            return r;
        if (seen.is_valid || (seen.has_cookie && !found->has_cookie))
            *found = seen;
    }
    return 0;
}

/* A copy at the start belongs to dynamic and differencing disks; what a fixed disk has there is
 * the guest's. */
static int look_at_start(io_source *source, struct candidate *found)
{
    int r = look_at(source, 0, found);

    if (r == 0 && get_be32(found->footer.type) == VHD_TYPE_FIXED)
        found->has_cookie = found->is_valid = false;
    return r;
}

static void note_end(io_source *source, const struct candidate *end, struct notes *notes)
{
    if (!end->has_cookie)
        notes_add(notes, SEVERITY_PROBLEM, "VHD-FOOTER", end->offset,
                  "the file does not end with a footer (\"conectix\" was expected)");
    else if (!end->is_valid)
        notes_add(notes, SEVERITY_PROBLEM, "VHD-FOOTER-CHECKSUM", end->offset + CHECKSUM,
                  "the checksum of the footer is 0x%08x, its bytes give 0x%08x",
                  get_be32(end->footer.checksum),
                  vhd_checksum(&end->footer, sizeof(end->footer), CHECKSUM));
    else if (io_size(source) - end->offset > sizeof(end->footer))
        notes_add(notes, SEVERITY_WARNING, "VHD-TRAILING",
                  end->offset + sizeof(end->footer),
                  "one byte follows the footer, which should be the last 512 bytes");
}

static void note_copy(const struct candidate *end, const struct candidate *copy,
                      struct notes *notes)
{
    if (!copy->has_cookie)
        notes_add(notes, SEVERITY_WARNING, "VHD-COPY", 0,
                  "the copy of the footer at the start of the file is missing");
    else if (!copy->is_valid)
        notes_add(notes, SEVERITY_WARNING, "VHD-COPY", CHECKSUM,
                  "the checksum of the copy of the footer is 0x%08x, its bytes give 0x%08x",
                  get_be32(copy->footer.checksum),
                  vhd_checksum(&copy->footer, sizeof(copy->footer), CHECKSUM));
    else if (memcmp(&end->footer, &copy->footer, VHD_OLD_FOOTER_SIZE) != 0)
        notes_add(notes, SEVERITY_WARNING, "VHD-COPY", 0,
                  "the copy of the footer at the start differs from the footer, which counts");
}

/* "win 6.1 (Wi2k)" */
static char *creator_text(const struct vhd_footer *footer)
{
    char app[5] = {0}, os[5] = {0};

    memcpy(app, footer->creator_app, sizeof(footer->creator_app));
    memcpy(os, footer->creator_os, sizeof(footer->creator_os));
    for (size_t i = strlen(app); i > 0 && app[i - 1] == ' '; i--)
        app[i - 1] = '\0';
    for (size_t i = strlen(os); i > 0 && os[i - 1] == ' '; i--)
        os[i - 1] = '\0';
    CLEANUP_FREE char *text = string_printf("%s %u.%u (%s)", app, get_be16(footer->creator_major),
                                            get_be16(footer->creator_minor), os);
    return text ? text_printable(text) : NULL;
}

static int take_facts(struct disk *disk, const struct vhd_footer *footer)
{
    struct disk_facts *facts = disk->facts;

    facts->format = DISK_VHD;
    facts->log = DISK_LOG_NONE;
    facts->virtual_size = get_be64(footer->current_size);
    facts->logical_sector_size = facts->physical_sector_size = VHD_SECTOR;
    facts->data_write_guid = guid_from_le(footer->unique_id);
    facts->created = when_from_vhd(get_be32(footer->timestamp));
    facts->saved_state = footer->saved_state != 0;
    facts->creator = creator_text(footer);
    if (!facts->creator)
        return -ENOMEM;
    switch (get_be32(footer->type)) {
    case VHD_TYPE_FIXED:
        facts->kind = DISK_FIXED;
        break;
    case VHD_TYPE_DYNAMIC:
        facts->kind = DISK_DYNAMIC;
        break;
    case VHD_TYPE_DIFFERENCING:
        facts->kind = DISK_DIFFERENCING;
        facts->parent = calloc(1, sizeof(*facts->parent));
        if (!facts->parent)
            return -ENOMEM;
        break;
    default:
        return 0; /* said below */
    }
    disk->has_facts = true;
    return 0;
}

#define AT(field) (offset + offsetof(struct vhd_footer, field))

/* What is odd without harm. */
static void note_oddities(const struct vhd_footer *footer, uint64_t offset, struct notes *notes)
{
    uint32_t features = get_be32(footer->features);
    uint64_t geometry = (uint64_t)get_be16(footer->cylinders) * footer->heads * footer->sectors;

    if (!(features & VHD_FEATURE_RESERVED) ||
        features & ~(VHD_FEATURE_RESERVED | VHD_FEATURE_TEMPORARY))
        notes_add(notes, SEVERITY_WARNING, "VHD-FEATURES", AT(features),
                  "the features are 0x%08x, 2 or 3 was expected", features);
    if (bytes_are_zero(footer->unique_id, sizeof(footer->unique_id)))
        notes_add(notes, SEVERITY_WARNING, "VHD-ID", AT(unique_id),
                  "the unique identifier is zero: no child can be tied to this disk");
    if (footer->saved_state > 1)
        notes_add(notes, SEVERITY_WARNING, "VHD-SAVED-STATE", AT(saved_state),
                  "the saved state is %u, 0 or 1 was expected", footer->saved_state);
    if (!bytes_are_zero(footer->reserved, sizeof(footer->reserved)))
        notes_add(notes, SEVERITY_INFO, "VHD-RESERVED", AT(reserved),
                  "the reserved bytes of the footer are not zero");
    if (geometry > get_be64(footer->current_size) / VHD_SECTOR)
        notes_add(notes, SEVERITY_INFO, "VHD-GEOMETRY", AT(cylinders),
                  "the geometry %u/%u/%u says more than the disk's size",
                  get_be16(footer->cylinders), footer->heads, footer->sectors);
}

static int check_fixed(const struct vhd *vhd, uint64_t offset, struct notes *notes)
{
    uint64_t size = get_be64(vhd->footer.current_size);
    uint64_t data_offset = get_be64(vhd->footer.data_offset);

    if (data_offset != VHD_NO_OFFSET)
        notes_add(notes, SEVERITY_WARNING, "VHD-DATA-OFFSET", AT(data_offset),
                  "the data offset of a fixed disk is 0x%llx, all ones was expected",
                  (unsigned long long)data_offset);
    if (size < vhd->end)
        notes_add(notes, SEVERITY_WARNING, "VHD-SIZE", AT(current_size),
                  "the disk has %llu bytes, but %llu lie before the footer",
                  (unsigned long long)size, (unsigned long long)vhd->end);
    if (size <= vhd->end)
        return 0;
    notes_add(notes, SEVERITY_PROBLEM, "VHD-SIZE", AT(current_size),
              "the disk has %llu bytes, but only %llu lie before the footer",
              (unsigned long long)size, (unsigned long long)vhd->end);
    return -EBADMSG;
}

static int check(const struct disk *disk, const struct vhd *vhd, uint64_t offset,
                 struct notes *notes)
{
    const struct vhd_footer *footer = &vhd->footer;
    uint64_t size = get_be64(footer->current_size);

    if (get_be32(footer->version) >> 16 != VHD_VERSION_1 >> 16) {
        notes_add(notes, SEVERITY_PROBLEM, "VHD-VERSION", AT(version),
                  "the format version is 0x%08x, 0x%08x was expected", get_be32(footer->version),
                  VHD_VERSION_1);
        return -ENOTSUP;
    }
    if (!disk->has_facts) {
        notes_add(notes, SEVERITY_PROBLEM, "VHD-TYPE", AT(type),
                  "the disk type is %u, 2 (fixed), 3 (dynamic) or 4 (differencing) was expected",
                  get_be32(footer->type));
        return -ENOTSUP;
    }
    if (size == 0 || size % VHD_SECTOR != 0 || size > INT64_MAX) {
        notes_add(notes, SEVERITY_PROBLEM, "VHD-SIZE", AT(current_size),
                  "the disk's size is %llu bytes, a multiple of 512 was expected",
                  (unsigned long long)size);
        return -EBADMSG;
    }
    if (size > VHD_SIZE_MAX)
        notes_add(notes, SEVERITY_WARNING, "VHD-SIZE", AT(current_size),
                  "the disk's size is %llu bytes, Windows takes 2040 GiB at most",
                  (unsigned long long)size);
    note_oddities(footer, offset, notes);
    return disk->facts->kind == DISK_FIXED ? check_fixed(vhd, offset, notes) : 0;
}

int vhd_read_footer(struct disk *disk, struct vhd *vhd, struct notes *notes)
{
    struct candidate end, copy;
    int r = look_at_end(disk->source, &end);

    if (r == 0)
        r = look_at_start(disk->source, &copy);
    if (r < 0)
        return r;
    note_end(disk->source, &end, notes);

    bool use_copy = !end.is_valid && copy.is_valid;
    const struct candidate *best = use_copy || !end.has_cookie ? &copy : &end;
    vhd->footer = best->footer;
    vhd->end = end.has_cookie ? end.offset : io_size(disk->source);
    if (!best->has_cookie)
        return -EBADMSG;
    r = take_facts(disk, &vhd->footer);
    if (r == 0 && !best->is_valid)
        r = -EBADMSG; /* what it says is worth telling, but not worth following */
    if (r == 0)
        r = check(disk, vhd, best->offset, notes);
    if (end.is_valid && disk->facts->kind != DISK_FIXED)
        note_copy(&end, &copy, notes);
    return r;
}

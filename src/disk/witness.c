/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * What libvhdi (20210425) is known to get wrong, and how it is told apart here:
 *   - it takes the identifier of the VHDX header with the higher sequence number, torn or not;
 *   - it refuses what has one damaged copy of something, a VHD whose footer is not the last 512
 *     bytes, although another copy is whole, and a differencing VHDX with LeaveBlockAllocated set;
 *   - it takes the original size of a VHD for its size, which differ once the disk was resized;
 *   - it takes parent_linkage only in lower case with braces, else the parent's identifier is zero;
 *   - it finds the parent's name under absolute_win32_path or volume_path, never relative_path, and
 *     in the header of a VHD, never its locators;
 *   - it opens much that breaks a rule.
 * It gives the bytes of a VHD's identifier as they are; both are compared in Windows' order.
 */
#include "disk/witness.h"

#include "base/checked.h"
#include "base/cleanup.h"
#include "base/crc.h"
#include "disk/disk_format.h"
#include "disk/vhd.h"
#include "disk/vhdx_format.h"
#include "os/worker.h"
#include "worker/vhdi.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Opening takes half a millisecond; only hostile files take long. */
#define TIMEOUT_MS 10000

struct witness {
    struct disk *disk;
    const struct disk_facts *facts;
    const struct vhdi_answer *answer;
    struct notes *notes;
    enum witness_verdict verdict;
};

/* A difference that is libvhdi's known error is information, any other one a contradiction. */
#define DIFFERS(w, is_known, rule, ...)                                                            \
    do {                                                                                           \
        bool known_ = (is_known);                                                                  \
        notes_add((w)->notes, known_ ? SEVERITY_INFO : SEVERITY_PROBLEM,                           \
                  known_ ? "WITNESS-KNOWN" : rule, NOTE_NO_OFFSET, __VA_ARGS__);                   \
        raise_verdict(w, known_ ? WITNESS_KNOWN_DIFFERENCE : WITNESS_CONTRADICTS);                 \
    } while (0)

static void raise_verdict(struct witness *w, enum witness_verdict verdict)
{
    if (w->verdict < verdict)
        w->verdict = verdict;
}

static bool answered(const struct witness *w, enum vhdi_answered what)
{
    return w->answer->answered & what;
}

/* Type and sizes. */

static const char *answered_format(const struct vhdi_answer *answer)
{
    return answer->format == VHDI_VHDX ? "vhdx" : answer->format == VHDI_VHD ? "vhd" : "unknown";
}

static const char *answered_kind(const struct vhdi_answer *answer)
{
    switch (answer->kind) {
    case VHDI_FIXED:
        return "fixed";
    case VHDI_DYNAMIC:
        return "dynamic";
    case VHDI_DIFFERENCING:
        return "differencing";
    default:
        return "unknown";
    }
}

static void compare_type(struct witness *w)
{
    const char *format = disk_format_name(w->facts->format), *kind = disk_kind_name(w->facts->kind);
    const char *their_format = answered_format(w->answer), *their_kind = answered_kind(w->answer);

    if (answered(w, VHDI_HAS_FORMAT) && strcmp(format, their_format) != 0)
        DIFFERS(w, false, "WITNESS-TYPE", "libvhdi says that the format is %s, we read %s",
                their_format, format);
    if (answered(w, VHDI_HAS_KIND) && strcmp(kind, their_kind) != 0)
        DIFFERS(w, false, "WITNESS-TYPE", "libvhdi says that the disk is %s, we read %s",
                their_kind, kind);
}

static bool is_original_size(const struct witness *w, uint64_t size)
{
    const struct vhd *vhd = w->disk->format;

    return w->facts->format == DISK_VHD && size == get_be64(vhd->footer.original_size);
}

static void compare_sizes(struct witness *w)
{
    const struct vhdi_answer *a = w->answer;

    if (answered(w, VHDI_HAS_SIZE) && a->media_size != w->facts->virtual_size)
        DIFFERS(w, is_original_size(w, a->media_size), "WITNESS-SIZE", "libvhdi says that the disk has %llu bytes, we read %llu",
                (unsigned long long)a->media_size, (unsigned long long)w->facts->virtual_size);
    if (answered(w, VHDI_HAS_SECTOR_SIZE) && a->sector_size != w->facts->logical_sector_size)
        DIFFERS(w, false, "WITNESS-SECTOR",
                "libvhdi says that a sector has %u bytes, we read %u", a->sector_size,
                w->facts->logical_sector_size);
}

/* Identifiers. */

static struct guid answered_guid(const struct witness *w, const uint8_t bytes[16])
{
    return w->facts->format == DISK_VHD ? guid_from_le(bytes) : guid_from_be(bytes);
}

/* Whether the identifier stands in a copy of the header that doesn't count, or is one of two
 * that claim the same number. */
static bool stands_in_other_header(const struct witness *w, const struct guid *id)
{
    static const uint64_t offsets[2] = {VHDX_HEADER_1, VHDX_HEADER_2};
    struct vhdx_header copies[2];
    bool valid[2], found = false;

    if (w->facts->format != DISK_VHDX)
        return false;
    for (int i = 0; i < 2; i++) {
        if (io_read(w->disk->source, offsets[i], &copies[i], sizeof(copies[i])) < 0)
            return false;
        valid[i] = crc32c_zeroed(&copies[i], sizeof(copies[i]),
                                 offsetof(struct vhdx_header, checksum)) ==
                   get_le32(copies[i].checksum);
    }
    bool one_number = get_le64(copies[0].sequence) == get_le64(copies[1].sequence);
    for (int i = 0; i < 2; i++) {
        struct guid here = guid_from_le(&copies[i].data_write_guid);
        if ((!valid[i] || one_number) && guid_equal(&here, id))
            found = true;
    }
    return found;
}

static void compare_id(struct witness *w)
{
    struct guid id = answered_guid(w, w->answer->id);
    char theirs[GUID_TEXT_SIZE], ours[GUID_TEXT_SIZE];

    if (!answered(w, VHDI_HAS_ID) || guid_equal(&id, &w->facts->data_write_guid))
        return;
    DIFFERS(w, stands_in_other_header(w, &id), "WITNESS-ID",
            "libvhdi says that the identifier is %s, we read %s", guid_format(&id, theirs),
            guid_format(&w->facts->data_write_guid, ours));
}

static const char *entry_value(const struct disk_parent *parent, const char *key)
{
    for (size_t i = 0; i < parent->entry_count; i++)
        if (strcmp(parent->entries[i].key, key) == 0)
            return parent->entries[i].value;
    return NULL;
}

/* As Windows writes it. */
static bool is_usual_linkage(const char *text, const struct guid *guid)
{
    char usual[GUID_TEXT_SIZE];

    return text[0] == '{' && strncmp(text + 1, guid_format(guid, usual), GUID_TEXT_SIZE - 1) == 0 &&
           strcmp(text + GUID_TEXT_SIZE, "}") == 0;
}

static void compare_parent_id(struct witness *w, const struct disk_parent *parent)
{
    struct guid id = answered_guid(w, w->answer->parent_id);
    const char *recorded = entry_value(parent, "parent_linkage");
    char theirs[GUID_TEXT_SIZE], ours[GUID_TEXT_SIZE];

    if (!answered(w, VHDI_HAS_PARENT_ID) || guid_equal(&id, &parent->linkage))
        return;
    bool overlooked = w->facts->format == DISK_VHDX && guid_is_zero(&id) && recorded &&
                      !is_usual_linkage(recorded, &parent->linkage);
    DIFFERS(w, overlooked, "WITNESS-PARENT-ID",
            "libvhdi says that the parent's identifier is %s, we read %s", guid_format(&id, theirs),
            parent->has_linkage ? guid_format(&parent->linkage, ours) : "none");
}

/* The name that libvhdi's rule must give; NULL when it gives none. */
static const char *name_by_its_rule(const struct witness *w, const struct disk_parent *parent)
{
    if (w->facts->format == DISK_VHD)
        return entry_value(parent, "parent_name");
    const char *name = entry_value(parent, "absolute_win32_path");
    return name ? name : entry_value(parent, "volume_path");
}

static void compare_parent_name(struct witness *w, const struct disk_parent *parent)
{
    const char *expected = name_by_its_rule(w, parent), *name = w->answer->parent_name;

    if (!answered(w, VHDI_HAS_PARENT_NAME)) {
        if (parent->relative_path || expected)
            DIFFERS(w, !expected, "WITNESS-PARENT-NAME",
                    "libvhdi finds no name of the parent, we read \"%s\"",
                    expected ? expected : parent->relative_path);
        return;
    }
    if (!expected || strcmp(expected, name) != 0)
        DIFFERS(w, false, "WITNESS-PARENT-NAME",
                "libvhdi says that the parent is \"%s\", we read \"%s\"", name,
                expected ? expected : "nothing");
}

/* A VHD whose footer is not the last 512 bytes: legal when it has 511. */
static bool has_shifted_footer(const struct witness *w)
{
    const struct vhd *vhd = w->disk->format;

    return w->facts->format == DISK_VHD &&
           io_size(w->disk->source) - vhd->end != sizeof(struct vhd_footer);
}

/* It did not open the disk: no wonder when we, too, see that something is broken. */
static void compare_opening(struct witness *w)
{
    CLEANUP(notes) struct notes notes = {0};
    struct disk *again = NULL;

    disk_open(&again, w->disk->source, &notes);
    disk_close(again);
    bool broken = notes_worst(&notes) >= SEVERITY_WARNING;
    DIFFERS(w, broken || notes_has(&notes, "VHDX-M18") || has_shifted_footer(w), "WITNESS-OPEN",
            "libvhdi does not open the disk: %s", w->answer->error);
}

static void compare(struct witness *w)
{
    compare_type(w);
    compare_sizes(w);
    compare_id(w);
    if (w->facts->parent && w->facts->kind == DISK_DIFFERENCING) {
        compare_parent_id(w, w->facts->parent);
        compare_parent_name(w, w->facts->parent);
    }
}

static void compare_all(struct witness *w)
{
    bool opened = answered(w, VHDI_HAS_OPENED);

    if (w->disk->usable && opened)
        compare(w);
    else if (w->disk->usable)
        compare_opening(w);
    else if (opened)
        DIFFERS(w, true, "WITNESS-OPEN",
                "libvhdi opens the disk, which breaks a rule that it does not check");
}

static const char *why_not(int64_t error)
{
    switch (error) {
    case -ENOENT:
        return "its program is not installed";
    case -ETIMEDOUT:
        return "it took too long";
    case -ENOMEM:
        return "it needs too much memory";
    case -EPIPE:
        return "it died";
    default:
        return "it broke its protocol";
    }
}

static bool is_text(const char *text, size_t size)
{
    return memchr(text, '\0', size) != NULL;
}

static bool is_answer(const struct vhdi_answer *answer, int64_t size)
{
    return size == (int64_t)sizeof(*answer) && is_text(answer->error, sizeof(answer->error)) &&
           is_text(answer->parent_name, sizeof(answer->parent_name));
}

enum witness_verdict witness_compare(struct workers *workers, struct disk *disk,
                                     struct notes *notes)
{
    struct witness w = {.disk = disk, .facts = disk_facts(disk), .notes = notes};
    const struct worker_job job = {
        .name = "vhdi",
        .sources = &disk->source,
        .source_count = 1,
        .timeout_ms = TIMEOUT_MS,
    };
    CLEANUP_FREE struct vhdi_answer *answer = malloc(sizeof(*answer));
    int64_t size = !workers  ? -ENOENT
                   : !answer ? -ENOMEM
                             : workers_run(workers, &job, answer, sizeof(*answer));

    if (size < 0 || !is_answer(answer, size)) {
        notes_add(notes, SEVERITY_INFO, WITNESS_UNAVAILABLE_RULE, NOTE_NO_OFFSET,
                  "libvhdi could not be asked: %s", why_not(size));
        return WITNESS_UNAVAILABLE;
    }
    w.answer = answer;
    compare_all(&w);
    return w.verdict;
}

const char *witness_verdict_name(enum witness_verdict verdict)
{
    static const char *const names[] = {
        [WITNESS_AGREES] = "agrees",
        [WITNESS_KNOWN_DIFFERENCE] = "known-difference",
        [WITNESS_CONTRADICTS] = "contradicts",
        [WITNESS_UNAVAILABLE] = "unavailable",
    };

    return names[verdict];
}

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Opening a VHDX: one structure after the other, each read with the log already applied. */
#include "disk/vhdx.h"

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int vhdx_read(const struct vhdx *v, uint64_t offset, void *buffer, size_t length)
{
    int r = io_read(v->disk->source, offset, buffer, length);

    return r == -ENODATA ? -EBADMSG : r;
}

int vhdx_fail(struct vhdx *v, int status)
{
    if (v->status != -EBADMSG)
        v->status = status;
    return 0;
}

static bool already_noted(const struct vhdx *v, const char *rule)
{
    for (size_t i = v->first_note; i < v->notes->count; i++)
        if (strcmp(v->notes->items[i].rule, rule) == 0)
            return true;
    return false;
}

void vhdx_note(struct vhdx *v, enum severity severity, const char *rule, uint64_t offset,
               const char *format, ...)
{
    CLEANUP(strbuf) struct strbuf text = {0};
    va_list ap;

    if (!v->notes || already_noted(v, rule))
        return;
    va_start(ap, format);
    strbuf_vprintf(&text, format, ap);
    va_end(ap);
    notes_add(v->notes, severity, rule, offset, "%s", strbuf_text(&text));
}

/* Length of a creator up to its NUL, or of the whole field. */
static size_t creator_length(const uint8_t *creator, size_t size)
{
    for (size_t i = 0; i < size; i += 2)
        if (creator[i] == 0 && creator[i + 1] == 0)
            return i;
    return size;
}

/* 2.2.1 */
int vhdx_read_identifier(struct vhdx *v)
{
    struct vhdx_file_identifier id;
    uint64_t size = io_size(v->disk->source);
    bool valid;

    if (size < VHDX_HEADER_AREA) {
        vhdx_note(v, SEVERITY_PROBLEM, "VHDX-F1", size,
                  "the file has %llu bytes, fewer than the 1 MiB of the header section",
                  (unsigned long long)size);
        vhdx_fail(v, -EBADMSG);
    }
    int r = vhdx_read(v, 0, &id, sizeof(id));
    if (r < 0)
        return r;
    if (memcmp(id.signature, "vhdxfile", 8) != 0) {
        vhdx_note(v, SEVERITY_PROBLEM, "VHDX-F2", 0,
                  "the signature \"vhdxfile\" is missing at the start of the file");
        return vhdx_fail(v, -EBADMSG);
    }
    size_t length = creator_length(id.creator, sizeof(id.creator));
    v->disk->facts->creator = text_from_utf16le(id.creator, length, &valid);
    if (!v->disk->facts->creator)
        return -ENOMEM;
    if (!valid || length == sizeof(id.creator))
        vhdx_note(v, SEVERITY_INFO, "VHDX-F3", 8, "the creator is not a terminated UTF-16 text");
    return 0;
}

static int read_all(struct vhdx *v)
{
    static int (*const steps[])(struct vhdx *) = {
        vhdx_read_identifier, vhdx_read_headers,  vhdx_replay_log,
        vhdx_read_regions,    vhdx_read_metadata, vhdx_read_bat,
    };

    for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
        int r = steps[i](v);
        if (r < 0)
            return r;
    }
    return 0;
}

static void add_parts(struct vhdx *v)
{
    disk_add_part(v->disk->facts, "log", v->log.offset, v->log.length);
    disk_add_part(v->disk->facts, "metadata", v->metadata.offset, v->metadata.length);
    disk_add_part(v->disk->facts, "block table", v->bat.offset, v->bat.length);
}

static void vhdx_close(struct disk *disk)
{
    struct vhdx *v = disk->format;

    if (!v)
        return;
    vector_free(&v->structures);
    vector_free(&v->replayed);
    free(v);
}

static int vhdx_open(struct disk *disk, struct notes *notes)
{
    struct vhdx *v = disk->format = calloc(1, sizeof(*v));

    if (!v)
        return -ENOMEM;
    disk->facts->format = DISK_VHDX;
    v->disk = disk;
    v->notes = notes;
    v->first_note = notes ? notes->count : 0;
    int r = read_all(v);
    vhdx_note_replay(v);
    add_parts(v);
    v->notes = NULL;
    vector_free(&v->structures);
    vector_free(&v->replayed);
    return r < 0 ? r : v->status;
}

const struct disk_ops vhdx_ops = {
    .open = vhdx_open,
    .block = vhdx_block,
    .sectors = vhdx_sectors,
    .close = vhdx_close,
};

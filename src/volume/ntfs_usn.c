/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * The change journal, $Extend\$UsnJrnl:$J. Its start is sparse: Windows frees what is old. Records
 * fill pages; the number of a record is its offset in the stream, which tells a live one from what
 * an older journal left in the same clusters.
 */
#include "volume/ntfs_volume_private.h"

#include "base/checked.h"
#include "base/cleanup.h"
#include "base/strbuf.h"
#include "volume/ntfs_reparse.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK (256 * KIB)

struct journal {
    ntfs_usn_visit *visit;
    void *user;
    uint64_t bad_pages, first_bad;
};

static bool read_v2(const struct ntfs_usn_v2 *r, size_t length, struct ntfs_usn *event,
                    size_t *name, size_t *name_length)
{
    if (length < sizeof(*r))
        return false;
    *event = (struct ntfs_usn){
        .usn = get_le64(r->usn),
        .id = get_le64(r->reference),
        .parent = get_le64(r->parent),
        .time = get_le64(r->time),
        .reason = get_le32(r->reason),
    };
    *name = get_le16(r->name_offset);
    *name_length = get_le16(r->name_length);
    return true;
}

static bool read_v3(const struct ntfs_usn_v3 *r, size_t length, struct ntfs_usn *event,
                    size_t *name, size_t *name_length)
{
    if (length < sizeof(*r))
        return false;
    *event = (struct ntfs_usn){
        .usn = get_le64(r->usn),
        .id = get_le64(r->reference),
        .parent = get_le64(r->parent),
        .time = get_le64(r->time),
        .reason = get_le32(r->reason),
    };
    *name = get_le16(r->name_offset);
    *name_length = get_le16(r->name_length);
    return true;
}

/* 0; -EBADMSG; what the visit returned. */
static int visit_record(struct journal *j, const uint8_t *record, size_t length, uint64_t offset)
{
    struct ntfs_usn event;
    size_t name, name_length;
    unsigned major = load_le16(record + 4);
    bool whole;

    if (major == 2)
        whole = read_v2((const void *)record, length, &event, &name, &name_length);
    else if (major == 3)
        whole = read_v3((const void *)record, length, &event, &name, &name_length);
    else
        return 0; /* version 4 tells of ranges of a file and carries no name */
    if (!whole || event.usn != offset || !range_fits(name, name_length, length))
        return -EBADMSG;
    CLEANUP_FREE char *text = ntfs_number(event.id) == NTFS_ROOT
                                  ? strdup(".")
                                  : ntfs_name(record + name, name_length / 2);
    if (!text)
        return -ENOMEM;
    event.name = text;
    return j->visit(j->user, &event);
}

static int visit_page(struct journal *j, const uint8_t *page, size_t size, uint64_t offset)
{
    for (size_t at = 0; size - at >= 8;) {
        size_t length = load_le32(page + at);
        if (length == 0) /* the rest of a page is empty */
            return 0;
        int r = length % 8 == 0 && length >= 8 && length <= size - at
                    ? visit_record(j, page + at, length, offset + at)
                    : -EBADMSG;
        if (r == -EBADMSG) {
            if (j->bad_pages++ == 0)
                j->first_bad = offset + at;
            return 0;
        }
        if (r < 0)
            return r;
        at += length;
    }
    return 0;
}

static int visit_chunk(struct journal *j, const uint8_t *chunk, size_t size, uint64_t offset)
{
    int r = 0;

    for (size_t at = 0; at < size && r == 0; at += NTFS_USN_PAGE)
        r = visit_page(j, chunk + at, (size_t)min_u64(NTFS_USN_PAGE, size - at), offset + at);
    return r;
}

static int read_journal(const struct ntfs_volume *v, const struct ntfs_stream *stream,
                        struct journal *j)
{
    CLEANUP_FREE uint8_t *chunk = malloc(CHUNK);
    uint64_t budget = io_size(v->ntfs.source); /* runs that overlap are not read for ever */
    uint64_t offset = 0;
    int r = chunk ? 0 : -ENOMEM;

    while (offset < stream->initialized_size && budget > 0 && r == 0) {
        uint64_t at, end = ntfs_runs_span(&stream->runs, v->ntfs.geometry.cluster_size, offset, &at);
        end = min_u64(end, stream->initialized_size);
        if (at == UINT64_MAX || at >= io_size(v->ntfs.source)) {
            offset = end;
            continue;
        }
        /* Whole pages: one may lie in two runs. */
        offset -= offset % NTFS_USN_PAGE;
        uint64_t pages = div_round_up(end - offset, NTFS_USN_PAGE) * NTFS_USN_PAGE;
        size_t want = (size_t)min_u64(CHUNK, pages);
        int64_t n = ntfs_stream_read(&v->ntfs, stream, offset, chunk, want);
        if (n > 0)
            r = visit_chunk(j, chunk, (size_t)n, offset);
        offset += want;
        budget -= min_u64(want, budget);
    }
    return r;
}

int ntfs_volume_journal(struct volume *volume, ntfs_usn_visit *visit, void *user,
                        struct notes *notes)
{
    struct ntfs_volume *v = (struct ntfs_volume *)volume;
    struct journal j = {.visit = visit, .user = user};
    CLEANUP_FREE void *record = malloc(v->ntfs.geometry.record_size);
    CLEANUP(ntfs_stream) struct ntfs_stream stream = {0};

    int r = record ? ntfs_volume_build(v) : -ENOMEM;
    if (r == 0 && v->tree.journal == 0)
        return -ENOENT;
    if (r == 0)
        r = ntfs_record_read(&v->ntfs, v->tree.journal, record);
    if (r == 0)
        r = ntfs_stream_load(&v->ntfs, v->tree.journal, record, NTFS_DATA, "$J", &stream);
    if (r == 0 && !stream.resident)
        r = read_journal(v, &stream, &j);
    if (j.bad_pages > 0)
        notes_add(notes, SEVERITY_WARNING, "NTFS-USN-DAMAGED", j.first_bad,
                  "%" PRIu64 " pages of the change journal hold records that make no sense, the "
                  "first at byte %" PRIu64 " of $J", j.bad_pages, j.first_bad);
    return r;
}

struct collector {
    const struct ntfs_volume *volume;
    ntfs_lives *lives;
};

static int collect(void *user, const struct ntfs_usn *event)
{
    const uint32_t of_interest =
        NTFS_USN_CREATED | NTFS_USN_DELETED | NTFS_USN_RENAMED_FROM | NTFS_USN_RENAMED_TO;
    const struct collector *c = user;
    struct strbuf path = {0};

    if (!(event->reason & of_interest) || !ntfs_leaves_trace(event->name))
        return 0;
    struct ntfs_life *life = vector_push(c->lives);
    if (!life)
        return -ENOMEM;
    *life = (struct ntfs_life){
        .id = event->id,
        .usn = event->usn,
        .time = event->time,
        .reason = event->reason & (of_interest | NTFS_USN_CLOSED),
    };
    life->path_is_full = ntfs_tree_folder_path(&c->volume->tree, event->parent, &path);
    if (path.length > 0)
        strbuf_append_char(&path, '/');
    strbuf_append(&path, event->name);
    life->path = strbuf_steal(&path);
    return life->path ? 0 : -ENOMEM;
}

static int by_file(const void *a, const void *b)
{
    const struct ntfs_life *x = a, *y = b;

    if (x->id != y->id)
        return x->id < y->id ? -1 : 1;
    return (x->usn > y->usn) - (x->usn < y->usn);
}

static int by_time(const void *a, const void *b)
{
    const struct ntfs_life *x = a, *y = b;

    return (x->usn > y->usn) - (x->usn < y->usn);
}

/*
 * While a file is open, each record repeats what was done to it before. What remains is the first
 * record of each deed: a reason counts when the record before it, with the file still open, did not
 * have it.
 */
static void keep_first(ntfs_lives *lives)
{
    uint32_t before = 0;
    size_t kept = 0;

    for (size_t i = 0; i < lives->count; i++) {
        struct ntfs_life *life = &lives->items[i];
        if (i == 0 || lives->items[i - 1].id != life->id)
            before = 0;
        uint32_t now = life->reason;
        life->reason = now & ~before & ~(uint32_t)NTFS_USN_CLOSED;
        before = now & NTFS_USN_CLOSED ? 0 : now;
        if (life->reason != 0) {
            struct ntfs_life first = *life;
            *life = (struct ntfs_life){.id = first.id};
            lives->items[kept++] = first;
        } else {
            free(STEAL(life->path));
        }
    }
    lives->count = kept;
}

int ntfs_volume_lives(struct volume *volume, ntfs_lives *lives, struct notes *notes)
{
    struct collector c = {(struct ntfs_volume *)volume, lives};

    *lives = (ntfs_lives){0};
    int r = ntfs_volume_journal(volume, collect, &c, notes);
    if (r < 0) {
        ntfs_lives_free(lives);
        return r;
    }
    if (lives->count > 0) {
        qsort(lives->items, lives->count, sizeof(*lives->items), by_file);
        keep_first(lives);
        qsort(lives->items, lives->count, sizeof(*lives->items), by_time);
    }
    return 0;
}

void ntfs_lives_free(ntfs_lives *lives)
{
    for (size_t i = 0; i < lives->count; i++)
        free(lives->items[i].path);
    vector_free(lives);
}

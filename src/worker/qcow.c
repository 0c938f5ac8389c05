/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * Where libqcow is wrong we look into the tables ourselves (docs/interop/qcow2.txt of QEMU, "L2
 * table entry"): it gives rubbish for the clusters that version 3 marks as zeros, and zeros for
 * what lies behind the end of a cut file.
 */
#include "base/bytes.h"
#include "base/checked.h"
#include "worker/protocol.h"
#include "worker/remote_bfio.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define HAVE_LIBBFIO /* or libqcow's header hides what takes a handle */
#include <libqcow.h>

#define OFFSET_MASK   0x00FFFFFFFFFFFE00 /* of an L1 or L2 entry */
#define COMPRESSED    (UINT64_C(1) << 62)
#define READS_AS_ZERO UINT64_C(1)

struct header {
    uint8_t magic[4];         /* +0x00 */
    be32 version;             /* +0x04 */
    be64 backing_file_offset; /* +0x08 */
    be32 backing_file_size;   /* +0x10 */
    be32 cluster_bits;        /* +0x14 */
    be64 size;                /* +0x18 */
    be32 crypt_method;        /* +0x20 */
    be32 l1_size;             /* +0x24 */
    be64 l1_table_offset;     /* +0x28 */
};
_Static_assert(sizeof(struct header) == 0x30, "qcow2 header");

struct image {
    libqcow_file_t *file;
    struct header header;
    unsigned cluster_bits; /* 0: version 1, whose tables are libqcow's matter */
    uint64_t file_size;
    be64 *l2;          /* the table that was asked for last, one cluster */
    uint64_t l2_index; /* in the L1 table; UINT64_MAX: none */
    bool l2_is_there;
};

static int read_header(struct image *image)
{
    const struct header *h = &image->header;

    if (worker_read(0, 0, &image->header, sizeof(image->header)) != sizeof(image->header))
        return -EBADMSG;
    if (get_be64(h->backing_file_offset) != 0)
        return -EXDEV;
    if (get_be32(h->version) < 2)
        return 0;
    if (get_be32(h->crypt_method) != 0)
        return -ENOKEY;
    image->cluster_bits = get_be32(h->cluster_bits);
    if (image->cluster_bits < 9 || image->cluster_bits > 21)
        return -EBADMSG;
    /* An L1 entry stands for a table of clusters. */
    if (get_be64(h->size) >> (2 * image->cluster_bits - 3) > get_be32(h->l1_size))
        return -EBADMSG;
    image->l2 = malloc((size_t)1 << image->cluster_bits);
    image->l2_index = UINT64_MAX;
    return image->l2 ? 0 : -ENOMEM;
}

static int64_t open_image(const struct job *job, void **stream)
{
    struct image *image = calloc(1, sizeof(*image));
    libbfio_handle_t *handle;
    size64_t size;

    if (job->source_count != 1)
        return -EINVAL;
    if (!image || remote_bfio_new(&handle, job, 0) < 0 ||
        libqcow_file_initialize(&image->file, NULL) != 1)
        return -ENOMEM;
    image->file_size = job->sizes[0];
    int r = read_header(image);
    if (r < 0)
        return r;
    if (libqcow_file_open_file_io_handle(image->file, handle, LIBQCOW_OPEN_READ, NULL) != 1 ||
        libqcow_file_get_media_size(image->file, &size, NULL) != 1 || size > INT64_MAX)
        return -EBADMSG;
    *stream = image;
    return (int64_t)size;
}

/* Reads the L2 table of that place in the L1 table, unless it is the last one that was read. */
static int load_l2(struct image *image, uint64_t index)
{
    size_t size = (size_t)1 << image->cluster_bits;
    uint64_t at;
    be64 entry;

    if (image->l2_index == index)
        return 0;
    image->l2_index = UINT64_MAX;
    if (index >= get_be32(image->header.l1_size) ||
        ADD_OVERFLOW(get_be64(image->header.l1_table_offset), index * sizeof(entry), &at) ||
        worker_read(0, at, &entry, sizeof(entry)) != sizeof(entry))
        return -EBADMSG;
    at = get_be64(entry) & OFFSET_MASK;
    image->l2_is_there = at != 0;
    if (image->l2_is_there && worker_read(0, at, image->l2, size) != (int64_t)size)
        return -EBADMSG;
    image->l2_index = index;
    return 0;
}

/* The L2 entry of a cluster; 0 where nothing is allocated. */
static int find_entry(struct image *image, uint64_t cluster, uint64_t *entry)
{
    unsigned bits = image->cluster_bits - 3;
    int r = load_l2(image, cluster >> bits);

    *entry = 0;
    if (r == 0 && image->l2_is_there)
        *entry = get_be64(image->l2[cluster & ((UINT64_C(1) << bits) - 1)]);
    return r;
}

static int64_t read_by_libqcow(struct image *image, uint64_t offset, void *buffer, size_t length)
{
    ssize_t n =
        libqcow_file_read_buffer_at_offset(image->file, buffer, length, (off64_t)offset, NULL);

    return n < 0 ? -EBADMSG : n;
}

/* Of one cluster, in which `offset` is `within`. */
static int64_t read_piece(struct image *image, uint64_t offset, uint64_t within, void *buffer,
                          size_t length)
{
    uint64_t entry;
    int r = find_entry(image, offset >> image->cluster_bits, &entry);

    if (r < 0)
        return r;
    if (!(entry & COMPRESSED)) {
        uint64_t host = entry & OFFSET_MASK;
        if (get_be32(image->header.version) >= 3 && (entry & READS_AS_ZERO)) {
            memset(buffer, 0, length);
            return (int64_t)length;
        }
        if (host != 0 && !range_fits(host + within, length, image->file_size))
            return -EBADMSG;
    }
    return read_by_libqcow(image, offset, buffer, length);
}

static int64_t read_image(void *stream, uint64_t offset, void *buffer, size_t length)
{
    struct image *image = stream;
    uint64_t cluster_size = UINT64_C(1) << image->cluster_bits;
    size_t done = 0;

    if (image->cluster_bits == 0)
        return read_by_libqcow(image, offset, buffer, length);
    while (done < length) {
        uint64_t at = offset + done, within = at & (cluster_size - 1);
        size_t piece = (size_t)min_u64(length - done, cluster_size - within);
        int64_t n = read_piece(image, at, within, (char *)buffer + done, piece);
        if (n < 0 && done == 0)
            return n;
        if (n <= 0)
            break;
        done += (size_t)n;
    }
    return (int64_t)done;
}

int main(void)
{
    static const struct worker_program program = {.open = open_image, .read = read_image};

    return worker_main(&program);
}

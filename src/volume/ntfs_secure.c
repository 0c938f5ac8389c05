/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * Whose a file is by its permissions: Hyper-V lets a machine into its disks by an entry for
 * S-1-5-83-1-a-b-c-d, where the four numbers are the machine's GUID as it lies in memory. Since
 * NTFS 3.0 descriptors stand in $Secure:$SDS and files carry a number; only those descriptors that
 * name a machine are kept.
 */
#include "volume/ntfs_volume_private.h"

#include "base/checked.h"
#include "base/cleanup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SDS_MAX        (256 * MIB) /* of the stream that is read */
#define DESCRIPTOR_MAX (64 * KIB)  /* MS-DTYP 2.4.5: an ACL's size has 16 bits */

struct descriptor {             /* MS-DTYP 2.4.6, self-relative */
    uint8_t revision;           /* +0x00  1 */
    uint8_t unused;             /* +0x01 */
    le16 control;               /* +0x02 */
    le32 owner, group;          /* +0x04  offsets, 0 none */
    le32 system_acl, access_acl;/* +0x0C */
} __attribute__((packed));
_Static_assert(sizeof(struct descriptor) == 20, "security descriptor");

struct acl {                    /* MS-DTYP 2.4.5 */
    uint8_t revision, unused;   /* +0x00 */
    le16 size;                  /* +0x02  with this header */
    le16 count;                 /* +0x04 */
    le16 unused2;               /* +0x06 */
} __attribute__((packed));
_Static_assert(sizeof(struct acl) == 8, "ACL");

struct ace {                    /* MS-DTYP 2.4.4.2: access allowed */
    uint8_t type, flags;        /* +0x00 */
    le16 size;                  /* +0x02 */
    le32 mask;                  /* +0x04 */
} __attribute__((packed));
_Static_assert(sizeof(struct ace) == 8, "ACE");

enum { ACE_ALLOWED = 0, ACE_ALLOWED_CALLBACK = 9 };

/* MS-DTYP 2.4.2.2: revision, number of parts, authority (big-endian), parts. */
static bool sid_of_machine(const uint8_t *sid, size_t size, struct guid *machine)
{
    static const uint8_t start[] = {1, 6, 0, 0, 0, 0, 0, 5, 83, 0, 0, 0, 1, 0, 0, 0};

    if (size < sizeof(start) + 16 || memcmp(sid, start, sizeof(start)) != 0)
        return false;
    *machine = guid_from_le(sid + sizeof(start));
    return true;
}

static int add_machine(ntfs_machines *machines, const struct guid *machine)
{
    for (size_t i = 0; i < machines->count; i++)
        if (guid_equal(&machines->items[i], machine))
            return 0;
    struct guid *added = vector_push(machines);
    if (!added)
        return -ENOMEM;
    *added = *machine;
    return 0;
}

static int machines_of_acl(const uint8_t *bytes, size_t size, ntfs_machines *machines)
{
    const struct acl *acl = (const void *)bytes;
    size_t at = sizeof(*acl);
    struct guid machine;
    int r = 0;

    if (size < sizeof(*acl))
        return 0;
    size = (size_t)min_u64(size, get_le16(acl->size));
    for (unsigned i = 0; i < get_le16(acl->count) && at + sizeof(struct ace) <= size && r == 0; i++) {
        const struct ace *ace = (const void *)(bytes + at);
        size_t length = get_le16(ace->size);
        if (length < sizeof(*ace) || length > size - at)
            return 0;
        if ((ace->type == ACE_ALLOWED || ace->type == ACE_ALLOWED_CALLBACK) &&
            sid_of_machine((const uint8_t *)(ace + 1), length - sizeof(*ace), &machine))
            r = add_machine(machines, &machine);
        at += length;
    }
    return r;
}

static int machines_of_descriptor(const uint8_t *bytes, size_t size, ntfs_machines *machines)
{
    const struct descriptor *d = (const void *)bytes;
    struct guid machine;
    int r = 0;

    if (size < sizeof(*d) || d->revision != 1)
        return 0;
    size_t owner = get_le32(d->owner), acl = get_le32(d->access_acl);
    if (owner != 0 && owner < size && sid_of_machine(bytes + owner, size - owner, &machine))
        r = add_machine(machines, &machine);
    if (r == 0 && acl != 0 && acl < size)
        r = machines_of_acl(bytes + acl, size - acl, machines);
    return r;
}

static uint32_t hash_of(const uint8_t *bytes, size_t size)
{
    uint32_t hash = 0;

    for (size_t i = 0; i + 4 <= size; i += 4)
        hash = (hash << 3 | hash >> 29) + load_le32(bytes + i);
    return hash;
}

/* The entry at this place of a block, when it is whole. */
static const struct ntfs_sds_entry *entry_at(const uint8_t *block, size_t size, size_t at,
                                             uint64_t block_offset)
{
    const struct ntfs_sds_entry *entry = (const void *)(block + at);

    if (size - at < sizeof(*entry))
        return NULL;
    size_t length = get_le32(entry->length);
    if (length < sizeof(*entry) || length > size - at || length > DESCRIPTOR_MAX ||
        get_le64(entry->offset) != block_offset + at ||
        get_le32(entry->hash) != hash_of(block + at + sizeof(*entry), length - sizeof(*entry)))
        return NULL;
    return entry;
}

static int keep_entry(struct ntfs_volume *v, const struct ntfs_sds_entry *entry)
{
    ntfs_machines machines = {0};
    int r = machines_of_descriptor((const uint8_t *)(entry + 1),
                                   get_le32(entry->length) - sizeof(*entry), &machines);

    for (size_t i = 0; i < machines.count && r == 0; i++) {
        struct ntfs_security *added = vector_push(&v->securities);
        if (added)
            *added = (struct ntfs_security){get_le32(entry->security_id), machines.items[i]};
        else
            r = -ENOMEM;
    }
    vector_free(&machines);
    return r;
}

/* A block and its copy: where the one makes no sense the other is asked. */
static int read_block(struct ntfs_volume *v, const uint8_t *block, const uint8_t *copy, size_t size,
                      size_t copy_size, uint64_t offset)
{
    size_t at = 0;
    int r = 0;

    while (r == 0) {
        const struct ntfs_sds_entry *entry = entry_at(block, size, at, offset);
        if (!entry && at < copy_size)
            entry = entry_at(copy, copy_size, at, offset);
        if (!entry)
            return 0;
        r = keep_entry(v, entry);
        at += (get_le32(entry->length) + 15) & ~(size_t)15;
        if (at >= size)
            return r;
    }
    return r;
}

static int read_stream(struct ntfs_volume *v, const struct ntfs_stream *stream)
{
    CLEANUP_FREE uint8_t *blocks = malloc((size_t)2 * NTFS_SDS_BLOCK);
    uint64_t size = min_u64(stream->size, SDS_MAX);
    int r = blocks ? 0 : -ENOMEM;

    for (uint64_t at = 0; at < size && r == 0; at += (uint64_t)2 * NTFS_SDS_BLOCK) {
        int64_t n = ntfs_stream_read(&v->ntfs, stream, at, blocks, NTFS_SDS_BLOCK);
        int64_t m = ntfs_stream_read(&v->ntfs, stream, at + NTFS_SDS_BLOCK, blocks + NTFS_SDS_BLOCK,
                                     NTFS_SDS_BLOCK);
        if (n < 0)
            memset(blocks, 0, (size_t)(n = NTFS_SDS_BLOCK));
        r = read_block(v, blocks, blocks + NTFS_SDS_BLOCK, (size_t)n, m < 0 ? 0 : (size_t)m, at);
    }
    return r;
}

static int load_securities(struct ntfs_volume *v)
{
    CLEANUP_FREE void *record = malloc(v->ntfs.geometry.record_size);
    CLEANUP(ntfs_stream) struct ntfs_stream stream = {0};
    int r = record ? ntfs_record_read(&v->ntfs, NTFS_SECURE, record) : -ENOMEM;

    if (v->securities_read)
        return 0;
    if (r == 0)
        r = ntfs_stream_load(&v->ntfs, NTFS_SECURE, record, NTFS_DATA, "$SDS", &stream);
    if (r == 0)
        r = read_stream(v, &stream);
    if (r == -ENOMEM)
        return r;
    v->securities_read = true; /* without $Secure there is nothing to find */
    return 0;
}

/* Of a volume older than 3.0, or a descriptor that never found its way into $Secure. */
static int own_descriptor(const struct ntfs_volume *v, uint64_t number, const void *record,
                          ntfs_machines *machines)
{
    CLEANUP(ntfs_stream) struct ntfs_stream stream = {0};
    int r = ntfs_stream_load(&v->ntfs, number, record, NTFS_SECURITY_DESCRIPTOR, NULL, &stream);

    if (r < 0)
        return r == -ENOMEM ? r : 0;
    size_t size = (size_t)min_u64(stream.size, DESCRIPTOR_MAX);
    CLEANUP_FREE uint8_t *bytes = malloc(size + 1);
    if (!bytes)
        return -ENOMEM;
    int64_t n = ntfs_stream_read(&v->ntfs, &stream, 0, bytes, size);
    return n < 0 ? 0 : machines_of_descriptor(bytes, (size_t)n, machines);
}

static uint32_t security_id_of(const struct ntfs_volume *v, const void *record)
{
    struct ntfs_attributes list;
    struct ntfs_attribute a;

    ntfs_attributes_start(&list, record, v->ntfs.geometry.record_size);
    while (ntfs_attributes_next(&list, &a))
        if (a.type == NTFS_STANDARD_INFORMATION && a.resident &&
            a.value_length >= sizeof(struct ntfs_standard_information))
            return get_le32(((const struct ntfs_standard_information *)(const void *)a.value)
                                ->security_id);
    return 0;
}

int ntfs_volume_machines(struct volume *volume, uint64_t id, ntfs_machines *machines)
{
    struct ntfs_volume *v = (struct ntfs_volume *)volume;
    CLEANUP_FREE void *record = malloc(v->ntfs.geometry.record_size);

    *machines = (ntfs_machines){0};
    int r = record ? ntfs_volume_record(v, id, record) : -ENOMEM;
    if (r == 0)
        r = load_securities(v);
    if (r == 0)
        r = own_descriptor(v, ntfs_number(id), record, machines);
    uint32_t security_id = r == 0 ? security_id_of(v, record) : 0;
    for (size_t i = 0; i < v->securities.count && security_id != 0 && r == 0; i++)
        if (v->securities.items[i].id == security_id)
            r = add_machine(machines, &v->securities.items[i].machine);
    if (r < 0)
        vector_free(machines);
    return r;
}

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* The metadata table (2.6.1) and the known items (2.6.2). */
#include "disk/vhdx.h"

#include "base/cleanup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* One entry of the table, as numbers. */
struct item {
    struct guid guid;
    uint32_t offset, length, flags; /* offset from the start of the region */
    uint64_t entry;                 /* where the entry stands in the file */
    bool in_place;                  /* lies where an item may lie */
};

enum { FILE_PARAMETERS, VIRTUAL_SIZE, LOGICAL_SECTOR, PHYSICAL_SECTOR, DISK_ID, LOCATOR,
       INCOMPLETE, CHS, PMEM_LABEL, KNOWN_ITEMS };

/* 2.6.2, and three that Windows writes without the specification telling of them. */
static const struct known_item {
    struct guid guid;
    const char *name;
    uint32_t length;     /* 0: any */
    bool required;       /* must be there */
    bool specified;      /* the flags are known for sure */
    bool virtual_disk;
} known_items[KNOWN_ITEMS] = {
    [FILE_PARAMETERS] = {VHDX_GUID_FILE_PARAMETERS, "file parameters", 8, true, true, false},
    [VIRTUAL_SIZE] = {VHDX_GUID_VIRTUAL_DISK_SIZE, "virtual disk size", 8, true, true, true},
    [LOGICAL_SECTOR] = {VHDX_GUID_LOGICAL_SECTOR_SIZE, "logical sector size", 4, true, true, true},
    [PHYSICAL_SECTOR] = {VHDX_GUID_PHYSICAL_SECTOR_SIZE, "physical sector size", 4, true, true,
                         true},
    [DISK_ID] = {VHDX_GUID_VIRTUAL_DISK_ID, "virtual disk id", 16, true, true, true},
    [LOCATOR] = {VHDX_GUID_PARENT_LOCATOR, "parent locator", 0, false, true, false},
    [INCOMPLETE] = {VHDX_GUID_INCOMPLETE, "incomplete-file mark", 0, false, false, false},
    [CHS] = {VHDX_GUID_CHS, "geometry", 0, false, false, false},
    [PMEM_LABEL] = {VHDX_GUID_PMEM_LABEL, "persistent-memory label", 0, false, false, false},
};

static int known_index(const struct item *item)
{
    for (int i = 0; i < KNOWN_ITEMS; i++)
        if (!(item->flags & VHDX_ITEM_IS_USER) && guid_equal(&item->guid, &known_items[i].guid))
            return i;
    return -1;
}

static void problem(struct vhdx *v, const char *rule, const struct item *item, const char *text)
{
    char guid[GUID_TEXT_SIZE];

    vhdx_note(v, SEVERITY_PROBLEM, rule, item->entry, "metadata item %s %s",
              guid_format(&item->guid, guid), text);
}

static void check_flags(struct vhdx *v, const struct item *item, const uint8_t reserved[4])
{
    uint32_t all = VHDX_ITEM_IS_USER | VHDX_ITEM_IS_VIRTUAL_DISK | VHDX_ITEM_IS_REQUIRED;

    if ((item->flags & ~all) || !bytes_are_zero(reserved, 4))
        vhdx_note(v, SEVERITY_WARNING, "VHDX-M2", item->entry,
                  "reserved flags or bytes of a metadata entry are set");
    if ((item->flags & VHDX_ITEM_IS_USER) && (item->flags & VHDX_ITEM_IS_REQUIRED))
        problem(v, "VHDX-M7", item, "is a user item and yet required");
    if (guid_is_zero(&item->guid))
        problem(v, "VHDX-M6", item, "has the zero GUID");
}

/* 2.6.1.2: behind the table and within the region, or empty. */
static void check_item_place(struct vhdx *v, struct item *item)
{
    if (item->length > VHDX_ITEM_MAX)
        problem(v, "VHDX-M3", item, "is larger than 1 MiB");
    if (item->length == 0 && item->offset == 0)
        return;
    item->in_place = item->length > 0 && item->offset >= VHDX_TABLE_SIZE &&
                     range_fits(item->offset, item->length, v->metadata.length);
    if (!item->in_place)
        problem(v, "VHDX-M4", item, "does not lie between the table and the end of the region");
    item->in_place = item->in_place && item->length <= VHDX_ITEM_MAX;
}

/* What is known, and what must be known to open the disk. */
static void check_identity(struct vhdx *v, const struct item *item)
{
    int index = known_index(item);
    char guid[GUID_TEXT_SIZE];

    if (index < 0 && (item->flags & VHDX_ITEM_IS_REQUIRED) && !(item->flags & VHDX_ITEM_IS_USER)) {
        problem(v, "VHDX-M8", item, "is required and unknown");
        vhdx_fail(v, -ENOTSUP);
    } else if (index < 0) {
        vhdx_note(v, SEVERITY_INFO, "VHDX-M8-OPTIONAL", item->entry,
                  "unknown metadata item %s that is not required", guid_format(&item->guid, guid));
    } else if (known_items[index].specified &&
               known_items[index].virtual_disk != !!(item->flags & VHDX_ITEM_IS_VIRTUAL_DISK)) {
        vhdx_note(v, SEVERITY_WARNING, "VHDX-M9", item->entry,
                  "the flag IsVirtualDisk of the item %s is wrong", known_items[index].name);
    } else if (index == INCOMPLETE) {
        v->disk->facts->incomplete = true;
        problem(v, "VHDX-M16", item, "marks a file whose creation or conversion never finished");
    } else if (index == CHS || index == PMEM_LABEL) {
        vhdx_note(v, SEVERITY_INFO, "VHDX-M17", item->entry, "undocumented item present: %s",
                  known_items[index].name);
    }
}

static struct item get_item(const struct vhdx_metadata_entry *entry, uint64_t at)
{
    return (struct item){
        .guid = vhdx_get_guid(entry->item),
        .offset = get_le32(entry->offset),
        .length = get_le32(entry->length),
        .flags = get_le32(entry->flags),
        .entry = at,
    };
}

static int by_identity(const void *a, const void *b)
{
    const struct item *x = a, *y = b;
    int order = guid_compare(&x->guid, &y->guid);

    return order ? order
                 : (int)(x->flags & VHDX_ITEM_IS_USER) - (int)(y->flags & VHDX_ITEM_IS_USER);
}

static int by_offset(const void *a, const void *b)
{
    const struct item *x = a, *y = b;

    return x->offset < y->offset ? -1 : x->offset > y->offset;
}

/* What only shows when all items are seen together. */
static void check_together(struct vhdx *v, struct item *items, size_t count)
{
    uint64_t total[2] = {0}, end = 0;
    size_t users = 0;

    qsort(items, count, sizeof(*items), by_identity);
    for (size_t i = 0; i < count; i++) {
        bool user = items[i].flags & VHDX_ITEM_IS_USER;
        total[user] += items[i].length;
        users += user;
        if (i > 0 && by_identity(&items[i - 1], &items[i]) == 0)
            problem(v, "VHDX-M6", &items[i], "is there more than once");
    }
    if (users > VHDX_USER_ITEMS_MAX || count - users > VHDX_ENTRIES_MAX - VHDX_USER_ITEMS_MAX)
        vhdx_note(v, SEVERITY_PROBLEM, "VHDX-M1", v->metadata.offset + 10,
                  "%zu system and %zu user items, more than the 1023 and 1024 allowed",
                  count - users, users);
    if (max_u64(total[0], total[1]) > 40 * MIB)
        vhdx_note(v, SEVERITY_PROBLEM, "VHDX-M3", v->metadata.offset,
                  "the metadata items of one class are larger than 40 MiB together");
    qsort(items, count, sizeof(*items), by_offset);
    for (size_t i = 0; i < count; i++) {
        if (items[i].length > 0 && items[i].offset < end)
            problem(v, "VHDX-M5", &items[i], "overlaps another item");
        end = max_u64(end, (uint64_t)items[i].offset + items[i].length);
    }
}

static int read_header(struct vhdx *v, size_t *count)
{
    struct vhdx_metadata_header h;
    int r = vhdx_read(v, v->metadata.offset, &h, sizeof(h));

    if (r < 0)
        return r;
    if (memcmp(h.signature, "metadata", 8) != 0) {
        vhdx_note(v, SEVERITY_PROBLEM, "VHDX-M1", v->metadata.offset,
                  "the metadata region has no signature \"metadata\"");
        return -EBADMSG;
    }
    *count = get_le16(h.entry_count);
    if (*count > VHDX_ENTRIES_MAX) {
        vhdx_note(v, SEVERITY_PROBLEM, "VHDX-M1", v->metadata.offset + 10,
                  "the metadata table has %zu entries, more than 2047", *count);
        return -EBADMSG;
    }
    if (get_le16(h.reserved) != 0 || !bytes_are_zero(h.reserved2, sizeof(h.reserved2)))
        vhdx_note(v, SEVERITY_WARNING, "VHDX-M2", v->metadata.offset + 8,
                  "reserved bytes of the metadata table are not zero");
    if (v->metadata.length > VHDX_METADATA_MAX)
        vhdx_note(v, SEVERITY_PROBLEM, "VHDX-M3", v->metadata.offset,
                  "the metadata region is larger than 128 MiB");
    return 0;
}

/* All items, checked one by one and together; *found are the known ones. */
static int read_table(struct vhdx *v, struct item found[KNOWN_ITEMS])
{
    size_t count = 0;
    int r = read_header(v, &count);

    if (r < 0)
        return r;
    uint64_t at = v->metadata.offset + sizeof(struct vhdx_metadata_header);
    CLEANUP_FREE struct vhdx_metadata_entry *entries = calloc(count + 1, sizeof(*entries));
    CLEANUP_FREE struct item *items = calloc(count + 1, sizeof(*items));
    if (!entries || !items)
        return -ENOMEM;
    r = vhdx_read(v, at, entries, count * sizeof(*entries));
    for (size_t i = 0; i < count && r == 0; i++) {
        items[i] = get_item(&entries[i], at + i * sizeof(*entries));
        check_flags(v, &items[i], entries[i].reserved);
        check_item_place(v, &items[i]);
        check_identity(v, &items[i]);
        int index = known_index(&items[i]);
        if (index >= 0 && !found[index].entry)
            found[index] = items[i];
    }
    if (r == 0)
        check_together(v, items, count);
    return r;
}

static int fatal(struct vhdx *v, const char *rule, const struct item *item, const char *text)
{
    vhdx_note(v, SEVERITY_PROBLEM, rule, item->entry ? item->entry : v->metadata.offset, "%s", text);
    return vhdx_fail(v, -EBADMSG);
}

/* The bytes of an item of fixed length; *there stays false when it can't be had. */
static int read_item(struct vhdx *v, const struct item *item, int index, const char *length_rule,
                     void *buffer, bool *there)
{
    const struct known_item *known = &known_items[index];

    if (!item->entry) {
        vhdx_note(v, SEVERITY_PROBLEM, "VHDX-M15", v->metadata.offset,
                  "the required metadata item \"%s\" is missing", known->name);
        return vhdx_fail(v, -EBADMSG);
    }
    if (item->length != known->length) {
        vhdx_note(v, SEVERITY_PROBLEM, length_rule, item->entry,
                  "the metadata item \"%s\" has %u bytes, expected %u", known->name, item->length,
                  known->length);
        return vhdx_fail(v, -EBADMSG);
    }
    if (!item->in_place)
        return vhdx_fail(v, -EBADMSG);
    int r = vhdx_read(v, v->metadata.offset + item->offset, buffer, known->length);
    *there = r == 0;
    return r == -EBADMSG ? fatal(v, "VHDX-M4", item, "a metadata item lies behind the end of file")
                         : r;
}

static int read_parameters(struct vhdx *v, const struct item *item)
{
    struct disk_facts *facts = v->disk->facts;
    struct vhdx_file_parameters p;
    bool there = false;
    int r = read_item(v, item, FILE_PARAMETERS, "VHDX-M10", &p, &there);

    if (r < 0 || !there)
        return r;
    uint32_t flags = get_le32(p.flags), size = get_le32(p.block_size);
    v->has_parent = flags & VHDX_HAS_PARENT;
    facts->kind = v->has_parent                          ? DISK_DIFFERENCING
                  : (flags & VHDX_LEAVE_BLOCKS_ALLOCATED) ? DISK_FIXED
                                                          : DISK_DYNAMIC;
    if (v->has_parent && (flags & VHDX_LEAVE_BLOCKS_ALLOCATED))
        vhdx_note(v, SEVERITY_INFO, "VHDX-M18", v->metadata.offset + item->offset + 4,
                  "LeaveBlockAllocated is set on a differencing disk, where it means nothing");
    if (flags & ~(VHDX_HAS_PARENT | VHDX_LEAVE_BLOCKS_ALLOCATED))
        return fatal(v, "VHDX-M10", item, "reserved flags of the file parameters are set");
    if (!is_power_of_two(size) || size < VHDX_BLOCK_SIZE_MIN || size > VHDX_BLOCK_SIZE_MAX)
        return fatal(v, "VHDX-M10", item, "BlockSize is not a power of two from 1 to 256 MiB");
    facts->block_size = size;
    return 0;
}

static int read_sector_size(struct vhdx *v, const struct item *item, int index, uint32_t *size)
{
    le32 value;
    bool there = false;
    int r = read_item(v, item, index, index == LOGICAL_SECTOR ? "VHDX-M12" : "VHDX-M13", &value,
                      &there);

    if (r == 0 && there)
        *size = get_le32(value);
    return r;
}

static int read_sector_sizes(struct vhdx *v, const struct item *found)
{
    struct disk_facts *facts = v->disk->facts;
    uint32_t logical = 0, physical = 0;
    int r = read_sector_size(v, &found[LOGICAL_SECTOR], LOGICAL_SECTOR, &logical);

    if (r == 0)
        r = read_sector_size(v, &found[PHYSICAL_SECTOR], PHYSICAL_SECTOR, &physical);
    if (r < 0)
        return r;
    facts->physical_sector_size = physical;
    if (logical == 512 || logical == 4096)
        facts->logical_sector_size = logical;
    else if (found[LOGICAL_SECTOR].in_place)
        fatal(v, "VHDX-M12", &found[LOGICAL_SECTOR], "LogicalSectorSize is neither 512 nor 4096");
    if (physical != 0 && ((physical != 512 && physical != 4096) || physical < logical))
        vhdx_note(v, SEVERITY_WARNING, "VHDX-M13", found[PHYSICAL_SECTOR].entry,
                  "PhysicalSectorSize is %u with logical sectors of %u", physical, logical);
    return 0;
}

static int read_virtual_size(struct vhdx *v, const struct item *item)
{
    struct disk_facts *facts = v->disk->facts;
    le64 value;
    bool there = false;
    int r = read_item(v, item, VIRTUAL_SIZE, "VHDX-M11", &value, &there);

    if (r < 0 || !there)
        return r;
    uint64_t size = get_le64(value);
    if (size == 0 || size > VHDX_VIRTUAL_SIZE_MAX ||
        (facts->logical_sector_size && size % facts->logical_sector_size != 0))
        return fatal(v, "VHDX-M11", item,
                     "VirtualDiskSize is zero, above 64 TiB, or not a multiple of the sector size");
    facts->virtual_size = size;
    return 0;
}

static int read_disk_id(struct vhdx *v, const struct item *item)
{
    struct disk_facts *facts = v->disk->facts;
    vhdx_guid id;
    bool there = false;
    int r = read_item(v, item, DISK_ID, "VHDX-M14", &id, &there);

    if (r < 0 || !there)
        return r;
    facts->virtual_disk_id = vhdx_get_guid(id);
    facts->has_virtual_disk_id = true;
    if (guid_is_zero(&facts->virtual_disk_id))
        vhdx_note(v, SEVERITY_WARNING, "VHDX-M14", item->entry, "the virtual disk id is zero");
    return 0;
}

static int read_parent(struct vhdx *v, const struct item *item)
{
    uint64_t offset = v->metadata.offset + item->offset;

    if (!v->has_parent && !item->entry)
        return 0;
    if (!v->has_parent) {
        vhdx_note(v, SEVERITY_WARNING, "VHDX-P1", item->entry,
                  "there is a parent locator, but the disk has no parent");
        return 0;
    }
    v->disk->facts->parent = calloc(1, sizeof(struct disk_parent));
    if (!v->disk->facts->parent)
        return -ENOMEM;
    if (!item->entry || !item->in_place) {
        vhdx_note(v, SEVERITY_PROBLEM, "VHDX-P1", item->entry ? item->entry : v->metadata.offset,
                  "a differencing disk without parent locator");
        return 0;
    }
    CLEANUP_FREE uint8_t *bytes = malloc(item->length);
    if (!bytes)
        return -ENOMEM;
    int r = vhdx_read(v, offset, bytes, item->length);
    if (r == -EBADMSG)
        return fatal(v, "VHDX-M4", item, "the parent locator lies behind the end of the file");
    return r < 0 ? r : vhdx_read_locator(v, offset, bytes, item->length);
}

/* 2.5: chunk ratio and number of BAT entries, once all that they hang on is known to be sound. */
static void compute_geometry(struct vhdx *v)
{
    const struct disk_facts *facts = v->disk->facts;

    if (!facts->block_size || !facts->logical_sector_size || !facts->virtual_size)
        return;
    uint64_t blocks = div_round_up(facts->virtual_size, facts->block_size);
    v->chunk_ratio = VHDX_CHUNK_SECTORS * facts->logical_sector_size / facts->block_size;
    v->bat_entries = v->has_parent ? div_round_up(blocks, v->chunk_ratio) * (v->chunk_ratio + 1)
                                   : blocks + (blocks - 1) / v->chunk_ratio;
    v->disk->block_count = blocks;
}

int vhdx_read_metadata(struct vhdx *v)
{
    struct item found[KNOWN_ITEMS] = {0};
    int r = read_table(v, found);

    if (r == -EBADMSG)
        vhdx_note(v, SEVERITY_PROBLEM, "VHDX-M1", v->metadata.offset,
                  "the metadata table lies behind the end of the file");
    if (r == 0)
        r = read_parameters(v, &found[FILE_PARAMETERS]);
    if (r == 0)
        r = read_sector_sizes(v, found);
    if (r == 0)
        r = read_virtual_size(v, &found[VIRTUAL_SIZE]);
    if (r == 0)
        r = read_disk_id(v, &found[DISK_ID]);
    if (r == 0)
        r = read_parent(v, &found[LOCATOR]);
    if (r == 0)
        compute_geometry(v);
    return r;
}

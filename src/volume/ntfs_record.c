/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "volume/ntfs_record.h"

#include "base/checked.h"

#include <string.h>

enum ntfs_record_state ntfs_record_fix(void *record, size_t size)
{
    struct ntfs_record_header *header = record;
    uint8_t *bytes = record;
    size_t strides = size / NTFS_FIXUP_STRIDE;
    size_t fixups = get_le16(header->fixup_offset), count = get_le16(header->fixup_count);

    if (bytes_are_zero(header->signature, sizeof(header->signature)))
        return NTFS_RECORD_EMPTY;
    if (memcmp(header->signature, "BAAD", 4) == 0)
        return NTFS_RECORD_TORN;
    if (memcmp(header->signature, "FILE", 4) != 0 || count != strides + 1 ||
        fixups < offsetof(struct ntfs_record_header, next_attribute_id) || fixups % 2 != 0 ||
        !range_fits(fixups, 2 * count, NTFS_FIXUP_STRIDE - 2))
        return NTFS_RECORD_WRONG;
    for (size_t i = 0; i < strides; i++)
        if (memcmp(bytes + (i + 1) * NTFS_FIXUP_STRIDE - 2, bytes + fixups, 2) != 0)
            return NTFS_RECORD_TORN;
    for (size_t i = 0; i < strides; i++)
        memcpy(bytes + (i + 1) * NTFS_FIXUP_STRIDE - 2, bytes + fixups + 2 + 2 * i, 2);
    return NTFS_RECORD_WHOLE;
}

const char *ntfs_record_state_name(enum ntfs_record_state state)
{
    static const char *const names[] = {
        "whole",
        "never used",
        "torn, with sectors of different writes",
        "something else stands there",
    };

    return names[state];
}

void ntfs_attributes_start(struct ntfs_attributes *list, const void *record, size_t size)
{
    const struct ntfs_record_header *header = record;
    size_t used = get_le32(header->used_size);

    *list = (struct ntfs_attributes){
        .record = record,
        .at = get_le16(header->attributes_offset),
        .end = used < size ? used : size,
    };
    if (list->at % 8 != 0 || list->at < offsetof(struct ntfs_record_header, next_attribute_id) ||
        list->at > list->end || used > size)
        list->damaged = true;
}

static bool read_resident(struct ntfs_attribute *a, const uint8_t *bytes, size_t length)
{
    const struct ntfs_resident *r = (const void *)(bytes + sizeof(struct ntfs_attribute_header));

    if (length < sizeof(struct ntfs_attribute_header) + sizeof(*r) ||
        !range_fits(get_le16(r->value_offset), get_le32(r->value_length), length))
        return false;
    a->resident = true;
    a->value = bytes + get_le16(r->value_offset);
    a->value_length = get_le32(r->value_length);
    return true;
}

static bool read_non_resident(struct ntfs_attribute *a, const uint8_t *bytes, size_t length)
{
    const struct ntfs_non_resident *n =
        (const void *)(bytes + sizeof(struct ntfs_attribute_header));

    if (length < sizeof(struct ntfs_attribute_header) + sizeof(*n) ||
        get_le16(n->runs_offset) > length)
        return false;
    a->resident = false;
    a->value = bytes + get_le16(n->runs_offset);
    a->value_length = length - get_le16(n->runs_offset);
    a->first_vcn = get_le64(n->first_vcn);
    a->last_vcn = get_le64(n->last_vcn);
    a->compression_unit = n->compression_unit;
    if (a->first_vcn == 0) {
        a->allocated_size = get_le64(n->allocated_size);
        a->size = get_le64(n->size);
        a->initialized_size = get_le64(n->initialized_size);
    }
    return true;
}

bool ntfs_attributes_next(struct ntfs_attributes *list, struct ntfs_attribute *a)
{
    const uint8_t *bytes = list->record + list->at;
    const struct ntfs_attribute_header *header = (const void *)bytes;

    if (list->damaged || list->end - list->at < sizeof(header->type))
        return false;
    *a = (struct ntfs_attribute){.type = get_le32(header->type)};
    if (a->type == NTFS_ATTRIBUTES_END)
        return false;
    list->damaged = true; /* until shown otherwise */
    if (list->end - list->at < sizeof(*header))
        return false;
    size_t length = get_le32(header->length);
    if (length < sizeof(*header) || length % 8 != 0 || length > list->end - list->at ||
        !range_fits(get_le16(header->name_offset), 2 * (size_t)header->name_length, length))
        return false;
    a->flags = get_le16(header->flags);
    a->name = bytes + get_le16(header->name_offset);
    a->name_length = header->name_length;
    if (!(header->non_resident ? read_non_resident(a, bytes, length)
                               : read_resident(a, bytes, length)))
        return false;
    list->damaged = false;
    list->at += length;
    return true;
}

bool ntfs_attribute_is(const struct ntfs_attribute *a, uint32_t type, const char *name)
{
    size_t length = name ? strlen(name) : 0;

    if (a->type != type || a->name_length != length)
        return false;
    for (size_t i = 0; i < length; i++)
        if (load_le16(a->name + 2 * i) != (uint8_t)name[i])
            return false;
    return true;
}

/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "volume/ntfs_reparse.h"

#include "base/checked.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "volume/ntfs_format.h"

#include <stdlib.h>
#include <string.h>

#define REPLACEMENT "\xEF\xBF\xBD"

char *ntfs_name(const void *utf16, size_t units)
{
    char *name = text_from_utf16le(utf16, 2 * units, NULL);
    struct strbuf out = {0};

    if (!name)
        return NULL;
    if (name[0] == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        strbuf_append(&out, REPLACEMENT);
    for (const char *p = name; *p; p++)
        if (*p == '/')
            strbuf_append(&out, REPLACEMENT);
        else
            strbuf_append_char(&out, *p);
    free(name);
    return strbuf_steal(&out);
}

uint32_t ntfs_reparse_tag(const void *data, size_t size)
{
    const struct ntfs_reparse *reparse = data;

    return size >= sizeof(*reparse) ? get_le32(reparse->tag) : 0;
}

static char *without_native_prefix(char *target)
{
    if (target && strncmp(target, "\\??\\", 4) == 0)
        target[1] = '\\';
    return target;
}

char *ntfs_reparse_target(const void *data, size_t size)
{
    uint32_t tag = ntfs_reparse_tag(data, size);
    const struct ntfs_link_names *names =
        (const void *)((const uint8_t *)data + sizeof(struct ntfs_reparse));
    const uint8_t *text = (const uint8_t *)(names + 1);
    size_t flags = tag == NTFS_TAG_SYMLINK ? 4 : 0;
    size_t fixed = sizeof(struct ntfs_reparse) + sizeof(*names) + flags;

    if (tag == NTFS_TAG_LX_SYMLINK && size > sizeof(struct ntfs_reparse) + 4) {
        /* a version number and UTF-8 */
        size_t skip = sizeof(struct ntfs_reparse) + 4;
        struct strbuf target = {0};
        for (size_t i = skip; i < size && ((const char *)data)[i]; i++)
            strbuf_append_char(&target, ((const char *)data)[i]);
        return strbuf_steal(&target);
    }
    if ((tag != NTFS_TAG_SYMLINK && tag != NTFS_TAG_MOUNT_POINT) || size < fixed)
        return NULL;
    size_t offset = get_le16(names->substitute_offset), length = get_le16(names->substitute_length);
    if (length == 0 || !range_fits(offset, length, size - fixed))
        return NULL;
    return without_native_prefix(text_from_utf16le(text + flags + offset, length, NULL));
}

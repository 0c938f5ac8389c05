/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "volume/image_parts.h"

#include "base/checked.h"
#include "base/cleanup.h"
#include "os/os_file.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A copy of the path, and where in it the three characters of ".xyz" stand; NULL without them. */
static char *copy_with_extension(const char *path, char **extension)
{
    size_t length = strlen(path);
    char *copy = length >= 4 && path[length - 4] == '.' ? strdup(path) : NULL;

    if (copy)
        *extension = copy + length - 3;
    return copy;
}


char *image_split_name(const char *path, unsigned number)
{
    char *e, text[16];
    char *name = copy_with_extension(path, &e);

    /* Only the first part may be named: 000 or 001. */
    if (name && e[0] == '0' && e[1] == '0' && (e[2] == '0' || e[2] == '1')) {
        number += (unsigned)(e[2] - '0');
        if (number <= 999) {
            snprintf(text, sizeof(text), "%03u", number);
            memcpy(e, text, 3);
            return name;
        }
    }
    free(name);
    return NULL;
}

char *image_ewf_name(const char *path, unsigned number)
{
    char *e;
    char *name = copy_with_extension(path, &e);

    if (!name || !isalpha((unsigned char)e[0]) || e[1] != '0' || e[2] != '1') {
        free(name);
        return NULL;
    }
    char a = islower((unsigned char)e[0]) ? 'a' : 'A';
    if (number < 99) {
        e[1] = (char)('0' + (number + 1) / 10);
        e[2] = (char)('0' + (number + 1) % 10);
        return name;
    }
    number -= 99;
    unsigned first = (unsigned)(e[0] - a) + number / (26 * 26);
    if (first >= 26) {
        free(name);
        return NULL;
    }
    e[0] = (char)(a + (char)first);
    e[1] = (char)(a + (char)(number / 26 % 26));
    e[2] = (char)(a + (char)(number % 26));
    return name;
}

int image_parts_open(image_parts *parts, const char *path, image_part_name *name_of)
{
    for (unsigned number = 1; number < IMAGE_PARTS_MAX; number++) {
        CLEANUP_FREE char *name = name_of(path, number);
        io_source *part;
        int r = name ? os_file_open(name, false, &part) : -ENOENT;
        if (r < 0)
            return r == -ENOENT ? 0 : r;
        io_source **added = vector_push(parts);
        if (!added) {
            io_unref(part);
            return -ENOMEM;
        }
        *added = part;
    }
    return 0;
}

void image_parts_free(image_parts *parts)
{
    for (size_t i = 0; i < parts->count; i++)
        io_unref(parts->items[i]);
    vector_free(parts);
}

struct joined {
    size_t count;
    struct {
        uint64_t end; /* in the whole */
        io_source *source;
    } parts[];
};

static int64_t joined_read(void *self, uint64_t offset, void *buffer, size_t length)
{
    const struct joined *joined = self;
    size_t low = 0, high = joined->count;

    while (low < high) { /* the first part that ends behind offset */
        size_t middle = low + (high - low) / 2;
        if (joined->parts[middle].end > offset)
            high = middle;
        else
            low = middle + 1;
    }
    if (low == joined->count)
        return 0;
    uint64_t start = joined->parts[low].end - io_size(joined->parts[low].source);
    length = (size_t)min_u64(length, joined->parts[low].end - offset);
    return io_read_some(joined->parts[low].source, offset - start, buffer, length);
}

static void joined_close(void *self)
{
    struct joined *joined = self;

    for (size_t i = 0; i < joined->count; i++)
        io_unref(joined->parts[i].source);
    free(joined);
}

io_source *image_parts_join(const image_parts *parts)
{
    static const struct io_ops ops = {joined_read, joined_close};
    struct joined *joined = malloc(sizeof(*joined) + parts->count * sizeof(joined->parts[0]));
    uint64_t end = 0;

    if (!joined)
        return NULL;
    joined->count = 0;
    for (size_t i = 0; i < parts->count; i++) {
        if (ADD_OVERFLOW(end, io_size(parts->items[i]), &end)) {
            joined_close(joined);
            return NULL;
        }
        joined->parts[i].end = end;
        joined->parts[i].source = io_ref(parts->items[i]);
        joined->count++;
    }
    return io_source_new(&ops, joined, end);
}

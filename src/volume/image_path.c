/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "volume/image_path.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static bool is_file(const char *path)
{
    struct stat s;

    return stat(path, &s) == 0 && (S_ISREG(s.st_mode) || S_ISBLK(s.st_mode));
}

/* Length of "!" or "!p2!" at the beginning of what follows the image, 0 when that names no volume.
 */
static size_t volume_length(const char *rest)
{
    size_t length = strcspn(rest, "/");

    return rest[length - 1] == '!' ? length : 0;
}

static int take(struct image_path *path, const char *whole, size_t image, size_t volume)
{
    const char *inner = whole + image + volume;
    size_t length;

    inner += strspn(inner, "/");
    for (length = strlen(inner); length > 0 && inner[length - 1] == '/';)
        length--;
    path->image = strndup(whole, image);
    path->volume = strndup(whole + image, volume);
    path->inner = strndup(inner, length);
    if (path->image && path->volume && path->inner)
        return 0;
    image_path_free(path);
    return -ENOMEM;
}

int image_path_parse(struct image_path *path, const char *whole)
{
    *path = (struct image_path){0};
    for (const char *mark = strchr(whole, '!'); mark; mark = strchr(mark + 1, '!')) {
        size_t image = (size_t)(mark - whole), volume = volume_length(mark);
        CLEANUP_FREE char *file = strndup(whole, image);
        if (!file)
            return -ENOMEM;
        if (volume > 0 && is_file(file))
            return take(path, whole, image, volume);
    }
    return -ENOENT;
}

int image_path_copy(struct image_path *path, const struct image_path *from)
{
    *path = (struct image_path){0};
    if (!from->image)
        return 0;
    *path = (struct image_path){strdup(from->image), strdup(from->volume), strdup(from->inner)};
    if (path->image && path->volume && path->inner)
        return 0;
    image_path_free(path);
    return -ENOMEM;
}

void image_path_free(struct image_path *path)
{
    free(path->image);
    free(path->volume);
    free(path->inner);
    *path = (struct image_path){0};
}

unsigned image_path_shadow(const struct image_path *path, size_t *length)
{
    const char *mark = strstr(path->volume, "!vss");
    const char *number = mark ? mark + strlen("!vss") : "";
    size_t digits = strspn(number, "0123456789");

    *length = strlen(path->volume);
    if (digits == 0 || digits > 4 || strcmp(number + digits, "!") != 0)
        return 0;
    *length = (size_t)(mark + 1 - path->volume);
    return (unsigned)strtoul(number, NULL, 10);
}

size_t image_path_depth(const struct image_path *path)
{
    size_t depth = path->inner[0] != '\0';

    for (const char *p = path->inner; *p; p++)
        depth += *p == '/';
    return depth;
}

static bool same_element(const char *a, size_t a_length, const char *b, size_t b_length)
{
    CLEANUP_FREE char *left = strndup(a, a_length);
    CLEANUP_FREE char *right = strndup(b, b_length);

    return left && right && text_compare_folded(left, right) == 0;
}

size_t image_path_common(const struct image_path *path, const char *other)
{
    const char *inner = path->inner;
    size_t common = 0;

    while (*inner && *other) {
        size_t a = strcspn(inner, "/"), b = strcspn(other, "/");
        if (!same_element(inner, a, other, b))
            break;
        common++;
        inner += a + (inner[a] == '/');
        other += b + (other[b] == '/');
    }
    return common;
}

bool image_path_holds(const struct image_path *path, const char *other)
{
    return image_path_common(path, other) == image_path_depth(path);
}

/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "../testing.h"

#include "image_testing.h"
#include "ntfs_samples.h"

#include "base/strbuf.h"

#include <stdlib.h>
#include <string.h>

int image_append(void *user, const struct volume_entry *entry)
{
    strbuf_printf(user, "%s %llu\n", entry->path, (unsigned long long)entry->size);
    return 0;
}

void image_refuse(void *user, const char *path, const char *reason)
{
    fail_msg("%s: %s", path, reason);
}

char *image_contents(const char *path, struct workers *workers)
{
    struct strbuf out = {0};
    struct notes notes = {0};
    struct image image;

    assert_int_equal(image_open(&image, path, &(struct image_tools){workers}, &notes), 0);
    assert_int_equal(notes.count, 0);
    for (size_t i = 0; i < image.volumes.count; i++) {
        struct volume *volume = image.volumes.items[i].volume;
        assert_int_equal(image.volumes.items[i].status, 0);
        assert_int_equal(strncmp(volume->display_root, path, strlen(path)), 0);
        strbuf_printf(&out, "%s\n", volume->display_root + strlen(path));
        assert_int_equal(volume_walk(volume, image_append, image_refuse, &out), 0);
    }
    image_close(&image);
    notes_free(&notes);
    return strbuf_steal(&out);
}

bool shell(const char *format, ...)
{
    struct strbuf command = {0};
    va_list ap;

    va_start(ap, format);
    strbuf_vprintf(&command, format, ap);
    va_end(ap);
    bool done = system(strbuf_text(&command)) == 0;
    strbuf_free(&command);
    return done;
}

char *image_sample(const char *name)
{
    char *path = ntfs_sample_path(ntfs_sample_named(name));

    if (!path)
        skip();
    return path;
}

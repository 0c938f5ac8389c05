/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "../testing.h"

#include "ntfs_samples.h"
#include "sample_volumes.h"

#include "base/checked.h"
#include "base/cleanup.h"
#include "base/strbuf.h"
#include "volume/image.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void write_raw(io_source *disk, const char *path)
{
    static uint8_t bytes[MIB];
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    for (uint64_t at = 0; at < io_size(disk); at += sizeof(bytes)) {
        size_t n = (size_t)min_u64(sizeof(bytes), io_size(disk) - at);
        assert_int_equal(io_read(disk, at, bytes, n), 0);
        assert_int_equal(fwrite(bytes, 1, n, file), n);
    }
    assert_int_equal(fclose(file), 0);
}

size_t each_volume_of(const char *path, const char *name, sample_volume_check *check, void *user)
{
    struct image image;
    size_t checked = 0;

    assert_int_equal(image_open(&image, path, NULL, NULL), 0);
    bool is_raw = image.container == IMAGE_RAW;
    if (!is_raw)
        write_raw(image.disk, "raw");
    for (size_t i = 0; i < image.volumes.count; i++) {
        const struct image_volume *v = &image.volumes.items[i];
        const struct partition *p = &image.partitions.items.items[v->partition];
        assert_int_equal(p->content, PARTITION_NTFS);
        const struct sample_volume volume = {name, v->source, is_raw ? path : "raw",
                                             p->offset / 512};
        check(user, &volume);
        checked++;
    }
    image_close(&image);
    return checked;
}

void each_sample_volume(sample_volume_check *check, void *user)
{
    size_t checked = 0;

    for (size_t i = 0; i < ntfs_sample_count; i++) {
        CLEANUP_FREE char *path = ntfs_sample_path(&ntfs_samples[i]);
        if (path)
            checked += each_volume_of(path, ntfs_samples[i].name, check, user);
    }
    if (checked == 0)
        skip();
}

bool make_ntfs(const char *path, const char *options)
{
    CLEANUP_FREE char *command = string_printf(
        "PATH=$PATH:/usr/sbin:/sbin; exec > log 2>&1; rm -rf '%s' mounted; mkdir mounted && "
        "truncate -s 64M '%s' && mkntfs -F -q %s '%s' && unshare --mount sh -e -c '"
        "ntfs-3g -o compression,streams_interface=windows %s mounted; "
        "trap \"umount mounted\" EXIT; python3 \"$HVCHAIN_SOURCE/tests/unit/volume/fill_ntfs\" "
        "mounted'",
        path, path, options, path, path);

    return command && system(command) == 0;
}

/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "ntfs_samples.h"

#include "base/checked.h"
#include "base/cleanup.h"
#include "base/strbuf.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FROM_VHDX                                                                                  \
    "gunzip -c \"$packed\" > \"$new.vhdx\" && qemu-img convert -O raw \"$new.vhdx\" \"$new\" && "      \
    "rm \"$new.vhdx\""
#define GUNZIP "gunzip -c \"$packed\" > \"$new\""

/* The volume as it was in a shadow copy, by libvshadow alone; its package is for that python3. */
#define FROM_SHADOW(index)                                                                         \
    "gunzip -c \"$packed\" > \"$new.vss\" && /usr/bin/python3 -c '"                                         \
    "import pyvshadow, shutil, sys; volume = pyvshadow.volume(); volume.open(sys.argv[1]); "       \
    "shutil.copyfileobj(volume.get_store(" index "), open(sys.argv[2], \"wb\"), 1 << 20)"          \
    "' \"$new.vss\" \"$new\" && rm \"$new.vss\""

const struct ntfs_sample ntfs_samples[] = {
    {"ntfs/ntfs.raw.gz", GUNZIP, "ntfs.raw"},
    {"ntfs/vss.raw.gz", GUNZIP, "vss.raw"},
    {"ntfs/vss.raw.gz", FROM_SHADOW("0"), "vss1.raw"},
    {"ntfs/vss.raw.gz", FROM_SHADOW("1"), "vss2.raw"},
    {"ntfs/charlie.dd.bz2", "bunzip2 -c \"$packed\" > \"$new\"", "charlie.raw"},
    {"ntfs/test.ntfs.dd.E01", "img_cat \"$packed\" > \"$new\"", "e01.raw"},
    {"ntfs/usnjrnl.qcow2", "qemu-img convert -O raw \"$packed\" \"$new\"", "usnjrnl.raw"},
    {"vhdx/ntfs-dynamic.vhdx.gz", FROM_VHDX, "dynamic.raw"},
    {"vhdx/ntfs-parent.vhdx.gz", FROM_VHDX, "parent.raw"},
    {"vhdx/windows-fixed.vhdx.gz", FROM_VHDX, "windows.raw"},
    /* As files of their own; a parent stands before its child, which looks for it. */
    {"vhdx/ntfs-fixed.vhdx.gz", GUNZIP, "ntfs-fixed.vhdx"},
    {"vhdx/ntfs-parent.vhdx.gz", GUNZIP, "ntfs-parent.vhdx"},
    {"vhdx/ntfs-differential.vhdx.gz", GUNZIP, "ntfs-differential.vhdx"},
    {"vhd/ntfs-dynamic.vhd.gz", GUNZIP, "ntfs-dynamic.vhd"},
    {"vhd/ntfs-parent.vhd.gz", GUNZIP, "ntfs-parent.vhd"},
    {"vhd/ntfs-differential.vhd.gz", GUNZIP, "ntfs-differential.vhd"},
};
const size_t ntfs_sample_count = ARRAY_SIZE(ntfs_samples);

const struct ntfs_sample *ntfs_sample_named(const char *name)
{
    for (size_t i = 0; i < ntfs_sample_count; i++)
        if (strcmp(ntfs_samples[i].name, name) == 0)
            return &ntfs_samples[i];
    return NULL;
}

FILE *run(const char *format, ...)
{
    struct strbuf command = {0};
    va_list ap;

    va_start(ap, format);
    strbuf_vprintf(&command, format, ap);
    va_end(ap);
    FILE *lines = popen(strbuf_text(&command), "r");
    strbuf_free(&command);
    return lines;
}

bool have_program(const char *name)
{
    FILE *lines = run("command -v %s", name);
    int c = lines ? fgetc(lines) : EOF;

    if (lines)
        pclose(lines);
    return c != EOF;
}

char *sample_packed_path(const char *packed)
{
    const char *samples = getenv("HVCHAIN_SAMPLES"), *source = getenv("HVCHAIN_SOURCE");

    if (samples)
        return string_printf("%s/%s", samples, packed);
    return string_printf("%s/../shared/samples/%s", source ? source : ".", packed);
}

/* Through a name of our own: several tests may unpack at once. */
static bool unpack(const struct ntfs_sample *sample, const char *packed, const char *to)
{
    CLEANUP_FREE char *command =
        string_printf("packed='%s'; to='%s'; new=\"$to.$$\"; %s && mv \"$new\" \"$to\"", packed, to,
                      sample->command);

    return command && system(command) == 0;
}

char *ntfs_sample_path(const struct ntfs_sample *sample)
{
    const char *build = getenv("HVCHAIN_BUILD");
    CLEANUP_FREE char *packed = sample_packed_path(sample->packed);
    CLEANUP_FREE char *folder = build ? string_printf("%s/samples", build) : NULL;
    char *path = folder ? string_printf("%s/%s", folder, sample->name) : NULL;

    if (!path) { /* nowhere else: what is unpacked into the source may end up in a commit */
        printf("skipped: HVCHAIN_BUILD does not say where to unpack samples\n");
        return NULL;
    }
    mkdir(folder, 0777);
    if (access(path, R_OK) == 0)
        return path;
    if (access(packed, R_OK) != 0)
        printf("skipped: no sample %s\n", packed);
    else if (!unpack(sample, packed, path))
        printf("skipped: %s cannot be unpacked here\n", packed);
    else
        return path;
    free(path);
    return NULL;
}

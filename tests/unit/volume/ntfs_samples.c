/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "ntfs_samples.h"

#include "base/checked.h"
#include "base/cleanup.h"
#include "base/strbuf.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const struct ntfs_sample ntfs_samples[] = {
    {"ntfs.raw.gz", "gunzip -c \"$packed\" > \"$new\"", "ntfs.raw"},
    {"vss.raw.gz", "gunzip -c \"$packed\" > \"$new\"", "vss.raw"},
    {"charlie.dd.bz2", "bunzip2 -c \"$packed\" > \"$new\"", "charlie.raw"},
    {"test.ntfs.dd.E01", "img_cat \"$packed\" > \"$new\"", "e01.raw"},
    {"usnjrnl.qcow2", "qemu-img convert -O raw \"$packed\" \"$new\"", "usnjrnl.raw"},
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

static char *packed_path(const struct ntfs_sample *sample)
{
    const char *samples = getenv("HVCHAIN_SAMPLES"), *source = getenv("HVCHAIN_SOURCE");

    if (samples)
        return string_printf("%s/ntfs/%s", samples, sample->packed);
    return string_printf("%s/../shared/samples/ntfs/%s", source ? source : ".", sample->packed);
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
    CLEANUP_FREE char *packed = packed_path(sample);
    CLEANUP_FREE char *folder = string_printf("%s/samples", build ? build : ".");
    char *path = string_printf("%s/%s", folder, sample->name);

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

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Real volumes for tests, unpacked into the build folder. */
#ifndef TESTS_NTFS_SAMPLES_H
#define TESTS_NTFS_SAMPLES_H

#include "io/source.h"

#include <stdbool.h>
#include <stdio.h>

struct ntfs_sample {
    const char *packed;  /* path below the samples */
    const char *command; /* of the shell: unpacks $packed to $new */
    const char *name;
};

extern const struct ntfs_sample ntfs_samples[];
extern const size_t ntfs_sample_count;

/* Path of the unpacked image, which the caller frees; NULL with a printed line when the sample or
 * a program to unpack it is not there. */
char *ntfs_sample_path(const struct ntfs_sample *);
/* Where a sample is as it came; the caller frees. */
char *sample_packed_path(const char *packed);
const struct ntfs_sample *ntfs_sample_named(const char *name);
bool have_program(const char *name);
/* The lines that a command prints; the caller closes with pclose(). */
FILE *run(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif

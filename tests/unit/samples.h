/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * Real files that other people's software wrote: in $HVCHAIN_SAMPLES, else in ../shared/samples
 * beside the project's folder. Where they are absent, a test says so and is skipped. Include after
 * testing.h.
 */
#ifndef TESTS_SAMPLES_H
#define TESTS_SAMPLES_H

#include "base/strbuf.h"

#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

static inline char *sample_path(const char *name)
{
    const char *samples = getenv("HVCHAIN_SAMPLES"), *source = getenv("HVCHAIN_SOURCE");

    return samples && *samples ? string_printf("%s/%s", samples, name)
                               : string_printf("%s/../shared/samples/%s", source ? source : ".", name);
}

/* The bytes of a sample, unpacked when it is gzipped; the caller frees them. Skips the test when
 * the sample is absent. */
static inline unsigned char *sample_bytes(const char *name, size_t *size)
{
    char *path = sample_path(name);
    gzFile file = gzopen(path, "rb");
    unsigned char *bytes = NULL;
    size_t capacity = 0;
    int n = 0;

    *size = 0;
    if (!file) {
        printf("SKIPPED: no sample %s\n", path);
        free(path);
        skip();
    }
    free(path);
    do {
        *size += (size_t)n;
        if (capacity - *size < 65536) {
            capacity = capacity * 2 + 65536;
            bytes = realloc(bytes, capacity);
            assert_non_null(bytes);
        }
        n = gzread(file, bytes + *size, (unsigned)(capacity - *size));
    } while (n > 0);
    assert_int_equal(n, 0);
    gzclose(file);
    return bytes;
}

#endif

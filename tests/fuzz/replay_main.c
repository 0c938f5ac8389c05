/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * Runs a fuzz target without a fuzzer: over the files named, and those in the folders named, each
 * whole, then cut off at some lengths. Whatever is wrong shows as a crash, or under a sanitizer.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CUTS 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t count;

/* A copy of exactly that size, so that a sanitizer sees a read behind its end. */
static void run(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size + (size == 0));

    if (!copy)
        abort();
    memcpy(copy, data, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
    count++;
}

static void run_file(const char *path)
{
    uint8_t *data = NULL;
    size_t size = 0, n;
    FILE *file = fopen(path, "rb");

    if (!file) {
        perror(path);
        exit(1);
    }
    do {
        data = realloc(data, size + 65536);
        if (!data)
            abort();
        n = fread(data + size, 1, 65536, file);
        size += n;
    } while (n > 0);
    fclose(file);
    run(data, size);
    for (size_t i = 0; i < CUTS; i++)
        run(data, size * i / CUTS);
    free(data);
}

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* False when it is no folder. */
static int run_folder(const char *path)
{
    struct dirent **entries;
    int n = scandir(path, &entries, is_visible, alphasort);
    char name[4096];

    for (int i = 0; i < n; i++) {
        snprintf(name, sizeof(name), "%s/%s", path, entries[i]->d_name);
        run_file(name);
        free(entries[i]);
    }
    if (n >= 0)
        free(entries);
    return n >= 0;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (!run_folder(argv[i]))
            run_file(argv[i]);
    printf("%zu inputs\n", count);
    return count > 0 ? 0 : 1;
}

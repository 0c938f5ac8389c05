/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * mkbde FILE KIND METHOD [PROTECTION=SECRET]...
 * Encrypts the volume in the file with BitLocker, in place, and prints where the copies of the
 * metadata lie. KIND: seven, to-go. METHOD: 8000 … 8005. PROTECTION: clear, tpm, recovery,
 * password; their identifiers end in 01, 02 … And encrypted=BYTES: no more than these.
 */
#include "bde_writer.h"

#include "base/checked.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define PROTECTORS_MAX 16

static const struct {
    const char *name;
    enum bde_writer_protection protection;
} protections[] = {
    {"clear", BDE_WRITER_CLEAR_KEY},
    {"tpm", BDE_WRITER_TPM},
    {"recovery", BDE_WRITER_RECOVERY_KEY},
    {"password", BDE_WRITER_PASSWORD},
};

static const char *const kinds[] = {"seven", "to-go"};

static void fail(const char *what)
{
    fprintf(stderr, "mkbde: %s\n", what);
    exit(1);
}

static bool add_protector(struct bde_writer_protector *p, size_t number, char *word)
{
    char *equals = strchr(word, '=');

    if (equals)
        *equals = '\0';
    for (size_t i = 0; i < ARRAY_SIZE(protections); i++)
        if (strcmp(protections[i].name, word) == 0) {
            *p = (struct bde_writer_protector){protections[i].protection,
                                               equals ? equals + 1 : NULL, (uint8_t)number};
            return true;
        }
    return false;
}

int main(int argc, char **argv)
{
    struct bde_writer_protector protectors[PROTECTORS_MAX];
    struct bde_writer writer = {.protectors = protectors};
    struct stat status;

    if (argc < 4 || argc > 4 + PROTECTORS_MAX)
        fail("usage: mkbde FILE KIND METHOD [PROTECTION=SECRET]...");
    while (writer.kind < ARRAY_SIZE(kinds) && strcmp(kinds[writer.kind], argv[2]) != 0)
        writer.kind++;
    writer.method = (enum bde_writer_method)strtoul(argv[3], NULL, 16);
    for (int i = 4; i < argc; i++)
        if (strncmp(argv[i], "encrypted=", 10) == 0)
            writer.encrypted_size = strtoull(argv[i] + 10, NULL, 10);
        else if (!add_protector(&protectors[writer.protector_count++], (size_t)i - 3, argv[i]))
            fail("there is no such protection");
    int fd = open(argv[1], O_RDWR);
    if (fd < 0 || fstat(fd, &status) < 0)
        fail("the file cannot be opened");
    uint8_t *volume = mmap(NULL, (size_t)status.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (volume == MAP_FAILED || !bde_writer_encrypt(&writer, volume, (size_t)status.st_size))
        fail("the volume cannot be encrypted");
    for (size_t i = 0; i < 3; i++)
        printf("%" PRIu64 "\n", writer.metadata[i]);
    return 0;
}

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * Turns a volume in memory into the BitLocker volume that shows it when it is unlocked. What
 * BitLocker keeps on the volume goes to places that hold zeros, so that the volume inside stays
 * the same byte for byte. Nothing is random: the same call makes the same bytes.
 */
#ifndef WRITERS_BDE_WRITER_H
#define WRITERS_BDE_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum bde_writer_kind {
    BDE_WRITER_SEVEN, /* Windows 7 and later */
    BDE_WRITER_TO_GO, /* looks like FAT32 from outside */
};

/* As they stand in the metadata. */
enum bde_writer_method {
    BDE_WRITER_CBC_128_DIFFUSER = 0x8000,
    BDE_WRITER_CBC_256_DIFFUSER = 0x8001,
    BDE_WRITER_CBC_128 = 0x8002,
    BDE_WRITER_CBC_256 = 0x8003,
    BDE_WRITER_XTS_128 = 0x8004,
    BDE_WRITER_XTS_256 = 0x8005,
};

enum bde_writer_protection {
    BDE_WRITER_CLEAR_KEY = 0x0000,
    BDE_WRITER_TPM = 0x0100, /* nothing that could be opened */
    BDE_WRITER_RECOVERY_KEY = 0x0800,
    BDE_WRITER_PASSWORD = 0x2000,
};

struct bde_writer_protector {
    enum bde_writer_protection protection;
    const char *secret; /* the password in UTF-8, or the recovery key in eight groups */
    uint8_t id;         /* its GUID ends in this byte: see BDE_WRITER_PROTECTOR_ID */
};

#define BDE_WRITER_VOLUME_ID    "b1710c4e-0000-4000-8000-000000000000"
#define BDE_WRITER_PROTECTOR_ID "b1710c4e-0000-4000-8000-0000000000%02x"
#define BDE_WRITER_LABEL        "HOST D: 11/22/2026"

/* Of each copy of the metadata; the rest of its room stays as it is. */
#define BDE_WRITER_METADATA_ROOM 65536

struct bde_writer {
    enum bde_writer_kind kind;
    enum bde_writer_method method;
    uint64_t encrypted_size; /* bytes from the start that are encrypted; 0: all */
    const struct bde_writer_protector *protectors;
    size_t protector_count;

    uint64_t metadata[3]; /* filled in: where the copies of the metadata lie */
    size_t metadata_size; /* … and the bytes of each, its checksum included */
};

/* `size` is a multiple of 512. False when there is no room of zeros, or memory is short. */
bool bde_writer_encrypt(struct bde_writer *, uint8_t *volume, size_t size);

#endif

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * What stands on a BitLocker volume in the clear: who protects its key, how it is encrypted, and
 * where BitLocker keeps its own. Nothing is decrypted here.
 */
#ifndef VOLUME_BITLOCKER_H
#define VOLUME_BITLOCKER_H

#include "base/guid.h"
#include "base/notes.h"
#include "base/vector.h"
#include "io/source.h"

#include <stdbool.h>
#include <stdint.h>

enum bitlocker_protection {
    BITLOCKER_CLEAR_KEY = 0x0000, /* protection is suspended: the key lies open on the volume */
    BITLOCKER_TPM = 0x0100,
    BITLOCKER_STARTUP_KEY = 0x0200,
    BITLOCKER_TPM_AND_PIN = 0x0500,
    BITLOCKER_RECOVERY_KEY = 0x0800,
    BITLOCKER_PASSWORD = 0x2000,
};

/* A key under AES-CCM: nonce, checksum, then a head of 12 bytes and the key. */
#define BITLOCKER_NONCE      12
#define BITLOCKER_MAC        16
#define BITLOCKER_SEALED_MAX (BITLOCKER_NONCE + BITLOCKER_MAC + 12 + 64)
#define BITLOCKER_SALT       16
#define BITLOCKER_KEY        32

struct bitlocker_sealed {
    uint8_t bytes[BITLOCKER_SEALED_MAX];
    uint16_t size; /* 0: there is none */
};

struct bitlocker_protector {
    struct guid id;      /* what Windows shows and a recovery key is looked up by */
    uint16_t protection; /* enum bitlocker_protection, or another */
    uint8_t salt[BITLOCKER_SALT];
    uint8_t clear_key[BITLOCKER_KEY];
    struct bitlocker_sealed master_key;
};

#define BITLOCKER_COPIES         3
#define BITLOCKER_PROTECTORS_MAX 64

struct bitlocker {
    struct guid volume_id;
    char *label;     /* computer, volume and date, as Windows wrote it; NULL: none */
    uint16_t state;  /* enum fve_state */
    uint16_t method; /* 0x8000 … 0x8005: see bitlocker_method_name() */
    uint32_t sector_size;
    uint64_t encrypted_size;           /* bytes from the volume's start; 0: all of it */
    uint64_t header_at, header_size;   /* where the volume's first bytes are; size 0: in place */
    uint64_t copies[BITLOCKER_COPIES]; /* offsets of the metadata */
    bool is_whole[BITLOCKER_COPIES];   /* readable, its checksum right */
    VECTOR(struct bitlocker_protector) protectors;
    struct bitlocker_sealed volume_key;
    uint8_t *block; /* the copy that all this is from */
    size_t block_size;
};

/* How a volume was unlocked. */
struct bitlocker_unlocked {
    bool is_unlocked;
    struct guid volume_id, protector_id;
    uint16_t protection, method;
};

/*
 * Reads the boot sector and the first whole copy of the metadata. What is damaged is noted.
 * 0; -EBADMSG no copy can be used; -ENOTSUP a kind that is not read; -EIO and the like;
 * -ENOMEM. Notes give offsets from the start of the volume.
 */
int bitlocker_read(struct bitlocker *, io_source *volume, struct notes *);
void bitlocker_free(struct bitlocker *);
#define bitlocker_cleanup bitlocker_free

/* The volume with all copies of the metadata whole, for readers who want that. 0 or -ENOMEM. */
int bitlocker_view(const struct bitlocker *, io_source *volume, io_source **view);

const char *bitlocker_method_name(uint16_t method); /* "XTS-AES 128" …, or "unknown" */
/* "recovery key", "TPM" …; "unknown protector" */
const char *bitlocker_protection_name(uint16_t protection);

#endif

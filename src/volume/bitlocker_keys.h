/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * Secrets that the user gave to unlock BitLocker volumes. They are in no message, and wiped when
 * they are done with.
 */
#ifndef VOLUME_BITLOCKER_KEYS_H
#define VOLUME_BITLOCKER_KEYS_H

#include "base/guid.h"
#include "base/vector.h"
#include "volume/bitlocker.h"

#include <stdbool.h>
#include <stddef.h>

#define BITLOCKER_KEYS_MAX     1000
#define BITLOCKER_KEY_TEXT_MAX (1024 * 1024) /* of a file, bytes */
#define BITLOCKER_PASSWORD_MAX 1000          /* bytes of UTF-8 */

struct bitlocker_key {
    enum bitlocker_protection protection; /* recovery key or password */
    struct guid id;                       /* of the protector, as the text says; zero: not known */
    char *text;                           /* "NNNNNN-…-NNNNNN", or the password in UTF-8 */
};

struct bitlocker_keys {
    VECTOR(struct bitlocker_key) list;
};

/*
 * Adds every recovery key in a text of UTF-8 or UTF-16: eight groups of six digits, separated by
 * "-", by a space or not at all, with the identifier that stands before it. So a plain list, the
 * file that Windows saves and the output of manage-bde will do. Lines that start with '#' count
 * for nothing.
 * The number of keys; -EINVAL one was mistyped, in line *line; -EFBIG, -ENOMEM.
 */
int bitlocker_keys_add_recovery(struct bitlocker_keys *, const void *text, size_t size,
                                size_t *line);
/* Adds every line as a password, but for empty ones and those that start with '#'. The same;
 * -EINVAL is a line too long to be one. */
int bitlocker_keys_add_passwords(struct bitlocker_keys *, const void *text, size_t size,
                                 size_t *line);
/* Adds one password, whatever is in it. 1; 0 it is empty; -EINVAL, -EFBIG, -ENOMEM. */
int bitlocker_keys_add_password(struct bitlocker_keys *, const char *text, size_t size);

void bitlocker_keys_free(struct bitlocker_keys *);
#define bitlocker_keys_cleanup bitlocker_keys_free

#endif

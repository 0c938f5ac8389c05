/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Values of binary XML as text and as numbers. */
#ifndef EVENT_VALUE_H
#define EVENT_VALUE_H

#include "base/guid.h"
#include "base/when.h"
#include "event/binxml.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * All texts of one record lie back to back in one buffer of fixed size, far more than a record of
 * a 64 KiB chunk needs: strings never move, and nothing is allocated per record. What does not fit
 * is left out and remembered in `full`.
 */
struct text_pool {
    char *bytes;
    size_t capacity, used;
    bool full;
};

int text_pool_init(struct text_pool *, size_t capacity); /* 0 or -ENOMEM */
void text_pool_free(struct text_pool *);
void text_pool_reset(struct text_pool *);
/* Begins a new string, which lies at what is returned and is "" until something is appended. */
const char *text_pool_begin(struct text_pool *);
void text_pool_append(struct text_pool *, const char *text, size_t length);
void text_pool_append_utf16(struct text_pool *, const uint8_t *text, size_t bytes);

/* Appends the value as Windows prints it. */
void value_append(struct text_pool *, const struct xml_token *);
/* Integers of any type, and strings that hold one in decimal or hexadecimal. */
bool value_number(const struct xml_token *, uint64_t *);
bool value_guid(const struct xml_token *, struct guid *);
bool value_time(const struct xml_token *, filetime *);

#endif

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * Makes small registry hives for tests. Keys come into being with their first value:
 *
 *     struct hive_writer *w = hive_writer_new();
 *     hive_put_text(w, "Select\\Missing", "Name", HIVE_SZ, "text");
 *     hive_put_number(w, "Select", "Current", 1);
 *     bytes = hive_writer_finish(w, &size);
 *
 * The same calls give the same bytes.
 */
#ifndef WRITERS_HIVE_WRITER_H
#define WRITERS_HIVE_WRITER_H

#include "base/when.h"
#include "event/hive.h"

#include <stddef.h>
#include <stdint.h>

struct hive_writer;

/* Functions end the program when memory is short or something is too large for them. */
struct hive_writer *hive_writer_new(void);
void hive_writer_free(struct hive_writer *);
/* Values have at most 16344 bytes; the name "" is the default value. Keys are separated by '\'. */
void hive_put(struct hive_writer *, const char *key, const char *name, uint32_t type,
              const void *data, size_t size);
void hive_put_text(struct hive_writer *, const char *key, const char *name, enum hive_type,
                   const char *text);
void hive_put_number(struct hive_writer *, const char *key, const char *name, uint32_t);
/* Makes a key without values. */
void hive_put_key(struct hive_writer *, const char *key);
void hive_set_written(struct hive_writer *, const char *key, filetime);
/* Changes wait in a log. */
void hive_set_dirty(struct hive_writer *);
/* Lists of subkeys as "lf", as Windows 2000 wrote them, instead of "lh". */
void hive_set_old_lists(struct hive_writer *);
/* The bytes live as long as the writer. */
const uint8_t *hive_writer_finish(struct hive_writer *, size_t *size);

#endif

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * Writes JSON straight to an output: nothing is kept, so a report of any length takes no memory.
 * Every call takes the member's name, or NULL inside an array. The text is valid UTF-8 whatever
 * the strings hold, and safe to look at on a terminal: bytes that are no UTF-8 become \xNN as
 * elsewhere in the program, control characters are escaped. (jansson, which reads JSON elsewhere,
 * owns the plain names json_string() and so on.)
 */
#ifndef REPORT_JSON_WRITER_H
#define REPORT_JSON_WRITER_H

#include "base/guid.h"
#include "base/vector.h"
#include "base/when.h"
#include "report/output.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_writer {
    struct output *out;
    unsigned indent; /* blanks per level; 0: all on one line */
    unsigned depth;
    bool filled;     /* the innermost object or array has a member */
};

void json_open_object(struct json_writer *, const char *name);
void json_close_object(struct json_writer *);
void json_open_array(struct json_writer *, const char *name);
void json_close_array(struct json_writer *);

void json_write_null(struct json_writer *, const char *name);
void json_write_bool(struct json_writer *, const char *name, bool);
/* NULL becomes null, as it does in all functions below. */
void json_write_string(struct json_writer *, const char *name, const char *);
/* Beyond 2^63 - 1, which many readers can't hold, a number is null: no real size is so large. */
void json_write_number(struct json_writer *, const char *name, uint64_t);
/* Null unless `known`. */
void json_write_number_if(struct json_writer *, const char *name, bool known, uint64_t);
void json_write_signed_if(struct json_writer *, const char *name, bool known, int32_t);
void json_write_guid_if(struct json_writer *, const char *name, bool known, const struct guid *);
/* RFC 3339 with seven digits; 0 becomes null. */
void json_write_time(struct json_writer *, const char *name, filetime);
void json_write_strings(struct json_writer *, const char *name, char *const *items, size_t count);

#endif

/* SPDX-License-Identifier: LGPL-3.0-or-later */
#ifndef EVENT_CODES_TABLE_H
#define EVENT_CODES_TABLE_H

#include "event/codes.h"

#include <stddef.h>

/* In the order of the codes. */
extern const struct code_info code_table[];
extern const size_t code_table_count;

#endif

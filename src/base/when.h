/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Points in time. Inside, a time is a FILETIME: 100 ns since 1601-01-01 UTC, 0 = not known. */
#ifndef BASE_WHEN_H
#define BASE_WHEN_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

typedef uint64_t filetime;

#define WHEN_TEXT_SIZE 40

/* Digits of a second that the source had. */
enum when_precision { WHEN_SECONDS = 0, WHEN_MILLISECONDS = 3, WHEN_FILETIME = 7 };

filetime when_from_timespec(struct timespec);
/* From seconds since 2000-01-01 UTC (VHD). */
filetime when_from_vhd(uint32_t seconds);
/* RFC 3339 in UTC with so many digits. Returns text; "" when the time is 0 or beyond year 9999. */
char *when_format(filetime, enum when_precision, char text[WHEN_TEXT_SIZE]);

#endif

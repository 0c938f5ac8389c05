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
/* From a calendar date (month and day from 1) and ticks of 100 ns within the second, in UTC. 0
 * when it names no time from 1601 to 9999. */
filetime when_from_date(int year, int month, int day, int hour, int minute, int second,
                        uint32_t ticks);
/* Of the calendar in UTC; 0 when the time is 0 or beyond year 9999. */
int when_year(filetime);
/*
 * From the beginning of a text like "2010-10-10T22:53:31.077Z": 'T' or a blank in the middle, any
 * number of digits behind '.' or ',' or none. *end (may be NULL) is set behind it. A zone ("Z",
 * "+09:00") is applied; without one *local (may be NULL) becomes true. 0 when there is no time.
 */
filetime when_parse(const char *text, const char **end, bool *local);
/* RFC 3339 in UTC with so many digits. Returns text; "" when the time is 0 or beyond year 9999. */
char *when_format(filetime, enum when_precision, char text[WHEN_TEXT_SIZE]);

#endif

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Local time of a Windows host, and the rules by which it follows UTC. */
#ifndef BASE_ZONE_H
#define BASE_ZONE_H

#include "base/when.h"

/* "The last Sunday of October at 3:00", of every year. */
struct zone_date {
    unsigned month;   /* 1-12; 0: there is no such day */
    unsigned week;    /* 1-4; 5: the last one of the month */
    unsigned weekday; /* 0 Sunday - 6 */
    unsigned hour, minute, second;
};

/* UTC = local time + bias + the bias of the season, in minutes. */
struct time_zone {
    int32_t bias, standard_bias, daylight_bias;
    struct zone_date standard_begins, daylight_begins; /* in the local time before */
};

/* No zone is further from UTC. */
#define ZONE_BIAS_MAX (24 * 60)

/* Minutes to add to that local time to get UTC. The hour that the clock shows twice in autumn is
 * taken for the first one; a zone with only one of the two days has standard time all year. */
int32_t zone_bias(const struct time_zone *, filetime local);
/* 0 stays 0: unknown. */
filetime zone_to_utc(const struct time_zone *, filetime local);

#endif

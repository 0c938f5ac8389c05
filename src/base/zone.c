/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "base/zone.h"

#define TICKS_PER_MINUTE (60 * (int64_t)10000000)
#define TICKS_PER_DAY    (24 * 60 * TICKS_PER_MINUTE)

/* 0 Sunday; 1601-01-01 was a Monday. */
static unsigned weekday_of(filetime t)
{
    return (unsigned)((t / (uint64_t)TICKS_PER_DAY + 1) % 7);
}

/* 0 when the rule names no day. */
static filetime day_in_year(const struct zone_date *date, int year)
{
    filetime first = when_from_date(year, (int)date->month, 1, (int)date->hour, (int)date->minute,
                                    (int)date->second, 0);
    filetime next = date->month == 12 ? when_from_date(year + 1, 1, 1, 0, 0, 0, 0)
                                      : when_from_date(year, (int)date->month + 1, 1, 0, 0, 0, 0);

    if (first == 0 || next == 0 || date->week < 1 || date->week > 5 || date->weekday > 6)
        return 0;
    filetime day = first + ((date->weekday + 7 - weekday_of(first)) % 7 + 7 * (date->week - 1)) *
                               (uint64_t)TICKS_PER_DAY;
    return day < next ? day : day - 7 * (uint64_t)TICKS_PER_DAY;
}

/* South of the equator summer goes over the turn of the year. */
static bool is_daylight(const struct time_zone *zone, filetime local)
{
    int year = when_year(local);
    filetime summer = day_in_year(&zone->daylight_begins, year);
    filetime winter = day_in_year(&zone->standard_begins, year);

    if (summer == 0 || winter == 0)
        return false;
    return summer < winter ? local >= summer && local < winter : local >= summer || local < winter;
}

int32_t zone_bias(const struct time_zone *zone, filetime local)
{
    return zone->bias + (is_daylight(zone, local) ? zone->daylight_bias : zone->standard_bias);
}

filetime zone_to_utc(const struct time_zone *zone, filetime local)
{
    int64_t shift = zone_bias(zone, local) * TICKS_PER_MINUTE;

    if (local == 0 || local > INT64_MAX / 2 || (int64_t)local + shift <= 0)
        return 0;
    return (filetime)((int64_t)local + shift);
}

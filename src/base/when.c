/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "base/when.h"

#include <stdio.h>
#include <string.h>

#define TICKS_PER_SECOND    10000000u
#define UNIX_EPOCH_SECONDS  11644473600 /* 1601 to 1970 */
#define VHD_EPOCH_SECONDS   12591158400 /* 1601 to 2000 */
#define LAST_SECOND_OF_9999 265046774399

filetime when_from_timespec(struct timespec t)
{
    int64_t seconds = (int64_t)t.tv_sec + UNIX_EPOCH_SECONDS;

    if (seconds < 0 || seconds > LAST_SECOND_OF_9999)
        return 0;
    return (uint64_t)seconds * TICKS_PER_SECOND + (uint64_t)t.tv_nsec / 100;
}

filetime when_from_vhd(uint32_t seconds)
{
    return seconds == 0 ? 0 : (VHD_EPOCH_SECONDS + seconds) * (uint64_t)TICKS_PER_SECOND;
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return days[month - 1] + (month == 2 && leap);
}

/* Days from 1601-01-01 to the first of January; 1601 begins a cycle of 400 years. */
static int64_t days_before_year(int year)
{
    int64_t years = year - 1601;

    return years * 365 + years / 4 - years / 100 + years / 400;
}

filetime when_from_date(int year, int month, int day, int hour, int minute, int second,
                        uint32_t ticks)
{
    if (year < 1601 || year > 9999 || month < 1 || month > 12 || day < 1 ||
        day > days_in_month(year, month) || hour < 0 || hour > 23 || minute < 0 || minute > 59 ||
        second < 0 || second > 59 || ticks >= TICKS_PER_SECOND)
        return 0;
    int64_t days = days_before_year(year) + day - 1;
    for (int m = 1; m < month; m++)
        days += days_in_month(year, m);
    int64_t seconds = ((days * 24 + hour) * 60 + minute) * 60 + second;
    return (uint64_t)seconds * TICKS_PER_SECOND + ticks;
}

/* So many digits and the character behind them, unless that is NUL; false when they differ. */
static bool take_number(const char **text, int digits, const char *behind, int *value)
{
    const char *p = *text;

    *value = 0;
    for (int i = 0; i < digits; i++, p++) {
        if (*p < '0' || *p > '9')
            return false;
        *value = *value * 10 + (*p - '0');
    }
    if (*behind && (*p == '\0' || !strchr(behind, *p++)))
        return false;
    *text = p;
    return true;
}

static uint32_t take_fraction(const char **text)
{
    const char *p = *text;
    uint32_t ticks = 0, unit = TICKS_PER_SECOND / 10;

    if ((*p != '.' && *p != ',') || p[1] < '0' || p[1] > '9')
        return 0;
    for (p++; *p >= '0' && *p <= '9'; p++, unit /= 10)
        ticks += (uint32_t)(*p - '0') * unit;
    *text = p;
    return ticks;
}

/* Seconds to add to get UTC; *local when there is no zone. */
static int64_t take_zone(const char **text, bool *local)
{
    const char *p = *text;
    int hours, minutes, sign = *p == '-' ? 1 : -1;

    *local = false;
    if (*p == 'Z') {
        *text = p + 1;
        return 0;
    }
    if ((*p == '+' || *p == '-') && p++ && take_number(&p, 2, "", &hours) && (*p != ':' || p++) &&
        take_number(&p, 2, "", &minutes)) {
        *text = p;
        return sign * (hours * 3600 + minutes * 60);
    }
    *local = true;
    return 0;
}

filetime when_parse(const char *text, const char **end, bool *local)
{
    int year, month, day, hour, minute, second;
    bool no_zone;

    if (!take_number(&text, 4, "-/", &year) || !take_number(&text, 2, "-/", &month) ||
        !take_number(&text, 2, "T ", &day) || !take_number(&text, 2, ":", &hour) ||
        !take_number(&text, 2, ":", &minute) || !take_number(&text, 2, "", &second))
        return 0;
    uint32_t ticks = take_fraction(&text);
    int64_t zone = take_zone(&text, &no_zone) * TICKS_PER_SECOND;
    filetime t = when_from_date(year, month, day, hour, minute, second, ticks);
    if (end)
        *end = text;
    if (local)
        *local = no_zone;
    return t == 0 || (int64_t)t + zone <= 0 ? 0 : (uint64_t)((int64_t)t + zone);
}

static bool to_calendar(filetime t, struct tm *tm)
{
    int64_t seconds = (int64_t)(t / TICKS_PER_SECOND);
    time_t unix_time = (time_t)(seconds - UNIX_EPOCH_SECONDS);

    return t != 0 && seconds <= LAST_SECOND_OF_9999 && gmtime_r(&unix_time, tm);
}

int when_year(filetime t)
{
    struct tm tm;

    return to_calendar(t, &tm) ? tm.tm_year + 1900 : 0;
}

char *when_format(filetime t, enum when_precision digits, char text[WHEN_TEXT_SIZE])
{
    uint32_t fraction = (uint32_t)(t % TICKS_PER_SECOND);
    struct tm tm;

    text[0] = '\0';
    if (!to_calendar(t, &tm))
        return text;
    size_t n = strftime(text, WHEN_TEXT_SIZE, "%Y-%m-%dT%H:%M:%S", &tm);
    if (digits != WHEN_SECONDS) {
        for (int d = WHEN_FILETIME; d > (int)digits; d--)
            fraction /= 10;
        n += (size_t)snprintf(text + n, WHEN_TEXT_SIZE - n, ".%0*u", (int)digits, fraction);
    }
    snprintf(text + n, WHEN_TEXT_SIZE - n, "Z");
    return text;
}

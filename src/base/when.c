/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "base/when.h"

#include <stdio.h>

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

char *when_format(filetime t, enum when_precision digits, char text[WHEN_TEXT_SIZE])
{
    int64_t seconds = (int64_t)(t / TICKS_PER_SECOND);
    uint32_t fraction = (uint32_t)(t % TICKS_PER_SECOND);
    time_t unix_time = (time_t)(seconds - UNIX_EPOCH_SECONDS);
    struct tm tm;

    text[0] = '\0';
    if (t == 0 || seconds > LAST_SECOND_OF_9999 || !gmtime_r(&unix_time, &tm))
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

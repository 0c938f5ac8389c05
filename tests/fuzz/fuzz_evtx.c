/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* An event log: every record with its values, and once more with a filter. */
#include "event/event.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every string must be one, and every value must be there to read. */
static size_t touch(const struct event_record *record)
{
    size_t length = strlen(record->provider) + strlen(record->source_name) +
                    strlen(record->channel) + strlen(record->computer) + strlen(record->user_sid);

    for (size_t i = 0; i < record->value_count; i++) {
        length += strlen(record->values[i].value);
        if (record->values[i].name)
            length += strlen(record->values[i].name);
    }
    return length;
}

static bool every_second(const struct event_record *record, void *context)
{
    size_t *count = context;

    return touch(record) > 0 && ++*count % 2;
}

static void read_all(io_source *source, event_filter *filter)
{
    const struct event_record *record;
    struct notes notes = {0};
    struct event_log *log;
    size_t count = 0;

    if (event_log_open(&log, source, &notes) == 0) {
        event_log_set_filter(log, filter, &count);
        while (event_log_next(log, &record) > 0)
            if (touch(record) > (size_t)1 << 20)
                abort();
        event_log_close(log);
    }
    notes_free(&notes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    io_source *source = io_memory_new(data, size);

    if (!source)
        return 0;
    read_all(source, NULL);
    read_all(source, every_second);
    io_unref(source);
    return 0;
}

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* A file of events of whatever format: told by its content, read, and every string touched. */
#include "base/cleanup.h"
#include "event/codes.h"
#include "event/events.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void touch(const struct event *event)
{
    size_t length = strlen(event->kind) + strlen(event->message) + strlen(event->provider);

    for (size_t i = 0; i < event->data.count; i++)
        length += strlen(event->data.items[i].name) + strlen(event->data.items[i].value);
    for (size_t i = 0; i < event->paths.count; i++)
        length += strlen(event->paths.items[i]);
    if (length == 0 || (event->has_code && event->code == 0))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(io_unref) io_source *source = io_memory_new(data, size);
    struct notes notes = {0};
    struct event_file file;

    if (!source)
        return 0;
    event_file_read(&file, source, NULL, &notes);
    for (size_t i = 0; i < file.events.count; i++)
        touch(&file.events.items[i]);
    for (size_t i = 0; i < file.writers.count; i++)
        if (!file.writers.items[i].name)
            abort();
    event_file_free(&file);
    notes_free(&notes);
    return 0;
}

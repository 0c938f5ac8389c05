/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "worker/read_ahead.h"

#include "base/checked.h"
#include "worker/protocol.h"

#include <stdlib.h>
#include <string.h>

static bool fill(struct read_ahead *window, unsigned source, uint64_t offset)
{
    if (!window->bytes)
        window->bytes = malloc(READ_AHEAD_SIZE);
    window->at = offset - offset % READ_AHEAD_SIZE;
    window->length = 0;
    int64_t n =
        window->bytes ? worker_read(source, window->at, window->bytes, READ_AHEAD_SIZE) : -1;
    if (n > 0)
        window->length = (size_t)n;
    return n > 0;
}

int64_t read_ahead(struct read_ahead *window, unsigned source, uint64_t offset, void *buffer,
                   size_t length)
{
    bool within = offset % READ_AHEAD_SIZE + length <= READ_AHEAD_SIZE;

    if (within && !range_fits(offset - window->at, length, window->length))
        within =
            fill(window, source, offset) && range_fits(offset - window->at, length, window->length);
    if (!within) /* large, or near what cannot be read */
        return worker_read(source, offset, buffer, length);
    memcpy(buffer, window->bytes + (offset - window->at), length);
    return (int64_t)length;
}

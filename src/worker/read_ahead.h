/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * Each question to our side costs two changes of process: who reads sector by sector gets the
 * sectors that follow with the first one.
 */
#ifndef WORKER_READ_AHEAD_H
#define WORKER_READ_AHEAD_H

#include <stddef.h>
#include <stdint.h>

#define READ_AHEAD_SIZE 65536

/* Zero before the first use; never freed. */
struct read_ahead {
    uint8_t *bytes; /* of the source, from `at` on */
    uint64_t at;
    size_t length;
};

/* As worker_read(), of one and the same source. */
int64_t read_ahead(struct read_ahead *, unsigned source, uint64_t offset, void *buffer,
                   size_t length);

#endif

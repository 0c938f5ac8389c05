/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * What goes over the socket between us and a worker program, both on one machine. Every message
 * is a struct wire_message and `length` bytes of payload.
 *
 *   worker                          we
 *   HELLO value = WIRE_VERSION  ->
 *                               <-  JOB    the sources' sizes, then the parameters
 *   READ  source, offset, count ->         any number of times
 *                               <-  DATA   value = bytes read or -errno, then the bytes
 *   DONE  value = bytes or -errno, then the reply (serving: value = size of the stream)
 *                               <-  READ   serving only: offset, count of the decoded stream
 *   READ … DATA … DONE value = bytes or -errno, then the bytes
 *                               <-  JOB or READ again, or the end of the connection
 *
 * Only one side speaks at a time: we after HELLO and DONE, the worker after JOB, READ and DATA.
 */
#ifndef OS_WORKER_WIRE_H
#define OS_WORKER_WIRE_H

#include <stdint.h>

#define WIRE_VERSION  1
#define WIRE_SOCKET   3 /* the descriptor on which a worker program finds its socket */
#define WIRE_DATA_MAX (1024 * 1024) /* of one READ, either way */

enum wire_type { WIRE_HELLO = 1, WIRE_JOB, WIRE_READ, WIRE_DATA, WIRE_DONE };

/* How a job wants to be done. */
enum wire_mode { WIRE_RUN, WIRE_SERVE };

struct wire_message {
    uint32_t type;
    uint32_t length; /* of the payload, bytes */
    int64_t value;   /* READ: the offset; JOB: enum wire_mode; the others see above */
    uint32_t source; /* READ by a worker: which source; JOB: how many there are */
    uint32_t count;  /* READ: bytes wanted */
};

#endif

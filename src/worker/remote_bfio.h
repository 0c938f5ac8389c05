/* SPDX-License-Identifier: LGPL-3.0-or-later */
#ifndef WORKER_REMOTE_BFIO_H
#define WORKER_REMOTE_BFIO_H

#include "worker/protocol.h"
#include "worker/read_ahead.h"

#include <libbfio.h>

/*
 * A source of the job as a handle for a libyal library, which must be done with it when the job
 * is. To be freed with libbfio_handle_free(). 0 or -ENOMEM.
 */
int remote_bfio_new(libbfio_handle_t **, const struct job *, unsigned source);
/* The same for a library that reads sector by sector; `ahead` lives as long as the handle. */
int remote_bfio_new_ahead(libbfio_handle_t **, const struct job *, unsigned source,
                          struct read_ahead *ahead);

#endif

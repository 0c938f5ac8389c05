/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* What unpacking and unlocking share: both are done by a worker program. */
#ifndef VOLUME_IMAGE_WORKER_H
#define VOLUME_IMAGE_WORKER_H

#include "os/worker.h"

#define IMAGE_WORKER_TIMEOUT_MS 30000 /* of one read */

/* As workers_open_source(); workers NULL: -ENOENT. */
int image_worker_open(struct workers *, const struct worker_job *, io_source **);
/* Why it could not be opened: "it is damaged …". */
const char *image_worker_reason(int error);

#endif

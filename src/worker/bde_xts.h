/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* XTS-AES 256, which libbde 20190102 knows by name but cannot open. */
#ifndef WORKER_BDE_XTS_H
#define WORKER_BDE_XTS_H

#include "worker/bde.h"

#include <stddef.h>

struct bde_xts;

/* 0 or -ENOMEM. It lives as long as the process. */
int bde_xts_open(struct bde_xts **, const struct bde_request *, const uint8_t key[64]);
/* As read of a struct worker_program; the volume is source 0. */
int64_t bde_xts_read(struct bde_xts *, uint64_t offset, void *buffer, size_t length);

#endif

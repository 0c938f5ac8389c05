/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * The worker program "vshadow": the shadow copies on one NTFS volume, as libvshadow reads them.
 *
 * Run without parameters it lists them: the reply is a struct vshadow_store for each, in the order
 * of the volume's catalog. Served with a uint32_t, an index of that list, the stream is the volume
 * as it was then; -EXDEV when its data, or those of a newer one, lie on another volume.
 */
#ifndef WORKER_VSHADOW_H
#define WORKER_VSHADOW_H

#include <stdint.h>

#define VSHADOW_STORES_MAX 1024 /* Windows keeps 512 of a volume; more is -E2BIG */

/* GUIDs as they lie on disk; all zero when the copy does not tell. */
struct vshadow_store {
    uint64_t created; /* FILETIME */
    uint64_t size;    /* of the volume then, bytes */
    uint8_t id[16], copy_id[16], set_id[16];
};

#endif

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* Exact figures of merges, from block tables and sector bitmaps after log replay. */
#ifndef PLAN_MEASURE_H
#define PLAN_MEASURE_H

#include "disk/disk.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct measure_layer {
    struct disk *disk;
    uint64_t present_bytes, unique_bytes; /* out */
};

/* Layer `child` is merged into layer `child + 1`. */
struct measure_step {
    size_t child;
    uint64_t copy_bytes, grow_bytes, equal_bytes; /* out */
    uint64_t differing_bytes; /* out, with compare: what a guest sees differently above and below */
};

typedef void measure_progress(void *user, uint64_t done, uint64_t total);

/*
 * layers[0] is the leaf; steps are in order of execution, from the leaf down. With `compare` the
 * content is read, too (layers must then be complete down to a base). Memory is flat: the disk is
 * gone through in windows of one largest block.
 * 0; -EINVAL when sector sizes differ; -EBADMSG, -EIO … when a layer can't be read; -ENOMEM.
 */
int measure(struct measure_layer *layers, size_t layer_count, struct measure_step *steps,
            size_t step_count, bool compare, measure_progress *progress, void *user);

#endif

/* SPDX-License-Identifier: LGPL-3.0-or-later */
#ifndef VOLUME_IMAGE_BITLOCKER_H
#define VOLUME_IMAGE_BITLOCKER_H

#include "volume/image.h"

/*
 * Unlocks the BitLocker volume: v->source becomes what is in it. Where that can't be done,
 * v->status says so and a note why, and what to do. 0 or -ENOMEM.
 */
int image_unlock(struct image_volume *v, const struct image_tools *, struct notes *);

#endif

/* SPDX-License-Identifier: LGPL-3.0-or-later */
#ifndef TESTS_IMAGE_TESTING_H
#define TESTS_IMAGE_TESTING_H

#include "volume/image.h"
#include "volume/volume.h"

#include <stdbool.h>

/* For volume_walk(): adds a line to a strbuf; fails the test. */
int image_append(void *user, const struct volume_entry *);
void image_refuse(void *user, const char *path, const char *reason);
/* Every entry of every volume, the volumes told apart by what follows the image's path. The caller
 * frees. Fails the test where a note is made. */
char *image_contents(const char *path, struct workers *);
/* Path of the unpacked sample, or the test is skipped. */
char *image_sample(const char *name);
/* Whether the command of the shell succeeds. */
bool shell(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif

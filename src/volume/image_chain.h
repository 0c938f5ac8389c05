/* SPDX-License-Identifier: LGPL-3.0-or-later */
#ifndef VOLUME_IMAGE_CHAIN_H
#define VOLUME_IMAGE_CHAIN_H

#include "base/notes.h"
#include "io/source.h"

/*
 * The content of a VHD or VHDX file as a disk. Of a differencing disk the parents are looked for at
 * the recorded relative path, then beside the child under their recorded name; one counts only when
 * it is the one that the child was made on.
 * 0; -EXDEV a parent is missing or another one now; else as disk_open() and disk_content_new().
 */
int image_chain_open(const char *path, io_source *file, io_source **content, struct notes *);

#endif

/* SPDX-License-Identifier: LGPL-3.0-or-later */
#ifndef VOLUME_NTFS_COMPRESSED_H
#define VOLUME_NTFS_COMPRESSED_H

#include "volume/ntfs_mft.h"

/* A source of the plain content of a compressed stream, which is emptied. 0; -ENOTSUP for another
 * method than LZNT1; -ENOMEM. */
int ntfs_compressed_source(const struct ntfs *, struct ntfs_stream *, io_source **);

#endif

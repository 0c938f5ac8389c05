/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * The worker program "vhdi". Run with one source, it says what libvhdi says of a virtual disk;
 * asked to serve, it gives the content of a chain, whose layers are the sources, the leaf first.
 */
#ifndef WORKER_VHDI_H
#define WORKER_VHDI_H

#include <stdint.h>

enum vhdi_format { VHDI_VHD = 1, VHDI_VHDX = 2 };
enum vhdi_kind { VHDI_FIXED = 2, VHDI_DYNAMIC = 3, VHDI_DIFFERENCING = 4 };

/* Which of the fields could be had. */
enum vhdi_answered {
    VHDI_HAS_OPENED = 1, /* else only `error` is set */
    VHDI_HAS_FORMAT = 2,
    VHDI_HAS_KIND = 4,
    VHDI_HAS_SIZE = 8,
    VHDI_HAS_SECTOR_SIZE = 16,
    VHDI_HAS_ID = 32,
    VHDI_HAS_PARENT_ID = 64,
    VHDI_HAS_PARENT_NAME = 128,
};

struct vhdi_answer {
    uint32_t answered; /* enum vhdi_answered */
    uint32_t format, kind;
    uint32_t sector_size;
    uint64_t media_size;
    uint8_t id[16], parent_id[16]; /* in the order in which libvhdi gives them */
    char error[256];               /* why libvhdi did not open the disk */
    char parent_name[32768];       /* UTF-8 */
};

#endif

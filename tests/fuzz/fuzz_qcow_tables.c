/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* The tables of a qcow2 image, as the worker reads them beside libqcow. */
#include "base/checked.h"
#include "worker/protocol.h"
#include "worker/qcow_tables.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t *image;
static size_t image_size;

/* In the place of the one that asks over the socket. */
int64_t worker_read(unsigned source, uint64_t offset, void *buffer, size_t length)
{
    if (offset >= image_size)
        return 0;
    length = (size_t)min_u64(length, image_size - offset);
    memcpy(buffer, image + offset, length);
    return (int64_t)length;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct qcow_tables tables;
    bool is_zero;

    image = data;
    image_size = size;
    if (qcow_tables_open(&tables, size) == 0)
        for (unsigned shift = 0; shift < 63; shift++) {
            size_t length = 65536;
            qcow_tables_look(&tables, UINT64_C(3) << shift, &length, &is_zero);
        }
    qcow_tables_close(&tables);
    return 0;
}

/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "base/vector.h"

#include "base/checked.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int vector_grow_(void **items, size_t *count, size_t *capacity, size_t item_size)
{
    if (*count == *capacity) {
        size_t wanted, bytes;

        if (ADD_OVERFLOW(*capacity, *capacity / 2 + 8, &wanted) ||
            MUL_OVERFLOW(wanted, item_size, &bytes))
            return -ENOMEM;
        void *grown = realloc(*items, bytes);
        if (!grown)
            return -ENOMEM;
        *items = grown;
        *capacity = wanted;
    }
    memset((char *)*items + *count * item_size, 0, item_size);
    ++*count;
    return 0;
}

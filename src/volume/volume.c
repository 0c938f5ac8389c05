/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "volume/volume.h"

#include <stdlib.h>

void volume_close(struct volume *volume)
{
    if (!volume)
        return;
    free(volume->display_root);
    volume->ops->close(volume);
}

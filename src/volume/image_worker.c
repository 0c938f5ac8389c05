/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "volume/image_worker.h"

#include "base/checked.h"

#include <errno.h>
#include <string.h>

int image_worker_open(struct workers *workers, const struct worker_job *job, io_source **source)
{
    *source = NULL;
    return workers ? workers_open_source(workers, job, source) : -ENOENT;
}

const char *image_worker_reason(int error)
{
    static const struct {
        int error;
        const char *reason;
    } reasons[] = {
        {EBADMSG, "it is damaged, or of a version that is not known"},
        {ENOKEY, "it is encrypted"},
        {EPIPE, "the program that reads it died of it"},
        {ETIMEDOUT, "the program that reads it took too long"},
        {EXDEV, "it holds only what changed since another file, which is not looked for: convert "
                "both into one image"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(reasons); i++)
        if (reasons[i].error == -error)
            return reasons[i].reason;
    return strerror(-error);
}

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * libbde wants every copy of the metadata whole and tries one protector of a kind: we hand it a
 * view in which that is so (bitlocker_view()). One method it cannot do, which bde_xts.c does.
 */
#include "worker/bde.h"

#include "base/bytes.h"
#include "base/checked.h"
#include "worker/bde_xts.h"
#include "worker/protocol.h"
#include "worker/remote_bfio.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HAVE_LIBBFIO /* or libbde's header hides what takes a handle */
#include <libbde.h>

#define XTS_AES_256 0x8005

struct unlocked {
    libbde_volume_t *volume;
    struct read_ahead ahead;
    struct bde_xts *xts; /* instead */
};

/* libbde takes characters as numbers. */
static int set_password(libbde_volume_t *volume, const uint8_t *secret, size_t length)
{
    uint16_t text[BDE_SECRET_MAX / 2];

    for (size_t i = 0; i < length / 2; i++)
        text[i] = load_le16(secret + 2 * i);
    int r = libbde_volume_set_utf16_password(volume, text, length / 2, NULL);
    explicit_bzero(text, sizeof(text));
    return r;
}

static int set_secret(libbde_volume_t *volume, const struct bde_request *request,
                      const uint8_t *secret, size_t length)
{
    int r = 1;

    if (request->protection == BITLOCKER_RECOVERY_KEY)
        r = libbde_volume_set_utf8_recovery_password(volume, secret, length, NULL);
    else if (request->protection == BITLOCKER_PASSWORD)
        r = set_password(volume, secret, length);
    return r == 1 ? 0 : -EKEYREJECTED;
}

static int64_t open_by_libbde(const struct job *job, const struct bde_request *request,
                              const uint8_t *secret, size_t length, struct unlocked *unlocked)
{
    libbfio_handle_t *handle;
    size64_t size;

    if (remote_bfio_new_ahead(&handle, job, 0, &unlocked->ahead) < 0 ||
        libbde_volume_initialize(&unlocked->volume, NULL) != 1)
        return -ENOMEM;
    int r = set_secret(unlocked->volume, request, secret, length);
    if (r < 0)
        return r;
    r = libbde_volume_open_file_io_handle(unlocked->volume, handle, LIBBDE_OPEN_READ, NULL);
    if (r != 1)
        return r == 0 ? -EKEYREJECTED : -EBADMSG;
    if (libbde_volume_get_size(unlocked->volume, &size, NULL) != 1)
        return -EBADMSG;
    return (int64_t)min_u64(size, request->size);
}

static bool is_sane(const struct job *job, const struct bde_request *request, size_t length)
{
    return job->source_count == 1 && length <= BDE_SECRET_MAX && request->size <= INT64_MAX &&
           request->sector_size >= 512 && request->sector_size <= 4096 &&
           is_power_of_two(request->sector_size);
}

static int64_t open_volume(const struct job *job, void **stream)
{
    struct unlocked *unlocked = calloc(1, sizeof(*unlocked));
    const uint8_t *secret = job->parameters + sizeof(struct bde_request);
    size_t length = job->parameters_size - sizeof(struct bde_request);
    struct bde_request request;
    int r;

    if (!unlocked)
        return -ENOMEM;
    if (job->parameters_size < sizeof(request))
        return -EINVAL;
    memcpy(&request, job->parameters, sizeof(request));
    if (!is_sane(job, &request, length))
        return -EINVAL;
    int64_t size = (int64_t)request.size;
    if (request.method != XTS_AES_256)
        size = open_by_libbde(job, &request, secret, length, unlocked);
    else if ((r = bde_xts_open(&unlocked->xts, &request, secret, length)) < 0)
        size = r;
    explicit_bzero(&request, sizeof(request));
    explicit_bzero((uint8_t *)(uintptr_t)job->parameters, job->parameters_size);
    *stream = unlocked;
    return size;
}

static int64_t read_volume(void *stream, uint64_t offset, void *buffer, size_t length)
{
    const struct unlocked *unlocked = stream;

    if (unlocked->xts)
        return bde_xts_read(unlocked->xts, offset, buffer, length);
    ssize_t n = libbde_volume_read_buffer_at_offset(unlocked->volume, buffer, length,
                                                    (off64_t)offset, NULL);
    return n < 0 ? -EBADMSG : n;
}

int main(void)
{
    static const struct worker_program program = {.open = open_volume, .read = read_volume};

    return worker_main(&program);
}

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * libbde gets the key of the volume, not the secret: see bde_keys.h. It wants every copy of the
 * metadata whole, so that it is given a view in which they are (bitlocker_view()). One method it
 * knows by name but cannot do, which bde_xts.c does.
 */
#include "worker/bde.h"

#include "base/checked.h"
#include "worker/bde_keys.h"
#include "worker/bde_xts.h"
#include "worker/protocol.h"
#include "worker/remote_bfio.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HAVE_LIBBFIO /* or libbde's header hides what takes a handle */
#include <libbde.h>

/* How a method's key is put together. libbde wants a tweak key of any method, and uses it with a
 * diffuser. */
struct method {
    uint16_t number;
    uint8_t size, first,
        tweak_at; /* bytes: of all of it, of the first key; where the tweak key is */
};

static const struct method methods[] = {
    {0x8000, 64, 16, 32}, {0x8001, 64, 32, 32}, /* AES-CBC with diffuser */
    {0x8002, 16, 16, 0},  {0x8003, 32, 32, 0},  /* AES-CBC */
    {0x8004, 32, 32, 0},                        /* XTS-AES 128 */
    {0x8005, 64, 0, 0},                         /* XTS-AES 256: bde_xts.c */
};

struct unlocked {
    libbde_volume_t *volume;
    struct read_ahead ahead;
    struct bde_xts *xts; /* instead */
};

static const struct method *method_of(const struct bde_request *request)
{
    for (size_t i = 0; i < ARRAY_SIZE(methods); i++)
        if (methods[i].number == request->method)
            return &methods[i];
    return NULL;
}

static int64_t open_by_libbde(const struct job *job, const struct bde_request *request,
                              const struct method *method, const uint8_t *key,
                              struct unlocked *unlocked)
{
    libbfio_handle_t *handle;
    size64_t size;

    if (remote_bfio_new_ahead(&handle, job, 0, &unlocked->ahead) < 0 ||
        libbde_volume_initialize(&unlocked->volume, NULL) != 1)
        return -ENOMEM;
    if (libbde_volume_set_keys(unlocked->volume, key, method->first, key + method->tweak_at,
                               method->first, NULL) != 1 ||
        libbde_volume_open_file_io_handle(unlocked->volume, handle, LIBBDE_OPEN_READ, NULL) != 1 ||
        libbde_volume_get_size(unlocked->volume, &size, NULL) != 1)
        return -EBADMSG;
    return (int64_t)min_u64(size, request->size);
}

static int64_t open_with(const struct job *job, const struct bde_request *request,
                         const uint8_t *secret, size_t length, struct unlocked *unlocked)
{
    const struct method *method = method_of(request);
    uint8_t key[BDE_VOLUME_KEY_MAX];

    if (!method)
        return -EBADMSG;
    int64_t r = bde_volume_key(request, secret, length, key, method->size);
    if (r == 0 && method->first > 0)
        r = open_by_libbde(job, request, method, key, unlocked);
    else if (r == 0 && (r = bde_xts_open(&unlocked->xts, request, key)) == 0)
        r = (int64_t)request->size;
    explicit_bzero(key, sizeof(key));
    return r;
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

    if (!unlocked)
        return -ENOMEM;
    if (job->parameters_size < sizeof(request))
        return -EINVAL;
    memcpy(&request, job->parameters, sizeof(request));
    int64_t size = is_sane(job, &request, length)
                       ? open_with(job, &request, secret, length, unlocked)
                       : -EINVAL;
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

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * The pool. Workers that did their job are kept for the next one of their kind; one that failed
 * in any way that is not its program's own answer is ended.
 */
#include "os/worker.h"

#include "base/checked.h"
#include "base/cleanup.h"
#include "base/strbuf.h"
#include "os/linux_spawner.h"
#include "os/linux_worker_link.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define IDLE_MAX 8
/* A library may leak a little with every bad file; that must not add up to its limit of memory. */
#define JOBS_PER_WORKER 200

#define DIRECTORIES_MAX 3

struct worker {
    struct worker_link link;
    pid_t pid;
    unsigned jobs;
    char name[SPAWNER_NAME_SIZE];
    struct worker *next_idle;
};

struct workers {
    pthread_mutex_t lock; /* of everything below */
    struct spawner spawner;
    struct worker *idle;
    unsigned idle_count;
};

/* Where the programs are. */

static char *beside_this_program(void)
{
    char exe[4096];
    ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe));
    const char *slash = n > 0 ? memrchr(exe, '/', (size_t)n) : NULL;

    return slash ? string_printf("%.*s/../worker", (int)(slash - exe), exe) : NULL;
}

static int start_spawner(struct spawner *spawner)
{
    CLEANUP_FREE char *beside = beside_this_program();
    const char *directories[DIRECTORIES_MAX + 1] = {NULL};
    const char *named = secure_getenv("HVCHAIN_WORKERS");
    size_t count = 0;

    if (named)
        directories[count++] = named;
    if (beside)
        directories[count++] = beside;
    directories[count++] = HVCHAIN_WORKER_DIR;
    return spawner_start(spawner, directories);
}

int workers_start(struct workers **out)
{
    struct workers *workers = calloc(1, sizeof(*workers));

    *out = NULL;
    if (!workers)
        return -ENOMEM;
    int r = start_spawner(&workers->spawner);
    if (r < 0) {
        free(workers);
        return r;
    }
    pthread_mutex_init(&workers->lock, NULL);
    *out = workers;
    return 0;
}

static void free_worker(struct worker *worker)
{
    close(worker->link.socket);
    free(worker->link.buffer);
    free(worker);
}

static void end_worker(struct workers *workers, struct worker *worker)
{
    pthread_mutex_lock(&workers->lock);
    spawner_end_worker(&workers->spawner, worker->pid);
    pthread_mutex_unlock(&workers->lock);
    free_worker(worker);
}

void workers_stop(struct workers *workers)
{
    if (!workers)
        return;
    while (workers->idle) {
        struct worker *worker = workers->idle;
        workers->idle = worker->next_idle;
        free_worker(worker);
    }
    spawner_stop(&workers->spawner);
    pthread_mutex_destroy(&workers->lock);
    free(workers);
}

/* Taking one out of the pool and putting it back. */

static struct worker *take_idle(struct workers *workers, const char *name)
{
    struct worker **at = &workers->idle;

    pthread_mutex_lock(&workers->lock);
    while (*at && strcmp((*at)->name, name) != 0)
        at = &(*at)->next_idle;
    struct worker *worker = *at;
    if (worker) {
        *at = worker->next_idle;
        workers->idle_count--;
    }
    pthread_mutex_unlock(&workers->lock);
    return worker;
}

static int new_worker(struct workers *workers, const char *name, struct worker **out)
{
    struct worker *worker = calloc(1, sizeof(*worker));
    uint8_t *buffer = malloc(WIRE_DATA_MAX);

    if (!worker || !buffer || strlen(name) >= sizeof(worker->name)) {
        free(worker);
        free(buffer);
        return worker && buffer ? -EINVAL : -ENOMEM;
    }
    pthread_mutex_lock(&workers->lock);
    int r = spawner_start_worker(&workers->spawner, name, &worker->link.socket, &worker->pid);
    pthread_mutex_unlock(&workers->lock);
    worker->link.buffer = buffer;
    strcpy(worker->name, name);
    if (r < 0)
        free_worker(worker);
    else
        *out = worker;
    return r;
}

/* An idle worker has nothing to say; one that does, or is gone, is of no use. */
static bool is_quiet(const struct worker *worker)
{
    struct pollfd pollfd = {.fd = worker->link.socket, .events = POLLIN};

    return poll(&pollfd, 1, 0) == 0;
}

static int take_worker(struct workers *workers, const char *name, int64_t deadline,
                       struct worker **out)
{
    struct worker *worker;

    while ((worker = take_idle(workers, name))) {
        if (is_quiet(worker)) {
            *out = worker;
            return 0;
        }
        end_worker(workers, worker);
    }
    int r = new_worker(workers, name, &worker);
    if (r < 0)
        return r;
    r = link_greet(&worker->link, deadline);
    if (r < 0)
        end_worker(workers, worker);
    else
        *out = worker;
    return r;
}

static void put_back(struct workers *workers, struct worker *worker)
{
    bool kept = false;

    pthread_mutex_lock(&workers->lock);
    if (++worker->jobs < JOBS_PER_WORKER && workers->idle_count < IDLE_MAX) {
        worker->next_idle = workers->idle;
        workers->idle = worker;
        workers->idle_count++;
        kept = true;
    }
    pthread_mutex_unlock(&workers->lock);
    if (!kept)
        end_worker(workers, worker);
}

/* Jobs. */

/* What follows a JOB message: the sizes of its sources and its parameters. */
static int job_payload(const struct worker_job *job, uint8_t **payload, uint32_t *length)
{
    size_t sizes = job->source_count * sizeof(uint64_t);

    if (job->source_count > WORKER_SOURCES_MAX || job->parameters_size > WORKER_PARAMETERS_MAX)
        return -EINVAL;
    *length = (uint32_t)(sizes + job->parameters_size);
    *payload = malloc(*length + 1);
    if (!*payload)
        return -ENOMEM;
    for (size_t i = 0; i < job->source_count; i++) {
        uint64_t size = io_size(job->sources[i]);
        memcpy(*payload + i * sizeof(size), &size, sizeof(size));
    }
    if (job->parameters_size > 0)
        memcpy(*payload + sizes, job->parameters, job->parameters_size);
    return 0;
}

static int give_job(struct worker *worker, const struct worker_job *job, enum wire_mode mode,
                    int64_t deadline, void *reply, size_t reply_size, int64_t *status)
{
    const struct link_sources sources = {job->sources, job->source_count};
    CLEANUP_FREE uint8_t *payload = NULL;
    struct wire_message message = {
        .type = WIRE_JOB,
        .value = mode,
        .source = (uint32_t)job->source_count,
    };
    int r = job_payload(job, &payload, &message.length);

    if (r < 0)
        return r;
    r = link_call(&worker->link, &message, payload, &sources, deadline, reply, reply_size, status);
    explicit_bzero(payload, message.length); /* there may be a password in it */
    return r;
}

int64_t workers_run(struct workers *workers, const struct worker_job *job, void *reply,
                    size_t reply_size)
{
    int64_t deadline = link_now() + job->timeout_ms;
    struct worker *worker;
    int64_t status;
    int r = take_worker(workers, job->name, deadline, &worker);

    if (r < 0)
        return r;
    r = give_job(worker, job, WIRE_RUN, deadline, reply, reply_size, &status);
    if (r < 0) {
        end_worker(workers, worker);
        return r;
    }
    put_back(workers, worker);
    return status;
}

/* Decoded sources. */

struct decoded {
    struct workers *workers;
    struct worker_job job; /* over the copies below */
    char *name;
    io_source **sources; /* referenced */
    void *parameters;
    uint64_t size;
    pthread_mutex_t lock;  /* of the worker */
    struct worker *worker; /* NULL after it failed: the next read gets a new one */
};

static int open_stream(struct decoded *decoded, int64_t deadline, uint64_t *size)
{
    struct worker *worker;
    int64_t status;
    int r = take_worker(decoded->workers, decoded->job.name, deadline, &worker);

    if (r < 0)
        return r;
    r = give_job(worker, &decoded->job, WIRE_SERVE, deadline, NULL, 0, &status);
    if (r == 0 && status >= 0) {
        decoded->worker = worker;
        *size = (uint64_t)status;
        return 0;
    }
    end_worker(decoded->workers, worker);
    return r < 0 ? r : (int)status;
}

/* A new worker must see what the first one saw. */
static int open_again(struct decoded *decoded, int64_t deadline)
{
    uint64_t size = 0;
    int r = open_stream(decoded, deadline, &size);

    if (r == 0 && size != decoded->size) {
        end_worker(decoded->workers, STEAL(decoded->worker));
        return -EPROTO;
    }
    return r;
}

static int64_t read_stream(struct decoded *decoded, uint64_t offset, void *buffer, size_t length)
{
    const struct link_sources sources = {decoded->job.sources, decoded->job.source_count};
    int64_t deadline = link_now() + decoded->job.timeout_ms;
    struct wire_message message = {
        .type = WIRE_READ,
        .value = (int64_t)offset,
        .count = (uint32_t)min_u64(length, WIRE_DATA_MAX),
    };
    int64_t status;
    int r = decoded->worker ? 0 : open_again(decoded, deadline);

    if (r == 0) {
        r = link_call(&decoded->worker->link, &message, NULL, &sources, deadline, buffer,
                      message.count, &status);
        if (r == 0)
            return status;
        end_worker(decoded->workers, STEAL(decoded->worker));
    }
    return r;
}

static int64_t decoded_read(void *self, uint64_t offset, void *buffer, size_t length)
{
    struct decoded *decoded = self;

    pthread_mutex_lock(&decoded->lock);
    int64_t n = read_stream(decoded, offset, buffer, length);
    pthread_mutex_unlock(&decoded->lock);
    return n;
}

static void decoded_close(void *self)
{
    struct decoded *decoded = self;

    if (decoded->worker)
        end_worker(decoded->workers, decoded->worker);
    for (size_t i = 0; i < decoded->job.source_count; i++)
        io_unref(decoded->sources[i]);
    if (decoded->parameters)
        explicit_bzero(decoded->parameters, decoded->job.parameters_size);
    free(decoded->parameters);
    free(decoded->sources);
    free(decoded->name);
    pthread_mutex_destroy(&decoded->lock);
    free(decoded);
}

static void *copy_bytes(const void *bytes, size_t size)
{
    void *copy = malloc(size + 1);

    if (copy && size > 0)
        memcpy(copy, bytes, size);
    return copy;
}

static struct decoded *new_decoded(struct workers *workers, const struct worker_job *job)
{
    struct decoded *decoded = calloc(1, sizeof(*decoded));

    if (!decoded)
        return NULL;
    pthread_mutex_init(&decoded->lock, NULL);
    decoded->workers = workers;
    decoded->name = strdup(job->name);
    decoded->sources = copy_bytes(job->sources, job->source_count * sizeof(*job->sources));
    decoded->parameters = copy_bytes(job->parameters, job->parameters_size);
    if (!decoded->name || !decoded->sources || !decoded->parameters) {
        decoded_close(decoded);
        return NULL;
    }
    decoded->job = *job;
    decoded->job.name = decoded->name;
    decoded->job.sources = decoded->sources;
    decoded->job.parameters = decoded->parameters;
    for (size_t i = 0; i < job->source_count; i++)
        io_ref(job->sources[i]);
    return decoded;
}

int workers_open_source(struct workers *workers, const struct worker_job *job, io_source **out)
{
    static const struct io_ops ops = {decoded_read, decoded_close};
    struct decoded *decoded = new_decoded(workers, job);

    *out = NULL;
    if (!decoded)
        return -ENOMEM;
    int r = open_stream(decoded, link_now() + job->timeout_ms, &decoded->size);
    if (r < 0) {
        decoded_close(decoded);
        return r;
    }
    *out = io_source_new(&ops, decoded, decoded->size);
    return *out ? 0 : -ENOMEM;
}

/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "os/parallel.h"

#include "base/checked.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

unsigned os_cpu_count(void)
{
    cpu_set_t set;
    long online;

    if (sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) > 0)
        return (unsigned)CPU_COUNT(&set);
    online = sysconf(_SC_NPROCESSORS_ONLN); /* more than 1,024 processors don't fit the set */
    return online > 0 ? (unsigned)online : 1;
}

struct job {
    void (*fn)(void *user, size_t index);
    void *user;
    size_t count;
    atomic_size_t next;
};

static void *work(void *argument)
{
    struct job *job = argument;
    size_t index;

    while ((index = atomic_fetch_add(&job->next, 1)) < job->count)
        job->fn(job->user, index);
    return NULL;
}

/* Signals are for the thread that was there before. */
static unsigned start(pthread_t *helpers, unsigned wanted, struct job *job)
{
    sigset_t all, before;
    unsigned started = 0;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (started < wanted && pthread_create(&helpers[started], NULL, work, job) == 0)
        started++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started;
}

int parallel_for(size_t count, unsigned threads, void (*fn)(void *user, size_t index), void *user)
{
    struct job job = {.fn = fn, .user = user, .count = count};
    unsigned wanted = (unsigned)min_u64(threads, count);
    pthread_t *helpers = wanted > 1 ? calloc(wanted - 1, sizeof(*helpers)) : NULL;
    unsigned started = helpers ? start(helpers, wanted - 1, &job) : 0;

    work(&job);
    for (unsigned i = 0; i < started; i++)
        pthread_join(helpers[i], NULL);
    free(helpers);
    return 0;
}

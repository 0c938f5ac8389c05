/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "os/linux_spawner.h"

#include "base/vector.h"
#include "os/sanitized.h"
#include "os/worker_wire.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORKER_MEMORY_MAX   (512UL * 1024 * 1024) /* address space */
#define WORKER_FILES_MAX    64UL                  /* the loader needs a few */
#define WORKER_CPU_MAX      60UL /* seconds; a worker that serves long renews it for each request */

enum spawner_order { ORDER_START, ORDER_END };

struct order {
    enum spawner_order what;
    pid_t worker;
    char name[SPAWNER_NAME_SIZE];
};

struct answer {
    int status;
    pid_t worker; /* its socket comes with the message */
};

/* The worker between fork and exec. */

static void limit(int resource, rlim_t soft, rlim_t hard)
{
    setrlimit(resource, &(struct rlimit){soft, hard});
}

static void say_why_not(int error)
{
    struct wire_message hello = {.type = WIRE_HELLO, .value = -error};

    send(WIRE_SOCKET, &hello, sizeof(hello), MSG_NOSIGNAL);
}

_Noreturn static void become_worker(pid_t spawner, int socket, const char *const *directories,
                                    const char *name)
{
    char path[4096];
    sigset_t none;
    int error = ENOENT;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != spawner) /* it ended before that took effect */
        _exit(1);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (dup2(socket, WIRE_SOCKET) < 0 || close_range(WIRE_SOCKET + 1, ~0U, 0) < 0)
        _exit(1);
    limit(RLIMIT_CORE, 0, 0);
    limit(RLIMIT_CPU, WORKER_CPU_MAX, RLIM_INFINITY);
    limit(RLIMIT_NOFILE, WORKER_FILES_MAX, WORKER_FILES_MAX);
    if (!BUILT_SANITIZED)
        limit(RLIMIT_AS, WORKER_MEMORY_MAX, WORKER_MEMORY_MAX);
    for (; *directories && error == ENOENT; directories++) {
        int n = snprintf(path, sizeof(path), "%s/hvchain-worker-%s", *directories, name);
        if (n < 0 || (size_t)n >= sizeof(path))
            continue;
        execl(path, path, (char *)NULL);
        error = errno;
    }
    say_why_not(error);
    _exit(1);
}

/* The spawner. */

#define CONTROL (STDERR_FILENO + 1) /* where it keeps its socket to us */

typedef VECTOR(pid_t) worker_list;

static void forget(worker_list *workers, pid_t worker)
{
    for (size_t i = 0; i < workers->count; i++)
        if (workers->items[i] == worker)
            workers->items[i] = workers->items[--workers->count];
}

/* A worker stands in the list until it has been waited for, so its number is still its own. */
static void end_worker(worker_list *workers, pid_t worker)
{
    for (size_t i = 0; i < workers->count; i++)
        if (workers->items[i] == worker) {
            kill(worker, SIGKILL);
            waitpid(worker, NULL, 0);
            forget(workers, worker);
            return;
        }
}

static void wait_for_ended(worker_list *workers)
{
    pid_t worker;

    while ((worker = waitpid(-1, NULL, WNOHANG)) > 0)
        forget(workers, worker);
}

static bool name_is_valid(const char name[SPAWNER_NAME_SIZE])
{
    size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");

    return length > 0 && length < SPAWNER_NAME_SIZE && name[length] == '\0';
}

static pid_t start_worker(worker_list *workers, const char *const *directories, const char *name,
                          int socket)
{
    pid_t *slot = vector_push(workers);

    if (!slot)
        return -ENOMEM;
    pid_t spawner = getpid();
    pid_t worker = fork();
    if (worker == 0)
        become_worker(spawner, socket, directories, name);
    if (worker > 0) {
        *slot = worker;
        return worker;
    }
    workers->count--;
    return -errno;
}

static void send_answer(const struct answer *answer, int socket)
{
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } space = {0};
    struct iovec body = {(void *)(uintptr_t)answer, sizeof(*answer)};
    struct msghdr message = {.msg_iov = &body, .msg_iovlen = 1};

    if (socket >= 0) {
        message.msg_control = &space;
        message.msg_controllen = sizeof(space);
        space.header = (struct cmsghdr){
            .cmsg_len = CMSG_LEN(sizeof(int)),
            .cmsg_level = SOL_SOCKET,
            .cmsg_type = SCM_RIGHTS,
        };
        memcpy(CMSG_DATA(&space.header), &socket, sizeof(int));
    }
    sendmsg(CONTROL, &message, MSG_NOSIGNAL);
}

static void obey_start(worker_list *workers, const char *const *directories, const char *name)
{
    struct answer answer = {.status = -EINVAL};
    int pair[2] = {-1, -1};

    if (name_is_valid(name))
        answer.status =
            socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0 ? -errno : 0;
    if (answer.status == 0) {
        answer.worker = start_worker(workers, directories, name, pair[1]);
        if (answer.worker < 0)
            answer.status = answer.worker;
    }
    send_answer(&answer, answer.status == 0 ? pair[0] : -1);
    if (pair[0] >= 0) {
        close(pair[0]);
        close(pair[1]);
    }
}

static void obey(const struct order *order, worker_list *workers,
                 const char *const *directories)
{
    struct answer done = {0};

    switch (order->what) {
    case ORDER_START:
        obey_start(workers, directories, order->name);
        break;
    case ORDER_END:
        end_worker(workers, order->worker);
        send_answer(&done, -1);
        break;
    }
}

/* Keeps nothing open but the control socket, at CONTROL. */
static void keep_only(int control)
{
    int high = fcntl(control, F_DUPFD, CONTROL + 1);
    int null = open("/dev/null", O_RDWR);

    dup2(null, STDIN_FILENO);
    dup2(null, STDOUT_FILENO);
    if (!BUILT_SANITIZED) /* whose complaints should be seen */
        dup2(null, STDERR_FILENO);
    dup2(high, CONTROL);
    fcntl(CONTROL, F_SETFD, FD_CLOEXEC);
    close_range(CONTROL + 1, ~0U, 0);
}

_Noreturn static void be_spawner(int control, const char *const *directories)
{
    worker_list workers = {0};
    sigset_t child;

    /* Away from the terminal: Ctrl-C there is for us, who then end our workers. */
    setsid();
    prctl(PR_SET_NAME, "hvchain-spawner");
    keep_only(control);
    signal(SIGCHLD, SIG_DFL);
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_SETMASK, &child, NULL);
    int children = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);

    for (;;) {
        struct pollfd pollfds[] = {
            {.fd = CONTROL, .events = POLLIN},
            {.fd = children, .events = POLLIN},
        };
        struct signalfd_siginfo info;
        struct order order;
        if (poll(pollfds, 2, -1) < 0)
            continue;
        while (read(children, &info, sizeof(info)) > 0)
            wait_for_ended(&workers);
        if (!pollfds[0].revents)
            continue;
        if (recv(CONTROL, &order, sizeof(order), 0) != sizeof(order))
            break;
        obey(&order, &workers, directories);
    }
    while (workers.count > 0)
        end_worker(&workers, workers.items[0]);
    _exit(0);
}

/* Our side. */

int spawner_start(struct spawner *spawner, const char *const *directories)
{
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return -errno;
    pid_t pid = fork();
    if (pid < 0) {
        int error = errno;
        close(pair[0]);
        close(pair[1]);
        return -error;
    }
    if (pid == 0) {
        close(pair[0]);
        be_spawner(pair[1], directories);
    }
    close(pair[1]);
    *spawner = (struct spawner){.control = pair[0], .pid = pid};
    return 0;
}

void spawner_stop(struct spawner *spawner)
{
    close(spawner->control);
    while (waitpid(spawner->pid, NULL, 0) < 0 && errno == EINTR)
        ;
}

/* One order, one answer. *socket is -1 when none came. */
static int give_order(struct spawner *spawner, const struct order *order, struct answer *answer,
                      int *socket)
{
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } space;
    struct iovec body = {answer, sizeof(*answer)};
    struct msghdr message = {
        .msg_iov = &body,
        .msg_iovlen = 1,
        .msg_control = &space,
        .msg_controllen = sizeof(space),
    };
    ssize_t n;

    *socket = -1;
    if (send(spawner->control, order, sizeof(*order), MSG_NOSIGNAL) != sizeof(*order))
        return -EPIPE;
    do
        n = recvmsg(spawner->control, &message, MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    if (n != sizeof(*answer))
        return -EPIPE;
    struct cmsghdr *control = CMSG_FIRSTHDR(&message);
    if (control && control->cmsg_type == SCM_RIGHTS)
        memcpy(socket, CMSG_DATA(control), sizeof(int));
    return answer->status;
}

int spawner_start_worker(struct spawner *spawner, const char *name, int *socket, pid_t *worker)
{
    struct order order = {.what = ORDER_START};
    struct answer answer;

    if (strlen(name) >= sizeof(order.name))
        return -EINVAL;
    strcpy(order.name, name);
    int r = give_order(spawner, &order, &answer, socket);
    if (r == 0 && *socket < 0)
        r = -EMFILE; /* the descriptor could not be taken over */
    *worker = answer.worker;
    return r;
}

void spawner_end_worker(struct spawner *spawner, pid_t worker)
{
    struct order order = {.what = ORDER_END, .worker = worker};
    struct answer answer;
    int none;

    give_order(spawner, &order, &answer, &none);
}

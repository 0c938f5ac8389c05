/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* A worker program for tests: the parameters of its job name how it behaves. */
#include "base/checked.h"
#include "os/worker_wire.h"
#include "worker/protocol.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static uint64_t descriptors_at_start;

_Noreturn static void hang(void)
{
    for (;;)
        nanosleep(&(struct timespec){3600, 0}, NULL);
}

static int64_t answer_number(void *reply, uint64_t number)
{
    memcpy(reply, &number, sizeof(number));
    return sizeof(number);
}

/* Well-behaved. */

static int64_t run_echo(const struct job *job, void *reply)
{
    memcpy(reply, job->parameters, job->parameters_size);
    return (int64_t)job->parameters_size;
}

static int64_t run_sum(const struct job *job, void *reply)
{
    static uint8_t buffer[3 * WIRE_DATA_MAX / 2];
    uint64_t sum = 0;

    for (unsigned s = 0; s < job->source_count; s++)
        for (uint64_t offset = 0; offset < job->sizes[s]; offset += sizeof(buffer)) {
            int64_t n = worker_read(s, offset, buffer, sizeof(buffer));
            if (n < 0)
                return n;
            for (int64_t i = 0; i < n; i++)
                sum += buffer[i];
        }
    return answer_number(reply, sum);
}

static int64_t run_pid(const struct job *job, void *reply)
{
    return answer_number(reply, (uint64_t)getpid());
}

static int64_t run_descriptors(const struct job *job, void *reply)
{
    return answer_number(reply, descriptors_at_start);
}

static int64_t run_refuse(const struct job *job, void *reply)
{
    return -EBADMSG;
}

/* Unlucky. */

static int64_t run_sleep(const struct job *job, void *reply)
{
    hang();
}

static int64_t run_ask_for_ever(const struct job *job, void *reply)
{
    char byte;

    while (worker_read(0, 0, &byte, 1) == 1)
        ;
    return 0;
}

static int64_t run_die(const struct job *job, void *reply)
{
    abort();
}

static int64_t run_eat(const struct job *job, void *reply)
{
    for (uint64_t eaten = 0; eaten < 4 * GIB; eaten += MIB) {
        void *volatile bytes = mmap(NULL, MIB, PROT_READ | PROT_WRITE,
                                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (bytes == MAP_FAILED)
            return -errno;
    }
    return 0;
}

/* Hostile: against the protocol. */

static void speak(const struct wire_message *message)
{
    send(WIRE_SOCKET, message, sizeof(*message), MSG_NOSIGNAL);
}

static int64_t run_nonsense(const struct job *job, void *reply)
{
    char nonsense[256];

    memset(nonsense, 0xA5, sizeof(nonsense));
    send(WIRE_SOCKET, nonsense, sizeof(nonsense), MSG_NOSIGNAL);
    hang();
}

static int64_t run_read_too_much(const struct job *job, void *reply)
{
    speak(&(struct wire_message){.type = WIRE_READ, .count = WIRE_DATA_MAX + 1});
    hang();
}

static int64_t run_read_before_start(const struct job *job, void *reply)
{
    speak(&(struct wire_message){.type = WIRE_READ, .value = -1, .count = 1});
    hang();
}

static int64_t run_read_unknown_source(const struct job *job, void *reply)
{
    speak(&(struct wire_message){.type = WIRE_READ, .source = 7, .count = 1});
    hang();
}

static int64_t run_long_reply(const struct job *job, void *reply)
{
    return 4096; /* the test asks for less */
}

static int64_t run_claim_bytes(const struct job *job, void *reply)
{
    speak(&(struct wire_message){.type = WIRE_DONE, .value = 8}); /* and sends none */
    hang();
}

static int64_t run_claim_error(const struct job *job, void *reply)
{
    speak(&(struct wire_message){.type = WIRE_DONE, .value = INT64_MIN});
    hang();
}

static int64_t run_half_a_message(const struct job *job, void *reply)
{
    send(WIRE_SOCKET, "half", 4, MSG_NOSIGNAL);
    _exit(0);
}

static int64_t run_speak_out_of_turn(const struct job *job, void *reply)
{
    const struct wire_message twice[2] = {{.type = WIRE_DONE}, {.type = WIRE_DONE}};

    send(WIRE_SOCKET, twice, sizeof(twice), MSG_NOSIGNAL);
    hang();
}

/* Hostile: against the machine. The reply is what each attempt gave, 0 or an errno. */
static int64_t run_escape(const struct job *job, void *reply)
{
    int64_t results[] = {
        open("/etc/passwd", O_RDONLY) < 0 ? errno : 0,
        open("/tmp/hvchain-escaped", O_WRONLY | O_CREAT, 0600) < 0 ? errno : 0,
        socket(AF_INET, SOCK_STREAM, 0) < 0 ? errno : 0,
        socket(AF_UNIX, SOCK_STREAM, 0) < 0 ? errno : 0,
        execl("/bin/true", "true", (char *)NULL) < 0 ? errno : 0,
        fork() < 0 ? errno : 0,
        kill(getppid(), 0) < 0 ? errno : 0,
        mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED
            ? errno
            : 0,
        write(STDOUT_FILENO, "x", 1) < 0 ? errno : 0,
    };

    memcpy(reply, results, sizeof(results));
    return sizeof(results);
}

static const struct behaviour {
    const char *name;
    int64_t (*run)(const struct job *, void *reply);
} behaviours[] = {
    {"sum", run_sum},
    {"pid", run_pid},
    {"descriptors", run_descriptors},
    {"refuse", run_refuse},
    {"sleep", run_sleep},
    {"ask-for-ever", run_ask_for_ever},
    {"die", run_die},
    {"eat", run_eat},
    {"nonsense", run_nonsense},
    {"read-too-much", run_read_too_much},
    {"read-before-start", run_read_before_start},
    {"read-unknown-source", run_read_unknown_source},
    {"long-reply", run_long_reply},
    {"claim-bytes", run_claim_bytes},
    {"claim-error", run_claim_error},
    {"half-a-message", run_half_a_message},
    {"speak-out-of-turn", run_speak_out_of_turn},
    {"escape", run_escape},
};

static int is_named(const struct job *job, const char *name)
{
    return job->parameters_size == strlen(name) &&
           memcmp(job->parameters, name, job->parameters_size) == 0;
}

static int64_t run(const struct job *job, void *reply)
{
    for (size_t i = 0; i < ARRAY_SIZE(behaviours); i++)
        if (is_named(job, behaviours[i].name))
            return behaviours[i].run(job, reply);
    return run_echo(job, reply);
}

/* Serving: the source with every byte turned over. "trap" hangs in the second MiB. */

struct stream {
    const struct job *job;
    int is_trap;
};

static int64_t open_stream(const struct job *job, void **out)
{
    static struct stream stream;

    if (is_named(job, "refuse"))
        return -EBADMSG;
    if (is_named(job, "sleep"))
        hang();
    stream = (struct stream){job, is_named(job, "trap")};
    *out = &stream;
    return (int64_t)job->sizes[0];
}

static int64_t read_stream(void *self, uint64_t offset, void *buffer, size_t length)
{
    struct stream *stream = self;
    uint8_t *bytes = buffer;

    if (stream->is_trap && offset >= MIB && offset < 2 * MIB)
        hang();
    int64_t n = worker_read(0, offset, buffer, length);
    for (int64_t i = 0; i < n; i++)
        bytes[i] ^= 0xFF;
    return n;
}

int main(void)
{
    static const struct worker_program program = {run, open_stream, read_stream};

    for (int fd = 0; fd < 64; fd++)
        if (fcntl(fd, F_GETFD) >= 0)
            descriptors_at_start |= (uint64_t)1 << fd;
    return worker_main(&program);
}

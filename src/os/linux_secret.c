/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "os/secret.h"

#include "base/checked.h"
#include "os/sanitized.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <termios.h>
#include <unistd.h>

void secret_shield(void)
{
    if (!BUILT_SANITIZED) /* whose search for leaks looks in from outside */
        prctl(PR_SET_DUMPABLE, 0);
}

static const int ending[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM};

static volatile sig_atomic_t caught;

static void on_signal(int number)
{
    caught = number;
}

/* How signals were handled before the question. */
struct handling {
    struct sigaction actions[ARRAY_SIZE(ending)];
    sigset_t mask;
};

/* They come only while we wait for the answer: none is lost between the question and the wait. */
static void hold_signals(struct handling *before)
{
    const struct sigaction action = {.sa_handler = on_signal};
    sigset_t held;

    caught = 0;
    sigemptyset(&held);
    for (size_t i = 0; i < ARRAY_SIZE(ending); i++)
        sigaddset(&held, ending[i]);
    pthread_sigmask(SIG_BLOCK, &held, &before->mask);
    for (size_t i = 0; i < ARRAY_SIZE(ending); i++)
        sigaction(ending[i], &action, &before->actions[i]);
}

static void release_signals(const struct handling *before)
{
    for (size_t i = 0; i < ARRAY_SIZE(ending); i++)
        sigaction(ending[i], &before->actions[i], NULL);
    pthread_sigmask(SIG_SETMASK, &before->mask, NULL);
    if (caught)
        raise(caught);
}

static int read_line(int terminal, char *line, size_t size, const sigset_t *while_waiting)
{
    struct pollfd wait = {.fd = terminal, .events = POLLIN};
    size_t length = 0;
    ssize_t n;

    do {
        if (ppoll(&wait, 1, NULL, while_waiting) < 0)
            return errno == EINTR ? -ENODATA : -errno;
        n = read(terminal, line + length, 1);
        if (n < 0)
            return -errno;
        if (n == 0 && length == 0)
            return -ENODATA;
        if (n == 0 || line[length] == '\n')
            break;
    } while (++length < size);
    if (length == size)
        return -EFBIG;
    line[length] = '\0';
    return 0;
}

static void say(int terminal, const char *text)
{
    ssize_t n = write(terminal, text, strlen(text));

    (void)n; /* whoever can't read the question can't be told so either */
}

int secret_ask(const char *question, char *answer, size_t size)
{
    struct handling before;
    struct termios shown, hidden;
    int terminal = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);

    if (terminal < 0)
        return -errno;
    if (tcgetattr(terminal, &shown) < 0) {
        close(terminal);
        return -ENXIO;
    }
    hidden = shown;
    hidden.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
    hidden.c_cc[VSUSP] = _POSIX_VDISABLE; /* a shell must not get the terminal like this */
    hold_signals(&before);
    tcsetattr(terminal, TCSAFLUSH, &hidden);
    say(terminal, question);
    int r = read_line(terminal, answer, size, &before.mask);
    say(terminal, "\n");
    tcsetattr(terminal, TCSAFLUSH, &shown);
    close(terminal);
    if (r < 0)
        explicit_bzero(answer, size);
    release_signals(&before);
    return r;
}

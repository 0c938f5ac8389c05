/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "os/secret.h"

#include "base/checked.h"
#include "os/sanitized.h"

#include <errno.h>
#include <fcntl.h>
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

static void catch_signals(struct sigaction before[ARRAY_SIZE(ending)])
{
    struct sigaction action = {.sa_handler = on_signal}; /* reading is not begun again */

    caught = 0;
    for (size_t i = 0; i < ARRAY_SIZE(ending); i++)
        sigaction(ending[i], &action, &before[i]);
}

static void release_signals(const struct sigaction before[ARRAY_SIZE(ending)])
{
    for (size_t i = 0; i < ARRAY_SIZE(ending); i++)
        sigaction(ending[i], &before[i], NULL);
    if (caught)
        raise(caught);
}

static int read_line(int terminal, char *line, size_t size)
{
    size_t length = 0;
    ssize_t n;

    while ((n = read(terminal, line + length, 1)) == 1 && line[length] != '\n') {
        if (++length >= size)
            return -EFBIG;
    }
    if (n < 0 && errno != EINTR)
        return -errno;
    if (n < 0 || (n == 0 && length == 0))
        return -ENODATA;
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
    struct sigaction before[ARRAY_SIZE(ending)];
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
    catch_signals(before);
    tcsetattr(terminal, TCSAFLUSH, &hidden);
    say(terminal, question);
    int r = read_line(terminal, answer, size);
    say(terminal, "\n");
    tcsetattr(terminal, TCSAFLUSH, &shown);
    close(terminal);
    if (r < 0)
        explicit_bzero(answer, size);
    release_signals(before);
    return r;
}

/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "os/terminal.h"

#include "base/checked.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define DEFAULT_COLUMNS 80
#define MOST_COLUMNS    10000

static bool is_set(const char *variable)
{
    const char *value = getenv(variable);

    return value && *value;
}

static unsigned columns_of(int fd)
{
    const char *variable = getenv("COLUMNS");
    struct winsize size;
    char *end;

    if (variable && *variable >= '0' && *variable <= '9') {
        unsigned long columns = strtoul(variable, &end, 10);
        if (*end == '\0' && columns > 0 && columns <= MOST_COLUMNS)
            return (unsigned)columns;
    }
    if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    return DEFAULT_COLUMNS;
}

/* The first that is set decides (POSIX, 8.2). The locale need not be installed: what counts is how
 * the terminal reads our bytes. */
static bool locale_is_utf8(void)
{
    static const char *const variables[] = {"LC_ALL", "LC_CTYPE", "LANG"};

    for (size_t i = 0; i < ARRAY_SIZE(variables); i++)
        if (is_set(variables[i])) {
            const char *dot = strchr(getenv(variables[i]), '.');
            return dot && (strncasecmp(dot, ".UTF-8", 6) == 0 || strncasecmp(dot, ".UTF8", 5) == 0);
        }
    return false;
}

void terminal_look(struct terminal *terminal, int fd)
{
    const char *kind = getenv("TERM");

    terminal->interactive = isatty(fd) == 1;
    terminal->colour = terminal->interactive && !is_set("NO_COLOR") && is_set("TERM") &&
                       strcmp(kind, "dumb") != 0;
    terminal->utf8 = locale_is_utf8();
    terminal->columns = columns_of(fd);
}

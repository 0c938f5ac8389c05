/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "../testing.h"

#include "os/terminal.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

static int clear_environment(void **state)
{
    static const char *const variables[] = {"COLUMNS", "NO_COLOR", "TERM",
                                            "LC_ALL",  "LC_CTYPE", "LANG"};

    for (size_t i = 0; i < sizeof(variables) / sizeof(*variables); i++)
        unsetenv(variables[i]);
    return 0;
}

/* The user's side of a pseudo-terminal, -1 where there is none. */
static int open_terminal(int *other)
{
    *other = posix_openpt(O_RDWR | O_NOCTTY);
    if (*other < 0 || grantpt(*other) < 0 || unlockpt(*other) < 0)
        return -1;
    return open(ptsname(*other), O_RDWR | O_NOCTTY);
}

static void test_a_pipe_is_no_terminal(void **state)
{
    struct terminal terminal;
    int ends[2];

    setenv("TERM", "xterm", 1);
    assert_int_equal(pipe(ends), 0);
    terminal_look(&terminal, ends[1]);
    assert_false(terminal.interactive);
    assert_false(terminal.colour);
    assert_int_equal(terminal.columns, 80);
    close(ends[0]);
    close(ends[1]);
}

static void test_terminal(void **state)
{
    struct winsize size = {.ws_row = 20, .ws_col = 123};
    struct terminal terminal;
    int other, fd = open_terminal(&other);

    if (fd < 0) {
        print_message("skipped: no pseudo-terminals here\n");
        skip();
    }
    assert_int_equal(ioctl(fd, TIOCSWINSZ, &size), 0);
    terminal_look(&terminal, fd);
    assert_true(terminal.interactive);
    assert_false(terminal.colour); /* nobody says what it is */
    assert_int_equal(terminal.columns, 123);
    setenv("TERM", "xterm-256color", 1);
    terminal_look(&terminal, fd);
    assert_true(terminal.colour);
    setenv("NO_COLOR", "", 1); /* counts as not set: no-color.org */
    terminal_look(&terminal, fd);
    assert_true(terminal.colour);
    setenv("NO_COLOR", "1", 1);
    terminal_look(&terminal, fd);
    assert_false(terminal.colour);
    unsetenv("NO_COLOR");
    setenv("TERM", "dumb", 1);
    terminal_look(&terminal, fd);
    assert_false(terminal.colour);
    close(fd);
    close(other);
}

static void test_columns(void **state)
{
    static const struct {
        const char *value;
        unsigned columns;
    } table[] = {{"132", 132}, {"1", 1},     {"", 80},  {"0", 80},
                 {"-5", 80},   {"12x", 80},  {"x", 80}, {"99999999999999999999", 80},
                 {"10000", 10000}, {"10001", 80}};
    struct terminal terminal;

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        setenv("COLUMNS", table[i].value, 1);
        terminal_look(&terminal, -1);
        assert_int_equal(terminal.columns, table[i].columns);
    }
}

static void test_utf8(void **state)
{
    static const struct {
        const char *lc_all, *lc_ctype, *lang;
        bool utf8;
    } table[] = {
        {"", "", "", false},
        {"", "", "C", false},
        {"", "", "C.UTF-8", true},
        {"", "", "de_DE.utf8@euro", true},
        {"", "", "de_DE.ISO-8859-1", false},
        {"", "de_DE.UTF-8", "C", true},
        {"C", "de_DE.UTF-8", "de_DE.UTF-8", false},
        {"POSIX", "", "", false},
    };
    struct terminal terminal;

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        setenv("LC_ALL", table[i].lc_all, 1);
        setenv("LC_CTYPE", table[i].lc_ctype, 1);
        setenv("LANG", table[i].lang, 1);
        terminal_look(&terminal, -1);
        assert_int_equal(terminal.utf8, table[i].utf8);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_a_pipe_is_no_terminal, clear_environment),
        cmocka_unit_test_setup(test_terminal, clear_environment),
        cmocka_unit_test_setup(test_columns, clear_environment),
        cmocka_unit_test_setup(test_utf8, clear_environment),
    };

    return cmocka_run_group_tests_name("os-terminal", tests, NULL, NULL);
}

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* The question itself, on a terminal, is asked in tests/cli/bitlocker. */
#include "../testing.h"
#include "../temporary.h"

#include "os/sanitized.h"
#include "os/secret.h"

#include <sys/prctl.h>

static int shield(void)
{
    secret_shield();
    return prctl(PR_GET_DUMPABLE);
}

static void test_shield(void **state)
{
    assert_int_equal(in_child(shield), BUILT_SANITIZED ? 1 : 0);
}

static int ask_without_terminal(void)
{
    char answer[16];

    setsid(); /* a session of its own has none */
    return -secret_ask("?", answer, sizeof(answer));
}

static void test_no_terminal(void **state)
{
    assert_int_equal(in_child(ask_without_terminal), ENXIO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shield),
        cmocka_unit_test(test_no_terminal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* What every cmocka test needs; include this first. */
#ifndef TESTS_TESTING_H
#define TESTS_TESTING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif

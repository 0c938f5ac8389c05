/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* What the tests of this room share. */
#ifndef TESTS_VM_TESTING_H
#define TESTS_VM_TESTING_H

#include "../testing.h"

#include "base/notes.h"
#include "io/source.h"

/* The whole file in memory, which the caller frees. */
uint8_t *load_file(const char *path, size_t *size);
/* A sample of shared/samples; NULL, with a line that says so, when the folder is absent. */
uint8_t *load_sample(const char *name, size_t *size);

/* For a failing assertion: every note on standard error. */
void print_notes(const struct notes *);

/* No note of warning or worse; prints them when there is one. */
void assert_healthy(const struct notes *);
void assert_has_note(const struct notes *, const char *rule);

#endif

/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* What the tests of this room share: samples and made files as sources, notes in readable form. */
#ifndef TESTS_DISK_TESTING_H
#define TESTS_DISK_TESTING_H

#include "../testing.h"

#include "base/notes.h"
#include "disk/disk.h"
#include "io/source.h"

#include <stdbool.h>

struct vhd_recipe;
struct vhdx_recipe;

/* The file behind a descriptor, which the source closes. */
io_source *fd_source(int fd);
/* An empty, sparse file in memory, open for reading and writing. */
int memory_file(void);
void put_bytes(int fd, uint64_t offset, const void *bytes, size_t length);
/* A file made from a recipe, in memory. */
io_source *made_vhdx(const struct vhdx_recipe *);
io_source *made_vhd(const struct vhd_recipe *);

/* Descriptor of an unpacked sample ("vhdx/swap.vhdx.gz"), or -1 with a line that says so when the
 * samples are not there. */
int sample_file(const char *name);
io_source *sample_source(const char *name);

void print_notes(const struct notes *);
/* No note of warning or worse. */
void assert_healthy(const struct notes *);
void assert_has_note(const struct notes *, const char *rule, enum severity);

/* Opens, expects success, prints the notes else. */
struct disk *open_healthy(io_source *);

/* Runs a shell command (printf style); true when it exits with 0. */
bool run(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* True when the program is installed; else a line that says what is skipped. */
bool have_program(const char *name);

#endif

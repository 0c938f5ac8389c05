/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* What the commands share. The program uses the public library alone. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "cli/options.h"

#include <stddef.h>

enum exit_status {
    STATUS_OK = 0,       /* nothing that --fail-on asks about */
    STATUS_FAILED = 1,   /* could not run */
    STATUS_FINDINGS = 2, /* findings of --fail-on's level or worse */
};

/* A command is a file with its options and one line in the table of main.c. */
struct command {
    const char *name;      /* "scan"; "" for the program itself */
    const char *operands;  /* "[OPTION]... PATH..." */
    const char *summary;   /* one line for the list of commands */
    const char *notes;     /* a paragraph that --help prints below the options, or NULL */
    const struct option *options;
    /* argv[0] is the command's name. */
    enum exit_status (*run)(const struct command *, int argc, char **argv);
};

extern const struct command scan_command, plan_command, chain_command, inspect_command,
    events_command, diagnose_command;

/* "hvchain: TEXT" on standard error, control characters made harmless. */
void message(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Standard output to its end: STATUS_FAILED, and a message, when not all could be written. */
enum exit_status finish_stdout(enum exit_status);

#endif

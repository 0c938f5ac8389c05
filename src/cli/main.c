/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* hvchain: the commands, and what the program answers without one. */
#include "cli/cli.h"

#include <hvchain/hvchain.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>

static const struct command *const commands[] = {
    &scan_command,
    &plan_command,
    &chain_command,
    &inspect_command,
    &events_command,
    &diagnose_command,
};

#define COMMANDS (sizeof(commands) / sizeof(*commands))

struct main_settings {
    bool help, version;
};

static const struct option main_options[] = {
    {"help", 'h', OPTION_FLAG, offsetof(struct main_settings, help), NULL,
     "Show this help and exit.", NULL},
    {"version", 'V', OPTION_FLAG, offsetof(struct main_settings, version), NULL,
     "Show the version and exit.", NULL},
    {0},
};

static const struct command program = {
    .name = "",
    .operands = "[OPTION]... COMMAND [ARGUMENT]...",
    .summary = "Finds the virtual disks on a Hyper-V host that Hyper-V no longer tracks, and says "
               "what is in them and what may be done next. Evidence is only ever read.",
    .options = main_options,
};

static void help(void)
{
    options_help(&program);
    printf("\nCommands:\n");
    for (size_t i = 0; i < COMMANDS; i++) {
        int used = printf("  %s", commands[i]->name);
        print_wrapped(commands[i]->summary, (size_t)used, 12);
    }
    printf("\n'hvchain COMMAND --help' tells more about a command.\n");
}

static enum exit_status run_command(int argc, char **argv)
{
    for (size_t i = 0; i < COMMANDS; i++)
        if (strcmp(commands[i]->name, argv[0]) == 0)
            return commands[i]->run(commands[i], argc, argv);
    message("there is no command '%s'", argv[0]);
    message("try 'hvchain --help'");
    return STATUS_FAILED;
}

int main(int argc, char **argv)
{
    struct main_settings settings = {0};
    struct word_list none = {0};

    signal(SIGPIPE, SIG_IGN); /* a reader that went away is a write error like any other */
    int used = options_parse(&program, argc, argv, true, &settings, &none);
    if (used < 0)
        return STATUS_FAILED;
    if (settings.help) {
        help();
        return (int)finish_stdout(STATUS_OK);
    }
    if (settings.version) {
        printf("hvchain %s\n", hvchain_version());
        return (int)finish_stdout(STATUS_OK);
    }
    if (used < argc)
        return (int)finish_stdout(run_command(argc - used, argv + used));
    message("a command is missing");
    message("try 'hvchain --help'");
    return STATUS_FAILED;
}

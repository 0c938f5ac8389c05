/* SPDX-License-Identifier: LGPL-3.0-or-later */
/* What the commands that make a report share: naming evidence, running, printing, exit status. */
#ifndef CLI_RUN_H
#define CLI_RUN_H

#include "cli/cli.h"

#include <hvchain/hvchain.h>

#include <stdbool.h>
#include <stddef.h>

/* Zero but for what the command wants otherwise. */
struct run_settings {
    struct word_list hosts, inventories, events, maps, recovery_keys, passwords, paths;
    unsigned witness, format, fail_on, threads, colour;
    const char *output;
    bool ascii, no_sandbox, quiet, help;

    /* Takes each operand; NULL: it is evidence of the unnamed host. */
    int (*add_operand)(hvchain_scan *, const char *path);
    const char *const *(*formats)(void); /* NULL: all formats of reports */
    const char *operand;                 /* what has to be named; NULL: "a folder" */
    /* More to be set before the run; false after a message. May be NULL. */
    bool (*prepare)(hvchain_scan *, const struct run_settings *);

    const char *subject;     /* the command's own: what the report is about */
    const char *no_subject;  /* … and what is said when that is not there */
    struct word_list extra;  /* … and an option that may be repeated */
    bool shadow_copies;      /* … and that it looks at earlier states, too */
    bool deep;               /* … and that it may take long */
};

#define RUN_AT(member) offsetof(struct run_settings, member)

const char *const *run_witness_choices(void);
const char *const *run_fail_on_choices(void);
const char *const *run_colour_choices(void);
/* text, json, ndjson: for reports that are no scan's */
const char *const *run_record_formats(void);

/* Options that unlock evidence. */
#define RUN_KEY_OPTIONS \
    {"recovery-key", 0, OPTION_LIST, RUN_AT(recovery_keys), "FILE",                                \
     "Unlock BitLocker volumes with the recovery keys in FILE, also one that Windows saved; - asks " \
     "on the terminal. Repeatable.", NULL},                                                        \
    {"password", 0, OPTION_LIST, RUN_AT(passwords), "FILE",                                        \
     "The same with passwords, one a line; - asks on the terminal. Repeatable.", NULL},

/* Options that name evidence. */
#define RUN_HOST_OPTIONS \
    {"host", 0, OPTION_LIST, RUN_AT(hosts), "NAME=DIR",                                            \
     "DIR is evidence of the cluster node or storage NAME. Repeatable, also with the same NAME.",  \
     NULL},                                                                                        \
    {"inventory", 0, OPTION_LIST, RUN_AT(inventories), "FILE",                                     \
     "Further evidence of what is tracked: JSON of Get-VMHardDiskDrive. NAME=FILE where NAME was " \
     "given with --host. Repeatable.", NULL},                                                      \
    {"events", 0, OPTION_LIST, RUN_AT(events), "PATH",                                             \
     "An event log, a log of a backup product, or a folder of such logs; NAME=PATH where NAME was " \
     "given with --host. Repeatable.", NULL},                                                      \
    {"map", 0, OPTION_LIST, RUN_AT(maps), "'D:\\=DIR'",                                            \
     "Drive, share or volume D:\\ is mounted at DIR. Repeatable.", NULL},                           \
    RUN_KEY_OPTIONS

/* Options of reading. */
#define RUN_WITNESS_OPTIONS \
    {"witness", 0, OPTION_CHOICE, RUN_AT(witness), "WHEN",                                         \
     "When libvhdi is asked as second witness: auto (differencing disks and disks with a "         \
     "finding), always (of volumes in images libfsntfs, too), never.", run_witness_choices},

/* The formats differ from command to command. */
#define RUN_FORMAT_OPTION(help, choices)                                                           \
    {"format", 'f', OPTION_CHOICE, RUN_AT(format), "FORMAT", help, choices}

/* Options of printing and of the run, the last ones of every command. */
#define RUN_OUTPUT_OPTIONS \
    {"output", 'o', OPTION_TEXT, RUN_AT(output), "FILE",                                           \
     "Write the report to FILE, which may not lie inside the evidence.", NULL},                    \
    {"fail-on", 0, OPTION_CHOICE, RUN_AT(fail_on), "LEVEL",                                        \
     "Exit with 2 from this severity on: info, warning (default), problem, data-loss-risk; or "    \
     "never.", run_fail_on_choices},                                                               \
    {"threads", 'j', OPTION_NUMBER, RUN_AT(threads), "N",                                          \
     "Read with N threads; 0 (default) is one per processor. The report is the same.", NULL},      \
    {"color", 0, OPTION_CHOICE, RUN_AT(colour), "WHEN",                                            \
     "Colour in text: auto (default: on a terminal), always, never.", run_colour_choices},         \
    {"ascii", 0, OPTION_FLAG, RUN_AT(ascii), NULL,                                                 \
     "Draw trees in ASCII, also where the locale has UTF-8.", NULL},                               \
    {"no-sandbox", 0, OPTION_FLAG, RUN_AT(no_sandbox), NULL,                                       \
     "Keep the right to write, execute and use the network during the scan: for debuggers and "    \
     "systems where giving it up stands in the way.", NULL},                                       \
    {"quiet", 'q', OPTION_FLAG, RUN_AT(quiet), NULL,                                               \
     "No progress, and nothing on standard error about single files.", NULL},                      \
    {"help", 'h', OPTION_FLAG, RUN_AT(help), NULL, "Show this help and exit.", NULL},

/* Reads the options, runs and prints; frees the lists of the settings. */
enum exit_status run_report(const struct command *, struct run_settings *, int argc, char **argv);
/* A message about a subject; false. */
bool run_failed(const char *subject, int status);

#endif

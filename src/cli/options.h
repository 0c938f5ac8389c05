/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * One parser of command lines for every command. A command describes its options in a table; from
 * it come the parsing and the text of --help, and the tests hold man pages and completion to it.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

enum option_kind {
    OPTION_FLAG,   /* bool */
    OPTION_TEXT,   /* const char *; NULL when absent */
    OPTION_NUMBER, /* unsigned, 0 to OPTION_NUMBER_MAX */
    OPTION_CHOICE, /* unsigned: index of the word in `choices` */
    OPTION_LIST,   /* struct word_list: may be given several times */
};

#define OPTION_NUMBER_MAX 1024

struct option {
    const char *name;     /* long name without dashes; NULL ends the table */
    char letter;          /* short name or 0 */
    enum option_kind kind;
    size_t offset;        /* of its place in the command's settings */
    const char *value;    /* what --help calls the value; NULL for flags */
    const char *help;     /* one or two sentences */
    const char *const *(*choices)(void); /* OPTION_CHOICE: the words, NULL-terminated */
};

/* Words of the command line, borrowed from it. */
struct word_list {
    const char **items;
    size_t count;
};

/* Adds a word; false, and a message, when memory is short. */
bool word_list_add(struct word_list *, const char *word);
void word_list_free(struct word_list *);

struct command;

/*
 * Reads argv[1] and on into `settings`, and what is no option into `operands`. Long options take
 * their value as --name=VALUE or --name VALUE, short ones as -nVALUE or -n VALUE; "--" ends the
 * options, and so does the first operand when `first_operand_ends`.
 * The number of arguments used, or -1 after a message.
 */
int options_parse(const struct command *, int argc, char **argv, bool first_operand_ends,
                  void *settings, struct word_list *operands);
/* The text of --help, on standard output. */
void options_help(const struct command *);
/* Text on standard output, wrapped below `indent`, of which `column` columns are used. */
void print_wrapped(const char *text, size_t column, size_t indent);

#endif

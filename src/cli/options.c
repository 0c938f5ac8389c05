/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "cli/options.h"

#include "cli/cli.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HELP_WIDTH  79
#define HELP_COLUMN 26 /* where the texts of the options begin */

/* The command line while it is read. */
struct parse {
    const struct command *command;
    int argc, next; /* next: of the arguments not yet looked at */
    char **argv;
    void *settings;
    struct word_list *operands;
};

bool word_list_add(struct word_list *list, const char *word)
{
    const char **grown = realloc(list->items, (list->count + 1) * sizeof(*grown));

    if (!grown) {
        message("%s", strerror(ENOMEM));
        return false;
    }
    list->items = grown;
    list->items[list->count++] = word;
    return true;
}

void word_list_free(struct word_list *list)
{
    free(list->items);
    *list = (struct word_list){0};
}

static void usage_error(const struct command *command, const char *what, const char *word)
{
    message("%s%s", what, word);
    message("try 'hvchain %s%s--help'", command->name, command->name[0] ? " " : "");
}

/* "--name" for messages. */
static bool value_error(const struct parse *p, const struct option *o, const char *value,
                        const char *expected)
{
    message("--%s: '%s' is not %s", o->name, value, expected);
    message("try 'hvchain %s%s--help'", p->command->name, p->command->name[0] ? " " : "");
    return false;
}

static bool set_number(const struct parse *p, const struct option *o, unsigned *place,
                       const char *value)
{
    char *end;

    errno = 0;
    unsigned long number = strtoul(value, &end, 10);
    if (value[0] < '0' || value[0] > '9' || *end != '\0' || errno != 0 ||
        number > OPTION_NUMBER_MAX)
        return value_error(p, o, value, "a number from 0 to 1024");
    *place = (unsigned)number;
    return true;
}

static bool set_choice(const struct parse *p, const struct option *o, unsigned *place,
                       const char *value)
{
    const char *const *choices = o->choices();
    char expected[256] = "one of";

    for (unsigned i = 0; choices[i]; i++) {
        if (strcmp(choices[i], value) == 0) {
            *place = i;
            return true;
        }
        size_t used = strlen(expected);
        snprintf(expected + used, sizeof(expected) - used, " %s", choices[i]);
    }
    return value_error(p, o, value, expected);
}

static bool set_option(const struct parse *p, const struct option *o, const char *value)
{
    void *place = (char *)p->settings + o->offset;

    switch (o->kind) {
    case OPTION_FLAG:
        *(bool *)place = true;
        return true;
    case OPTION_TEXT:
        *(const char **)place = value;
        return true;
    case OPTION_NUMBER:
        return set_number(p, o, place, value);
    case OPTION_CHOICE:
        return set_choice(p, o, place, value);
    case OPTION_LIST:
        return word_list_add(place, value);
    }
    return false;
}

/* Takes the next argument as the value, when there is one. */
static bool set_with_next(struct parse *p, const struct option *o, const char *as_written)
{
    if (o->kind == OPTION_FLAG)
        return set_option(p, o, NULL);
    if (p->next >= p->argc) {
        usage_error(p->command, "a value is missing after ", as_written);
        return false;
    }
    return set_option(p, o, p->argv[p->next++]);
}

/* "--name", "--name=VALUE" */
static bool parse_long(struct parse *p, const char *word)
{
    const char *name = word + 2;
    size_t length = strcspn(name, "=");
    const char *value = name[length] == '=' ? name + length + 1 : NULL;

    for (const struct option *o = p->command->options; o->name; o++) {
        if (strlen(o->name) != length || strncmp(o->name, name, length) != 0)
            continue;
        if (!value)
            return set_with_next(p, o, word);
        if (o->kind != OPTION_FLAG)
            return set_option(p, o, value);
        usage_error(p->command, "this option takes no value: ", word);
        return false;
    }
    usage_error(p->command, "there is no option ", word);
    return false;
}

/* "-n", "-nVALUE", and several flags in one word: "-qh" */
static bool parse_short(struct parse *p, const char *word)
{
    for (const char *letter = word + 1; *letter; letter++) {
        const struct option *o = p->command->options;
        while (o->name && o->letter != *letter)
            o++;
        if (!o->name) {
            usage_error(p->command, "there is no option ", word);
            return false;
        }
        if (o->kind != OPTION_FLAG && letter[1])
            return set_option(p, o, letter + 1);
        if (!set_with_next(p, o, word))
            return false;
        if (o->kind != OPTION_FLAG)
            return true;
    }
    return true;
}

int options_parse(const struct command *command, int argc, char **argv, bool first_operand_ends,
                  void *settings, struct word_list *operands)
{
    struct parse p = {command, argc, 1, argv, settings, operands};
    bool ok = true, options_end = false;

    while (ok && p.next < argc) {
        const char *word = argv[p.next];
        bool is_operand = options_end || word[0] != '-' || word[1] == '\0';
        if (is_operand && first_operand_ends)
            break;
        p.next++;
        if (is_operand)
            ok = word_list_add(operands, word);
        else if (strcmp(word, "--") == 0)
            options_end = true;
        else if (word[1] == '-')
            ok = parse_long(&p, word);
        else
            ok = parse_short(&p, word);
    }
    return ok ? p.next : -1;
}

void print_wrapped(const char *text, size_t column, size_t indent)
{
    while (*text) {
        size_t length = strcspn(text, " ");
        if (column > indent && column + 1 + length > HELP_WIDTH) {
            putchar('\n');
            column = 0;
        } else if (column > indent) {
            putchar(' ');
            column++;
        }
        for (; column < indent; column++)
            putchar(' ');
        fwrite(text, 1, length, stdout);
        column += length;
        text += length;
        text += strspn(text, " ");
    }
    putchar('\n');
}

static void help_option(const struct option *o)
{
    char left[64];
    size_t used = 0;

    if (o->letter)
        used = (size_t)snprintf(left, sizeof(left), "  -%c, --%s", o->letter, o->name);
    else
        used = (size_t)snprintf(left, sizeof(left), "      --%s", o->name);
    if (o->value)
        used += (size_t)snprintf(left + used, sizeof(left) - used, "=%s", o->value);
    fputs(left, stdout);
    if (used > HELP_COLUMN - 2) {
        putchar('\n');
        used = 0;
    }
    print_wrapped(o->help, used, HELP_COLUMN);
}

void options_help(const struct command *command)
{
    printf("Usage: hvchain %s%s%s\n\n", command->name, command->name[0] ? " " : "",
           command->operands);
    print_wrapped(command->summary, 0, 0);
    printf("\nOptions:\n");
    for (const struct option *o = command->options; o->name; o++)
        help_option(o);
    if (command->notes) {
        putchar('\n');
        print_wrapped(command->notes, 0, 0);
    }
}

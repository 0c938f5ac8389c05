/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "cli/secrets.h"

#include "os/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TEXT_MAX      (1024 * 1024) /* of a file */
#define TYPED_MAX     1024          /* of a line */
#define DIGITS_OF_KEY 48

/* What differs between the options. */
struct kind {
    const char *option, *noun, *question;
    enum hvchain_secret in_file, typed;
    const char *absent, *wrong; /* what is said of a text without one, and of one that is wrong */
};

static const struct kind recovery_key = {
    "--recovery-key",
    "recovery key",
    "Recovery key: ",
    HVCHAIN_RECOVERY_KEYS,
    HVCHAIN_RECOVERY_KEYS,
    "there is no recovery key in it: it has eight groups of six digits",
    "the recovery key is mistyped: each of its eight groups is a multiple of 11, below 720896",
};
static const struct kind password = {
    "--password",
    "password",
    "Password: ",
    HVCHAIN_PASSWORDS,
    HVCHAIN_PASSWORD,
    "there is no password in it",
    "it is too long for a password",
};

/* A text in memory of its own, which is wiped. */
struct secret_text {
    char *bytes;
    size_t size;
};

static void wipe(struct secret_text *text)
{
    if (text->bytes)
        explicit_bzero(text->bytes, TEXT_MAX);
    free(text->bytes);
}

static int read_all(int fd, struct secret_text *text)
{
    ssize_t n;

    while ((n = read(fd, text->bytes + text->size, TEXT_MAX - text->size)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        text->size += (size_t)n;
        if (text->size == TEXT_MAX)
            return -EFBIG;
    }
    return 0;
}

static int read_file(const char *path, struct secret_text *text)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

    if (fd < 0)
        return -errno;
    int r = read_all(fd, text);
    close(fd);
    return r;
}

static int ask(const struct kind *kind, struct secret_text *text)
{
    int r = secret_ask(kind->question, text->bytes, TYPED_MAX);

    text->size = r == 0 ? strlen(text->bytes) : 0;
    return r;
}

/* Who writes the key itself should not see it again in a message. */
static bool is_key(const char *word)
{
    size_t digits = 0;

    for (; *word; word++) {
        if (*word >= '0' && *word <= '9')
            digits++;
        else if (*word != '-' && *word != ' ')
            return false;
    }
    return digits == DIGITS_OF_KEY;
}

static bool cannot_read(const struct kind *kind, int r)
{
    message("%s: what it names cannot be read: %s", kind->option, strerror(-r));
    message("it takes the name of a file in which the %s stands, or - to be asked for it",
            kind->noun);
    return false;
}

static bool hand_over(hvchain_scan *scan, const struct kind *kind, const char *where,
                      enum hvchain_secret as, const struct secret_text *text)
{
    size_t line = 0;
    int r = hvchain_scan_add_secrets(scan, as, text->bytes, text->size, &line);

    if (r > 0)
        return true;
    if (r == -EINVAL && line > 0)
        message("%s: %s, line %zu: %s", kind->option, where, line, kind->wrong);
    else if (r == 0 || r == -EINVAL)
        message("%s: %s: %s", kind->option, where, r == 0 ? kind->absent : kind->wrong);
    else
        message("%s: %s: %s", kind->option, where, strerror(-r));
    return false;
}

/* "-" is the terminal, or standard input where that is none. */
static bool add(hvchain_scan *scan, const struct kind *kind, const char *word)
{
    bool is_dash = strcmp(word, "-") == 0, asks = is_dash && isatty(STDIN_FILENO);
    struct secret_text text = {0};

    if (is_key(word)) {
        message("%s: this is a recovery key itself, which everybody can see on a command line",
                kind->option);
        message("put it into a file and name that, or give - to be asked for it");
        return false;
    }
    text.bytes = malloc(TEXT_MAX);
    if (!text.bytes)
        return run_failed(kind->option, -ENOMEM);
    int r = asks      ? ask(kind, &text)
            : is_dash ? read_all(STDIN_FILENO, &text)
                      : read_file(word, &text);
    bool added = r < 0 ? cannot_read(kind, r)
                       : hand_over(scan, kind,
                                   asks      ? "what was typed"
                                   : is_dash ? "standard input"
                                             : word,
                                   asks ? kind->typed : kind->in_file, &text);
    wipe(&text);
    return added;
}

static bool add_all(hvchain_scan *scan, const struct kind *kind, const struct word_list *words)
{
    if (words->count > 0)
        secret_shield();
    for (size_t i = 0; i < words->count; i++)
        if (!add(scan, kind, words->items[i]))
            return false;
    return true;
}

bool secrets_add(hvchain_scan *scan, const struct run_settings *s)
{
    return add_all(scan, &recovery_key, &s->recovery_keys) &&
           add_all(scan, &password, &s->passwords);
}

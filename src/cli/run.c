/* SPDX-License-Identifier: LGPL-3.0-or-later */
#include "cli/run.h"

#include "cli/progress.h"
#include "cli/secrets.h"
#include "os/terminal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEXT_WIDTH     80
#define TEXT_WIDTH_MAX 100 /* longer lines are hard to read, however wide the terminal */

enum colour_choice { COLOUR_AUTO, COLOUR_ALWAYS, COLOUR_NEVER };

const char *const *run_witness_choices(void)
{
    static const char *const words[] = {"auto", "always", "never", NULL};

    return words;
}

/* From HVCHAIN_INFO on, and at last nothing at all. */
const char *const *run_fail_on_choices(void)
{
    static const char *const words[] = {"info", "warning", "problem", "data-loss-risk", "never",
                                        NULL};

    return words;
}

#define FAIL_ON_DEFAULT (HVCHAIN_WARNING - HVCHAIN_INFO)

const char *const *run_colour_choices(void)
{
    static const char *const words[] = {"auto", "always", "never", NULL};

    return words;
}

const char *const *run_record_formats(void)
{
    static const char *const words[] = {"text", "json", "ndjson", NULL};

    return words;
}

/* Splits "NAME=REST": the length of NAME, or 0 when there is no NAME or no REST. */
static size_t name_length(const char *word)
{
    const char *equals = strchr(word, '=');

    return equals && equals[1] ? (size_t)(equals - word) : 0;
}

bool run_failed(const char *subject, int status)
{
    message("%s: %s", subject, strerror(-status));
    return false;
}

typedef int evidence_adder(hvchain_scan *, const char *host, const char *path);

/* "NAME=PATH" with a NAME of so many bytes. */
static bool add_named(hvchain_scan *scan, const char *word, size_t length, evidence_adder *add)
{
    char *name = strndup(word, length);
    int r = name ? add(scan, name, word + length + 1) : -ENOMEM;

    free(name);
    return r == 0 || run_failed(word, r);
}

static bool add_hosts(hvchain_scan *scan, const struct word_list *hosts)
{
    for (size_t i = 0; i < hosts->count; i++) {
        size_t length = name_length(hosts->items[i]);
        if (length == 0) {
            message("--host: '%s' has not the form NAME=DIR", hosts->items[i]);
            return false;
        }
        if (!add_named(scan, hosts->items[i], length, hvchain_scan_add_path))
            return false;
    }
    return true;
}

static bool is_host(const struct word_list *hosts, const char *name, size_t length)
{
    for (size_t i = 0; i < hosts->count; i++)
        if (name_length(hosts->items[i]) == length && strncmp(hosts->items[i], name, length) == 0)
            return true;
    return false;
}

/* A file name may hold "=" too: only the name of a host that was given counts as one. */
static bool add_files(hvchain_scan *scan, const struct run_settings *s,
                      const struct word_list *files, evidence_adder *add)
{
    for (size_t i = 0; i < files->count; i++) {
        const char *word = files->items[i];
        size_t length = name_length(word);
        if (length > 0 && is_host(&s->hosts, word, length)) {
            if (!add_named(scan, word, length, add))
                return false;
            continue;
        }
        int r = add(scan, NULL, word);
        if (r < 0)
            return run_failed(word, r);
    }
    return true;
}

static bool add_maps(hvchain_scan *scan, const struct word_list *maps)
{
    for (size_t i = 0; i < maps->count; i++) {
        int r = hvchain_scan_add_map(scan, maps->items[i]);
        const char *folder = strchr(maps->items[i], '=');
        struct stat status;
        /* With a slip in the name every path of the drive would count as missing. A place inside
         * an image (IMAGE!/folder) can't be tried before the image is read. */
        if (r == 0 && !strchr(folder, '!') &&
            (stat(folder + 1, &status) < 0 || !S_ISDIR(status.st_mode))) {
            message("--map: %s: there is no such folder", folder + 1);
            return false;
        }
        if (r == -EINVAL)
            message("--map: '%s' has not the form 'D:\\=/where/it/is'", maps->items[i]);
        else if (r < 0)
            run_failed(maps->items[i], r);
        if (r < 0)
            return false;
    }
    return true;
}

static bool add_evidence(hvchain_scan *scan, const struct run_settings *s)
{
    for (size_t i = 0; i < s->paths.count; i++) {
        int r = s->add_operand ? s->add_operand(scan, s->paths.items[i])
                               : hvchain_scan_add_path(scan, NULL, s->paths.items[i]);
        if (r < 0)
            return run_failed(s->paths.items[i], r);
    }
    return add_hosts(scan, &s->hosts) &&
           add_files(scan, s, &s->inventories, hvchain_scan_add_inventory) &&
           add_files(scan, s, &s->events, hvchain_scan_add_events) && add_maps(scan, &s->maps);
}

/* Where the report goes. */
struct destination {
    int fd;
    const char *name;
};

static bool open_destination(const hvchain_scan *scan, const char *path, struct destination *to)
{
    *to = (struct destination){STDOUT_FILENO, "standard output"};
    if (!path || strcmp(path, "-") == 0)
        return true;
    *to = (struct destination){hvchain_scan_open_output(scan, path), path};
    if (to->fd >= 0)
        return true;
    if (to->fd == -EPERM)
        message("%s: lies inside the evidence or may be part of it; name a file elsewhere", path);
    else
        run_failed(path, to->fd);
    return false;
}

/* An hvchain_sink. */
static int write_all(void *user, const void *bytes, size_t length)
{
    const struct destination *to = user;
    const char *p = bytes;

    while (length > 0) {
        ssize_t n = write(to->fd, p, length);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -errno : -EIO;
        p += n;
        length -= (size_t)n;
    }
    return 0;
}

static struct hvchain_style choose_style(const struct run_settings *s, int fd)
{
    struct terminal terminal;

    terminal_look(&terminal, fd);
    unsigned width = terminal.interactive ? terminal.columns : TEXT_WIDTH;
    return (struct hvchain_style){
        .width = width < TEXT_WIDTH_MAX ? width : TEXT_WIDTH_MAX,
        .colour = s->colour == COLOUR_ALWAYS || (s->colour == COLOUR_AUTO && terminal.colour),
        .unicode = terminal.utf8 && !s->ascii,
    };
}

/* Some file systems tell only at the end that the disk is full. */
static bool print_report(const hvchain_report *report, const struct run_settings *s,
                         struct destination *to)
{
    struct hvchain_style style = choose_style(s, to->fd);
    int r = hvchain_report_print(report, s->formats()[s->format], &style, write_all,
                                 to);

    if (close(to->fd) < 0 && r == 0 && errno != EINTR)
        r = -errno;
    if (r < 0)
        message("%s: %s; the report is not complete", to->name, strerror(-r));
    return r == 0;
}

static enum exit_status judge(const hvchain_report *report, const struct run_settings *s)
{
    unsigned worst = hvchain_report_worst(report);

    return worst >= s->fail_on + HVCHAIN_INFO ? STATUS_FINDINGS : STATUS_OK;
}

/* What the report would have been about. */
static const char *subject_of(const struct run_settings *s)
{
    if (s->subject)
        return s->subject;
    return s->paths.count == 1 ? s->paths.items[0] : "one of the files";
}

/* One scan with everything named; `to` is closed. */
static enum exit_status run_scan(hvchain_scan *scan, const struct run_settings *s,
                                 struct destination *to)
{
    hvchain_report *report;
    struct progress progress;
    const char *line;

    progress_start(&progress, s->quiet);
    hvchain_scan_set_progress(scan, progress_show, &progress);
    int r = hvchain_scan_run(scan, &report);
    progress_end(&progress);
    for (size_t i = 0; report && !s->quiet && (line = hvchain_report_error(report, i)); i++)
        message("%s", line);
    bool printed = report && r != -ENOENT && print_report(report, s, to);
    enum exit_status status = r == 0 && printed ? judge(report, s) : STATUS_FAILED;
    if (r == -ENODATA)
        message("nothing at all could be read; check the paths and the right to read them");
    else if (r == -ENOENT && s->no_subject)
        message("%s: %s", subject_of(s), s->no_subject);
    else if (r < 0)
        message("the evidence could not be read: %s", strerror(-r));
    hvchain_report_free(report);
    return status;
}

static enum exit_status prepare_and_run(const struct run_settings *s, int argc, char **argv)
{
    enum exit_status status = STATUS_FAILED;
    struct destination to;
    hvchain_scan *scan;
    int r = hvchain_scan_new(&scan);

    if (r == 0)
        r = hvchain_scan_set_arguments(scan, (size_t)argc, (const char *const *)argv);
    if (r < 0) {
        run_failed(argv[0], r);
    } else if (secrets_add(scan, s) && add_evidence(scan, s) && (!s->prepare || s->prepare(scan, s)) &&
               open_destination(scan, s->output, &to)) {
        hvchain_scan_set_witness(scan, (enum hvchain_witness)s->witness);
        hvchain_scan_set_threads(scan, s->threads);
        hvchain_scan_set_sandbox(scan, !s->no_sandbox);
        status = run_scan(scan, s, &to);
    }
    hvchain_scan_free(scan);
    return status;
}

enum exit_status run_report(const struct command *command, struct run_settings *s, int argc,
                            char **argv)
{
    enum exit_status status = STATUS_FAILED;

    s->fail_on = FAIL_ON_DEFAULT;
    if (!s->formats)
        s->formats = hvchain_report_formats;
    if (options_parse(command, argc, argv, false, s, &s->paths) >= 0) {
        if (s->help) {
            options_help(command);
            status = STATUS_OK;
        } else if (s->paths.count == 0 && (s->add_operand || s->hosts.count == 0)) {
            message("%s: name %s to look at", command->name, s->operand ? s->operand : "a folder");
            message("try 'hvchain %s --help'", command->name);
        } else {
            status = prepare_and_run(s, argc, argv);
        }
    }
    word_list_free(&s->hosts);
    word_list_free(&s->inventories);
    word_list_free(&s->events);
    word_list_free(&s->maps);
    word_list_free(&s->recovery_keys);
    word_list_free(&s->passwords);
    word_list_free(&s->paths);
    word_list_free(&s->extra);
    return status;
}
